/* conv_shapes.h - the convolutions that are measured, by diynn and by its peers: stride 1, a relu
 * and a bias fused into the forward pass. */
#ifndef BENCH_CONV_SHAPES_H
#define BENCH_CONV_SHAPES_H

#include <stdbool.h>

struct conv_shape {
    const char *name;
    int n, h, w, c; /* input: n x h x w x c */
    int oc, kh, kw;
    int pad_h, pad_w; /* on both sides */
    bool first;       /* of its net: its input needs no gradient */
};

/* Layers of the nets of bench/train.c; fast.*: of nets/cifar_fast.ini, by block. */
static const struct conv_shape conv_shapes[] = {
    {"D.conv1", 128, 32, 32, 3, 32, 5, 5, 2, 2, 1},
    {"D.conv2", 128, 16, 16, 32, 64, 5, 5, 2, 2, 0},
    {"D.conv3", 128, 8, 8, 64, 64, 5, 5, 2, 2, 0},
    {"E.conv1", 32, 16, 16, 1, 16, 3, 3, 1, 1, 1},
    {"E.conv2", 32, 8, 8, 16, 32, 3, 3, 1, 1, 0},
    {"F.conv1", 32, 1, 16, 16, 32, 1, 3, 0, 1, 1},
    {"fast.1a", 128, 32, 32, 24, 64, 3, 3, 1, 1, 0},
    {"fast.2a", 128, 16, 16, 64, 256, 3, 3, 1, 1, 0},
    {"fast.2b", 128, 8, 8, 256, 256, 3, 3, 1, 1, 0},
    {"fast.3b", 128, 4, 4, 256, 256, 3, 3, 1, 1, 0},
};

#define N_CONV_SHAPES ((int)(sizeof conv_shapes / sizeof *conv_shapes))

/* Forward, backward to the input, backward to weights and biases. A case is named LAYER.PASS. */
enum conv_pass { CONV_FWD, CONV_DX, CONV_DW, CONV_PASSES };

static const char *const conv_pass_names[] = {"fwd", "dX", "dW"};

static inline int conv_shape_oh(const struct conv_shape *s)
{
    return s->h + 2 * s->pad_h - s->kh + 1;
}

static inline int conv_shape_ow(const struct conv_shape *s)
{
    return s->w + 2 * s->pad_w - s->kw + 1;
}

/* Pairs of an output and a tap along an axis of `in` inputs whose input is inside. */
static inline double conv_shape_pairs(int in, int taps, int pad)
{
    int pairs = 0;
    for (int out = 0; out < in + 2 * pad - taps + 1; out++)
        for (int tap = 0; tap < taps; tap++)
            pairs += out - pad + tap >= 0 && out - pad + tap < in;
    return pairs;
}

/* Operations of any pass as a direct sum over taps inside the image; a multiplication and an
 * addition count 2. */
static inline double conv_shape_flops(const struct conv_shape *s)
{
    return 2.0 * s->n * s->c * s->oc * conv_shape_pairs(s->h, s->kh, s->pad_h) *
           conv_shape_pairs(s->w, s->kw, s->pad_w);
}

#endif
