/* update.h - one step of an optimizer on up to VW parameters, from their gradient d in a register.
 *
 * Products and sums round one by one, as in the reference: memory is the limit here, and so every
 * set gives the same bits. */
#ifndef KERNELS_UPDATE_H
#define KERNELS_UPDATE_H

#include "kernels/kernels.h"
#include "kernels/vec.h"

/* Weight decay: into the gradient, or (decoupled) into the weight itself. */
INLINE void update_decay(vf *w, vf *d, const struct update *u)
{
    if (u->decoupled)
        *w *= v_set(1 - u->lr * u->weight_decay);
    else
        *d += v_set(u->weight_decay) * *w;
}

/* kernels.h's sgd, with or without momentum and weight decay. */
INLINE void update_sgd_with(const bool has_momentum, const bool has_decay, vf d, float *w, float *m,
                            const struct update *u, size_t n)
{
    vf wi = v_load_n(w, n);
    if (has_decay)
        update_decay(&wi, &d, u);
    if (has_momentum) {
        vf momentum = v_set(u->momentum);
        vf buf = u->first ? d : momentum * v_load_n(m, n) + d;
        v_put(m, buf, n);
        d = u->nesterov ? d + momentum * buf : buf;
    }
    v_put(w, wi - v_set(u->lr) * d, n);
}

INLINE void update_sgd(vf d, float *w, float *m, const struct update *u, size_t n)
{
    update_sgd_with(u->momentum != 0, u->weight_decay != 0, d, w, m, u, n);
}

/* kernels.h's adam. */
INLINE void update_adam(vf d, float *w, float *m, float *v, const struct update *u, size_t n)
{
    vf wi = v_load_n(w, n);
    if (u->weight_decay != 0)
        update_decay(&wi, &d, u);
    vf mean = v_set(u->beta1) * v_load_n(m, n) + v_set(u->rest1) * d;
    vf square = v_set(u->beta2) * v_load_n(v, n) + v_set(u->rest2) * d * d;
    v_put(m, mean, n);
    v_put(v, square, n);
    v_put(w,
          wi - v_set(u->lr / u->correct1) * mean /
                   (v_sqrt(square) / v_set(u->correct2) + v_set(u->eps)),
          n);
}

#endif
