/* adagrad.c - Adagrad (Duchi, Hazan and Singer 2011) in PyTorch's form:
 *
 *     g += weight_decay w;  s = s + g^2;
 *     w -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + eps). */
#include "optim/optim.h"

#include <tgmath.h>

struct adagrad_conf {
    double lr_decay, initial_accumulator_value, eps;
};

static const struct opt adagrad_opts[] = {
    {.name = "lr_decay",
     .type = OPT_FLOAT,
     .offset = offsetof(struct adagrad_conf, lr_decay),
     .def = "0",
     .min = 0,
     .max = 1000,
     .help = "lr is divided by 1 + lr_decay * steps done"},
    {.name = "initial_accumulator_value",
     .type = OPT_FLOAT,
     .offset = offsetof(struct adagrad_conf, initial_accumulator_value),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .help = "what the sums of squared gradients start from"},
    {.name = "eps",
     .type = OPT_FLOAT,
     .offset = offsetof(struct adagrad_conf, eps),
     .def = "1e-10",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MIN,
     .help = "added to the root of the sum of squares"},
    OPT_END};

static void adagrad_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    const struct adagrad_conf *c = o->conf;
    u->lr = (real)lr;
    u->eps = (real)c->eps;
    u->correct1 = (real)(1 + (double)(t - 1) * c->lr_decay);
}

static void step(real *restrict w, const real *restrict g, real *restrict sum,
                 const struct update *u, size_t n)
{
    const real lr = u->lr / u->correct1, decay = u->weight_decay, eps = u->eps;
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + decay * w[i];
        sum[i] += d * d;
        w[i] -= lr * (d / (sqrt(sum[i]) + eps));
    }
}

static void adagrad_update(const struct optim *o, struct param *p, const struct update *u,
                           const struct kernels *k, size_t lo, size_t hi)
{
    const struct adagrad_conf *c = o->conf;
    (void)k;
    for (size_t i = lo; u->first && i < hi; i++)
        p->slot[0][i] = (real)c->initial_accumulator_value;
    step(p->w + lo, p->g + lo, p->slot[0] + lo, u, hi - lo);
}

const struct optim_ops optim_adagrad = {
    .name = "adagrad",
    .help = "steps that shrink with the sum of all squared gradients so far",
    .lr_default = "0.01",
    .weight_decay_default = "0",
    .opts = adagrad_opts,
    .conf_size = sizeof(struct adagrad_conf),
    .n_slots = 1,
    .slot_name = {"sum"},
    .begin = adagrad_begin,
    .update = adagrad_update,
};
