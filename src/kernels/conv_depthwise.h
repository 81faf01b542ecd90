/* conv_depthwise.h - the innermost loops of convolutions whose groups are single channels: vectors
 * of channels meet vectors of weights. */
#ifndef KERNELS_CONV_DEPTHWISE_H
#define KERNELS_CONV_DEPTHWISE_H

#include "kernels/conv_tiles.h"

/* As struct conv_tile says, but with nk = 1 and
 *     a[row i + p a_p + q a_q + j] b[p b_p + q b_q + j] */
INLINE void depthwise_body(const int mr, const int nv, const struct conv_tile *t, const float *a,
                           float *c)
{
    vf acc[CONV_ROWS_1][CONV_VECTORS];
    const float *b = t->b;
    size_t last = t->last;
    conv_tile_start(mr, nv, acc, t, c);
    for (int p = t->np; p > 0; p--, a += t->a_p, b += t->b_p) {
        const float *aq = a, *bq = b;
        for (int q = t->nq; q > 0; q--, aq += t->a_q, bq += t->b_q) {
            CONV_UNROLL
            for (int v = 0; v < nv; v++) {
                size_t lanes = conv_lanes(v, nv, last);
                vf w = v_load_n(bq + v * VW, lanes);
                CONV_UNROLL
                for (int i = 0; i < mr; i++)
                    acc[i][v] =
                        v_fma(v_load_n(aq + conv_row(i, t->a_rs1, t->a_rs2) + v * VW, lanes), w,
                              acc[i][v]);
            }
        }
    }
    conv_tile_finish(mr, nv, acc, t, t->relu_y ? t->relu_y + (c - t->y) : NULL);
    conv_tile_store(mr, nv, acc, c, t->c_rs1, t->c_rs2, t->last);
}

#define DEPTHWISE_ROWS_1 8
#define DEPTHWISE_ROWS_2 4
#define DEPTHWISE_TILE(mr, nv)                                                                     \
    static void depthwise_tile_##mr##_##nv(const struct conv_tile *t, const float *a, float *c)    \
    {                                                                                              \
        depthwise_body(mr, nv, t, a, c);                                                           \
    }
#define DEPTHWISE_TILE_AT(mr, nv) [mr - 1][nv - 1] = depthwise_tile_##mr##_##nv,

CONV_LIST_1(DEPTHWISE_TILE)
CONV_LIST_2(DEPTHWISE_TILE)

static conv_tile_fn *const depthwise_tiles[DEPTHWISE_ROWS_1][CONV_VECTORS] = {
    CONV_LIST_1(DEPTHWISE_TILE_AT) CONV_LIST_2(DEPTHWISE_TILE_AT)};

#endif
