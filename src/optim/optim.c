/* optim.c - what all optimizers share: the registry, the section [optimizer], and the step. */
#include "optim/optim.h"

#include "base/choice.h"
#include "base/mem.h"

#include <string.h>

#define X(n) extern const struct optim_ops optim_##n;
#include "gen/optim.def"
#undef X

const struct optim_ops *const optim_registry[] = {
#define X(n) &optim_##n,
#include "gen/optim.def"
#undef X
    NULL};

static const char *const names[] = {
#define X(n) #n,
#include "gen/optim.def"
#undef X
    NULL};

static const struct opt common_opts[OPTIM_OPTS] = {
    {.name = "type",
     .type = OPT_WORD,
     .offset = offsetof(struct optim_conf, type),
     .def = "sgd",
     .words = names,
     .help = "how parameters follow their gradients"},
    {.name = "lr",
     .type = OPT_FLOAT,
     .offset = offsetof(struct optim_conf, lr),
     .min = 0,
     .max = 1000,
     .flags = OPT_OPEN_MIN,
     .help = "learning rate; [schedule] changes it in the course of training"},
    {.name = "weight_decay",
     .type = OPT_FLOAT,
     .offset = offsetof(struct optim_conf, weight_decay),
     .min = 0,
     .max = 1000,
     .help = "pulls parameters towards 0: weight_decay * w is added to the gradient; adamw: w "
             "shrinks by lr * weight_decay instead"},
    OPT_END};

static const struct opt no_opts[] = {OPT_END};

void optim_opts(const struct optim_ops *ops, struct opt table[OPTIM_OPTS])
{
    memcpy(table, common_opts, sizeof common_opts);
    table[1].def = ops->lr_default;
    table[2].def = ops->weight_decay_default;
}

static const struct opt *own_opts(const struct optim *o)
{
    return o->ops->opts ? o->ops->opts : no_opts;
}

const struct optim_ops *optim_find(const char *type)
{
    for (int i = 0; optim_registry[i]; i++)
        if (strcmp(optim_registry[i]->name, type) == 0)
            return optim_registry[i];
    return NULL;
}

int optim_read(struct optim *o, const struct netfile *nf, const struct section *s, struct diag *d,
               struct err *e)
{
    int type, before = d->total;
    *o = (struct optim){.ops = optim_registry[0]};
    if (choice_read(nf, s, common_opts, &type, d, e) < 0)
        return -1;
    if (type >= 0)
        o->ops = optim_registry[type];
    o->conf = mem_alloc(1, o->ops->conf_size, e);
    if (!o->conf)
        return -1;
    struct opt table[OPTIM_OPTS];
    optim_opts(o->ops, table);
    if (type < 0) /* whose keys these are is unknown: nothing more to say about them */
        s = NULL;
    struct opt_target targets[] = {{table, &o->common}, {own_opts(o), o->conf}};
    if (opt_read(nf, s, targets, 2, d, e) < 0)
        return -1;
    if (s && d->total == before && o->ops->check)
        o->ops->check(o, nf, s, d);
    return 0;
}

void optim_free(struct optim *o)
{
    if (o->conf)
        opt_free(own_opts(o), o->conf);
    mem_free(o->conf);
    *o = (struct optim){0};
}

int optim_write(const struct optim *o, struct text *t, struct err *e)
{
    struct opt table[OPTIM_OPTS];
    optim_opts(o->ops, table);
    struct optim_conf common = o->common;
    struct opt_target targets[] = {{table, &common}, {own_opts(o), o->conf}};
    return opt_write(t, "optimizer", "", targets, 2, e);
}

int optim_slots(const struct optim *o)
{
    return o->ops->slots ? o->ops->slots(o) : o->ops->n_slots;
}

/* Work is dealt in pieces of 64 numbers (whole cache lines) over all parameters in a row, so that
 * every thread gets the same amount however the sizes of the parameters differ. */
#define PIECE 64

static bool is_updated(const struct param *p)
{
    return p->kind == PARAM_TRAINED && !p->frozen && p->g;
}

static size_t param_pieces(const struct param *p)
{
    return is_updated(p) ? (p->size + PIECE - 1) / PIECE : 0;
}

static size_t net_pieces(const struct net *net)
{
    size_t n = 0;
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            n += param_pieces(&net->layers[i].params[j]);
    return n;
}

/* The share of pieces lo .. hi-1 (of the whole net) that lies in p, whose first piece is `at`. */
static void update_share(const struct optim *o, struct param *p, const struct update *base,
                         double lr, const struct kernels *k, size_t at, size_t lo, size_t hi)
{
    size_t end = at + param_pieces(p);
    lo = lo > at ? lo : at;
    hi = hi < end ? hi : end;
    if (lo >= hi)
        return;
    struct update u = *base;
    u.lr = (real)(lr * (double)p->lr_mult);
    u.weight_decay = p->decay ? (real)o->common.weight_decay : 0;
    size_t first = (lo - at) * PIECE, last = (hi - at) * PIECE;
    o->ops->update(o, p, &u, k, first, last < p->size ? last : p->size);
}

void optim_step(const struct optim *o, struct net *net, uint64_t t, double lr, int tid, int nt)
{
    struct update u = {0};
    o->ops->begin(o, t, lr, &u);
    size_t lo, hi, at = 0;
    par_range(net_pieces(net), 1, tid, nt, &lo, &hi);
    for (int i = 0; i < net->n_layers && at < hi; i++) {
        for (int j = 0; j < net->layers[i].n_params; j++) {
            struct param *p = &net->layers[i].params[j];
            update_share(o, p, &u, lr, net->k, at, lo, hi);
            at += param_pieces(p);
        }
    }
}
