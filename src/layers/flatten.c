/* flatten.c - an image or a sequence as a vector, in the order c, h, w. */
#include "layers/shared/permute.h"

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)e;
    l->out = (struct shape){(int)shape_size(l->in[0]->out), 1, 1};
    permute_setup(l, b);
    return 0;
}

static const struct layer_example examples[] = {
    {"3x2x4", "[flatten]\n"},
    {"1x4x4", "[flatten]\n[linear]\nunits = 3\n"},
    {"2x3x3", "[relu r]\n[flatten f]\n[linear a]\nunits = 3\n[linear b]\nfrom = r\nunits = 3\n"
              "[add]\nfrom = a, b\n"},
    {"6", "[tanh t]\n[flatten f]\n[add]\nfrom = t, f\n"},
    {NULL, NULL}};

const struct layer_ops layer_flatten = {.name = "flatten",
                                        .help = "an image or a sequence as a vector (c, h, w)",
                                        .setup = setup,
                                        .forward = permute_forward,
                                        .backward = permute_backward,
                                        .examples = examples};
