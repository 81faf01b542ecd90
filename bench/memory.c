/* memory.c - the rate at which y += a x runs through vectors that lie in one level of memory. */
#include "bench.h"

#include "base/mem.h"
#include "train/loop.h"

#include <string.h>

#define SECONDS 0.05

const struct memory_level memory_levels[] = {
    {"L1", 16 << 10}, {"L2", 512 << 10}, {"L3", 6 << 20}, {"DRAM", 128 << 20}, {NULL, 0}};

struct stream {
    const struct kernels *k;
    struct team *team;
    size_t n; /* floats of each vector of a thread */
    real *x, *y;
    double seconds;
    /* thread 0 writes, the others read behind a barrier */
    bool done;
    double rate;
};

static void measure(void *arg, int tid, int nt)
{
    struct stream *s = arg;
    real *x = s->x + s->n * (size_t)tid, *y = s->y + s->n * (size_t)tid;
    size_t rounds = 1 + (1 << 20) / s->n, total = 0;
    double start = 0;
    memset(x, 0, s->n * sizeof *x); /* the pages are this thread's */
    memset(y, 0, s->n * sizeof *y);
    team_barrier(s->team, tid);
    if (tid == 0)
        start = loop_clock();
    while (!s->done) {
        for (size_t i = 0; i < rounds; i++)
            s->k->axpy(y, x, 1, s->n);
        team_barrier(s->team, tid);
        if (tid == 0) {
            double t = loop_clock() - start;
            total += rounds;
            s->done = t >= s->seconds;
            s->rate = (double)(total * s->n) * nt * 3 * sizeof *x / t;
        }
        team_barrier(s->team, tid);
    }
}

int memory_measure(double *rate, const struct memory_level *level, int threads, struct team *team,
                   const struct bench_conf *conf, struct err *e)
{
    struct stream s = {.k = conf->k,
                       .team = team,
                       .n = level->bytes / 2 / sizeof *s.x,
                       .seconds = conf->seconds > 0 ? conf->seconds : SECONDS};
    s.x = mem_alloc(s.n * (size_t)threads, sizeof *s.x, e);
    s.y = mem_alloc(s.n * (size_t)threads, sizeof *s.y, e);
    if (s.x && s.y)
        team_run(team, measure, &s);
    mem_free(s.x);
    mem_free(s.y);
    *rate = s.rate;
    return s.x && s.y ? 0 : -1;
}
