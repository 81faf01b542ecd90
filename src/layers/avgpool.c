/* avgpool.c - the mean of each window. */
#include "layers/shared/pooling.h"

static const struct layer_example examples[] = {
    {"3x6x4", "[avgpool]\n"},
    {"2x7x5",
     "[tanh t]\n[avgpool a]\nsize = 3x2\nstride = 2x1\npadding = 1\n[avgpool b]\nfrom = t\n"
     "size = 3x2\nstride = 2x1\npadding = 1\n[add]\nfrom = a, b\n"},
    {"4x9", "[conv1d]\nfilters = 5\nsize = 2\n[relu]\n[avgpool]\nsize = 3\n[linear]\nunits = 2\n"},
    {NULL, NULL}};

const struct layer_ops layer_avgpool = {.name = "avgpool",
                                        .help = "the mean of each window of positions",
                                        .opts = pooling_opts,
                                        .conf_size = sizeof(struct pooling),
                                        .state_size = sizeof(struct pool),
                                        .setup = pooling_setup,
                                        .forward = pooling_average,
                                        .backward = pooling_average_backward,
                                        .flags = LAYER_APPLIES_DACT,
                                        .examples = examples};
