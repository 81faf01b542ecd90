/* matmul_row.h - a row times a matrix whose columns lie in line: x W' of one sample. Squares of the
 * matrix are turned in registers and used at once. */
#ifndef KERNELS_MATMUL_ROW_H
#define KERNELS_MATMUL_ROW_H

#include "kernels/matmul_pack.h"
#include "kernels/matmul_tile.h"

static bool row_can(const struct matmul *mm)
{
    return mm->m == 1 && mm->b_rs == 1 && mm->b_cs != 1;
}

/* The sums of columns j .. j+cols-1, at most VW. */
INLINE vf row_sums(const struct matmul *mm, ptrdiff_t j, int cols, vf sums)
{
    const float *a = mm->a, *b = mm->b + j * mm->b_cs;
    for (int p = 0; p < mm->k; p += VW) {
        int here = mm->k - p < VW ? mm->k - p : VW;
        vf r[VW];
        pack_square(r, b + p, cols, mm->b_cs, here, VW * mm->b_cs);
        UNROLL
        for (int v = 0; v < VW; v++) {
            if (v >= here)
                break;
            sums = v_fma(v_set(*a), r[v], sums);
            a += mm->a_cs;
        }
    }
    return sums;
}

/* Columns j0 .. j1-1. */
static void row_run(const struct matmul *mm, int j0, int j1)
{
    for (int j = j0; j < j1; j += VW) {
        size_t here = j1 - j < VW ? (size_t)(j1 - j) : VW;
        vf sums = row_sums(mm, j, (int)here, mm->add ? v_load_n(mm->c + j, here) : v_set(0));
        if (mm->bias)
            sums += v_load_n(mm->bias + j, here);
        tile_end_vector(mm, sums, j, here);
    }
}

#endif
