/* random_fourier.c - fixed random features y = sqrt(2 / units) cos(x W^T + b), W normal with
 * variance 2 gamma, b uniform in [0, 2 pi).
 *
 * The product of two samples' features is about e^(-gamma |x - x'|^2) (Rahimi and Recht 2007), so a
 * linear layer behind them is a kernel machine: with hinge and weight decay, nearly an SVM with an
 * RBF kernel. W and b are saved with the net and never trained. */
#include "net/layer.h"

#include <math.h>

struct random_fourier {
    int units;
    double gamma;
};

#define TWO_PI 6.28318530717958647693

static int setup(struct layer *l, struct build *b, struct err *e)
{
    const struct random_fourier *conf = l->conf;
    struct shape in = l->in[0]->out;
    l->out = (struct shape){conf->units, 1, 1};
    l->flops = 2 * (uint64_t)shape_size(in) * (uint64_t)conf->units + 2 * (uint64_t)conf->units;
    const int dim[] = {conf->units, in.c, in.h, in.w};
    const signed char order[] = {2, 3, 1, 0}; /* as linear's */
    struct param *p = build_param(b, "weight", 4, dim, order, 2, PARAM_BUFFER, START_NORMAL, e);
    if (!p)
        return -1;
    p->start_scale = sqrt(2 * conf->gamma);
    if (!(p = build_param(b, "bias", 1, dim, NULL, 0, PARAM_BUFFER, START_UNIFORM, e)))
        return -1;
    p->start_scale = TWO_PI;
    build_saved(b, (size_t)conf->units * sizeof(real)); /* x W^T + b; in backward, its gradient */
    return 0;
}

static real scale(const struct layer *l)
{
    return (real)sqrt(2 / (double)l->out.c);
}

static void forward(struct layer *l, const struct pass *p)
{
    int in = (int)shape_size(l->in[0]->out), out = l->out.c;
    real *angle = l->saved;
    size_t lo, hi;
    const struct matmul mm = {.m = p->n,
                              .n = out,
                              .k = in,
                              .a = l->in[0]->y,
                              .a_rs = in,
                              .a_cs = 1,
                              .b = l->params[0].w,
                              .b_rs = out,
                              .b_cs = 1,
                              .c = angle,
                              .ldc = out,
                              .bias = l->params[1].w,
                              .scratch = p->scratch,
                              .queues = p->queues};
    layer_matmul(&mm, p);
    if (!p->own)
        team_barrier(p->team, p->tid);
    layer_range(l, p, &lo, &hi);
    p->k->curve_forward(CURVE_COS, l->y + lo, angle + lo, hi - lo);
    p->k->scale(l->y + lo, l->y + lo, scale(l), hi - lo);
}

static void backward(struct layer *l, const struct pass *p)
{
    struct layer *x = l->in[0];
    int in = (int)shape_size(x->out), out = l->out.c;
    real *angle = l->saved;
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    p->k->curve_backward(CURVE_COS, angle + lo, l->dy + lo, angle + lo, hi - lo, GRAD_STORE);
    p->k->scale(angle + lo, angle + lo, scale(l), hi - lo);
    if (!p->own)
        team_barrier(p->team, p->tid);
    const struct matmul mm = {.m = p->n,
                              .n = in,
                              .k = out,
                              .a = angle,
                              .a_rs = out,
                              .a_cs = 1,
                              .b = l->params[0].w,
                              .b_rs = 1,
                              .b_cs = out,
                              .c = x->dy,
                              .ldc = in,
                              .add = l->dx_mode[0] == GRAD_ADD,
                              .scratch = p->scratch,
                              .queues = p->queues};
    layer_matmul(&mm, p);
}

static const struct opt opts[] = {{.name = "units",
                                   .type = OPT_INT,
                                   .offset = offsetof(struct random_fourier, units),
                                   .min = 1,
                                   .max = 1 << 20,
                                   .flags = OPT_REQUIRED,
                                   .help = "number of features"},
                                  {.name = "gamma",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct random_fourier, gamma),
                                   .def = "1",
                                   .min = 0,
                                   .max = 1e12,
                                   .flags = OPT_OPEN_MIN,
                                   .help = "of the kernel e^(-gamma |x - x'|^2) that they imitate"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"3", "[random_fourier]\nunits = 20\ngamma = 0.5\n"},
    {"2x3x2", "[tanh]\n[random_fourier]\nunits = 9\ngamma = 0.1\n[linear]\nunits = 2\n"},
    {"4", "[tanh t]\n[random_fourier f]\nunits = 4\n[add]\nfrom = t, f\n"},
    {NULL, NULL}};

const struct layer_ops layer_random_fourier = {
    .name = "random_fourier",
    .help = "fixed random features whose products imitate an RBF kernel",
    .opts = opts,
    .conf_size = sizeof(struct random_fourier),
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .examples = examples};
