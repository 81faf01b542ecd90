/* batchnorm.c - each channel less its mean, over its deviation, times a weight plus a bias (Ioffe
 * and Szegedy 2015):
 *
 *     h = (x - mean) / sqrt(variance + eps),  y = h w + b.
 *
 * In training mean and variance are those of the pass, over its samples and positions, and running
 * ones follow them: r = (1 - momentum) r + momentum s, where s has the unbiased variance. In
 * evaluation, and where the layer is frozen, the running ones serve. With [train] chunk a pass is a
 * chunk: statistics are the chunk's, not the batch's.
 *
 * Rows (samples, or positions of images) are cut into slices whose size depends on the shape alone.
 * Each slice's sums are computed by one thread, and each channel adds slices up in order, in
 * double, so threads change no bit. */
#include "net/layer.h"

#include <math.h>

struct batchnorm {
    double momentum, eps;
    int affine; /* enum affine */
};

enum affine { AFFINE_NO, AFFINE_YES, AFFINE_BIAS };

#define SLICE_SAMPLES 8
#define SLICE_ROWS    512 /* at most */

enum { RUNNING_MEAN, RUNNING_VAR, WEIGHT, BIAS };

/* What a pass leaves in l->saved, and how it is cut. c numbers each, unless said. */
struct view {
    int c, slice; /* rows of a slice; the last one may have less */
    size_t rows, n_slices;
    real *mean, *inverse; /* inverse: 1 / sqrt(variance + eps) */
    real *by, *sum, *dot; /* in backward: weight times inverse; means of dy and of dy h */
    real *first, *second; /* per slice: mean and sum of squares; in backward sums of dy, dy h */
    real *h;              /* all rows */
};

static int plane(const struct layer *l)
{
    return l->out.h * l->out.w;
}

static int slice_rows(const struct layer *l)
{
    return plane(l) > SLICE_ROWS / SLICE_SAMPLES ? SLICE_ROWS : SLICE_SAMPLES * plane(l);
}

static struct view view_of(const struct layer *l, const struct pass *p)
{
    struct view v = {
        .c = l->out.c, .rows = (size_t)p->n * (size_t)plane(l), .slice = slice_rows(l)};
    size_t c = (size_t)v.c;
    v.n_slices = (v.rows + (size_t)v.slice - 1) / (size_t)v.slice;
    v.mean = l->saved;
    v.inverse = v.mean + c;
    v.by = v.inverse + c;
    v.sum = v.by + c;
    v.dot = v.sum + c;
    v.first = v.dot + c;
    v.second = v.first + c * v.n_slices;
    v.h = v.second + c * v.n_slices;
    return v;
}

static int setup(struct layer *l, struct build *b, struct err *e)
{
    static const char *const names[] = {"running_mean", "running_var", "weight", "bias"};
    static const enum param_start starts[] = {START_ZERO, START_ONE, START_ONE, START_ZERO};
    l->out = l->in[0]->out;
    l->flops = 8 * (uint64_t)shape_size(l->out);
    size_t c = (size_t)l->out.c, size = shape_size(l->out), slice = (size_t)slice_rows(l);
    int affine = ((const struct batchnorm *)l->conf)->affine;
    int n = affine == AFFINE_NO ? WEIGHT : l->common.bias ? BIAS + 1 : BIAS;
    for (int i = 0; i < n; i++) {
        struct param *param = build_param(b, names[i], 1, &l->out.c, NULL, 0,
                                          i < WEIGHT ? PARAM_BUFFER : PARAM_TRAINED, starts[i], e);
        if (!param)
            return -1;
        if (i == WEIGHT && affine == AFFINE_BIAS)
            param->frozen = true;
    }
    build_saved_once(b, (5 + 2) * c * sizeof(real));
    build_saved(b, (size + (2 * size + slice - 1) / slice) * sizeof(real));
    return 0;
}

static const real *weight(const struct layer *l)
{
    return l->n_params > WEIGHT ? l->params[WEIGHT].w : NULL;
}

/* Whether statistics are those of the pass. */
static bool own_statistics(const struct layer *l, const struct pass *p)
{
    return p->train && l->common.freeze != FREEZE_YES;
}

/* Rows of slice s. */
static int slice_size(const struct view *v, size_t s)
{
    size_t left = v->rows - s * (size_t)v->slice;
    return left < (size_t)v->slice ? (int)left : v->slice;
}

/* This thread's slices. */
static void my_slices(const struct view *v, const struct pass *p, size_t *lo, size_t *hi)
{
    par_range(v->n_slices, 1, p->tid, p->nt, lo, hi);
}

/* first and second from x, or, where dy is given, from dy and h. */
static void sum_slices(const struct pass *p, const struct view *v, const real *x, const real *dy)
{
    size_t lo, hi, c = (size_t)v->c;
    my_slices(v, p, &lo, &hi);
    for (size_t s = lo; s < hi; s++) {
        size_t at = s * (size_t)v->slice * c;
        real *first = v->first + s * c, *second = v->second + s * c;
        int m = slice_size(v, s);
        if (dy)
            p->k->col_dots(first, second, dy + at, v->h + at, v->c, m, v->c, GRAD_STORE);
        else
            p->k->col_moments(first, second, x + at, m, v->c);
    }
}

/* Mean of channel j and sum of squared deviations from it, out of its slices'. */
static void moments(const struct view *v, size_t j, double *mean, double *squares)
{
    size_t c = (size_t)v->c;
    double sum = 0;
    for (size_t s = 0; s < v->n_slices; s++)
        sum += slice_size(v, s) * (double)v->first[s * c + j];
    *mean = sum / (double)v->rows;
    *squares = 0;
    for (size_t s = 0; s < v->n_slices; s++) {
        double d = (double)v->first[s * c + j] - *mean;
        *squares += (double)v->second[s * c + j] + slice_size(v, s) * d * d;
    }
}

static void follow(real *running, double momentum, double value)
{
    *running = (real)((1 - momentum) * (double)*running + momentum * value);
}

/* mean and inverse of this thread's channels; running statistics follow. */
static void set_statistics(struct layer *l, const struct pass *p, const struct view *v)
{
    const struct batchnorm *conf = l->conf;
    real *running_mean = l->params[RUNNING_MEAN].w, *running_var = l->params[RUNNING_VAR].w;
    size_t lo, hi;
    par_range((size_t)v->c, 16, p->tid, p->nt, &lo, &hi);
    for (size_t j = lo; j < hi; j++) {
        double mean = (double)running_mean[j], var = (double)running_var[j], squares;
        if (own_statistics(l, p)) {
            moments(v, j, &mean, &squares);
            var = squares / (double)v->rows;
            if (v->rows > 1 && !p->again) { /* one row has no variance to follow */
                follow(&running_mean[j], conf->momentum, mean);
                follow(&running_var[j], conf->momentum, squares / (double)(v->rows - 1));
            }
        }
        v->mean[j] = (real)mean;
        v->inverse[j] = (real)(1 / sqrt(var + conf->eps));
    }
}

static void forward(struct layer *l, const struct pass *p)
{
    struct view v = view_of(l, p);
    const real *x = l->in[0]->y, *b = l->n_params > BIAS ? l->params[BIAS].w : NULL;
    size_t lo, hi;
    if (own_statistics(l, p)) {
        sum_slices(p, &v, x, NULL);
        team_barrier(p->team, p->tid);
    }
    set_statistics(l, p, &v);
    team_barrier(p->team, p->tid);
    my_slices(&v, p, &lo, &hi);
    for (size_t i = lo; i < hi; i++) {
        size_t at = i * (size_t)v.slice * (size_t)v.c;
        int m = slice_size(&v, i);
        p->k->col_standardize(v.h + at, l->y + at, x + at, v.mean, v.inverse, weight(l), b, m, v.c);
        if (l->act != ACT_NONE) /* while the slice is in cache */
            p->k->act_forward(l->act, l->act_param, l->y + at, l->y + at, (size_t)m * (size_t)v.c);
    }
}

static void put_gradient(struct layer *l, const struct pass *p, int param, size_t j, double g)
{
    real *to = l->n_params > param && l->params[param].g ? l->params[param].g + j : NULL;
    if (to)
        *to = param_mode(p) == GRAD_ADD ? *to + (real)g : (real)g;
}

/* Gradients of this thread's channels, and what dx needs of their sums: nothing where the
 * statistics are constants. */
static void set_sums(struct layer *l, const struct pass *p, const struct view *v)
{
    size_t lo, hi, c = (size_t)v->c;
    const real *w = weight(l);
    par_range(c, 16, p->tid, p->nt, &lo, &hi);
    for (size_t j = lo; j < hi; j++) {
        double sum = 0, dot = 0;
        for (size_t s = 0; s < v->n_slices; s++) {
            sum += (double)v->first[s * c + j];
            dot += (double)v->second[s * c + j];
        }
        put_gradient(l, p, WEIGHT, j, dot);
        put_gradient(l, p, BIAS, j, sum);
        v->by[j] = w ? w[j] * v->inverse[j] : v->inverse[j];
        v->sum[j] = own_statistics(l, p) ? (real)(sum / (double)v->rows) : 0;
        v->dot[j] = own_statistics(l, p) ? (real)(dot / (double)v->rows) : 0;
    }
}

static void backward(struct layer *l, const struct pass *p)
{
    struct view v = view_of(l, p);
    real *dx = l->in[0]->dy;
    size_t lo, hi;
    sum_slices(p, &v, NULL, l->dy);
    team_barrier(p->team, p->tid);
    set_sums(l, p, &v);
    if (!dx)
        return;
    team_barrier(p->team, p->tid);
    my_slices(&v, p, &lo, &hi);
    for (size_t i = lo; i < hi; i++) {
        size_t at = i * (size_t)v.slice * (size_t)v.c;
        p->k->col_standardize_backward(dx + at, l->dy + at, v.h + at, v.by, v.sum, v.dot,
                                       slice_size(&v, i), v.c, l->dx_mode[0]);
    }
}

/* in the order of enum affine */
static const char *const affine_words[] = {"no", "yes", "bias", NULL};

static const struct opt opts[] = {{.name = "momentum",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct batchnorm, momentum),
                                   .def = "0.1",
                                   .min = 0,
                                   .max = 1,
                                   .help =
                                       "what share of a batch's statistics the running ones "
                                       "take over; frozen, they stay and serve in training too"},
                                  {.name = "eps",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct batchnorm, eps),
                                   .def = "1e-5",
                                   .min = 1e-12,
                                   .max = 1,
                                   .help = "added to the variance"},
                                  {.name = "affine",
                                   .type = OPT_WORD,
                                   .offset = offsetof(struct batchnorm, affine),
                                   .def = "yes",
                                   .words = affine_words,
                                   .help = "whether a weight and a bias are learned; bias: the "
                                           "weight stays 1"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"7", "[batchnorm]\n"},
    {"5", "[linear]\nunits = 19\n[batchnorm]\n[tanh]\n[linear]\nunits = 2\n"},
    {"3x2x4", "[tanh]\n[batchnorm]\nbias = no\n[flatten]\n[linear]\nunits = 2\n"},
    {"2x9x11", "[batchnorm]\naffine = no\n"},
    {"2x4x5", "[conv2d]\nfilters = 3\nsize = 2\nbias = no\n[batchnorm]\n[leaky_relu]\n[maxpool]\n"},
    {"3x2x3", "[tanh]\n[batchnorm]\naffine = bias\n[linear]\nunits = 2\n"},
    {"4", "[tanh t]\n[batchnorm b]\nfreeze = yes\n[add]\nfrom = t, b\n"},
    {"3", "[tanh t]\n[batchnorm b]\neps = 0.1\n[add]\nfrom = t, b\n"},
    {NULL, NULL}};

const struct layer_ops layer_batchnorm = {
    .name = "batchnorm",
    .help = "each channel less its mean over the batch (train.chunk: over a chunk), over its "
            "deviation; running statistics in evaluation",
    .opts = opts,
    .conf_size = sizeof(struct batchnorm),
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .flags = LAYER_PARAMS | LAYER_IN_PLACE | LAYER_MIXES | LAYER_TAKES_ACT,
    .examples = examples};
