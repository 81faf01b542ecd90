/* kernels.h - floats in, floats out: the arithmetic of the whole program.
 *
 * A kernel allocates nothing, fails never, and knows no layer. `struct kernels` is a table of
 * pointers, one table per instruction set, filled with the reference version first, so every
 * pointer is always valid. All threads of a team may call a kernel with the same arguments and
 * their own (tid, nt): each computes its part of the *output*; nobody waits inside, and the caller
 * puts a barrier behind.
 *
 * Bits. Every output element is one chain of multiply-adds over k (or over samples) in order, so
 * neither blocking nor threads change a bit. Sums along a row use 16 virtual lanes (lane j takes
 * elements j, j + 16, ...; then lanes are added in a fixed tree: 8, 4, 2, 1 apart) on every
 * instruction set. Sets with fused multiply-add (AVX2, AVX-512) give the same bits. Convolutions
 * that winograd.h names are chains of products at points instead, but for the reference's.
 *
 * Arrays need no alignment unless said; row-major; sizes may be 0. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "base/par.h"
#include "base/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Element-wise activations. SOFTMAX is not element-wise: it only names what a loss may fuse. */
enum act {
    ACT_NONE,
    ACT_RELU, /* y = x > p ? x : 0; NaN stays NaN */
    ACT_TANH,
    ACT_SIGMOID,    /* 1 / (1 + e^-x) */
    ACT_LEAKY_RELU, /* y = x > 0 ? x : p x, p >= 0 */
    ACT_ELU,        /* y = x > 0 ? x : p (e^x - 1), p >= 0 */
    ACT_SOFTMAX,
    ACT_COUNT
};

/* Element-wise functions whose derivative needs x. */
enum curve {
    CURVE_GELU,      /* x times the normal distribution's cumulative probability at x */
    CURVE_GELU_TANH, /* its approximation x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)) */
    CURVE_SILU,      /* x sigmoid(x) */
    CURVE_COS,
    CURVE_COUNT
};

/* What happens to what an output gradient held before. */
enum grad_mode {
    GRAD_STORE, /* overwritten */
    GRAD_ADD    /* added to */
};

/* C (m x n, row stride ldc, column stride 1) = op(A B):
 *   acc = add ? C : 0;  acc = fma(A[i,p], B[p,j], acc) for p = 0 .. k-1 in order;
 *   bias: acc += bias[j];  act: acc = act(acc);  dact_y: acc *= act'(dact_y[i,j])  (act' from y).
 * A is m x k with strides a_rs, a_cs; B is k x n with strides b_rs, b_cs: transposed operands are
 * strides, not copies. C overlaps nothing. */
struct matmul {
    int m, n, k;
    const real *a;
    ptrdiff_t a_rs, a_cs;
    const real *b;
    ptrdiff_t b_rs, b_cs;
    real *c;
    ptrdiff_t ldc;
    bool add;
    const real *bias; /* n, or NULL */
    enum act act;     /* of the result; or, where dact_y is given, of the derivative */
    real act_param;
    const real *dact_y; /* m x n with row stride ldc, or NULL */
    /* The result is a gradient: it updates w (as k->sgd, k->adam say; where matmul_is_ger, as that
     * says) instead of being stored; what C holds then is not said. w and the slots that
     * update->rule needs lie as C does. NULL: C is stored. */
    const struct update *update;
    real *w, *slot[2];
    real *scratch; /* this thread's own, kernels->matmul_scratch reals, 64-byte aligned */
    /* A team's (team_queues): threads that are done take what others have not begun. So a barrier
     * stands before anything else reads or writes C, which names the product. Or NULL. */
    struct par_queue *queues;
};

/* How a kernel can update parameters. */
enum update_rule {
    UPDATE_NONE, /* in no kernel */
    UPDATE_SGD,  /* one slot, with momentum */
    UPDATE_ADAM  /* two slots */
};

/* One convolution, activations channels-last:
 *   y[i,p,q,o] = sum over kh, kw, c of x[i, p stride - pad + kh dilation, q .., group c]
 * w[kh,kw,c,o] Taps outside the image are skipped, never multiplied: no 0 times infinity (but where
 * winograd_takes it: there what is not finite makes the whole tile so). Each
 * function reads and writes what its comment in struct kernels names; the other arrays may be NULL.
 * Arrays that are written overlap nothing. */
struct conv {
    int n, h, w, c; /* input: n x h x w x c */
    int oh, ow, oc; /* output: n x oh x ow x oc */
    int kh, kw;     /* taps */
    int stride_h, stride_w;
    int pad_h, pad_w; /* above and left; oh and ow say what is below and right */
    int dilation_h, dilation_w;
    int groups; /* divides c and oc: outputs of a group see its c / groups inputs */
    bool bf16;  /* where winograd_takes it: factors of products at points are rounded to bfloat16
                 * (bf16.h); not by the reference, whose sums are direct */
    const real *x;
    const real *weight; /* kh x kw x c/groups x oc */
    const real *bias;   /* oc, or NULL */
    real *y;
    enum act act; /* forward: y = act(conv + bias) */
    real act_param;
    const real *dy; /* as y */
    real *dx;       /* as x */
    enum grad_mode dx_mode;
    const real *dact_y; /* as x, or NULL: dx, after any adding, is multiplied by dx_act'(dact_y) */
    enum act dx_act;
    real dx_act_param;
    real *dweight, *dbias; /* as weight and bias; dbias may be NULL */
    enum grad_mode dw_mode;
    real *partial;        /* all threads': conv_partial reals, 64-byte aligned, left alone between
                           * conv_backward_weights and conv_backward_weights_sum */
    real *scratch;        /* this thread's own: conv_scratch reals, 64-byte aligned */
    const real *prepared; /* conv_prepare's, or NULL: each thread prepares the weights for itself */
};

#define CONV_SLICE      8  /* samples */
#define CONV_SLICE_MOST 32 /* of many channels: winograd.h, conv_slice */

/* Windows over the positions of images, channels-last, each channel for itself. What of a window is
 * outside of the image does not count; some of every window is inside. */
struct pool {
    int n, h, w, c; /* x, dx: n x h x w x c */
    int oh, ow;     /* y, dy: n x oh x ow x c */
    int kh, kw;     /* taps */
    int stride_h, stride_w;
    int pad_h, pad_w; /* above and left; oh and ow say what is below and right */
    const real *x;
    real *y;
    int32_t *which; /* max_pool: as y, the tap kh * (taps of a row) + kw that y came from; forward:
                     * NULL where it is not wanted */
    const real *dy;
    real *dx;
    enum grad_mode dx_mode;
    const real *dact_y; /* NULL, or: dx, after any adding, is multiplied by dx_act'(dact_y).
                         * avg_pool: as x. max_pool: as y, which is x where its gradient is not 0 */
    enum act dx_act;
    real dx_act_param;
};

/* The numbers of one update, equal for all parameters of a step. */
struct update {
    enum update_rule rule;
    real lr, momentum, beta1, beta2, eps;
    real rest1, rest2;       /* 1 - beta1, 1 - beta2, rounded once from double: they are small */
    real weight_decay;       /* as PyTorch: g += wd w, or (decoupled) w *= 1 - lr wd first */
    real correct1, correct2; /* what time corrects: adam: 1 - beta1^t, sqrt(1 - beta2^t) */
    bool nesterov, decoupled, first; /* first: no momentum stored yet */
};

struct kernels {
    const char *isa;       /* "ref", "base", "avx2", "avx512" */
    size_t matmul_scratch; /* reals of scratch a thread needs */

    void (*matmul)(const struct matmul *mm, int tid, int nt);
    /* One thread's matmul(update), then its matmul(mm), which may read what that has updated. Where
     * mm is of one row, and w of a single product an element, that is read and written once. */
    void (*update_matmul)(const struct matmul *update, const struct matmul *mm);

    /* Reals of scratch and partial that the functions below need for such a convolution, of its n
     * samples or fewer. Only the sizes are read. */
    size_t (*conv_scratch)(const struct conv *cv);
    size_t (*conv_partial)(const struct conv *cv);
    /* What threads share of conv_forward's and, with `back`, conv_backward_data's work on the
     * weights: how many reals, or 0; and that into `to`, 64-byte aligned, with a barrier behind. No
     * bit of the results depends on it. */
    size_t (*conv_prepared)(const struct conv *cv, bool back);
    void (*conv_prepare)(const struct conv *cv, bool back, real *to, int tid, int nt);
    /* y from x, weight, bias: per output one chain over (kh, kw, c) from 0, then the bias. */
    void (*conv_forward)(const struct conv *cv, int tid, int nt);
    /* dx from dy, weight, dact_y: per input one chain over (kh, kw, output of its group), from 0 or
     * what dx held. */
    void (*conv_backward_data)(const struct conv *cv, int tid, int nt);
    /* dweight and dbias from x, dy, in two steps with a barrier between them: each slice of
     * samples (conv_slice) is a chain over (sample, row, column) from 0; then slices are added up
     * in order, to 0 or to what was held. With few channels the border may be multiplied as zeros:
     * what is not finite in dy may spread to more weights. */
    void (*conv_backward_weights)(const struct conv *cv, int tid, int nt);
    void (*conv_backward_weights_sum)(const struct conv *cv, int tid, int nt);

    /* y = the largest x of the window; of equals the first; a NaN where there is one (the last). */
    void (*max_pool)(const struct pool *po, int tid, int nt);
    /* dx from dy and which: per input the sum of dy over the windows, in order, that took it. */
    void (*max_pool_backward)(const struct pool *po, int tid, int nt);
    /* y = the sum of x over the window in order, times 1 / how many there are. */
    void (*avg_pool)(const struct pool *po, int tid, int nt);
    /* dx from dy: per input one chain of dy times 1 / how many, over its windows in order. */
    void (*avg_pool_backward)(const struct pool *po, int tid, int nt);

    /* The machine's peak: `rounds` rounds of independent multiply-adds in registers. Returns how
     * many operations that was (an addition and a multiplication count 2). sink: 2 numbers, read
     * and written, so that nothing can be left out. */
    size_t (*fma_loop)(size_t rounds, real *sink);

    /* out[j] (+)= sum over i = 0 .. m-1, in order, of a[i * lda + j]; the caller splits. */
    void (*col_sums)(real *out, const real *a, ptrdiff_t lda, int m, int n, enum grad_mode mode);

    /* Columns j = 0 .. n-1 of m rows; the caller splits. Rows of a and b stand ld apart, all others
     * are n long.
     * s[j] (+)= sum of a[i,j]; d[j] (+)= sum of a[i,j] b[i,j], one chain each over i in order */
    void (*col_dots)(real *s, real *d, const real *a, const real *b, ptrdiff_t ld, int m, int n,
                     enum grad_mode mode);
    /* mean[j] of the rows, m > 0; m2[j] = sum of (x[i,j] - mean[j])^2 */
    void (*col_moments)(real *mean, real *m2, const real *x, int m, int n);
    /* h = (x - mean[j]) inverse[j]; y = h w[j] + b[j]; w NULL: y = h; b NULL: 0. y may be x. */
    void (*col_standardize)(real *h, real *y, const real *x, const real *mean, const real *inverse,
                            const real *w, const real *b, int m, int n);
    /* dx (+)= (dy - s[j] - h d[j]) by[j]. dx may be dy. */
    void (*col_standardize_backward)(real *dx, const real *dy, const real *h, const real *by,
                                     const real *s, const real *d, int m, int n,
                                     enum grad_mode mode);

    /* Element-wise over n elements, the whole range: the caller splits (multiples of 64 are kind to
     * caches). Arrays are equal or do not overlap. p is the activation's parameter. */
    void (*act_forward)(enum act act, real p, real *y, const real *x, size_t n);
    /* dx (+)= dy * act'(y) */
    void (*act_backward)(enum act act, real p, real *dx, const real *dy, const real *y, size_t n,
                         enum grad_mode mode);
    void (*curve_forward)(enum curve curve, real *y, const real *x, size_t n);
    /* dx (+)= dy * curve'(x) */
    void (*curve_backward)(enum curve curve, real *dx, const real *dy, const real *x, size_t n,
                           enum grad_mode mode);
    void (*exp)(real *y, const real *x, size_t n);
    void (*log)(real *y, const real *x, size_t n);
    void (*add)(real *y, const real *a, const real *b, size_t n); /* y = a + b */
    void (*mul)(real *y, const real *a, const real *b, size_t n,
                enum grad_mode mode);                        /* y (+)= a b */
    void (*scale)(real *y, const real *x, real a, size_t n); /* y = a x */
    void (*axpy)(real *y, const real *x, real a, size_t n);  /* y = fma(a, x, y) */
    real (*sum)(const real *x, size_t n);                    /* 16 virtual lanes */
    real (*dot)(const real *a, const real *b, size_t n);     /* 16 virtual lanes, fma */
    real (*max)(const real *x, size_t n);                    /* n > 0; NaN if any is NaN */

    /* Inverted dropout mask: y[i] = u[i] < keep ? x[i] * scale : 0 for 32-bit randoms u. */
    void (*mask)(real *y, const real *x, const uint32_t *u, uint32_t keep, real scale, size_t n,
                 enum grad_mode mode);
    /* Philox4x32-10 numbers pos .. pos+n-1 of the stream key/index (rng.h); pos a multiple of 4. */
    void (*philox)(uint32_t *out, const uint32_t key[2], uint64_t index, uint64_t pos, size_t n);

    /* Normal numbers, mean 0 and deviation 1, at most 5.8, by Box and Muller 1958:
     * out = sqrt(-2 log(((u >> 8) + 1) / 2^24)) cos(2 pi (v >> 8) / 2^24) for random u, v. */
    void (*normal)(real *out, const uint32_t *u, const uint32_t *v, size_t n);

    /* Rows i = 0 .. m-1 of n elements, row stride n: y = e^(x - max) / sum. The caller splits
     * rows.*/
    void (*softmax)(real *y, const real *x, int m, int n);
    /* dx (+)= y * (dy - sum(dy * y)) */
    void (*softmax_backward)(real *dx, const real *dy, const real *y, int m, int n,
                             enum grad_mode mode);
    /* h = (x - mean) inverse[i], inverse = 1 / sqrt(mean of (x - mean)^2 + eps), means over the
     * row; y = h w[j] + b[j]; w NULL: y = h; b NULL: 0. y may be x. n > 0. */
    void (*row_standardize)(real *h, real *y, real *inverse, const real *x, const real *w,
                            const real *b, real eps, int m, int n);
    /* with g = dy w[j]: dx (+)= (g - mean of g - h (mean of g h)) inverse[i]. dx may be dy. scratch
     * holds n. */
    void (*row_standardize_backward)(real *dx, const real *dy, const real *h, const real *inverse,
                                     const real *w, int m, int n, enum grad_mode mode,
                                     real *scratch);
    /* Rows i = 0 .. m-1 of n > 0 logits with classes label[i]: value[i] = log(sum(e^(x - max)))
     * - (x[label] - max); dx = scale (softmax(x) - onehot(label)), unless NULL. */
    void (*softmax_cross_entropy)(real *value, real *dx, const real *x, const int *label,
                                  real scale, int m, int n);
    /* lse[i] = max + log(sum(e^(x - max))) ; if p is given, p = softmax(x) as above. */
    void (*log_sum_exp)(real *lse, real *p, const real *x, int m, int n);

    /* One update of n parameters from their gradients; slots as optim.h says. Element-wise: the
     * caller splits. m: momentum buffer, or first moment; v: second moment. */
    void (*sgd)(real *w, const real *g, real *m, const struct update *u, size_t n);
    void (*adam)(real *w, const real *g, real *m, real *v, const struct update *u, size_t n);
};

/* The table of that name ("ref", "base", "avx2", "avx512"), or NULL if unknown, not built, or not
 * supported by this CPU. NULL or "auto": the best this CPU has. Thread-safe. */
const struct kernels *kernels_get(const char *isa);

/* Names of all tables built in, NULL-terminated, slowest first; whether this CPU runs one. */
extern const char *const kernels_names[];
bool kernels_supported(const char *isa);

/* Neither momentum nor weight decay. */
static inline bool update_is_plain(const struct update *u)
{
    return u->rule == UPDATE_SGD && u->momentum == 0 && u->weight_decay == 0;
}

/* A step of plain gradient descent by one product an element (a sample): w = fma(A[i,0], -lr
 * B[0,j], w), which rounds twice, where by a stored gradient it would be three times. */
static inline bool matmul_is_ger(const struct matmul *mm)
{
    return mm->k == 1 && mm->update && update_is_plain(mm->update) && !mm->add && !mm->bias &&
           mm->act == ACT_NONE && !mm->dact_y;
}

/* act'(x) from y = act(x), one element: the expression that every kernel uses. */
static inline real act_slope(enum act act, real p, real y)
{
    switch (act) {
    case ACT_RELU: /* thresholds are >= 0, so y > 0 is x > threshold */
        return y > 0 ? 1 : 0;
    case ACT_TANH:
        return 1 - y * y;
    case ACT_SIGMOID:
        return y * (1 - y);
    case ACT_LEAKY_RELU:
        return y > 0 ? 1 : p;
    case ACT_ELU:
        return y > 0 ? 1 : y + p;
    default:
        return 1;
    }
}

#endif
