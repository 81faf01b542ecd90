/* permute.c - other sizes for the same numbers in the order c, h, w.
 *
 * In memory samples are h, w, c: nothing to do where both shapes have that order in common. */
#include "layers/shared/permute.h"

void permute_setup(struct layer *l, struct build *b)
{
    struct shape in = l->in[0]->out;
    if (shape_equal(in, l->out) || (shape_is_plain(in) && shape_is_plain(l->out)))
        build_view(b);
}

/* Position in h, w, c order of element i in c, h, w order. */
static size_t position(struct shape s, size_t i)
{
    size_t plane = (size_t)s.h * (size_t)s.w;
    return i % plane * (size_t)s.c + i / plane;
}

void permute_forward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t size = shape_size(l->out);
    layer_rows(p, &lo, &hi);
    for (int n = lo; n < hi; n++) {
        const real *x = l->in[0]->y + (size_t)n * size;
        real *y = l->y + (size_t)n * size;
        for (size_t i = 0; i < size; i++)
            y[position(l->out, i)] = x[position(l->in[0]->out, i)];
    }
}

void permute_backward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t size = shape_size(l->out);
    layer_rows(p, &lo, &hi);
    for (int n = lo; n < hi && l->in[0]->dy; n++) {
        const real *dy = l->dy + (size_t)n * size;
        real *dx = l->in[0]->dy + (size_t)n * size;
        for (size_t i = 0; i < size; i++) {
            real g = dy[position(l->out, i)], *d = &dx[position(l->in[0]->out, i)];
            *d = l->dx_mode[0] == GRAD_ADD ? *d + g : g;
        }
    }
}
