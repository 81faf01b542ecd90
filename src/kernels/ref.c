/* ref.c - every kernel as its contract reads, one element at a time. In float and in double. */
#include "kernels/ref.h"

#include "base/par.h"

#include <math.h>

static real sigmoid(real x)
{
    real z = LIBM(exp)(x < 0 ? x : -x); /* at most 1: never overflows, and keeps its digits */
    return x < 0 ? z / (1 + z) : 1 / (1 + z);
}

real ref_act(enum act act, real p, real x)
{
    switch (act) {
    case ACT_RELU: /* written so that NaN stays */
        return x <= p ? 0 : x;
    case ACT_TANH:
        return LIBM(tanh)(x);
    case ACT_SIGMOID:
        return sigmoid(x);
    case ACT_LEAKY_RELU:
        return x > 0 ? x : p * x;
    case ACT_ELU:
        return x > 0 ? x : p * LIBM(expm1)(x);
    default:
        return x;
    }
}

static void put(real *out, real v, enum grad_mode mode)
{
    *out = mode == GRAD_ADD ? *out + v : v;
}

static void sgd(real *w, const real *g, real *m, const struct update *u, size_t n)
{
    real shrink = 1 - u->lr * u->weight_decay;
    for (size_t i = 0; i < n; i++) {
        real wi = w[i], d = g[i];
        if (u->weight_decay != 0 && u->decoupled)
            wi *= shrink;
        else if (u->weight_decay != 0)
            d += u->weight_decay * wi;
        if (u->momentum != 0) {
            m[i] = u->first ? d : u->momentum * m[i] + d;
            d = u->nesterov ? d + u->momentum * m[i] : m[i];
        }
        w[i] = wi - u->lr * d;
    }
}

static void adam(real *w, const real *g, real *m, real *v, const struct update *u, size_t n)
{
    real shrink = 1 - u->lr * u->weight_decay, step = u->lr / u->correct1;
    for (size_t i = 0; i < n; i++) {
        real wi = w[i], d = g[i];
        if (u->weight_decay != 0 && u->decoupled)
            wi *= shrink;
        else if (u->weight_decay != 0)
            d += u->weight_decay * wi;
        m[i] = u->beta1 * m[i] + u->rest1 * d;
        v[i] = u->beta2 * v[i] + u->rest2 * d * d;
        w[i] = wi - step * m[i] / (LIBM(sqrt)(v[i]) / u->correct2 + u->eps);
    }
}

/* The number at `at` of w, by its gradient g. */
static void update_one(const struct matmul *mm, ptrdiff_t at, real g)
{
    real *m = mm->slot[0] ? mm->slot[0] + at : NULL;
    if (mm->update->rule == UPDATE_SGD)
        sgd(mm->w + at, &g, m, mm->update, 1);
    else
        adam(mm->w + at, &g, m, mm->slot[1] + at, mm->update, 1);
}

static void matmul(const struct matmul *mm, int tid, int nt)
{
    const bool ger = matmul_is_ger(mm);
    size_t lo, hi;
    par_range((size_t)mm->m * (size_t)mm->n, 1, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        ptrdiff_t i = (ptrdiff_t)(at / (size_t)mm->n), j = (ptrdiff_t)(at % (size_t)mm->n);
        const real *a = mm->a + i * mm->a_rs, *b = mm->b + j * mm->b_cs;
        real *c = mm->c + i * mm->ldc + j;
        if (ger) {
            real *w = mm->w + i * mm->ldc + j;
            *w = LIBM(fma)(*a, -mm->update->lr * *b, *w);
            continue;
        }
        real acc = mm->add ? *c : 0;
        for (int p = 0; p < mm->k; p++)
            acc = LIBM(fma)(a[p * mm->a_cs], b[p * mm->b_rs], acc);
        if (mm->bias)
            acc += mm->bias[j];
        if (mm->dact_y)
            acc *= act_slope(mm->act, mm->act_param, mm->dact_y[i * mm->ldc + j]);
        else
            acc = ref_act(mm->act, mm->act_param, acc);
        if (mm->update)
            update_one(mm, i * mm->ldc + j, acc);
        else
            *c = acc;
    }
}

static void update_matmul(const struct matmul *update, const struct matmul *mm)
{
    matmul(update, 0, 1);
    matmul(mm, 0, 1);
}

static void col_sums(real *out, const real *a, ptrdiff_t lda, int m, int n, enum grad_mode mode)
{
    for (int j = 0; j < n; j++) {
        real s = mode == GRAD_ADD ? out[j] : 0;
        for (ptrdiff_t i = 0; i < m; i++)
            s += a[i * lda + j];
        out[j] = s;
    }
}

static void act_forward(enum act act, real p, real *y, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = ref_act(act, p, x[i]);
}

static void act_backward(enum act act, real p, real *dx, const real *dy, const real *y, size_t n,
                         enum grad_mode mode)
{
    for (size_t i = 0; i < n; i++)
        put(&dx[i], dy[i] * act_slope(act, p, y[i]), mode);
}

#define SQRT_1_2  ((real)0.70710678118654752440)
#define SQRT_2_PI ((real)0.39894228040143267794) /* 1 / sqrt(2 pi) */
#define TANH_X    ((real)1.59576912160573071176) /* 2 sqrt(2 / pi) */
#define TANH_X3   (TANH_X * (real)0.044715)

static real curve_value(enum curve curve, real x)
{
    switch (curve) {
    case CURVE_GELU:
        return x * (LIBM(erfc)(-x * SQRT_1_2) / 2);
    case CURVE_GELU_TANH:
        return x * sigmoid(x * (TANH_X + TANH_X3 * x * x));
    case CURVE_SILU:
        return x * sigmoid(x);
    default:
        return LIBM(cos)(x);
    }
}

static real curve_slope(enum curve curve, real x)
{
    real s;
    switch (curve) {
    case CURVE_GELU:
        return LIBM(erfc)(-x * SQRT_1_2) / 2 + x * (SQRT_2_PI * LIBM(exp)(-x * x / 2));
    case CURVE_GELU_TANH:
        if (x < -10 || x > 10) /* where the terms below may be infinity times 0 */
            return x > 0;
        s = sigmoid(x * (TANH_X + TANH_X3 * x * x));
        return s + x * s * (1 - s) * (TANH_X + 3 * TANH_X3 * x * x);
    case CURVE_SILU:
        s = sigmoid(x);
        return s * (1 + x * (1 - s));
    default:
        return -LIBM(sin)(x);
    }
}

static void curve_forward(enum curve curve, real *y, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = curve_value(curve, x[i]);
}

static void curve_backward(enum curve curve, real *dx, const real *dy, const real *x, size_t n,
                           enum grad_mode mode)
{
    for (size_t i = 0; i < n; i++)
        put(&dx[i], dy[i] * curve_slope(curve, x[i]), mode);
}

static void vexp(real *y, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = LIBM(exp)(x[i]);
}

static void vlog(real *y, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = LIBM(log)(x[i]);
}

static void add(real *y, const real *a, const real *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

static void mul(real *y, const real *a, const real *b, size_t n, enum grad_mode mode)
{
    for (size_t i = 0; i < n; i++)
        put(&y[i], a[i] * b[i], mode);
}

static void scale(real *y, const real *x, real a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a * x[i];
}

static void axpy(real *y, const real *x, real a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = LIBM(fma)(a, x[i], y[i]);
}

/* Adds 16 lanes 8, 4, 2 and 1 apart. */
static real lanes_sum(real lane[16])
{
    for (int apart = 8; apart > 0; apart /= 2)
        for (int j = 0; j < apart; j++)
            lane[j] += lane[j + apart];
    return lane[0];
}

real ref_sum(const real *x, size_t n)
{
    real lane[16] = {0};
    for (size_t i = 0; i < n; i++)
        lane[i % 16] += x[i];
    return lanes_sum(lane);
}

real ref_dot(const real *a, const real *b, size_t n)
{
    real lane[16] = {0};
    for (size_t i = 0; i < n; i++)
        lane[i % 16] = LIBM(fma)(a[i], b[i], lane[i % 16]);
    return lanes_sum(lane);
}

static real max(const real *x, size_t n)
{
    real m = x[0];
    for (size_t i = 1; i < n; i++)
        if (x[i] > m || x[i] != x[i])
            m = x[i];
    return m;
}

static void mask(real *y, const real *x, const uint32_t *u, uint32_t keep, real by, size_t n,
                 enum grad_mode mode)
{
    for (size_t i = 0; i < n; i++)
        put(&y[i], u[i] < keep ? x[i] * by : 0, mode);
}

static void philox_block(uint32_t c[4], const uint32_t key[2])
{
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)c[0] * 0xd2511f53u, p1 = (uint64_t)c[2] * 0xcd9e8d57u;
        c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
        c[1] = (uint32_t)p1;
        c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
        c[3] = (uint32_t)p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
}

static void philox(uint32_t *out, const uint32_t key[2], uint64_t index, uint64_t pos, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint64_t block = (pos + i) / 4;
        uint32_t c[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)index,
                         (uint32_t)(index >> 32)};
        philox_block(c, key);
        for (size_t j = 0; j < 4 && i + j < n; j++)
            out[i + j] = c[j];
    }
}

static void normal(real *out, const uint32_t *u, const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        real p = (real)((u[i] >> 8) + 1) * (real)0x1p-24, turn = (real)(v[i] >> 8) * (real)0x1p-24;
        /* in double: 2 pi would cost digits */
        out[i] = LIBM(sqrt)(-2 * LIBM(log)(p)) * (real)cos(6.28318530717958647693 * (double)turn);
    }
}

/* y = e^(x - max), y and x may be equal; returns the sum, *top the maximum. n > 0. */
static real exp_row(real *y, const real *x, size_t n, real *top)
{
    real lane[16] = {0};
    *top = max(x, n);
    for (size_t j = 0; j < n; j++) {
        real e = LIBM(exp)(x[j] - *top);
        lane[j % 16] += e;
        if (y)
            y[j] = e;
    }
    return lanes_sum(lane);
}

static void softmax(real *y, const real *x, int m, int n)
{
    if (n == 0)
        return;
    for (int i = 0; i < m; i++, x += n, y += n) {
        real top, s = exp_row(y, x, (size_t)n, &top);
        for (int j = 0; j < n; j++)
            y[j] /= s;
    }
}

static void softmax_backward(real *dx, const real *dy, const real *y, int m, int n,
                             enum grad_mode mode)
{
    for (int i = 0; i < m; i++, dx += n, dy += n, y += n) {
        real s = ref_dot(dy, y, (size_t)n);
        for (int j = 0; j < n; j++)
            put(&dx[j], y[j] * (dy[j] - s), mode);
    }
}

static void log_sum_exp(real *lse, real *p, const real *x, int m, int n)
{
    for (int i = 0; i < m; i++, x += n) {
        if (n == 0) {
            lse[i] = (real)-INFINITY;
            continue;
        }
        real top, s = exp_row(p, x, (size_t)n, &top);
        lse[i] = top + LIBM(log)(s);
        if (!p)
            continue;
        for (int j = 0; j < n; j++)
            p[j] /= s;
        p += n;
    }
}

static void softmax_cross_entropy(real *value, real *dx, const real *x, const int *label,
                                  real scale, int m, int n)
{
    for (int i = 0; i < m; i++, x += n, dx = dx ? dx + n : NULL) {
        real top, s = exp_row(dx, x, (size_t)n, &top);
        value[i] = top - x[label[i]] + LIBM(log)(s);
        for (int j = 0; dx && j < n; j++)
            dx[j] = (dx[j] / s - (j == label[i] ? 1 : 0)) * scale;
    }
}

static size_t fma_loop(size_t rounds, real *sink)
{
    real a = sink[0], b = sink[1], acc = 0;
    for (size_t i = 0; i < rounds; i++)
        acc = acc * a + b;
    sink[0] = acc;
    return 2 * rounds;
}

void ref_fill(struct kernels *k)
{
    *k = (struct kernels){
        .isa = "ref",
        .matmul = matmul,
        .update_matmul = update_matmul,
        .fma_loop = fma_loop,
        .col_sums = col_sums,
        .act_forward = act_forward,
        .act_backward = act_backward,
        .curve_forward = curve_forward,
        .curve_backward = curve_backward,
        .exp = vexp,
        .log = vlog,
        .add = add,
        .mul = mul,
        .scale = scale,
        .axpy = axpy,
        .sum = ref_sum,
        .dot = ref_dot,
        .max = max,
        .mask = mask,
        .philox = philox,
        .normal = normal,
        .softmax = softmax,
        .softmax_backward = softmax_backward,
        .log_sum_exp = log_sum_exp,
        .softmax_cross_entropy = softmax_cross_entropy,
        .sgd = sgd,
        .adam = adam,
    };
    ref_conv_fill(k);
    ref_normalize_fill(k);
    ref_pool_fill(k);
}
