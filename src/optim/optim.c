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

#define FIELD(f) offsetof(struct optim_conf, f)

const struct opt optim_type_opts[] = {{.name = "type",
                                       .type = OPT_WORD,
                                       .offset = FIELD(type),
                                       .def = "sgd",
                                       .words = names,
                                       .help = "how parameters follow their gradients"},
                                      OPT_END};

static const struct opt rate_opts[OPTIM_OPTS] = {
    {.name = "lr",
     .type = OPT_FLOAT,
     .offset = FIELD(lr),
     .min = 0,
     .max = 1000,
     .flags = OPT_OPEN_MIN,
     .help = "learning rate; [schedule] changes it in the course of training"},
    {.name = "weight_decay",
     .type = OPT_FLOAT,
     .offset = FIELD(weight_decay),
     .min = 0,
     .max = 1000,
     .help =
         "pulls parameters towards 0: weight_decay * w is added to the gradient; adamw, muon: w "
         "shrinks by lr * weight_decay instead"},
    OPT_END};

static const char *const decay_words[] = {"all", "weights", NULL};

const struct opt optim_shared_opts[] = {
    {.name = "decay",
     .type = OPT_WORD,
     .offset = FIELD(decay),
     .def = "all",
     .words = decay_words,
     .help = "what weight_decay and l1 apply to; weights: not to biases and other vectors, such as "
             "those of norms; layers can be left out by their own key"},
    {.name = "l1",
     .type = OPT_FLOAT,
     .offset = FIELD(l1),
     .def = "0",
     .min = 0,
     .max = 1000,
     .help = "pulls parameters to 0: l1 * sign(w) is added to the gradient, before it is clipped; "
             "not in layers with decay = no"},
    {.name = "clip_value",
     .type = OPT_FLOAT,
     .offset = FIELD(clip_value),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .help = "every number of the gradient is kept between -clip_value and clip_value; 0: any"},
    {.name = "clip_norm",
     .type = OPT_FLOAT,
     .offset = FIELD(clip_norm),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .help = "gradients are scaled down together where their norm, over all parameters, is larger; "
             "0: never"},
    {.name = "ema",
     .type = OPT_FLOAT,
     .offset = FIELD(ema),
     .def = "0",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MAX,
     .help = "keeps averages of the weights, which evaluation and checkpoints use: after every "
             "step ema * average + (1 - ema) * weights; 0.99 averages some 100 steps; 0: none"},
    {.name = "sam",
     .type = OPT_FLOAT,
     .offset = FIELD(sam),
     .def = "0",
     .min = 0,
     .max = 1000,
     .help = "sharpness-aware minimization: the update follows the gradient, of the same batch, "
             "where the weights would be after a step of this length up the gradient (0.05); "
             "takes twice the time; 0: none"},
    {.name = "sam_epochs",
     .type = OPT_FLOAT,
     .offset = FIELD(sam_epochs),
     .def = "0",
     .min = 0,
     .max = 1e9,
     .help = "sam in the last so many epochs only, which often does as much; 0: in all"},
    OPT_END};

static const struct opt no_opts[] = {OPT_END};

void optim_opts(const struct optim_ops *ops, struct opt table[OPTIM_OPTS])
{
    memcpy(table, rate_opts, sizeof rate_opts);
    table[0].def = ops->lr_default;
    table[1].def = ops->weight_decay_default;
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
    if (choice_read(nf, s, optim_type_opts, &type, d, e) < 0)
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
    struct opt_target targets[] = {{optim_type_opts, &o->common},
                                   {table, &o->common},
                                   {own_opts(o), o->conf},
                                   {optim_shared_opts, &o->common}};
    if (opt_read(nf, s, targets, 4, d, e) < 0)
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
    mem_free(o->squares);
    mem_free(o->origin);
    mem_free(o->averages);
    mem_free(o->work);
    *o = (struct optim){0};
}

int optim_write(const struct optim *o, struct text *t, struct err *e)
{
    struct opt table[OPTIM_OPTS];
    optim_opts(o->ops, table);
    struct optim_conf common = o->common;
    struct opt_target targets[] = {{optim_type_opts, &common},
                                   {table, &common},
                                   {own_opts(o), o->conf},
                                   {optim_shared_opts, &common}};
    return opt_write(t, "optimizer", "", targets, 4, e);
}

/* ---- state ---- */

static bool needs_slot(const struct optim *o, int i)
{
    return !o->ops->slots || o->ops->slots(o) >> i & 1;
}

static int own_slots(const struct optim *o)
{
    int n = 0;
    for (int i = 0; i < o->ops->n_slots; i++)
        n += needs_slot(o, i);
    return n;
}

int optim_slots(const struct optim *o)
{
    return own_slots(o) + (o->common.ema > 0);
}

/* The average of p's weights, or NULL. */
static real *average(const struct optim *o, const struct param *p)
{
    return o->common.ema > 0 ? p->slot[own_slots(o)] : NULL;
}

real *optim_weights(const struct optim *o, const struct param *p)
{
    real *a = average(o, p);
    return a ? a : p->w;
}

bool optim_has_state(const struct optim *o, const struct param *p, int s)
{
    return p->kind == PARAM_BUFFER ? s == own_slots(o) : !p->frozen;
}

real *optim_state(const struct optim *o, const struct param *p, int s)
{
    return s == own_slots(o) ? p->w : p->slot[s];
}

const char *optim_state_name(const struct optim *o, int s)
{
    for (int i = 0; i < o->ops->n_slots; i++)
        if (needs_slot(o, i) && s-- == 0)
            return o->ops->slot_name[i];
    return "raw";
}
