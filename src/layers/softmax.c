/* softmax.c - y = e^x / sum of e^x over a vector. */
#include "net/layer.h"

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    char text[SHAPE_TEXT];
    l->out = l->in[0]->out;
    if (!shape_is_vector(l->out))
        return err_set(e, ERR_NET, "needs a vector, but its input is %s; put [flatten] before it",
                       shape_text(l->out, text));
    l->flops = 4 * shape_size(l->out);
    return 0;
}

static void forward(struct layer *l, const struct pass *p)
{
    int lo, hi, k = l->out.c;
    layer_rows(p, &lo, &hi);
    p->k->softmax(l->y + (size_t)lo * k, l->in[0]->y + (size_t)lo * k, hi - lo, k);
}

static void backward(struct layer *l, const struct pass *p)
{
    int lo, hi, k = l->out.c;
    layer_rows(p, &lo, &hi);
    size_t at = (size_t)lo * k;
    p->k->softmax_backward(l->in[0]->dy + at, l->dy + at, l->y + at, hi - lo, k, l->dx_mode[0]);
}

static enum act act(const struct layer *l, real *param)
{
    (void)l;
    *param = 0;
    return ACT_SOFTMAX;
}

static const struct layer_example examples[] = {
    {"5", "[softmax]\n"}, {"4", "[linear]\nunits = 19\n[softmax]\n"}, {NULL, NULL}};

const struct layer_ops layer_softmax = {.name = "softmax",
                                        .help = "probabilities: positive, with sum 1",
                                        .setup = setup,
                                        .forward = forward,
                                        .backward = backward,
                                        .act = act,
                                        .flags = LAYER_BWD_NEEDS_Y,
                                        .examples = examples};
