/* conv_tile.h - a tile of a convolution: sums of a few pixels by a few vectors of channels, which
 * stay in registers while the taps go by. */
#ifndef KERNELS_CONV_TILE_H
#define KERNELS_CONV_TILE_H

#include "kernels/vec.h"

#include <stdbool.h>

/* Rows of a tile of one vector and of two: at most 28 of 32 registers hold sums, 12 of 16 with
 * AVX2, 8 of 16 on base; the others hold weights and a number of a. */
#if VW == 16
#define CONV_ROWS_1 24
#define CONV_ROWS_2 14
#elif VW == 8
#define CONV_ROWS_1 12
#define CONV_ROWS_2 6
#else
#define CONV_ROWS_1 8
#define CONV_ROWS_2 4
#endif
#define CONV_VECTORS 2
#define CONV_COLS    (CONV_VECTORS * VW)

#ifdef __clang__
#define CONV_UNROLL _Pragma("unroll")
#else
#define CONV_UNROLL _Pragma("GCC unroll 24")
#endif

/* Rows of a tile come in groups of three: row i is i / 3 steps of 1 and i % 3 steps of 2 away. So
 * three pixels of several samples are a tile, or, with step 1 = 3 step 2, any run of rows; and
 * three addresses need one register. */
#define CONV_GROUP 3

/* Row i, column j of c = end(start + sum over p < np, q < nq, k < nk, in this order, of
 *     a[row i + p a_p + q a_q + k] b[p b_p + q b_q + k width + j])
 * with width = whole vectors of c; start = load ? what c holds : 0. */
struct conv_tile {
    ptrdiff_t a_rs1, a_rs2, a_p, a_q;
    const float *b;
    ptrdiff_t b_p, b_q;
    int np, nq, nk;
    ptrdiff_t c_rs1, c_rs2;
    size_t last; /* lanes of the last vector that are columns of c */
    bool load;
    bool far;            /* c is in no near cache */
    const float *bias;   /* added at the end; or NULL */
    bool relu;           /* then, with threshold 0 */
    const float *relu_y; /* then times relu's slope there; or NULL */
    const float *y;      /* where relu_y starts for c */
};

/* The most rows of a tile of nv vectors. */
INLINE int conv_rows(int nv)
{
    return nv == 1 ? CONV_ROWS_1 : CONV_ROWS_2;
}

typedef void conv_tile_fn(const struct conv_tile *t, const float *a, float *c);

/* The loops for tiles of `rows` rows and nv vectors; conv.isa.c has them. `words`, where
 * bf16_has_words: a and b are of two numbers of bfloat16 each. */
conv_tile_fn *ISA_NAME(conv_tile_of)(int rows, int nv, bool words);

#endif
