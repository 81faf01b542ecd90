/* linear.c - y = x W^T + b, every output from every input.
 *
 * At batch 1 memory is the limit: a step reads the weights twice and writes them once. So their
 * update, of which the sample and its gradient are kept, waits for the next sample's product, where
 * the same numbers have to be read (pass.postpone). */
#include "net/layer.h"

#include <string.h>

#define POSTPONED_SIZE 8192 /* weights that the first cache does not hold from step to step */

struct linear {
    int units;
};

struct linear_state {
    bool postponed;
    struct update update; /* the one that is; of the x and dy in l->saved */
};

static int setup(struct layer *l, struct build *b, struct err *e)
{
    const struct linear *conf = l->conf;
    struct shape in = l->in[0]->out;
    l->out = (struct shape){conf->units, 1, 1};
    l->flops = 2 * (uint64_t)shape_size(in) * (uint64_t)conf->units;
    /* In files [out, in] with `in` in the order c, h, w; in memory the outputs of one input lie
     * side by side, and inputs follow the activations: h, w, c. */
    const int dim[] = {conf->units, in.c, in.h, in.w};
    const signed char order[] = {2, 3, 1, 0};
    if (!build_param(b, "weight", 4, dim, order, 2, PARAM_TRAINED, START_INIT, e))
        return -1;
    if (l->common.bias && !build_param(b, "bias", 1, dim, NULL, 0, PARAM_TRAINED, START_ZERO, e))
        return -1;
    build_saved_once(b, (shape_size(in) + (size_t)conf->units) * sizeof(real));
    return 0;
}

/* The update of the weights by n samples' dW = x^T dy, in their order. */
static struct matmul weight_step(const struct layer *l, const struct pass *p, int n, const real *x,
                                 const real *dy, const struct update *u)
{
    int in = (int)shape_size(l->in[0]->out), out = l->out.c;
    const struct param *w = &l->params[0];
    return (struct matmul){.m = in,
                           .n = out,
                           .k = n,
                           .a = x,
                           .a_rs = 1,
                           .a_cs = in,
                           .b = dy,
                           .b_rs = out,
                           .b_cs = 1,
                           .c = w->g,
                           .ldc = out,
                           .add = param_mode(p) == GRAD_ADD,
                           .update = u,
                           .w = w->w,
                           .slot = {w->slot[0], w->slot[1]},
                           .scratch = p->scratch,
                           .queues = p->queues};
}

/* The update that waits, which waits no longer. */
static struct matmul take_postponed(const struct layer *l, const struct pass *p)
{
    struct linear_state *s = l->state;
    const real *x = l->saved;
    struct matmul step = weight_step(l, p, 1, x, x + shape_size(l->in[0]->out), &s->update);
    step.add = false; /* p is a later pass, and the update's own added to none */
    s->postponed = false;
    return step;
}

static void forward(struct layer *l, const struct pass *p)
{
    const struct linear_state *s = l->state;
    int in = (int)shape_size(l->in[0]->out), out = l->out.c;
    const struct matmul mm = {.m = p->n,
                              .n = out,
                              .k = in,
                              .a = l->in[0]->y,
                              .a_rs = in,
                              .a_cs = 1,
                              .b = l->params[0].w,
                              .b_rs = out,
                              .b_cs = 1,
                              .c = l->y,
                              .ldc = out,
                              .bias = l->common.bias ? l->params[1].w : NULL,
                              .act = l->act,
                              .act_param = l->act_param,
                              .scratch = p->scratch,
                              .queues = p->queues};
    if (!s->postponed) {
        layer_matmul(&mm, p);
        return;
    }
    const struct matmul step = take_postponed(l, p);
    p->k->update_matmul(&step, &mm);
}

static void settle(struct layer *l, const struct pass *p)
{
    const struct linear_state *s = l->state;
    if (!s->postponed)
        return;
    const struct matmul step = take_postponed(l, p);
    p->k->matmul(&step, 0, 1);
}

/* Keeps what the update is made of. */
static void postpone(struct layer *l, const struct update *u)
{
    struct linear_state *s = l->state;
    size_t in = shape_size(l->in[0]->out);
    real *x = l->saved;
    memcpy(x, l->in[0]->y, in * sizeof *x);
    memcpy(x + in, l->dy, (size_t)l->out.c * sizeof *x);
    s->update = *u;
    s->postponed = true;
}

static void backward_weight(struct layer *l, const struct pass *p)
{
    const struct param *w = &l->params[0];
    struct update u;
    if (p->update)
        u = param_update(w, p->update);
    if (p->update && p->postpone && p->n == 1 && !p->accumulate && w->size >= POSTPONED_SIZE) {
        postpone(l, &u);
        return;
    }
    const struct matmul mm = weight_step(l, p, p->n, l->in[0]->y, l->dy, p->update ? &u : NULL);
    p->k->matmul(&mm, p->tid, p->nt);
}

/* db = sum of dy */
static void backward_bias(struct layer *l, const struct pass *p)
{
    const struct param *b = &l->params[1];
    size_t lo, hi;
    par_range(b->size, 16, p->tid, p->nt, &lo, &hi);
    p->k->col_sums(b->g + lo, l->dy + lo, l->out.c, p->n, (int)(hi - lo), param_mode(p));
    layer_update(b, p, lo, hi);
}

static void backward_params(struct layer *l, const struct pass *p)
{
    if (l->params[0].g)
        backward_weight(l, p);
    if (l->common.bias && l->params[1].g)
        backward_bias(l, p);
}

static void backward(struct layer *l, const struct pass *p)
{
    struct layer *x = l->in[0];
    int in = (int)shape_size(x->out), out = l->out.c;
    if (!x->dy)
        return;
    const struct matmul mm = {.m = p->n,
                              .n = in,
                              .k = out,
                              .a = l->dy,
                              .a_rs = out,
                              .a_cs = 1,
                              .b = l->params[0].w,
                              .b_rs = 1,
                              .b_cs = out,
                              .c = x->dy,
                              .ldc = in,
                              .add = l->dx_mode[0] == GRAD_ADD,
                              .act = l->dx_act[0] ? x->act : ACT_NONE,
                              .act_param = x->act_param,
                              .dact_y = l->dx_act[0] ? x->y : NULL,
                              .scratch = p->scratch,
                              .queues = p->queues};
    layer_matmul(&mm, p);
}

static const struct opt opts[] = {{.name = "units",
                                   .type = OPT_INT,
                                   .offset = offsetof(struct linear, units),
                                   .min = 1,
                                   .max = 1 << 20,
                                   .flags = OPT_REQUIRED,
                                   .help = "number of outputs"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"5", "[linear]\nunits = 4\n"},
    {"3x2x4", "[linear]\nunits = 7\nbias = no\n[tanh]\n[linear]\nunits = 3\ninit = he_normal\n"},
    {"35", "[linear wide]\nunits = 33\ninit = orthogonal\n"},
    {NULL, NULL}};

const struct layer_ops layer_linear = {.name = "linear",
                                       .help = "fully connected: every output from every input",
                                       .opts = opts,
                                       .conf_size = sizeof(struct linear),
                                       .state_size = sizeof(struct linear_state),
                                       .setup = setup,
                                       .forward = forward,
                                       .backward = backward,
                                       .backward_params = backward_params,
                                       .settle = settle,
                                       .flags = LAYER_PARAMS | LAYER_INIT | LAYER_TAKES_ACT |
                                                LAYER_APPLIES_DACT | LAYER_BWD_NEEDS_X |
                                                LAYER_UPDATES,
                                       .examples = examples};
