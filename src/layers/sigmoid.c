/* sigmoid.c - y = sigmoid(x), element by element. */
#include "layers/shared/activation.h"

static enum act act(const struct layer *l, real *param)
{
    (void)l;
    *param = 0;
    return ACT_SIGMOID;
}

static const struct layer_example examples[] = {
    {"7", "[sigmoid]\n"},
    {"6", "[linear]\nunits = 5\n[sigmoid]\n[linear]\nunits = 2\n[sigmoid]\n"},
    {NULL, NULL}};

const struct layer_ops layer_sigmoid = {.name = "sigmoid",
                                        .help = "logistic, 1 / (1 + e^-x), from 0 to 1",
                                        .setup = activation_setup,
                                        .forward = activation_forward,
                                        .backward = activation_backward,
                                        .act = act,
                                        .flags = ACTIVATION_FLAGS,
                                        .examples = examples};
