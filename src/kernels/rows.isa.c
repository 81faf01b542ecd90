/* rows.isa.c - sums, products and maxima along a row, softmax, and normalization by rows.
 *
 * 16 virtual lanes on every set: lane j takes elements j, j + 16, ...; missing ones count as what
 * changes nothing (0, or -infinity under a maximum or an exponential). */
#include "kernels/fill.h"
#include "kernels/vec.h"
#include "kernels/vmath.h"

#define LANES 16
#define PARTS (LANES / VW)
#define PIECE 64 /* rows whose sums are kept for one pass of logarithms */

struct lanes {
    vf part[PARTS];
};

typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_mask __attribute__((vector_size(16)));

/* The numbers of x[i .. i+15] that belong to part v, `pad` from n on. */
INLINE vf part_at(const float *x, size_t i, int v, size_t n, float pad)
{
    size_t at = i + (size_t)v * VW;
    if (at + VW <= n)
        return v_load(x + at);
    return at < n ? v_load_pad(x + at, n - at, pad) : v_set(pad);
}

INLINE void put_at(float *y, size_t i, int v, size_t n, vf a)
{
    size_t at = i + (size_t)v * VW;
    if (at + VW <= n)
        v_store(y + at, a);
    else if (at < n)
        v_store_n(y + at, a, n - at);
}

INLINE struct lanes lanes_set(float x)
{
    struct lanes l;
    for (int v = 0; v < PARTS; v++)
        l.part[v] = v_set(x);
    return l;
}

/* 8, 4, 2, 1 apart */
INLINE float lanes_sum(const struct lanes *l)
{
    quad q[4];
    memcpy(q, l, sizeof q);
    quad s = (q[0] + q[2]) + (q[1] + q[3]);
    return (s[0] + s[2]) + (s[1] + s[3]);
}

INLINE vf larger(vf a, vf b)
{
    return v_sel(v_nan(b), b, v_sel(v_lt(a, b), b, a)); /* NaN wins */
}

INLINE quad larger_quad(quad a, quad b)
{
    quad_mask m = (a < b) | (b != b);
    return (quad)((m & (quad_mask)b) | (~m & (quad_mask)a));
}

INLINE float lanes_max(const struct lanes *l)
{
    quad q[4];
    memcpy(q, l, sizeof q);
    quad s = larger_quad(larger_quad(q[0], q[2]), larger_quad(q[1], q[3]));
    s = larger_quad(s, __builtin_shufflevector(s, s, 2, 3, 0, 1));
    return larger_quad(s, __builtin_shufflevector(s, s, 1, 0, 3, 2))[0];
}

static float sum(const float *x, size_t n)
{
    struct lanes s = lanes_set(0);
    for (size_t i = 0; i < n; i += LANES)
        for (int v = 0; v < PARTS; v++)
            s.part[v] += part_at(x, i, v, n, 0);
    return lanes_sum(&s);
}

static float dot(const float *a, const float *b, size_t n)
{
    struct lanes s = lanes_set(0);
    for (size_t i = 0; i < n; i += LANES)
        for (int v = 0; v < PARTS; v++)
            s.part[v] = v_fma(part_at(a, i, v, n, 0), part_at(b, i, v, n, 0), s.part[v]);
    return lanes_sum(&s);
}

static float max(const float *x, size_t n)
{
    struct lanes m = lanes_set(-INFINITY);
    for (size_t i = 0; i < n; i += LANES)
        for (int v = 0; v < PARTS; v++)
            m.part[v] = larger(m.part[v], part_at(x, i, v, n, -INFINITY));
    return lanes_max(&m);
}

/* p = e^(x - top) / sum where p is not NULL; returns the sum. n > LANES. */
static float long_row(float *p, const float *x, size_t n, float top)
{
    struct lanes s = lanes_set(0);
    for (size_t i = 0; i < n; i += LANES)
        for (int v = 0; v < PARTS; v++) {
            vf e = vmath_exp(part_at(x, i, v, n, -INFINITY) - v_set(top));
            s.part[v] += e;
            if (p)
                put_at(p, i, v, n, e);
        }
    float total = lanes_sum(&s);
    for (size_t i = 0; p && i < n; i += LANES)
        for (int v = 0; v < PARTS; v++)
            put_at(p, i, v, n, part_at(p, i, v, n, 0) / v_set(total));
    return total;
}

/* The same for one turn of the lanes, without a detour through memory. */
static float short_row(float *p, const float *x, size_t n, float top)
{
    struct lanes e;
    for (int v = 0; v < PARTS; v++)
        e.part[v] = vmath_exp(part_at(x, 0, v, n, -INFINITY) - v_set(top));
    float total = lanes_sum(&e);
    for (int v = 0; p && v < PARTS; v++)
        put_at(p, 0, v, n, e.part[v] / v_set(total));
    return total;
}

INLINE float softmax_row(float *p, const float *x, size_t n, float top)
{
    return n > LANES ? long_row(p, x, n, top) : short_row(p, x, n, top);
}

INLINE void each_scale(float *x, float by, size_t n)
{
    for (size_t i = 0; i < n; i += VW) {
        size_t c = n - i < VW ? n - i : VW;
        v_put(x + i, v_load_n(x + i, c) * v_set(by), c);
    }
}

static void softmax(float *y, const float *x, int m, int n_row)
{
    size_t n = (size_t)n_row;
    for (int i = 0; n > 0 && i < m; i++, x += n, y += n)
        softmax_row(y, x, n, max(x, n));
}

static void softmax_backward(float *dx, const float *dy, const float *y, int m, int n_row,
                             enum grad_mode mode)
{
    size_t n = (size_t)n_row;
    for (int row = 0; row < m; row++, dx += n, dy += n, y += n) {
        vf s = v_set(dot(dy, y, n));
        for (size_t i = 0; i < n; i += LANES)
            for (int v = 0; v < PARTS; v++) {
                vf d = part_at(y, i, v, n, 0) * (part_at(dy, i, v, n, 0) - s);
                if (mode == GRAD_ADD)
                    d = part_at(dx, i, v, n, 0) + d;
                put_at(dx, i, v, n, d);
            }
    }
}

static void log_sum_exp(float *lse, float *p, const float *x, int m, int n_row)
{
    size_t n = (size_t)n_row;
    for (int i = 0; i < m; i++, x += n) {
        float top = n > 0 ? max(x, n) : 0; /* of nothing the sum is 0 */
        lse[i] = top + vmath_log(v_set(softmax_row(p, x, n, top)))[0];
        if (p)
            p += n;
    }
}

static void softmax_cross_entropy(float *value, float *dx, const float *x, const int *label,
                                  float scale, int m, int n_row)
{
    size_t n = (size_t)n_row;
    float sums[PIECE], logs[PIECE];
    for (int at = 0, rows; at < m; at += rows) {
        rows = m - at < PIECE ? m - at : PIECE;
        for (int i = 0; i < rows; i++) {
            const float *row = x + (size_t)(at + i) * n;
            float *d = dx ? dx + (size_t)(at + i) * n : NULL, top = max(row, n);
            sums[i] = softmax_row(d, row, n, top);
            value[at + i] = top - row[label[at + i]];
            if (d) {
                d[label[at + i]] -= 1;
                each_scale(d, scale, n);
            }
        }
        for (int i = 0; i < rows; i += VW) { /* all logarithms of the piece at once */
            size_t c = rows - i < VW ? (size_t)(rows - i) : VW;
            v_put(logs + i, vmath_log(v_load_pad(sums + i, c, 1)), c);
        }
        for (int i = 0; i < rows; i++)
            value[at + i] += logs[i];
    }
}

/* h = x - mean, then y and h as kernels.h says; returns the factor. */
static float standardize_row(float *h, float *y, const float *x, const float *w, const float *b,
                             float eps, size_t n)
{
    vf mean = v_set(sum(x, n) / (float)n);
    for (size_t i = 0; i < n; i += VW) {
        size_t c = n - i < VW ? n - i : VW;
        v_put(h + i, v_load_n(x + i, c) - mean, c);
    }
    vf inverse = 1 / v_sqrt(v_set(dot(h, h, n) / (float)n + eps));
    for (size_t i = 0; i < n; i += VW) {
        size_t c = n - i < VW ? n - i : VW;
        vf v = v_load_n(h + i, c) * inverse;
        v_put(h + i, v, c);
        if (w)
            v = v_fma(v, v_load_n(w + i, c), b ? v_load_n(b + i, c) : v_set(0));
        v_put(y + i, v, c);
    }
    return inverse[0];
}

static void row_standardize(float *h, float *y, float *inverse, const float *x, const float *w,
                            const float *b, float eps, int m, int n)
{
    for (int i = 0; i < m; i++, h += n, y += n, x += n)
        inverse[i] = standardize_row(h, y, x, w, b, eps, (size_t)n);
}

static void row_standardize_backward(float *dx, const float *dy, const float *h,
                                     const float *inverse, const float *w, int m, int n_row,
                                     enum grad_mode mode, float *g)
{
    size_t n = (size_t)n_row;
    for (int row = 0; row < m; row++, dx += n, dy += n, h += n) {
        for (size_t i = 0; i < n; i += VW) {
            size_t c = n - i < VW ? n - i : VW;
            v_put(g + i, v_load_n(dy + i, c) * (w ? v_load_n(w + i, c) : v_set(1)), c);
        }
        vf s = v_set(sum(g, n) / (float)n), d = v_set(dot(g, h, n) / (float)n);
        for (size_t i = 0; i < n; i += VW) {
            size_t c = n - i < VW ? n - i : VW;
            vf v = v_fma(-v_load_n(h + i, c), d, v_load_n(g + i, c) - s) * v_set(inverse[row]);
            if (mode == GRAD_ADD)
                v = v_load_n(dx + i, c) + v;
            v_put(dx + i, v, c);
        }
    }
}

void ISA_NAME(rows_fill)(struct kernels *k)
{
    k->sum = sum;
    k->dot = dot;
    k->max = max;
    k->softmax = softmax;
    k->softmax_backward = softmax_backward;
    k->log_sum_exp = log_sum_exp;
    k->softmax_cross_entropy = softmax_cross_entropy;
    k->row_standardize = row_standardize;
    k->row_standardize_backward = row_standardize_backward;
}
