/* spoil.c - what takes information away: cutout (DeVries and Taylor 2017) and noise. */
#include "data/augment/steps.h"

#include "base/fmath.h"

#include <math.h>

/* The square lies inside the image, so that it always has the same area. */
void cutout_random(const struct augment *a, real *x, uint64_t epoch, uint32_t sample)
{
    struct rng r = augment_rng(a, STREAM_CUTOUT, epoch, sample);
    int w = a->conf.cutout < a->out.w ? a->conf.cutout : a->out.w;
    int h = a->conf.cutout < a->out.h ? a->conf.cutout : a->out.h, c = a->out.c;
    int left = (int)rng_below(&r, (uint32_t)(a->out.w - w) + 1);
    int top = (int)rng_below(&r, (uint32_t)(a->out.h - h) + 1);
    for (int i = top; i < top + h; i++) {
        real *row = x + ((size_t)i * (size_t)a->out.w + (size_t)left) * (size_t)c;
        for (int k = 0; k < w; k++)
            for (int j = 0; j < c; j++)
                *row++ = a->fill[j];
    }
}

/* Rational functions of Acklam 2003; relative error below 1.2e-9. */
double noise_quantile(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01, 1};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00, 1};
    double tail = p < 0.5 ? p : 1 - p;
    if (tail < 0.02425) {
        double q = sqrt(-2 * fmath_log(tail));
        double v = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                   ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + d[4]);
        return p < 0.5 ? v : -v;
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + b[5]);
}

void noise_add(const struct augment *a, real *x, uint64_t epoch, uint32_t sample)
{
    const struct rng r = augment_rng(a, STREAM_NOISE, epoch, sample);
    size_t n = shape_size(a->out);
    uint32_t u[4];
    for (size_t i = 0; i < n; i += 4) {
        rng_block(&r, i / 4, u);
        for (size_t j = i; j < n && j < i + 4; j++)
            x[j] += (real)(a->conf.noise * noise_quantile(((double)u[j - i] + 0.5) * 0x1p-32));
    }
}
