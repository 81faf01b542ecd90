/* winograd.isa.c - convolution forward, and backward to its input, by products at points.
 *
 * A thread takes a range of the batch's tiles, block by block: inputs are transformed, multiplied
 * by the transformed weights, one panel of outputs after the other, and transformed back while they
 * are in the second cache.
 *
 * Bits: a tile's sums over channels are chains in order; nothing depends on who else is in a block.
 */
#include "base/par.h"
#include "kernels/act.h"
#include "kernels/matmul_pack.h"
#include "kernels/winograd_block.h"
#include "kernels/winograd_fill.h"

#define MANY 128 /* channels, whose weights do not stay in the second cache: larger blocks */

/* One pass: outputs n x h x w x out from inputs of `in` channels. */
struct filtering {
    struct tiling from;
    int n, h, w, in, out, taps;
    enum block_form form;
    int words;            /* of `in` inputs */
    const float *weights; /* panel, product, input, column */
    float *inputs, *sums; /* of a block, and of a panel of it */
    size_t inputs_apart, sums_apart;
    float *y;
    const float *bias;
    bool add;
    enum act act;
    float act_param;
    const float *dact_y; /* as y, or NULL */
};

/* Tiles of a block: few, so that they stay near, in whole tiles of registers. */
static int block_of(int in)
{
    int tiles = (14 + CONV_ROWS_2 - 1) / CONV_ROWS_2 * CONV_ROWS_2;
    return in < MANY ? tiles : 2 * tiles;
}

/* Numbers of the parts of scratch. */
struct sizes {
    size_t weights, strip, inputs, sums, packed;
};

static struct sizes sizes_of(const struct filtering *g)
{
    int block = block_of(g->in);
    return (struct sizes){
        .weights = panels_size(g->words, g->out),
        .strip = strip_size(&g->from),
        .inputs = WINOGRAD_PRODUCTS * block_apart(block, g->words),
        .sums = WINOGRAD_PRODUCTS * block_apart(block, CONV_COLS),
        .packed = (size_t)g->taps * (size_t)g->taps * (size_t)g->in * CONV_COLS + VW,
    };
}

/* ---- weights ---- */

/* The weights of an input at their points. */
INLINE void weights_input(const float *from, ptrdiff_t row, ptrdiff_t column, int width,
                          const int r, float *to, size_t apart, const enum point_form form)
{
    for (int j = 0; j < width; j += VW)
        winograd_evaluate(from + j, row, column, r, true, to + j, apart, VW, form);
}

/* A panel, packed as (tap, input, column), at its points. `back`: taps are reversed. */
INLINE void weights_panel(const struct filtering *g, const float *packed, int width, bool back,
                          const int r, float *to)
{
    ptrdiff_t column = (ptrdiff_t)g->in * width, row = r * column;
    size_t apart = block_apart(g->words, width);
    if (back) {
        packed += (r - 1) * (row + column);
        row = -row;
        column = -column;
    }
    for (int i = 0; i < g->in; i++, packed += width) {
        float *at = to + (ptrdiff_t)(block_words(g->form, i + 1) - 1) * width;
        enum point_form put = block_put(g->form, i);
        if (put == POINT_FLOATS)
            weights_input(packed, row, column, width, r, at, apart, POINT_FLOATS);
        else if (put == POINT_ROUNDED)
            weights_input(packed, row, column, width, r, at, apart, POINT_ROUNDED);
        else if (VW == 16)
            weights_input(packed, row, column, width, r, at, apart, POINT_LOWER);
    }
}

/* A thread's panels, of all of them at `to`. */
static void make_weights(const struct filtering *g, const struct conv *cv, bool back, float *packed,
                         float *to, int tid, int nt)
{
    for (int j = 0; j < g->out; j += CONV_COLS) {
        int width = panel_width(g->out, j), cols = axis_least(g->out - j, CONV_COLS);
        float *panel = to;
        to += panel_size(g->words, width);
        if (j / CONV_COLS % nt != tid)
            continue;
        for (int tap = 0; tap < cv->kh * cv->kw; tap++) {
            const float *w = cv->weight + (ptrdiff_t)tap * cv->c * cv->oc;
            float *place = packed + (ptrdiff_t)tap * g->in * width;
            if (back)
                pack(place, width, w + (ptrdiff_t)j * cv->oc, cols, cv->oc, g->in, 1);
            else
                pack(place, width, w + j, cols, 1, g->in, cv->oc);
        }
        if (g->taps == 3)
            weights_panel(g, packed, width, back, 3, panel);
        else
            weights_panel(g, packed, width, back, 5, panel);
    }
}

/* ---- tiles ---- */

/* `count` tiles of inputs from `first` on, at their points. */
static void inputs_block(struct filtering *g, size_t first, int count)
{
    ptrdiff_t row;
    enum point_form put = g->form == BLOCK_WORDS ? POINT_NEIGHBOURS : block_put(g->form, 0);
    for (int k = 0; k < count; k++) {
        const float *x = strip_tile(&g->from, first + (size_t)k, &row);
        block_tile_as(x, row, g->in, g->inputs + (ptrdiff_t)k * g->words, g->inputs_apart, put);
    }
}

/* A panel of the block's sums over inputs. */
static void multiply(const struct filtering *g, const float *weights, int count, int width)
{
    int most = conv_rows(width / VW), tiles = (count + most - 1) / most;
    bool words = g->form == BLOCK_WORDS, flush = g->form == BLOCK_ROUNDED;
    unsigned was = flush ? bf16_begin() : 0;
    struct conv_tile t = {.a_rs1 = CONV_GROUP * (ptrdiff_t)g->words,
                          .a_rs2 = g->words,
                          .b = weights,
                          .np = 1,
                          .nq = 1,
                          .nk = g->words,
                          .c_rs1 = CONV_GROUP * (ptrdiff_t)width,
                          .c_rs2 = width,
                          .last = VW};
    for (size_t k = 0; k < WINOGRAD_PRODUCTS; k++, t.b += block_apart(g->words, width))
        for (int i = 0, at = 0; i < tiles; i++) {
            int rows = count * (i + 1) / tiles - at;
            ISA_NAME(conv_tile_of)
            (rows, width / VW, words)(&t,
                                      g->inputs + k * g->inputs_apart + (ptrdiff_t)at * g->words,
                                      g->sums + k * g->sums_apart + (ptrdiff_t)at * width);
            at += rows;
        }
    if (flush)
        bf16_end(was);
}

/* The last step of an output at y, v so far. */
INLINE void put_output(const struct filtering *g, float *y, int column, vf v, const size_t n)
{
    vf p = v_set(g->act_param);
    if (g->add)
        v += v_load_n(y, n);
    if (g->bias)
        v += v_load_n(g->bias + column, n);
    if (g->dact_y)
        v *= act_slope_of(g->act, v_load_n(g->dact_y + (y - g->y), n), p);
    else
        v = act_value(g->act, v, p);
    v_put(y, v, n);
}

/* m x m outputs, rows and columns of which are there, from a vector of sums. */
INLINE void outputs_vector(const struct filtering *g, const float *sums, float *y, int column,
                           int rows, int columns, const int m, const size_t n)
{
    vf c[WINOGRAD_POINTS][WINOGRAD_POINTS];
    winograd_collect(sums, g->sums_apart, m, false, c);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            put_output(g, y + ((ptrdiff_t)i * g->w + j) * g->out, column, c[i][j], n);
}

/* Columns j .. of `count` tiles. */
INLINE void outputs_panel(const struct filtering *g, size_t first, int count, int j, int width,
                          const int m)
{
    size_t across = (size_t)g->from.columns, down = (size_t)g->from.rows;
    for (int k = 0; k < count; k++) {
        size_t tile = first + (size_t)k, line = tile / across;
        int q = (int)(tile % across) * m, p = (int)(line % down) * m;
        int rows = axis_least(g->h - p, m), columns = axis_least(g->w - q, m);
        ptrdiff_t pixel = ((ptrdiff_t)(line / down) * g->h + p) * g->w + q;
        float *y = g->y + pixel * g->out;
        const float *sums = g->sums + (ptrdiff_t)k * width;
        for (int c = j; c < j + width; c += VW, sums += VW)
            if (g->out - c >= VW)
                outputs_vector(g, sums, y + c, c, rows, columns, m, VW);
            else
                outputs_vector(g, sums, y + c, c, rows, columns, m, (size_t)(g->out - c));
    }
}

static void filter(struct filtering *g, int tid, int nt)
{
    size_t lo, hi, block = (size_t)block_of(g->in);
    par_range((size_t)g->n * (size_t)g->from.rows * (size_t)g->from.columns, 1, tid, nt, &lo, &hi);
    while (lo < hi) { /* blocks of equal size: each reads all weights */
        size_t blocks = (hi - lo + block - 1) / block;
        int count = (int)((hi - lo + blocks - 1) / blocks);
        const float *weights = g->weights;
        inputs_block(g, lo, count);
        for (int j = 0; j < g->out; j += CONV_COLS) {
            int width = panel_width(g->out, j);
            multiply(g, weights, count, width);
            if (g->taps == 3)
                outputs_panel(g, lo, count, j, width, WINOGRAD_POINTS + 1 - 3);
            else
                outputs_panel(g, lo, count, j, width, WINOGRAD_POINTS + 1 - 5);
            weights += panel_size(g->words, width);
        }
        lo += (size_t)count;
    }
}

/* ---- passes ---- */

static struct filtering forward_of(const struct conv *cv)
{
    struct filtering g = {.from = tiling_inputs(cv->x, cv->h, cv->w, cv->c, cv->oh, cv->ow, cv->kh),
                          .n = cv->n,
                          .h = cv->oh,
                          .w = cv->ow,
                          .in = cv->c,
                          .out = cv->oc,
                          .taps = cv->kh,
                          .form = block_form_of(cv),
                          .y = cv->y,
                          .bias = cv->bias,
                          .act = cv->act == ACT_SOFTMAX ? ACT_NONE : cv->act,
                          .act_param = cv->act_param};
    g.words = block_words(g.form, g.in);
    g.from.above = cv->pad_h;
    g.from.left = cv->pad_w;
    return g;
}

static struct filtering backward_of(const struct conv *cv)
{
    struct filtering g = {.from =
                              tiling_inputs(cv->dy, cv->oh, cv->ow, cv->oc, cv->h, cv->w, cv->kh),
                          .n = cv->n,
                          .h = cv->h,
                          .w = cv->w,
                          .in = cv->oc,
                          .out = cv->c,
                          .taps = cv->kh,
                          .form = block_form_of(cv),
                          .y = cv->dx,
                          .add = cv->dx_mode == GRAD_ADD,
                          .act = cv->dact_y && cv->dx_act != ACT_SOFTMAX ? cv->dx_act : ACT_NONE,
                          .act_param = cv->dx_act_param,
                          .dact_y = cv->dact_y};
    g.words = block_words(g.form, g.in);
    g.from.above = cv->kh - 1 - cv->pad_h;
    g.from.left = cv->kw - 1 - cv->pad_w;
    return g;
}

size_t ISA_NAME(winograd_scratch)(const struct conv *cv, bool back)
{
    struct filtering g = back ? backward_of(cv) : forward_of(cv);
    struct sizes s = sizes_of(&g);
    size_t work = s.strip + s.inputs + s.sums;
    return s.weights + (work > s.packed ? work : s.packed);
}

size_t ISA_NAME(winograd_prepared)(const struct conv *cv, bool back)
{
    struct filtering g = back ? backward_of(cv) : forward_of(cv);
    return sizes_of(&g).weights;
}

void ISA_NAME(winograd_prepare)(const struct conv *cv, bool back, float *to, int tid, int nt)
{
    struct filtering g = back ? backward_of(cv) : forward_of(cv);
    make_weights(&g, cv, back, cv->scratch, to, tid, nt);
}

/* Lays scratch out, transforms the weights if that is not done, and goes. */
static void run(struct filtering *g, const struct conv *cv, bool back, int tid, int nt)
{
    struct sizes s = sizes_of(g);
    int block = block_of(g->in);
    float *own = cv->scratch, *work = own + s.weights;
    g->weights = cv->prepared ? cv->prepared : own;
    g->from.strip = work;
    g->inputs = g->from.strip + s.strip;
    g->sums = g->inputs + s.inputs;
    g->inputs_apart = block_apart(block, g->words);
    g->sums_apart = block_apart(block, CONV_COLS);
    if (!cv->prepared)
        make_weights(g, cv, back, work, own, 0, 1);
    filter(g, tid, nt);
}

void ISA_NAME(winograd_forward)(const struct conv *cv, int tid, int nt)
{
    struct filtering g = forward_of(cv);
    run(&g, cv, false, tid, nt);
}

void ISA_NAME(winograd_backward_data)(const struct conv *cv, int tid, int nt)
{
    struct filtering g = backward_of(cv);
    run(&g, cv, true, tid, nt);
}
