/* conv_tiles.h - the innermost loops of a convolution, one for each size of a tile. */
#ifndef KERNELS_CONV_TILES_H
#define KERNELS_CONV_TILES_H

#include "kernels/act.h"
#include "kernels/bf16.h"
#include "kernels/conv_tile.h"

/* Where row i starts whose groups and rows are these apart. */
INLINE ptrdiff_t conv_row(const int i, ptrdiff_t rs1, ptrdiff_t rs2)
{
    return i / CONV_GROUP * rs1 + i % CONV_GROUP * rs2;
}

/* Lanes of vector v of nv. */
INLINE size_t conv_lanes(const int v, const int nv, size_t last)
{
    return v < nv - 1 ? VW : last;
}

/* Has c's lines come while the sums go on, so that storing need not wait for them. */
INLINE void conv_tile_fetch(const int mr, const int nv, const float *c, ptrdiff_t rs1,
                            ptrdiff_t rs2)
{
    CONV_UNROLL
    for (int i = 0; i < mr; i++) {
        CONV_UNROLL
        for (int v = 0; v < nv; v++)
            __builtin_prefetch(c + i % CONV_GROUP * rs2 + v * VW, 1);
        if (i % CONV_GROUP == CONV_GROUP - 1)
            c += rs1;
    }
}

INLINE void conv_tile_start(const int mr, const int nv, vf acc[][CONV_VECTORS],
                            const struct conv_tile *t, const float *c)
{
    if (t->load) {
        CONV_UNROLL
        for (int i = 0; i < mr; i++) {
            CONV_UNROLL
            for (int v = 0; v < nv; v++)
                acc[i][v] = v_load_n(c + conv_row(i, t->c_rs1, t->c_rs2) + v * VW,
                                     conv_lanes(v, nv, t->last));
        }
    } else {
        CONV_UNROLL
        for (int i = 0; i < mr; i++) {
            CONV_UNROLL
            for (int v = 0; v < nv; v++)
                acc[i][v] = v_set(0);
        }
        if (t->far)
            conv_tile_fetch(mr, nv, c, t->c_rs1, t->c_rs2);
    }
}

/* Epilogue; relu_y is NULL or lies as c does. */
INLINE void conv_tile_finish(const int mr, const int nv, vf acc[][CONV_VECTORS],
                             const struct conv_tile *t, const float *relu_y)
{
    CONV_UNROLL
    for (int v = 0; v < nv; v++) {
        size_t lanes = conv_lanes(v, nv, t->last);
        vf bias = t->bias ? v_load_n(t->bias + v * VW, lanes) : v_set(0);
        if (t->relu) { /* by a maximum, which takes no -0: + 0 leaves none */
            bias += v_set(0);
            CONV_UNROLL
            for (int i = 0; i < mr; i++)
                acc[i][v] = v_max(v_set(0), acc[i][v] + bias); /* NaN stays */
        } else if (t->bias) {
            CONV_UNROLL
            for (int i = 0; i < mr; i++)
                acc[i][v] += bias;
        }
        if (relu_y) {
            CONV_UNROLL
            for (int i = 0; i < mr; i++)
                acc[i][v] *= act_relu_slope(
                    v_load_n(relu_y + conv_row(i, t->c_rs1, t->c_rs2) + v * VW, lanes));
        }
    }
}

INLINE void conv_tile_put(const int mr, const int nv, vf acc[][CONV_VECTORS], float *c,
                          ptrdiff_t rs1, ptrdiff_t rs2, const size_t last)
{
    CONV_UNROLL
    for (int i = 0; i < mr; i++) {
        CONV_UNROLL
        for (int v = 0; v < nv; v++)
            v_put(c + i % CONV_GROUP * rs2 + v * VW, acc[i][v], conv_lanes(v, nv, last));
        if (i % CONV_GROUP == CONV_GROUP - 1) {
            c += rs1;
            __asm__("" : "+r"(c)); /* one pointer that goes on, not an address for each row */
        }
    }
}

INLINE void conv_tile_store(const int mr, const int nv, vf acc[][CONV_VECTORS], float *c,
                            ptrdiff_t rs1, ptrdiff_t rs2, size_t last)
{
    if (last == VW)
        conv_tile_put(mr, nv, acc, c, rs1, rs2, VW);
    else
        conv_tile_put(mr, nv, acc, c, rs1, rs2, last);
}

/* Lets the groups of rows start `step` further on. Each has a pointer that does: common offsets
 * would leave too few registers, and what the compiler then keeps in vector registers can be read
 * there only behind the sums. */
INLINE void conv_tile_move(const int mr, const float *row[], ptrdiff_t step)
{
    CONV_UNROLL
    for (int i = 0; i < (mr + 2) / CONV_GROUP; i++) {
        row[i] += step;
        __asm__("" : "+r"(row[i]));
    }
}

#define CONV_AHEAD 24 /* steps for which words of b are fetched ahead */

/* A product more; `words`: of two numbers each. */
INLINE vf conv_product(const bool words, vf a, vf b, vf sum)
{
#if VW == 16
    if (words)
        return v_dot(a, b, sum);
#endif
    (void)words;
    return v_fma(a, b, sum);
}

/* The sums over k; row moves on by nk. */
INLINE void conv_tile_run(const int mr, const int nv, const bool words, vf acc[][CONV_VECTORS],
                          const float *row[], ptrdiff_t rs2, const float *b, int nk)
{
    for (int k = 0; k < nk; k++) {
        vf bv[CONV_VECTORS];
        CONV_UNROLL
        for (int v = 0; v < nv; v++)
            bv[v] = v_load(b + v * VW);
        CONV_UNROLL
        for (int i = 0; i < mr; i++) {
            vf ai = v_set(row[i / CONV_GROUP][i % CONV_GROUP * rs2]);
            CONV_UNROLL
            for (int v = 0; v < nv; v++)
                acc[i][v] = conv_product(words, ai, bv[v], acc[i][v]);
        }
        if (words) { /* which are used up twice as fast */
            CONV_UNROLL
            for (int v = 0; v < nv; v++)
                __builtin_prefetch(b + (CONV_AHEAD * nv + v) * VW);
        }
        conv_tile_move(mr, row, 1);
        b += nv * VW;
    }
}

/* t and c stay on the stack: the compiler likes vector registers better, but what is there can be
 * read only when the sums before it are done, and the next tile would begin late. */
INLINE void conv_tile_body(const int mr, const int nv, const bool words,
                           const struct conv_tile *tile, const float *a, float *to)
{
    const struct conv_tile *const volatile t = tile;
    float *const volatile c = to;
    vf acc[CONV_ROWS_1][CONV_VECTORS];
    const float *row[(CONV_ROWS_1 + 2) / CONV_GROUP], *b = tile->b;
    ptrdiff_t rs2 = tile->a_rs2;
    CONV_UNROLL
    for (int i = 0; i < (mr + 2) / CONV_GROUP; i++, a += tile->a_rs1)
        row[i] = a;
    conv_tile_start(mr, nv, acc, tile, to);
    for (int p = t->np; p > 0; p--) {
        for (int q = t->nq; q > 0; q--, b += t->b_q) {
            int nk = t->nk;
            conv_tile_run(mr, nv, words, acc, row, rs2, b, nk);
            conv_tile_move(mr, row, t->a_q - nk);
        }
        conv_tile_move(mr, row, t->a_p - t->nq * t->a_q);
        b += t->b_p - t->nq * t->b_q;
    }
    tile = t;
    to = c;
    conv_tile_finish(mr, nv, acc, tile, tile->relu_y ? tile->relu_y + (to - tile->y) : NULL);
    conv_tile_store(mr, nv, acc, to, tile->c_rs1, tile->c_rs2, tile->last);
}

#define CONV_TILE(mr, nv)                                                                          \
    static void conv_tile_##mr##_##nv(const struct conv_tile *t, const float *a, float *c)         \
    {                                                                                              \
        conv_tile_body(mr, nv, false, t, a, c);                                                    \
    }
/* clang-format off */
#define CONV_LIST_1(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1)
#define CONV_LIST_2(X) X(1, 2) X(2, 2) X(3, 2) X(4, 2)
#if VW >= 8
#define CONV_LIST_3(X) X(9, 1) X(10, 1) X(11, 1) X(12, 1) X(5, 2) X(6, 2)
#else
#define CONV_LIST_3(X)
#endif
#if VW == 16
#define CONV_LIST_4(X) X(13, 1) X(14, 1) X(15, 1) X(16, 1) X(17, 1) X(18, 1) X(19, 1) X(20, 1)     \
                       X(21, 1) X(22, 1) X(23, 1) X(24, 1) X(7, 2) X(8, 2) X(9, 2) X(10, 2)        \
                       X(11, 2) X(12, 2) X(13, 2) X(14, 2)
#else
#define CONV_LIST_4(X)
#endif
#define CONV_LIST(X) CONV_LIST_1(X) CONV_LIST_2(X) CONV_LIST_3(X) CONV_LIST_4(X)

CONV_LIST(CONV_TILE)
#define CONV_TILE_AT(mr, nv) [mr - 1][nv - 1] = conv_tile_##mr##_##nv,
/* clang-format on */

static conv_tile_fn *const conv_tiles[CONV_ROWS_1][CONV_VECTORS] = {CONV_LIST(CONV_TILE_AT)};

#if VW == 16
#define CONV_TILE_WORDS(mr, nv)                                                                    \
    static void conv_tile_words_##mr##_##nv(const struct conv_tile *t, const float *a, float *c)   \
    {                                                                                              \
        conv_tile_body(mr, nv, true, t, a, c);                                                     \
    }
CONV_LIST(CONV_TILE_WORDS)

#define CONV_TILE_WORDS_AT(mr, nv) [mr - 1][nv - 1] = conv_tile_words_##mr##_##nv,
static conv_tile_fn *const conv_tiles_words[CONV_ROWS_1][CONV_VECTORS] = {
    CONV_LIST(CONV_TILE_WORDS_AT)};
#endif

#endif
