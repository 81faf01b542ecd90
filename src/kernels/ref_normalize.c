/* ref_normalize.c - the reference of moments and normalization by columns and rows. */
#include "kernels/ref.h"

#include <math.h>

static void put(real *out, real v, enum grad_mode mode)
{
    *out = mode == GRAD_ADD ? *out + v : v;
}

static void col_dots(real *s, real *d, const real *a, const real *b, ptrdiff_t ld, int m, int n,
                     enum grad_mode mode)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        real sum = mode == GRAD_ADD ? s[j] : 0, product = mode == GRAD_ADD ? d[j] : 0;
        for (ptrdiff_t i = 0; i < m; i++) {
            sum += a[i * ld + j];
            product = LIBM(fma)(a[i * ld + j], b[i * ld + j], product);
        }
        s[j] = sum;
        d[j] = product;
    }
}

static void col_moments(real *mean, real *m2, const real *x, int m, int n)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        mean[j] = m2[j] = 0;
        for (ptrdiff_t i = 0; i < m; i++)
            mean[j] += x[i * n + j];
        mean[j] /= (real)m;
        for (ptrdiff_t i = 0; i < m; i++) {
            real d = x[i * n + j] - mean[j];
            m2[j] = LIBM(fma)(d, d, m2[j]);
        }
    }
}

/* h times w plus b, either of which may be missing */
static real affine(real h, const real *w, const real *b, ptrdiff_t j)
{
    return w ? LIBM(fma)(h, w[j], b ? b[j] : 0) : h;
}

static void col_standardize(real *h, real *y, const real *x, const real *mean, const real *inverse,
                            const real *w, const real *b, int m, int n)
{
    for (int i = 0; i < m; i++, h += n, y += n, x += n)
        for (ptrdiff_t j = 0; j < n; j++) {
            h[j] = (x[j] - mean[j]) * inverse[j];
            y[j] = affine(h[j], w, b, j);
        }
}

static void col_standardize_backward(real *dx, const real *dy, const real *h, const real *by,
                                     const real *s, const real *d, int m, int n,
                                     enum grad_mode mode)
{
    for (int i = 0; i < m; i++, dx += n, dy += n, h += n)
        for (ptrdiff_t j = 0; j < n; j++)
            put(&dx[j], LIBM(fma)(-h[j], d[j], dy[j] - s[j]) * by[j], mode);
}

static void row_standardize(real *h, real *y, real *inverse, const real *x, const real *w,
                            const real *b, real eps, int m, int n)
{
    for (int i = 0; i < m; i++, h += n, y += n, x += n) {
        real mean = ref_sum(x, (size_t)n) / (real)n;
        for (int j = 0; j < n; j++)
            h[j] = x[j] - mean;
        inverse[i] = 1 / LIBM(sqrt)(ref_dot(h, h, (size_t)n) / (real)n + eps);
        for (int j = 0; j < n; j++) {
            h[j] *= inverse[i];
            y[j] = affine(h[j], w, b, j);
        }
    }
}

static void row_standardize_backward(real *dx, const real *dy, const real *h, const real *inverse,
                                     const real *w, int m, int n, enum grad_mode mode, real *g)
{
    for (int i = 0; i < m; i++, dx += n, dy += n, h += n) {
        for (int j = 0; j < n; j++)
            g[j] = dy[j] * (w ? w[j] : 1);
        real s = ref_sum(g, (size_t)n) / (real)n, d = ref_dot(g, h, (size_t)n) / (real)n;
        for (int j = 0; j < n; j++)
            put(&dx[j], LIBM(fma)(-h[j], d, g[j] - s) * inverse[i], mode);
    }
}

void ref_normalize_fill(struct kernels *k)
{
    k->col_dots = col_dots;
    k->col_moments = col_moments;
    k->col_standardize = col_standardize;
    k->col_standardize_backward = col_standardize_backward;
    k->row_standardize = row_standardize;
    k->row_standardize_backward = row_standardize_backward;
}
