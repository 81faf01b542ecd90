/* ref_conv.c - the reference of convolutions: every output by its definition. */
#include "base/par.h"
#include "kernels/ref.h"

#include <math.h>

static size_t weights(const struct conv *cv)
{
    return (size_t)cv->kh * (size_t)cv->kw * (size_t)(cv->c / cv->groups) * (size_t)cv->oc;
}

static int slices(const struct conv *cv)
{
    return (cv->n + CONV_SLICE - 1) / CONV_SLICE;
}

static size_t scratch(const struct conv *cv)
{
    (void)cv;
    return 0;
}

static size_t prepared(const struct conv *cv, bool back)
{
    (void)cv;
    (void)back;
    return 0;
}

static void prepare(const struct conv *cv, bool back, real *to, int tid, int nt)
{
    (void)cv;
    (void)back;
    (void)to;
    (void)tid;
    (void)nt;
}

/* Per slice the gradients of weight and bias. */
static size_t partial(const struct conv *cv)
{
    return (size_t)slices(cv) * (weights(cv) + (size_t)cv->oc);
}

/* Where output position o reads with tap k; -1: outside of the `size` inputs. */
static int input_at(int o, int k, int stride, int pad, int dilation, int size)
{
    int i = o * stride - pad + k * dilation;
    return i < size ? i : -1;
}

/* Which output position reads input i with tap k; -1: none of `size`. */
static int output_at(int i, int k, int stride, int pad, int dilation, int size)
{
    int o = i + pad - k * dilation;
    return o >= 0 && o % stride == 0 && o / stride < size ? o / stride : -1;
}

static ptrdiff_t pixel(int i, int rows, int row, int columns, int column)
{
    return ((ptrdiff_t)i * rows + row) * columns + column;
}

/* Weights of tap (kh, kw) and input c of a group, for all outputs. */
static ptrdiff_t weight_at(const struct conv *cv, int kh, int kw, int c)
{
    return pixel(kh, cv->kw, kw, cv->c / cv->groups, c) * cv->oc;
}

/* Splits element `at` of n x h x w x c. */
static void split(size_t at, int h, int w, int c, int out[4])
{
    out[3] = (int)(at % (size_t)c);
    at /= (size_t)c;
    out[2] = (int)(at % (size_t)w);
    at /= (size_t)w;
    out[1] = (int)(at % (size_t)h);
    out[0] = (int)(at / (size_t)h);
}

/* The sum for output `o` at row p and column q of sample i. */
static real output_value(const struct conv *cv, int i, int p, int q, int o)
{
    int cg = cv->c / cv->groups, first = o / (cv->oc / cv->groups) * cg;
    real acc = 0;
    for (int kh = 0; kh < cv->kh; kh++)
        for (int kw = 0; kw < cv->kw; kw++) {
            int row = input_at(p, kh, cv->stride_h, cv->pad_h, cv->dilation_h, cv->h);
            int column = input_at(q, kw, cv->stride_w, cv->pad_w, cv->dilation_w, cv->w);
            if (row < 0 || column < 0)
                continue;
            const real *x = cv->x + pixel(i, cv->h, row, cv->w, column) * cv->c + first;
            const real *w = cv->weight + weight_at(cv, kh, kw, 0) + o;
            for (ptrdiff_t c = 0; c < cg; c++)
                acc = LIBM(fma)(x[c], w[c * cv->oc], acc);
        }
    return acc;
}

static void forward(const struct conv *cv, int tid, int nt)
{
    size_t lo, hi;
    par_range((size_t)cv->n * (size_t)cv->oh * (size_t)cv->ow * (size_t)cv->oc, 1, tid, nt, &lo,
              &hi);
    for (size_t at = lo; at < hi; at++) {
        int j[4];
        split(at, cv->oh, cv->ow, cv->oc, j);
        real acc = output_value(cv, j[0], j[1], j[2], j[3]);
        if (cv->bias)
            acc += cv->bias[j[3]];
        cv->y[at] = ref_act(cv->act, cv->act_param, acc);
    }
}

/* `acc` and the sum for channel c of the input at a row and a column of sample i. */
static real input_gradient(const struct conv *cv, int i, int row, int column, int c, real acc)
{
    int cg = cv->c / cv->groups, og = cv->oc / cv->groups, first = c / cg * og;
    for (int kh = 0; kh < cv->kh; kh++)
        for (int kw = 0; kw < cv->kw; kw++) {
            int p = output_at(row, kh, cv->stride_h, cv->pad_h, cv->dilation_h, cv->oh);
            int q = output_at(column, kw, cv->stride_w, cv->pad_w, cv->dilation_w, cv->ow);
            if (p < 0 || q < 0)
                continue;
            const real *dy = cv->dy + pixel(i, cv->oh, p, cv->ow, q) * cv->oc + first;
            const real *w = cv->weight + weight_at(cv, kh, kw, c % cg) + first;
            for (int o = 0; o < og; o++)
                acc = LIBM(fma)(dy[o], w[o], acc);
        }
    return acc;
}

static void backward_data(const struct conv *cv, int tid, int nt)
{
    size_t lo, hi;
    par_range((size_t)cv->n * (size_t)cv->h * (size_t)cv->w * (size_t)cv->c, 1, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        int j[4];
        split(at, cv->h, cv->w, cv->c, j);
        real acc =
            input_gradient(cv, j[0], j[1], j[2], j[3], cv->dx_mode == GRAD_ADD ? cv->dx[at] : 0);
        if (cv->dact_y)
            acc *= act_slope(cv->dx_act, cv->dx_act_param, cv->dact_y[at]);
        cv->dx[at] = acc;
    }
}

/* Samples of slice s. */
static void slice_range(const struct conv *cv, int s, int *lo, int *hi)
{
    *lo = s * CONV_SLICE;
    *hi = *lo + CONV_SLICE < cv->n ? *lo + CONV_SLICE : cv->n;
}

/* The sum of one slice for the weight from input c of o's group at tap (kh, kw). */
static real weight_gradient(const struct conv *cv, int s, int kh, int kw, int c, int o)
{
    int lo, hi, input = o / (cv->oc / cv->groups) * (cv->c / cv->groups) + c;
    real acc = 0;
    slice_range(cv, s, &lo, &hi);
    for (int i = lo; i < hi; i++)
        for (int p = 0; p < cv->oh; p++)
            for (int q = 0; q < cv->ow; q++) {
                int row = input_at(p, kh, cv->stride_h, cv->pad_h, cv->dilation_h, cv->h);
                int column = input_at(q, kw, cv->stride_w, cv->pad_w, cv->dilation_w, cv->w);
                if (row < 0 || column < 0)
                    continue;
                acc = LIBM(fma)(cv->x[pixel(i, cv->h, row, cv->w, column) * cv->c + input],
                                cv->dy[pixel(i, cv->oh, p, cv->ow, q) * cv->oc + o], acc);
            }
    return acc;
}

static real bias_gradient(const struct conv *cv, int s, int o)
{
    int lo, hi;
    ptrdiff_t plane = (ptrdiff_t)cv->oh * cv->ow;
    real acc = 0;
    slice_range(cv, s, &lo, &hi);
    for (ptrdiff_t i = lo * plane; i < hi * plane; i++)
        acc += cv->dy[i * cv->oc + o];
    return acc;
}

/* partial: per slice weights, then biases */
static void backward_weights(const struct conv *cv, int tid, int nt)
{
    size_t lo, hi, size = weights(cv) + (size_t)cv->oc;
    par_range(partial(cv), 1, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        int s = (int)(at / size), j[4];
        split(at % size, cv->kw, cv->c / cv->groups, cv->oc, j);
        cv->partial[at] = j[0] < cv->kh ? weight_gradient(cv, s, j[0], j[1], j[2], j[3])
                                        : bias_gradient(cv, s, j[3]);
    }
}

static void backward_weights_sum(const struct conv *cv, int tid, int nt)
{
    size_t lo, hi, nw = weights(cv), size = nw + (size_t)cv->oc;
    par_range(cv->dbias ? size : nw, 1, tid, nt, &lo, &hi);
    for (size_t at = lo; at < hi; at++) {
        real *g = at < nw ? &cv->dweight[at] : &cv->dbias[at - nw];
        real acc = cv->dw_mode == GRAD_ADD ? *g : 0;
        for (int s = 0; s < slices(cv); s++)
            acc += cv->partial[(size_t)s * size + at];
        *g = acc;
    }
}

void ref_conv_fill(struct kernels *k)
{
    k->conv_prepared = prepared;
    k->conv_prepare = prepare;
    k->conv_scratch = scratch;
    k->conv_partial = partial;
    k->conv_forward = forward;
    k->conv_backward_data = backward_data;
    k->conv_backward_weights = backward_weights;
    k->conv_backward_weights_sum = backward_weights_sum;
}
