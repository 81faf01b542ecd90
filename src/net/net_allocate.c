/* net_allocate.c - decides which layers are fused and which buffers share memory, and lays out the
 * slabs.
 *
 * DESIGN. Time runs 0 .. 2 n: layer i computes its y at time i (0: the input is filled), the loss
 * stands at time n, layer i's backward at 2 n - i, its parameters' gradients one call later
 * (net_run.c). A buffer's life follows from the layers' flags. Layers that only rename memory
 * (views, fused activations, in-place layers) share a buffer: their lives join ("root" below). */
#include "net/net.h"

#include "base/mem.h"
#include "net/plan.h"

#include <string.h>

#define APART_BYTES ((size_t)1 << 20)
#define MOVED_BYTES ((size_t)64 << 10) /* of a layer's parameters */

/* The three buffers of layer i are items 3 i + ... */
enum { ITEM_Y, ITEM_DY, ITEM_SAVED, ITEMS };

struct planner {
    struct net *net;
    const struct net_plan *plan;
    struct plan_item *items;
    int *root;      /* per item: the item whose memory it uses */
    bool *needs_dy; /* per layer */
    int end;        /* the last time */
};

static int index_of(const struct net *net, const struct layer *l)
{
    return (int)(l - net->layers);
}

static bool absorbed(const struct net *net, const struct layer *l)
{
    return net->absorbs_last && l == net->output;
}

/* Joins activations with the layers that can compute them; marks in whose epilogue the derivative
 * is applied. */
static void fuse(struct planner *pl)
{
    struct net *net = pl->net;
    for (int i = 1; i < net->n_layers; i++) {
        struct layer *l = &net->layers[i], *in = l->in[0];
        if (!l->ops->act || !in->ops || !(in->ops->flags & LAYER_TAKES_ACT) || in->users != 1 ||
            !pl->plan->fuse || absorbed(net, l))
            continue;
        real param = 0;
        enum act act = l->ops->act(l, &param);
        if (act == ACT_SOFTMAX)
            continue;
        l->fused = true;
        l->act = in->act = act;
        l->act_param = in->act_param = param;
    }
    for (int i = 1; i < net->n_layers && pl->plan->train; i++) {
        struct layer *l = &net->layers[i];
        for (int j = 0; j < l->n_in; j++) {
            struct layer *a = l->in[j];
            if (a->fused && a->users == 1 && l->ops->flags & LAYER_APPLIES_DACT &&
                a != net_logits(net))
                l->dx_act[j] = a->in[0]->dact_done = true;
        }
    }
}

/* Whether l may write its output over its input. */
static bool in_place(const struct planner *pl, const struct layer *l)
{
    const struct net *net = pl->net;
    const struct layer *in = l->in[0];
    if (!(l->ops->flags & LAYER_IN_PLACE) || pl->plan->keep_all || absorbed(net, l))
        return false;
    if (!in->ops || in->users != 1 || in == net_logits(net) || l->ops->flags & LAYER_BWD_NEEDS_X)
        return false;
    for (; in->fused || in->view; in = in->in[0]) /* whose memory it is */
        if (in->users != 1 || in->act != ACT_NONE)
            return false;
    return in->ops && in->act == ACT_NONE && !(in->ops->flags & LAYER_BWD_NEEDS_Y);
}

/* The time at which the gradients of layer i's parameters are computed, at the latest. */
static int params_time(const struct planner *pl, int i)
{
    const struct layer *layers = pl->net->layers;
    int n = pl->net->n_layers;
    while (--i > 0)
        if (pl->needs_dy[i] && !layers[i].fused && !(layers[i].view && layers[i].dy_shared))
            return 2 * n - i;
    return 2 * n;
}

static void share(struct planner *pl, int item, int with)
{
    pl->root[item] = pl->root[with];
}

/* Decides which items are the same memory. Layers come in order, so roots are final. */
static void share_memory(struct planner *pl)
{
    struct net *net = pl->net;
    for (int i = 1; i < net->n_layers; i++) {
        struct layer *l = &net->layers[i];
        int in = index_of(net, l->in[0]);
        bool same = l->fused || l->view, over = in_place(pl, l);
        if (same || over)
            share(pl, ITEMS * i + ITEM_Y, ITEMS * in + ITEM_Y);
        if ((same || over) && l->in[0]->users == 1 && l->in[0] != net_logits(net)) {
            share(pl, ITEMS * i + ITEM_DY, ITEMS * in + ITEM_DY);
            l->dy_shared = true;
        }
    }
}

static void live(struct planner *pl, int item, int time)
{
    struct plan_item *it = &pl->items[pl->root[item]];
    if (time < it->first)
        it->first = time;
    if (time > it->last)
        it->last = time;
}

/* Extends the lives of all buffers by who uses them when, and sets their sizes. */
static void set_lives(struct planner *pl)
{
    struct net *net = pl->net;
    int n = net->n_layers;
    bool train = pl->plan->train;
    for (int i = 0; i < n; i++) {
        struct layer *l = &net->layers[i];
        unsigned flags = l->ops ? l->ops->flags : 0;
        size_t bytes = mem_mul(mem_mul(shape_size(l->out), (size_t)pl->plan->batch), sizeof(real));
        int y = ITEMS * i + ITEM_Y, dy = ITEMS * i + ITEM_DY, saved = ITEMS * i + ITEM_SAVED;
        pl->items[pl->root[y]].bytes = bytes;
        live(pl, y, i);
        if (pl->plan->keep_all || l == net->output || l == net_logits(net))
            live(pl, y, pl->plan->keep_all ? pl->end : n);
        int used = l->n_params > 0 ? params_time(pl, i) : 2 * n - i;
        if (train && i && (flags & LAYER_BWD_NEEDS_Y || l->act != ACT_NONE))
            live(pl, y, used);
        for (int j = 0; j < l->n_in; j++) {
            int in = index_of(net, l->in[j]);
            live(pl, ITEMS * in + ITEM_Y, i);
            if (train && (flags & LAYER_BWD_NEEDS_X || l->dx_act[j]))
                live(pl, ITEMS * in + ITEM_Y, used);
            if (pl->needs_dy[in])
                live(pl, ITEMS * in + ITEM_DY, 2 * n - i);
        }
        if (pl->needs_dy[i]) {
            pl->items[pl->root[dy]].bytes = bytes;
            live(pl, dy, used);
            if (l == net_logits(net))
                live(pl, dy, n);
        }
        if (l->saved_size || l->saved_once) {
            size_t bytes_samples = mem_mul(l->saved_size, (size_t)pl->plan->batch);
            pl->items[saved].bytes = mem_add(l->saved_once, bytes_samples);
            live(pl, saved, i);
            live(pl, saved, train ? used : i);
            if (l->ops->settle) { /* from pass to pass */
                live(pl, saved, 0);
                live(pl, saved, pl->end);
            }
        }
    }
    for (int i = 0; net->apart && i < ITEMS * n; i++) {
        live(pl, i, 0);
        live(pl, i, pl->end);
    }
}

/* Whether layers have so many parameters that threads which each need all of them would wait longer
 * for those that others have updated than at barriers, two a layer. */
static bool moves_parameters(const struct net *net)
{
    size_t bytes = 0, layers = 0;
    for (int i = 1; i < net->n_layers; i++) {
        const struct layer *l = &net->layers[i];
        size_t before = bytes;
        for (int j = 0; j < l->n_params; j++)
            if (l->params[j].kind == PARAM_TRAINED && !l->params[j].frozen)
                bytes += l->params[j].size * sizeof(real);
        layers += bytes > before;
    }
    return bytes > layers * MOVED_BYTES;
}

/* Whether threads may each run their own samples through all layers: all activations fit in a
 * cache, even if each has memory of its own. */
static bool may_stand_apart(const struct planner *pl)
{
    const struct net *net = pl->net;
    size_t sum = 0;
    if (pl->plan->train && moves_parameters(net))
        return false;
    for (int i = 0; i < net->n_layers; i++) {
        const struct layer *l = &net->layers[i];
        size_t copies = 1 + (pl->needs_dy[i] ? 1 : 0);
        sum = mem_add(sum, mem_mul(copies * sizeof(real), shape_size(l->out)));
        sum = mem_add(sum, l->saved_size);
    }
    return mem_mul(sum, (size_t)pl->plan->batch) <= APART_BYTES;
}

static void find_needed_gradients(struct planner *pl)
{
    struct net *net = pl->net;
    pl->needs_dy[0] = pl->plan->train && pl->plan->input_grad;
    for (int i = 1; i < net->n_layers && pl->plan->train; i++) {
        struct layer *l = &net->layers[i];
        for (int j = 0; j < l->n_params; j++)
            pl->needs_dy[i] |= l->params[j].kind == PARAM_TRAINED && !l->params[j].frozen;
        for (int j = 0; j < l->n_in; j++)
            pl->needs_dy[i] |= pl->needs_dy[index_of(net, l->in[j])];
    }
    if (net->absorbs_last)
        pl->needs_dy[net->n_layers - 1] = false;
}

/* The first contribution to a gradient, in the order of backward, stores; later ones add. */
static void set_modes(const struct net *net, bool *written)
{
    written[index_of(net, net_logits(net))] = true;
    for (int i = net->n_layers - 1; i > 0; i--) {
        struct layer *l = &net->layers[i];
        if (absorbed(net, l))
            continue;
        for (int j = 0; j < l->n_in; j++) {
            bool *w = &written[index_of(net, l->in[j])];
            l->dx_mode[j] = *w ? GRAD_ADD : GRAD_STORE;
            *w = true;
        }
    }
}

static int place_activations(struct planner *pl, struct err *e)
{
    struct net *net = pl->net;
    if (plan_place(pl->items, ITEMS * net->n_layers, &net->bytes_acts, e) ||
        !(net->slab_acts = mem_alloc(net->bytes_acts, 1, e)))
        return -1;
    for (int i = 0; i < net->n_layers; i++) {
        struct layer *l = &net->layers[i];
        unsigned char *base = net->slab_acts;
        l->y = (real *)(base + pl->items[pl->root[ITEMS * i + ITEM_Y]].offset);
        if (pl->needs_dy[i])
            l->dy = (real *)(base + pl->items[pl->root[ITEMS * i + ITEM_DY]].offset);
        if (l->saved_size || l->saved_once)
            l->saved = base + pl->items[ITEMS * i + ITEM_SAVED].offset;
    }
    return 0;
}

static int plan_activations(struct net *net, const struct net_plan *plan, struct err *e)
{
    int n = net->n_layers, r = -1;
    struct planner pl = {.net = net, .plan = plan, .end = 2 * n};
    bool *written = mem_alloc((size_t)n, sizeof *written, e);
    pl.items = mem_alloc((size_t)n * ITEMS, sizeof *pl.items, e);
    pl.root = mem_alloc((size_t)n * ITEMS, sizeof *pl.root, e);
    pl.needs_dy = mem_alloc((size_t)n, sizeof *pl.needs_dy, e);
    if (!written || !pl.items || !pl.root || !pl.needs_dy)
        goto out;
    for (int i = 0; i < n * ITEMS; i++) {
        pl.root[i] = i;
        pl.items[i].first = pl.end;
    }
    fuse(&pl);
    find_needed_gradients(&pl);
    net->apart = may_stand_apart(&pl);
    share_memory(&pl);
    set_lives(&pl);
    set_modes(net, written);
    r = place_activations(&pl, e);
out:
    mem_free(written);
    mem_free(pl.items);
    mem_free(pl.root);
    mem_free(pl.needs_dy);
    return r;
}

/* Reals of a parameter in a slab: whole cache lines. */
static size_t padded(const struct param *p)
{
    size_t line = MEM_ALIGN / sizeof(real);
    return (p->size + line - 1) / line * line;
}

static int allocate_params(struct net *net, const struct net_plan *plan, struct err *e)
{
    if (net->n_trained == SIZE_MAX || net->n_buffers == SIZE_MAX)
        return err_set(e, ERR_INTERNAL, "out of memory: too many parameters");
    size_t all = 0, trained = 0;
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++) {
            struct param *p = &net->layers[i].params[j];
            all += padded(p);
            if (p->kind == PARAM_TRAINED && !p->frozen && plan->train)
                trained += padded(p);
        }
    size_t slots = (size_t)plan->slots;
    net->slab_params = mem_alloc(all, sizeof(real), e);
    net->slab_grads = mem_alloc(trained, sizeof(real), e);
    net->slab_slots = mem_alloc(mem_mul(trained, slots), sizeof(real), e);
    if (!net->slab_params || !net->slab_grads || !net->slab_slots)
        return -1;
    net->bytes_params = all * sizeof(real);
    net->bytes_grads = trained * sizeof(real);
    net->bytes_slots = trained * slots * sizeof(real);
    real *w = net->slab_params, *g = net->slab_grads, *slot = net->slab_slots;
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++) {
            struct param *p = &net->layers[i].params[j];
            p->w = w;
            w += padded(p);
            if (p->kind != PARAM_TRAINED || p->frozen || !plan->train)
                continue;
            p->g = g;
            for (size_t s = 0; s < slots; s++)
                p->slot[s] = slot + s * trained + (g - (real *)net->slab_grads);
            g += padded(p);
        }
    return 0;
}

/* Layers compute one after the other: the largest of their workspaces. */
static int allocate_workspace(struct net *net, const struct net_plan *plan, struct err *e)
{
    size_t matmul = net->k->matmul_scratch * sizeof(real);
    struct workspace all = {net->scratch_size > matmul ? net->scratch_size : matmul, 0};
    for (int i = 1; i < net->n_layers; i++) {
        const struct layer *l = &net->layers[i];
        struct workspace w = {0};
        if (l->ops->workspace)
            w = l->ops->workspace(l, net->k, plan->batch, plan->train);
        all.scratch = w.scratch > all.scratch ? w.scratch : all.scratch;
        all.shared = w.shared > all.shared ? w.shared : all.shared;
    }
    net->scratch_size = mem_add(all.scratch, 4096 - 1) & ~(size_t)4095; /* threads apart by pages */
    net->shared_size = all.shared;
    net->slab_scratch = mem_alloc((size_t)net->threads, net->scratch_size, e);
    net->slab_shared = net->slab_scratch ? mem_alloc(1, net->shared_size, e) : NULL;
    net->bytes_work = (size_t)net->threads * net->scratch_size + net->shared_size;
    return net->slab_shared ? 0 : -1;
}

int net_allocate(struct net *net, const struct net_plan *plan, struct team *team,
                 const struct kernels *k, struct err *e)
{
    real param;
    net->batch = plan->batch;
    net->k = k;
    net->threads = team_size(team);
    net->absorbs_last = plan->loss_act != ACT_NONE && net->output->ops->act &&
                        net->output->ops->act(net->output, &param) == plan->loss_act;
    if (allocate_workspace(net, plan, e) || allocate_params(net, plan, e))
        return -1;
    return plan_activations(net, plan, e);
}

struct layer *net_logits(const struct net *net)
{
    return net->absorbs_last ? net->output->in[0] : net->output;
}
