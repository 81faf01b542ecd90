/* conv1d.c - filters over the positions of a sequence. */
#include "layers/shared/convolution.h"

struct conv1d {
    int filters, size, stride, padding, dilation, groups;
};

static int setup(struct layer *l, struct build *b, struct err *e)
{
    const struct conv1d *c = l->conf;
    const struct convolution flat = {c->filters,      {1, c->size},     {1, c->stride},
                                     {0, c->padding}, {1, c->dilation}, c->groups,
                                     PRECISION_FP32};
    struct shape in = l->in[0]->out;
    if (in.h > 1 || shape_is_vector(in))
        return window_refuse(l, "a sequence (CHANNELSxLENGTH; see [reshape])", e);
    return convolution_setup(l, b, &flat, true, e);
}

static const char *const padding_words[] = {"same", NULL};

#define FIELD(f) offsetof(struct conv1d, f)

static const struct opt opts[] = {
    {.name = "filters",
     .type = OPT_INT,
     .offset = FIELD(filters),
     .min = 1,
     .max = 1 << 16,
     .flags = OPT_REQUIRED,
     .help = "number of channels of the output"},
    {.name = "size",
     .type = OPT_INT,
     .offset = FIELD(size),
     .min = 1,
     .max = WINDOW_SIZE_MAX,
     .flags = OPT_REQUIRED,
     .help = "length of a filter"},
    {.name = "stride",
     .type = OPT_INT,
     .offset = FIELD(stride),
     .def = "1",
     .min = 1,
     .max = WINDOW_STRIDE_MAX,
     .help = "steps from one output to the next"},
    {.name = "padding",
     .type = OPT_INT,
     .offset = FIELD(padding),
     .def = "0",
     .min = 0,
     .max = WINDOW_SIZE_MAX,
     .words = padding_words,
     .help = "zeros at each end; same: so many that the output has the length of the input over "
             "the stride"},
    {.name = "dilation",
     .type = OPT_INT,
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
    OPT_END};

static const struct layer_example examples[] = {
    {"4x9", "[conv1d]\nfilters = 5\nsize = 3\n"},
    {"6x8", "[conv1d a]\nfilters = 4\nsize = 4\nstride = 2\npadding = same\ngroups = 2\n[relu]\n"
            "[conv1d b]\nfilters = 4\nsize = 3\ndilation = 2\npadding = 2\nbias = no\n[tanh]\n"
            "[linear]\nunits = 2\n"},
    {"5x7", "[conv1d]\nfilters = 5\nsize = 3\ngroups = 5\npadding = 1\nstride = 3\n"},
    {NULL, NULL}};

const struct layer_ops layer_conv1d = {.name = "conv1d",
                                       .help = "filters over the positions of a sequence",
                                       .opts = opts,
                                       .conf_size = sizeof(struct conv1d),
                                       .state_size = sizeof(struct conv),
                                       .setup = setup,
                                       .workspace = convolution_workspace,
                                       .forward = convolution_forward,
                                       .backward = convolution_backward,
                                       .backward_params = convolution_backward_params,
                                       .flags = CONVOLUTION_FLAGS,
                                       .examples = examples};
