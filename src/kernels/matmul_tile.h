/* matmul_tile.h - the innermost loop of a matrix product: a tile of C in registers. */
#ifndef KERNELS_MATMUL_TILE_H
#define KERNELS_MATMUL_TILE_H

#include "kernels/vec.h"

#include <stdbool.h>

/* The tile: 28 of 32, 12 of 16 and 8 of 16 registers hold sums; the others B and one number of A.
 */
#if VW == 16
#define TILE_ROWS 14
#elif VW == 8
#define TILE_ROWS 6
#else
#define TILE_ROWS 4
#endif
#define TILE_COLS (2 * VW)
#define TILE_WIDE 8 /* vectors of a tile of one row: enough sums to hide their latency */

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

struct tile {
    const float *a; /* element (i, p) at i a_rs + p a_cs */
    ptrdiff_t a_rs, a_cs;
    const float *b; /* row p at p b_rs */
    ptrdiff_t b_rs;
    int k;
    float *c;
    ptrdiff_t ldc;
    size_t last;   /* lanes of the last vector that are columns of C */
    size_t b_last; /* and those that may be read in B */
    bool load;     /* sums go on from C, else from 0 */
    const float *bias;
};

/* Adds the products of one p to the sums. */
INLINE void tile_step(const int mr, const int nv, vf acc[][TILE_WIDE], const float *a,
                      ptrdiff_t a_rs, const float *b, size_t b_last)
{
    vf bv[TILE_WIDE];
    UNROLL
    for (int v = 0; v < nv; v++)
        bv[v] = v < nv - 1 ? v_load(b + v * VW) : v_load_n(b + v * VW, b_last);
    UNROLL
    for (int i = 0; i < mr; i++) {
        vf ai = v_set(a[i * a_rs]);
        UNROLL
        for (int v = 0; v < nv; v++)
            acc[i][v] = v_fma(ai, bv[v], acc[i][v]);
    }
}

INLINE void tile_zero(const int mr, const int nv, vf acc[][TILE_WIDE])
{
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++)
            acc[i][v] = v_set(0);
    }
}

INLINE void tile_load(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t)
{
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++)
            acc[i][v] = v_load_n(t->c + i * t->ldc + v * VW, v < nv - 1 ? VW : t->last);
    }
}

INLINE void tile_store(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t)
{
    if (t->bias) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            vf bias = v_load_n(t->bias + v * VW, v < nv - 1 ? VW : t->last);
            UNROLL
            for (int i = 0; i < mr; i++)
                acc[i][v] += bias;
        }
    }
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++)
            v_put(t->c + i * t->ldc + v * VW, acc[i][v], v < nv - 1 ? VW : t->last);
    }
}

INLINE void tile_body(const int mr, const int nv, const struct tile *t)
{
    vf acc[TILE_ROWS][TILE_WIDE];
    if (t->load)
        tile_load(mr, nv, acc, t);
    else
        tile_zero(mr, nv, acc);
    const float *a = t->a, *b = t->b;
    ptrdiff_t a_rs = t->a_rs, a_cs = t->a_cs, b_rs = t->b_rs;
    if (a_rs == 1 && t->b_last == VW)
        for (int p = 0; p < t->k; p++, a += a_cs, b += b_rs)
            tile_step(mr, nv, acc, a, 1, b, VW);
    else
        for (int p = 0; p < t->k; p++, a += a_cs, b += b_rs)
            tile_step(mr, nv, acc, a, a_rs, b, t->b_last);
    tile_store(mr, nv, acc, t);
}

/* Vectors a tile may have that has `rows` rows: more where few rows leave registers free. */
INLINE int tile_vectors(int rows)
{
    return rows == 1 ? TILE_WIDE : rows <= 3 ? 4 : 2;
}

#define TILE(mr, nv)                                                                               \
    static void tile_##mr##_##nv(const struct tile *t)                                             \
    {                                                                                              \
        tile_body(mr, nv, t);                                                                      \
    }
/* clang-format off */
#define TILES(mr) TILE(mr, 1) TILE(mr, 2)

TILES(1) TILES(2) TILES(3) TILES(4)
TILE(1, 3) TILE(1, 4) TILE(1, 5) TILE(1, 6) TILE(1, 7) TILE(1, 8)
TILE(2, 3) TILE(2, 4) TILE(3, 3) TILE(3, 4)
#if TILE_ROWS > 4
TILES(5) TILES(6)
#endif
#if TILE_ROWS > 6
TILES(7) TILES(8) TILES(9) TILES(10) TILES(11) TILES(12) TILES(13) TILES(14)
#endif
/* clang-format on */

#define TILE_PAIR(mr)                                                                              \
    {                                                                                              \
        tile_##mr##_1, tile_##mr##_2                                                               \
    }
                static void (*const tiles[TILE_ROWS][TILE_WIDE])(const struct tile *t) = {
                    {tile_1_1, tile_1_2, tile_1_3, tile_1_4, tile_1_5, tile_1_6, tile_1_7,
                     tile_1_8},
                    {tile_2_1, tile_2_2, tile_2_3, tile_2_4},
                    {tile_3_1, tile_3_2, tile_3_3, tile_3_4},
                    TILE_PAIR(4),
#if TILE_ROWS > 4
                    TILE_PAIR(5),
                    TILE_PAIR(6),
#endif
#if TILE_ROWS > 6
                    TILE_PAIR(7),
                    TILE_PAIR(8),
                    TILE_PAIR(9),
                    TILE_PAIR(10),
                    TILE_PAIR(11),
                    TILE_PAIR(12),
                    TILE_PAIR(13),
                    TILE_PAIR(14),
#endif
};

/* mr rows by nv vectors, nv at most tile_vectors(mr). */
INLINE void tile_run(const struct tile *t, int mr, int nv)
{
    tiles[mr - 1][nv - 1](t);
}

#endif
