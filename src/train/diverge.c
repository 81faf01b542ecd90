/* diverge.c - where the first value that is not finite came up.
 *
 * Normal steps check only the loss. When that is not finite the run is replayed from the last
 * snapshot on one thread - the bits are the same for any number - and the step that failed is
 * executed with a check behind every layer. */
#include "train/loop.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Puts net and position back to the snapshot. */
static int rewind_to(struct loop *lp, struct err *e)
{
    struct blob copy = {mem_alloc(lp->base.size, 1, e), lp->base.size};
    struct checkpoint c;
    if (!copy.data)
        return -1;
    memcpy(copy.data, lp->base.data, copy.size);
    net_settle(lp->job->net); /* the update that waits is not one of those weights */
    if (checkpoint_parse(&c, "the last snapshot", &copy, e))
        return -1;
    int r = checkpoint_load(&c, lp->job, true, e);
    lp->at = c.at;
    checkpoint_free(&c);
    loop_shuffle(lp);
    return r;
}

/* Steps from the snapshot to the step that failed, without rows and checkpoints. */
static void replay(struct loop *lp, uint64_t step)
{
    while (lp->at.step < step) {
        loop_step(lp, 0, 1);
        lp->at.step++;
        if (++lp->at.epoch_step == lp->per_epoch) {
            lp->at.epoch++;
            lp->at.epoch_step = 0;
            loop_shuffle(lp);
        }
    }
    net_settle(lp->job->net);
}

/* The layer with a parameter that is not finite, or NULL. */
static const struct layer *bad_weights(const struct net *net)
{
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            for (size_t v = 0; v < net->layers[i].params[j].size; v++)
                if (!isfinite(net->layers[i].params[j].w[v]))
                    return &net->layers[i];
    return NULL;
}

/* The first layer whose output is not finite in the step that failed, or NULL: the loss itself. */
static const struct layer *bad_output(struct loop *lp)
{
    const struct job *job = lp->job;
    uint32_t batch = job_batch(job), chunk = job_chunk(job);
    size_t first = (size_t)lp->at.epoch_step * batch, left = job->samples.train.n - first;
    uint32_t n = left < batch ? (uint32_t)left : batch;
    for (uint32_t i = 0; i < n; i += chunk) {
        struct pass p = {.n = (int)(n - i < chunk ? n - i : chunk),
                         .first = (int)i,
                         .train = true,
                         .step = lp->at.step,
                         .seed = job->train.seed,
                         .team = lp->team,
                         .nt = 1};
        feed_train(&lp->feed, lp->order, first + i, p.n, lp->at.epoch, 0, 1);
        int bad = net_find_nonfinite(job->net, &p);
        if (bad)
            return &job->net->layers[bad];
    }
    return NULL;
}

void loop_explain(struct loop *lp, struct err *e)
{
    uint64_t step = lp->at.step;
    struct err why = {0};
    struct team *team = lp->team, *one = team_new(1, &why);
    const struct layer *l = NULL;
    bool weights = false;
    if (one) {
        lp->team = one;
        if (rewind_to(lp, &why) == 0) {
            replay(lp, step);
            l = bad_weights(lp->job->net);
            weights = l != NULL;
            if (!l)
                l = bad_output(lp);
        }
        lp->team = team;
        team_free(one);
    }
    char where[160] = "first in the loss itself";
    if (l)
        snprintf(where, sizeof where, "first in the %s of layer %s (%s:%d)",
                 weights ? "weights" : "output", l->name, lp->job->nf->path, l->line);
    err_set(
        e, ERR_DIVERGED,
        "training diverged at step %" PRIu64 " (epoch %" PRIu64 "): the loss is not finite, %s; "
        "try a smaller [optimizer] lr than %g%s",
        step + 1, lp->at.epoch + 1, where, lp->job->optim.common.lr,
        lp->job->data.normalize == NORMALIZE_NONE && !lp->job->data.mean.n ? ", or [data] normalize"
                                                                           : "");
}
