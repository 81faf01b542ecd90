/* rmsprop.c - RMSprop (Tieleman and Hinton 2012; centered: Graves 2013) in PyTorch's form:
 *
 *     g += weight_decay w;  v = alpha v + (1 - alpha) g^2;  r = sqrt(v)
 *     centered:  a = alpha a + (1 - alpha) g;  r = sqrt(v - a^2)
 *     w -= lr g / (r + eps);  with momentum: m = momentum m + g / (r + eps);  w -= lr m. */
#include "optim/optim.h"

#include <tgmath.h>

struct rmsprop_conf {
    double alpha, eps, momentum;
    bool centered;
};

enum { SQUARE_AVG = 1, GRAD_AVG = 2, MOMENTUM_BUFFER = 4 }; /* bits of slots */

static const struct opt rmsprop_opts[] = {
    {.name = "alpha",
     .type = OPT_FLOAT,
     .offset = offsetof(struct rmsprop_conf, alpha),
     .def = "0.99",
     .min = 0,
     .max = 1,
     .help = "how slowly the running mean of squared gradients changes"},
    {.name = "eps",
     .type = OPT_FLOAT,
     .offset = offsetof(struct rmsprop_conf, eps),
     .def = "1e-8",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MIN,
     .help = "added to the root of the mean square"},
    {.name = "momentum",
     .type = OPT_FLOAT,
     .offset = offsetof(struct rmsprop_conf, momentum),
     .def = "0",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MAX,
     .help = "share of the last update that is kept in the next"},
    {.name = "centered",
     .type = OPT_BOOL,
     .offset = offsetof(struct rmsprop_conf, centered),
     .def = "no",
     .help = "whether gradients are measured by their variance, not by their square"},
    OPT_END};

static unsigned rmsprop_slots(const struct optim *o)
{
    const struct rmsprop_conf *c = o->conf;
    return SQUARE_AVG | (c->centered ? GRAD_AVG : 0u) | (c->momentum > 0 ? MOMENTUM_BUFFER : 0u);
}

static void rmsprop_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    const struct rmsprop_conf *c = o->conf;
    (void)t;
    u->lr = (real)lr;
    u->beta2 = (real)c->alpha;
    u->rest2 = (real)(1 - c->alpha);
    u->eps = (real)c->eps;
    u->momentum = (real)c->momentum;
}

/* mean and m are NULL where they are not kept. Compiled once for each case, as a loop with branches
 * would not become vector code. */
static inline __attribute__((always_inline)) void step(real *restrict w, const real *restrict g,
                                                       real *restrict square, real *restrict mean,
                                                       real *restrict m, const struct update *u,
                                                       size_t n)
{
    const real lr = u->lr, decay = u->weight_decay, alpha = u->beta2, rest = u->rest2;
    const real eps = u->eps, momentum = u->momentum;
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + decay * w[i], v = alpha * square[i] + rest * d * d;
        square[i] = v;
        if (mean) {
            mean[i] = alpha * mean[i] + rest * d;
            v -= mean[i] * mean[i];
            v = v > 0 ? v : 0; /* rounding may bring it below */
        }
        d /= sqrt(v) + eps;
        if (m)
            d = m[i] = momentum * m[i] + d;
        w[i] -= lr * d;
    }
}

static void rmsprop_update(const struct optim *o, struct param *p, const struct update *u,
                           const struct kernels *k, size_t lo, size_t hi)
{
    const struct rmsprop_conf *c = o->conf;
    real *w = p->w + lo, *square = p->slot[0] + lo;
    const real *g = p->g + lo;
    (void)k;
    if (c->centered && c->momentum > 0)
        step(w, g, square, p->slot[1] + lo, p->slot[2] + lo, u, hi - lo);
    else if (c->centered)
        step(w, g, square, p->slot[1] + lo, NULL, u, hi - lo);
    else if (c->momentum > 0)
        step(w, g, square, NULL, p->slot[1] + lo, u, hi - lo);
    else
        step(w, g, square, NULL, NULL, u, hi - lo);
}

const struct optim_ops optim_rmsprop = {
    .name = "rmsprop",
    .help = "gradients divided by the root of their running mean square",
    .lr_default = "0.01",
    .weight_decay_default = "0",
    .opts = rmsprop_opts,
    .conf_size = sizeof(struct rmsprop_conf),
    .n_slots = 3,
    .slot_name = {"square_avg", "grad_avg", "momentum_buffer"},
    .slots = rmsprop_slots,
    .begin = rmsprop_begin,
    .update = rmsprop_update,
};
