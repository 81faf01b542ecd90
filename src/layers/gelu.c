/* gelu.c - y = x times the probability that a normal number is below x (Hendrycks and Gimpel 2016).
 */
#include "layers/shared/activation.h"

struct gelu {
    int approximate;
};

static const char *const approximate_words[] = {"none", "tanh", NULL};

static enum curve curve(const struct layer *l)
{
    return ((const struct gelu *)l->conf)->approximate ? CURVE_GELU_TANH : CURVE_GELU;
}

static void forward(struct layer *l, const struct pass *p)
{
    activation_curve_forward(l, p, curve(l));
}

static void backward(struct layer *l, const struct pass *p)
{
    activation_curve_backward(l, p, curve(l));
}

static const struct opt opts[] = {{.name = "approximate",
                                   .type = OPT_WORD,
                                   .offset = offsetof(struct gelu, approximate),
                                   .def = "none",
                                   .words = approximate_words,
                                   .help = "none: exact, by the error function; tanh: "
                                           "x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"9", "[gelu]\n"},
    {"6", "[linear]\nunits = 8\n[gelu]\napproximate = tanh\n[linear]\nunits = 3\n[gelu]\n"},
    {NULL, NULL}};

const struct layer_ops layer_gelu = {.name = "gelu",
                                     .help = "x times the normal probability of being below x",
                                     .opts = opts,
                                     .conf_size = sizeof(struct gelu),
                                     .setup = activation_setup,
                                     .forward = forward,
                                     .backward = backward,
                                     .flags = LAYER_BWD_NEEDS_X,
                                     .examples = examples};
