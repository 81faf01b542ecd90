/* pool.isa.c - pooling, vectors along channels.
 *
 * Forward goes by windows, backward by inputs, so that threads write apart. Windows that stand side
 * by side (the stride is their size, no padding), the usual case, have a backward of their own:
 * each input has one window at most. */
#include "base/par.h"
#include "kernels/act.h"
#include "kernels/fill.h"
#include "kernels/pool_window.h"

INLINE vm same(vi a, vi b)
{
#if VW == 16
    return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b);
#else
    return (vm)(a == b);
#endif
}

INLINE vi load_taps(const int32_t *p, size_t n)
{
    return (vi)v_load_n((const float *)p, n);
}

/* `call` for every vector of channels: j is its first channel, n how many it has. */
#define EACH_VECTOR(po, j, n, call)                                                                \
    do {                                                                                           \
        int j = 0;                                                                                 \
        for (; j + VW <= (po)->c; j += VW) {                                                       \
            const size_t n = VW;                                                                   \
            call;                                                                                  \
        }                                                                                          \
        if (j < (po)->c) {                                                                         \
            const size_t n = (size_t)((po)->c - j);                                                \
            call;                                                                                  \
        }                                                                                          \
    } while (0)

/* ---- forward ---- */

/* The window at output `o`, its taps `rows` x `columns`, its tap 0 at x. */
INLINE void max_vector(const struct pool *po, const float *x, ptrdiff_t o, struct span rows,
                       struct span columns, size_t n)
{
    ptrdiff_t line = (ptrdiff_t)po->w * po->c;
    int first = rows.lo * po->kw + columns.lo;
    vf m = v_load_n(x + rows.lo * line + (ptrdiff_t)columns.lo * po->c, n);
    vi which = vi_set(first);
    for (int kh = rows.lo; kh < rows.hi; kh++)
        for (int kw = columns.lo; kw < columns.hi; kw++) {
            vf v = v_load_n(x + kh * line + (ptrdiff_t)kw * po->c, n);
            vm more = v_lt(m, v) | v_nan(v);
            m = v_sel(more, v, m);
            which = (vi)v_sel(more, (vf)vi_set(kh * po->kw + kw), (vf)which);
        }
    v_put(po->y + o, m, n);
    if (po->which)
        v_put((float *)po->which + o, (vf)which, n);
}

INLINE void avg_vector(const struct pool *po, const float *x, ptrdiff_t o, struct span rows,
                       struct span columns, size_t n)
{
    ptrdiff_t line = (ptrdiff_t)po->w * po->c;
    vf sum = v_set(0);
    for (int kh = rows.lo; kh < rows.hi; kh++)
        for (int kw = columns.lo; kw < columns.hi; kw++)
            sum += v_load_n(x + kh * line + (ptrdiff_t)kw * po->c, n);
    float inverse = 1 / (float)((rows.hi - rows.lo) * (columns.hi - columns.lo));
    v_put(po->y + o, sum * v_set(inverse), n);
}

typedef void (*window_vector)(const struct pool *po, const float *x, ptrdiff_t o, struct span rows,
                              struct span columns, size_t n);

/* Row `row` of all samples' rows of outputs. */
INLINE void forward_row(const struct pool *po, size_t row, window_vector f)
{
    ptrdiff_t i = (ptrdiff_t)(row / (size_t)po->oh), o = (ptrdiff_t)row * po->ow * po->c;
    int p = (int)(row % (size_t)po->oh);
    struct span rows = pool_taps(p, po->kh, po->stride_h, po->pad_h, po->h);
    const float *x = po->x + (i * po->h + p * po->stride_h - po->pad_h) * po->w * po->c;
    for (int q = 0; q < po->ow; q++, o += po->c) {
        struct span columns = pool_taps(q, po->kw, po->stride_w, po->pad_w, po->w);
        const float *at = x + ((ptrdiff_t)q * po->stride_w - po->pad_w) * po->c;
        if (rows.hi - rows.lo == 2 && columns.hi - columns.lo == 2)
            EACH_VECTOR(po, j, n,
                        f(po, at + j, o + j, (struct span){rows.lo, rows.lo + 2},
                          (struct span){columns.lo, columns.lo + 2}, n));
        else
            EACH_VECTOR(po, j, n, f(po, at + j, o + j, rows, columns, n));
    }
}

static void max_pool(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    par_range((size_t)po->n * (size_t)po->oh, 1, tid, nt, &lo, &hi);
    for (; lo < hi; lo++)
        forward_row(po, lo, max_vector);
}

static void avg_pool(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    par_range((size_t)po->n * (size_t)po->oh, 1, tid, nt, &lo, &hi);
    for (; lo < hi; lo++)
        forward_row(po, lo, avg_vector);
}

/* ---- backward ---- */

/* The last step of an input's gradient, and its end. */
INLINE void put_gradient(const struct pool *po, ptrdiff_t at, vf acc, vf value, size_t n)
{
    if (po->dact_y)
        acc *= act_slope_of(po->dx_act, value, v_set(po->dx_act_param));
    v_put(po->dx + at, acc, n);
}

INLINE vf start_gradient(const struct pool *po, ptrdiff_t at, size_t n)
{
    return po->dx_mode == GRAD_ADD ? v_load_n(po->dx + at, n) : v_set(0);
}

/* An input of a sample, and the windows that it is in. */
struct input {
    ptrdiff_t at; /* of its first channel */
    int i, row, column;
    struct span rows, columns;
};

INLINE ptrdiff_t output_at(const struct pool *po, const struct input *x, int p, int q)
{
    return (((ptrdiff_t)x->i * po->oh + p) * po->ow + q) * po->c;
}

INLINE void max_gradient(const struct pool *po, const struct input *x, int j, size_t n)
{
    vf acc = start_gradient(po, x->at + j, n), value = v_set(0);
    for (int p = x->rows.lo; p < x->rows.hi; p++)
        for (int q = x->columns.lo; q < x->columns.hi; q++) {
            ptrdiff_t o = output_at(po, x, p, q) + j;
            int kh = x->row + po->pad_h - p * po->stride_h;
            int kw = x->column + po->pad_w - q * po->stride_w;
            vm taken = same(load_taps(po->which + o, n), vi_set(kh * po->kw + kw));
            acc += v_sel(taken, v_load_n(po->dy + o, n), v_set(0));
            if (po->dact_y)
                value = v_sel(taken, v_load_n(po->dact_y + o, n), value);
        }
    put_gradient(po, x->at + j, acc, value, n);
}

/* How many inputs window (p, q) has. */
INLINE int count(const struct pool *po, int p, int q)
{
    struct span rows = pool_taps(p, po->kh, po->stride_h, po->pad_h, po->h);
    struct span columns = pool_taps(q, po->kw, po->stride_w, po->pad_w, po->w);
    return (rows.hi - rows.lo) * (columns.hi - columns.lo);
}

INLINE void avg_gradient(const struct pool *po, const struct input *x, int j, size_t n)
{
    vf acc = start_gradient(po, x->at + j, n), value = v_set(0);
    for (int p = x->rows.lo; p < x->rows.hi; p++)
        for (int q = x->columns.lo; q < x->columns.hi; q++)
            acc = v_fma(v_load_n(po->dy + output_at(po, x, p, q) + j, n),
                        v_set(1 / (float)count(po, p, q)), acc);
    if (po->dact_y)
        value = v_load_n(po->dact_y + x->at + j, n);
    put_gradient(po, x->at + j, acc, value, n);
}

typedef void (*input_vector)(const struct pool *po, const struct input *x, int j, size_t n);

/* Row `row` of all samples' rows of inputs. */
INLINE void backward_row(const struct pool *po, size_t row, input_vector f)
{
    struct input x = {.at = (ptrdiff_t)row * po->w * po->c,
                      .i = (int)(row / (size_t)po->h),
                      .row = (int)(row % (size_t)po->h)};
    x.rows = pool_windows(x.row, po->kh, po->stride_h, po->pad_h, po->oh);
    for (; x.column < po->w; x.column++, x.at += po->c) {
        x.columns = pool_windows(x.column, po->kw, po->stride_w, po->pad_w, po->ow);
        EACH_VECTOR(po, j, n, f(po, &x, j, n));
    }
}

INLINE bool side_by_side(const struct pool *po)
{
    return po->stride_h == po->kh && po->stride_w == po->kw && po->pad_h == 0 && po->pad_w == 0 &&
           po->oh * po->kh <= po->h && po->ow * po->kw <= po->w;
}

/* What no window has, `n` numbers from `at` on. */
INLINE void left_over(const struct pool *po, ptrdiff_t at, ptrdiff_t n)
{
    for (; n > 0; at += VW, n -= VW) {
        size_t some = n < VW ? (size_t)n : VW;
        put_gradient(po, at, start_gradient(po, at, some), v_set(0), some);
    }
}

/* Tap `tap` of window `o`, input `at`. */
INLINE void max_single(const struct pool *po, ptrdiff_t at, ptrdiff_t o, int tap, size_t n)
{
    vm taken = same(load_taps(po->which + o, n), vi_set(tap));
    vf value = po->dact_y ? v_sel(taken, v_load_n(po->dact_y + o, n), v_set(0)) : v_set(0);
    vf dy = v_sel(taken, v_load_n(po->dy + o, n), v_set(0));
    put_gradient(po, at, start_gradient(po, at, n) + dy, value, n);
}

/* A row of inputs of windows side by side. */
INLINE void max_single_row(const struct pool *po, size_t row)
{
    ptrdiff_t i = (ptrdiff_t)(row / (size_t)po->h), at = (ptrdiff_t)row * po->w * po->c;
    int x = (int)(row % (size_t)po->h), p = x / po->kh, tap = x % po->kh * po->kw;
    ptrdiff_t o = (i * po->oh + p) * po->ow * po->c, end = at + (ptrdiff_t)po->w * po->c;
    for (int q = 0; q < po->ow && p < po->oh; q++, o += po->c)
        for (int kw = 0; kw < po->kw; kw++, at += po->c)
            EACH_VECTOR(po, j, n, max_single(po, at + j, o + j, tap + kw, n));
    left_over(po, at, end - at);
}

static void max_pool_backward(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    bool single = side_by_side(po);
    par_range((size_t)po->n * (size_t)po->h, 1, tid, nt, &lo, &hi);
    for (; lo < hi; lo++)
        if (single)
            max_single_row(po, lo);
        else
            backward_row(po, lo, max_gradient);
}

static void avg_pool_backward(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    par_range((size_t)po->n * (size_t)po->h, 1, tid, nt, &lo, &hi);
    for (; lo < hi; lo++)
        backward_row(po, lo, avg_gradient);
}

void ISA_NAME(pool_fill)(struct kernels *k)
{
    k->max_pool = max_pool;
    k->max_pool_backward = max_pool_backward;
    k->avg_pool = avg_pool;
    k->avg_pool_backward = avg_pool_backward;
}
