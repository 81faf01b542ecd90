/* rate.c - the rate of a kernel that is called again and again. */
#include "bench.h"

#include "base/rng.h"
#include "train/loop.h"

#define SECONDS    0.05
#define CHECK_TIME 2e-5 /* seconds of work between two looks at the clock, about */

struct measuring {
    struct kernel_call call;
    struct team *team;
    double seconds;
    /* thread 0 writes, the others read behind a barrier */
    bool done;
    double rate;
};

void fill_random(real *x, size_t n, uint64_t seed)
{
    struct rng r = rng_stream(seed, "bench", "", 0);
    for (size_t i = 0; i < n; i++)
        x[i] = (real)(rng_uniform(&r) - 0.5);
}

/* Each call with the barrier that its user would need behind it. */
static void repeat(const struct measuring *m, int rounds, int tid, int nt)
{
    for (int i = 0; i < rounds; i++) {
        m->call.run(m->call.arg, m->team, tid, nt);
        team_barrier(m->team, tid);
    }
}

static void measure(void *arg, int tid, int nt)
{
    struct measuring *m = arg;
    double start = 0;
    int rounds = 1 + (int)(CHECK_TIME * 1e11 * nt / m->call.flops);
    long n = 0;
    repeat(m, 2, tid, nt);
    if (tid == 0)
        start = loop_clock();
    while (!m->done) {
        repeat(m, rounds, tid, nt);
        if (tid == 0) {
            double t = loop_clock() - start;
            n += rounds;
            m->done = t >= m->seconds;
            m->rate = m->call.flops * (double)n / t;
        }
        team_barrier(m->team, tid);
    }
}

double kernel_rate(const struct kernel_call *call, struct team *team, double seconds)
{
    struct measuring m = {.call = *call, .team = team, .seconds = seconds > 0 ? seconds : SECONDS};
    team_run(team, measure, &m);
    return m.rate;
}
