/* leaky_relu.c - y = x where x is above 0, else a small part of it. */
#include "layers/shared/activation.h"

struct leaky_relu {
    double slope;
};

static enum act act(const struct layer *l, real *param)
{
    *param = (real)((const struct leaky_relu *)l->conf)->slope;
    return ACT_LEAKY_RELU;
}

static const struct opt opts[] = {{.name = "slope",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct leaky_relu, slope),
                                   .def = "0.01",
                                   .min = 0,
                                   .max = 100,
                                   .help = "y = slope x where x is below 0"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"9", "[leaky_relu]\n"},
    {"6", "[linear]\nunits = 8\n[leaky_relu]\nslope = 0.2\n[linear]\nunits = 3\n[leaky_relu]\n"},
    {NULL, NULL}};

const struct layer_ops layer_leaky_relu = {.name = "leaky_relu",
                                           .help = "rectifier that lets a part of x < 0 through",
                                           .opts = opts,
                                           .conf_size = sizeof(struct leaky_relu),
                                           .setup = activation_setup,
                                           .forward = activation_forward,
                                           .backward = activation_backward,
                                           .act = act,
                                           .flags = ACTIVATION_FLAGS | LAYER_KINKED,
                                           .examples = examples};
