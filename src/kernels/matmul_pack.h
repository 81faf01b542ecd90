/* matmul_pack.h - copies a block of a matrix to where a tile reads it in order. */
#ifndef KERNELS_MATMUL_PACK_H
#define KERNELS_MATMUL_PACK_H

#include "kernels/vec.h"

/* a0 b0 a1 b1 ... of the lower and the upper half */
#if VW == 16
#define PACK_LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define PACK_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif VW == 8
#define PACK_LOW  0, 8, 1, 9, 2, 10, 3, 11
#define PACK_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define PACK_LOW  0, 4, 1, 5
#define PACK_HIGH 2, 6, 3, 7
#endif

#define AHEAD     16 /* rows that are fetched ahead where they lie far apart */
#define AHEAD_ROW 64 /* numbers of a row that are fetched ahead */

/* Lane j of r[i] and lane i of r[j] change places: log2(VW) perfect shuffles. */
INLINE void pack_transpose(vf r[VW])
{
    for (int round = 1; round < VW; round *= 2) {
        vf s[VW];
        for (int i = 0; i < VW / 2; i++) {
            s[2 * i] = __builtin_shufflevector(r[i], r[i + VW / 2], PACK_LOW);
            s[2 * i + 1] = __builtin_shufflevector(r[i], r[i + VW / 2], PACK_HIGH);
        }
        for (int i = 0; i < VW; i++)
            r[i] = s[i];
    }
}

/* The first `here` numbers of w rows at src, ws apart, both at most VW, become columns, one a
 * vector; 0 elsewhere. What lies `ahead` of them is fetched. */
INLINE void pack_square(vf r[VW], const float *src, int w, ptrdiff_t ws, int here, ptrdiff_t ahead)
{
    for (int v = 0; v < VW; v++) {
        const float *from = src + v * ws;
        __builtin_prefetch(from + ahead);
        r[v] = v < w ? v_load_n(from, (size_t)here) : v_set(0);
    }
    pack_transpose(r);
}

/* Rows of src (w of them, ws apart, n numbers each in line) become columns of `to`. */
static void pack_turned(float *to, int width, const float *src, int w, ptrdiff_t ws, int n)
{
    for (int i = 0; i < w; i += VW)
        for (int p = 0; p < n; p += VW) {
            int here = n - p < VW ? n - p : VW;
            ptrdiff_t more = n - p > AHEAD_ROW ? 0 : (w < VW ? w : VW) * ws - n; /* the next rows */
            vf r[VW];
            pack_square(r, src + i * ws + p, w - i, ws, here, AHEAD_ROW + more);
            for (int v = 0; v < here; v++)
                v_store(to + (ptrdiff_t)(p + v) * width + i, r[v]);
        }
}

/* `rows` rows of n numbers, to_rs apart in `to`, with room for whole vectors. */
INLINE void pack_rows(float *to, ptrdiff_t to_rs, const float *src, ptrdiff_t rs, int rows, int n)
{
    for (int i = 0; i < rows; i++, to += to_rs, src += rs) {
        int p = 0;
        for (; p + VW <= n; p += VW) {
            __builtin_prefetch(src + 2 * rs + p);
            v_store(to + p, v_load(src + p));
        }
        if (p < n)
            v_store(to + p, v_load_n(src + p, (size_t)(n - p)));
    }
}

/* to[p * width + i] = src[i * ws + p * ls] for i < w, p < n; 0 for i from w on to whole vectors, as
 * far as width reaches (beyond it lies the next row, written later: `to` has VW numbers behind). */
static void pack(float *to, int width, const float *src, int w, ptrdiff_t ws, int n, ptrdiff_t ls)
{
    if (ls == 1 && ws != 1) {
        pack_turned(to, width, src, w, ws, n);
        return;
    }
    for (int p = 0; p < n; p++)
        for (int i = 0; i < w; i += VW) {
            const float *from = src + i * ws + p * ls;
            int here = w - i < VW ? w - i : VW;
            __builtin_prefetch(from + AHEAD * ls);
            vf v = {0};
            if (ws == 1)
                v = v_load_n(from, (size_t)here);
            else
                for (int j = 0; j < here; j++)
                    v[j] = from[j * ws];
            v_store(to + (ptrdiff_t)p * width + i, v);
        }
}

#endif
