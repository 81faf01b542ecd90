/* global_avgpool.c - the mean of each channel over all positions: an image as a vector. */
#include "layers/shared/pooling.h"

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    (void)e;
    struct shape in = l->in[0]->out;
    const struct window h = {.in = in.h, .size = in.h, .stride = 1, .dilation = 1, .out = 1};
    const struct window w = {.in = in.w, .size = in.w, .stride = 1, .dilation = 1, .out = 1};
    pooling_set(l, &h, &w);
    return 0;
}

static const struct layer_example examples[] = {
    {"5x3x4", "[global_avgpool]\n[linear]\nunits = 3\n"},
    {"2x5x5", "[conv2d]\nfilters = 4\nsize = 3\n[relu]\n[global_avgpool]\n"},
    {"3x8", "[tanh t]\n[global_avgpool g]\n[linear a]\nfrom = t\nunits = 3\n[add]\nfrom = g, a\n"},
    {NULL, NULL}};

const struct layer_ops layer_global_avgpool = {.name = "global_avgpool",
                                               .help =
                                                   "the mean of each channel over all positions",
                                               .state_size = sizeof(struct pool),
                                               .setup = setup,
                                               .forward = pooling_average,
                                               .backward = pooling_average_backward,
                                               .flags = LAYER_APPLIES_DACT,
                                               .examples = examples};
