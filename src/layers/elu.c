/* elu.c - y = x where x is above 0, else alpha (e^x - 1) (Clevert, Unterthiner, Hochreiter 2016).
 */
#include "layers/shared/activation.h"

struct elu {
    double alpha;
};

static enum act act(const struct layer *l, real *param)
{
    *param = (real)((const struct elu *)l->conf)->alpha;
    return ACT_ELU;
}

static const struct opt opts[] = {
    {.name = "alpha",
     .type = OPT_FLOAT,
     .offset = offsetof(struct elu, alpha),
     .def = "1",
     .min = 0,
     .max = 100,
     .help = "y goes to -alpha far below 0; a kink at 0 unless it is 1"},
    OPT_END};

static const struct layer_example examples[] = {
    {"9", "[elu]\n"},
    {"6", "[linear]\nunits = 8\n[elu]\nalpha = 0.5\n[linear]\nunits = 3\n[elu]\n"},
    {NULL, NULL}};

const struct layer_ops layer_elu = {.name = "elu",
                                    .help = "y = x above 0, alpha (e^x - 1) below",
                                    .opts = opts,
                                    .conf_size = sizeof(struct elu),
                                    .setup = activation_setup,
                                    .forward = activation_forward,
                                    .backward = activation_backward,
                                    .act = act,
                                    .flags = ACTIVATION_FLAGS | LAYER_KINKED,
                                    .examples = examples};
