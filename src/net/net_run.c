/* net_run.c - forward and backward through the graph, by all threads of a team.
 *
 * DESIGN. In general a layer's work is split anew for each call and a barrier stands between calls.
 * The gradient of a layer's parameters, which may update them, comes one call later than that of
 * its inputs, which reads them. A net whose activations fit in the cache and whose parameters are
 * few (net_allocate.c), with samples enough for every thread, is run otherwise (pass.own): a thread
 * takes its own samples forward, through the loss and back to the first layer without a barrier;
 * then, behind one, all threads share out the gradients of the parameters.
 *
 * Where one thread runs, a layer may leave the update of its parameters to its next forward, which
 * has to read them anyway (pass.postpone); net_settle makes it do what is left. */
#include "net/net.h"

#include <math.h>

#define OWN_SAMPLES 4 /* a thread must have at least so many */

static void begin(const struct net *net, struct pass *p)
{
    p->k = net->k;
    p->queues = p->team ? team_queues(p->team) : NULL;
    p->scratch = net_scratch(net, p->tid);
    p->shared = net->slab_shared;
    p->own = net->apart && p->n >= OWN_SAMPLES * p->nt;
}

static void barrier(const struct pass *p)
{
    team_barrier(p->team, p->tid);
}

/* Whether l reads or writes more than a thread's own samples. */
static bool mixes(const struct layer *l)
{
    return l->ops->flags & LAYER_MIXES;
}

/* Whether forward has nothing to do for l. */
static bool skipped(const struct net *net, const struct layer *l, bool outputs)
{
    return l->fused || l->view || (net->absorbs_last && l == net->output && !outputs);
}

bool net_forward_layer(struct net *net, struct layer *l, struct pass *p, bool outputs)
{
    if (skipped(net, l, outputs))
        return false;
    begin(net, p);
    p->own = false;
    barrier(p);
    l->ops->forward(l, p);
    barrier(p);
    return true;
}

void net_forward(struct net *net, struct pass *p, bool outputs)
{
    begin(net, p);
    if (!p->own)
        barrier(p);
    for (struct layer *l = net->layers + 1; l <= net->output; l++) {
        if (skipped(net, l, outputs))
            continue;
        if (p->own && mixes(l))
            barrier(p);
        l->ops->forward(l, p);
        if (!p->own || mixes(l))
            barrier(p);
    }
}

/* Whether l has a gradient of its own to work on. */
static bool has_backward(const struct net *net, const struct layer *l)
{
    bool renamed = l->fused || (l->view && l->dy_shared);
    return l->dy && !renamed && !(net->absorbs_last && l == net->output);
}

/* Whether gradients of l's parameters are computed by backward_params. */
static bool has_params(const struct layer *l)
{
    return l->ops->backward_params && l->n_params && l->common.freeze != FREEZE_YES;
}

/* Whether backward has an input to compute the gradient of. */
static bool gives_dx(const struct layer *l)
{
    for (int i = 0; i < l->n_in; i++)
        if (l->in[i]->dy)
            return true;
    return false;
}

/* dy becomes the gradient of what stands before the fused activation. */
static bool apply_slope(const struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    if (l->act == ACT_NONE || l->dact_done)
        return false;
    layer_range(l, p, &lo, &hi);
    p->k->act_backward(l->act, l->act_param, l->dy + lo, l->dy + lo, l->y + lo, hi - lo,
                       GRAD_STORE);
    return true;
}

bool net_backward_layer(struct net *net, struct layer *l, struct pass *p)
{
    if (!has_backward(net, l))
        return false;
    begin(net, p);
    p->own = false;
    barrier(p);
    if (apply_slope(l, p))
        barrier(p);
    l->ops->backward(l, p);
    if (has_params(l)) {
        if (gives_dx(l))
            barrier(p);
        l->ops->backward_params(l, p);
    }
    barrier(p);
    return true;
}

/* Own samples through all layers, then the parameters of all. */
static void backward_own(struct net *net, struct pass *p)
{
    for (struct layer *l = net->output; l > net->layers; l--) {
        if (!has_backward(net, l))
            continue;
        apply_slope(l, p);
        if (mixes(l))
            barrier(p);
        l->ops->backward(l, p);
        if (mixes(l))
            barrier(p);
    }
    barrier(p);
    for (struct layer *l = net->output; l > net->layers; l--)
        if (has_backward(net, l) && has_params(l))
            l->ops->backward_params(l, p);
}

void net_backward(struct net *net, struct pass *p)
{
    begin(net, p);
    if (p->own) {
        backward_own(net, p);
        return;
    }
    struct layer *left = NULL;
    for (struct layer *l = net->output; l > net->layers; l--) {
        if (!has_backward(net, l))
            continue;
        barrier(p);
        if (apply_slope(l, p))
            barrier(p);
        l->ops->backward(l, p);
        if (left)
            left->ops->backward_params(left, p);
        left = has_params(l) ? l : NULL;
        if (left && !gives_dx(l)) {
            l->ops->backward_params(l, p);
            left = NULL;
        }
    }
    if (left) {
        barrier(p);
        left->ops->backward_params(left, p);
    }
}

bool net_pending(const struct net *net)
{
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            if (net->layers[i].params[j].g && !(net->layers[i].ops->flags & LAYER_UPDATES))
                return true;
    return false;
}

void net_settle(struct net *net)
{
    struct pass p = {.nt = 1};
    begin(net, &p);
    for (struct layer *l = net->layers + 1; l <= net->output; l++)
        if (l->ops->settle)
            l->ops->settle(l, &p);
}

int net_find_nonfinite(struct net *net, struct pass *p)
{
    begin(net, p);
    for (int i = 1; i < net->n_layers; i++) {
        struct layer *l = &net->layers[i];
        if (!skipped(net, l, true))
            l->ops->forward(l, p);
        size_t n = (size_t)p->n * shape_size(l->out);
        for (size_t j = 0; j < n; j++)
            if (!isfinite(l->y[j]))
                return i;
    }
    return 0;
}
