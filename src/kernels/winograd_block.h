/* winograd_block.h - tiles of images, and blocks of them transformed.
 *
 * A block holds for each of the 36 products a matrix (tile x channel). */
#ifndef KERNELS_WINOGRAD_BLOCK_H
#define KERNELS_WINOGRAD_BLOCK_H

#include "kernels/conv_tile.h"
#include "kernels/winograd_points.h"

/* n x h x w x c numbers, cut into rows x columns tiles of size x size, `step` apart. The first one
 * starts `above` rows and `left` columns outside of the image. A row of tiles is read from a copy
 * of it, the strip, with zeros for what is outside: memory is read in order, and no tile is
 * special. */
struct tiling {
    const float *x;
    int h, w, c;
    int rows, columns, size, step, above, left;
    float *strip;
    int from, channels; /* of the strip */
    size_t line;        /* row of tiles (of all samples') that it holds */
};

#define STRIP_NONE SIZE_MAX

/* The tiles of oh x ow outputs of filters of `taps` over inputs of h x w x c. */
static inline struct tiling tiling_inputs(const float *x, int h, int w, int c, int oh, int ow,
                                          int taps)
{
    return (struct tiling){.x = x,
                           .h = h,
                           .w = w,
                           .c = c,
                           .rows = winograd_tiles(oh, taps),
                           .columns = winograd_tiles(ow, taps),
                           .size = WINOGRAD_POINTS,
                           .step = winograd_outputs(taps),
                           .channels = c,
                           .line = STRIP_NONE};
}

/* Those of the outputs themselves. */
static inline struct tiling tiling_outputs(const float *y, int oh, int ow, int oc, int taps)
{
    struct tiling t = tiling_inputs(y, oh, ow, oc, oh, ow, taps);
    t.size = t.step;
    return t;
}

static inline int strip_width(const struct tiling *t)
{
    return (t->columns - 1) * t->step + t->size;
}

/* Numbers of a strip, in whole cache lines. */
static inline size_t strip_size(const struct tiling *t)
{
    size_t all = (size_t)t->size * (size_t)strip_width(t) * (size_t)t->channels;
    return (all + 15) / 16 * 16;
}

/* Copies the strip's channels of n pixels. */
static void strip_pixels(const struct tiling *t, const float *x, int n, float *to)
{
    int c = t->channels;
    if (c == t->c) {
        memcpy(to, x, (size_t)n * (size_t)c * sizeof *to);
        return;
    }
    for (x += t->from; n > 0; n--, x += t->c, to += c)
        for (int j = 0; j < c; j += VW)
            v_put(to + j, v_load_n(x + j, (size_t)axis_least(c - j, VW)),
                  (size_t)axis_least(c - j, VW));
}

static void strip_fill(struct tiling *t, size_t line)
{
    int width = strip_width(t), p = (int)(line % (size_t)t->rows) * t->step - t->above;
    int first = t->left < 0 ? -t->left : 0; /* column of the image */
    int before = axis_least(t->left > 0 ? t->left : 0, width);
    int there = axis_least(t->w - first, width - before);
    const float *x = t->x + line / (size_t)t->rows * (size_t)(t->h * t->w) * (size_t)t->c;
    float *to = t->strip;
    for (int i = p; i < p + t->size; i++) {
        int some = i < 0 || i >= t->h || there < 0 ? 0 : there, lead = some ? before : width;
        size_t zeros = (size_t)lead * (size_t)t->channels;
        memset(to, 0, zeros * sizeof *to);
        to += zeros;
        if (some == 0)
            continue;
        strip_pixels(t, x + ((ptrdiff_t)i * t->w + first) * t->c, some, to);
        to += (ptrdiff_t)some * t->channels;
        zeros = (size_t)(width - lead - some) * (size_t)t->channels;
        memset(to, 0, zeros * sizeof *to);
        to += zeros;
    }
    t->line = line;
}

/* Where tile `tile` of all samples' starts in the strip, whose rows are *row apart. */
INLINE const float *strip_tile(struct tiling *t, size_t tile, ptrdiff_t *row)
{
    size_t line = tile / (size_t)t->columns, column = tile % (size_t)t->columns;
    if (line != t->line)
        strip_fill(t, line);
    *row = (ptrdiff_t)strip_width(t) * t->channels;
    return t->strip + column * (size_t)t->step * (size_t)t->channels;
}

/* What the factors of products are: floats, floats rounded to bfloat16, or words of two such
 * numbers, neighbours along what is summed up. The last two give the same sums. */
enum block_form { BLOCK_FLOATS, BLOCK_ROUNDED, BLOCK_WORDS };

static inline enum block_form block_form_of(const struct conv *cv)
{
    if (!cv->bf16)
        return BLOCK_FLOATS;
    return bf16_has_words() && cv->c % 2 == 0 && cv->oc % 2 == 0 ? BLOCK_WORDS : BLOCK_ROUNDED;
}

/* What n numbers along a sum take, in floats. */
static inline int block_words(enum block_form form, int n)
{
    return form == BLOCK_WORDS ? (n + 1) / 2 : n;
}

/* How number k of a sum is put, number 0 first; at block_words(form, k + 1) - 1. */
INLINE enum point_form block_put(enum block_form form, int k)
{
    return form == BLOCK_FLOATS    ? POINT_FLOATS
           : form == BLOCK_ROUNDED ? POINT_ROUNDED
           : k % 2                 ? POINT_LOWER
                                   : POINT_FLOATS;
}

/* A tile's c channels become 36 rows, `apart` floats from each other. */
INLINE void block_tile(const float *x, ptrdiff_t row, int c, float *to, size_t apart,
                       const enum point_form form)
{
    int j = 0;
    for (; j + VW <= c; j += VW)
        winograd_inputs(x + j, row, c, to + (form == POINT_NEIGHBOURS ? j / 2 : j), apart, VW,
                        form);
    if (j < c)
        winograd_inputs(x + j, row, c, to + (form == POINT_NEIGHBOURS ? j / 2 : j), apart,
                        (size_t)(c - j), form);
}

static void block_tile_as(const float *x, ptrdiff_t row, int c, float *to, size_t apart,
                          enum point_form form)
{
    switch (form) {
    case POINT_FLOATS:
        block_tile(x, row, c, to, apart, POINT_FLOATS);
        break;
    case POINT_ROUNDED:
        block_tile(x, row, c, to, apart, POINT_ROUNDED);
        break;
    case POINT_NEIGHBOURS:
        if (VW == 16) /* other sets have no words */
            block_tile(x, row, c, to, apart, POINT_NEIGHBOURS);
        break;
    case POINT_LOWER:
        if (VW == 16)
            block_tile(x, row, c, to, apart, POINT_LOWER);
        break;
    }
}

/* Floats between the matrices of a block: its size, and a line more, so that they do not all fall
 * on the same places of a cache. */
static inline size_t block_apart(int rows, int width)
{
    return ((size_t)rows * (size_t)width + 15) / 16 * 16 + 16;
}

/* Columns of the panel of `out` outputs from j on, in whole vectors. */
static inline int panel_width(int out, int j)
{
    int left = axis_least(out - j, CONV_COLS);
    return (left + VW - 1) / VW * VW;
}

/* Floats of the weights (or their gradients) of a panel, (product, input, column), and of all. */
static inline size_t panel_size(int in, int width)
{
    return WINOGRAD_PRODUCTS * block_apart(in, width);
}

static inline size_t panels_size(int in, int out)
{
    size_t all = 0;
    for (int j = 0; j < out; j += CONV_COLS)
        all += panel_size(in, panel_width(out, j));
    return all;
}

#endif
