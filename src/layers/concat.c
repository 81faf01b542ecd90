/* concat.c - its inputs side by side, along channels (the numbers of a vector). */
#include "net/layer.h"

#include <limits.h>
#include <string.h>

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    char first[SHAPE_TEXT], other[SHAPE_TEXT];
    struct shape s = l->in[0]->out;
    long long c = s.c;
    for (int i = 1; i < l->n_in; i++) {
        struct shape t = l->in[i]->out;
        if (t.h != s.h || t.w != s.w)
            return err_set(
                e, ERR_NET, "needs inputs of one height and width, but %s gives %s and %s gives %s",
                l->in[0]->name, shape_text(s, first), l->in[i]->name, shape_text(t, other));
        c += t.c;
    }
    if (c > INT_MAX)
        return err_set(e, ERR_NET, "would give %lld channels", c);
    l->out = (struct shape){(int)c, s.h, s.w};
    return 0;
}

static void forward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    layer_rows(p, &lo, &hi);
    size_t plane = (size_t)l->out.h * (size_t)l->out.w, to = (size_t)l->out.c, at = 0;
    for (int i = 0; i < l->n_in; i++) {
        size_t c = (size_t)l->in[i]->out.c;
        for (size_t r = (size_t)lo * plane; r < (size_t)hi * plane; r++)
            memcpy(l->y + r * to + at, l->in[i]->y + r * c, c * sizeof(real));
        at += c;
    }
}

static void backward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    layer_rows(p, &lo, &hi);
    size_t plane = (size_t)l->out.h * (size_t)l->out.w, from = (size_t)l->out.c, at = 0;
    for (int i = 0; i < l->n_in; i++) {
        size_t c = (size_t)l->in[i]->out.c;
        for (size_t r = (size_t)lo * plane; l->in[i]->dy && r < (size_t)hi * plane; r++) {
            real *dx = l->in[i]->dy + r * c;
            const real *dy = l->dy + r * from + at;
            if (l->dx_mode[i] == GRAD_ADD)
                p->k->add(dx, dx, dy, c);
            else
                memcpy(dx, dy, c * sizeof(real));
        }
        at += c;
    }
}

static const struct layer_example examples[] = {
    {"6", "[linear a]\nunits = 5\n[tanh t]\n[linear b]\nfrom = input\nunits = 3\n"
          "[concat]\nfrom = t, b, a\n"},
    {"2x3x3", "[tanh t]\n[concat]\nfrom = t, input, t\n"},
    {NULL, NULL}};

const struct layer_ops layer_concat = {.name = "concat",
                                       .help = "its inputs side by side, along channels",
                                       .setup = setup,
                                       .forward = forward,
                                       .backward = backward,
                                       .flags = LAYER_MANY,
                                       .examples = examples};
