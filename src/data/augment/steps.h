/* steps.h - the steps of augmentation, for augment.c. Pixels are h, w, c. */
#ifndef DATA_AUGMENT_STEPS_H
#define DATA_AUGMENT_STEPS_H

#include "data/augment.h"

/* The stream of a key for a sample, at its first number. */
static inline struct rng augment_rng(const struct augment *a, enum augment_stream s, uint64_t epoch,
                                     uint32_t sample)
{
    struct rng r = a->stream[s];
    r.index = epoch << 32 | sample;
    return r;
}

/* Uniform in [-1, 1). */
static inline double augment_both(const struct augment *a, enum augment_stream s, uint64_t epoch,
                                  uint32_t sample)
{
    struct rng r = augment_rng(a, s, epoch, sample);
    return 2 * rng_uniform(&r) - 1;
}

/* ---- where an output pixel comes from ---- */

/* Whole pixels: output (x, y) shows input (left + x, top + y), or with `mirror` that of
 * (out.w - 1 - x, y). */
struct window {
    int left, top;
    bool mirror;
};

/* Anything: output (x, y) shows input (xx x + xy y + x0 + dx, yx x + yy y + y0 + dy); dx and dy of
 * each output pixel, or NULL. */
struct map {
    double xx, xy, x0, yx, yy, y0;
    const real *dx, *dy;
};

/* Draws the geometry of a sample. true: it is no more than *w; false: it is *m (without elastic's
 * displacements). */
bool geometry_draw(const struct augment *a, uint64_t epoch, uint32_t sample, struct window *w,
                   struct map *m);

/* Outside the input lies `fill`; `pixel`: what FILL_BLACK and FILL_MEAN put there, else unused. */
void warp_copy(real *y, struct shape out, const real *x, struct shape in, const struct window *w,
               enum augment_fill fill, const real *pixel);

/* The same by bilinear interpolation. padded: warp_room(in) reals. */
void warp_resample(real *y, struct shape out, const real *x, struct shape in, const struct map *m,
                   enum augment_fill fill, const real *pixel, real *padded);
size_t warp_room(struct shape in);

/* ---- smoothing ---- */

/* Radius of a Gaussian of deviation sigma (pixels), and its 2 radius + 1 taps, of sum 1. */
int smooth_radius(double sigma);
void smooth_taps(real *g, int radius, double sigma);

/* x, in place, smoothed along rows and columns. What lies outside is the nearest pixel, or with
 * `wrap` the other side. room: smooth_room() reals. */
void smooth(real *x, struct shape s, const real *g, int radius, bool wrap, real *room);
size_t smooth_room(struct shape s, int radius);

/* Displacements of a->out's pixels: field[0 .. h w - 1] to the right, then as many down. */
void elastic_draw(const struct augment *a, real *field, uint64_t epoch, uint32_t sample,
                  real *room);

/* ---- values, in place, a->out's pixels ---- */

void colour_jitter(const struct augment *a, real *x, uint64_t epoch, uint32_t sample);
void blur_random(const struct augment *a, real *x, uint64_t epoch, uint32_t sample, real *room);
void cutout_random(const struct augment *a, real *x, uint64_t epoch, uint32_t sample);
void noise_add(const struct augment *a, real *x, uint64_t epoch, uint32_t sample);

/* The number below which a normal number lies with probability p, 0 < p < 1. */
double noise_quantile(double p);

#endif
