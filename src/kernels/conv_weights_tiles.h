/* conv_weights_tiles.h - the innermost loops of a convolution's weight gradient, one for each size
 * of a tile. */
#ifndef KERNELS_CONV_WEIGHTS_TILES_H
#define KERNELS_CONV_WEIGHTS_TILES_H

#include "kernels/conv_axis.h"
#include "kernels/conv_tiles.h"
#include "kernels/conv_weights_tile.h"

/* A tile that also sums b has one row less. */
INLINE int weights_rows(int nv, bool sums)
{
    return conv_rows(nv) - sums;
}

INLINE void weights_tile_step(const int mr, const int nv, const bool sums, const bool words,
                              vf acc[][CONV_VECTORS], const float *const *row, const float *b,
                              size_t b_last)
{
    vf bv[CONV_VECTORS];
    CONV_UNROLL
    for (int v = 0; v < nv; v++)
        bv[v] = v_load_n(b + v * VW, conv_lanes(v, nv, b_last));
    CONV_UNROLL
    for (int i = 0; i < mr; i++) {
        vf ai = v_set(row[i / CONV_GROUP][i % CONV_GROUP]);
        CONV_UNROLL
        for (int v = 0; v < nv; v++)
            acc[i][v] = conv_product(words, ai, bv[v], acc[i][v]);
    }
    if (sums) {
        CONV_UNROLL
        for (int v = 0; v < nv; v++)
            acc[mr][v] += bv[v];
    }
}

/* All sums; t is read from the stack, as in conv_tile_body. */
INLINE void weights_tile_run(const int mr, const int nv, const bool sums, const bool words,
                             vf acc[][CONV_VECTORS], const struct weights_tile *tile, size_t b_last)
{
    const struct weights_tile *const volatile t = tile;
    const float *row[(CONV_ROWS_1 + 2) / CONV_GROUP], *b = tile->b;
    ptrdiff_t a_k = tile->a_k, b_k = tile->b_k;
    CONV_UNROLL
    for (int i = 0; i < (mr + 2) / CONV_GROUP; i++)
        row[i] = tile->a + i * tile->a_rs;
    for (int p = t->np; p > 0; p--) {
        for (int q = t->nq; q > 0; q--) {
            int nk = t->nk;
            for (int k = nk; k > 0; k--, b += b_k) {
                weights_tile_step(mr, nv, sums, words, acc, row, b, b_last);
                conv_tile_move(mr, row, a_k);
            }
            conv_tile_move(mr, row, t->a_q - nk * a_k);
            b += t->b_q - nk * b_k;
        }
        conv_tile_move(mr, row, t->a_p - t->nq * t->a_q);
        b += t->b_p - t->nq * t->b_q;
    }
}

INLINE void weights_tile_body(const int mr, const int nv, const bool sums, const bool words,
                              const struct weights_tile *tile)
{
    const struct weights_tile *const volatile kept = tile;
    const struct weights_tile *t = tile;
    vf acc[CONV_ROWS_1 + 1][CONV_VECTORS];
    CONV_UNROLL
    for (int i = 0; i < mr + sums; i++) {
        const float *c = i < mr ? t->c + i * t->ldc : t->sums;
        CONV_UNROLL
        for (int v = 0; v < nv; v++)
            acc[i][v] = t->load ? v_load_n(c + v * VW, conv_lanes(v, nv, t->last)) : v_set(0);
    }
    if (t->last == VW)
        weights_tile_run(mr, nv, sums, words, acc, t, VW);
    else
        weights_tile_run(mr, nv, sums, words, acc, t, t->last);
    t = kept;
    CONV_UNROLL
    for (int i = 0; i < mr + sums; i++) {
        float *c = i < mr ? t->c + i * t->ldc : t->sums;
        CONV_UNROLL
        for (int v = 0; v < nv; v++)
            v_put(c + v * VW, acc[i][v], conv_lanes(v, nv, t->last));
    }
}

#define WEIGHTS_TILE(mr, nv)                                                                       \
    static void weights_tile_##mr##_##nv(const struct weights_tile *t)                             \
    {                                                                                              \
        weights_tile_body(mr, nv, false, false, t);                                                \
    }                                                                                              \
    static void weights_sums_##mr##_##nv(const struct weights_tile *t)                             \
    {                                                                                              \
        weights_tile_body(mr, nv, true, false, t);                                                 \
    }
CONV_LIST(WEIGHTS_TILE)

#define WEIGHTS_TILE_AT(mr, nv) [mr - 1][nv - 1] = weights_tile_##mr##_##nv,
#define WEIGHTS_SUMS_AT(mr, nv) [mr - 1][nv - 1] = weights_sums_##mr##_##nv,
static weights_tile_fn *const weights_tiles[CONV_ROWS_1][CONV_VECTORS] = {
    CONV_LIST(WEIGHTS_TILE_AT)};
static weights_tile_fn *const weights_sums[CONV_ROWS_1][CONV_VECTORS] = {
    CONV_LIST(WEIGHTS_SUMS_AT)};

#if VW == 16
#define WEIGHTS_TILE_WORDS(mr, nv)                                                                 \
    static void weights_tile_words_##mr##_##nv(const struct weights_tile *t)                       \
    {                                                                                              \
        weights_tile_body(mr, nv, false, true, t);                                                 \
    }
CONV_LIST(WEIGHTS_TILE_WORDS)

#define WEIGHTS_TILE_WORDS_AT(mr, nv) [mr - 1][nv - 1] = weights_tile_words_##mr##_##nv,
static weights_tile_fn *const weights_tiles_words[CONV_ROWS_1][CONV_VECTORS] = {
    CONV_LIST(WEIGHTS_TILE_WORDS_AT)};
#endif

/* Depthwise: as struct weights_tile says, but one row, and
 *     a[p a_p + q a_q + k a_k + j] b[p b_p + q b_q + k b_k + j] */
#define DEPTHWISE_VECTORS 4

INLINE void depthwise_sums_body(const int nv, const struct weights_tile *t)
{
    vf acc[DEPTHWISE_VECTORS];
    size_t last = t->last;
    CONV_UNROLL
    for (int v = 0; v < nv; v++)
        acc[v] = t->load ? v_load_n(t->c + v * VW, conv_lanes(v, nv, last)) : v_set(0);
    for (int p = 0; p < t->np; p++)
        for (int q = 0; q < t->nq; q++) {
            const float *a = t->a + p * t->a_p + q * t->a_q, *b = t->b + p * t->b_p + q * t->b_q;
            for (int k = 0; k < t->nk; k++, a += t->a_k, b += t->b_k) {
                CONV_UNROLL
                for (int v = 0; v < nv; v++)
                    acc[v] = v_fma(v_load_n(a + v * VW, conv_lanes(v, nv, last)),
                                   v_load_n(b + v * VW, conv_lanes(v, nv, last)), acc[v]);
            }
        }
    CONV_UNROLL
    for (int v = 0; v < nv; v++)
        v_put(t->c + v * VW, acc[v], conv_lanes(v, nv, last));
}

#define DEPTHWISE_SUMS(nv)                                                                         \
    static void depthwise_sums_##nv(const struct weights_tile *t)                                  \
    {                                                                                              \
        depthwise_sums_body(nv, t);                                                                \
    }
/* clang-format off */
DEPTHWISE_SUMS(1) DEPTHWISE_SUMS(2) DEPTHWISE_SUMS(3) DEPTHWISE_SUMS(4)
    /* clang-format on */
    static weights_tile_fn *const depthwise_sums[DEPTHWISE_VECTORS] = {
        depthwise_sums_1, depthwise_sums_2, depthwise_sums_3, depthwise_sums_4};

#endif
