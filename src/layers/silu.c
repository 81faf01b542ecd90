/* silu.c - y = x sigmoid(x), also called swish. */
#include "layers/shared/activation.h"

static void forward(struct layer *l, const struct pass *p)
{
    activation_curve_forward(l, p, CURVE_SILU);
}

static void backward(struct layer *l, const struct pass *p)
{
    activation_curve_backward(l, p, CURVE_SILU);
}

static const struct layer_example examples[] = {
    {"9", "[silu]\n"},
    {"6", "[linear]\nunits = 8\n[silu]\n[linear]\nunits = 3\n[silu]\n"},
    {NULL, NULL}};

const struct layer_ops layer_silu = {.name = "silu",
                                     .help = "x sigmoid(x), also called swish",
                                     .setup = activation_setup,
                                     .forward = forward,
                                     .backward = backward,
                                     .flags = LAYER_BWD_NEEDS_X,
                                     .examples = examples};
