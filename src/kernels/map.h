/* map.h - an operation on every element of arrays. */
#ifndef KERNELS_MAP_H
#define KERNELS_MAP_H

#include "kernels/kernels.h"
#include "kernels/vec.h"

#define UNUSED_ARG __attribute__((unused))

typedef vf (*binary)(vf a, vf b, vf p);

INLINE void map_at(float *y, const float *a, const float *b, vf p, size_t n, enum grad_mode mode,
                   binary f)
{
    vf v = f(v_load_n(a, n), v_load_n(b, n), p);
    if (mode == GRAD_ADD)
        v = v_load_n(y, n) + v;
    v_put(y, v, n);
}

/* y (+)= f(a, b, p). The last elements go through a padded vector: the same operations for all. */
INLINE void map(float *y, const float *a, const float *b, float p, size_t n, enum grad_mode mode,
                binary f)
{
    size_t i = 0;
    vf pv = v_set(p);
    for (; i + VW <= n; i += VW)
        map_at(y + i, a + i, b + i, pv, VW, mode, f);
    if (i < n)
        map_at(y + i, a + i, b + i, pv, n - i, mode, f);
}

/* The same for a mode that is known only when it runs. */
INLINE void map_mode(float *y, const float *a, const float *b, float p, size_t n,
                     enum grad_mode mode, binary f)
{
    if (mode == GRAD_ADD)
        map(y, a, b, p, n, GRAD_ADD, f);
    else
        map(y, a, b, p, n, GRAD_STORE, f);
}

#endif
