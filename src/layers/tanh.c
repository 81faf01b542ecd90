/* tanh.c - y = tanh(x), element by element. */
#include "layers/shared/activation.h"

static enum act act(const struct layer *l, real *param)
{
    (void)l;
    *param = 0;
    return ACT_TANH;
}

static const struct layer_example examples[] = {
    {"7", "[tanh]\n"},
    {"6", "[linear]\nunits = 5\n[tanh]\n[linear]\nunits = 2\n[tanh]\n"},
    {NULL, NULL}};

const struct layer_ops layer_tanh = {.name = "tanh",
                                     .help = "hyperbolic tangent, from -1 to 1",
                                     .setup = activation_setup,
                                     .forward = activation_forward,
                                     .backward = activation_backward,
                                     .act = act,
                                     .flags = ACTIVATION_FLAGS,
                                     .examples = examples};
