/* profile.c - a training step, phase by phase.
 *
 * Thread 0 reads the clock behind the barrier that ends each phase, so a phase lasts until its
 * slowest thread is done. */
#include "train/profile.h"

#include "base/mem.h"
#include "train/feed.h"
#include "train/invent.h"
#include "train/loop.h"

#include <string.h>

#define WARM_UP 2 /* steps that are not counted */

struct run {
    struct profile *out;
    struct job *job;
    struct team *team;
    struct feed feed;
    double seconds, mark, started;
    uint64_t step;
    bool fuse, done;
};

/* ---- the machine's peak ---- */

#define PEAK_ROUNDS 200000
#define PEAK_TRIES  15

struct peak {
    struct team *team;
    const struct kernels *k;
    double best;
    size_t flops[PAR_MAX];
};

static void peak_thread(void *arg, int tid, int nt)
{
    struct peak *p = arg;
    for (int i = 0; i < PEAK_TRIES; i++) {
        real sink[2] = {(real)0.999, (real)0.001};
        team_barrier(p->team, tid);
        double start = loop_clock();
        p->flops[tid] = p->k->fma_loop(PEAK_ROUNDS, sink);
        team_barrier(p->team, tid);
        if (tid == 0) {
            double rate = (double)p->flops[0] * nt / (loop_clock() - start);
            if (rate > p->best)
                p->best = rate;
        }
    }
}

double profile_peak(struct team *team, const struct kernels *k)
{
    struct peak p = {.team = team, .k = k};
    team_run(team, peak_thread, &p);
    return p.best;
}

/* ---- steps ---- */

/* Adds the time since the last call to *sum. Thread 0 only. */
static void lap(struct run *r, double *sum, int tid)
{
    if (tid != 0)
        return;
    double now = loop_clock();
    if (r->step >= WARM_UP)
        *sum += now - r->mark;
    r->mark = now;
}

/* Whether the steps of all epochs look at their batch twice. */
static bool looks_twice(const struct optim *o)
{
    return optim_is_sharp(o, 0, 1, UINT64_MAX);
}

/* All samples, forward and backward; `again`: for the second gradient of [optimizer] sam. */
static void look(struct run *r, const struct step_update *update, bool again, int tid, int nt)
{
    struct profile *out = r->out;
    struct job *job = r->job;
    struct net *net = job->net;
    int batch = out->batch, chunk = (int)job_chunk(job);
    for (int i = 0; i < batch; i += chunk) {
        struct pass p = {.n = batch - i < chunk ? batch - i : chunk,
                         .first = i,
                         .train = true,
                         .accumulate = i > 0,
                         .again = again,
                         .step = r->step,
                         .update = batch - i <= chunk ? update : NULL,
                         .team = r->team,
                         .tid = tid,
                         .nt = nt};
        feed_train(&r->feed, NULL, (size_t)i, p.n, r->step, tid, nt);
        team_barrier(r->team, tid);
        lap(r, &out->gather, tid);
        for (int l = 1; l < net->n_layers; l++)
            if (net_forward_layer(net, &net->layers[l], &p, false))
                lap(r, &out->layers[l - 1].forward, tid);
        feed_loss(&r->feed, p.n, loss_scale(&job->loss, batch), net->k, tid, nt);
        team_barrier(r->team, tid);
        lap(r, &out->loss, tid);
        for (int l = net->n_layers - 1; l > 0; l--)
            if (net_backward_layer(net, &net->layers[l], &p))
                lap(r, &out->layers[l - 1].backward, tid);
    }
}

static void step(struct run *r, int tid, int nt)
{
    const struct optim *o = &r->job->optim;
    struct net *net = r->job->net;
    double lr = o->common.lr;
    struct step_update update;
    bool fused = optim_begin(o, r->step + 1, lr, &update) && r->fuse;
    look(r, fused ? &update : NULL, false, tid, nt);
    if (looks_twice(o)) {
        optim_ascend(o, net, r->team, tid, nt);
        lap(r, &r->out->optimizer, tid);
        look(r, NULL, true, tid, nt);
        optim_descend(o, net, tid, nt);
    }
    optim_step(o, net, fused, r->step + 1, lr, r->team, tid, nt);
    team_barrier(r->team, tid);
    lap(r, &r->out->optimizer, tid);
}

static void steps(void *arg, int tid, int nt)
{
    struct run *r = arg;
    if (tid == 0)
        r->mark = loop_clock();
    while (!r->done) {
        step(r, tid, nt);
        if (tid == 0) {
            r->step++;
            r->done = r->step >= WARM_UP + 3 && loop_clock() - r->started >= r->seconds;
        }
        team_barrier(r->team, tid);
        lap(r, &r->out->rest, tid);
        if (tid == 0 && r->step == WARM_UP) {
            r->started = r->mark;
            r->out->rest = 0;
        }
        if (tid == 0) /* the last lap's end, so that the parts add up to it */
            r->out->step = r->mark - r->started;
    }
}

/* Operations of a sample through layer l in the net's training passes: forward, and backward for
 * its parameters and for what stands before it. */
static double forward_flops(const struct layer *l)
{
    return (double)l->flops;
}

static double backward_flops(const struct layer *l)
{
    bool trained = l->n_params && l->params[0].g;
    bool needs_dx = false;
    for (int j = 0; j < l->n_in; j++)
        needs_dx |= l->in[j]->dy != NULL;
    return (double)l->flops * (trained + needs_dx);
}

double profile_flops(const struct net *net)
{
    double sum = 0;
    for (int i = 1; i < net->n_layers; i++)
        if (net->layers[i].n_params)
            sum += forward_flops(&net->layers[i]) + backward_flops(&net->layers[i]);
    return sum;
}

static void means(struct profile *p, const struct job *job)
{
    const struct net *net = job->net;
    double samples = p->batch * (looks_twice(&job->optim) ? 2 : 1);
    double *sums[] = {&p->gather, &p->loss, &p->optimizer, &p->rest, &p->step};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i] /= (double)p->steps;
    for (int i = 0; i < p->n_layers; i++) {
        struct profile_layer *pl = &p->layers[i];
        const struct layer *l = pl->layer = &net->layers[i + 1];
        pl->forward /= (double)p->steps;
        pl->backward /= (double)p->steps;
        pl->forward_flops = forward_flops(l) * samples;
        pl->backward_flops = backward_flops(l) * samples;
    }
}

int profile_run(struct profile *p, struct job *job, struct team *team, const struct kernels *k,
                bool fuse, double seconds, struct err *e)
{
    struct run r = {.out = p, .job = job, .team = team, .fuse = fuse, .seconds = seconds};
    size_t n = job->train.batch > 0 ? (size_t)job->train.batch : 1000; /* to invent */
    *p = (struct profile){.n_layers = job->net->n_layers - 1};
    p->layers = mem_alloc((size_t)p->n_layers, sizeof *p->layers, e);
    if (!p->layers || (!job->loaded && invent_samples(job, n, e)))
        return -1;
    const struct net_plan plan = {.batch = (int)job_chunk(job),
                                  .train = true,
                                  .slots = optim_slots(&job->optim),
                                  .fuse = fuse,
                                  .loss_act = job_loss_act(job)};
    p->batch = (int)job_batch(job);
    if (net_allocate(job->net, &plan, team, k, e) || optim_allocate(&job->optim, job->net, e) ||
        net_init(job->net, 1, e) || feed_new(&r.feed, job, team_size(team), e) ||
        feed_augment(&r.feed, team_size(team), e))
        return -1;
    p->peak = profile_peak(team, k);
    team_run(team, steps, &r);
    p->steps = r.step - WARM_UP;
    means(p, job);
    feed_free(&r.feed);
    return 0;
}

void profile_free(struct profile *p)
{
    mem_free(p->layers);
    *p = (struct profile){0};
}
