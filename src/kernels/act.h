/* act.h - activations and their slopes on vectors: one expression each for every kernel. */
#ifndef KERNELS_ACT_H
#define KERNELS_ACT_H

#include "kernels/kernels.h"
#include "kernels/vmath.h"

INLINE vf act_relu(vf x, vf threshold)
{
    return v_sel(v_le(x, threshold), v_set(0), x); /* NaN stays */
}

/* act'(x) from y, as kernels.h's act_slope */
INLINE vf act_relu_slope(vf y)
{
    return v_sel(v_lt(v_set(0), y), v_set(1), v_set(0));
}

INLINE vf act_tanh_slope(vf y)
{
    return 1 - y * y;
}

INLINE vf act_sigmoid_slope(vf y)
{
    return y * (1 - y);
}

#endif
