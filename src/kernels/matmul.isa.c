/* matmul.isa.c - C = op(A B), after Goto and van de Geijn 2008 and BLIS (Van Zee and van de Geijn
 * 2015).
 *
 * A tile of C, a few rows by a few vectors, stays in registers while k runs. Around it: a panel of
 * B as wide as a tile, and a block of A, stay in the second cache; the first gets both from there
 * in time. Blocks are copied ("packed") to where they crowd nobody out if they are used often
 * enough to pay for it, or if their strides leave no choice: rows of A as rows, a panel of B by the
 * first tile that reads it. Rows are shared out evenly among tiles, so 100 rows are not 7 tiles of
 * 14 and one of 2.
 *
 * Bits: whatever the tile, the block, the packing and the thread, an element of C is one chain of
 * multiply-adds in the order of k; a later block of k takes it up from C again. */
#include "base/par.h"
#include "kernels/fill.h"
#include "kernels/matmul_ger.h"
#include "kernels/matmul_outer.h"
#include "kernels/matmul_pack.h"
#include "kernels/matmul_row.h"
#include "kernels/matmul_tile.h"
#include "kernels/vec.h"

/* A block of A is at most MC x KC, one of B KC x NC: 0.5 and 4 MB, so that a block of A stays in
 * the second cache beside two panels of B. Tests make them tiny. */
#ifdef MATMUL_TINY
#define KC         5
#define MC         (2 * TILE_ROWS)
#define NC         (2 * TILE_COLS)
#define A_USES     3
#define QUEUE_WORK 16
#define TURN_WORK  400
#else
#define KC         1024
#define MC         (VW == 8 ? 60 : 126)
#define NC         1024
#define A_USES     32        /* tiles that read a block of A: fewer do not pay for packing it */
#define QUEUE_WORK (1 << 21) /* multiply-adds of a thread that are worth a queue */
#define TURN_WORK  (1 << 18) /* and that it takes from there at once */
#endif

#define A_BLOCK     ((ptrdiff_t)MC * (KC + 2 * VW))
#define SCRATCH     ((size_t)KC * NC + A_BLOCK + VW)
#define THREAD_WORK 32768 /* multiply-adds that are worth a thread */
#define COPY_A      4     /* copying a number of A or of B, in multiply-adds */
#define COPY_B      3
#define B_USES      8    /* tiles that read a panel of B, as A_USES */
#define PAGE        2048 /* rows a multiple of this apart share few places of a cache */
#define NEAR        48 /* rows of B that are fetched ahead: the second cache holds 64 of any stride */
#define CACHE       (1 << 18) /* numbers that the second cache holds */
#define FETCH_K     64        /* a tile that runs so long has time to fetch something ahead */

/* One thread's part of C, and the block it is at: cells of C, down by across. */
struct part {
    int i0, i1, j0, j1;
    bool pack_a, pack_b;
    int panel;              /* columns of a panel of B */
    int j, cols;            /* columns of the block */
    int p, kc;              /* and its part of k */
    int down, across, rows; /* rows of a cell but the last down */
};

/* What is done at once: rows of a block of A by a panel of B. */
struct cell {
    int i, rows, j, cols;
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

/* Distance of the rows of a packed A: an odd number of vectors, to take all places of a cache. */
static ptrdiff_t row_step(int kc)
{
    return ((kc + VW - 1) / VW | 1) * VW;
}

/* Whether A is packed row by row */
static bool keeps_rows(const struct matmul *mm)
{
    return mm->a_cs == 1 && VW != 8;
}

/* Width in memory of a panel of `cols` columns: whole vectors. */
static int padded(int cols)
{
    return (cols + VW - 1) / VW * VW;
}

/* A panel of B: columns j .. j+cols-1 of the block of k. */
struct panel {
    int j, cols;
    const float *b; /* where tiles read it */
    ptrdiff_t b_rs;
    float *keep;        /* where the first tile packs it on its way, for the others; or NULL */
    const float *ahead; /* the next panel, fetched while this one is used; or NULL */
    ptrdiff_t ahead_rs;
};

/* The part of A, or of its packed block, that tile rows lo .. lo+mr-1 of the block at i read. */
static void tile_rows(struct tile *tile, const struct matmul *mm, const struct part *t,
                      const float *a_block, int i, int lo, int mr)
{
    if (!t->pack_a) {
        tile->a = mm->a + (i + lo) * mm->a_rs + t->p * mm->a_cs;
        tile->a_rs = mm->a_rs;
        tile->a_cs = mm->a_cs;
    } else if (keeps_rows(mm)) {
        tile->a = a_block + lo * row_step(t->kc);
        tile->a_rs = row_step(t->kc);
        tile->a_cs = 1;
    } else {
        tile->a = a_block + (ptrdiff_t)lo * t->kc;
        tile->a_rs = 1;
        tile->a_cs = mr;
    }
}

/* The panel as the first tile reads it, and as the others do. */
static void tile_columns(struct tile *tile, const struct part *t, const struct panel *p, bool first)
{
    bool packed = p->keep && !first;
    tile->b = packed ? p->keep : p->b;
    tile->b_rs = packed ? padded(p->cols) : p->b_rs;
    tile->b_last = packed || (t->pack_b && !p->keep) ? VW : tile->last;
    tile->keep = first ? p->keep : NULL;
}

/* What the next tile reads of an A in place from beyond the second cache: rows that follow each
 * other without gaps, or columns (more than AVX2's short tiles can fetch). Cells of the first panel
 * leave nothing to fetch to the others. */
static struct fetch next_of_a(const struct tile *tile, const struct matmul *mm,
                              const struct part *t, const struct panel *p, int mr)
{
    bool far = (double)(t->i1 - t->i0) * mm->k > CACHE && (t->down == 1 || p->j == t->j);
    if (!far || t->pack_a || t->kc < FETCH_K)
        return (struct fetch){0};
    if (mm->a_cs == 1 && mm->a_rs == t->kc)
        return (struct fetch){tile->a + mr * mm->a_rs, TILE_COLS, mr * t->kc / TILE_COLS};
    return (struct fetch){tile->a + mr, mm->a_cs, mm->a_rs == 1 && VW == 16 ? t->kc : 0};
}

/* Rows that the tile fetches: those of B that it will read, if it packs them; what the tile `step`
 * further on will write; and the next panel, or more of A. */
static void tile_ahead(struct tile *tile, const struct matmul *mm, const struct part *t,
                       const struct panel *p, int mr, ptrdiff_t step, bool last)
{
    struct fetch *f = tile->fetch;
    bool update = mm->update && tile->end;
    if (tile->keep && t->kc > NEAR)
        *f++ = (struct fetch){tile->b + NEAR * tile->b_rs, tile->b_rs, t->kc - NEAR};
    if (t->kc >= FETCH_K)
        *f++ = (struct fetch){(update ? mm->w : mm->c) + tile->at + step, mm->ldc, mr};
    if (t->kc >= FETCH_K && update && mm->slot[0])
        *f++ = (struct fetch){mm->slot[0] + tile->at + step, mm->ldc, mr};
    if (tile->keep)
        *f++ = (struct fetch){tile->b, tile->b_rs, t->kc};
    else if (last && p->ahead)
        *f++ = (struct fetch){p->ahead, p->ahead_rs, p->keep ? NEAR : t->kc};
    else
        *f++ = next_of_a(tile, mm, t, p, mr);
    f->n = 0;
}

/* All tiles of a cell. */
static void multiply_cell(const struct matmul *mm, const struct part *t, const struct panel *p,
                          const float *a_block, const struct cell *c)
{
    int nv = (p->cols + VW - 1) / VW, i = c->i, rows = c->rows;
    struct tile tile = {.k = t->kc,
                        .ldc = mm->ldc,
                        .last = (size_t)(p->cols - (nv - 1) * VW),
                        .load = mm->add || t->p > 0,
                        .end = t->p + t->kc >= mm->k ? mm : NULL,
                        .column = p->j};
    int most = tile_most_rows(nv), panels = (rows + most - 1) / most;
    for (int r = 0, lo = 0, mr; r < panels; r++, lo += mr) {
        mr = panel_start(rows, panels, r + 1) - lo;
        tile.at = (i + lo) * mm->ldc + p->j;
        tile.c = mm->c + tile.at;
        tile_rows(&tile, mm, t, a_block, i, lo, mr);
        tile_columns(&tile, t, p, r == 0);
        tile_ahead(&tile, mm, t, p, mr, r + 1 < panels ? mr * mm->ldc : p->cols - lo * mm->ldc,
                   r + 1 == panels);
        tile_run(&tile, mr, nv);
    }
}

/* Rows i .. i+rows-1 of A. Those that lie in line keep to it; else panel by panel, each number of
 * k's rows together. */
static void pack_a(float *to, const struct matmul *mm, const struct part *t, int i, int rows)
{
    const float *a = mm->a + i * mm->a_rs + t->p * mm->a_cs;
    if (keeps_rows(mm)) {
        pack_rows(to, row_step(t->kc), a, mm->a_rs, rows, t->kc);
        return;
    }
    int panels = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int r = 0; r < panels; r++) {
        int lo = panel_start(rows, panels, r), mr = panel_start(rows, panels, r + 1) - lo;
        pack(to + (ptrdiff_t)lo * t->kc, mr, a + lo * mm->a_rs, mr, mm->a_rs, t->kc, mm->a_cs);
    }
}

/* Columns of the next panel of `left`. */
static int panel_width(const struct matmul *mm, const struct part *t, int left)
{
    bool rows = !t->pack_a || keeps_rows(mm); /* a tile may have any rows */
    bool three = t->panel == TILE_COLS && rows && left > TILE_COLS && left <= 3 * VW;
    return least(three ? 3 * VW : t->panel, left);
}

/* The panel of a cell. Where the part packs B, it is packed to `to` at its first use, in the first
 * tile if it lies in line: so it is in the first cache then. */
static struct panel take_panel(const struct matmul *mm, const struct part *t, float *to,
                               const struct cell *c, bool first)
{
    const int j = c->j, cols = c->cols;
    const float *b = mm->b + t->p * mm->b_rs + j * mm->b_cs;
    struct panel p = {.j = j, .cols = cols, .b = b, .b_rs = mm->b_rs};
    if (!t->pack_b)
        return p;
    bool fetch = t->kc >= FETCH_K && j + cols < t->j1;
    if (first && mm->b_cs == 1) {
        p.keep = to;
        p.ahead = fetch ? b + cols : NULL;
        p.ahead_rs = mm->b_rs;
        return p;
    }
    if (first)
        pack(to, padded(cols), b, cols, mm->b_cs, t->kc, mm->b_rs);
    p.b = to;
    p.b_rs = padded(cols);
    p.ahead = fetch && !first && VW != 8 ? to + (ptrdiff_t)cols * t->kc : NULL;
    p.ahead_rs = p.b_rs;
    return p;
}

/* Blocks of k. */
static int k_blocks(const struct matmul *mm)
{
    return mm->k > KC ? (mm->k + KC - 1) / KC : 1;
}

/* Columns of a block. */
static int column_step(const struct part *t)
{
    return t->pack_b ? NC : t->j1 - t->j0;
}

/* The block of k number b, columns from j on. In cells of all rows, which keep a panel of B in the
 * first cache, unless A is packed or others are to take some. */
static void set_block(const struct matmul *mm, struct part *t, int j, int b, bool others)
{
    int blocks = k_blocks(mm), high = (t->i1 - t->i0 - 1) / TILE_ROWS + 1, down = 1;
    t->j = j;
    t->cols = least(column_step(t), t->j1 - j);
    t->p = panel_start(mm->k, blocks, b);
    t->kc = panel_start(mm->k, blocks, b + 1) - t->p;
    if (t->pack_a || others)
        down = (high - 1) / (MC / TILE_ROWS) + 1;
    high = (high - 1) / down + 1; /* of a cell */
    t->rows = high * TILE_ROWS;
    t->down = (t->i1 - t->i0 - 1) / t->rows + 1;
    t->across = (t->cols - 1) / t->panel + 1;
    if (t->across > 1 && panel_width(mm, t, t->cols - (t->across - 2) * t->panel) > t->panel)
        t->across--;
}

/* Cells follow each other across, then down. */
static struct cell cell_at(const struct matmul *mm, const struct part *t, int number)
{
    int i = t->i0 + number / t->across * t->rows, at = number % t->across * t->panel;
    return (struct cell){i, least(t->rows, t->i1 - i), t->j + at, panel_width(mm, t, t->cols - at)};
}

/* A block; from the queue, or NULL. */
static void multiply_block(const struct matmul *mm, struct part *t, int j, int b,
                           struct par_queue *queue)
{
    float *a_block = mm->scratch, *b_block = a_block + A_BLOCK;
    set_block(mm, t, j, b, queue != NULL);
    int cells = t->down * t->across, turn = 0;
    if (queue && cells <= PAR_PIECES) {
        turn = 1 + TURN_WORK / (t->rows * t->panel * t->kc + 1);
        par_queue_open(queue, mm->c, cells);
    } else {
        queue = NULL;
    }
    for (int n = 0, end = 0; n < cells; n++) {
        if (n == end)
            end += queue ? par_queue_take(queue, turn) : cells;
        if (n == end)
            return; /* others have the rest */
        const struct cell c = cell_at(mm, t, n);
        if (t->pack_a && c.j == t->j)
            pack_a(a_block, mm, t, c.i, c.rows);
        const struct panel p =
            take_panel(mm, t, b_block + (ptrdiff_t)(c.j - t->j) * t->kc, &c, c.i == t->i0);
        multiply_cell(mm, t, &p, a_block, &c);
    }
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
    int near = mm->a_rs > mm->k ? rows : least(rows, TILE_ROWS); /* without gaps: of a tile */
    t->panel = tile_vectors(rows) * VW;
    int down = (rows + TILE_ROWS - 1) / TILE_ROWS, across = (cols + t->panel - 1) / t->panel;
    t->pack_b = mm->b_cs != 1 || down >= B_USES || (crowd(mm->b_rs, mm->k) && down > 1);
    t->pack_a = across >= A_USES || (mm->a_rs != 1 && crowd(mm->a_rs, near) && across > 1);
}

/* What a part takes for each k, in multiply-adds: with its copies, and B even where it is not
 * copied, which comes from afar then. */
static double part_cost(const struct matmul *mm, int rows, int cols)
{
    struct part t = {.i1 = rows, .j1 = cols};
    choose_packing(mm, &t);
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
        double cost = part_cost(mm, (mm->m + rows - 1) / rows, (mm->n + cols - 1) / cols);
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

/* Whether the part is worth a flat loop over its rows. */
static bool outer(const struct matmul *mm, const struct part *t)
{
    return mm->k <= OUTER_K && t->i1 - t->i0 > 1 && mm->b_cs == 1 && mm->ldc == mm->n &&
           t->j1 - t->j0 == mm->n && mm->n >= VW && mm->n <= NC && !mm->bias && mm->update;
}

/* The part of C by cells. The queue, or NULL: of those of its last block, from whose sums nothing
 * goes on. */
static void multiply(const struct matmul *mm, struct part *t, struct par_queue *queue)
{
    choose_packing(mm, t);
    int blocks = k_blocks(mm);
    for (int j = t->j0; j < t->j1; j += t->cols)
        for (int b = 0; b < blocks; b++) {
            bool last = t->j1 - j <= column_step(t) && b + 1 == blocks;
            multiply_block(mm, t, j, b, last ? queue : NULL);
        }
}

/* Takes cells of the others' last blocks, with panels of its own and A where it lies. */
static void help_others(const struct matmul *mm, int tid, int nt)
{
    for (int i = 1; i < nt; i++) {
        int other = (tid + i) % nt, cell = par_queue_steal(&mm->queues[other], mm->c);
        struct part t;
        if (cell < 0 || !take_part(mm, other, nt, &t))
            continue;
        choose_packing(mm, &t);
        int step = column_step(&t);
        set_block(mm, &t, t.j0 + (t.j1 - t.j0 - 1) / step * step, k_blocks(mm) - 1, true);
        struct part mine = t;
        mine.pack_a = false;
        for (; cell >= 0; cell = par_queue_steal(&mm->queues[other], mm->c)) {
            const struct cell c = cell_at(mm, &t, cell);
            const struct panel p = take_panel(mm, &t, mm->scratch + A_BLOCK, &c, true);
            multiply_cell(mm, &mine, &p, NULL, &c);
        }
    }
}

/* One thread's share: its part, and what others do not get done of theirs. */
static void multiply_together(const struct matmul *mm, struct part *t, int tid, int nt)
{
    double work = (double)(t->i1 - t->i0) * (t->j1 - t->j0) * mm->k;
    bool worth = nt > 1 && mm->queues && work >= QUEUE_WORK;
    multiply(mm, t, worth ? &mm->queues[tid] : NULL);
    if (worth)
        help_others(mm, tid, nt);
}

/* Whether rows are so short that an update of each would wait for that of the one before: loads
 * wait for masked stores close by. */
static bool narrow(const struct matmul *mm, const struct part *t)
{
    return mm->update && mm->n < VW && mm->ldc == mm->n && t->j1 - t->j0 == mm->n;
}

/* The gradient is stored, then the update runs over the rows as one array. */
static void multiply_narrow(const struct matmul *mm, struct part *t)
{
    struct matmul gradient = *mm;
    const struct update u = *mm->update;
    const struct matmul end = {.update = &u, .w = mm->w, .slot = {mm->slot[0], mm->slot[1]}};
    ptrdiff_t at = (ptrdiff_t)t->i0 * mm->n, stop = (ptrdiff_t)t->i1 * mm->n;
    gradient.update = NULL;
    multiply(&gradient, t, NULL);
    for (; at + VW <= stop; at += VW)
        tile_end_vector(&end, v_load(mm->c + at), at, VW);
    tile_end_row(&end, mm->c + at, at, (size_t)(stop - at));
}

/* The part of a step by one sample. */
static void rank_one(const struct matmul *mm, const struct part *t)
{
    struct ger g = {.step = mm, .lo = t->i0, .hi = t->i1};
    if (narrow(mm, t) && mm->a_rs == 1)
        ger_narrow(mm, t->i0, t->i1);
    else
        ger_run(&g, t->j0, t->j1);
}

static void matmul(const struct matmul *mm, int tid, int nt)
{
    struct part t;
    if (!take_part(mm, tid, nt, &t))
        return;
    if (matmul_is_ger(mm))
        rank_one(mm, &t);
    else if (row_can(mm))
        row_run(mm, t.j0, t.j1);
    else if (outer(mm, &t))
        outer_product(mm, t.i0, t.i1);
    else if (narrow(mm, &t))
        multiply_narrow(mm, &t);
    else
        multiply_together(mm, &t, tid, nt);
}

static void update_matmul(const struct matmul *update, const struct matmul *mm)
{
    if (ger_can_join(update, mm)) {
        struct ger g = {.step = update, .mm = mm, .hi = update->m};
        ger_run(&g, 0, mm->n);
        return;
    }
    matmul(update, 0, 1);
    matmul(mm, 0, 1);
}

void ISA_NAME(matmul_fill)(struct kernels *k)
{
    k->matmul = matmul;
    k->update_matmul = update_matmul;
    k->matmul_scratch = SCRATCH;
}
