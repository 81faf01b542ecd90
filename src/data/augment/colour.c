/* colour.c - brightness, contrast, saturation and hue, as one step.
 *
 * With t = value before normalization - lo, each is an affine map of a pixel's channels:
 *
 *     brightness    t' = b t
 *     contrast      t' = k t + (1 - k) (mean grey of the image)
 *     saturation    t' = s t + (1 - s) (grey of the pixel)
 *     hue           t' = t, turned about the axis of greys by an angle (a third of a turn: red
 *                   becomes green, green blue, blue red)
 *
 * in this order; grey is 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601). What leaves [lo, hi]
 * is cut off in the end. */
#include "data/augment/steps.h"

#include "base/fmath.h"

#include <math.h>

#define MOST 3 /* channels */

static const double grey3[MOST] = {0.299, 0.587, 0.114}, grey1[MOST] = {1, 0, 0};

/* t' = m t + add */
struct affine {
    double m[MOST][MOST], add;
};

/* 1 +- the setting, or 1 */
static double factor(const struct augment *a, double setting, enum augment_stream s, uint64_t epoch,
                     uint32_t sample)
{
    double f = setting > 0 ? 1 + setting * augment_both(a, s, epoch, sample) : 1;
    return f > 0 ? f : 0;
}

/* The mean of t's grey. */
static double mean_grey(const struct augment *a, const real *x, const double *mean,
                        const double *std, const double *grey)
{
    int c = a->out.c;
    size_t n = (size_t)a->out.h * (size_t)a->out.w;
    double sum[MOST] = {0}, m = 0;
    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < c; j++)
            sum[j] += (double)x[i * (size_t)c + (size_t)j];
    for (int j = 0; j < c; j++)
        m += grey[j] * (sum[j] / (double)n * std[j] + mean[j] - a->lo);
    return m;
}

/* f times a turn about the axis of greys (Rodrigues), behind m: hue. */
static void turn(struct affine *f, double angle)
{
    double sin, cos, old[MOST][MOST];
    fmath_sincospi(2 * angle, &sin, &cos);
    double same = cos + (1 - cos) / 3, up = (1 - cos) / 3 - sin / sqrt(3),
           down = (1 - cos) / 3 + sin / sqrt(3);
    const double r[MOST][MOST] = {{same, up, down}, {down, same, up}, {up, down, same}};
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < MOST; j++)
            old[i][j] = f->m[i][j];
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < MOST; j++)
            f->m[i][j] = r[i][0] * old[0][j] + r[i][1] * old[1][j] + r[i][2] * old[2][j];
}

static struct affine draw(const struct augment *a, const real *x, const double *mean,
                          const double *std, uint64_t epoch, uint32_t sample)
{
    const struct augment_conf *c = &a->conf;
    const double *grey = a->out.c == MOST ? grey3 : grey1;
    double b = factor(a, c->brightness, STREAM_BRIGHTNESS, epoch, sample);
    double k = factor(a, c->contrast, STREAM_CONTRAST, epoch, sample);
    double s = factor(a, c->saturation, STREAM_SATURATION, epoch, sample);
    struct affine f = {.add = k == 1 ? 0 : (1 - k) * b * mean_grey(a, x, mean, std, grey)};
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < MOST; j++)
            f.m[i][j] = k * b * ((i == j ? s : 0) + (1 - s) * grey[j]);
    if (c->hue > 0)
        turn(&f, c->hue * augment_both(a, STREAM_HUE, epoch, sample));
    return f;
}

static inline real between(real v, real lo, real hi)
{
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}

static void apply3(real *x, size_t n, real m[MOST][MOST], const real *add, const real *lo,
                   const real *hi)
{
    for (size_t i = 0; i < n; i++, x += MOST) {
        real r = x[0], g = x[1], b = x[2];
        for (int j = 0; j < MOST; j++)
            x[j] = between(m[j][0] * r + m[j][1] * g + m[j][2] * b + add[j], lo[j], hi[j]);
    }
}

static void apply1(real *x, size_t n, real m, real add, real lo, real hi)
{
    for (size_t i = 0; i < n; i++)
        x[i] = between(m * x[i] + add, lo, hi);
}

void colour_jitter(const struct augment *a, real *x, uint64_t epoch, uint32_t sample)
{
    int c = a->out.c;
    size_t n = (size_t)a->out.h * (size_t)a->out.w;
    double mean[MOST], std[MOST];
    real m[MOST][MOST] = {{0}}, add[MOST] = {0}, lo[MOST] = {0}, hi[MOST] = {0};
    for (int j = 0; j < c; j++) { /* x is (value - mean) / std */
        int g = a->n_norm == 1 ? 0 : j;
        bool as_is = a->raw || a->n_norm == 0;
        mean[j] = as_is ? 0 : (double)a->mean[g];
        std[j] = as_is ? 1 : (double)a->std[g];
    }
    struct affine f = draw(a, x, mean, std, epoch, sample);
    for (int i = 0; i < c; i++) {
        double rest = a->lo - mean[i] + f.add;
        for (int j = 0; j < c; j++) {
            m[i][j] = (real)(f.m[i][j] * std[j] / std[i]);
            rest += f.m[i][j] * (mean[j] - a->lo);
        }
        add[i] = (real)(rest / std[i]);
        lo[i] = (real)((a->lo - mean[i]) / std[i]);
        hi[i] = (real)((a->hi - mean[i]) / std[i]);
    }
    if (c == 1)
        apply1(x, n, m[0][0], add[0], lo[0], hi[0]);
    else
        apply3(x, n, m, add, lo, hi);
}
