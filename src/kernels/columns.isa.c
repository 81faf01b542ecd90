/* columns.isa.c - sums down columns, and normalization by columns. */
#include "kernels/fill.h"
#include "kernels/vec.h"

#define COLS 4 /* vectors of columns that go down together */

/* Numbers of vector v of `vectors`, the last of which has `last`. */
INLINE size_t width(int v, int vectors, size_t last)
{
    return v < vectors - 1 ? VW : last;
}

INLINE void sum_columns(float *out, const float *a, ptrdiff_t lda, int m, const int vectors,
                        size_t last, enum grad_mode mode)
{
    vf s[COLS];
    for (int v = 0; v < vectors; v++)
        s[v] = mode == GRAD_ADD ? v_load_n(out + v * VW, width(v, vectors, last)) : v_set(0);
    for (int i = 0; i < m; i++, a += lda)
        for (int v = 0; v < vectors; v++)
            s[v] += v_load_n(a + v * VW, width(v, vectors, last));
    for (int v = 0; v < vectors; v++)
        v_put(out + v * VW, s[v], width(v, vectors, last));
}

static void col_sums(float *out, const float *a, ptrdiff_t lda, int m, int n, enum grad_mode mode)
{
    int j = 0;
    for (; j + COLS * VW <= n; j += COLS * VW)
        sum_columns(out + j, a + j, lda, m, COLS, VW, mode);
    for (; j < n; j += VW)
        sum_columns(out + j, a + j, lda, m, 1, n - j < VW ? (size_t)(n - j) : VW, mode);
}

INLINE void dot_columns(float *s, float *d, const float *a, const float *b, ptrdiff_t ld, int m,
                        const int vectors, size_t last, enum grad_mode mode)
{
    vf sv[COLS], dv[COLS];
    for (int v = 0; v < vectors; v++) {
        size_t w = width(v, vectors, last);
        sv[v] = mode == GRAD_ADD ? v_load_n(s + v * VW, w) : v_set(0);
        dv[v] = mode == GRAD_ADD ? v_load_n(d + v * VW, w) : v_set(0);
    }
    for (int i = 0; i < m; i++, a += ld, b += ld)
        for (int v = 0; v < vectors; v++) {
            size_t w = width(v, vectors, last);
            vf av = v_load_n(a + v * VW, w);
            sv[v] += av;
            dv[v] = v_fma(av, v_load_n(b + v * VW, w), dv[v]);
        }
    for (int v = 0; v < vectors; v++) {
        v_put(s + v * VW, sv[v], width(v, vectors, last));
        v_put(d + v * VW, dv[v], width(v, vectors, last));
    }
}

static void col_dots(float *s, float *d, const float *a, const float *b, ptrdiff_t ld, int m, int n,
                     enum grad_mode mode)
{
    int j = 0;
    for (; j + COLS * VW <= n; j += COLS * VW)
        dot_columns(s + j, d + j, a + j, b + j, ld, m, COLS, VW, mode);
    for (; j < n; j += VW)
        dot_columns(s + j, d + j, a + j, b + j, ld, m, 1, n - j < VW ? (size_t)(n - j) : VW, mode);
}

INLINE void moments(float *mean, float *m2, const float *x, int m, int n, const int vectors,
                    size_t last)
{
    vf mv[COLS], s[COLS];
    const float *row = x;
    for (int v = 0; v < vectors; v++)
        mv[v] = s[v] = v_set(0);
    for (int i = 0; i < m; i++, row += n)
        for (int v = 0; v < vectors; v++)
            mv[v] += v_load_n(row + v * VW, width(v, vectors, last));
    for (int v = 0; v < vectors; v++)
        mv[v] = mv[v] / v_set((float)m);
    row = x;
    for (int i = 0; i < m; i++, row += n)
        for (int v = 0; v < vectors; v++) {
            vf d = v_load_n(row + v * VW, width(v, vectors, last)) - mv[v];
            s[v] = v_fma(d, d, s[v]);
        }
    for (int v = 0; v < vectors; v++) {
        v_put(mean + v * VW, mv[v], width(v, vectors, last));
        v_put(m2 + v * VW, s[v], width(v, vectors, last));
    }
}

static void col_moments(float *mean, float *m2, const float *x, int m, int n)
{
    int j = 0;
    for (; j + COLS * VW <= n; j += COLS * VW)
        moments(mean + j, m2 + j, x + j, m, n, COLS, VW);
    for (; j < n; j += VW)
        moments(mean + j, m2 + j, x + j, m, n, 1, n - j < VW ? (size_t)(n - j) : VW);
}

static void col_standardize(float *h, float *y, const float *x, const float *mean,
                            const float *inverse, const float *w, const float *b, int m, int n)
{
    for (int i = 0; i < m; i++, h += n, y += n, x += n)
        for (int j = 0; j < n; j += VW) {
            size_t c = n - j < VW ? (size_t)(n - j) : VW;
            vf v = (v_load_n(x + j, c) - v_load_n(mean + j, c)) * v_load_n(inverse + j, c);
            v_put(h + j, v, c);
            if (w)
                v = v_fma(v, v_load_n(w + j, c), b ? v_load_n(b + j, c) : v_set(0));
            v_put(y + j, v, c);
        }
}

static void col_standardize_backward(float *dx, const float *dy, const float *h, const float *by,
                                     const float *s, const float *d, int m, int n,
                                     enum grad_mode mode)
{
    for (int i = 0; i < m; i++, dx += n, dy += n, h += n)
        for (int j = 0; j < n; j += VW) {
            size_t c = n - j < VW ? (size_t)(n - j) : VW;
            vf g = v_load_n(dy + j, c) - v_load_n(s + j, c);
            g = v_fma(-v_load_n(h + j, c), v_load_n(d + j, c), g) * v_load_n(by + j, c);
            if (mode == GRAD_ADD)
                g = v_load_n(dx + j, c) + g;
            v_put(dx + j, g, c);
        }
}

void ISA_NAME(columns_fill)(struct kernels *k)
{
    k->col_sums = col_sums;
    k->col_dots = col_dots;
    k->col_moments = col_moments;
    k->col_standardize = col_standardize;
    k->col_standardize_backward = col_standardize_backward;
}
