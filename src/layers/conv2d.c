/* conv2d.c - filters over the positions of an image. */
#include "layers/shared/convolution.h"

static int setup(struct layer *l, struct build *b, struct err *e)
{
    if (shape_is_vector(l->in[0]->out))
        return window_refuse(l, "an image", e);
    return convolution_setup(l, b, l->conf, false, e);
}

static const char *const padding_words[] = {"same", NULL};

/* in the order of enum precision */
static const char *const precision_words[] = {"fp32", "bf16", NULL};

#define FIELD(f) offsetof(struct convolution, f)

static const struct opt opts[] = {
    {.name = "filters",
     .type = OPT_INT,
     .offset = FIELD(filters),
     .min = 1,
     .max = 1 << 16,
     .flags = OPT_REQUIRED,
     .help = "number of channels of the output"},
    {.name = "size",
     .type = OPT_PAIR,
     .offset = FIELD(size),
     .min = 1,
     .max = WINDOW_SIZE_MAX,
     .flags = OPT_REQUIRED,
     .help = "height and width of a filter, 3 or 3x5"},
    {.name = "stride",
     .type = OPT_PAIR,
     .offset = FIELD(stride),
     .def = "1",
     .min = 1,
     .max = WINDOW_STRIDE_MAX,
     .help = "steps from one output to the next"},
    {.name = "padding",
     .type = OPT_PAIR,
     .offset = FIELD(padding),
     .def = "0",
     .min = 0,
     .max = WINDOW_SIZE_MAX,
     .words = padding_words,
     .help = "rows and columns of zeros on each side; same: so many that the output has the size "
             "of the input over the stride"},
    {.name = "dilation",
     .type = OPT_PAIR,
     .offset = FIELD(dilation),
     .def = "1",
     .min = 1,
     .max = WINDOW_STRIDE_MAX,
     .help = "steps from one tap of a filter to the next"},
    {.name = "groups",
     .type = OPT_INT,
     .offset = FIELD(groups),
     .def = "1",
     .min = 1,
     .max = 1 << 16,
     .help = "so many groups of filters see only their group of channels; as many as channels: "
             "depthwise"},
    {.name = "precision",
     .type = OPT_WORD,
     .offset = FIELD(precision),
     .def = "fp32",
     .words = precision_words,
     .help = "of the factors of sums, which are fp32: bf16 rounds them to bfloat16, where a "
             "convolution is computed by products at points (at least 16 channels, size 3x3 or "
             "5x5, stride 1); twice as many a cycle on a processor with instructions for it, the "
             "same bits on others"},
    OPT_END};

static const struct layer_example examples[] = {
    {"3x5x4", "[conv2d]\nfilters = 4\nsize = 3\npadding = same\n"},
    {"2x7x6", "[conv2d]\nfilters = 3\nsize = 3x2\nstride = 2x3\npadding = 1\nbias = no\n"},
    {"1x6x7", "[conv2d a]\nfilters = 4\nsize = 3\ndilation = 2\npadding = 2x1\n[relu]\n"
              "[conv2d b]\nfilters = 6\nsize = 3\ngroups = 2\nstride = 2\npadding = same\n[tanh]\n"
              "[conv2d c]\nfilters = 12\nsize = 2\ngroups = 6\npadding = same\n[linear]\nunits = "
              "2\n"},
    {"2x4x5", "[tanh]\n[conv2d]\nfilters = 3\nsize = 2\nfreeze = weights\ninit = dirac\n"},
    {"2x3x3", "[tanh t]\n[conv2d a]\nfilters = 2\nsize = 3\npadding = same\n[conv2d b]\nfrom = t\n"
              "filters = 2\nsize = 1\n[add]\nfrom = t, a, b\n"},
    {NULL, NULL}};

const struct layer_ops layer_conv2d = {.name = "conv2d",
                                       .help = "filters over the positions of an image",
                                       .opts = opts,
                                       .conf_size = sizeof(struct convolution),
                                       .state_size = sizeof(struct conv),
                                       .setup = setup,
                                       .workspace = convolution_workspace,
                                       .forward = convolution_forward,
                                       .backward = convolution_backward,
                                       .backward_params = convolution_backward_params,
                                       .flags = CONVOLUTION_FLAGS,
                                       .examples = examples};
