/* add.c - the sum of two or more inputs of one shape. */
#include "net/layer.h"

#include <string.h>

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    char first[SHAPE_TEXT], other[SHAPE_TEXT];
    l->out = l->in[0]->out;
    for (int i = 1; i < l->n_in; i++)
        if (!shape_equal(l->out, l->in[i]->out))
            return err_set(e, ERR_NET, "needs inputs of one shape, but %s gives %s and %s gives %s",
                           l->in[0]->name, shape_text(l->out, first), l->in[i]->name,
                           shape_text(l->in[i]->out, other));
    l->flops = (uint64_t)(l->n_in - 1) * shape_size(l->out);
    return 0;
}

static void forward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    p->k->add(l->y + lo, l->in[0]->y + lo, l->in[1]->y + lo, hi - lo);
    for (int i = 2; i < l->n_in; i++)
        p->k->add(l->y + lo, l->y + lo, l->in[i]->y + lo, hi - lo);
}

static void backward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    for (int i = 0; i < l->n_in; i++) {
        real *dx = l->in[i]->dy;
        if (dx && l->dx_mode[i] == GRAD_ADD)
            p->k->add(dx + lo, dx + lo, l->dy + lo, hi - lo);
        else if (dx)
            memcpy(dx + lo, l->dy + lo, (hi - lo) * sizeof(real));
    }
}

static const struct layer_example examples[] = {
    {"6", "[linear a]\nunits = 5\n[linear b]\nfrom = input\nunits = 5\n[add]\nfrom = a, b\n"},
    {"4", "[tanh t]\n[linear l]\nunits = 4\n[add]\nfrom = t, l, input\n[linear]\nunits = 2\n"},
    {"3", "[linear l]\nunits = 4\n[add]\nfrom = l, l\n"},
    {NULL, NULL}};

const struct layer_ops layer_add = {.name = "add",
                                    .help = "the sum of its inputs, which have one shape",
                                    .setup = setup,
                                    .forward = forward,
                                    .backward = backward,
                                    .flags = LAYER_MANY,
                                    .examples = examples};
