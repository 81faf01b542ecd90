/* matmul_part.h - how a product is shared out among threads, and a thread's part cut into blocks
 * and cells. */
#ifndef KERNELS_MATMUL_PART_H
#define KERNELS_MATMUL_PART_H

#include "base/par.h"
#include "kernels/matmul_tile.h"

/* A block of A is at most MC x KC, one of B KC x NC: 0.5 and 4 MB, so that a block of A stays in
 * the second cache beside two panels of B. Tests make them tiny. */
#ifdef MATMUL_TINY
#define KC      5
#define MC      (2 * TILE_ROWS)
#define NC      (5 * VW)
#define A_USES  6
#define CACHE   50
#define A_TURNS 1
#define FETCH_K 4
#else
#define KC      1024
#define MC      (VW == 8 ? 96 : 126)
#define NC      1024
#define A_USES  64        /* tiles that read a block of A: fewer do not pay for packing it */
#define CACHE   (1 << 17) /* numbers that half of the second cache holds */
#define A_TURNS 8         /* panels of B that read an A in place of that size in one go */
#define FETCH_K 64        /* steps in which a tile has time to fetch something ahead */
#endif

#define THREAD_WORK 32768 /* multiply-adds that are worth a thread */
#define COPY_A      4     /* copying a number of A or of B, in multiply-adds */
#define COPY_B      3
#define B_USES      8    /* tiles that read a panel of B, as A_USES */
#define PAGE        2048 /* rows a multiple of this apart share few places of a cache */

/* One thread's part of C, and the block it is at: cells of C, down by across. */
struct part {
    int i0, i1, j0, j1;
    bool pack_a, pack_b;
    int high, nv;           /* rows of a tile, vectors of a panel of B */
    int j, cols;            /* columns of the block */
    int p, kc;              /* and its part of k */
    int down, across, rows; /* rows of a cell but the last down */
    bool fetch;             /* tiles fetch ahead */
};

/* What is done at once: rows of a block of A by a panel of B. */
struct cell {
    int i, rows, j, cols;
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* How many of `size` hold `all`. */
static int count(int all, int size)
{
    return (all + size - 1) / size;
}

/* The first row of panel r of the `panels` that share `rows`; those with one more come last: a
 * panel of columns that ends with a part of a vector is better wide. */
static int panel_start(int rows, int panels, int r)
{
    int less = panels - rows % panels;
    return rows / panels * r + (r > less ? r - less : 0);
}

/* Whether A is packed row by row */
static bool keeps_rows(const struct matmul *mm)
{
    return mm->a_cs == 1 && VW != 8;
}

/* Whether tiles have the rows of the packed A's panels, however wide they are. */
static bool fixed_rows(const struct matmul *mm, const struct part *t)
{
    return t->pack_a && !keeps_rows(mm);
}

/* Width in memory of a panel of `cols` columns: whole vectors. */
static int padded(int cols)
{
    return count(cols, VW) * VW;
}

/* Whether rows that lie so far apart crowd each other out of a cache. */
static bool crowd(ptrdiff_t rs, int rows)
{
    return rs * (ptrdiff_t)sizeof(float) % PAGE == 0 && rows > 8;
}

/* Whether the second cache does not hold the part's rows of A. */
static bool far_rows(const struct part *t, int k)
{
    return (double)(t->i1 - t->i0) * k > CACHE;
}

/* Whether it does not hold the block's A, B and C together. */
static bool far_block(const struct part *t)
{
    double rows = t->i1 - t->i0, cols = t->cols;
    return rows * cols + t->kc * (rows + cols) > 2 * CACHE;
}

/* Tiles read A and B where they lie, unless that is slow: strided along a vector, or with rows that
 * crowd each other out; or a block is used so often that a copy in order pays. */
static void choose_packing(const struct matmul *mm, struct part *t, int nv)
{
    int rows = t->i1 - t->i0, cols = t->j1 - t->j0;
    int near = mm->a_rs > mm->k ? rows : least(rows, TILE_ROWS); /* without gaps: of a tile */
    t->nv = nv;
    t->high = nv == 3 ? TILE_ROWS_3 : TILE_ROWS;
    int down = count(rows, t->high), across = count(count(cols, VW), nv);
    t->pack_b = mm->b_cs != 1 || down >= B_USES || (crowd(mm->b_rs, mm->k) && down > 1);
    int uses = mm->a_cs == 1 && !far_rows(t, mm->k) ? A_USES : A_USES / 2;
    t->pack_a = across >= uses || (mm->a_rs != 1 && crowd(mm->a_rs, near) && across > 1);
}

/* The tiles of a part. AVX2's of three vectors are no better where A is packed. */
static void choose_tiles(const struct matmul *mm, struct part *t)
{
    int rows = t->i1 - t->i0;
    bool three = tile_takes_three(rows, count(t->j1 - t->j0, VW));
    if (three)
        choose_packing(mm, t, 3);
    if (!three || (VW == 8 && t->pack_a))
        choose_packing(mm, t, tile_vectors(rows));
}

/* What a part takes for each k, in multiply-adds: with its copies, and B even where it is not
 * copied, which comes from afar then. */
static double part_cost(const struct matmul *mm, int rows, int cols)
{
    struct part t = {.i1 = rows, .j1 = cols};
    choose_tiles(mm, &t);
    return (double)rows * padded(cols) + (t.pack_a ? COPY_A : 1) * rows + COPY_B * padded(cols);
}

/* Splits C among the threads that the work is worth: a grid of tm x tn parts, chosen so that the
 * largest part, with what it has to pack, is small. false: nothing for this thread. */
static bool take_part(const struct matmul *mm, int tid, int nt, struct part *t)
{
    if (nt == 1) {
        *t = (struct part){.i1 = mm->m, .j1 = mm->n};
        return mm->m > 0 && mm->n > 0;
    }
    double best = 0, worth = 1 + (double)mm->m * mm->n * mm->k / THREAD_WORK;
    int used = worth < nt ? (int)worth : nt, tm = 1;
    if (tid >= used || mm->m <= 0 || mm->n <= 0)
        return false;
    for (int rows = 1; rows <= used; rows++) {
        if (used % rows != 0)
            continue;
        int cols = used / rows;
        double cost = part_cost(mm, count(mm->m, rows), count(mm->n, cols));
        if (rows == 1 || cost < best) {
            best = cost;
            tm = rows;
        }
    }
    size_t i0, i1, j0, j1;
    int tn = used / tm;
    par_range((size_t)mm->m, 1, tid / tn, tm, &i0, &i1);
    par_range((size_t)mm->n, mm->n >= 4 * TILE_COLS * tn ? TILE_COLS : VW, tid % tn, tn, &j0, &j1);
    *t = (struct part){.i0 = (int)i0, .i1 = (int)i1, .j0 = (int)j0, .j1 = (int)j1};
    return i0 < i1 && j0 < j1;
}

/* Blocks of k. */
static int k_blocks(const struct matmul *mm)
{
    return mm->k > KC ? count(mm->k, KC) : 1;
}

/* Columns of a block. */
static int column_step(const struct part *t)
{
    return t->pack_b ? NC : t->j1 - t->j0;
}

/* Panels of the block's columns, as wide as a tile. Of an odd number of vectors one has three: a
 * single one would wait for its loads. */
static int panels_across(const struct matmul *mm, const struct part *t)
{
    int nv = count(t->cols, VW);
    return t->nv == 2 && nv > 1 && !fixed_rows(mm, t) ? nv / 2 : count(nv, t->nv);
}

/* The block of k number b, columns from j on. In cells of all rows, which keep a panel of B in the
 * first cache, unless A is packed, others are to take some, or many panels would fetch A again. */
static void set_block(const struct matmul *mm, struct part *t, int j, int b, bool others)
{
    int blocks = k_blocks(mm), high = count(t->i1 - t->i0, t->high), down = 1;
    t->j = j;
    t->cols = least(column_step(t), t->j1 - j);
    t->p = panel_start(mm->k, blocks, b);
    t->kc = panel_start(mm->k, blocks, b + 1) - t->p;
    t->fetch = t->kc >= FETCH_K && far_block(t);
    t->across = panels_across(mm, t);
    if (t->pack_a || others || (t->across > A_TURNS && far_rows(t, t->kc)))
        down = count(high, MC / t->high);
    t->rows = count(high, down) * t->high;
    t->down = count(t->i1 - t->i0, t->rows);
}

/* Cells follow each other across, then down. */
static struct cell cell_at(const struct part *t, int number)
{
    int i = t->i0 + number / t->across * t->rows, panel = number % t->across;
    int at = VW * panel_start(count(t->cols, VW), t->across, panel);
    int end = VW * panel_start(count(t->cols, VW), t->across, panel + 1);
    return (struct cell){i, least(t->rows, t->i1 - i), t->j + at, least(end, t->cols) - at};
}

#endif
