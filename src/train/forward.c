/* forward.c - a part in pieces of the net's batch. */
#include "train/forward.h"

#include "data/augment.h"

struct sweep {
    struct net *net;
    const struct part *part;
    struct team *team;
    void (*each)(void *arg, size_t first, int n);
    void *arg;
};

/* This thread's rows of n samples into the net's input. */
static void gather(const struct sweep *s, uint32_t first, int n, int tid, int nt)
{
    struct shape out = s->net->layers[0].out;
    size_t lo, hi;
    par_range((size_t)n, 1, tid, nt, &lo, &hi);
    for (size_t i = lo; i < hi; i++)
        augment_centre(net_input(s->net) + i * shape_size(out), out, s->part->of,
                       s->part->index[first + i]);
}

static void run(void *arg, int tid, int nt)
{
    const struct sweep *s = arg;
    uint32_t batch = (uint32_t)s->net->batch, left = s->part->n;
    for (uint32_t first = 0; left > 0; first += batch) {
        int n = (int)(left < batch ? left : batch);
        struct pass p = {.n = n, .team = s->team, .tid = tid, .nt = nt};
        gather(s, first, n, tid, nt);
        net_forward(s->net, &p, true);
        team_barrier(s->team, tid);
        if (tid == 0)
            s->each(s->arg, first, n);
        team_barrier(s->team, tid);
        left -= (uint32_t)n;
    }
}

void forward_part(struct job *job, const struct part *part, struct team *team,
                  void (*each)(void *arg, size_t first, int n), void *arg)
{
    struct sweep s = {job->net, part, team, each, arg};
    team_run(team, run, &s);
}
