/* conv.isa.c - convolution forward, and backward to its input.
 *
 * Both are the same: an output pixel gathers, tap by tap, from input pixels through weights. A tile
 * is one pixel of several samples: they have the same valid taps, so a tap outside the image is
 * simply not run, borders need no tiles of their own, and nothing is copied but the weights, into
 * panels as wide as a tile. Where samples are too few, pixels side by side with the same taps make
 * a tile instead. In a row of taps the numbers of all channels lie one behind the other: one run,
 * which is what makes one or three channels fast.
 *
 * Bits: an output is one chain over its valid taps, in order, whatever the tile. */
#include "base/par.h"
#include "kernels/conv_axis.h"
#include "kernels/conv_depthwise.h"
#include "kernels/conv_tiles.h"
#include "kernels/fill.h"
#include "kernels/matmul_pack.h"
#include "kernels/winograd_fill.h"

#define SAMPLES 32        /* of a part, at most */
#define WAYS    8         /* of a first cache, */
#define WAY     4096      /* and the bytes of one */
#define FAR     (1 << 18) /* outputs, more than which no second cache holds */

/* A column of outputs: its taps, and how many from it on, same_step apart, have the same. */
struct column {
    struct taps taps;
    int run;
};

/* One pass: outputs n x h x w x groups x out from inputs of `in` channels a group. */
struct gather {
    int n, h, w, groups, in, out;
    struct axis rows, columns;
    const float *x;
    ptrdiff_t x_image, x_row, x_pixel;
    float *y;
    ptrdiff_t y_image, y_row, y_pixel;
    const float *weights; /* panels; of a depthwise one as they are */
    bool depthwise;       /* then groups and in are 1, and an output has its own input */
    conv_tile_fn *const (*tiles)[CONV_VECTORS];
    int most[CONV_VECTORS]; /* rows of a tile of one vector, of two */
    const struct column *table;
    bool one_run; /* taps of a row follow each other in x */
    const float *bias;
    bool add;
    enum act act;
    float act_param;
    bool relu;           /* act is one that tiles do themselves */
    const float *dact_y; /* as y, or NULL */
};

conv_tile_fn *ISA_NAME(conv_tile_of)(int rows, int nv, bool words)
{
#if VW == 16
    if (words)
        return conv_tiles_words[rows - 1][nv - 1];
#endif
    (void)words;
    return conv_tiles[rows - 1][nv - 1];
}

static int panels_of(int out)
{
    return (out + CONV_COLS - 1) / CONV_COLS;
}

/* Columns of panel j of `out`, in whole vectors. */
static int panel_width(int out, int j)
{
    int left = axis_least(out - j * CONV_COLS, CONV_COLS);
    return (left + VW - 1) / VW * VW;
}

static size_t padded(int n)
{
    return ((size_t)n + VW - 1) / VW * VW;
}

static void finish_row(const struct gather *g, float *y, const float *from, size_t n)
{
    vf p = v_set(g->act_param);
    for (size_t j = 0; j < n; j += VW) {
        size_t w = n - j < VW ? n - j : VW;
        vf v = v_load_n(y + j, w);
        if (from)
            v *= act_slope_of(g->act, v_load_n(from + j, w), p);
        else
            v = act_value(g->act, v, p);
        v_put(y + j, v, w);
    }
}

/* Tiles one behind the other. */
struct chain {
    const float *a;
    float *c;
    int n;
    ptrdiff_t a_next, c_next;
};

/* A chain of tiles of `rows` rows. */
static void run_chain(const struct gather *g, const struct conv_tile *t, struct chain at, int rows,
                      int nv)
{
    conv_tile_fn *tile = g->tiles[rows - 1][nv - 1];
    bool finish = g->act != ACT_NONE && !g->relu;
    size_t n = (size_t)(nv - 1) * VW + t->last;
    for (; at.n > 0; at.n--, at.a += at.a_next, at.c += at.c_next) {
        tile(t, at.a, at.c);
        for (int i = 0; finish && i < rows; i++) {
            float *y = at.c + conv_row(i, t->c_rs1, t->c_rs2);
            finish_row(g, y, g->dact_y ? g->dact_y + (y - g->y) : NULL, n);
        }
    }
}

/* Chains of `count` times `unit` rows, x_step and y_step apart, in as few tiles as hold them. */
INLINE void run_chains(const struct gather *g, const struct conv_tile *t, struct chain at,
                       int count, const int unit, int nv, ptrdiff_t x_step, ptrdiff_t y_step)
{
    int most = g->most[nv - 1] / unit;
    while (count > most) {
        int some = count / ((count + most - 1) / most);
        run_chain(g, t, at, some * unit, nv);
        at.a += some * x_step;
        at.c += some * y_step;
        count -= some;
    }
    run_chain(g, t, at, count * unit, nv);
}

/* Chains of `rows` rows, x_step and y_step apart. */
static void run_rows(const struct gather *g, struct conv_tile *t, struct chain at, int rows, int nv,
                     ptrdiff_t x_step, ptrdiff_t y_step)
{
    t->a_rs1 = CONV_GROUP * x_step;
    t->a_rs2 = x_step;
    t->c_rs1 = CONV_GROUP * y_step;
    t->c_rs2 = y_step;
    run_chains(g, t, at, rows, 1, nv, x_step, y_step);
}

/* `run` pixels with the same taps of `samples` samples, from a and c on. */
static void run_pixels(const struct gather *g, struct conv_tile *t, const float *a, float *c,
                       int samples, int nv, int run)
{
    ptrdiff_t x_step = g->columns.same_in * g->x_pixel;
    ptrdiff_t y_step = g->columns.same_step * g->y_pixel;
    if (samples < CONV_GROUP && run > samples) {
        struct chain all = {a, c, samples, g->x_image, g->y_image};
        run_rows(g, t, all, run, nv, x_step, y_step);
        return;
    }
    int groups = run / CONV_GROUP, rest = run % CONV_GROUP;
    if (groups > 0) {
        struct chain at = {a, c, groups, CONV_GROUP * x_step, CONV_GROUP * y_step};
        t->a_rs1 = g->x_image;
        t->a_rs2 = x_step;
        t->c_rs1 = g->y_image;
        t->c_rs2 = y_step;
        run_chains(g, t, at, samples, CONV_GROUP, nv, g->x_image, g->y_image);
    }
    if (rest > 0) {
        int done = groups * CONV_GROUP;
        struct chain at = {a + done * x_step, c + done * y_step, rest, x_step, y_step};
        run_rows(g, t, at, samples, nv, g->x_image, g->y_image);
    }
}

/* Panel `panel` (of all groups) of output row p, columns q0 .. q1-1, samples i .. i+rows-1. */
static void gather_row(const struct gather *g, int i, int rows, int panel, int p, int q0, int q1)
{
    int group = panel / panels_of(g->out), j = panel % panels_of(g->out);
    int taps = g->rows.taps * g->columns.taps, width = panel_width(g->out, j), nv = width / VW;
    int cols = axis_least(g->out - j * CONV_COLS, CONV_COLS);
    ptrdiff_t at = (ptrdiff_t)group * g->out + j * CONV_COLS;
    ptrdiff_t tap = g->depthwise ? g->out : (ptrdiff_t)g->in * width;
    ptrdiff_t before = (ptrdiff_t)padded(g->out) * group + j * CONV_COLS;
    const float *weights = g->weights + (g->depthwise ? at : before * taps * g->in);
    struct taps r = taps_at(&g->rows, p);
    const float *x =
        g->x + i * g->x_image + r.in * g->x_row + (g->depthwise ? at : (ptrdiff_t)group * g->in);
    float *y = g->y + i * g->y_image + p * g->y_row + at;
    struct conv_tile t = {.a_p = g->rows.in_step * g->x_row,
                          .a_q = g->columns.in_step * g->x_pixel,
                          .b_p = g->rows.tap_step * g->columns.taps * tap,
                          .b_q = g->columns.tap_step * tap,
                          .np = r.count,
                          .last = (size_t)(cols - (nv - 1) * VW),
                          .load = g->add,
                          .far = (size_t)g->n * (size_t)g->y_image > FAR,
                          .bias = g->bias ? g->bias + at : NULL,
                          .relu = g->relu && !g->dact_y,
                          .relu_y = g->relu ? g->dact_y : NULL,
                          .y = g->y};
    int run, step = g->columns.same_step;
    for (int first = q0; first < axis_least(q0 + step, q1); first++)
        for (int q = first; q < q1; q += run * step) {
            const struct column *c = &g->table[q];
            run = axis_least(c->run, (q1 - q + step - 1) / step);
            t.b = weights + (r.first * g->columns.taps + c->taps.first) * tap;
            t.nq = c->taps.count;
            t.nk = g->in;
            if (g->one_run) { /* then the inner loop is that over rows */
                t.np = 1;
                t.nq = r.count;
                t.nk = c->taps.count * g->in;
                t.a_q = t.a_p;
                t.b_q = t.b_p;
            }
            run_pixels(g, &t, x + c->taps.in * g->x_pixel, y + q * g->y_pixel, rows, nv, run);
        }
}

/* Samples of a part: few enough that a tile of one pixel each finds places for all of them in the
 * first cache, where images may lie in the same set (two vectors make tiles of at most half as many
 * rows); and that each thread has samples of its own, or the processors fetch each other's outputs
 * ahead. */
static int part_of(const struct gather *g, int nt)
{
    int images = WAY / axis_divisor(WAY, (int)((size_t)g->x_image * sizeof(float) % WAY));
    int most = axis_least(WAYS * images * (g->out > VW ? 2 : 1), SAMPLES);
    int share = (g->n + nt - 1) / nt;
    return share < WAYS ? WAYS : axis_least(most, share);
}

/* All outputs are counted as (tile of samples, panel, row, column); each thread takes a range. */
static void gather(const struct gather *g, int tid, int nt)
{
    int part = part_of(g, nt), tiles = (g->n + part - 1) / part;
    int panels = g->groups * panels_of(g->out);
    size_t lo, hi;
    par_range((size_t)tiles * (size_t)panels * (size_t)g->h * (size_t)g->w, 1, tid, nt, &lo, &hi);
    while (lo < hi) {
        size_t row = lo / (size_t)g->w, q0 = lo % (size_t)g->w;
        size_t q1 = hi - lo < (size_t)g->w - q0 ? q0 + hi - lo : (size_t)g->w;
        int p = (int)(row % (size_t)g->h), block = (int)(row / (size_t)g->h);
        int tile = block / panels;
        int i0 = (int)((size_t)g->n * (size_t)tile / (size_t)tiles);
        int i1 = (int)((size_t)g->n * ((size_t)tile + 1) / (size_t)tiles);
        gather_row(g, i0, i1 - i0, block % panels, p, (int)q0, (int)q1);
        lo += q1 - q0;
    }
}

/* Fills the table of n columns. */
static void make_columns(struct column *to, const struct axis *a, int n)
{
    for (int q = n; q-- > 0;) {
        int next = q + a->same_step;
        to[q].taps = taps_at(a, q);
        bool same = next < n && to[next].taps.first == to[q].taps.first &&
                    to[next].taps.count == to[q].taps.count;
        to[q].run = same ? to[next].run + 1 : 1;
    }
}

/* Weights of a pass to `out` channels a group, as panels: (tap, input) by the columns of a panel.
 */
static void pack_panels(float *to, const struct conv *cv, bool back)
{
    int cg = cv->c / cv->groups, og = cv->oc / cv->groups, out = back ? cg : og;
    int in = back ? og : cg, taps = cv->kh * cv->kw;
    for (int group = 0; group < cv->groups; group++)
        for (int j = 0; j < panels_of(out); j++) {
            int width = panel_width(out, j), cols = axis_least(out - j * CONV_COLS, CONV_COLS);
            for (int tap = 0; tap < taps; tap++, to += (ptrdiff_t)in * width) {
                const float *w = cv->weight + (ptrdiff_t)tap * cg * cv->oc + (ptrdiff_t)group * og;
                if (back)
                    pack(to, width, w + (ptrdiff_t)j * CONV_COLS * cv->oc, cols, cv->oc, in, 1);
                else
                    pack(to, width, w + (ptrdiff_t)j * CONV_COLS, cols, 1, in, cv->oc);
            }
        }
}

static size_t packed_size(const struct conv *cv, bool back)
{
    size_t taps = (size_t)cv->kh * (size_t)cv->kw * (size_t)cv->groups;
    int cg = cv->c / cv->groups, og = cv->oc / cv->groups;
    if (conv_depthwise(cv))
        return 0;
    return taps * (back ? padded(cg) * (size_t)og : padded(og) * (size_t)cg) + VW;
}

/* Packs the weights and fills the table, both in scratch. */
static void prepare(struct gather *g, const struct conv *cv, bool back)
{
    struct column *table = (struct column *)(cv->scratch + packed_size(cv, back));
    g->relu = g->act == ACT_RELU && (g->dact_y || g->act_param == 0);
    g->depthwise = conv_depthwise(cv);
    if (g->depthwise) {
        g->groups = g->in = 1;
        g->out = cv->c;
        g->weights = cv->weight;
        g->tiles = depthwise_tiles;
        g->most[0] = DEPTHWISE_ROWS_1;
        g->most[1] = DEPTHWISE_ROWS_2;
    } else {
        pack_panels(cv->scratch, cv, back);
        g->weights = cv->scratch;
        g->tiles = conv_tiles;
        g->most[0] = CONV_ROWS_1;
        g->most[1] = CONV_ROWS_2;
    }
    make_columns(table, &g->columns, g->w);
    g->table = table;
}

static size_t prepared_size(const struct conv *cv, bool back)
{
    size_t columns = (size_t)(back ? cv->w : cv->ow);
    return packed_size(cv, back) + columns * sizeof(struct column) / sizeof(float);
}

static void forward(const struct conv *cv, int tid, int nt)
{
    if (winograd_takes(cv)) {
        ISA_NAME(winograd_forward)(cv, tid, nt);
        return;
    }
    struct gather g = {
        .n = cv->n,
        .h = cv->oh,
        .w = cv->ow,
        .groups = cv->groups,
        .in = cv->c / cv->groups,
        .out = cv->oc / cv->groups,
        .rows = axis_of(cv->h, cv->kh, cv->stride_h, cv->pad_h, cv->dilation_h, false),
        .columns = axis_of(cv->w, cv->kw, cv->stride_w, cv->pad_w, cv->dilation_w, false),
        .x = cv->x,
        .x_image = (ptrdiff_t)cv->h * cv->w * cv->c,
        .x_row = (ptrdiff_t)cv->w * cv->c,
        .x_pixel = cv->c,
        .y = cv->y,
        .y_image = (ptrdiff_t)cv->oh * cv->ow * cv->oc,
        .y_row = (ptrdiff_t)cv->ow * cv->oc,
        .y_pixel = cv->oc,
        .one_run = cv->groups == 1 && cv->dilation_w == 1,
        .bias = cv->bias,
        .act = cv->act == ACT_SOFTMAX ? ACT_NONE : cv->act,
        .act_param = cv->act_param};
    prepare(&g, cv, false);
    gather(&g, tid, nt);
}

static void backward_data(const struct conv *cv, int tid, int nt)
{
    if (winograd_takes(cv)) {
        ISA_NAME(winograd_backward_data)(cv, tid, nt);
        return;
    }
    struct gather g = {
        .n = cv->n,
        .h = cv->h,
        .w = cv->w,
        .groups = cv->groups,
        .in = cv->oc / cv->groups,
        .out = cv->c / cv->groups,
        .rows = axis_of(cv->oh, cv->kh, cv->stride_h, cv->pad_h, cv->dilation_h, true),
        .columns = axis_of(cv->ow, cv->kw, cv->stride_w, cv->pad_w, cv->dilation_w, true),
        .x = cv->dy,
        .x_image = (ptrdiff_t)cv->oh * cv->ow * cv->oc,
        .x_row = (ptrdiff_t)cv->ow * cv->oc,
        .x_pixel = cv->oc,
        .y = cv->dx,
        .y_image = (ptrdiff_t)cv->h * cv->w * cv->c,
        .y_row = (ptrdiff_t)cv->w * cv->c,
        .y_pixel = cv->c,
        .add = cv->dx_mode == GRAD_ADD,
        .act = cv->dact_y && cv->dx_act != ACT_SOFTMAX ? cv->dx_act : ACT_NONE,
        .act_param = cv->dx_act_param,
        .dact_y = cv->dact_y};
    prepare(&g, cv, true);
    gather(&g, tid, nt);
}

static size_t scratch(const struct conv *cv)
{
    bool points = winograd_takes(cv);
    size_t there = points ? ISA_NAME(winograd_scratch)(cv, false) : prepared_size(cv, false);
    size_t back = points ? ISA_NAME(winograd_scratch)(cv, true) : prepared_size(cv, true);
    size_t weights = points ? ISA_NAME(winograd_weights_scratch)(cv) : conv_padded_size(cv);
    size_t most = there > back ? there : back;
    return most > weights ? most : weights;
}

static size_t prepared(const struct conv *cv, bool back)
{
    return winograd_takes(cv) ? ISA_NAME(winograd_prepared)(cv, back) : 0;
}

void ISA_NAME(conv_fill)(struct kernels *k)
{
    k->conv_prepared = prepared;
    k->conv_prepare = ISA_NAME(winograd_prepare);
    k->conv_scratch = scratch;
    k->conv_forward = forward;
    k->conv_backward_data = backward_data;
}
