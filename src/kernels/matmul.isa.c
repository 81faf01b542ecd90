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

/* A block of A is MC x KC, one of B KC x NC: 0.5 and 1.5 MB, so that a block of A stays in the
 * second cache, and a panel of B nearly in the first. Tests make them tiny. */
#ifdef MATMUL_TINY
#define KC 5
#define MC (2 * TILE_ROWS)
#define NC (2 * TILE_COLS)
#else
#define KC 384
#define MC 336
#define NC 1024
#endif

#define SCRATCH     ((size_t)KC * (MC + NC) + VW) /* packing A may write a vector too far */
#define THREAD_WORK 32768                         /* multiply-adds that are worth a thread */
#define PACK_COST   4                             /* copying a number, in multiply-adds */
#define PACK_USES   32   /* tiles that read a block: fewer do not pay for packing it */
#define PAGE        4096 /* rows a multiple of this apart share few places of a cache */
#define FETCH_K     64   /* a tile that runs so long has time to fetch something ahead */

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

/* A panel of B: columns j .. j+cols-1 of the block of k, where a tile reads them. */
struct panel {
    const float *b;
    ptrdiff_t b_rs;
    int j, cols;
    const float *ahead; /* the next panel in B, to be fetched while this one is used; or NULL */
};

/* All tiles of rows i .. i+rows-1 and a panel. */
static void multiply_panel(const struct matmul *mm, const struct part *t, const struct panel *p,
                           const float *a_block, int i, int rows)
{
    int nv = (p->cols + VW - 1) / VW;
    struct tile tile = {.b = p->b,
                        .b_rs = p->b_rs,
                        .k = t->kc,
                        .ldc = mm->ldc,
                        .b_ahead = p->ahead,
                        .b_ahead_rs = mm->b_rs,
                        .last = (size_t)(p->cols - (nv - 1) * VW),
                        .b_last = t->pack_b ? VW : (size_t)(p->cols - (nv - 1) * VW),
                        .load = mm->add || t->p > 0,
                        .end = t->p + t->kc >= mm->k ? mm : NULL,
                        .column = p->j};
    int panels = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int r = 0; r < panels; r++) {
        int lo = panel_start(rows, panels, r), mr = panel_start(rows, panels, r + 1) - lo;
        tile.a = t->pack_a ? a_block + (ptrdiff_t)lo * t->kc
                           : mm->a + (i + lo) * mm->a_rs + t->p * mm->a_cs;
        tile.a_rs = t->pack_a ? 1 : mm->a_rs;
        tile.a_cs = t->pack_a ? mr : mm->a_cs;
        tile.at = (i + lo) * mm->ldc + p->j;
        tile.c = mm->c + tile.at;
        if (t->kc >= FETCH_K)
            tile.c_ahead =
                r + 1 < panels ? tile.c + mr * mm->ldc : mm->c + i * mm->ldc + p->j + p->cols;
        tile_run(&tile, mr, nv);
        tile.b_ahead = NULL;
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

/* The panel at j, packed to `to` where the part packs B: at its first use, so that it is still in
 * the first cache then. */
static struct panel take_panel(const struct matmul *mm, const struct part *t, float *to, int j,
                               int cols, bool first)
{
    const float *b = mm->b + t->p * mm->b_rs + j * mm->b_cs;
    struct panel p = {.b = b, .b_rs = mm->b_rs, .j = j, .cols = cols};
    if (!t->pack_b)
        return p;
    if (first) {
        pack(to, padded(cols), b, cols, mm->b_cs, t->kc, mm->b_rs);
        if (mm->b_cs == 1 && t->kc >= FETCH_K && j + cols + TILE_COLS <= t->j1)
            p.ahead = b + cols;
    }
    p.b = to;
    p.b_rs = padded(cols);
    return p;
}

/* Columns j .. j+cols-1 of the part, for the block of k it is at. */
static void multiply_columns(const struct matmul *mm, const struct part *t, int j, int cols)
{
    float *b_block = mm->scratch, *a_block = b_block + (ptrdiff_t)KC * NC;
    int rows, step = t->pack_a ? MC : t->i1 - t->i0;
    for (int i = t->i0; i < t->i1; i += rows) {
        rows = least(step, t->i1 - i);
        if (t->pack_a)
            pack_a(a_block, mm, t, i, rows);
        for (int at = 0; at < cols; at += t->panel) {
            const struct panel p = take_panel(mm, t, b_block + (ptrdiff_t)at * t->kc, j + at,
                                              least(t->panel, cols - at), i == t->i0);
            multiply_panel(mm, t, &p, a_block, i, rows);
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

/* Whether rows that lie so far apart crowd each other out of a cache. */
static bool crowd(ptrdiff_t rs, int rows)
{
    return rs * (ptrdiff_t)sizeof(float) % PAGE == 0 && rows > 8;
}

/* Tiles read A and B where they lie, unless that is slow: strided along a vector, or with rows that
 * crowd each other out; or a block is used so often that a copy in order pays. */
static void choose_packing(const struct matmul *mm, struct part *t)
{
    int rows = t->i1 - t->i0, cols = t->j1 - t->j0;
    int down = (rows + TILE_ROWS - 1) / TILE_ROWS, across = (cols + t->panel - 1) / t->panel;
    t->pack_b = mm->b_cs != 1 || down >= PACK_USES ||
                (crowd(mm->b_rs, mm->k) && down >= PACK_USES / 4) ||
                (cols < VW && down >= PACK_USES / 4);
    t->pack_a = across >= PACK_USES || (mm->a_rs != 1 && crowd(mm->a_rs, rows) && across > 1);
}

static void matmul(const struct matmul *mm, int tid, int nt)
{
    struct part t;
    if (!take_part(mm, tid, nt, &t))
        return;
    t.panel = tile_vectors(t.i1 - t.i0) * VW;
    choose_packing(mm, &t);
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
