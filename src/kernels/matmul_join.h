/* matmul_join.h - a matrix updated by one product an element and multiplied by a row, in one go: it
 * is read and written once.
 *
 * Rows are read from where they begin, so that sums and what the update is of stay in registers.
 * They are written as one array, in whole vectors that begin where the matrix does, by lanes of two
 * neighbours: stores into two cache lines are slow, and loads wait for masked ones close by. */
#ifndef KERNELS_MATMUL_JOIN_H
#define KERNELS_MATMUL_JOIN_H

#include "kernels/matmul_tile.h"

/* Whether it can be done: the matrix is update's w and mm's B, rows without a gap between them. */
static bool join_can(const struct matmul *update, const struct matmul *mm)
{
    bool whole = update->ldc == mm->n && mm->b_rs == mm->n && mm->b_cs == 1;
    bool same = update->w == mm->b && update->n == mm->n && update->m == mm->k;
    bool plain = update_is_plain(update->update) && update->act == ACT_NONE && !update->add;
    return whole && same && plain && update->k == 1 && mm->m == 1 && !mm->add &&
           update->b_cs == 1 && mm->n > VW;
}

/* Long rows that are taken at once, so that sums are loaded and stored so much less often; AVX2
 * lacks registers for it. */
#define JOIN_ROWS (VW == 8 ? 1 : 4)

/* Where it is. */
struct join {
    const struct matmul *update, *mm;
    float *b, *sums;   /* the row of update's B and the sums of the products, in whole vectors */
    int row;           /* the next one, */
    const float *from; /* which begins here; */
    size_t held;       /* so many numbers in front of it are not written yet: */
    vf end;            /* the last ones of this, */
    float *to;         /* into the vector that begins here */
};

/* Rows that are taken at once. */
struct join_rows {
    vf u[JOIN_ROWS], x[JOIN_ROWS]; /* what update's A and mm's hold for them */
    vf lr;
    vf first[JOIN_ROWS], before[JOIN_ROWS]; /* their first vectors, and those before the column */
    float *to[JOIN_ROWS];                   /* as in struct join */
    size_t held[JOIN_ROWS];
    size_t last; /* numbers in the last vector of a row */
};

INLINE void join_start(struct join_rows *g, const struct join *at, const int R)
{
    UNROLL
    for (int r = 0; r < R; r++) {
        size_t shift = at->held + (size_t)r * (size_t)at->mm->n;
        g->u[r] = v_set(at->update->a[(at->row + r) * at->update->a_rs]);
        g->x[r] = v_set(at->mm->a[(at->row + r) * at->mm->a_cs]);
        g->held[r] = shift % VW;
        g->to[r] = at->to + shift / VW * VW;
    }
}

enum { JOIN_FIRST, JOIN_MIDDLE, JOIN_LAST };

/* The vectors at column j of the rows: updates them by b and returns sum with their products. A
 * row's first vector is written with its last one, when the end of the row before it is there.
 * straight: no row holds anything back. */
INLINE vf join_column(struct join_rows *g, struct join *at, const int R, const bool straight,
                      const int place, ptrdiff_t j, vf b, vf sum)
{
    UNROLL
    for (int r = 0; r < R; r++) {
        const float *from = at->from + (ptrdiff_t)r * at->mm->n + j;
        vf w = place == JOIN_LAST ? v_load_n(from, g->last) : v_load(from);
        w -= g->lr * v_fma(g->u[r], b, v_set(0));
        sum = v_fma(g->x[r], w, sum);
        if (place == JOIN_FIRST)
            g->first[r] = w;
        if (place == JOIN_MIDDLE || (place == JOIN_LAST && g->held[r] + g->last >= VW))
            v_store(g->to[r] + j, straight ? w : v_splice(g->before[r], w, g->held[r]));
        if (place == JOIN_LAST) {
            v_store(g->to[r], straight ? g->first[r] : v_splice(at->end, g->first[r], g->held[r]));
            at->end = v_splice(g->before[r], w, VW - g->last);
        }
        g->before[r] = w;
    }
    return sum;
}

/* R rows. nv: vectors of a row, whose sums and b are in sum and bv; 0: too many for registers. */
INLINE void join_block(struct join_rows *g, struct join *at, const int R, const bool straight,
                       const int nv, vf *sum, const vf *bv)
{
    const ptrdiff_t n = at->mm->n, l = nv ? (nv - 1) * VW : (n - 1) / VW * VW;
    float *s = at->sums, *b = at->b;
    join_start(g, at, R);
    if (nv) {
        sum[0] = join_column(g, at, R, straight, JOIN_FIRST, 0, bv[0], sum[0]);
        UNROLL
        for (int v = 1; v < nv - 1; v++)
            sum[v] = join_column(g, at, R, straight, JOIN_MIDDLE, v * VW, bv[v], sum[v]);
        sum[nv - 1] = join_column(g, at, R, straight, JOIN_LAST, l, bv[nv - 1], sum[nv - 1]);
    } else {
        v_store(s, join_column(g, at, R, straight, JOIN_FIRST, 0, v_load(b), v_load(s)));
        for (ptrdiff_t j = VW; j < l; j += VW)
            v_store(s + j,
                    join_column(g, at, R, straight, JOIN_MIDDLE, j, v_load(b + j), v_load(s + j)));
        v_store(s + l, join_column(g, at, R, straight, JOIN_LAST, l, v_load(b + l), v_load(s + l)));
    }
    at->from += R * n;
    at->to += (at->held + (size_t)(R * n)) / VW * VW;
    at->held = (at->held + (size_t)(R * n)) % VW;
}

/* All rows, or as many as R divides, R at once; nv as above. */
INLINE void join_run(struct join *at, const int R, const int nv)
{
    const ptrdiff_t n = at->mm->n;
    struct join_rows g = {.lr = v_set(at->update->update->lr), .last = (size_t)((n - 1) % VW + 1)};
    vf sum[TILE_WIDE], bv[TILE_WIDE];
    UNROLL
    for (int v = 0; v < nv; v++) {
        sum[v] = v_load(at->sums + v * VW);
        bv[v] = v_load(at->b + v * VW);
    }
    for (; at->row + R <= at->mm->k; at->row += R)
        if (at->held == 0 && (R == 1 || n % VW == 0))
            join_block(&g, at, R, true, nv, sum, bv);
        else
            join_block(&g, at, R, false, nv, sum, bv);
    UNROLL
    for (int v = 0; v < nv; v++)
        v_store(at->sums + v * VW, sum[v]);
}

/* scratch: 2 (n + VW) numbers */
static void join(const struct matmul *update, const struct matmul *mm)
{
    ptrdiff_t n = mm->n, padded = (n + VW - 1) / VW * VW;
    float *b = mm->scratch, *sums = b + padded;
    for (ptrdiff_t j = 0; j < n; j += VW) {
        v_store(b + j, v_load_n(update->b + j, (size_t)(n - j < VW ? n - j : VW)));
        v_store(sums + j, v_set(0));
    }
    struct join at = {
        .update = update, .mm = mm, .b = b, .sums = sums, .from = update->w, .to = update->w};
    /* clang-format off */
    switch (VW == 16 ? padded / VW : 0) {
    case 2: join_run(&at, 1, 2); break;
    case 3: join_run(&at, 1, 3); break;
    case 4: join_run(&at, 1, 4); break;
    case 5: join_run(&at, 1, 5); break;
    case 6: join_run(&at, 1, 6); break;
    case 7: join_run(&at, 1, 7); break;
    case 8: join_run(&at, 1, 8); break;
    default: join_run(&at, JOIN_ROWS, 0); join_run(&at, 1, 0);
    }
    /* clang-format on */
    v_put(at.to, v_splice(at.end, at.end, at.held), at.held);
    for (ptrdiff_t j = 0; j < n; j += VW) {
        size_t here = n - j < VW ? (size_t)(n - j) : VW;
        vf v = v_load(sums + j);
        if (mm->bias)
            v += v_load_n(mm->bias + j, here);
        tile_end_vector(mm, v, j, here);
    }
}

#endif
