/* scale.c - y = factor x, with a factor that is given. In front of the loss it sets how sure a net
 * can be at the start, and how large its gradients are. */
#include "net/layer.h"

struct scale {
    double factor;
};

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    (void)e;
    l->out = l->in[0]->out;
    l->flops = (uint64_t)shape_size(l->out);
    return 0;
}

static real factor(const struct layer *l)
{
    return (real)((const struct scale *)l->conf)->factor;
}

static void forward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    p->k->scale(l->y + lo, l->in[0]->y + lo, factor(l), hi - lo);
}

static void backward(struct layer *l, const struct pass *p)
{
    real *dx = l->in[0]->dy;
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    if (dx && l->dx_mode[0] == GRAD_ADD)
        p->k->axpy(dx + lo, l->dy + lo, factor(l), hi - lo);
    else if (dx)
        p->k->scale(dx + lo, l->dy + lo, factor(l), hi - lo);
}

static const struct opt opts[] = {{.name = "factor",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct scale, factor),
                                   .min = -1e6,
                                   .max = 1e6,
                                   .flags = OPT_REQUIRED,
                                   .help = "what every number is multiplied by"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"7", "[scale]\nfactor = 0.5\n"},
    {"2x3x4", "[tanh t]\n[scale s]\nfactor = -1.5\n[add]\nfrom = t, s\n[linear]\nunits = 2\n"},
    {NULL, NULL}};

const struct layer_ops layer_scale = {.name = "scale",
                                      .help = "every number times a given factor",
                                      .opts = opts,
                                      .conf_size = sizeof(struct scale),
                                      .setup = setup,
                                      .forward = forward,
                                      .backward = backward,
                                      .flags = LAYER_IN_PLACE,
                                      .examples = examples};
