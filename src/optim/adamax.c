/* adamax.c - Adamax, Adam with the largest instead of the mean square (Kingma and Ba 2015), in
 * PyTorch's form:
 *
 *     g += weight_decay w;  m = beta1 m + (1 - beta1) g;  s = max(beta2 s, |g| + eps);
 *     w -= lr / (1 - beta1^t) * m / s. */
#include "optim/shared/adam_family.h"

#include <tgmath.h>

static void step(real *restrict w, const real *restrict g, real *restrict m, real *restrict size,
                 const struct update *u, size_t n)
{
    const real lr = u->lr / u->correct1, decay = u->weight_decay, eps = u->eps;
    const real beta1 = u->beta1, rest1 = u->rest1, beta2 = u->beta2;
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + decay * w[i], old = beta2 * size[i], now = fabs(d) + eps;
        m[i] = beta1 * m[i] + rest1 * d;
        size[i] = old > now ? old : now;
        w[i] -= lr * (m[i] / size[i]);
    }
}

static void adamax_update(const struct optim *o, struct param *p, const struct update *u,
                          const struct kernels *k, size_t lo, size_t hi)
{
    (void)o;
    (void)k;
    step(p->w + lo, p->g + lo, p->slot[0] + lo, p->slot[1] + lo, u, hi - lo);
}

const struct optim_ops optim_adamax = {
    .name = "adamax",
    .help = "adam that measures gradients by the largest of late",
    .lr_default = "0.002",
    .weight_decay_default = "0",
    .opts = adam_family_opts,
    .conf_size = sizeof(struct adam_conf),
    .n_slots = 2,
    .slot_name = {"exp_avg", "exp_inf"},
    .begin = adam_family_begin,
    .update = adamax_update,
};
