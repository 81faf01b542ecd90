/* eltwise.isa.c - one element in, one element out. */
#include "base/par.h"
#include "kernels/act.h"
#include "kernels/fill.h"
#include "kernels/vec.h"

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

INLINE void map_mode(float *y, const float *a, const float *b, size_t n, enum grad_mode mode,
                     binary f)
{
    if (mode == GRAD_ADD)
        map(y, a, b, 0, n, GRAD_ADD, f);
    else
        map(y, a, b, 0, n, GRAD_STORE, f);
}

#define UNUSED_ARG __attribute__((unused))

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
    default:
        map(y, x, x, p, n, GRAD_STORE, f_copy);
    }
}

static void act_backward(enum act act, UNUSED_ARG float p, float *dx, const float *dy,
                         const float *y, size_t n, enum grad_mode mode)
{
    switch (act) {
    case ACT_RELU:
        map_mode(dx, dy, y, n, mode, f_relu_back);
        break;
    case ACT_TANH:
        map_mode(dx, dy, y, n, mode, f_tanh_back);
        break;
    case ACT_SIGMOID:
        map_mode(dx, dy, y, n, mode, f_sigmoid_back);
        break;
    default:
        map_mode(dx, dy, dy, n, mode, f_copy);
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
    map_mode(y, a, b, n, mode, f_mul);
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

#define COLS 4 /* vectors of columns that go down together */

INLINE void sum_columns(float *out, const float *a, ptrdiff_t lda, int m, const int vectors,
                        size_t last, enum grad_mode mode)
{
    vf s[COLS];
    for (int v = 0; v < vectors; v++)
        s[v] = mode == GRAD_ADD ? v_load_n(out + v * VW, v < vectors - 1 ? VW : last) : v_set(0);
    for (int i = 0; i < m; i++, a += lda)
        for (int v = 0; v < vectors; v++)
            s[v] += v_load_n(a + v * VW, v < vectors - 1 ? VW : last);
    for (int v = 0; v < vectors; v++)
        v_put(out + v * VW, s[v], v < vectors - 1 ? VW : last);
}

static void col_sums(float *out, const float *a, ptrdiff_t lda, int m, int n, enum grad_mode mode,
                     int tid, int nt)
{
    size_t j, hi;
    par_range((size_t)n, 16, tid, nt, &j, &hi);
    for (; j + COLS * VW <= hi; j += COLS * VW)
        sum_columns(out + j, a + j, lda, m, COLS, VW, mode);
    for (; j < hi; j += VW)
        sum_columns(out + j, a + j, lda, m, 1, hi - j < VW ? hi - j : VW, mode);
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
    k->col_sums = col_sums;
}
