/* maxpool.c - the largest value of each window. */
#include "layers/shared/pooling.h"

static int setup(struct layer *l, struct build *b, struct err *e)
{
    if (pooling_setup(l, b, e))
        return -1;
    build_saved(b, shape_size(l->out) * sizeof(int32_t)); /* where it stood */
    return 0;
}

static void forward(struct layer *l, const struct pass *p)
{
    pooling_run(l, p, p->k->max_pool, l->in[0]->dy ? l->saved : NULL);
}

static void backward(struct layer *l, const struct pass *p)
{
    if (l->in[0]->dy)
        pooling_run(l, p, p->k->max_pool_backward, l->saved);
}

static const struct layer_example examples[] = {
    {"3x6x4", "[maxpool]\n"},
    {"2x7x5",
     "[tanh t]\n[maxpool a]\nsize = 3x2\nstride = 2x1\npadding = 1\n[maxpool b]\nfrom = t\n"
     "size = 3x2\nstride = 2x1\npadding = 1\n[add]\nfrom = a, b\n"},
    {"4x9", "[conv1d]\nfilters = 5\nsize = 2\n[relu]\n[maxpool]\nsize = 3\n[linear]\nunits = 2\n"},
    {"1x4x4", "[conv2d]\nfilters = 3\nsize = 2\n[leaky_relu]\n[maxpool]\nsize = 2\nstride = 1\n"},
    {NULL, NULL}};

const struct layer_ops layer_maxpool = {.name = "maxpool",
                                        .help = "the largest value of each window of positions",
                                        .opts = pooling_opts,
                                        .conf_size = sizeof(struct pooling),
                                        .state_size = sizeof(struct pool),
                                        .setup = setup,
                                        .forward = forward,
                                        .backward = backward,
                                        .flags =
                                            LAYER_APPLIES_DACT | LAYER_BWD_NEEDS_Y | LAYER_KINKED,
                                        .examples = examples};
