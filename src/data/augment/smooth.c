/* smooth.c - Gaussian smoothing, and the two keys that are made of it: blur, and elastic (Simard,
 * Steinkraus, Platt 2003: random displacements, smoothed). */
#include "data/augment/steps.h"

#include "base/fmath.h"

#include <math.h>
#include <string.h>

int smooth_radius(double sigma)
{
    return (int)ceil(3 * sigma);
}

void smooth_taps(real *g, int radius, double sigma)
{
    double sum = 0;
    for (int i = -radius; i <= radius; i++) {
        double t = sigma > 0 ? fmath_exp(-i * i / (2 * sigma * sigma)) : i == 0;
        g[i + radius] = (real)t;
        sum += t;
    }
    for (int i = 0; i <= 2 * radius; i++)
        g[i] = (real)((double)g[i] / sum);
}

/* A row with radius pixels more at both ends, and an image. */
size_t smooth_room(struct shape s, int radius)
{
    return (size_t)(s.w + 2 * radius) * (size_t)s.c + shape_size(s);
}

/* Place i of a line of n, continued beyond its ends. */
static int place(int i, int n, bool wrap)
{
    if (wrap)
        return (i % n + n) % n;
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* y += g x */
static inline void add(real *restrict y, const real *restrict x, real g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += g * x[i];
}

void smooth(real *x, struct shape s, const real *g, int radius, bool wrap, real *room)
{
    size_t c = (size_t)s.c, row = (size_t)s.w * c;
    real *longer = room, *middle = room + ((size_t)s.w + 2 * (size_t)radius) * c;
    memset(middle, 0, shape_size(s) * sizeof *middle);
    for (int i = 0; i < s.h; i++) {
        for (int k = -radius; k < s.w + radius; k++)
            memcpy(longer + (size_t)(k + radius) * c,
                   x + (size_t)i * row + (size_t)place(k, s.w, wrap) * c, c * sizeof *x);
        for (int t = 0; t <= 2 * radius; t++)
            add(middle + (size_t)i * row, longer + (size_t)t * c, g[t], row);
    }
    memset(x, 0, shape_size(s) * sizeof *x);
    for (int i = 0; i < s.h; i++)
        for (int t = -radius; t <= radius; t++)
            add(x + (size_t)i * row, middle + (size_t)place(i + t, s.h, wrap) * row, g[t + radius],
                row);
}

void blur_random(const struct augment *a, real *x, uint64_t epoch, uint32_t sample, real *room)
{
    struct rng r = augment_rng(a, STREAM_BLUR, epoch, sample);
    double sigma = a->conf.blur * rng_uniform(&r);
    int radius = smooth_radius(sigma);
    real *g = room; /* at most 2 smooth_radius(a->conf.blur) + 1 */
    if (radius == 0)
        return;
    smooth_taps(g, radius, sigma);
    smooth(x, a->out, g, radius, false, room + 2 * smooth_radius(a->conf.blur) + 1);
}

/* Uniform numbers in [-1, 1), times `most`. */
static void scatter(real *x, size_t n, double most, const struct rng *r, uint64_t block)
{
    uint32_t u[4];
    real scale = (real)(most * 0x1p-31);
    for (size_t i = 0; i < n; i += 4) {
        rng_block(r, block++, u);
        for (size_t j = i; j < n && j < i + 4; j++)
            x[j] = (real)(int32_t)u[j - i] * scale;
    }
}

void elastic_draw(const struct augment *a, real *field, uint64_t epoch, uint32_t sample, real *room)
{
    struct rng r = augment_rng(a, STREAM_ELASTIC, epoch, sample);
    struct shape s = {1, a->out.h, a->out.w};
    size_t n = shape_size(s);
    double square = 0; /* smoothing along a line multiplies the variance by it */
    for (int i = 0; i <= 2 * a->elastic_r; i++)
        square += (double)a->elastic_g[i] * (double)a->elastic_g[i];
    double most = a->conf.elastic * sqrt(3) / square; /* a uniform's deviation is most / sqrt(3) */
    for (size_t i = 0; i < 2; i++) {
        scatter(field + i * n, n, most, &r, i * (n + 3) / 4);
        smooth(field + i * n, s, a->elastic_g, a->elastic_r, true, room);
    }
}
