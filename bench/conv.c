/* conv.c - the rate of kernels->conv_*. */
#include "bench.h"

#include "base/mem.h"

#include <math.h>

enum { X, WEIGHT, BIAS, Y, DY, DX, DWEIGHT, DBIAS, ARRAYS };

/* What a pass reads and writes. */
static const bool used[CONV_PASSES][ARRAYS] = {
    [CONV_FWD] = {[X] = true, [WEIGHT] = true, [BIAS] = true, [Y] = true},
    [CONV_DX] = {[DY] = true, [WEIGHT] = true, [DX] = true},
    [CONV_DW] = {[X] = true, [DY] = true, [DWEIGHT] = true, [DBIAS] = true},
};

struct conv_case {
    const char *name;
    enum conv_pass pass;
    struct conv cv;
    const struct kernels *k;
    real *block, *array[ARRAYS], *scratch; /* arrays: in the block */
    real *shared;                          /* all threads': partial sums, or prepared weights */
    size_t size[ARRAYS], scratch_size;     /* scratch: of a thread */
    double flops, seconds;
};

static void describe(struct conv_case *c, const struct conv_shape *s, bool bf16)
{
    struct conv *cv = &c->cv;
    *cv = (struct conv){.n = s->n,
                        .h = s->h,
                        .w = s->w,
                        .c = s->c,
                        .oh = conv_shape_oh(s),
                        .ow = conv_shape_ow(s),
                        .oc = s->oc,
                        .kh = s->kh,
                        .kw = s->kw,
                        .stride_h = 1,
                        .stride_w = 1,
                        .pad_h = s->pad_h,
                        .pad_w = s->pad_w,
                        .dilation_h = 1,
                        .dilation_w = 1,
                        .groups = 1,
                        .bf16 = bf16,
                        .act = ACT_RELU};
    c->size[X] = c->size[DX] = (size_t)cv->n * (size_t)cv->h * (size_t)cv->w * (size_t)cv->c;
    c->size[Y] = c->size[DY] = (size_t)cv->n * (size_t)cv->oh * (size_t)cv->ow * (size_t)cv->oc;
    c->size[WEIGHT] = c->size[DWEIGHT] =
        (size_t)cv->kh * (size_t)cv->kw * (size_t)cv->c * (size_t)cv->oc;
    c->size[BIAS] = c->size[DBIAS] = (size_t)cv->oc;
}

/* Arrays lie in one block, as those of a net do: so large ones are in huge pages. */
static int allocate(struct conv_case *c, struct err *e)
{
    size_t line = MEM_ALIGN / sizeof(real), all = 0, at[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
        at[i] = all;
        all += (c->size[i] + line - 1) / line * line;
    }
    c->block = mem_alloc(all, sizeof *c->block, e);
    if (!c->block)
        return -1;
    for (int i = 0; i < ARRAYS; i++) {
        c->array[i] = c->block + at[i];
        if (used[c->pass][i])
            fill_random(c->array[i], c->size[i], (uint64_t)i);
    }
    c->scratch_size = (c->k->conv_scratch(&c->cv) + line - 1) / line * line;
    c->scratch = mem_alloc(c->scratch_size * BENCH_THREADS, sizeof *c->scratch, e);
    if (!c->scratch)
        return -1;
    size_t shared = c->pass == CONV_DW ? c->k->conv_partial(&c->cv)
                                       : c->k->conv_prepared(&c->cv, c->pass == CONV_DX);
    if (shared)
        c->shared = mem_alloc(shared, sizeof *c->shared, e);
    return shared && !c->shared ? -1 : 0;
}

struct conv_case *conv_new(const struct conv_shape *s, enum conv_pass pass,
                           const struct bench_conf *conf, struct err *e)
{
    struct conv_case *c = mem_alloc(1, sizeof *c, e);
    if (!c)
        return NULL;
    c->name = s->name;
    c->pass = pass;
    c->k = conf->k;
    c->flops = conv_shape_flops(s);
    c->seconds = conf->seconds;
    describe(c, s, conf->bf16);
    if (allocate(c, e)) {
        conv_free(c);
        return NULL;
    }
    c->cv.x = c->array[X];
    c->cv.weight = c->array[WEIGHT];
    c->cv.bias = c->array[BIAS];
    c->cv.y = c->array[Y];
    c->cv.dy = c->array[DY];
    c->cv.dx = c->array[DX];
    c->cv.dweight = c->array[DWEIGHT];
    c->cv.dbias = c->array[DBIAS];
    c->cv.partial = c->shared;
    return c;
}

void conv_free(struct conv_case *c)
{
    if (!c)
        return;
    mem_free(c->block);
    mem_free(c->shared);
    mem_free(c->scratch);
    mem_free(c);
}

static void convolve(void *arg, struct team *team, int tid, int nt)
{
    const struct conv_case *c = arg;
    struct conv cv = c->cv;
    cv.scratch = c->scratch + c->scratch_size * (size_t)tid;
    if (c->pass != CONV_DW) {
        bool back = c->pass == CONV_DX;
        if (nt > 1 && c->shared) {
            c->k->conv_prepare(&cv, back, c->shared, tid, nt);
            team_barrier(team, tid);
            cv.prepared = c->shared;
        }
        (back ? c->k->conv_backward_data : c->k->conv_forward)(&cv, tid, nt);
        if (cv.prepared)
            team_barrier(team, tid);
    } else {
        c->k->conv_backward_weights(&cv, tid, nt);
        team_barrier(team, tid);
        c->k->conv_backward_weights_sum(&cv, tid, nt);
    }
}

double conv_rate(struct conv_case *c, struct team *team)
{
    struct kernel_call call = {convolve, c, c->flops};
    return kernel_rate(&call, team, c->seconds);
}

/* ---- a few elements by their sums ---- */

/* What is summed up: which element, by output pixel, tap and channels. */
struct place {
    int i, p, q, kh, kw, c, o; /* what a pass sums over is set on the way */
};

/* The product at a place whose input pixel may be outside: then 0. */
static double term(const struct conv_case *c, const struct place *at)
{
    const struct conv *cv = &c->cv;
    int row = at->p - cv->pad_h + at->kh, column = at->q - cv->pad_w + at->kw;
    if (row < 0 || row >= cv->h || column < 0 || column >= cv->w || at->p < 0 || at->p >= cv->oh ||
        at->q < 0 || at->q >= cv->ow)
        return 0;
    ptrdiff_t x = (((ptrdiff_t)at->i * cv->h + row) * cv->w + column) * cv->c + at->c;
    ptrdiff_t w = ((ptrdiff_t)(at->kh * cv->kw + at->kw) * cv->c + at->c) * cv->oc + at->o;
    ptrdiff_t y = (((ptrdiff_t)at->i * cv->oh + at->p) * cv->ow + at->q) * cv->oc + at->o;
    if (c->pass == CONV_FWD)
        return (double)cv->x[x] * (double)cv->weight[w];
    if (c->pass == CONV_DX)
        return (double)cv->dy[y] * (double)cv->weight[w];
    return (double)cv->x[x] * (double)cv->dy[y];
}

/* Over taps and input channels. */
static double sum_forward(const struct conv_case *c, struct place at)
{
    double sum = 0;
    for (at.kh = 0; at.kh < c->cv.kh; at.kh++)
        for (at.kw = 0; at.kw < c->cv.kw; at.kw++)
            for (at.c = 0; at.c < c->cv.c; at.c++)
                sum += term(c, &at);
    sum += (double)c->cv.bias[at.o];
    return sum > 0 ? sum : 0;
}

/* Over taps and output channels, for input pixel (p, q). */
static double sum_data(const struct conv_case *c, struct place at)
{
    int row = at.p, column = at.q;
    double sum = 0;
    for (at.kh = 0; at.kh < c->cv.kh; at.kh++)
        for (at.kw = 0; at.kw < c->cv.kw; at.kw++)
            for (at.o = 0; at.o < c->cv.oc; at.o++) {
                at.p = row + c->cv.pad_h - at.kh;
                at.q = column + c->cv.pad_w - at.kw;
                sum += term(c, &at);
            }
    return sum;
}

/* Over output pixels of all samples. */
static double sum_weights(const struct conv_case *c, struct place at)
{
    double sum = 0;
    for (at.i = 0; at.i < c->cv.n; at.i++)
        for (at.p = 0; at.p < c->cv.oh; at.p++)
            for (at.q = 0; at.q < c->cv.ow; at.q++)
                sum += term(c, &at);
    return sum;
}

/* The first (0), middle (1) or last (2) of n. */
static int one_of(int n, int which)
{
    return which == 0 ? 0 : which == 1 ? n / 2 : n - 1;
}

int conv_check(const struct conv_case *c, struct err *e)
{
    const struct conv *cv = &c->cv;
    const double terms[] = {(double)(cv->kh * cv->kw) * cv->c, (double)(cv->kh * cv->kw) * cv->oc,
                            (double)cv->n * cv->oh * cv->ow};
    for (int j = 0; j < 3; j++) {
        struct place at = {one_of(cv->n, j),  one_of(cv->oh, j), one_of(cv->ow, j),
                           one_of(cv->kh, j), one_of(cv->kw, j), one_of(cv->c, j),
                           one_of(cv->oc, j)};
        double want, got;
        if (c->pass == CONV_FWD) {
            want = sum_forward(c, at);
            got =
                (double)cv->y[(((ptrdiff_t)at.i * cv->oh + at.p) * cv->ow + at.q) * cv->oc + at.o];
        } else if (c->pass == CONV_DX) {
            at.p = one_of(cv->h, j);
            at.q = one_of(cv->w, j);
            want = sum_data(c, at);
            got = (double)cv->dx[(((ptrdiff_t)at.i * cv->h + at.p) * cv->w + at.q) * cv->c + at.c];
        } else {
            want = sum_weights(c, at);
            got =
                (double)cv
                    ->dweight[((ptrdiff_t)(at.kh * cv->kw + at.kw) * cv->c + at.c) * cv->oc + at.o];
        }
        double near = cv->bf16 ? 1e-2 : 1e-3;
        if (!(fabs(got - want) < near * sqrt(terms[c->pass])))
            return err_set(e, ERR_INTERNAL, "conv %s.%s is wrong: %g in place of %g", c->name,
                           conv_pass_names[c->pass], got, want);
    }
    return 0;
}
