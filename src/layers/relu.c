/* relu.c - y = x where x is above a threshold, else 0. */
#include "layers/shared/activation.h"

struct relu {
    double threshold;
};

static enum act act(const struct layer *l, real *param)
{
    *param = (real)((const struct relu *)l->conf)->threshold;
    return ACT_RELU;
}

static const struct opt opts[] = {{.name = "threshold",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct relu, threshold),
                                   .def = "0",
                                   .min = 0,
                                   .max = 1e6,
                                   .help = "y = x if x is above it, else 0"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"9", "[relu]\n"},
    {"6", "[linear]\nunits = 8\n[relu]\nthreshold = 0.1\n[linear]\nunits = 3\n[relu]\n"},
    {NULL, NULL}};

const struct layer_ops layer_relu = {.name = "relu",
                                     .help = "rectifier: y = x if x > threshold, else 0",
                                     .opts = opts,
                                     .conf_size = sizeof(struct relu),
                                     .setup = activation_setup,
                                     .forward = activation_forward,
                                     .backward = activation_backward,
                                     .act = act,
                                     .flags = ACTIVATION_FLAGS | LAYER_KINKED,
                                     .examples = examples};
