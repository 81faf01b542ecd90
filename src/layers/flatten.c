/* flatten.c - an image or a sequence as a vector, in the order c, h, w.
 *
 * In memory samples are h, w, c: a view where that is the same, else a permuting copy. */
#include "net/layer.h"

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)e;
    struct shape in = l->in[0]->out;
    l->out = (struct shape){(int)shape_size(in), 1, 1};
    if (shape_is_plain(in))
        build_view(b);
    return 0;
}

/* Position in h, w, c order of element i in c, h, w order. */
static size_t position(struct shape s, size_t i)
{
    size_t plane = (size_t)s.h * (size_t)s.w;
    return i % plane * (size_t)s.c + i / plane;
}

static void forward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t size = shape_size(l->out);
    layer_rows(p, &lo, &hi);
    for (int n = lo; n < hi; n++) {
        const real *x = l->in[0]->y + (size_t)n * size;
        real *y = l->y + (size_t)n * size;
        for (size_t i = 0; i < size; i++)
            y[i] = x[position(l->in[0]->out, i)];
    }
}

static void backward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t size = shape_size(l->out);
    layer_rows(p, &lo, &hi);
    for (int n = lo; n < hi; n++) {
        const real *dy = l->dy + (size_t)n * size;
        real *dx = l->in[0]->dy + (size_t)n * size;
        for (size_t i = 0; i < size; i++) {
            real *d = &dx[position(l->in[0]->out, i)];
            *d = l->dx_mode[0] == GRAD_ADD ? *d + dy[i] : dy[i];
        }
    }
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
                                        .forward = forward,
                                        .backward = backward,
                                        .examples = examples};
