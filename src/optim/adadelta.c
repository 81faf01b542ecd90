/* adadelta.c - Adadelta (Zeiler 2012) in PyTorch's form:
 *
 *     g += weight_decay w;  v = rho v + (1 - rho) g^2;
 *     d = sqrt(a + eps) / sqrt(v + eps) * g;  a = rho a + (1 - rho) d^2;  w -= lr d. */
#include "optim/optim.h"

#include <tgmath.h>

struct adadelta_conf {
    double rho, eps;
};

static const struct opt adadelta_opts[] = {
    {.name = "rho",
     .type = OPT_FLOAT,
     .offset = offsetof(struct adadelta_conf, rho),
     .def = "0.9",
     .min = 0,
     .max = 1,
     .help = "how slowly the running means of squared gradients and steps change"},
    {.name = "eps",
     .type = OPT_FLOAT,
     .offset = offsetof(struct adadelta_conf, eps),
     .def = "1e-6",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MIN,
     .help = "added to both mean squares; what the first step comes from"},
    OPT_END};

static void adadelta_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    const struct adadelta_conf *c = o->conf;
    (void)t;
    u->lr = (real)lr;
    u->beta2 = (real)c->rho;
    u->rest2 = (real)(1 - c->rho);
    u->eps = (real)c->eps;
}

static void step(real *restrict w, const real *restrict g, real *restrict square,
                 real *restrict delta, const struct update *u, size_t n)
{
    const real lr = u->lr, decay = u->weight_decay, rho = u->beta2, rest = u->rest2, eps = u->eps;
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + decay * w[i];
        square[i] = rho * square[i] + rest * d * d;
        d *= sqrt(delta[i] + eps) / sqrt(square[i] + eps);
        delta[i] = rho * delta[i] + rest * d * d;
        w[i] -= lr * d;
    }
}

static void adadelta_update(const struct optim *o, struct param *p, const struct update *u,
                            const struct kernels *k, size_t lo, size_t hi)
{
    (void)o;
    (void)k;
    step(p->w + lo, p->g + lo, p->slot[0] + lo, p->slot[1] + lo, u, hi - lo);
}

const struct optim_ops optim_adadelta = {
    .name = "adadelta",
    .help = "steps as large as the last ones were, by running means of squares",
    .lr_default = "1",
    .weight_decay_default = "0",
    .opts = adadelta_opts,
    .conf_size = sizeof(struct adadelta_conf),
    .n_slots = 2,
    .slot_name = {"square_avg", "acc_delta"},
    .begin = adadelta_begin,
    .update = adadelta_update,
};
