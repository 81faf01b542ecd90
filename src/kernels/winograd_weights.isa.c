/* winograd_weights.isa.c - convolution backward to its weights by products at points: the
 * transposes of forward's transforms around sums over a slice's tiles.
 *
 * A slice's inputs are transformed at once, if they are not too many, and used by panel after panel
 * of outputs, whose sums stay in the second cache until they are transformed back. */
#include "kernels/conv_weights_tile.h"
#include "kernels/winograd_block.h"
#include "kernels/winograd_fill.h"

#define BLOCK  128       /* tiles of a panel that are transformed at once; even */
#define INPUTS (1 << 19) /* numbers of inputs that are transformed at once, about */

/* A part of a slice. */
struct job {
    const struct conv *cv;
    struct tiling x, dy;
    enum block_form form;           /* along tiles */
    int most;                       /* tiles whose inputs are transformed at once */
    float *inputs, *outputs, *sums; /* sums: (panel,) product, input, column */
    size_t inputs_apart, outputs_apart;
};

static struct job job_of(const struct conv *cv)
{
    struct job w = {.cv = cv,
                    .x = tiling_inputs(cv->x, cv->h, cv->w, cv->c, cv->oh, cv->ow, cv->kh),
                    .dy = tiling_outputs(cv->dy, cv->oh, cv->ow, cv->oc, cv->kh),
                    .form = block_form_of(cv)};
    int blocks = INPUTS / WINOGRAD_PRODUCTS / BLOCK / cv->c;
    w.most = axis_least(conv_slice(cv) * w.x.rows * w.x.columns, BLOCK * (blocks < 1 ? 1 : blocks));
    w.x.above = cv->pad_h;
    w.x.left = cv->pad_w;
    w.inputs_apart = block_apart(block_words(w.form, w.most), cv->c);
    w.outputs_apart = block_apart(block_words(w.form, BLOCK), CONV_COLS);
    return w;
}

size_t ISA_NAME(winograd_weights_scratch)(const struct conv *cv)
{
    struct job w = job_of(cv);
    return strip_size(&w.x) + strip_size(&w.dy) +
           WINOGRAD_PRODUCTS * (w.inputs_apart + w.outputs_apart) + panels_size(cv->c, cv->oc);
}

/* The last of an odd number of tiles has words without lower numbers: `to` is its row of n. */
static void finish_words(float *to, size_t apart, int n)
{
    for (int k = 0; k < WINOGRAD_PRODUCTS; k++, to += apart)
        for (int c = 0; c < n; c += VW)
            point_put(to + c, v_set(0), (size_t)axis_least(n - c, VW), POINT_LOWER);
}

/* Row of a block for tile k. */
static ptrdiff_t row_of(const struct job *w, int k)
{
    return block_words(w->form, k + 1) - 1;
}

/* `count` tiles of inputs from `first` on, at their points. */
static void inputs_block(struct job *w, size_t first, int count)
{
    ptrdiff_t row;
    int c = w->cv->c;
    for (int k = 0; k < count; k++) {
        const float *x = strip_tile(&w->x, first + (size_t)k, &row);
        block_tile_as(x, row, c, w->inputs + row_of(w, k) * c, w->inputs_apart,
                      block_put(w->form, k));
    }
    if (w->form == BLOCK_WORDS && count % 2)
        finish_words(w->inputs + row_of(w, count) * c, w->inputs_apart, c);
}

/* Columns of a tile of gradients of outputs, at their points. */
INLINE void outputs_tile(const float *dy, ptrdiff_t row, int columns, const int m, float *to,
                         size_t apart, const enum point_form form)
{
    for (int c = 0; c < columns; c += VW)
        if (columns - c >= VW)
            winograd_evaluate(dy + c, row, columns, m, false, to + c, apart, VW, form);
        else
            winograd_evaluate(dy + c, row, columns, m, false, to + c, apart, (size_t)(columns - c),
                              form);
}

/* Columns j .. of `count` tiles. */
INLINE void outputs_panel(struct job *w, size_t first, int count, int j, int width, const int m)
{
    int there = axis_least(w->cv->oc - j, width);
    size_t apart = w->outputs_apart;
    ptrdiff_t row;
    w->dy.channels = there;
    w->dy.from = j;
    w->dy.line = STRIP_NONE;
    for (int k = 0; k < count; k++) {
        const float *dy = strip_tile(&w->dy, first + (size_t)k, &row);
        float *to = w->outputs + row_of(w, k) * width;
        enum point_form put = block_put(w->form, k);
        if (put == POINT_FLOATS)
            outputs_tile(dy, row, there, m, to, apart, POINT_FLOATS);
        else if (put == POINT_ROUNDED)
            outputs_tile(dy, row, there, m, to, apart, POINT_ROUNDED);
        else if (VW == 16)
            outputs_tile(dy, row, there, m, to, apart, POINT_LOWER);
    }
    if (w->form == BLOCK_WORDS && count % 2)
        finish_words(w->outputs + row_of(w, count) * width, apart, width);
}

/* A panel's sums over `count` tiles, the first of which is number `at` of the inputs. */
static void multiply(const struct job *w, float *sums, int at, int count, int width, bool load)
{
    bool words = w->form == BLOCK_WORDS, flush = w->form == BLOCK_ROUNDED;
    unsigned was = flush ? bf16_begin() : 0;
    int in = w->cv->c, most = conv_rows(width / VW), tiles = (in + most - 1) / most;
    struct weights_tile t = {.a_rs = CONV_GROUP,
                             .a_k = in,
                             .b_k = width,
                             .np = 1,
                             .nq = 1,
                             .nk = block_words(w->form, count),
                             .ldc = width,
                             .last = VW,
                             .load = load};
    for (size_t k = 0; k < WINOGRAD_PRODUCTS; k++) {
        t.b = w->outputs + k * w->outputs_apart;
        for (int i = 0, lo = 0; i < tiles; i++) {
            int rows = in * (i + 1) / tiles - lo;
            t.a = w->inputs + k * w->inputs_apart + (ptrdiff_t)block_words(w->form, at) * in + lo;
            t.c = sums + k * block_apart(in, width) + (ptrdiff_t)lo * width;
            ISA_NAME(weights_tile_of)(rows, width / VW, words)(&t);
            lo += rows;
        }
    }
    if (flush)
        bf16_end(was);
}

/* A vector of sums becomes the gradients of r x r taps, `tap` numbers apart. */
INLINE void taps_vector(const float *sums, size_t apart, float *dw, ptrdiff_t tap, const int r,
                        enum winograd_end end, const size_t n)
{
    vf c[WINOGRAD_POINTS][WINOGRAD_POINTS];
    winograd_collect(sums, apart, r, true, c);
    WINOGRAD_UNROLL
    for (int i = 0; i < r; i++) {
        WINOGRAD_UNROLL
        for (int j = 0; j < r; j++) {
            float *to = dw + (i * r + j) * tap;
            if (end != WINOGRAD_STORE)
                c[i][j] = (end == WINOGRAD_ADD ? v_load_n(to, n) : v_set(0)) + c[i][j];
            v_put(to, c[i][j], n);
        }
    }
}

/* Columns j .. of all inputs. */
INLINE void taps_panel(const struct job *w, const float *sums, float *dw, int j, int width,
                       const int r, enum winograd_end end)
{
    int in = w->cv->c, out = w->cv->oc;
    size_t apart = block_apart(in, width);
    for (int i = 0; i < in; i++)
        for (int c = 0; c < width; c += VW, sums += VW) {
            float *to = dw + (ptrdiff_t)i * out + j + c;
            if (out - j - c >= VW)
                taps_vector(sums, apart, to, (ptrdiff_t)in * out, r, end, VW);
            else
                taps_vector(sums, apart, to, (ptrdiff_t)in * out, r, end, (size_t)(out - j - c));
        }
}

/* Columns j .. of tiles first .. first+count-1, whose inputs are there; `load`: to what sums hold.
 */
static void run_panel(struct job *w, size_t first, int count, int j, float *sums, bool load)
{
    int width = panel_width(w->cv->oc, j);
    for (int at = 0; at < count; at += BLOCK) {
        int some = axis_least(count - at, BLOCK);
        if (w->cv->kh == 3)
            outputs_panel(w, first + (size_t)at, some, j, width, WINOGRAD_POINTS + 1 - 3);
        else
            outputs_panel(w, first + (size_t)at, some, j, width, WINOGRAD_POINTS + 1 - 5);
        multiply(w, sums, at, some, width, load || at > 0);
    }
}

void ISA_NAME(winograd_slice)(const struct conv *cv, int i0, int i1, int panel0, int panel1,
                              float *dw, enum winograd_end how)
{
    struct job w = job_of(cv);
    int j0 = panel0 * CONV_COLS, j1 = axis_least(panel1 * CONV_COLS, cv->oc);
    size_t each = (size_t)w.x.rows * (size_t)w.x.columns;
    size_t start = (size_t)i0 * each, end = (size_t)i1 * each;
    bool once = end - start <= (size_t)w.most;
    w.x.strip = cv->scratch;
    w.dy.strip = w.x.strip + strip_size(&w.x);
    w.inputs = w.dy.strip + strip_size(&w.dy);
    w.outputs = w.inputs + WINOGRAD_PRODUCTS * w.inputs_apart;
    w.sums = w.outputs + WINOGRAD_PRODUCTS * w.outputs_apart;
    for (size_t at = start; at < end; at += (size_t)w.most) {
        int count = end - at < (size_t)w.most ? (int)(end - at) : w.most;
        float *sums = w.sums;
        inputs_block(&w, at, count);
        for (int j = j0; j < j1; j += CONV_COLS) {
            int width = panel_width(cv->oc, j);
            run_panel(&w, at, count, j, sums, at > start);
            if (at + (size_t)count == end && cv->kh == 3)
                taps_panel(&w, sums, dw, j, width, 3, how);
            else if (at + (size_t)count == end)
                taps_panel(&w, sums, dw, j, width, 5, how);
            sums += once ? 0 : panel_size(cv->c, width);
        }
    }
}
