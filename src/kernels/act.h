/* act.h - activations and their slopes on vectors: one expression each for every kernel. */
#ifndef KERNELS_ACT_H
#define KERNELS_ACT_H

#include "kernels/kernels.h"
#include "kernels/vmath.h"

INLINE vf act_relu(vf x, vf threshold)
{
    return v_sel(v_le(x, threshold), v_set(0), x); /* NaN stays */
}

INLINE vf act_leaky_relu(vf x, vf slope)
{
    return v_sel(v_lt(v_set(0), x), x, slope * x);
}

INLINE vf act_elu(vf x, vf alpha)
{
    vm up = v_lt(v_set(0), x);
    return v_sel(up, x, alpha * vmath_expm1_negative(v_sel(up, v_set(0), x)));
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

INLINE vf act_leaky_relu_slope(vf y, vf slope)
{
    return v_sel(v_lt(v_set(0), y), v_set(1), slope);
}

INLINE vf act_elu_slope(vf y, vf alpha)
{
    return v_sel(v_lt(v_set(0), y), v_set(1), y + alpha);
}

/* The same, chosen by `act`; none for what is not element-wise. */
INLINE vf act_value(enum act act, vf x, vf p)
{
    return act == ACT_RELU         ? act_relu(x, p)
           : act == ACT_TANH       ? vmath_tanh(x)
           : act == ACT_SIGMOID    ? vmath_sigmoid(x)
           : act == ACT_LEAKY_RELU ? act_leaky_relu(x, p)
           : act == ACT_ELU        ? act_elu(x, p)
                                   : x;
}

INLINE vf act_slope_of(enum act act, vf y, vf p)
{
    return act == ACT_RELU         ? act_relu_slope(y)
           : act == ACT_TANH       ? act_tanh_slope(y)
           : act == ACT_SIGMOID    ? act_sigmoid_slope(y)
           : act == ACT_LEAKY_RELU ? act_leaky_relu_slope(y, p)
           : act == ACT_ELU        ? act_elu_slope(y, p)
                                   : v_set(1);
}

#endif
