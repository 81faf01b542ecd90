/* eltwise.isa.c - one element in, one element out. */
#include "kernels/act.h"
#include "kernels/fill.h"
#include "kernels/map.h"

INLINE vf f_copy(vf a, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return a;
}

INLINE vf f_relu(vf a, UNUSED_ARG vf b, vf p)
{
    return act_relu(a, p);
}

INLINE vf f_tanh(vf a, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return vmath_tanh(a);
}

INLINE vf f_sigmoid(vf a, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return vmath_sigmoid(a);
}

INLINE vf f_leaky_relu(vf a, UNUSED_ARG vf b, vf p)
{
    return act_leaky_relu(a, p);
}

INLINE vf f_elu(vf a, UNUSED_ARG vf b, vf p)
{
    return act_elu(a, p);
}

INLINE vf f_exp(vf a, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return vmath_exp(a);
}

INLINE vf f_log(vf a, UNUSED_ARG vf b, UNUSED_ARG vf p)
{
    return vmath_log(a);
}

INLINE vf f_relu_back(vf dy, vf y, UNUSED_ARG vf p)
{
    return dy * act_relu_slope(y);
}

INLINE vf f_tanh_back(vf dy, vf y, UNUSED_ARG vf p)
{
    return dy * act_tanh_slope(y);
}

INLINE vf f_sigmoid_back(vf dy, vf y, UNUSED_ARG vf p)
{
    return dy * act_sigmoid_slope(y);
}

INLINE vf f_leaky_relu_back(vf dy, vf y, vf p)
{
    return dy * act_leaky_relu_slope(y, p);
}

INLINE vf f_elu_back(vf dy, vf y, vf p)
{
    return dy * act_elu_slope(y, p);
}

INLINE vf f_add(vf a, vf b, UNUSED_ARG vf p)
{
    return a + b;
}

INLINE vf f_mul(vf a, vf b, UNUSED_ARG vf p)
{
    return a * b;
}

INLINE vf f_scale(vf a, UNUSED_ARG vf b, vf p)
{
    return p * a;
}

INLINE vf f_axpy(vf a, vf b, vf p)
{
    return v_fma(p, a, b);
}

static void act_forward(enum act act, float p, float *y, const float *x, size_t n)
{
    switch (act) {
    case ACT_RELU:
        map(y, x, x, p, n, GRAD_STORE, f_relu);
        break;
    case ACT_TANH:
        map(y, x, x, p, n, GRAD_STORE, f_tanh);
        break;
    case ACT_SIGMOID:
        map(y, x, x, p, n, GRAD_STORE, f_sigmoid);
        break;
    case ACT_LEAKY_RELU:
        map(y, x, x, p, n, GRAD_STORE, f_leaky_relu);
        break;
    case ACT_ELU:
        map(y, x, x, p, n, GRAD_STORE, f_elu);
        break;
    default:
        map(y, x, x, p, n, GRAD_STORE, f_copy);
    }
}

static void act_backward(enum act act, float p, float *dx, const float *dy, const float *y,
                         size_t n, enum grad_mode mode)
{
    switch (act) {
    case ACT_RELU:
        map_mode(dx, dy, y, p, n, mode, f_relu_back);
        break;
    case ACT_TANH:
        map_mode(dx, dy, y, p, n, mode, f_tanh_back);
        break;
    case ACT_SIGMOID:
        map_mode(dx, dy, y, p, n, mode, f_sigmoid_back);
        break;
    case ACT_LEAKY_RELU:
        map_mode(dx, dy, y, p, n, mode, f_leaky_relu_back);
        break;
    case ACT_ELU:
        map_mode(dx, dy, y, p, n, mode, f_elu_back);
        break;
    default:
        map_mode(dx, dy, dy, p, n, mode, f_copy);
    }
}

static void each_exp(float *y, const float *x, size_t n)
{
    map(y, x, x, 0, n, GRAD_STORE, f_exp);
}

static void each_log(float *y, const float *x, size_t n)
{
    map(y, x, x, 0, n, GRAD_STORE, f_log);
}

static void add(float *y, const float *a, const float *b, size_t n)
{
    map(y, a, b, 0, n, GRAD_STORE, f_add);
}

static void mul(float *y, const float *a, const float *b, size_t n, enum grad_mode mode)
{
    map_mode(y, a, b, 0, n, mode, f_mul);
}

static void scale(float *y, const float *x, float a, size_t n)
{
    map(y, x, x, a, n, GRAD_STORE, f_scale);
}

static void axpy(float *y, const float *x, float a, size_t n)
{
    map(y, x, y, a, n, GRAD_STORE, f_axpy);
}

INLINE vf mask_at(const float *x, const uint32_t *u, vu keep, vf by, size_t n)
{
    union {
        vf f;
        vu u;
    } bits = {.f = v_load_n((const float *)u, n)};
    return v_sel(v_ltu(bits.u, keep), v_load_n(x, n) * by, v_set(0));
}

static void mask(float *y, const float *x, const uint32_t *u, uint32_t keep, float by, size_t n,
                 enum grad_mode mode)
{
    vu keep_v = (vu){0} + keep;
    vf by_v = v_set(by);
    for (size_t i = 0; i < n; i += VW) {
        size_t c = n - i < VW ? n - i : VW;
        vf v = mask_at(x + i, u + i, keep_v, by_v, c);
        if (mode == GRAD_ADD)
            v = v_load_n(y + i, c) + v;
        v_put(y + i, v, c);
    }
}

void ISA_NAME(eltwise_fill)(struct kernels *k)
{
    k->act_forward = act_forward;
    k->act_backward = act_backward;
    k->exp = each_exp;
    k->log = each_log;
    k->add = add;
    k->mul = mul;
    k->scale = scale;
    k->axpy = axpy;
    k->mask = mask;
}
