/* matmul_cases.h - random products with any strides, guarded, against the reference. */
#ifndef TESTS_KERNELS_MATMUL_CASES_H
#define TESTS_KERNELS_MATMUL_CASES_H

#include "kernels/arrays.h"
#include "kernels/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What of struct matmul a case switches on. */
enum {
    CASE_TURN_A = 1,
    CASE_TURN_B = 2,
    CASE_ADD = 4,
    CASE_BIAS = 8,
    CASE_DACT = 16,
    CASE_WIDE = 32,      /* rows of A, B and C lie further apart than they are long */
    CASE_SCATTERED = 64, /* elements of a row of A and B lie apart, too */
    CASE_ALL = 128
};

/* What becomes of the result. */
enum case_update { CASE_STORE, CASE_PLAIN, CASE_MOMENTUM, CASE_DECAY, CASE_ADAM, CASE_UPDATES };

struct matmul_case {
    int m, n, k, flags;
    enum act act;
    enum case_update update;
};

/* Numbers that a case gives: C, or w and two slots. */
static inline size_t case_size(const struct matmul_case *c)
{
    return (size_t)c->m * (size_t)c->n * (c->update ? 3 : 1);
}

static inline struct update case_rule(const struct matmul_case *c)
{
    struct update u = {.rule = c->update == CASE_ADAM ? UPDATE_ADAM : UPDATE_SGD, .lr = (real)0.25};
    u.momentum = c->update == CASE_MOMENTUM || c->update == CASE_DECAY ? (real)0.5 : 0;
    u.nesterov = c->update == CASE_DECAY;
    u.weight_decay = c->update == CASE_DECAY || c->update == CASE_ADAM ? (real)0.125 : 0;
    u.decoupled = c->update == CASE_ADAM;
    u.beta1 = u.beta2 = u.rest1 = u.rest2 = u.correct1 = u.correct2 = (real)0.5;
    u.eps = (real)0.01;
    return u;
}

/* A matrix of rows x cols somewhere in `size` numbers. */
struct case_matrix {
    real *data;
    size_t size;
    ptrdiff_t rs, cs;
};

static inline struct case_matrix case_matrix(int rows, int cols, int turned, int flags,
                                             uint32_t seed)
{
    struct case_matrix x;
    ptrdiff_t step = flags & CASE_SCATTERED ? 3 : 1, gap = flags & CASE_WIDE ? 5 : 0;
    int line = turned ? rows : cols, lines = turned ? cols : rows;
    ptrdiff_t apart = line * step + gap;
    x.rs = turned ? step : apart;
    x.cs = turned ? apart : step;
    x.size = lines > 0 && line > 0 ? (size_t)((lines - 1) * apart + (line - 1) * step + 1) : 0;
    x.data = array_new(x.size);
    array_fill(x.data, x.size, seed);
    return x;
}

/* The matrix without its gaps. */
static inline void case_take(const struct matmul_case *c, const struct case_matrix *d, real *out)
{
    for (int i = 0; d->size > 0 && i < c->m; i++)
        memcpy(out + (size_t)i * (size_t)c->n, d->data + i * d->rs, (size_t)c->n * sizeof *out);
}

/* Weights and two slots. */
static inline void case_state(const struct matmul_case *c, struct case_matrix state[3])
{
    for (int i = 0; i < 3; i++) {
        state[i] = case_matrix(c->m, c->n, 0, c->flags & CASE_WIDE, 6 + (uint32_t)i);
        for (size_t j = 0; j < state[i].size; j++) /* running squares are not negative */
            state[i].data[j] = i == 2 ? state[i].data[j] * state[i].data[j] : state[i].data[j];
    }
}

/* What the case has computed, into out; frees the state. */
static inline void case_results(const struct matmul_case *c, struct case_matrix state[3],
                                const struct case_matrix *d, real *out)
{
    for (int i = 0; i < 3; i++) {
        if (c->update)
            case_take(c, &state[i], out + (size_t)i * (size_t)c->m * (size_t)c->n);
        assert_true(array_free(state[i].data, state[i].size));
    }
    if (!c->update)
        case_take(c, d, out);
}

/* C of the case, or w and slots, as kernels k compute them with nt threads, one after the other;
 * m x n without gaps. */
static inline void case_run(const struct matmul_case *c, const struct kernels *k, int nt, real *out)
{
    struct case_matrix a = case_matrix(c->m, c->k, c->flags & CASE_TURN_A, c->flags, 1);
    struct case_matrix b = case_matrix(c->k, c->n, c->flags & CASE_TURN_B, c->flags, 2);
    struct case_matrix d = case_matrix(c->m, c->n, 0, c->flags & CASE_WIDE, 3);
    struct case_matrix y = case_matrix(c->m, c->n, 0, c->flags & CASE_WIDE, 4);
    struct case_matrix state[3];
    const struct update u = case_rule(c);
    case_state(c, state);
    real *bias = array_new((size_t)c->n);
    array_fill(bias, (size_t)c->n, 5);
    real *scratch = aligned_alloc(64, (k->matmul_scratch + 16) * sizeof *scratch / 64 * 64 + 64);
    assert_non_null(scratch);
    scratch[k->matmul_scratch] = 12345;
    if (!(c->flags & CASE_ADD)) /* what C held must not matter */
        for (int i = 0; i < c->m; i++)
            for (int j = 0; j < c->n; j++)
                d.data[i * d.rs + j] = (real)NAN;
    real *before = malloc((d.size + 1) * sizeof *before);
    memcpy(before, d.data, d.size * sizeof *before);

    for (int tid = 0; tid < nt; tid++) {
        struct matmul mm = {
            .m = c->m,
            .n = c->n,
            .k = c->k,
            .a = a.data,
            .a_rs = a.rs,
            .a_cs = a.cs,
            .b = b.data,
            .b_rs = b.rs,
            .b_cs = b.cs,
            .c = d.data,
            .ldc = d.rs,
            .add = c->flags & CASE_ADD,
            .bias = c->flags & CASE_BIAS ? bias : NULL,
            .act = c->act,
            .act_param = (real)0.5,
            .dact_y = c->flags & CASE_DACT ? y.data : NULL,
            .update = c->update ? &u : NULL,
            .w = state[0].data,
            .slot = {u.momentum != 0 || c->update == CASE_ADAM ? state[1].data : NULL,
                     c->update == CASE_ADAM ? state[2].data : NULL},
            .scratch = scratch};
        k->matmul(&mm, tid, nt);
    }
    assert_true(scratch[k->matmul_scratch] == 12345);
    for (int i = 0; d.size > 0 && i < c->m - 1; i++)
        for (ptrdiff_t j = c->n; j < d.rs; j++) /* between the rows nothing was touched */
            assert_true(array_same(d.data[i * d.rs + j], before[i * d.rs + j]));
    case_results(c, state, &d, out);
    free(before);
    free(scratch);
    assert_true(array_free(a.data, a.size) && array_free(b.data, b.size));
    assert_true(array_free(d.data, d.size) && array_free(y.data, y.size));
    assert_true(array_free(bias, (size_t)c->n));
}

/* exact: the same bits; otherwise within what k roundings of terms up to 4 may differ, times the
 * steepest slope, 6. */
static inline void case_compare(const struct matmul_case *c, const char *who, const real *got,
                                const real *want, bool exact)
{
    double tolerance = 24.0 * (c->k + 2) * (double)REAL_EPS;
    if (c->update) /* a slot may hold squares of sums */
        tolerance *= 24.0 * (c->k + 2);
    for (int i = 0; i < (int)case_size(c); i++)
        if (!(exact ? array_same(got[i], want[i])
                    : fabs((double)got[i] - (double)want[i]) <= tolerance))
            fail_msg("%s: %d x %d x %d, flags %d, act %d, update %d: element %d, %d is %a, not %a",
                     who, c->m, c->n, c->k, c->flags, (int)c->act, (int)c->update, i / c->n,
                     i % c->n, (double)got[i], (double)want[i]);
}

/* Runs the case on k and on the reference. `fused`: k rounds a multiply-add once, as that does. */
static inline void case_check(const struct matmul_case *c, const struct kernels *k, bool fused)
{
    static const int threads[] = {1, 2, 3, 5};
    size_t n = case_size(c);
    real *want = malloc((n + 1) * sizeof *want), *got = malloc((n + 1) * sizeof *got);
    real *one = malloc((n + 1) * sizeof *one);
    case_run(c, kernels_get("ref"), 1, want);
    bool libm = !(c->flags & CASE_DACT) &&
                (c->act == ACT_TANH || c->act == ACT_SIGMOID || c->act == ACT_ELU);
    for (int t = 0; t < 4; t++) {
        case_run(c, k, threads[t], got);
        case_compare(c, k->isa, got, want, fused && !libm);
        if (t == 0)
            memcpy(one, got, n * sizeof *one);
        case_compare(c, "threads", got, one, true);
    }
    free(want);
    free(got);
    free(one);
}

#endif
