/* conv_cases.h - convolutions, guarded, against sums in double and against each other. */
#ifndef TESTS_KERNELS_CONV_CASES_H
#define TESTS_KERNELS_CONV_CASES_H

#include "kernels/arrays.h"
#include "kernels/kernels.h"
#include "kernels/winograd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The arrays of a case; `out` are those that kernels write. */
enum {
    CONV_X,
    CONV_W,
    CONV_B,
    CONV_DY,
    CONV_ACT_Y,
    CONV_Y,
    CONV_DX,
    CONV_DW,
    CONV_DB,
    CONV_ARRAYS
};

struct conv_arrays {
    size_t size[CONV_ARRAYS];
    real *a[CONV_ARRAYS];
};

/* Outputs of `in` inputs, padded by `pad` on both sides. */
static inline int conv_out(int in, int k, int stride, int pad, int dilation)
{
    return (in + 2 * pad - dilation * (k - 1) - 1) / stride + 1;
}

/* A convolution of images of `shape` = {n, h, w, c}; oh and ow for equal padding on both sides. */
static inline struct conv conv_make(int n, int h, int w, int c, int oc, int kh, int kw, int stride,
                                    int pad, int dilation, int groups)
{
    struct conv cv = {.n = n,
                      .h = h,
                      .w = w,
                      .c = c,
                      .oh = conv_out(h, kh, stride, pad, dilation),
                      .ow = conv_out(w, kw, stride, pad, dilation),
                      .oc = oc,
                      .kh = kh,
                      .kw = kw,
                      .stride_h = stride,
                      .stride_w = stride,
                      .pad_h = pad,
                      .pad_w = pad,
                      .dilation_h = dilation,
                      .dilation_w = dilation,
                      .groups = groups};
    return cv;
}

static inline void conv_sizes(const struct conv *cv, size_t size[CONV_ARRAYS])
{
    size_t x = (size_t)cv->n * (size_t)cv->h * (size_t)cv->w * (size_t)cv->c;
    size_t y = (size_t)cv->n * (size_t)cv->oh * (size_t)cv->ow * (size_t)cv->oc;
    size_t w = (size_t)(cv->kh * cv->kw * (cv->c / cv->groups)) * (size_t)cv->oc;
    size[CONV_X] = size[CONV_DX] = size[CONV_ACT_Y] = x;
    size[CONV_Y] = size[CONV_DY] = y;
    size[CONV_W] = size[CONV_DW] = w;
    size[CONV_B] = size[CONV_DB] = (size_t)cv->oc;
}

/* Where a mode adds, outputs start as known numbers, else as NaN: what they held must not matter.
 */
static inline void conv_arrays_new(const struct conv *cv, struct conv_arrays *t)
{
    conv_sizes(cv, t->size);
    for (int i = 0; i < CONV_ARRAYS; i++) {
        bool add = i == CONV_DX ? cv->dx_mode == GRAD_ADD : cv->dw_mode == GRAD_ADD;
        t->a[i] = array_new(t->size[i]);
        if (i < CONV_Y || (i > CONV_Y && add))
            array_fill(t->a[i], t->size[i], (uint32_t)i + 1);
    }
}

static inline void conv_arrays_free(struct conv_arrays *t)
{
    for (int i = 0; i < CONV_ARRAYS; i++)
        assert_true(array_free(t->a[i], t->size[i]));
}

static inline struct conv conv_on(const struct conv *cv, const struct conv_arrays *t, bool bias)
{
    struct conv r = *cv;
    r.x = t->a[CONV_X];
    r.weight = t->a[CONV_W];
    r.bias = bias ? t->a[CONV_B] : NULL;
    r.y = t->a[CONV_Y];
    r.dy = t->a[CONV_DY];
    r.dx = t->a[CONV_DX];
    r.dact_y = cv->dx_act != ACT_NONE ? t->a[CONV_ACT_Y] : NULL;
    r.dweight = t->a[CONV_DW];
    r.dbias = bias ? t->a[CONV_DB] : NULL;
    return r;
}

/* 64-byte aligned, full of NaN, a mark behind. */
static inline real *conv_workspace(size_t n)
{
    real *p = aligned_alloc(64, (n + 1 + 15) / 16 * 16 * sizeof *p);
    assert_non_null(p);
    memset(p, 0xff, n * sizeof *p);
    p[n] = 12345;
    return p;
}

static inline void conv_workspace_free(real *p, size_t n)
{
    assert_true(p[n] == 12345);
    free(p);
}

/* Forward, or backward to the input; two threads and more prepare the weights together. */
static inline void conv_pass(const struct conv *cv, const struct kernels *k, bool back, int nt)
{
    size_t prepared = nt > 1 ? k->conv_prepared(cv, back) : 0;
    real *to = conv_workspace(prepared);
    struct conv r = *cv;
    for (int tid = 0; prepared && tid < nt; tid++)
        k->conv_prepare(&r, back, to, tid, nt);
    r.prepared = prepared ? to : NULL;
    for (int tid = 0; tid < nt; tid++)
        (back ? k->conv_backward_data : k->conv_forward)(&r, tid, nt);
    conv_workspace_free(to, prepared);
}

/* All passes of cv, which is on arrays, with kernels k and nt threads, one after the other. */
static inline void conv_run(const struct conv *cv, const struct kernels *k, int nt)
{
    size_t scratch = k->conv_scratch(cv), partial = k->conv_partial(cv);
    struct conv r = *cv;
    r.scratch = conv_workspace(scratch);
    r.partial = conv_workspace(partial);
    conv_pass(&r, k, false, nt);
    conv_pass(&r, k, true, nt);
    for (int tid = 0; tid < nt; tid++)
        k->conv_backward_weights(&r, tid, nt);
    for (int tid = 0; tid < nt; tid++)
        k->conv_backward_weights_sum(&r, tid, nt);
    conv_workspace_free(r.scratch, scratch);
    conv_workspace_free(r.partial, partial);
}

/* Every product of the convolution by another way round, in double: for output pixel (i, p, q), tap
 * and pair of channels, adds to y, dx and dw at once. */
static inline void conv_double_pixel(const struct conv *cv, int i, int p, int q, double *y,
                                     double *dx, double *dw)
{
    int cg = cv->c / cv->groups, og = cv->oc / cv->groups;
    ptrdiff_t at_y = (((ptrdiff_t)i * cv->oh + p) * cv->ow + q) * cv->oc;
    for (int kh = 0; kh < cv->kh; kh++)
        for (int kw = 0; kw < cv->kw; kw++) {
            int row = p * cv->stride_h - cv->pad_h + kh * cv->dilation_h;
            int column = q * cv->stride_w - cv->pad_w + kw * cv->dilation_w;
            if (row < 0 || row >= cv->h || column < 0 || column >= cv->w)
                continue;
            ptrdiff_t at_x = (((ptrdiff_t)i * cv->h + row) * cv->w + column) * cv->c;
            for (int o = 0; o < cv->oc; o++)
                for (int c = 0; c < cg; c++) {
                    ptrdiff_t at_w = ((ptrdiff_t)(kh * cv->kw + kw) * cg + c) * cv->oc + o;
                    ptrdiff_t in = at_x + o / og * cg + c;
                    y[at_y + o] += (double)cv->x[in] * (double)cv->weight[at_w];
                    dx[in] += (double)cv->dy[at_y + o] * (double)cv->weight[at_w];
                    dw[at_w] += (double)cv->dy[at_y + o] * (double)cv->x[in];
                }
        }
}

static inline double conv_act(enum act act, double p, double x)
{
    switch (act) {
    case ACT_RELU:
        return x > p ? x : 0;
    case ACT_TANH:
        return tanh(x);
    case ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACT_LEAKY_RELU:
        return x > 0 ? x : p * x;
    case ACT_ELU:
        return x > 0 ? x : p * (exp(x) - 1);
    default:
        return x;
    }
}

/* want[]: y, dx, dw, db of cv, which is on arrays that kernels have not written yet. */
static inline void conv_double(const struct conv *cv, const struct conv_arrays *t,
                               double *want[CONV_ARRAYS])
{
    for (int a = CONV_Y; a < CONV_ARRAYS; a++) {
        bool add = a == CONV_DX ? cv->dx_mode == GRAD_ADD : cv->dw_mode == GRAD_ADD;
        want[a] = calloc(t->size[a] + 1, sizeof *want[a]);
        assert_non_null(want[a]);
        for (size_t i = 0; a != CONV_Y && add && i < t->size[a]; i++)
            want[a][i] = (double)t->a[a][i];
    }
    for (int i = 0; i < cv->n; i++)
        for (int p = 0; p < cv->oh; p++)
            for (int q = 0; q < cv->ow; q++)
                conv_double_pixel(cv, i, p, q, want[CONV_Y], want[CONV_DX], want[CONV_DW]);
    for (size_t i = 0; i < t->size[CONV_Y]; i++) {
        size_t o = i % (size_t)cv->oc;
        double b = cv->bias ? (double)cv->bias[o] : 0;
        want[CONV_Y][i] = conv_act(cv->act, (double)cv->act_param, want[CONV_Y][i] + b);
        want[CONV_DB][o] += (double)cv->dy[i];
    }
    for (size_t i = 0; cv->dact_y && i < t->size[CONV_DX]; i++)
        want[CONV_DX][i] *= (double)act_slope(cv->dx_act, cv->dx_act_param, cv->dact_y[i]);
}

static inline void conv_fail(const struct conv *cv, const char *who, int array, size_t i,
                             double got, double want)
{
    static const char *const names[] = {"x", "w", "b", "dy", "", "y", "dx", "dw", "db"};
    fail_msg("%s: %d x %dx%dx%d by %dx%d to %dx%dx%d, stride %d %d, pad %d %d, dilation %d %d, "
             "groups %d: %s[%zu] is %a, not %a",
             who, cv->n, cv->h, cv->w, cv->c, cv->kh, cv->kw, cv->oh, cv->ow, cv->oc, cv->stride_h,
             cv->stride_w, cv->pad_h, cv->pad_w, cv->dilation_h, cv->dilation_w, cv->groups,
             names[array], i, got, want);
}

/* Terms are at most 4, slopes at most 3; `most` is the length of the longest chain. */
static inline void conv_compare_double(const struct conv *cv, const char *who,
                                       const struct conv_arrays *t, double *want[CONV_ARRAYS])
{
    double most = (double)(cv->kh * cv->kw) * (cv->c + cv->oc) + (double)cv->n * cv->oh * cv->ow;
    double tolerance = 12 * (most + 3) * (double)REAL_EPS;
    for (int a = CONV_Y; a < CONV_ARRAYS; a++)
        for (size_t i = 0; i < t->size[a] && !(a == CONV_DB && !cv->dbias); i++)
            if (!(fabs((double)t->a[a][i] - want[a][i]) <= tolerance))
                conv_fail(cv, who, a, i, (double)t->a[a][i], want[a][i]);
}

static inline void conv_compare_bits(const struct conv *cv, const char *who,
                                     const struct conv_arrays *t, const struct conv_arrays *want)
{
    for (int a = CONV_Y; a < CONV_ARRAYS; a++)
        for (size_t i = 0; i < t->size[a]; i++)
            if (!array_same(t->a[a][i], want->a[a][i]))
                conv_fail(cv, who, a, i, (double)t->a[a][i], (double)want->a[a][i]);
}

/* Whether k rounds a multiply-add once, as the reference does. */
static inline bool conv_is_fused(const struct kernels *k)
{
    return strcmp(k->isa, "base") != 0;
}

/* Whose bits k must have: the reference's, but for convolutions that are not summed up directly,
 * where roundings are equal; or NULL. */
static inline const struct kernels *conv_like(const struct conv *cv, const struct kernels *k)
{
    bool libm = cv->act == ACT_TANH || cv->act == ACT_SIGMOID || cv->act == ACT_ELU;
    bool points = winograd_takes(cv) && strcmp(k->isa, "ref") != 0;
    if (!conv_is_fused(k) || (libm && !points))
        return NULL;
    return kernels_get(points ? "avx2" : "ref");
}

/* Kernels k with 1, 2, 3 and 5 threads against sums in double, and bit by bit against others. */
static inline void conv_check(const struct conv *cv, const struct kernels *k, bool bias)
{
    static const int threads[] = {1, 2, 3, 5};
    struct conv_arrays ref, got, one;
    double *want[CONV_ARRAYS] = {NULL};
    conv_arrays_new(cv, &ref);
    struct conv r = conv_on(cv, &ref, bias);
    if (!cv->bf16) /* how near these are is for a test of its own */
        conv_double(&r, &ref, want);
    const struct kernels *like = conv_like(cv, k);
    if (like)
        conv_run(&r, like, 1);
    for (int i = 0; i < 4; i++) {
        conv_arrays_new(cv, &got);
        r = conv_on(cv, &got, bias);
        conv_run(&r, k, threads[i]);
        if (!cv->bf16)
            conv_compare_double(&r, k->isa, &got, want);
        if (like)
            conv_compare_bits(&r, k->isa, &got, &ref);
        if (i == 0) {
            one = got;
            continue;
        }
        conv_compare_bits(&r, "threads", &got, &one);
        conv_arrays_free(&got);
    }
    conv_arrays_free(&one);
    conv_arrays_free(&ref);
    for (int a = CONV_Y; a < CONV_ARRAYS; a++)
        free(want[a]);
}

#endif
