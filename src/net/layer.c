/* layer.c - the list of layer types and the keys they share. */
#include "net/layer.h"

#include <string.h>

#define X(name) extern const struct layer_ops layer_##name;
#include "gen/layers.def"
#undef X

const struct layer_ops *const layer_registry[] = {
#define X(name) &layer_##name,
#include "gen/layers.def"
#undef X
    NULL};

const struct layer_ops *layer_find(const char *type)
{
    for (const struct layer_ops *const *ops = layer_registry; *ops; ops++)
        if (strcmp((*ops)->name, type) == 0)
            return *ops;
    return NULL;
}

static const char *const init_words[] = {
    "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "lecun_uniform",
    "lecun_normal",   "uniform",       "normal",     "constant",  "orthogonal",
    "dirac",          "whitening",     NULL};

/* in the order of enum layer_decay and enum layer_freeze */
static const char *const decay_words[] = {"no", "yes", "weights", NULL};

#define FIELD(f) offsetof(struct layer_conf, f)

const struct opt layer_common_opts[] = {
    {.name = "from",
     .type = OPT_NAMES,
     .offset = FIELD(from),
     .help = "its inputs: layers above it, or `input` (the data); without it, the layer above"},
    OPT_END};

const struct opt layer_init_opts[] = {
    {.name = "init",
     .type = OPT_WORD,
     .offset = FIELD(init),
     .def = "xavier_uniform",
     .words = init_words,
     .help = "how weights start; uniform is in [-s, s], normal has deviation s, constant is s, "
             "where s is init_scale; dirac: the first outputs are the inputs; whitening, of a "
             "layer on the input: outputs are uncorrelated and of deviation 1 over the training "
             "data, then the same negated"},
    {.name = "init_scale",
     .type = OPT_FLOAT,
     .offset = FIELD(init_scale),
     .def = "1",
     .min = -1e6,
     .max = 1e6,
     .help = "what the starting weights are multiplied by"},
    OPT_END};

const struct opt layer_param_opts[] = {
    {.name = "bias",
     .type = OPT_BOOL,
     .offset = FIELD(bias),
     .def = "yes",
     .help = "whether a bias is added; it starts at 0"},
    {.name = "freeze",
     .type = OPT_WORD,
     .offset = FIELD(freeze),
     .def = "no",
     .words = decay_words,
     .help = "whether the parameters stay as they are in training; weights: but for biases and "
             "other vectors"},
    {.name = "lr_mult",
     .type = OPT_FLOAT,
     .offset = FIELD(lr_mult),
     .def = "1",
     .min = 0,
     .max = 1e6,
     .help = "what the learning rate is multiplied by here"},
    {.name = "decay",
     .type = OPT_WORD,
     .offset = FIELD(decay),
     .def = "yes",
     .words = decay_words,
     .help = "whether weight decay applies here; weights: not to biases and other vectors"},
    OPT_END};

size_t param_index(const struct param *p, size_t i)
{
    size_t at[PARAM_DIMS] = {0};
    for (int a = p->nd - 1; a > 0; a--) {
        at[a] = i % (size_t)p->dim[a];
        i /= (size_t)p->dim[a];
    }
    at[0] = i;
    size_t pos = 0;
    for (int a = 0; a < p->nd; a++)
        pos = pos * (size_t)p->dim[p->order[a]] + at[p->order[a]];
    return pos;
}

void layer_matmul(const struct matmul *mm, const struct pass *p)
{
    if (!p->own) {
        p->k->matmul(mm, p->tid, p->nt);
        return;
    }
    int lo, hi;
    layer_rows(p, &lo, &hi);
    struct matmul mine = *mm;
    mine.m = hi - lo;
    mine.a += lo * mm->a_rs;
    mine.c += lo * mm->ldc;
    if (mm->dact_y)
        mine.dact_y += lo * mm->ldc;
    p->k->matmul(&mine, 0, 1);
}

void param_step(const struct param *p, const struct update *u, const struct kernels *k, size_t lo,
                size_t hi)
{
    real *m = p->slot[0] ? p->slot[0] + lo : NULL;
    if (u->rule == UPDATE_SGD)
        k->sgd(p->w + lo, p->g + lo, m, u, hi - lo);
    else if (u->rule == UPDATE_ADAM)
        k->adam(p->w + lo, p->g + lo, m, p->slot[1] + lo, u, hi - lo);
}

void layer_update(const struct param *param, const struct pass *p, size_t lo, size_t hi)
{
    if (!p->update)
        return;
    const struct update u = param_update(param, p->update);
    param_step(param, &u, p->k, lo, hi);
}

void layer_backward(struct layer *l, const struct pass *p)
{
    bool wanted = false;
    for (int i = 0; i < l->n_params; i++)
        wanted |= l->params[i].g != NULL;
    if (wanted && l->ops->backward_params)
        l->ops->backward_params(l, p);
    l->ops->backward(l, p);
}
