/* ref_pool.c - the reference of pooling: every output by its definition. */
#include "base/par.h"
#include "kernels/pool_window.h"
#include "kernels/ref.h"

#include <math.h>

/* A position and a channel of a sample. */
struct at {
    int i, row, column, c;
};

static struct at split(size_t at, int h, int w, int c)
{
    struct at a;
    a.c = (int)(at % (size_t)c);
    at /= (size_t)c;
    a.column = (int)(at % (size_t)w);
    at /= (size_t)w;
    a.row = (int)(at % (size_t)h);
    a.i = (int)(at / (size_t)h);
    return a;
}

static struct span rows_of(const struct pool *po, int p)
{
    return pool_taps(p, po->kh, po->stride_h, po->pad_h, po->h);
}

static struct span columns_of(const struct pool *po, int q)
{
    return pool_taps(q, po->kw, po->stride_w, po->pad_w, po->w);
}

static real input(const struct pool *po, struct at o, int kh, int kw)
{
    ptrdiff_t row = (ptrdiff_t)o.i * po->h + o.row * po->stride_h - po->pad_h + kh;
    return po->x[(row * po->w + o.column * po->stride_w - po->pad_w + kw) * po->c + o.c];
}

static void outputs(const struct pool *po, int tid, int nt, size_t *lo, size_t *hi)
{
    par_range((size_t)po->n * (size_t)po->oh * (size_t)po->ow * (size_t)po->c, 1, tid, nt, lo, hi);
}

static void inputs(const struct pool *po, int tid, int nt, size_t *lo, size_t *hi)
{
    par_range((size_t)po->n * (size_t)po->h * (size_t)po->w * (size_t)po->c, 1, tid, nt, lo, hi);
}

static void max_pool(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    outputs(po, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        struct at o = split(at, po->oh, po->ow, po->c);
        struct span rows = rows_of(po, o.row), columns = columns_of(po, o.column);
        int which = rows.lo * po->kw + columns.lo;
        real m = input(po, o, rows.lo, columns.lo);
        for (int kh = rows.lo; kh < rows.hi; kh++)
            for (int kw = columns.lo; kw < columns.hi; kw++) {
                real x = input(po, o, kh, kw);
                if (m < x || x != x) {
                    m = x;
                    which = kh * po->kw + kw;
                }
            }
        po->y[at] = m;
        if (po->which)
            po->which[at] = which;
    }
}

static size_t output_at(const struct pool *po, struct at x, int p, int q)
{
    return (((size_t)x.i * (size_t)po->oh + (size_t)p) * (size_t)po->ow + (size_t)q) *
               (size_t)po->c +
           (size_t)x.c;
}

static void max_pool_backward(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    inputs(po, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        struct at x = split(at, po->h, po->w, po->c);
        struct span rows = pool_windows(x.row, po->kh, po->stride_h, po->pad_h, po->oh);
        struct span columns = pool_windows(x.column, po->kw, po->stride_w, po->pad_w, po->ow);
        real acc = po->dx_mode == GRAD_ADD ? po->dx[at] : 0, value = 0;
        for (int p = rows.lo; p < rows.hi; p++)
            for (int q = columns.lo; q < columns.hi; q++) {
                size_t o = output_at(po, x, p, q);
                int kh = x.row + po->pad_h - p * po->stride_h;
                int kw = x.column + po->pad_w - q * po->stride_w;
                bool taken = po->which[o] == kh * po->kw + kw;
                acc += taken ? po->dy[o] : 0;
                if (taken && po->dact_y)
                    value = po->dact_y[o];
            }
        po->dx[at] = po->dact_y ? acc * act_slope(po->dx_act, po->dx_act_param, value) : acc;
    }
}

static real share(struct span rows, struct span columns)
{
    return 1 / (real)((rows.hi - rows.lo) * (columns.hi - columns.lo));
}

static void avg_pool(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    outputs(po, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        struct at o = split(at, po->oh, po->ow, po->c);
        struct span rows = rows_of(po, o.row), columns = columns_of(po, o.column);
        real sum = 0;
        for (int kh = rows.lo; kh < rows.hi; kh++)
            for (int kw = columns.lo; kw < columns.hi; kw++)
                sum += input(po, o, kh, kw);
        po->y[at] = sum * share(rows, columns);
    }
}

static void avg_pool_backward(const struct pool *po, int tid, int nt)
{
    size_t lo, hi;
    inputs(po, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        struct at x = split(at, po->h, po->w, po->c);
        struct span rows = pool_windows(x.row, po->kh, po->stride_h, po->pad_h, po->oh);
        struct span columns = pool_windows(x.column, po->kw, po->stride_w, po->pad_w, po->ow);
        real acc = po->dx_mode == GRAD_ADD ? po->dx[at] : 0;
        for (int p = rows.lo; p < rows.hi; p++)
            for (int q = columns.lo; q < columns.hi; q++)
                acc = LIBM(fma)(po->dy[output_at(po, x, p, q)],
                                share(rows_of(po, p), columns_of(po, q)), acc);
        if (po->dact_y)
            acc *= act_slope(po->dx_act, po->dx_act_param, po->dact_y[at]);
        po->dx[at] = acc;
    }
}

void ref_pool_fill(struct kernels *k)
{
    k->max_pool = max_pool;
    k->max_pool_backward = max_pool_backward;
    k->avg_pool = avg_pool;
    k->avg_pool_backward = avg_pool_backward;
}
