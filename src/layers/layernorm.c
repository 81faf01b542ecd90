/* layernorm.c - each sample less its mean, over its deviation, times a weight plus a bias for each
 * of its numbers (Ba, Kiros, Hinton 2016):
 *
 *     h = (x - mean) / sqrt(variance + eps),  y = h w + b,
 *
 * mean and variance over all of the sample's numbers; w and b have its shape c, h, w. */
#include "net/layer.h"

struct layernorm {
    double eps;
    bool affine;
};

/* What forward leaves: 1 / sqrt(variance + eps) of each sample, then h. */
static real *inverses(const struct layer *l)
{
    return l->saved;
}

static real *standardized(const struct layer *l, const struct pass *p)
{
    return inverses(l) + p->n;
}

static int setup(struct layer *l, struct build *b, struct err *e)
{
    struct shape s = l->out = l->in[0]->out;
    size_t size = shape_size(s);
    int dim[] = {s.c, s.h, s.w}, nd = shape_is_vector(s) ? 1 : 3;
    const signed char order[] = {1, 2, 0}, vector[] = {0};
    bool affine = ((const struct layernorm *)l->conf)->affine;
    l->flops = 8 * (uint64_t)size;
    if (affine && !build_param(b, "weight", nd, dim, nd == 1 ? vector : order, 0, PARAM_TRAINED,
                               START_ONE, e))
        return -1;
    if (affine && l->common.bias &&
        !build_param(b, "bias", nd, dim, nd == 1 ? vector : order, 0, PARAM_TRAINED, START_ZERO, e))
        return -1;
    build_saved(b, (1 + size) * sizeof(real));
    build_scratch(b, size * sizeof(real));
    return 0;
}

static const real *weight(const struct layer *l)
{
    return l->n_params > 0 ? l->params[0].w : NULL;
}

static void forward(struct layer *l, const struct pass *p)
{
    int lo, hi, size = (int)shape_size(l->out);
    const real *b = l->n_params > 1 ? l->params[1].w : NULL;
    layer_rows(p, &lo, &hi);
    size_t at = (size_t)lo * (size_t)size;
    p->k->row_standardize(standardized(l, p) + at, l->y + at, inverses(l) + lo, l->in[0]->y + at,
                          weight(l), b, (real)((const struct layernorm *)l->conf)->eps, hi - lo,
                          size);
    if (l->act != ACT_NONE)
        p->k->act_forward(l->act, l->act_param, l->y + at, l->y + at,
                          (size_t)(hi - lo) * (size_t)size);
}

/* dw = sum of dy h, db = sum of dy, over the samples in order: this thread's columns */
static void backward_params(struct layer *l, const struct pass *p)
{
    size_t lo, hi, size = shape_size(l->out);
    par_range(size, 16, p->tid, p->nt, &lo, &hi);
    real *db = l->n_params > 1 ? l->params[1].g : p->scratch;
    p->k->col_dots(db + lo, l->params[0].g + lo, l->dy + lo, standardized(l, p) + lo,
                   (ptrdiff_t)size, p->n, (int)(hi - lo), param_mode(p));
}

static void backward(struct layer *l, const struct pass *p)
{
    int lo, hi, size = (int)shape_size(l->out);
    if (!l->in[0]->dy)
        return;
    layer_rows(p, &lo, &hi);
    size_t at = (size_t)lo * (size_t)size;
    p->k->row_standardize_backward(l->in[0]->dy + at, l->dy + at, standardized(l, p) + at,
                                   inverses(l) + lo, weight(l), hi - lo, size, l->dx_mode[0],
                                   p->scratch);
}

static const struct opt opts[] = {{.name = "eps",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct layernorm, eps),
                                   .def = "1e-5",
                                   .min = 1e-12,
                                   .max = 1,
                                   .help = "added to the variance"},
                                  {.name = "affine",
                                   .type = OPT_BOOL,
                                   .offset = offsetof(struct layernorm, affine),
                                   .def = "yes",
                                   .help = "whether a weight and a bias are learned"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"7", "[layernorm]\n"},
    {"5", "[linear]\nunits = 19\n[layernorm]\nbias = no\n[tanh]\n[linear]\nunits = 2\n"},
    {"3x2x4", "[layernorm]\naffine = no\n[flatten]\n[linear]\nunits = 2\n"},
    {"2x3x3", "[tanh t]\n[layernorm n]\neps = 0.1\n[add]\nfrom = t, n\n"},
    {NULL, NULL}};

const struct layer_ops layer_layernorm = {.name = "layernorm",
                                          .help = "each sample less its mean, over its deviation",
                                          .opts = opts,
                                          .conf_size = sizeof(struct layernorm),
                                          .setup = setup,
                                          .forward = forward,
                                          .backward = backward,
                                          .backward_params = backward_params,
                                          .flags = LAYER_PARAMS | LAYER_TAKES_ACT,
                                          .examples = examples};
