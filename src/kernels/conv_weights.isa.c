/* conv_weights.isa.c - convolution backward to its weights and biases.
 *
 * The gradient of the weights of one tap is a matrix product over the pixels for which the tap is
 * inside the image: inputs turned, by output gradients. A slice of samples is summed on its own,
 * and the slices afterwards.
 *
 * Where channels are few, taps of a row are rows of a tile together, since their inputs lie one
 * behind the other; so that this is true of all pixels, a sample is copied with its border of
 * zeros, which adds nothing to a sum. */
#include "base/par.h"
#include "kernels/conv_weights_tiles.h"
#include "kernels/fill.h"
#include "kernels/winograd_fill.h"

#define BLOCK 131072    /* numbers of x and dy that stay in the second cache */
#define MANY  (1 << 18) /* weights whose slices would travel to memory and back */

weights_tile_fn *ISA_NAME(weights_tile_of)(int rows, int nv, bool words)
{
#if VW == 16
    if (words)
        return weights_tiles_words[rows - 1][nv - 1];
#endif
    (void)words;
    return weights_tiles[rows - 1][nv - 1];
}

static size_t weights_of(const struct conv *cv)
{
    return (size_t)cv->kh * (size_t)cv->kw * (size_t)(cv->c / cv->groups) * (size_t)cv->oc;
}

static int slices_of(const struct conv *cv)
{
    return (cv->n + conv_slice(cv) - 1) / conv_slice(cv);
}

/* Numbers of a slice in `partial`: weights, then biases, in whole cache lines. */
static size_t slice_size(const struct conv *cv)
{
    return (weights_of(cv) + (size_t)cv->oc + 15) / 16 * 16;
}

static size_t partial(const struct conv *cv)
{
    return (size_t)slices_of(cv) * slice_size(cv);
}

/* What a part of the work is made of. */
struct job {
    const struct conv *cv;
    int cg, og;                         /* channels of a group */
    int panels, row_tiles, taps, tiles; /* tiles of a slice: (group, panel, tap, rows) */
    int rows;                           /* of all tiles of a tap */
    int width;                          /* columns of a panel */
    bool depthwise;                     /* then cg is 1, og all, and a row goes with its column */
    bool winograd;                      /* then a tile is a panel */
    const float *padded;                /* few channels: a sample with its border */
    int padded_w;
};

static int job_columns(const struct job *w, int panel)
{
    return axis_least(w->og - panel * w->width, w->width);
}

/* Output positions along an axis whose input at tap k is inside: *first and how many. */
static int inside(int in, int out, int stride, int pad, int offset, int *first)
{
    int at = offset - pad; /* input of output 0 */
    *first = at < 0 ? (-at + stride - 1) / stride : 0;
    int end = at > in - 1 ? 0 : axis_least((in - 1 - at) / stride + 1, out);
    return end > *first ? end - *first : 0;
}

/* Sums of tile `at` over samples i0 .. i1-1, to its place in the slice. */
static void run_tap(const struct job *w, int at, int i0, int i1, float *slice, bool load)
{
    const struct conv *cv = w->cv;
    int tile = at % w->row_tiles, tap = at / w->row_tiles % w->taps;
    int panel = at / w->row_tiles / w->taps, group = panel / w->panels;
    panel %= w->panels;
    int kh = tap / cv->kw, kw = tap % cv->kw, p0, q0, cols = job_columns(w, panel);
    int np = inside(cv->h, cv->oh, cv->stride_h, cv->pad_h, kh * cv->dilation_h, &p0);
    int nq = inside(cv->w, cv->ow, cv->stride_w, cv->pad_w, kw * cv->dilation_w, &q0);
    int lo = w->rows * tile / w->row_tiles, rows = w->rows * (tile + 1) / w->row_tiles - lo;
    int row = p0 * cv->stride_h - cv->pad_h + kh * cv->dilation_h;
    int column = q0 * cv->stride_w - cv->pad_w + kw * cv->dilation_w;
    ptrdiff_t x_row = (ptrdiff_t)cv->w * cv->c, x_image = x_row * cv->h;
    ptrdiff_t y_row = (ptrdiff_t)cv->ow * cv->oc, y_image = y_row * cv->oh;
    ptrdiff_t out = (ptrdiff_t)group * w->og + panel * w->width;
    ptrdiff_t in = w->depthwise ? out : (ptrdiff_t)group * w->cg + lo;
    struct weights_tile t = {.a = cv->x + i0 * x_image + row * x_row + (ptrdiff_t)column * cv->c +
                                  in,
                             .a_rs = CONV_GROUP,
                             .a_p = x_image,
                             .a_q = cv->stride_h * x_row,
                             .a_k = (ptrdiff_t)cv->stride_w * cv->c,
                             .b = cv->dy + i0 * y_image + p0 * y_row + (ptrdiff_t)q0 * cv->oc + out,
                             .b_p = y_image,
                             .b_q = y_row,
                             .b_k = cv->oc,
                             .np = np > 0 && nq > 0 ? i1 - i0 : 0,
                             .nq = np,
                             .nk = nq,
                             .c = slice + ((ptrdiff_t)tap * w->cg + lo) * cv->oc + out,
                             .ldc = cv->oc,
                             .last = (size_t)(cols - (cols - 1) / VW * VW),
                             .load = load};
    if (w->depthwise)
        depthwise_sums[(cols - 1) / VW](&t);
    else
        weights_tiles[rows - 1][(cols - 1) / VW](&t);
}

/* The same for few channels: a tap is a row of taps, the sample is the padded one. */
static void run_padded(const struct job *w, int at, int i, float *slice, bool load)
{
    const struct conv *cv = w->cv;
    int tile = at % w->row_tiles, panel = at / w->row_tiles / w->taps, cols = job_columns(w, panel);
    int kh = at / w->row_tiles % w->taps;
    bool group = cv->kw * cv->c == CONV_GROUP; /* a row of taps is one: some rows are a tile */
    int whole = group ? CONV_GROUP : 1, lines = w->rows / whole;
    int lo = lines * tile / w->row_tiles * whole;
    int rows = lines * (tile + 1) / w->row_tiles * whole - lo;
    ptrdiff_t row = (ptrdiff_t)w->padded_w * cv->c, y_row = (ptrdiff_t)cv->ow * cv->oc;
    ptrdiff_t step = cv->dilation_h * row;
    struct weights_tile t = {
        .a = w->padded + (group ? lo / CONV_GROUP : kh) * step + (group ? 0 : lo),
        .a_rs = group ? step : CONV_GROUP,
        .a_q = cv->stride_h * row,
        .a_k = (ptrdiff_t)cv->stride_w * cv->c,
        .b = cv->dy + (ptrdiff_t)i * cv->oh * y_row + panel * CONV_COLS,
        .b_q = y_row,
        .b_k = cv->oc,
        .np = 1,
        .nq = cv->oh,
        .nk = cv->ow,
        .c = slice + ((ptrdiff_t)kh * cv->kw * cv->c + lo) * cv->oc + panel * CONV_COLS,
        .ldc = cv->oc,
        .last = (size_t)(cols - (cols - 1) / VW * VW),
        .load = load};
    bool sums = at % (w->row_tiles * w->taps) == 0;
    t.sums = slice + weights_of(cv) + panel * CONV_COLS;
    if (sums)
        weights_sums[rows - 1][(cols - 1) / VW](&t);
    else
        weights_tiles[rows - 1][(cols - 1) / VW](&t);
}

/* Sums of dy over samples i0 .. i1-1. */
static void run_sums(const struct conv *cv, int i0, int i1, float *sums)
{
    ptrdiff_t pixels = (ptrdiff_t)(i1 - i0) * cv->oh * cv->ow;
    for (int j = 0; j < cv->oc; j += 4 * VW) {
        const float *b = cv->dy + (ptrdiff_t)i0 * cv->oh * cv->ow * cv->oc + j;
        vf acc[4] = {v_set(0), v_set(0), v_set(0), v_set(0)};
        int left = axis_least(cv->oc - j, 4 * VW);
        if (left == 4 * VW)
            for (ptrdiff_t i = 0; i < pixels; i++, b += cv->oc)
                for (int v = 0; v < 4; v++)
                    acc[v] += v_load(b + v * VW);
        else
            for (ptrdiff_t i = 0; i < pixels; i++, b += cv->oc)
                for (int v = 0; v * VW < left; v++)
                    acc[v] += v_load_n(b + v * VW, (size_t)axis_least(left - v * VW, VW));
        for (int v = 0; v * VW < left; v++)
            v_put(sums + j + v * VW, acc[v], (size_t)axis_least(left - v * VW, VW));
    }
}

/* Copies sample i, with what is outside of it as zeros. */
static void pad_sample(const struct conv *cv, int i, float *to)
{
    int h = conv_extent(cv->oh, cv->kh, cv->stride_h, cv->dilation_h);
    int w = conv_extent(cv->ow, cv->kw, cv->stride_w, 1), left = axis_least(cv->pad_w, w);
    int columns = axis_least(cv->w, w - left);
    for (int p = 0; p < h; p++, to += (ptrdiff_t)w * cv->c) {
        int row = p - cv->pad_h;
        if (row < 0 || row >= cv->h) {
            memset(to, 0, (size_t)w * (size_t)cv->c * sizeof *to);
            continue;
        }
        memset(to, 0, (size_t)left * (size_t)cv->c * sizeof *to);
        memcpy(to + (ptrdiff_t)left * cv->c, cv->x + ((ptrdiff_t)i * cv->h + row) * cv->w * cv->c,
               (size_t)columns * (size_t)cv->c * sizeof *to);
        memset(to + (ptrdiff_t)(left + columns) * cv->c, 0,
               (size_t)(w - left - columns) * (size_t)cv->c * sizeof *to);
    }
}

/* Tiles t0 .. t1-1 of samples i0 .. i1-1, by taps. */
static void run_taps(const struct job *w, int i0, int i1, int t0, int t1, float *slice)
{
    const struct conv *cv = w->cv;
    ptrdiff_t sample = (ptrdiff_t)cv->h * cv->w * cv->c + (ptrdiff_t)cv->oh * cv->ow * cv->oc;
    int block = w->padded || sample >= BLOCK ? 1 : (int)(BLOCK / (sample > 0 ? sample : 1));
    for (int i = i0; i < i1; i += block) {
        if (w->padded)
            pad_sample(cv, i, cv->scratch);
        for (int t = t0; t < t1; t++)
            if (w->padded)
                run_padded(w, t, i, slice, i > i0);
            else
                run_tap(w, t, i, axis_least(i + block, i1), slice, i > i0);
    }
}

/* Tiles t0 .. t1-1 of slice s. The last one of a slice stands for its biases. */
static void run_slice(const struct job *w, int s, int t0, int t1)
{
    const struct conv *cv = w->cv;
    float *slice = cv->partial + (size_t)s * slice_size(cv);
    int i0 = s * conv_slice(cv), i1 = axis_least(i0 + conv_slice(cv), cv->n);
    int tiles = axis_least(t1, w->tiles);
    if (w->winograd && t0 < tiles)
        ISA_NAME(winograd_slice)(cv, i0, i1, t0, tiles, slice, WINOGRAD_STORE);
    else if (t0 < tiles)
        run_taps(w, i0, i1, t0, tiles, slice);
    if (t1 > w->tiles && !w->padded && cv->dbias)
        run_sums(cv, i0, i1, slice + weights_of(cv));
}

static int panels_of(const struct conv *cv)
{
    return (cv->oc + CONV_COLS - 1) / CONV_COLS;
}

/* Whether a thread takes its panels of all slices and adds them up at once, not slices that are
 * added up afterwards: the same sums, but each thread transforms all inputs. */
static bool by_panels(const struct conv *cv, int nt)
{
    return winograd_takes(cv) && cv->n > 0 && weights_of(cv) >= MANY && panels_of(cv) % nt == 0;
}

static void run_panels(const struct conv *cv, int tid, int nt)
{
    int panel0 = panels_of(cv) / nt * tid, panel1 = panels_of(cv) / nt * (tid + 1);
    int slice = conv_slice(cv);
    for (int i = 0; i < cv->n; i += slice)
        ISA_NAME(winograd_slice)
    (cv, i, axis_least(i + slice, cv->n), panel0, panel1, cv->dweight,
     i > 0 || cv->dw_mode == GRAD_ADD ? WINOGRAD_ADD : WINOGRAD_START);
    for (int s = tid; s < slices_of(cv) && cv->dbias; s += nt)
        run_sums(cv, s * slice, axis_least((s + 1) * slice, cv->n),
                 cv->partial + (size_t)s * slice_size(cv) + weights_of(cv));
}

static void backward_weights(const struct conv *cv, int tid, int nt)
{
    if (by_panels(cv, nt)) {
        run_panels(cv, tid, nt);
        return;
    }
    struct job w = {.cv = cv,
                    .cg = cv->c / cv->groups,
                    .og = cv->oc / cv->groups,
                    .width = CONV_COLS,
                    .depthwise = conv_depthwise(cv),
                    .winograd = winograd_takes(cv)};
    bool few = conv_few_channels(cv), group = few && cv->kw * cv->c == CONV_GROUP;
    int most = conv_rows(w.og > VW ? 2 : 1);
    if (w.depthwise) {
        w.og = cv->oc;
        w.width = DEPTHWISE_VECTORS * VW;
    }
    w.panels = (w.og + w.width - 1) / w.width;
    w.taps = group ? 1 : few ? cv->kh : cv->kh * cv->kw;
    w.rows = group ? cv->kh * CONV_GROUP : few ? cv->kw * cv->c : w.cg;
    most -= few;
    most -= group ? most % CONV_GROUP : 0;
    w.row_tiles = (w.rows + most - 1) / most;
    w.tiles = (w.depthwise ? 1 : cv->groups) * w.panels * w.taps * w.row_tiles;
    if (w.winograd)
        w.tiles = w.panels;
    w.padded = few ? cv->scratch : NULL;
    w.padded_w = conv_extent(cv->ow, cv->kw, cv->stride_w, 1);
    int each = w.tiles + 1;
    size_t lo, hi;
    par_range((size_t)slices_of(cv) * (size_t)each, 1, tid, nt, &lo, &hi);
    while (lo < hi) {
        int t0 = (int)(lo % (size_t)each), t1 = each;
        if (hi - lo < (size_t)(t1 - t0))
            t1 = t0 + (int)(hi - lo);
        run_slice(&w, (int)(lo / (size_t)each), t0, t1);
        lo += (size_t)(t1 - t0);
    }
}

/* n numbers of each slice, at `from`, added up in order. */
static void add_slices(const struct conv *cv, float *to, const float *from, size_t n)
{
    size_t size = slice_size(cv);
    for (size_t j = 0; j < n; j += VW) {
        size_t w = n - j < VW ? n - j : VW;
        vf acc = cv->dw_mode == GRAD_ADD ? v_load_n(to + j, w) : v_set(0);
        for (int s = 0; s < slices_of(cv); s++)
            acc += v_load_n(from + (size_t)s * size + j, w);
        v_put(to + j, acc, w);
    }
}

static void backward_weights_sum(const struct conv *cv, int tid, int nt)
{
    size_t lo, hi, n = weights_of(cv);
    par_range(n, 16, tid, nt, &lo, &hi);
    if (!by_panels(cv, nt))
        add_slices(cv, cv->dweight + lo, cv->partial + lo, hi - lo);
    if (cv->dbias && tid == nt - 1)
        add_slices(cv, cv->dbias, cv->partial + n, (size_t)cv->oc);
}

void ISA_NAME(conv_weights_fill)(struct kernels *k)
{
    k->conv_partial = partial;
    k->conv_backward_weights = backward_weights;
    k->conv_backward_weights_sum = backward_weights_sum;
}
