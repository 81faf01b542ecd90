/* conv_weights_tile.h - a tile of a convolution's weight gradient: a few weights' inputs by a few
 * vectors of outputs, which stay in registers while the pixels go by. */
#ifndef KERNELS_CONV_WEIGHTS_TILE_H
#define KERNELS_CONV_WEIGHTS_TILE_H

#include "kernels/conv_tile.h"

/* Row i, column j of c (row stride ldc) += sum over p < np, q < nq, k < nk, in this order, of
 *     a[row i + p a_p + q a_q + k a_k] b[p b_p + q b_q + k b_k + j]
 * where row i is i / 3 steps a_rs away, and i % 3 numbers; += is = where load is false. */
struct weights_tile {
    const float *a;
    ptrdiff_t a_rs, a_p, a_q, a_k;
    const float *b;
    ptrdiff_t b_p, b_q, b_k;
    int np, nq, nk;
    float *c;
    ptrdiff_t ldc;
    size_t last; /* lanes of the last vector that are columns of b and c */
    bool load;
    float *sums; /* also the sums of b, by columns, in the same way; or NULL */
};

typedef void weights_tile_fn(const struct weights_tile *t);

/* The loops for tiles of `rows` rows and nv vectors; conv_weights.isa.c has them. `words`:
 * as in conv_tile_of. */
weights_tile_fn *ISA_NAME(weights_tile_of)(int rows, int nv, bool words);

#endif
