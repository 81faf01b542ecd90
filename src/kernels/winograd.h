/* winograd.h - which convolutions are computed from products at points (Winograd 1980; Lavin and
 * Gray 2016), and the transforms that this takes.
 *
 * Along an axis, m outputs of a filter of r taps are coefficients of a product of polynomials,
 * which its values at m + r - 1 points determine. In two dimensions the m x m outputs of a tile
 * take 36 products instead of m m r r: 25 times 4 by 5 x 5, 9 times 16 by 3 x 3 taps. Channels are
 * summed up before the way back, so the bulk of the work is 36 products of matrices.
 *
 * Points are 0, +-5/8, +-3/2 and infinity: with these an output's error is 1.5 (5 x 5) and 2 (3 x
 * 3) times that of the direct sum; with the usual 0, +-1, +-2 it would be 3 and 4 times that. */
#ifndef KERNELS_WINOGRAD_H
#define KERNELS_WINOGRAD_H

#include "kernels/conv_axis.h"

#define WINOGRAD_POINTS   6
#define WINOGRAD_PRODUCTS (WINOGRAD_POINTS * WINOGRAD_POINTS)
#define WINOGRAD_CHANNELS 16        /* at least, of inputs and of outputs */
#define WINOGRAD_WEIGHTS  (6 << 20) /* transformed, at most: what caches hold */
#define WINOGRAD_MANY     (1 << 14) /* weights of a tap, for larger slices */
/* What transforms cost, in multiply-adds: of a channel of a tile, and of a weight and its gradient
 * a sample, when a slice of samples shares it. */
#define WINOGRAD_COST_TILE   150
#define WINOGRAD_COST_WEIGHT 20

/* Outputs of a tile along an axis, for a filter of `taps`. */
static inline int winograd_outputs(int taps)
{
    return WINOGRAD_POINTS + 1 - taps;
}

/* Tiles along an axis of `out` outputs. */
static inline int winograd_tiles(int out, int taps)
{
    return (out + winograd_outputs(taps) - 1) / winograd_outputs(taps);
}

/* Pairs of an output and a tap along an axis whose input is inside. */
static inline int winograd_pairs(int in, int out, int taps, int pad)
{
    struct axis a = axis_of(in, taps, 1, pad, 1, false);
    int sum = 0;
    for (int o = 0; o < out; o++)
        sum += taps_at(&a, o).count;
    return sum;
}

/* Whether cv is computed so, in all passes. The number of samples does not matter, or the same
 * sample would have other results in another batch. */
static inline bool winograd_takes(const struct conv *cv)
{
    if (cv->groups != 1 || cv->kh != cv->kw || (cv->kh != 3 && cv->kh != 5) || cv->stride_h != 1 ||
        cv->stride_w != 1 || cv->dilation_h != 1 || cv->dilation_w != 1 ||
        cv->c < WINOGRAD_CHANNELS || cv->oc < WINOGRAD_CHANNELS)
        return false;
    double pairs = (double)cv->c * cv->oc;
    double direct = pairs * winograd_pairs(cv->h, cv->oh, cv->kh, cv->pad_h) *
                    winograd_pairs(cv->w, cv->ow, cv->kw, cv->pad_w);
    double tiles = (double)winograd_tiles(cv->oh, cv->kh) * winograd_tiles(cv->ow, cv->kw);
    double tile = WINOGRAD_PRODUCTS * pairs + WINOGRAD_COST_TILE * (double)(cv->c + cv->oc);
    return WINOGRAD_PRODUCTS * pairs <= WINOGRAD_WEIGHTS &&
           tiles * tile + WINOGRAD_COST_WEIGHT * pairs < direct;
}

/* Samples whose weight gradients are one chain, before slices are added up. Of many weights more,
 * as the way back from points costs as much as several tiles. */
static inline int conv_slice(const struct conv *cv)
{
    return winograd_takes(cv) && cv->c * cv->oc >= WINOGRAD_MANY ? CONV_SLICE_MOST : CONV_SLICE;
}

#endif
