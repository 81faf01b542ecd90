/* rprop.c - resilient backpropagation (Riedmiller and Braun 1993) in PyTorch's form: every number
 * has a step s of its own, lr at first, and only the sign of its gradient counts.
 *
 *     g against the last one:  same sign: s *= etaplus;  other sign: s *= etaminus, g = 0
 *     s in [step_size_min, step_size_max];  w -= sign(g) s. */
#include "optim/optim.h"

struct rprop_conf {
    double etaminus, etaplus, step_size_min, step_size_max;
};

static const struct opt rprop_opts[] = {
    {.name = "etaminus",
     .type = OPT_FLOAT,
     .offset = offsetof(struct rprop_conf, etaminus),
     .def = "0.5",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MIN | OPT_OPEN_MAX,
     .help = "factor of a step where the gradient has changed its sign"},
    {.name = "etaplus",
     .type = OPT_FLOAT,
     .offset = offsetof(struct rprop_conf, etaplus),
     .def = "1.2",
     .min = 1,
     .max = 100,
     .flags = OPT_OPEN_MIN,
     .help = "factor of a step where it has not"},
    {.name = "step_size_min",
     .type = OPT_FLOAT,
     .offset = offsetof(struct rprop_conf, step_size_min),
     .def = "1e-6",
     .min = 0,
     .max = 1000,
     .help = "smallest step"},
    {.name = "step_size_max",
     .type = OPT_FLOAT,
     .offset = offsetof(struct rprop_conf, step_size_max),
     .def = "50",
     .min = 0,
     .max = 1000,
     .flags = OPT_OPEN_MIN,
     .help = "largest step"},
    OPT_END};

static void rprop_check(const struct optim *o, const struct netfile *nf, const struct section *s,
                        struct diag *d)
{
    const struct rprop_conf *c = o->conf;
    if (c->step_size_min > c->step_size_max)
        diag_add(d, nf->path, opt_line(s, "step_size_min"),
                 "[optimizer] step_size_min = %g is above step_size_max = %g", c->step_size_min,
                 c->step_size_max);
}

static void rprop_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    (void)o;
    (void)t;
    u->lr = (real)lr;
}

static void step(real *restrict w, const real *restrict g, real *restrict last, real *restrict size,
                 const struct rprop_conf *c, real decay, size_t n)
{
    const real minus = (real)c->etaminus, plus = (real)c->etaplus;
    const real least = (real)c->step_size_min, most = (real)c->step_size_max;
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + decay * w[i], turn = d * last[i];
        real eta = turn < 0 ? minus : 1;
        eta = turn > 0 ? plus : eta;
        real s = size[i] * eta;
        s = s < least ? least : s;
        s = s > most ? most : s;
        size[i] = s;
        real keep = (real) !(turn < 0), sign = (real)((d > 0) - (d < 0));
        last[i] = keep * d;
        w[i] -= keep * sign * s;
    }
}

static void rprop_update(const struct optim *o, struct param *p, const struct update *u,
                         const struct kernels *k, size_t lo, size_t hi)
{
    (void)k;
    for (size_t i = lo; u->first && i < hi; i++)
        p->slot[1][i] = u->lr;
    step(p->w + lo, p->g + lo, p->slot[0] + lo, p->slot[1] + lo, o->conf, u->weight_decay, hi - lo);
}

const struct optim_ops optim_rprop = {
    .name = "rprop",
    .help = "steps by the sign of the gradient alone, for batch = all; lr is the first step, which "
            "grows and shrinks by itself: a schedule changes nothing later",
    .lr_default = "0.01",
    .weight_decay_default = "0",
    .opts = rprop_opts,
    .conf_size = sizeof(struct rprop_conf),
    .n_slots = 2,
    .slot_name = {"prev", "step_size"},
    .check = rprop_check,
    .begin = rprop_begin,
    .update = rprop_update,
};
