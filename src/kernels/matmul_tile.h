/* matmul_tile.h - the innermost loop of a matrix product: a tile of C in registers. */
#ifndef KERNELS_MATMUL_TILE_H
#define KERNELS_MATMUL_TILE_H

#include "kernels/act.h"
#include "kernels/update.h"
#include "kernels/vec.h"

#include <stdbool.h>

/* The tile: 28 of 32, 12 of 16 and 8 of 16 registers hold sums; the others B and one number of A.
 */
#if VW == 16
#define TILE_ROWS   14
#define TILE_ROWS_3 9
#elif VW == 8
#define TILE_ROWS   6
#define TILE_ROWS_3 4
#else
#define TILE_ROWS   4
#define TILE_ROWS_3 3
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
    /* fetched ahead: what the next tile will write (and the first slot of an update), and row by
     * row, b_ahead_rs apart, what will be packed next; NULL: nothing */
    const float *c_ahead, *m_ahead, *b_ahead;
    ptrdiff_t b_ahead_rs;
    size_t last;   /* lanes of the last vector that are columns of C */
    size_t b_last; /* and those that may be read in B */
    bool load;     /* sums go on from C, else from 0 */
    /* behind the last k: what is done with the sums, which are those of C from `at` on, columns
     * from `column` on; NULL: they are stored */
    const struct matmul *end;
    ptrdiff_t at, column;
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

INLINE void tile_put(const int mr, const int nv, vf acc[][TILE_WIDE], float *c, ptrdiff_t ldc,
                     size_t last)
{
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++)
            v_put(c + i * ldc + v * VW, acc[i][v], v < nv - 1 ? VW : last);
    }
}

INLINE void tile_bias(const int mr, const int nv, vf acc[][TILE_WIDE], const float *bias,
                      size_t last)
{
    UNROLL
    for (int v = 0; v < nv; v++) {
        vf b = v_load_n(bias + v * VW, v < nv - 1 ? VW : last);
        UNROLL
        for (int i = 0; i < mr; i++)
            acc[i][v] += b;
    }
}

/* What most tiles end with, in registers; else false. */
INLINE bool tile_end_fast(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t)
{
    const struct matmul *mm = t->end;
    if (mm->update) {
        if (!update_is_plain(mm->update) || mm->act != ACT_NONE)
            return false;
        vf lr = v_set(mm->update->lr);
        UNROLL
        for (int i = 0; i < mr; i++) {
            float *w = mm->w + t->at + i * t->ldc;
            UNROLL
            for (int v = 0; v < nv; v++) {
                size_t n = v < nv - 1 ? VW : t->last;
                v_put(w + v * VW, v_load_n(w + v * VW, n) - lr * acc[i][v], n);
            }
        }
        return true;
    }
    if (mm->act == ACT_RELU && !mm->dact_y) {
        vf p = v_set(mm->act_param);
        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int v = 0; v < nv; v++)
                acc[i][v] = act_relu(acc[i][v], p);
        }
    } else if (mm->act != ACT_NONE && mm->act != ACT_SOFTMAX) {
        return false;
    }
    tile_put(mr, nv, acc, t->c, t->ldc, t->last);
    return true;
}

/* The activation or its slope, and the update or the store, of the n sums at `at`. */
INLINE void tile_end_vector(const struct matmul *mm, vf v, ptrdiff_t at, size_t n)
{
    vf p = v_set(mm->act_param);
    float *m = mm->slot[0] ? mm->slot[0] + at : NULL;
    if (mm->dact_y)
        v *= act_slope_of(mm->act, v_load_n(mm->dact_y + at, n), p);
    else
        v = act_value(mm->act, v, p);
    if (!mm->update)
        v_put(mm->c + at, v, n);
    else if (mm->update->rule == UPDATE_SGD)
        update_sgd(v, mm->w + at, m, mm->update, n);
    else
        update_adam(v, mm->w + at, m, mm->slot[1] + at, mm->update, n);
}

static void tile_end_row(const struct matmul *mm, const float *sums, ptrdiff_t at, size_t n)
{
    for (size_t j = 0; j < n; j += VW) {
        size_t w = n - j < VW ? n - j : VW;
        tile_end_vector(mm, v_load_n(sums + j, w), at + (ptrdiff_t)j, w);
    }
}

INLINE void tile_store(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t)
{
    if (!t->end) {
        tile_put(mr, nv, acc, t->c, t->ldc, t->last);
        return;
    }
    if (t->end->bias)
        tile_bias(mr, nv, acc, t->end->bias + t->column, t->last);
    if (tile_end_fast(mr, nv, acc, t))
        return;
    float sums[TILE_ROWS * TILE_WIDE * VW];
    tile_put(mr, nv, acc, sums, nv * VW, VW);
    for (int i = 0; i < mr; i++)
        tile_end_row(t->end, sums + i * nv * VW, t->at + i * t->ldc,
                     (size_t)(nv - 1) * VW + t->last);
}

/* What the next tile reads or writes arrives while this one computes. */
INLINE void tile_prefetch(const int mr, const int nv, const float *c, ptrdiff_t ldc)
{
    UNROLL
    for (int i = 0; i < mr; i++)
        for (int v = 0; v < nv * VW; v += 16)
            __builtin_prefetch(c + i * ldc + v, 0, 2);
}

INLINE void tile_body(const int mr, const int nv, const struct tile *t)
{
    vf acc[TILE_ROWS][TILE_WIDE];
    if (t->c_ahead)
        tile_prefetch(mr, nv, t->c_ahead, t->ldc);
    if (t->m_ahead)
        tile_prefetch(mr, nv, t->m_ahead, t->ldc);
    if (t->load)
        tile_load(mr, nv, acc, t);
    else
        tile_zero(mr, nv, acc);
    const float *a = t->a, *b = t->b, *ahead = t->b_ahead;
    const ptrdiff_t a_rs = t->a_rs, a_cs = t->a_cs, b_rs = t->b_rs, ahead_rs = t->b_ahead_rs;
    const size_t b_last = t->b_last;
    if (ahead) {
        for (int p = t->k; p > 0; p--, a += a_cs, b += b_rs, ahead += ahead_rs) {
            __builtin_prefetch(ahead, 0, 2);
            __builtin_prefetch(ahead + TILE_COLS - 1, 0, 2);
            tile_step(mr, nv, acc, a, a_rs, b, b_last);
        }
    } else if (a_rs == 1) {
        for (int p = t->k; p > 0; p--, a += a_cs, b += b_rs)
            tile_step(mr, nv, acc, a, 1, b, b_last);
    } else {
        for (int p = t->k; p > 0; p--, a += a_cs, b += b_rs)
            tile_step(mr, nv, acc, a, a_rs, b, b_last);
    }
    tile_store(mr, nv, acc, t);
}

/* Vectors of a panel for tiles of few rows: more where these leave registers free. */
INLINE int tile_vectors(int rows)
{
    return rows == 1 ? TILE_WIDE : rows <= 3 ? 4 : 2;
}

/* Rows that a tile of nv vectors may have. Of an odd number of vectors the last three are a panel:
 * a single one would wait for its loads. */
INLINE int tile_most_rows(int nv)
{
    return nv > 4 ? 1 : nv > 3 ? 3 : nv > 2 ? TILE_ROWS_3 : TILE_ROWS;
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
TILES(5) TILES(6) TILE(4, 3)
#endif
#if TILE_ROWS > 6
TILE(5, 3) TILE(6, 3) TILE(7, 3) TILE(8, 3) TILE(9, 3)
TILES(7) TILES(8) TILES(9) TILES(10) TILES(11) TILES(12) TILES(13) TILES(14)
#endif
/* clang-format on */

#define TILE_2(mr) tile_##mr##_1, tile_##mr##_2
#define TILE_3(mr) TILE_2(mr), tile_##mr##_3
#define TILE_4(mr) TILE_3(mr), tile_##mr##_4
    /* clang-format off */
static void (*const tiles[TILE_ROWS][TILE_WIDE])(const struct tile *t) = {
    {TILE_4(1), tile_1_5, tile_1_6, tile_1_7, tile_1_8}, {TILE_4(2)}, {TILE_4(3)},
#if TILE_ROWS == 4
    {TILE_2(4)},
#else
    {TILE_3(4)},
#endif
#if TILE_ROWS == 6
    {TILE_2(5)}, {TILE_2(6)},
#endif
#if TILE_ROWS > 6
    {TILE_3(5)}, {TILE_3(6)}, {TILE_3(7)}, {TILE_3(8)}, {TILE_3(9)},
    {TILE_2(10)}, {TILE_2(11)}, {TILE_2(12)}, {TILE_2(13)}, {TILE_2(14)},
#endif
};
/* clang-format on */

/* mr rows by nv vectors, mr at most tile_most_rows(nv). */
INLINE void tile_run(const struct tile *t, int mr, int nv)
{
    tiles[mr - 1][nv - 1](t);
}

#endif
