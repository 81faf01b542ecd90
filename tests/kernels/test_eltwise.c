/* Every kernel but matmul, on every instruction set, against the reference: lengths around the
 * vector widths, odd alignment, special values, guards of NaN, in place, and one element alone. */
#include "kernels/arrays.h"
#include "kernels/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* How near a result must be to the reference. */
enum grade {
    EXACT, /* the same bits */
    FUSED, /* the same bits where multiply-add is fused, else near what the sum of terms allows */
    NEAR   /* a few units in the last place */
};

/* Arrays of n numbers; y, z, w are input and output. */
struct arrays {
    real *a, *b, *u, *y, *z, *w;
};

struct op {
    const char *name;
    void (*run)(const struct kernels *k, const struct arrays *s, size_t n);
    enum grade grade;
    bool plain; /* inputs without special values: sums of them say nothing */
};

#define OP(id, call)                                                                               \
    static void id(const struct kernels *k, const struct arrays *s, size_t n)                      \
    {                                                                                              \
        call;                                                                                      \
    }

OP(relu, k->act_forward(ACT_RELU, (real)0.25, s->y, s->a, n))
OP(tanh_, k->act_forward(ACT_TANH, 0, s->y, s->a, n))
OP(sigmoid, k->act_forward(ACT_SIGMOID, 0, s->y, s->a, n))
OP(none, k->act_forward(ACT_NONE, 0, s->y, s->a, n))
OP(relu_in_place, k->act_forward(ACT_RELU, 0, s->y, s->y, n))
OP(relu_back, k->act_backward(ACT_RELU, 0, s->y, s->a, s->b, n, GRAD_STORE))
OP(tanh_back, k->act_backward(ACT_TANH, 0, s->y, s->a, s->b, n, GRAD_STORE))
OP(sigmoid_back, k->act_backward(ACT_SIGMOID, 0, s->y, s->a, s->b, n, GRAD_ADD))
OP(none_back, k->act_backward(ACT_NONE, 0, s->y, s->a, s->b, n, GRAD_ADD))
OP(tanh_back_in_place, k->act_backward(ACT_TANH, 0, s->y, s->y, s->b, n, GRAD_STORE))
OP(leaky_relu, k->act_forward(ACT_LEAKY_RELU, (real)0.1, s->y, s->a, n))
OP(leaky_relu_back, k->act_backward(ACT_LEAKY_RELU, (real)0.1, s->y, s->a, s->b, n, GRAD_ADD))
OP(elu, k->act_forward(ACT_ELU, (real)1.5, s->y, s->a, n))
OP(elu_back, k->act_backward(ACT_ELU, (real)1.5, s->y, s->a, s->b, n, GRAD_STORE))
/* With dy = 1: a huge one would show where the slope is near 0. */
static void slopes(const struct kernels *k, const struct arrays *s, size_t n, enum curve curve)
{
    for (size_t i = 0; i < n; i++)
        s->z[i] = 1;
    k->curve_backward(curve, s->y, s->z, s->b, n, GRAD_STORE);
}

OP(gelu_slope, slopes(k, s, n, CURVE_GELU))
OP(gelu_tanh_slope, slopes(k, s, n, CURVE_GELU_TANH))
OP(silu_slope, slopes(k, s, n, CURVE_SILU))
OP(gelu, k->curve_forward(CURVE_GELU, s->y, s->a, n))
OP(gelu_back, k->curve_backward(CURVE_GELU, s->y, s->a, s->b, n, GRAD_STORE))
OP(gelu_tanh, k->curve_forward(CURVE_GELU_TANH, s->y, s->a, n))
OP(gelu_tanh_back, k->curve_backward(CURVE_GELU_TANH, s->y, s->a, s->b, n, GRAD_ADD))
OP(silu, k->curve_forward(CURVE_SILU, s->y, s->y, n))
OP(silu_back, k->curve_backward(CURVE_SILU, s->y, s->a, s->b, n, GRAD_STORE))
OP(normal, k->normal(s->y, (const uint32_t *)s->a, (const uint32_t *)s->b, n))
OP(cos_, k->curve_forward(CURVE_COS, s->y, s->a, n))
OP(cos_back, k->curve_backward(CURVE_COS, s->y, s->a, s->b, n, GRAD_ADD))
OP(exp_, k->exp(s->y, s->a, n))
OP(log_, k->log(s->y, s->a, n))
OP(add, k->add(s->y, s->a, s->b, n))
OP(add_in_place, k->add(s->y, s->y, s->b, n))
OP(mul, k->mul(s->y, s->a, s->b, n, GRAD_STORE))
OP(mul_add, k->mul(s->y, s->a, s->b, n, GRAD_ADD))
OP(scale, k->scale(s->y, s->a, (real)-1.7, n))
OP(axpy, k->axpy(s->y, s->a, (real)0.3, n))
OP(sum, s->y[0] = k->sum(s->a, n))
OP(dot, s->y[0] = k->dot(s->a, s->b, n))
OP(max, s->y[0] = k->max(s->a, n))
OP(mask, k->mask(s->y, s->a, (const uint32_t *)s->u, 0x3f800000, (real)1.25, n, GRAD_STORE))
OP(mask_add, k->mask(s->y, s->a, (const uint32_t *)s->u, 0xc0000000, (real)1.25, n, GRAD_ADD))

OP(softmax_row, k->softmax(s->y, s->a, 1, (int)n))
OP(softmax_rows, k->softmax(s->y, s->a, (int)n / 5, 5))
OP(softmax_in_place, k->softmax(s->y, s->y, 1, (int)n))
OP(softmax_back, k->softmax_backward(s->y, s->a, s->b, (int)n / 3, 3, GRAD_ADD))
OP(softmax_back_row, k->softmax_backward(s->y, s->a, s->b, 1, (int)n, GRAD_STORE))
OP(lse, k->log_sum_exp(s->y, s->z, s->a, (int)n / 7, 7))
static const int labels[] = {2, 0, 6, 3, 5, 1, 4};

static void cross(const struct kernels *k, const struct arrays *s, size_t n, real *dx)
{
    int rows = (int)n / 7 < 7 ? (int)n / 7 : 7;
    k->softmax_cross_entropy(s->y, dx, s->a, labels, (real)0.25, rows, 7);
}

OP(cross_entropy, cross(k, s, n, s->z))
OP(cross_entropy_alone, cross(k, s, n, NULL))
OP(lse_row, k->log_sum_exp(s->y, s->z, s->a, 1, (int)n))
OP(lse_alone, k->log_sum_exp(s->y, NULL, s->a, (int)n / 2, 2))

static void columns(const struct kernels *k, const struct arrays *s, size_t n, enum grad_mode mode,
                    int rows)
{
    int cols = (int)n / rows;
    k->col_sums(s->y, s->a, cols, rows, cols, mode);
}

static void dots(const struct kernels *k, const struct arrays *s, size_t n, enum grad_mode mode,
                 int rows)
{
    int cols = (int)n / rows, half = cols / 2; /* two ranges of columns, as two threads would */
    k->col_dots(s->y, s->z, s->a, s->b, cols, rows, half, mode);
    k->col_dots(s->y + half, s->z + half, s->a + half, s->b + half, cols, rows, cols - half, mode);
}

OP(col_dots, dots(k, s, n, GRAD_STORE, 3))
OP(col_dots_add, dots(k, s, n, GRAD_ADD, 2))
OP(col_moments, k->col_moments(s->y, s->z, s->a, 3, (int)n / 3))
OP(col_moments_one, k->col_moments(s->y, s->z, s->a, 1, (int)n))
OP(col_standardize, k->col_standardize(s->y, s->z, s->a, s->b, s->u, s->a, s->u, 2, (int)n / 2))
OP(col_standardize_in_place,
   k->col_standardize(s->z, s->y, s->y, s->b, s->u, NULL, NULL, 1, (int)n))
OP(col_standardize_weight, k->col_standardize(s->y, s->z, s->a, s->b, s->u, s->a, NULL, 1, (int)n))
OP(col_standardize_back,
   k->col_standardize_backward(s->y, s->a, s->b, s->u, s->b, s->a, 2, (int)n / 2, GRAD_ADD))
OP(row_standardize,
   k->row_standardize(s->y, s->z, s->w, s->a, s->b, s->u, (real)1e-3, (int)n / 5, 5))
OP(row_standardize_row, k->row_standardize(s->z, s->y, s->w, s->y, NULL, NULL, 1, 1, (int)n))
OP(row_standardize_back,
   k->row_standardize_backward(s->y, s->a, s->b, s->u, s->a, (int)n / 4, 4, GRAD_ADD, s->z))
OP(row_standardize_back_row,
   k->row_standardize_backward(s->y, s->a, s->b, s->u, NULL, 1, (int)n, GRAD_STORE, s->z))

OP(col_sums, columns(k, s, n, GRAD_STORE, 2))
OP(col_sums_add, columns(k, s, n, GRAD_ADD, 5))

static const struct update plain_step = {.lr = (real)0.1};
static const struct update momentum_step = {
    .lr = (real)0.1, .momentum = (real)0.9, .weight_decay = (real)0.01, .nesterov = true};
static const struct update first_step = {.lr = (real)0.1,
                                         .momentum = (real)0.9,
                                         .first = true,
                                         .weight_decay = (real)0.2,
                                         .decoupled = 1};
static const struct update adam_step = {.lr = (real)0.01,
                                        .beta1 = (real)0.9,
                                        .beta2 = (real)0.999,
                                        .rest1 = (real)0.1,
                                        .rest2 = (real)0.001,
                                        .eps = (real)1e-8,
                                        .correct1 = (real)0.19,
                                        .correct2 = (real)0.0447,
                                        .weight_decay = (real)0.01};

OP(sgd, k->sgd(s->y, s->a, NULL, &plain_step, n))
OP(sgd_momentum, k->sgd(s->y, s->a, s->z, &momentum_step, n))
OP(sgd_first, k->sgd(s->y, s->a, s->z, &first_step, n))
OP(adam, k->adam(s->y, s->a, s->z, s->w, &adam_step, n))

#define E(id, grade, plain)                                                                        \
    {                                                                                              \
#id, id, grade, plain                                                                      \
    }
static const struct op ops[] = {
    E(relu, EXACT, false),
    E(tanh_, NEAR, false),
    E(sigmoid, NEAR, false),
    E(none, EXACT, false),
    E(relu_in_place, EXACT, false),
    E(relu_back, EXACT, false),
    E(tanh_back, EXACT, false),
    E(sigmoid_back, EXACT, false),
    E(none_back, EXACT, false),
    E(tanh_back_in_place, EXACT, false),
    E(leaky_relu, EXACT, false),
    E(leaky_relu_back, EXACT, false),
    E(elu, NEAR, false),
    E(elu_back, EXACT, false),
    E(gelu, NEAR, false),
    E(gelu_slope, NEAR, false),
    E(gelu_back, NEAR, true),
    E(gelu_tanh, NEAR, false),
    E(gelu_tanh_slope, NEAR, false),
    E(gelu_tanh_back, NEAR, true),
    E(silu, NEAR, false),
    E(silu_slope, NEAR, false),
    E(silu_back, NEAR, true),
    E(normal, NEAR, true),
    E(cos_, NEAR, true),
    E(cos_back, NEAR, true),
    E(exp_, NEAR, false),
    E(log_, NEAR, false),
    E(add, EXACT, false),
    E(add_in_place, EXACT, false),
    E(mul, EXACT, false),
    E(mul_add, EXACT, false),
    E(scale, EXACT, false),
    E(axpy, FUSED, false),
    E(sum, EXACT, true),
    E(dot, FUSED, true),
    E(max, EXACT, false),
    E(mask, EXACT, false),
    E(mask_add, EXACT, false),
    E(softmax_row, NEAR, true),
    E(softmax_rows, NEAR, true),
    E(softmax_in_place, NEAR, true),
    E(softmax_back, FUSED, true),
    E(softmax_back_row, FUSED, true),
    E(lse, NEAR, true),
    E(lse_row, NEAR, true),
    E(cross_entropy, NEAR, true),
    E(cross_entropy_alone, NEAR, true),
    E(lse_alone, NEAR, true),
    E(col_dots, FUSED, true),
    E(col_dots_add, FUSED, true),
    E(col_moments, FUSED, true),
    E(col_moments_one, FUSED, true),
    E(col_standardize, FUSED, true),
    E(col_standardize_in_place, EXACT, false),
    E(col_standardize_weight, FUSED, true),
    E(col_standardize_back, FUSED, true),
    E(row_standardize, FUSED, true),
    E(row_standardize_row, FUSED, true),
    E(row_standardize_back, FUSED, true),
    E(row_standardize_back_row, FUSED, true),
    E(col_sums, EXACT, true),
    E(col_sums_add, EXACT, true),
    E(sgd, EXACT, false),
    E(sgd_momentum, EXACT, false),
    E(sgd_first, EXACT, false),
    E(adam, EXACT, false),
};
#define N_OPS (sizeof ops / sizeof *ops)

static void arrays_new(struct arrays *s, size_t n, bool plain)
{
    real **all[] = {&s->a, &s->b, &s->u, &s->y, &s->z, &s->w};
    for (uint32_t i = 0; i < 6; i++) {
        *all[i] = array_new(n);
        (plain ? array_fill : array_fill_special)(*all[i], n, 17 * i + (uint32_t)n);
    }
}

static void arrays_free(struct arrays *s, size_t n)
{
    real *all[] = {s->a, s->b, s->u, s->y, s->z, s->w};
    for (int i = 0; i < 6; i++)
        assert_true(array_free(all[i], n));
}

static bool near(real got, real want, double tolerance)
{
    if (array_same(got, want) || got == want)
        return true;
    return fabs((double)got - (double)want) <= tolerance * fmax(1, fabs((double)want));
}

static void compare(const struct kernels *k, const struct op *op, const real *got, const real *want,
                    size_t n, enum grade grade)
{
    for (size_t i = 0; i < n; i++)
        if (!(grade == EXACT ? array_same(got[i], want[i])
                             : near(got[i], want[i], grade == FUSED ? 1e-5 : 1e-6)))
            fail_msg("%s on %s, %zu of %zu: %a, not %a", op->name, k->isa, i, n, (double)got[i],
                     (double)want[i]);
}

/* Runs the operation on both and compares what they wrote. */
static void against(const struct kernels *k, const struct kernels *oracle, const struct op *op,
                    size_t n, enum grade grade)
{
    struct arrays s, t;
    arrays_new(&s, n, op->plain);
    arrays_new(&t, n, op->plain);
    op->run(k, &s, n);
    op->run(oracle, &t, n);
    compare(k, op, s.y, t.y, n, grade);
    compare(k, op, s.z, t.z, n, grade);
    compare(k, op, s.w, t.w, n, grade);
    arrays_free(&s, n);
    arrays_free(&t, n);
}

static enum grade grade_of(const struct kernels *k, const struct op *op)
{
    if (op->grade == FUSED)
        return strcmp(k->isa, "base") == 0 ? FUSED : EXACT;
    return op->grade;
}

static void every_set_as_reference(void **state)
{
    (void)state;
    for (int i = 1; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (size_t o = 0; k && o < N_OPS; o++)
            for (size_t n = 1; n < 150; n += n < 70 ? 1 : 13)
                against(k, kernels_get("ref"), &ops[o], n, grade_of(k, &ops[o]));
    }
}

static void same_bits_with_fused_sets(void **state)
{
    (void)state;
    const struct kernels *a = kernels_get("avx2"), *b = kernels_get("avx512");
    if (!a || !b)
        skip();
    for (size_t o = 0; o < N_OPS; o++)
        for (size_t n = 1; n < 2000; n += 1 + n / 3)
            against(a, b, &ops[o], n, EXACT);
}

/* A value's bits do not depend on where it stands. */
static void same_bits_alone(void **state)
{
    (void)state;
    enum { N = 37 };
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        if (!k)
            continue;
        for (int act = ACT_NONE; act < ACT_SOFTMAX; act++) {
            real *x = array_new(N), y[N];
            array_fill_special(x, N, 5);
            k->act_forward((enum act)act, 0, y, x, N);
            for (int j = 0; j < N; j++) {
                real alone;
                k->act_forward((enum act)act, 0, &alone, x + j, 1);
                assert_true(array_same(alone, y[j]));
            }
            for (int curve = 0; curve < CURVE_COUNT && act == ACT_NONE; curve++) {
                k->curve_forward((enum curve)curve, y, x, N);
                for (int j = 0; j < N; j++) {
                    real alone;
                    k->curve_forward((enum curve)curve, &alone, x + j, 1);
                    assert_true(array_same(alone, y[j]));
                }
            }
            assert_true(array_free(x, N));
        }
    }
}

static void nothing_to_do(void **state)
{
    (void)state;
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        struct arrays s;
        if (!k)
            continue;
        arrays_new(&s, 0, true);
        for (size_t o = 0; o < N_OPS; o++)
            if (ops[o].run != sum && ops[o].run != dot && ops[o].run != max &&
                ops[o].run != lse_row && ops[o].run != row_standardize_row)
                ops[o].run(k, &s, 0);
        assert_true(k->sum(s.a, 0) == 0 && k->dot(s.a, s.b, 0) == 0);
        arrays_free(&s, 0);
    }
}

/* Rows whose exponentials overflow, and rows that hold an infinity. */
static void softmax_is_stable(void **state)
{
    (void)state;
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        if (!k)
            continue;
        real x[20], p[20], lse[2];
        for (int j = 0; j < 20; j++)
            x[j] = (real)(j < 10 ? 1000 : -1000);
        x[19] = (real)-INFINITY;
        k->log_sum_exp(lse, p, x, 2, 10);
        assert_true(fabs((double)lse[0] - 1002.302585) < 1e-3);
        assert_true(fabs((double)lse[1] + 997.802775) < 1e-3);
        assert_true(fabs((double)p[0] - 0.1) < 1e-6 && fabs((double)p[10] - 1 / 9.0) < 1e-6);
        assert_true(p[19] == 0);
        x[3] = (real)NAN;
        assert_true(isnan(k->max(x, 20)) && !isnan(k->max(x + 4, 16)));
        k->softmax(p, x, 1, 10);
        assert_true(isnan(p[0]) && isnan(p[9]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_as_reference), cmocka_unit_test(same_bits_with_fused_sets),
        cmocka_unit_test(same_bits_alone),        cmocka_unit_test(nothing_to_do),
        cmocka_unit_test(softmax_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
