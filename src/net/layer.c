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
    "xavier_uniform", "xavier_normal", "he_uniform", "he_normal",
    "lecun_uniform",  "lecun_normal",  "uniform",    "normal",
    "constant",       "orthogonal",    NULL};

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
             "where s is init_scale"},
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
     .type = OPT_BOOL,
     .offset = FIELD(freeze),
     .def = "no",
     .help = "whether the parameters stay as they are in training"},
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
    for (int a = p->nd - 1; a >= 0; a--) {
        at[a] = i % (size_t)p->dim[a];
        i /= (size_t)p->dim[a];
    }
    size_t pos = 0;
    for (int a = 0; a < p->nd; a++)
        pos = pos * (size_t)p->dim[p->order[a]] + at[p->order[a]];
    return pos;
}
