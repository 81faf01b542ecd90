/* update.isa.c - one step of an optimizer. Products and sums round one by one, as in the reference:
 * memory is the limit here, and so every set gives the same bits. */
#include "kernels/fill.h"
#include "kernels/vec.h"

/* Weight decay: into the gradient, or (decoupled) into the weight itself. */
INLINE void decay(vf *w, vf *d, const struct update *u)
{
    if (u->weight_decay == 0)
        return;
    if (u->decoupled)
        *w *= v_set(1 - u->lr * u->weight_decay);
    else
        *d += v_set(u->weight_decay) * *w;
}

INLINE void sgd_at(float *w, const float *g, float *m, const struct update *u, size_t n)
{
    vf wi = v_load_n(w, n), d = v_load_n(g, n);
    decay(&wi, &d, u);
    if (u->momentum != 0) {
        vf momentum = v_set(u->momentum);
        vf buf = u->first ? d : momentum * v_load_n(m, n) + d;
        v_put(m, buf, n);
        d = u->nesterov ? d + momentum * buf : buf;
    }
    v_put(w, wi - v_set(u->lr) * d, n);
}

static void sgd(float *w, const float *g, float *m, const struct update *up, size_t n)
{
    const struct update u = *up;
    size_t i = 0;
    for (; i + VW <= n; i += VW)
        sgd_at(w + i, g + i, m + i, &u, VW);
    if (i < n)
        sgd_at(w + i, g + i, m + i, &u, n - i);
}

INLINE void adam_at(float *w, const float *g, float *m, float *v, const struct update *u, vf step,
                    size_t n)
{
    vf wi = v_load_n(w, n), d = v_load_n(g, n);
    decay(&wi, &d, u);
    vf mean = v_set(u->beta1) * v_load_n(m, n) + v_set(u->rest1) * d;
    vf square = v_set(u->beta2) * v_load_n(v, n) + v_set(u->rest2) * d * d;
    v_put(m, mean, n);
    v_put(v, square, n);
    v_put(w, wi - step * mean / (v_sqrt(square) / v_set(u->correct2) + v_set(u->eps)), n);
}

static void adam(float *w, const float *g, float *m, float *v, const struct update *up, size_t n)
{
    const struct update u = *up;
    vf step = v_set(u.lr / u.correct1);
    size_t i = 0;
    for (; i + VW <= n; i += VW)
        adam_at(w + i, g + i, m + i, v + i, &u, step, VW);
    if (i < n)
        adam_at(w + i, g + i, m + i, v + i, &u, step, n - i);
}

void ISA_NAME(update_fill)(struct kernels *k)
{
    k->sgd = sgd;
    k->adam = adam;
}
