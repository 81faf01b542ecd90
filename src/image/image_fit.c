/* image_fit.c - an image in another size and other colours.
 *
 * Height and width are resampled one after the other. Each output is a weighted sum of a run of
 * inputs: the mean over the area it covers where there are more inputs than outputs, else
 * interpolated between the two nearest. */
#include "image/image.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* The inputs of each of n outputs along an axis, and their weights. */
struct axis {
    int n, most;  /* outputs; most inputs of one */
    int *first;   /* n: the first input */
    int *count;   /* n */
    float *share; /* n x most */
};

static void axis_free(struct axis *a)
{
    mem_free(a->first);
    mem_free(a->count);
    mem_free(a->share);
}

/* Inputs that the interval from..to covers, each with the length of its part. */
static void cover(struct axis *a, int i, double from, double to, int size)
{
    int lo = (int)floor(from), hi = (int)ceil(to);
    lo = lo < 0 ? 0 : lo;
    hi = hi > size ? size : hi;
    a->first[i] = lo;
    a->count[i] = hi - lo < a->most ? hi - lo : a->most;
    for (int j = 0; j < a->count[i]; j++) {
        double begin = lo + j > from ? lo + j : from, end = lo + j + 1 < to ? lo + j + 1 : to;
        a->share[(size_t)i * (size_t)a->most + (size_t)j] = (float)((end - begin) / (to - from));
    }
}

/* The two inputs around a place; at the border one. */
static void between(struct axis *a, int i, double at, int size)
{
    at = at < 0 ? 0 : at > size - 1 ? size - 1 : at;
    int lo = (int)floor(at);
    float *share = a->share + (size_t)i * (size_t)a->most;
    a->first[i] = lo;
    a->count[i] = lo + 1 < size ? 2 : 1;
    share[0] = a->count[i] == 2 ? (float)(1 - (at - lo)) : 1;
    share[1] = (float)(at - lo);
}

/* n outputs of the `length` inputs from `start` on, of `size` there are. */
static int axis_make(struct axis *a, int n, double start, double length, int size, struct err *e)
{
    double step = length / n;
    *a = (struct axis){.n = n, .most = (int)ceil(step) + 1};
    a->most = a->most < 2 ? 2 : a->most;
    a->first = mem_alloc((size_t)n, sizeof *a->first, e);
    a->count = mem_alloc((size_t)n, sizeof *a->count, e);
    a->share = mem_alloc(mem_mul((size_t)n, (size_t)a->most), sizeof *a->share, e);
    if (!a->first || !a->count || !a->share)
        return -1;
    for (int i = 0; i < n; i++) {
        if (step > 1)
            cover(a, i, start + i * step, start + (i + 1) * step, size);
        else
            between(a, i, start + (i + 0.5) * step - 0.5, size);
    }
    return 0;
}

/* The part of the image that is used, and how it is resampled. */
static int make_axes(struct axis *x, struct axis *y, struct shape to, const struct image *im,
                     enum image_fit how, struct err *e)
{
    double w = im->w, h = im->h;
    if (how == IMAGE_CROP) {
        double across = w / to.w, down = h / to.h, scale = across < down ? across : down;
        w = scale * to.w < w ? scale * to.w : w;
        h = scale * to.h < h ? scale * to.h : h;
    }
    double left = (im->w - w) / 2, top = (im->h - h) / 2;
    if (w == to.w) /* whole pixels where nothing is scaled */
        left = floor(left);
    if (h == to.h)
        top = floor(top);
    return axis_make(x, to.w, left, w, im->w, e) || axis_make(y, to.h, top, h, im->h, e) ? -1 : 0;
}

/* One row of pixels, resampled across. */
static void across(float *out, const unsigned char *row, int c, const struct axis *x)
{
    for (int i = 0; i < x->n; i++) {
        const float *share = x->share + (size_t)i * (size_t)x->most;
        const unsigned char *p = row + (size_t)x->first[i] * (size_t)c;
        for (int k = 0; k < c; k++) {
            float sum = 0;
            for (int j = 0; j < x->count[i]; j++)
                sum += share[j] * p[(size_t)j * (size_t)c + (size_t)k];
            out[(size_t)i * (size_t)c + (size_t)k] = sum;
        }
    }
}

static void round_row(unsigned char *out, const float *sum, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = sum[i] + 0.5F;
        out[i] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

/* pixels (c values each) into x->n x y->n of them. */
static int resample(unsigned char *out, const unsigned char *pixels, int width, int c,
                    const struct axis *x, const struct axis *y, struct err *e)
{
    size_t n = (size_t)x->n * (size_t)c, line = (size_t)width * (size_t)c;
    float *row = mem_alloc(mem_mul(2, n), sizeof *row, e);
    int there = -1; /* the line that stands in `row` */
    if (!row)
        return -1;
    float *sum = row + n;
    for (int i = 0; i < y->n; i++, out += n) {
        memset(sum, 0, n * sizeof *sum);
        for (int j = 0; j < y->count[i]; j++) {
            float share = y->share[(size_t)i * (size_t)y->most + (size_t)j];
            if (there != y->first[i] + j) {
                there = y->first[i] + j;
                across(row, pixels + (size_t)there * line, c, x);
            }
            for (size_t k = 0; k < n; k++)
                sum[k] += share * row[k];
        }
        round_row(out, sum, n);
    }
    mem_free(row);
    return 0;
}

static void to_grey(unsigned char *out, const unsigned char *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3)
        out[i] =
            (unsigned char)((19595U * rgb[0] + 38470U * rgb[1] + 7471U * rgb[2] + 32768U) >> 16);
}

/* Grey values that stand at the end of 3 n bytes, three times each. */
static void to_colour(unsigned char *out, size_t n)
{
    const unsigned char *grey = out + 2 * n;
    for (size_t i = 0; i < n; i++)
        out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = grey[i];
}

int image_fit(unsigned char *out, struct shape to, const struct image *im, enum image_fit how,
              struct err *e)
{
    struct axis x = {0}, y = {0};
    size_t n = (size_t)im->w * (size_t)im->h, n_out = (size_t)to.w * (size_t)to.h;
    int c = to.c < im->channels ? to.c : im->channels, rc = 0; /* while it is resampled */
    unsigned char *grey = NULL, *at = to.c > c ? out + 2 * n_out : out;
    const unsigned char *pixels = im->pixels;
    if (c < im->channels) {
        grey = mem_alloc(n, 1, e);
        if (!grey)
            return -1;
        to_grey(grey, pixels, n);
        pixels = grey;
    }
    if (im->w == to.w && im->h == to.h) {
        memcpy(at, pixels, n * (size_t)c);
    } else {
        rc = make_axes(&x, &y, to, im, how, e);
        if (rc == 0)
            rc = resample(at, pixels, im->w, c, &x, &y, e);
        axis_free(&x);
        axis_free(&y);
    }
    if (rc == 0 && to.c > c)
        to_colour(out, n_out);
    mem_free(grey);
    return rc;
}
