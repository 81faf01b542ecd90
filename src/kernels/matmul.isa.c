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
#include "kernels/matmul_part.h"
#include "kernels/matmul_row.h"
#include "kernels/matmul_tile.h"
#include "kernels/vec.h"

#ifdef MATMUL_TINY
#define QUEUE_WORK 16
#define TURN_WORK  400
#else
#define QUEUE_WORK (1 << 21) /* multiply-adds of a thread that are worth a queue */
#define TURN_WORK  (1 << 18) /* and that it takes from there at once */
#endif

#define A_BLOCK ((ptrdiff_t)MC * (KC + 2 * VW))
#define SCRATCH ((size_t)KC * NC + A_BLOCK + VW)
#define NEAR    48 /* rows of B that are fetched ahead: the second cache holds 64 of any stride */

/* Distance of the rows of a packed A: an odd number of vectors, to take all places of a cache. */
static ptrdiff_t row_step(int kc)
{
    return (count(kc, VW) | 1) * VW;
}

/* A panel of B: columns j .. j+cols-1 of the block of k. */
struct panel {
    int j, cols;
    const float *b; /* where tiles read it */
    ptrdiff_t b_rs;
    float *keep;        /* where the first tile packs it on its way, for the others; or NULL */
    const float *ahead; /* the next panel, fetched while this one is used; or NULL */
    ptrdiff_t ahead_rs;
    bool far_a; /* tiles fetch what the next one reads of A */
};

/* Where tiles find rows i.. of A, or of its packed block. Returns how far a row is from the next;
 * a_cs of a block packed by panels is the tile's number of rows. */
static ptrdiff_t tile_rows(struct tile *tile, const struct matmul *mm, const struct part *t,
                           const float *a_block, int i)
{
    tile->a = a_block;
    tile->a_cs = 1;
    if (fixed_rows(mm, t)) {
        tile->a_rs = 1;
        return t->kc;
    }
    tile->a_rs = row_step(t->kc);
    if (!t->pack_a) {
        tile->a = mm->a + i * mm->a_rs + t->p * mm->a_cs;
        tile->a_rs = mm->a_rs;
        tile->a_cs = mm->a_cs;
    }
    return tile->a_rs;
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
 * other without gaps, or columns (more than AVX2's short tiles can fetch). */
static struct fetch next_of_a(const struct tile *tile, const struct matmul *mm,
                              const struct part *t, const struct panel *p, int mr)
{
    int width = padded(p->cols);
    if (!p->far_a)
        return (struct fetch){0};
    if (mm->a_cs == 1 && mm->a_rs == t->kc)
        return (struct fetch){tile->a + mr * mm->a_rs, width, mr * t->kc / width};
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
    if (t->fetch)
        *f++ = (struct fetch){(update ? mm->w : mm->c) + tile->at + step, mm->ldc, mr};
    if (t->fetch && update && mm->slot[0])
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
    int nv = count(p->cols, VW), i = c->i, rows = c->rows;
    struct tile tile = {.k = t->kc,
                        .ldc = mm->ldc,
                        .last = (size_t)(p->cols - (nv - 1) * VW),
                        .load = mm->add || t->p > 0,
                        .end = t->p + t->kc >= mm->k ? mm : NULL,
                        .column = p->j};
    bool fixed = fixed_rows(mm, t);
    int panels = count(rows, fixed ? t->high : tile_most_rows(nv));
    ptrdiff_t row = tile_rows(&tile, mm, t, a_block, i);
    const float *a = tile.a;
    for (int r = 0, lo = 0, mr; r < panels; r++, lo += mr) {
        mr = panel_start(rows, panels, r + 1) - lo;
        tile.at = (i + lo) * mm->ldc + p->j;
        tile.c = mm->c + tile.at;
        tile.a = a + lo * row;
        if (fixed)
            tile.a_cs = mr;
        if (r < 2)
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
    int panels = count(rows, t->high);
    for (int r = 0; r < panels; r++) {
        int lo = panel_start(rows, panels, r), mr = panel_start(rows, panels, r + 1) - lo;
        pack(to + (ptrdiff_t)lo * t->kc, mr, a + lo * mm->a_rs, mr, mm->a_rs, t->kc, mm->a_cs);
    }
}

/* The panel of a cell. Where the part packs B, it is packed to `to` at its first use, in the first
 * tile if it lies in line: so it is in the first cache then. Cells of the first panel leave nothing
 * of A to fetch to the others. */
static struct panel take_panel(const struct matmul *mm, const struct part *t, float *to,
                               const struct cell *c, bool first)
{
    const int j = c->j, cols = c->cols;
    const float *b = mm->b + t->p * mm->b_rs + j * mm->b_cs;
    struct panel p = {.j = j, .cols = cols, .b = b, .b_rs = mm->b_rs};
    p.far_a = t->fetch && !t->pack_a && (t->down == 1 || j == t->j) && far_rows(t, mm->k);
    if (!t->pack_b)
        return p;
    bool more = t->fetch && j + cols < t->j1;
    if (first && mm->b_cs == 1) {
        p.keep = to;
        p.ahead = more ? b + cols : NULL;
        p.ahead_rs = mm->b_rs;
        return p;
    }
    if (first)
        pack(to, padded(cols), b, cols, mm->b_cs, t->kc, mm->b_rs);
    p.b = to;
    p.b_rs = padded(cols);
    p.ahead = more && !first ? to + (ptrdiff_t)cols * t->kc : NULL;
    p.ahead_rs = p.b_rs;
    return p;
}

/* A block; from the queue, or NULL. */
static void multiply_block(const struct matmul *mm, struct part *t, int j, int b,
                           struct par_queue *queue)
{
    float *a_block = mm->scratch, *b_block = a_block + A_BLOCK;
    set_block(mm, t, j, b, queue != NULL);
    int cells = t->down * t->across, turn = 0;
    if (queue && cells <= PAR_PIECES) {
        turn = 1 + TURN_WORK / (t->rows * t->nv * VW * t->kc + 1);
        par_queue_open(queue, mm->c, cells);
    } else {
        queue = NULL;
    }
    for (int n = 0, end = 0; n < cells; n++) {
        if (n == end)
            end += queue ? par_queue_take(queue, turn) : cells;
        if (n == end)
            return; /* others have the rest */
        const struct cell c = cell_at(t, n);
        if (t->pack_a && c.j == t->j)
            pack_a(a_block, mm, t, c.i, c.rows);
        ptrdiff_t at = t->down == 1 ? 0 : (ptrdiff_t)(c.j - t->j) * t->kc;
        const struct panel p = take_panel(mm, t, b_block + at, &c, c.i == t->i0);
        multiply_cell(mm, t, &p, a_block, &c);
    }
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
    choose_tiles(mm, t);
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
        choose_tiles(mm, &t);
        int step = column_step(&t);
        set_block(mm, &t, t.j0 + (t.j1 - t.j0 - 1) / step * step, k_blocks(mm) - 1, true);
        struct part mine = t;
        mine.pack_a = false;
        for (; cell >= 0; cell = par_queue_steal(&mm->queues[other], mm->c)) {
            const struct cell c = cell_at(&t, cell);
            const struct panel p = take_panel(mm, &mine, mm->scratch + A_BLOCK, &c, true);
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
