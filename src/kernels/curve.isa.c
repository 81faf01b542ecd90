/* curve.isa.c - element-wise functions whose derivative needs x, and normal random numbers. */
#include "kernels/fill.h"
#include "kernels/map.h"
#include "kernels/vmath.h"

#define SQRT_2_PI 0x1.988454p-2f /* 1 / sqrt(2 pi) */
#define TANH_X    0x1.988454p+0f /* 2 sqrt(2 / pi) */
#define TANH_X3   0x1.2444f2p-4f /* the same times 0.044715 */

/* |x|, at most 15: beyond, a normal number's tail is 0. */
INLINE vf tail_at(vf x)
{
    vf z = vmath_abs(x);
    return v_sel(v_lt(v_set(15), z), v_set(15), z);
}

INLINE vf f_gelu(vf x, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    vf z = tail_at(x), tail = vmath_normal_tail(z, vmath_bell(z));
    return x * v_sel(v_lt(x, v_set(0)), tail, 1 - tail);
}

INLINE vf f_gelu_back(vf dy, vf x, UNUSED_ARG vf p)
{
    vf z = tail_at(x), bell = vmath_bell(z), tail = vmath_normal_tail(z, bell);
    vf below = v_sel(v_lt(x, v_set(0)), tail, 1 - tail);
    return dy * v_fma(x, bell * SQRT_2_PI, below);
}

INLINE vf f_gelu_tanh(vf x, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return x * vmath_sigmoid(x * v_fma(x * x, v_set(TANH_X3), v_set(TANH_X)));
}

INLINE vf f_gelu_tanh_back(vf dy, vf x, UNUSED_ARG vf p)
{
    x = v_sel(v_lt(v_set(10), x), v_set(10), x); /* beyond, the slope is 1 and 0 */
    x = v_sel(v_lt(x, v_set(-10)), v_set(-10), x);
    vf x2 = x * x, s = vmath_sigmoid(x * v_fma(x2, v_set(TANH_X3), v_set(TANH_X)));
    vf inner = v_fma(x2, v_set(3 * TANH_X3), v_set(TANH_X));
    return dy * v_fma(x * s * (1 - s), inner, s);
}

INLINE vf f_silu(vf x, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return x * vmath_sigmoid(x);
}

INLINE vf f_silu_back(vf dy, vf x, UNUSED_ARG vf p)
{
    vf s = vmath_sigmoid(x);
    return dy * (s * v_fma(x, 1 - s, v_set(1)));
}

INLINE vf f_cos(vf x, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return vmath_cos(x);
}

INLINE vf f_cos_back(vf dy, vf x, UNUSED_ARG vf p)
{
    return -dy * vmath_sin(x);
}

static void curve_forward(enum curve curve, float *y, const float *x, size_t n)
{
    switch (curve) {
    case CURVE_GELU:
        map(y, x, x, 0, n, GRAD_STORE, f_gelu);
        break;
    case CURVE_GELU_TANH:
        map(y, x, x, 0, n, GRAD_STORE, f_gelu_tanh);
        break;
    case CURVE_SILU:
        map(y, x, x, 0, n, GRAD_STORE, f_silu);
        break;
    default:
        map(y, x, x, 0, n, GRAD_STORE, f_cos);
    }
}

static void curve_backward(enum curve curve, float *dx, const float *dy, const float *x, size_t n,
                           enum grad_mode mode)
{
    switch (curve) {
    case CURVE_GELU:
        map_mode(dx, dy, x, 0, n, mode, f_gelu_back);
        break;
    case CURVE_GELU_TANH:
        map_mode(dx, dy, x, 0, n, mode, f_gelu_tanh_back);
        break;
    case CURVE_SILU:
        map_mode(dx, dy, x, 0, n, mode, f_silu_back);
        break;
    default:
        map_mode(dx, dy, x, 0, n, mode, f_cos_back);
    }
}

/* Upper 24 bits of the first n <= VW numbers, as signed ones. */
INLINE vi upper_bits(const uint32_t *u, size_t n)
{
    return (vi)((vu)v_load_n((const float *)u, n) >> 8);
}

static void normal(float *out, const uint32_t *u, const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i += VW) {
        size_t c = n - i < VW ? n - i : VW;
        v_put(out + i, vmath_normal(upper_bits(u + i, c), upper_bits(v + i, c)), c);
    }
}

void ISA_NAME(curve_fill)(struct kernels *k)
{
    k->curve_forward = curve_forward;
    k->curve_backward = curve_backward;
    k->normal = normal;
}
