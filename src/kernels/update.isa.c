/* update.isa.c - one step of an optimizer over arrays. */
#include "kernels/update.h"
#include "kernels/fill.h"

static void sgd(float *w, const float *g, float *m, const struct update *up, size_t n)
{
    const struct update u = *up;
    for (size_t i = 0; i < n; i += VW) {
        size_t c = n - i < VW ? n - i : VW;
        update_sgd(v_load_n(g + i, c), w + i, m + i, &u, c);
    }
}

static void adam(float *w, const float *g, float *m, float *v, const struct update *up, size_t n)
{
    const struct update u = *up;
    for (size_t i = 0; i < n; i += VW) {
        size_t c = n - i < VW ? n - i : VW;
        update_adam(v_load_n(g + i, c), w + i, m + i, v + i, &u, c);
    }
}

void ISA_NAME(update_fill)(struct kernels *k)
{
    k->sgd = sgd;
    k->adam = adam;
}
