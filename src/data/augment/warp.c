/* warp.c - images moved by whole pixels, or resampled. */
#include "data/augment/steps.h"

#include <math.h>
#include <string.h>

/* Place i of a line of n, continued beyond its ends; -1: what lies there is no pixel. */
static int place(int i, int n, enum augment_fill fill)
{
    if (i >= 0 && i < n)
        return i;
    if (fill == FILL_BLACK || fill == FILL_MEAN)
        return -1;
    if (fill == FILL_EDGE || n == 1)
        return i < 0 ? 0 : n - 1;
    int period = 2 * (n - 1), r = i % period;
    r = r < 0 ? r + period : r;
    return r < n ? r : period - r;
}

/* n copies of a pixel of c numbers */
static void repeat(real *y, const real *pixel, int n, int c)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < c; j++)
            *y++ = pixel[j];
}

/* Output columns lo .. hi-1 of a row, each from its place. */
static void beyond(real *y, const real *row, int lo, int hi, int left, int n, int c,
                   enum augment_fill fill, const real *pixel)
{
    for (int i = lo; i < hi; i++) {
        int at = place(left + i, n, fill);
        const real *from = at < 0 ? pixel : row + (size_t)at * (size_t)c;
        for (int j = 0; j < c; j++)
            y[i * c + j] = from[j];
    }
}

static void mirror(real *y, int n, int c)
{
    for (int i = 0, k = n - 1; i < k; i++, k--)
        for (int j = 0; j < c; j++) {
            real t = y[i * c + j];
            y[i * c + j] = y[k * c + j];
            y[k * c + j] = t;
        }
}

static inline int clip(int i, int lo, int hi)
{
    return i < lo ? lo : i > hi ? hi : i;
}

void warp_copy(real *y, struct shape out, const real *x, struct shape in, const struct window *w,
               enum augment_fill fill, const real *pixel)
{
    int lo = clip(-w->left, 0, out.w), hi = clip(in.w - w->left, lo, out.w), c = out.c;
    for (int i = 0; i < out.h; i++, y += out.w * c) {
        int at = place(w->top + i, in.h, fill);
        if (at < 0) {
            repeat(y, pixel, out.w, c);
            continue;
        }
        const real *row = x + (size_t)at * (size_t)in.w * (size_t)c;
        if (hi > lo)
            memcpy(y + lo * c, row + (size_t)(w->left + lo) * (size_t)c,
                   (size_t)(hi - lo) * (size_t)c * sizeof *y);
        beyond(y, row, 0, lo, w->left, in.w, c, fill, pixel);
        beyond(y, row, hi, out.w, w->left, in.w, c, fill, pixel);
        if (w->mirror)
            mirror(y, out.w, c);
    }
}

/* ---- resampling ---- */

#define BLOCK 64 /* pixels of a row at a time */

size_t warp_room(struct shape in)
{
    return (size_t)(in.h + 2) * (size_t)(in.w + 2) * (size_t)in.c;
}

/* x with a pixel more on every side. */
static void surround(real *padded, const real *x, struct shape in, enum augment_fill fill,
                     const real *pixel)
{
    const struct window all = {-1, -1, false};
    struct shape larger = {in.c, in.h + 2, in.w + 2};
    warp_copy(padded, larger, x, in, &all, fill, pixel);
}

/* The place t in a line of n pixels, brought to where the padded line has a pixel on both sides of
 * it, and counted from its first. NaN does not occur. */
static inline real bring(real t, int n, enum augment_fill fill)
{
    real last = (real)(n - 1);
    if (fill == FILL_REFLECT && (t < 0 || t > last)) {
        real period = 2 * last;
        t = n > 1 ? t - period * (real)floor((double)(t / period)) : 0;
        t = t > last ? period - t : t;
    }
    real least = fill == FILL_BLACK || fill == FILL_MEAN ? -1 : 0, most = last - least;
    t = t < least ? least : t;
    t = t > most ? most : t;
    return t + 1;
}

/* n pixels: between the four around each, whose first numbers stand at from + at[i]. */
static inline void blend(real *restrict y, const real *restrict from, const int *at, const real *fx,
                         const real *fy, int n, int c, int row)
{
    for (int i = 0; i < n; i++) {
        const real *p = from + at[i], *q = p + row;
        real u = fx[i], v = fy[i];
        for (int j = 0; j < c; j++) {
            real top = p[j] + u * (p[c + j] - p[j]), low = q[j] + u * (q[c + j] - q[j]);
            y[i * c + j] = top + v * (low - top);
        }
    }
}

void warp_resample(real *y, struct shape out, const real *x, struct shape in, const struct map *m,
                   enum augment_fill fill, const real *pixel, real *padded)
{
    int at[BLOCK], c = in.c, row = (in.w + 2) * c;
    real fx[BLOCK], fy[BLOCK], xx = (real)m->xx, yx = (real)m->yx;
    surround(padded, x, in, fill, pixel);
    for (int i = 0; i < out.h; i++)
        for (int first = 0; first < out.w; first += BLOCK) {
            int n = out.w - first < BLOCK ? out.w - first : BLOCK;
            real x0 = (real)(m->xy * i + m->x0), y0 = (real)(m->yy * i + m->y0);
            for (int k = 0; k < n; k++) {
                real sx = xx * (real)(first + k) + x0, sy = yx * (real)(first + k) + y0;
                if (m->dx) {
                    sx += m->dx[i * out.w + first + k];
                    sy += m->dy[i * out.w + first + k];
                }
                sx = bring(sx, in.w, fill);
                sy = bring(sy, in.h, fill);
                int left = (int)sx, top = (int)sy;
                left = left > in.w ? in.w : left;
                top = top > in.h ? in.h : top;
                fx[k] = sx - (real)left;
                fy[k] = sy - (real)top;
                at[k] = top * row + left * c;
            }
            if (c == 1)
                blend(y, padded, at, fx, fy, n, 1, row);
            else if (c == 3)
                blend(y, padded, at, fx, fy, n, 3, row);
            else
                blend(y, padded, at, fx, fy, n, c, row);
            y += n * c;
        }
}
