/* conv_axis.h - the axes of a convolution: which taps are inside the image, and where. */
#ifndef KERNELS_CONV_AXIS_H
#define KERNELS_CONV_AXIS_H

#include "kernels/kernels.h"

static inline int axis_least(int a, int b)
{
    return a < b ? a : b;
}

/* One axis of the image: which taps an output position has, and which input it reads with them. */
struct axis {
    int in, taps, stride, pad, dilation;
    bool back;     /* the roles of input and output are exchanged */
    int tap_step;  /* from a valid tap to the next */
    int in_step;   /* and the input's step then */
    int same_step; /* from an output to the next that may have the same taps, */
    int same_in;   /* and the input's step then */
};

struct taps {
    int first, count, in; /* the first valid tap, how many, the input of the first */
};

static inline int axis_divisor(int a, int b)
{
    return b == 0 ? a : axis_divisor(b, a % b);
}

static inline struct axis axis_of(int in, int taps, int stride, int pad, int dilation, bool back)
{
    int common = axis_divisor(stride, dilation);
    return (struct axis){.in = in,
                         .taps = taps,
                         .stride = stride,
                         .pad = pad,
                         .dilation = dilation,
                         .back = back,
                         .tap_step = back ? stride / common : 1,
                         .in_step = back ? -dilation / common : dilation,
                         .same_step = back ? stride : 1,
                         .same_in = back ? 1 : stride};
}

static inline struct taps taps_back(const struct axis *a, int o)
{
    int at = o + a->pad, over = at - (a->in - 1) * a->stride;
    int first = over > 0 ? (over + a->dilation - 1) / a->dilation : 0;
    int end = axis_least(first + a->tap_step, a->taps); /* the places repeat */
    while (first < end && (at - first * a->dilation) % a->stride != 0)
        first++;
    int last = axis_least(at / a->dilation, a->taps - 1);
    if (first >= end || first > last || at < 0)
        return (struct taps){0, 0, 0};
    return (struct taps){first, (last - first) / a->tap_step + 1,
                         (at - first * a->dilation) / a->stride};
}

static inline struct taps taps_at(const struct axis *a, int o)
{
    if (a->back)
        return taps_back(a, o);
    int at = o * a->stride - a->pad, behind = a->in - 1 - at;
    if (at >= 0 && behind >= (a->taps - 1) * a->dilation)
        return (struct taps){0, a->taps, at};
    int first = at < 0 ? (-at + a->dilation - 1) / a->dilation : 0;
    int end = behind < 0 ? 0 : axis_least(behind / a->dilation + 1, a->taps);
    return (struct taps){first, end > first ? end - first : 0, at + first * a->dilation};
}

/* Whether each channel has its own filter. */
static inline bool conv_depthwise(const struct conv *cv)
{
    return cv->groups == cv->c && cv->groups == cv->oc && cv->groups > 1;
}

#define CONV_FEW 4 /* channels of an image whose weight gradients take taps of a row together */

static inline bool conv_few_channels(const struct conv *cv)
{
    return cv->groups == 1 && cv->dilation_w == 1 && cv->c <= CONV_FEW;
}

/* Inputs that `out` outputs see along an axis. */
static inline int conv_extent(int out, int taps, int stride, int dilation)
{
    return out > 0 ? (out - 1) * stride + (taps - 1) * dilation + 1 : 0;
}

/* Scratch for weight gradients of few channels: a sample with what is outside of it. */
static inline size_t conv_padded_size(const struct conv *cv)
{
    if (!conv_few_channels(cv))
        return 0;
    return (size_t)conv_extent(cv->oh, cv->kh, cv->stride_h, cv->dilation_h) *
           (size_t)conv_extent(cv->ow, cv->kw, cv->stride_w, 1) * (size_t)cv->c;
}

#endif
