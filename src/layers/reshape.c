/* reshape.c - the same numbers, in the order c, h, w, with other sizes. */
#include "layers/shared/permute.h"

struct reshape {
    int shape[3];
};

static int setup(struct layer *l, struct build *b, struct err *e)
{
    const int *s = ((const struct reshape *)l->conf)->shape;
    char from[SHAPE_TEXT], to[SHAPE_TEXT];
    struct shape in = l->in[0]->out;
    l->out = (struct shape){s[0], s[1], s[2]};
    if (shape_size(l->out) != shape_size(in))
        return err_set(e, ERR_NET, "shape = %s: has %zu numbers, but the input %s has %zu",
                       shape_text(l->out, to), shape_size(l->out), shape_text(in, from),
                       shape_size(in));
    permute_setup(l, b);
    return 0;
}

static const struct opt opts[] = {{.name = "shape",
                                   .type = OPT_SHAPE,
                                   .offset = offsetof(struct reshape, shape),
                                   .min = 1,
                                   .max = 1 << 28,
                                   .flags = OPT_REQUIRED,
                                   .help = "sizes of the output: 256, 16x16 (a sequence) or "
                                           "1x16x16 (an image)"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"1x4x6", "[reshape]\nshape = 4x6\n[conv1d]\nfilters = 3\nsize = 3\n"},
    {"24", "[linear]\nunits = 24\n[relu]\n[reshape]\nshape = 2x3x4\n[conv2d]\nfilters = 2\nsize = "
           "2\n"},
    {"3x2x4", "[tanh t]\n[reshape a]\nshape = 4x6\n[reshape b]\nfrom = t\nshape = 4x6\n[add]\nfrom "
              "= a, b\n"},
    {NULL, NULL}};

const struct layer_ops layer_reshape = {.name = "reshape",
                                        .help = "the same numbers with other sizes (c, h, w)",
                                        .opts = opts,
                                        .conf_size = sizeof(struct reshape),
                                        .setup = setup,
                                        .forward = permute_forward,
                                        .backward = permute_backward,
                                        .examples = examples};
