/* matmul.isa.c - C = op(A B), after Goto and van de Geijn 2008 and BLIS (Van Zee and van de Geijn
 * 2015).
 *
 * A tile of C, a few rows by a few vectors, stays in registers while k runs. Around it: a panel of
 * B as wide as a tile stays in the first cache, a block of A in the second. Blocks are copied
 * ("packed") to where a tile reads them in order if they are used often enough to pay for it, or if
 * their strides leave no choice. Rows are shared out evenly among tiles, so 100 rows are not 7
 * tiles of 14 and one of 2.
 *
 * Bits: whatever the tile, the block, the packing and the thread, an element of C is one chain of
 * multiply-adds in the order of k; a later block of k takes it up from C again. */
#include "base/par.h"
#include "kernels/fill.h"
#include "kernels/matmul_pack.h"
#include "kernels/matmul_tile.h"
#include "kernels/vec.h"

/* A block of A is MC x KC, one of B KC x NC: about 250 kB and 0.5 MB. Tests make them tiny. */
#ifdef MATMUL_TINY
#define KC 5
#define MC (2 * TILE_ROWS)
#define NC (2 * TILE_COLS)
#else
#define KC 384
#define MC 168
#define NC 384
#endif

#define SCRATCH       ((size_t)KC * (MC + NC) + VW) /* packing A may write a vector too far */
#define THREAD_WORK   32768                         /* multiply-adds that are worth a thread */
#define PACK_COST     4                             /* copying a number, in multiply-adds */
#define PACK_A_PANELS 3 /* fewer panels of B, or rows of tiles, do not pay for packing */
#define PACK_B_ROWS   (8 * TILE_ROWS)

/* One thread's part of C, and the block it is at. */
struct part {
    int i0, i1, j0, j1;
    int p, kc; /* block of k */
    bool pack_a, pack_b;
    int panel; /* columns of a panel of B */
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Rows of panel r of the `panels` that share `rows`. */
static int panel_start(int rows, int panels, int r)
{
    return (int)((long long)rows * r / panels);
}

/* All tiles of rows i .. i+rows-1 and columns j .. j+cols-1 (one panel of B). */
static void multiply_panel(const struct matmul *mm, const struct part *t, const float *a_block,
                           int i, int rows, const float *b, ptrdiff_t b_rs, int j, int cols)
{
    int nv = (cols + VW - 1) / VW;
    struct tile tile = {.b = b,
                        .b_rs = b_rs,
                        .k = t->kc,
                        .ldc = mm->ldc,
                        .last = (size_t)(cols - (nv - 1) * VW),
                        .b_last = t->pack_b ? VW : (size_t)(cols - (nv - 1) * VW),
                        .load = mm->add || t->p > 0,
                        .end = t->p + t->kc >= mm->k ? mm : NULL,
                        .column = j};
    int panels = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int r = 0; r < panels; r++) {
        int lo = panel_start(rows, panels, r), mr = panel_start(rows, panels, r + 1) - lo;
        tile.a = t->pack_a ? a_block + (ptrdiff_t)lo * t->kc
                           : mm->a + (i + lo) * mm->a_rs + t->p * mm->a_cs;
        tile.a_rs = t->pack_a ? 1 : mm->a_rs;
        tile.a_cs = t->pack_a ? mr : mm->a_cs;
        tile.at = (i + lo) * mm->ldc + j;
        tile.c = mm->c + tile.at;
        tile_run(&tile, mr, nv);
    }
}

static void pack_a(float *to, const struct matmul *mm, const struct part *t, int i, int rows)
{
    int panels = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int r = 0; r < panels; r++) {
        int lo = panel_start(rows, panels, r), mr = panel_start(rows, panels, r + 1) - lo;
        pack(to + (ptrdiff_t)lo * t->kc, mr, mm->a + (i + lo) * mm->a_rs + t->p * mm->a_cs, mr,
             mm->a_rs, t->kc, mm->a_cs);
    }
}

/* Width in memory of a panel of `cols` columns: whole vectors. */
static int padded(int cols)
{
    return (cols + VW - 1) / VW * VW;
}

static void pack_b(float *to, const struct matmul *mm, const struct part *t, int j, int cols)
{
    for (int at = 0; at < cols; at += t->panel) {
        int w = least(t->panel, cols - at);
        pack(to + (ptrdiff_t)at * t->kc, padded(w), mm->b + t->p * mm->b_rs + (j + at) * mm->b_cs,
             w, mm->b_cs, t->kc, mm->b_rs);
    }
}

/* Columns j .. j+cols-1 of the part, for the block of k it is at. */
static void multiply_columns(const struct matmul *mm, const struct part *t, int j, int cols)
{
    float *b_block = mm->scratch, *a_block = b_block + (ptrdiff_t)KC * NC;
    if (t->pack_b)
        pack_b(b_block, mm, t, j, cols);
    int rows, step = t->pack_a ? MC : t->i1 - t->i0;
    for (int i = t->i0; i < t->i1; i += rows) {
        rows = least(step, t->i1 - i);
        if (t->pack_a)
            pack_a(a_block, mm, t, i, rows);
        for (int at = 0; at < cols; at += t->panel) {
            int w = least(t->panel, cols - at);
            if (t->pack_b)
                multiply_panel(mm, t, a_block, i, rows, b_block + (ptrdiff_t)at * t->kc, padded(w),
                               j + at, w);
            else
                multiply_panel(mm, t, a_block, i, rows, mm->b + t->p * mm->b_rs + j + at, mm->b_rs,
                               j + at, w);
        }
    }
}

/* Splits C among the threads that the work is worth: a grid of tm x tn parts, chosen so that the
 * largest part, with what it has to pack, is small. false: nothing for this thread. */
static bool take_part(const struct matmul *mm, int tid, int nt, struct part *t)
{
    double k = mm->k, best = 0;
    double worth = 1 + (double)mm->m * mm->n * k / THREAD_WORK;
    int used = worth < nt ? (int)worth : nt, tm = 1;
    if (tid >= used || mm->m <= 0 || mm->n <= 0)
        return false;
    for (int rows = 1; rows <= used; rows++) {
        if (used % rows != 0)
            continue;
        double m = (mm->m + rows - 1) / rows;
        double n = padded((mm->n + used / rows - 1) / (used / rows));
        double cost = m * n + PACK_COST * (m + n);
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

static void matmul(const struct matmul *mm, int tid, int nt)
{
    struct part t;
    if (!take_part(mm, tid, nt, &t))
        return;
    int rows = t.i1 - t.i0;
    t.panel = tile_vectors(rows) * VW;
    t.pack_b = mm->b_cs != 1 || rows >= PACK_B_ROWS;
    t.pack_a = rows > 3 && t.j1 - t.j0 > (PACK_A_PANELS - 1) * t.panel;
    int blocks = mm->k > KC ? (mm->k + KC - 1) / KC : 1;
    int cols, step = t.pack_b ? NC : t.j1 - t.j0;
    for (int j = t.j0; j < t.j1; j += cols) {
        cols = least(step, t.j1 - j);
        for (int b = 0; b < blocks; b++) {
            t.p = panel_start(mm->k, blocks, b);
            t.kc = panel_start(mm->k, blocks, b + 1) - t.p;
            multiply_columns(mm, &t, j, cols);
        }
    }
}

void ISA_NAME(matmul_fill)(struct kernels *k)
{
    k->matmul = matmul;
    k->matmul_scratch = SCRATCH;
}
