/* matmul_tile.h - the innermost loop of a matrix product: a tile of C in registers. */
#ifndef KERNELS_MATMUL_TILE_H
#define KERNELS_MATMUL_TILE_H

#include "kernels/act.h"
#include "kernels/update.h"
#include "kernels/vec.h"

#include <stdbool.h>

/* The largest tiles, of two vectors and of three: 28 or 27 of 32, 12 of 16 and 8 or 9 of 16
 * registers hold sums; the others B and one number of A. */
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

/* Rows of a tile's width that are fetched into the second cache, one at each step of k: all at once
 * they would keep the tile's own loads waiting. */
struct fetch {
    const float *at;
    ptrdiff_t rs;
    int n;
};
#define TILE_FETCHES 4

struct tile {
    const float *a; /* element (i, p) at i a_rs + p a_cs */
    ptrdiff_t a_rs, a_cs;
    const float *b; /* row p at p b_rs */
    ptrdiff_t b_rs;
    int k;
    float *c;
    ptrdiff_t ldc;
    struct fetch fetch[TILE_FETCHES + 1]; /* for the next tiles; up to the first of n = 0 */
    float *keep;   /* NULL, or: B is copied here row by row, as long as something is fetched */
    size_t last;   /* lanes of the last vector that are columns of C */
    size_t b_last; /* and those that may be read in B */
    bool load;     /* sums go on from C, else from 0 */
    /* behind the last k: what is done with the sums, which are those of C from `at` on, columns
     * from `column` on; NULL: they are stored */
    const struct matmul *end;
    ptrdiff_t at, column;
};

/* Rows of A from here on have a pointer of their own: one alone takes too many registers. */
#define A_HALF (VW == 8 ? 3 : 7)

#define PACKED_STEPS 2  /* in a turn of the loop over packed operands */
#define PACKED_AHEAD 64 /* steps that they are fetched ahead */

/* What a tile reads at one p, and how far it is to the next. */
struct operands {
    const float *a, *a_half;
    ptrdiff_t a_rs, a_cs;
    const float *b;
    ptrdiff_t b_rs;
    size_t b_last;
};

INLINE struct operands tile_operands(const struct tile *t)
{
    const float *half = t->a + A_HALF * t->a_rs;
    __asm__("" : "+r"(half)); /* hides that it depends on a */
    return (struct operands){t->a, half, t->a_rs, t->a_cs, t->b, t->b_rs, t->b_last};
}

INLINE void tile_next(struct operands *o)
{
    o->a += o->a_cs;
    o->a_half += o->a_cs;
    o->b += o->b_rs;
}

INLINE vf tile_b(const struct operands *o, int v, const int nv)
{
    return v < nv - 1 ? v_load(o->b + v * VW) : v_load_n(o->b + v * VW, o->b_last);
}

/* Adds the products of one p to the sums. */
INLINE void tile_step(const int mr, const int nv, vf acc[][TILE_WIDE], const struct operands *o)
{
    vf bv[TILE_WIDE];
    UNROLL
    for (int v = 0; v < nv; v++)
        bv[v] = tile_b(o, v, nv);
    UNROLL
    for (int i = 0; i < mr; i++) {
        vf ai = v_set(i < A_HALF ? o->a[i * o->a_rs] : o->a_half[(i - A_HALF) * o->a_rs]);
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

/* A step of gradient descent by the sums; neither the first nor Nesterov's, decay not decoupled. */
INLINE void tile_sgd(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t,
                     const bool momentum, const bool decay)
{
    const struct matmul *mm = t->end;
    struct update u = *mm->update; /* which no store can change */
    u.first = u.nesterov = u.decoupled = false;
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            ptrdiff_t at = t->at + i * t->ldc + v * VW;
            update_sgd_with(momentum, decay, acc[i][v], mm->w + at,
                            momentum ? mm->slot[0] + at : NULL, &u, v < nv - 1 ? VW : t->last);
        }
    }
}

/* The steps that are taken in registers; else false. */
INLINE bool tile_update(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t)
{
    const struct update *u = t->end->update;
    if (update_is_plain(u))
        tile_sgd(mr, nv, acc, t, false, false);
    else if (u->rule != UPDATE_SGD || u->first || u->nesterov || u->decoupled)
        return false;
    else if (u->weight_decay == 0)
        tile_sgd(mr, nv, acc, t, true, false);
    else if (u->momentum != 0)
        tile_sgd(mr, nv, acc, t, true, true);
    else
        return false;
    return true;
}

/* What most tiles end with, in registers; else false. */
INLINE bool tile_end_fast(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t)
{
    const struct matmul *mm = t->end;
    if (mm->update)
        return mm->act == ACT_NONE && tile_update(mr, nv, acc, t);
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

INLINE void tile_prefetch(const int nv, const float *row)
{
    UNROLL
    for (int v = 0; v < nv * VW - 1; v += 16)
        __builtin_prefetch(row + v, 0, 2);
    __builtin_prefetch(row + nv * VW - 1, 0, 2);
}

INLINE void tile_keep(const int nv, float *to, const struct operands *o)
{
    UNROLL
    for (int v = 0; v < nv; v++)
        v_store(to + v * VW, tile_b(o, v, nv));
}

/* The first steps of k, during which something is fetched and, with `keep`, B copied. Returns how
 * many steps are left. */
INLINE int tile_fetching(const int mr, const int nv, vf acc[][TILE_WIDE], struct operands *o,
                         const struct tile *t, const bool keep)
{
    float *to = t->keep;
    int k = t->k;
    for (const struct fetch *f = t->fetch; f->n > 0; f++) {
        const float *row = f->at;
        const ptrdiff_t rs = f->rs;
        int n = f->n < k ? f->n : k;
        for (int p = n; p > 0; p--, tile_next(o), row += rs) {
            tile_prefetch(nv, row);
            if (keep) {
                tile_keep(nv, to, o);
                to += nv * VW;
            }
            tile_step(mr, nv, acc, o);
        }
        k -= n;
    }
    return k;
}

/* The other steps, as they come. */
INLINE void tile_rest(const int mr, const int nv, vf acc[][TILE_WIDE], struct operands *o, int k)
{
    for (; k > 0; k--, tile_next(o))
        tile_step(mr, nv, acc, o);
}

/* All steps where both operands are packed by panels, so that their places are no variables; both
 * are fetched into the first cache. */
INLINE void tile_packed(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t)
{
    const float *half = t->a + A_HALF;
    struct operands o = {t->a, half, 1, mr, t->b, nv * VW, VW};
    int k = tile_fetching(mr, nv, acc, &o, t, false);
    const float *a = o.a + PACKED_AHEAD * mr, *b = o.b + PACKED_AHEAD * nv * VW;
    __asm__("" : "+r"(a), "+r"(b)); /* else distances from them get four bytes in instructions */
    for (; k >= PACKED_STEPS; k -= PACKED_STEPS) {
        UNROLL
        for (int i = 0; i < PACKED_STEPS * mr; i += 16)
            __builtin_prefetch(a + i);
        a += PACKED_STEPS * mr;
        UNROLL
        for (int v = 0; v < PACKED_STEPS * nv * VW; v += 16)
            __builtin_prefetch(b + v);
        b += PACKED_STEPS * nv * VW;
        UNROLL
        for (int p = 0; p < PACKED_STEPS; p++, tile_next(&o))
            tile_step(mr, nv, acc, &o);
    }
    tile_rest(mr, nv, acc, &o, k);
}

/* All steps of k. whole: b_last is VW. */
INLINE void tile_steps(const int mr, const int nv, vf acc[][TILE_WIDE], const struct tile *t,
                       const bool whole)
{
    struct operands o = tile_operands(t);
    if (whole)
        o.b_last = VW;
    int k = whole && t->keep ? tile_fetching(mr, nv, acc, &o, t, true)
                             : tile_fetching(mr, nv, acc, &o, t, !whole && t->keep);
    if (o.a_rs == 1) {
        o.a_rs = 1;
        tile_rest(mr, nv, acc, &o, k);
    } else {
        tile_rest(mr, nv, acc, &o, k);
    }
}

INLINE void tile_body(const int mr, const int nv, const struct tile *t)
{
    vf acc[TILE_ROWS][TILE_WIDE];
    if (t->load)
        tile_load(mr, nv, acc, t);
    else
        tile_zero(mr, nv, acc);
    bool whole = VW < 16 && t->b_last == VW;
    bool packed = whole && !t->keep && t->a_rs == 1 && t->a_cs == mr && t->b_rs == nv * VW;
    if (VW == 8 && mr > TILE_ROWS / 2 && nv == 2 && packed)
        tile_packed(mr, nv, acc, t);
    else if (whole)
        tile_steps(mr, nv, acc, t, true);
    else
        tile_steps(mr, nv, acc, t, false);
    tile_store(mr, nv, acc, t);
}

/* Rows that a tile of nv vectors may have. */
INLINE int tile_most_rows(int nv)
{
    return nv > 4 ? 1 : nv > 3 ? 3 : nv > 2 ? TILE_ROWS_3 : TILE_ROWS;
}

/* How many tiles as high as that have `rows`. */
INLINE int tiles_down(int rows, int nv)
{
    int most = tile_most_rows(nv);
    return (rows + most - 1) / most;
}

/* Vectors of a panel: more for few rows, which leave registers free. */
INLINE int tile_vectors(int rows)
{
    return rows == 1 ? TILE_WIDE : rows <= 3 ? 4 : 2;
}

/* Whether `vectors` are better taken by three than by two: such tiles read less for each sum, but
 * not if they are many more (by 1/20) or not nearly full (six sevenths). */
INLINE bool tile_takes_three(int rows, int vectors)
{
    int two = tiles_down(rows, 2), three = tiles_down(rows, 3);
    return rows > 3 && (vectors == 3 || vectors > 4) && 40LL * three <= 63LL * two &&
           7LL * rows >= 6LL * three * TILE_ROWS_3;
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
