/* net_run.c - forward and backward through the graph, by all threads of a team. */
#include "net/net.h"

#include <math.h>

static void set_scratch(const struct net *net, struct pass *p)
{
    p->k = net->k;
    p->scratch = (unsigned char *)net->slab_scratch + (size_t)p->tid * net->scratch_size;
    p->shared = net->slab_shared;
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
    set_scratch(net, p);
    l->ops->forward(l, p);
    team_barrier(p->team, p->tid);
    return true;
}

void net_forward(struct net *net, struct pass *p, bool outputs)
{
    for (struct layer *l = net->layers + 1; l <= net->output; l++)
        net_forward_layer(net, l, p, outputs);
}

/* dy becomes the gradient of what stands before the fused activation. */
static void apply_slope(const struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    p->k->act_backward(l->act, l->act_param, l->dy + lo, l->dy + lo, l->y + lo, hi - lo,
                       GRAD_STORE);
    team_barrier(p->team, p->tid);
}

bool net_backward_layer(struct net *net, struct layer *l, struct pass *p)
{
    bool renamed = l->fused || (l->view && l->dy_shared);
    if (!l->dy || renamed || (net->absorbs_last && l == net->output))
        return false;
    set_scratch(net, p);
    if (l->act != ACT_NONE && !l->dact_done)
        apply_slope(l, p);
    l->ops->backward(l, p);
    team_barrier(p->team, p->tid);
    return true;
}

void net_backward(struct net *net, struct pass *p)
{
    for (struct layer *l = net->output; l > net->layers; l--)
        net_backward_layer(net, l, p);
}

int net_find_nonfinite(struct net *net, struct pass *p)
{
    set_scratch(net, p);
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
