/* sgd.c - stochastic gradient descent, with momentum (Polyak) or Nesterov's (Sutskever et al. 2013)
 * in PyTorch's form:
 *
 *     g += weight_decay w;  m = momentum m + g;  w -= lr (nesterov ? g + momentum m : m). */
#include "optim/optim.h"

struct sgd_conf {
    double momentum;
    bool nesterov;
};

static const struct opt sgd_opts[] = {{.name = "momentum",
                                       .type = OPT_FLOAT,
                                       .offset = offsetof(struct sgd_conf, momentum),
                                       .def = "0",
                                       .min = 0,
                                       .max = 1,
                                       .flags = OPT_OPEN_MAX,
                                       .help = "share of the last update that is kept in the next"},
                                      {.name = "nesterov",
                                       .type = OPT_BOOL,
                                       .offset = offsetof(struct sgd_conf, nesterov),
                                       .def = "no",
                                       .help = "look ahead along the momentum"},
                                      OPT_END};

static unsigned sgd_slots(const struct optim *o)
{
    const struct sgd_conf *c = o->conf;
    return c->momentum > 0 ? 1 : 0;
}

static void sgd_check(const struct optim *o, const struct netfile *nf, const struct section *s,
                      struct diag *d)
{
    const struct sgd_conf *c = o->conf;
    if (c->nesterov && c->momentum <= 0)
        diag_add(d, nf->path, opt_line(s, "nesterov"),
                 "[optimizer] nesterov = yes: needs momentum above 0");
}

static void sgd_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    const struct sgd_conf *c = o->conf;
    (void)t;
    u->lr = (real)lr;
    u->momentum = (real)c->momentum;
    u->nesterov = c->nesterov;
}

const struct optim_ops optim_sgd = {
    .name = "sgd",
    .help = "stochastic gradient descent, with momentum if asked for",
    .lr_default = "0.01",
    .weight_decay_default = "0",
    .opts = sgd_opts,
    .conf_size = sizeof(struct sgd_conf),
    .n_slots = 1,
    .slot_name = {"momentum_buffer"},
    .slots = sgd_slots,
    .check = sgd_check,
    .begin = sgd_begin,
    .rule = UPDATE_SGD,
};
