/* matmul_ger.h - a step of plain gradient descent by one sample, W = W + a b' with -lr in b (BLAS:
 * ger); alone, or with the product x' W that follows: so the matrix is read and written once.
 *
 * A panel of columns at a time, whose sums stay in registers. The last vector of a row overlaps the
 * one before it: masked stores keep the loads behind them waiting, and whole ones may begin
 * anywhere. */
#ifndef KERNELS_MATMUL_GER_H
#define KERNELS_MATMUL_GER_H

#include "kernels/matmul_tile.h"

/* Vectors of a panel: as many sums as there are registers for, of AVX-512 also as many of b. */
#define GER_VECTORS (VW == 8 ? 12 : 8)

/* Rows lo .. hi-1 and the columns of a panel. */
struct ger {
    const struct matmul *step; /* matmul_is_ger */
    const struct matmul *mm;   /* the product, of one row; or NULL */
    int lo, hi;
    ptrdiff_t j;
    size_t cols;
};

/* Where vector v of the panel begins. */
INLINE size_t ger_at(const struct ger *g, int v, const int nv)
{
    return v > 0 && v == nv - 1 ? g->cols - VW : (size_t)v * VW;
}

/* -lr b, and 0 behind it. */
INLINE void ger_take_b(const struct ger *g, const int nv, float *b)
{
    const vf by = v_set(-g->step->update->lr);
    const ptrdiff_t cs = g->step->b_cs;
    const float *from = g->step->b + g->j * cs;
    for (size_t c = 0; c < (size_t)nv * VW; c++)
        b[c] = c < g->cols ? from[(ptrdiff_t)c * cs] : 0;
    for (int v = 0; v < nv; v++)
        v_store(b + v * VW, by * v_load(b + v * VW));
}

/* Two halves of a vector: a processor that writes 32 bytes a cycle takes them at a better pace. */
INLINE void ger_store(float *to, vf v)
{
#if VW == 16
    _mm256_storeu_ps(to, _mm512_castps512_ps256((__m512)v));
    _mm256_storeu_ps(to + VW / 2, _mm512_extractf32x8_ps((__m512)v, 1));
#else
    v_store(to, v);
#endif
}

/* The panel's nv vectors; with `product` their sums go to sums. */
INLINE void ger_rows(const struct ger *g, const int nv, const bool product, float *sums)
{
    const struct matmul *step = g->step, *mm = g->mm;
    const size_t end = ger_at(g, nv - 1, nv), lanes = nv > 1 ? VW : g->cols;
    const ptrdiff_t ld = step->ldc, a_rs = step->a_rs, x_cs = product ? mm->a_cs : 0;
    const float *a = step->a + g->lo * a_rs, *x = product ? mm->a + g->lo * x_cs : a;
    float *w = step->w + g->lo * ld + g->j, b[GER_VECTORS * VW];
    vf bv[GER_VECTORS], sum[GER_VECTORS];
    ger_take_b(g, nv, b);
    UNROLL
    for (int v = 0; v < nv; v++) {
        bv[v] = v_load(b + ger_at(g, v, nv));
        sum[v] = v_set(0);
    }
    for (int rows = g->hi - g->lo; rows > 0; rows--, a += a_rs, x += x_cs, w += ld) {
        vf av = v_set(*a), xv = v_set(product ? *x : 0);
        /* read before its neighbour is written */
        vf last = v_fma(av, bv[nv - 1], v_load_n(w + end, lanes));
        UNROLL
        for (int v = 0; v < nv - 1; v++) {
            vf wv = v_fma(av, bv[v], v_load(w + v * VW));
            ger_store(w + v * VW, wv);
            if (product)
                sum[v] = v_fma(xv, wv, sum[v]);
        }
        if (nv > 1)
            ger_store(w + end, last);
        else
            v_put(w + end, last, lanes);
        if (product)
            sum[nv - 1] = v_fma(xv, last, sum[nv - 1]);
    }
    UNROLL
    for (int v = 0; product && v < nv; v++)
        v_put(sums + ger_at(g, v, nv), sum[v], v < nv - 1 ? VW : lanes);
}

INLINE void ger_panel(const struct ger *g, const int nv)
{
    float sums[GER_VECTORS * VW];
    if (!g->mm) {
        ger_rows(g, nv, false, sums);
        return;
    }
    ger_rows(g, nv, true, sums);
    for (size_t c = 0; c < g->cols; c += VW) {
        size_t here = g->cols - c < VW ? g->cols - c : VW;
        vf v = v_load_n(sums + c, here);
        if (g->mm->bias)
            v += v_load_n(g->mm->bias + g->j + c, here);
        tile_end_vector(g->mm, v, g->j + (ptrdiff_t)c, here);
    }
}

#define GER(nv)                                                                                    \
    static void ger_##nv(const struct ger *g)                                                      \
    {                                                                                              \
        ger_panel(g, nv);                                                                          \
    }
/* clang-format off */
GER(1) GER(2) GER(3) GER(4) GER(5) GER(6) GER(7) GER(8)
#if VW == 8
GER(9) GER(10) GER(11) GER(12)
#endif
static void (*const ger_panels[GER_VECTORS])(const struct ger *g) = {
    ger_1, ger_2, ger_3, ger_4, ger_5, ger_6, ger_7, ger_8,
#if VW == 8
    ger_9, ger_10, ger_11, ger_12
#endif
};
/* clang-format on */

/* Columns j0 .. j1-1 of the rows, in panels of about the same width. */
static void ger_run(struct ger *g, int j0, int j1)
{
    int vectors = (j1 - j0 + VW - 1) / VW, panels = (vectors + GER_VECTORS - 1) / GER_VECTORS;
    for (int r = 0, v = 0, next; r < panels; r++, v = next) {
        next = (int)((long long)vectors * (r + 1) / panels);
        g->j = j0 + v * VW;
        g->cols = (size_t)((r + 1 < panels ? j0 + next * VW : j1) - g->j);
        ger_panels[next - v - 1](g);
    }
}

/* Rows lo .. hi-1, shorter than a vector and one behind the other, as one array, whose lanes take
 * what of a and b is theirs. a_rs is 1. */
static void ger_narrow(const struct matmul *step, int lo, int hi)
{
    const int n = step->n, past = VW % n, rows = VW / n;
    float b[2 * VW] = {0};
    int32_t row[2 * VW] = {0}; /* of what lies so far behind the beginning of a row */
    for (int c = 0; c < 2 * VW; c++) {
        b[c] = c < n ? -step->update->lr * step->b[c * step->b_cs] : b[c - n];
        row[c] = c < n ? 0 : row[c - n] + 1;
    }
    float *w = step->w + (ptrdiff_t)lo * n;
    for (ptrdiff_t left = (ptrdiff_t)(hi - lo) * n, i = lo, j = 0; left > 0; left -= VW, w += VW) {
        vf a = v_load_n(step->a + i, (size_t)(hi - i < VW ? hi - i : VW));
        a = v_permute(a, (vi) * (const vu_any *)(row + j));
        if (left >= VW)
            v_store(w, v_fma(a, v_load(b + j), v_load(w)));
        else
            v_store_n(w, v_fma(a, v_load(b + j), v_load_n(w, (size_t)left)), (size_t)left);
        j += past;
        i += rows + (j >= n);
        j -= j >= n ? n : 0;
    }
}

/* Whether the product of a row that follows can be computed with it: the matrix is step's w and
 * mm's B, and its rows are not narrow. */
static bool ger_can_join(const struct matmul *step, const struct matmul *mm)
{
    return matmul_is_ger(step) && step->w == mm->b && step->ldc == mm->b_rs && mm->b_cs == 1 &&
           step->n == mm->n && step->m == mm->k && mm->m == 1 && mm->n > VW && !mm->add;
}

#endif
