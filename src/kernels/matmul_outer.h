/* matmul_outer.h - C = A B with few products an element, which updates: row by row. */
#ifndef KERNELS_MATMUL_OUTER_H
#define KERNELS_MATMUL_OUTER_H

#include "kernels/matmul_tile.h"

#define OUTER_K 4 /* most products an element */

/* A row of C as the flat loop sees it. */
struct outer_row {
    vf a[OUTER_K], next[OUTER_K]; /* what its products are of, and those of the row behind it */
};

INLINE void outer_take(struct outer_row *r, const struct matmul *mm, ptrdiff_t i, const int K)
{
    for (int p = 0; p < K; p++) {
        r->a[p] = v_set(mm->a[i * mm->a_rs + p * mm->a_cs]);
        r->next[p] = i + 1 < mm->m ? v_set(mm->a[(i + 1) * mm->a_rs + p * mm->a_cs]) : v_set(0);
    }
}

/* The n sums from column j of the row on; they may reach into the next row, as b does: its rows,
 * n_b apart, begin again behind their end. */
INLINE vf outer_sum(const struct matmul *mm, const struct outer_row *r, const float *b,
                    ptrdiff_t n_b, ptrdiff_t j, const int K, ptrdiff_t at, size_t n)
{
    vf acc = mm->add ? v_load_n(mm->c + at, n) : v_set(0);
    vm here = v_ltu(v_count(), (vu)vi_set((int32_t)(mm->n - j)));
    bool ends = j + VW > mm->n;
    for (int p = 0; p < K; p++)
        acc =
            v_fma(ends ? v_sel(here, r->a[p], r->next[p]) : r->a[p], v_load(b + p * n_b + j), acc);
    return acc;
}

/* Rows of C, which follow each other without a gap, for K products each, as one array: whole
 * aligned vectors all the way, wherever rows begin. */
INLINE void outer_rows(const struct matmul *all, int lo, int hi, const int K)
{
    const struct matmul local = *all, *mm = &local; /* which no store can change */
    const bool plain = mm->update && update_is_plain(mm->update) && mm->act == ACT_NONE && !mm->add;
    const vf lr = v_set(plain ? mm->update->lr : 0);
    ptrdiff_t n = mm->n, i = lo, j = 0, n_b = n + VW, end = hi * n;
    float *b = mm->scratch, *w = mm->w;
    struct outer_row r;
    for (int p = 0; p < K; p++)
        for (ptrdiff_t c = 0; c < n_b; c++)
            b[p * n_b + c] = mm->b[p * mm->b_rs + (c < n ? c : c - n)];
    outer_take(&r, mm, i, K);
    for (ptrdiff_t at = i * n, width; at < end; at += width, j += width) {
        if (j >= n) {
            j -= n;
            outer_take(&r, mm, ++i, K);
        }
        ptrdiff_t past = (ptrdiff_t)((uintptr_t)(w + at) / sizeof(float) % VW);
        for (; plain && past == 0 && j + VW <= n && at + VW <= end; at += VW, j += VW) {
            vf sum = v_set(0);
            for (int p = 0; p < K; p++)
                sum = v_fma(r.a[p], v_load(b + p * n_b + j), sum);
            v_store(w + at, v_load(w + at) - lr * sum);
        }
        width = end - at < VW - past ? end - at : VW - past;
        if (j == n || width == 0) {
            width = 0;
            continue;
        }
        vf sum = outer_sum(mm, &r, b, n_b, j, K, at, (size_t)width);
        if (plain)
            v_put(w + at, v_load_n(w + at, (size_t)width) - lr * sum, (size_t)width);
        else
            tile_end_vector(mm, sum, at, (size_t)width);
    }
}

/* Rows lo .. hi-1 of C, whole: k at most OUTER_K, columns of B and C in line, an update. */
static void outer_product(const struct matmul *mm, int lo, int hi)
{
    switch (mm->k) {
    case 0:
        outer_rows(mm, lo, hi, 0);
        break;
    case 1:
        outer_rows(mm, lo, hi, 1);
        break;
    case 2:
        outer_rows(mm, lo, hi, 2);
        break;
    case 3:
        outer_rows(mm, lo, hi, 3);
        break;
    default:
        outer_rows(mm, lo, hi, OUTER_K);
    }
}

#endif
