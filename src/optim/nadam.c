/* nadam.c - Adam with Nesterov's momentum (Dozat 2016) in PyTorch's form:
 *
 *     mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  P = mu_1 mu_2 .. mu_t;
 *     g += weight_decay w;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *     r = sqrt(v / (1 - beta2^t)) + eps;
 *     w -= lr (1 - mu_t) / (1 - P) * g / r;  w -= lr mu_(t+1) / (1 - P mu_t mu_(t+1)) * m / r.
 *
 * The mu_t in the last divisor is PyTorch 1.13's; Dozat and later versions have P mu_(t+1) there.
 * From some 20 steps on the two are the same. */
#include "base/fmath.h"
#include "optim/shared/adam_family.h"

#include <tgmath.h>

struct nadam_conf {
    struct adam_conf adam;
    double momentum_decay;
};

static const struct opt nadam_opts[] = {
    ADAM_FAMILY_ROWS,
    {.name = "momentum_decay",
     .type = OPT_FLOAT,
     .offset = offsetof(struct nadam_conf, momentum_decay),
     .def = "0.004",
     .min = 0,
     .max = 1000,
     .help = "how fast the momentum grows from beta1 / 2 to beta1"},
    OPT_END};

/* 1 + r + .. + r^(n-1), by halves: for r near 1 the quotient (1 - r^n) / (1 - r) is inexact. */
static double geometric(double r, uint64_t n)
{
    double sum = 0, power = 1; /* of the terms that the upper bits of n count */
    for (int bit = 63; bit >= 0; bit--) {
        sum *= 1 + power;
        power *= power;
        if (n >> bit & 1) {
            sum = 1 + r * sum;
            power *= r;
        }
    }
    return sum;
}

/* mu_1 .. mu_t without a loop over steps, so that a resumed run needs no state. With q =
 * 0.96^momentum_decay: the sum of log(1 - q^i / 2) over i is minus that of (1/2)^k / k q^k (1 + q^k
 * + .. q^k(t-1)) over k = 1, 2, ... */
static double product(const struct nadam_conf *c, uint64_t t)
{
    const double q = fmath_pow(0.96, c->momentum_decay);
    double sum = 0, half = 1, power = 1;
    if (c->adam.beta1 <= 0)
        return 0;
    for (int k = 1; k <= 54; k++) {
        half /= 2;
        power *= q;
        sum += half / k * power * geometric(power, t);
    }
    return fmath_exp((double)t * fmath_log(c->adam.beta1) - sum);
}

static double momentum(const struct nadam_conf *c, uint64_t t)
{
    return c->adam.beta1 * (1 - fmath_pow(0.96, (double)t * c->momentum_decay) / 2);
}

/* momentum: the factor of m; correct1: what lr is divided by for g. */
static void nadam_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    const struct nadam_conf *c = o->conf;
    double mu = momentum(c, t), next = momentum(c, t + 1), all = product(c, t);
    adam_family_begin(o, t, lr, u);
    u->correct1 = (real)((1 - all) / (1 - mu));
    u->momentum = (real)(next / (1 - all * mu * next));
}

static void step(real *restrict w, const real *restrict g, real *restrict m, real *restrict square,
                 const struct update *u, size_t n)
{
    const real lr_g = u->lr / u->correct1, lr_m = u->lr * u->momentum, decay = u->weight_decay;
    const real beta1 = u->beta1, rest1 = u->rest1, beta2 = u->beta2, rest2 = u->rest2;
    const real correct = u->correct2, eps = u->eps;
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + decay * w[i];
        m[i] = beta1 * m[i] + rest1 * d;
        square[i] = beta2 * square[i] + rest2 * d * d;
        w[i] -= (lr_g * d + lr_m * m[i]) / (sqrt(square[i]) / correct + eps);
    }
}

static void nadam_update(const struct optim *o, struct param *p, const struct update *u,
                         const struct kernels *k, size_t lo, size_t hi)
{
    (void)o;
    (void)k;
    step(p->w + lo, p->g + lo, p->slot[0] + lo, p->slot[1] + lo, u, hi - lo);
}

const struct optim_ops optim_nadam = {
    .name = "nadam",
    .help = "adam that looks ahead along its momentum",
    .lr_default = "0.002",
    .weight_decay_default = "0",
    .opts = nadam_opts,
    .conf_size = sizeof(struct nadam_conf),
    .n_slots = 2,
    .slot_name = {"exp_avg", "exp_avg_sq"},
    .begin = nadam_begin,
    .update = nadam_update,
};
