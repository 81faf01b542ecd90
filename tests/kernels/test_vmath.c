/* exp, log, tanh, sigmoid, elu, gelu, silu and cos of every instruction set against the C library
 * in double: the largest error over every 997th float (DIYNN_STRIDE=N: every Nth; 1: all of them,
 * some minutes), and special values. The bounds are those that vmath.h states. The sets with fused
 * multiply-add must agree to the bit. */
#include "base/par.h"
#include "kernels/kernels.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECE 1024
#define SETS  8 /* instruction sets at most */

typedef double (*exact_fn)(double);

struct function {
    const char *name;
    exact_fn exact;
    double fused, base; /* ulp allowed */
    int lowest;         /* exponent below which an ulp is that of this one */
};

static double exact_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double exact_elu(double x)
{
    return x > 0 ? x : expm1(x);
}

/* As the product is defined: -infinity times 0 is NaN. */
static double exact_gelu(double x)
{
    return x * (erfc(-x * M_SQRT1_2) / 2);
}

static double exact_silu(double x)
{
    return x * exact_sigmoid(x);
}

static const struct function functions[] = {
    {"exp", exp, 0.92, 1.21, -126},       {"log", log, 0.82, 0.83, -126},
    {"tanh", tanh, 2.58, 2.62, -126},     {"sigmoid", exact_sigmoid, 2.41, 2.41, -126},
    {"elu", exact_elu, 1.5, 1.5, -126},   {"gelu", exact_gelu, 7, 70, -122},
    {"silu", exact_silu, 3.2, 3.2, -119},
};

static void call(const struct kernels *k, const char *name, real *y, const real *x, size_t n)
{
    if (strcmp(name, "exp") == 0)
        k->exp(y, x, n);
    else if (strcmp(name, "log") == 0)
        k->log(y, x, n);
    else if (strcmp(name, "gelu") == 0)
        k->curve_forward(CURVE_GELU, y, x, n);
    else if (strcmp(name, "silu") == 0)
        k->curve_forward(CURVE_SILU, y, x, n);
    else
        k->act_forward(strcmp(name, "tanh") == 0      ? ACT_TANH
                       : strcmp(name, "sigmoid") == 0 ? ACT_SIGMOID
                                                      : ACT_ELU,
                       1, y, x, n);
}

static float from_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* Distance in units in the last place of a float; infinite where only one of them is finite. */
static double ulps(float got, double want, int lowest)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0 : (double)INFINITY;
    if (isinf(got) || isinf((float)want))
        return got == (float)want ? 0 : (double)INFINITY;
    int e = want == 0 ? lowest : ilogb(want);
    return fabs((double)got - want) / ldexp(1, (e < lowest ? lowest : e) - 23);
}

/* A function over all floats of a stride, by every instruction set at once. */
struct sweep {
    const struct function *f;
    uint64_t stride;
    const struct kernels *set[SETS];
    int n_sets;
    pthread_mutex_t lock; /* of what follows */
    double most[SETS];
    float where[SETS];
    uint64_t differ; /* values of which two fused sets make different bits */
};

static bool is_fused(const struct kernels *k)
{
    return strcmp(k->isa, "base") != 0;
}

static void sweep_piece(struct sweep *s, uint64_t first, size_t n)
{
    real x[PIECE], y[SETS][PIECE];
    double most[SETS] = {0};
    float where[SETS] = {0};
    uint64_t differ = 0;
    const real *fused = NULL;
    for (size_t i = 0; i < n; i++)
        x[i] = (real)from_bits((uint32_t)((first + i) * s->stride));
    for (int k = 0; k < s->n_sets; k++) {
        call(s->set[k], s->f->name, y[k], x, n);
        for (size_t i = 0; fused && is_fused(s->set[k]) && i < n; i++)
            differ += memcmp(&y[k][i], &fused[i], sizeof *fused) != 0 && !isnan(fused[i]);
        fused = is_fused(s->set[k]) ? y[k] : fused;
    }
    for (size_t i = 0; i < n; i++) {
        double want = s->f->exact((double)x[i]);
        for (int k = 0; k < s->n_sets; k++) {
            double d = ulps((float)y[k][i], want, s->f->lowest);
            if (d > most[k]) {
                most[k] = d;
                where[k] = (float)x[i];
            }
        }
    }
    pthread_mutex_lock(&s->lock);
    s->differ += differ;
    for (int k = 0; k < s->n_sets; k++)
        if (most[k] > s->most[k]) {
            s->most[k] = most[k];
            s->where[k] = where[k];
        }
    pthread_mutex_unlock(&s->lock);
}

static void sweep_range(void *arg, size_t lo, size_t hi)
{
    for (size_t i = lo; i < hi; i += PIECE)
        sweep_piece(arg, i, hi - i < PIECE ? hi - i : PIECE);
}

static void errors_are_as_stated(void **state)
{
    (void)state;
    const char *stride = getenv("DIYNN_STRIDE");
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        struct sweep s = {.f = &functions[f], .stride = stride ? strtoull(stride, NULL, 10) : 997};
        assert_true(s.stride > 0);
        pthread_mutex_init(&s.lock, NULL);
        for (int i = 1; kernels_names[i]; i++)
            if (kernels_supported(kernels_names[i]) && s.n_sets < SETS)
                s.set[s.n_sets++] = kernels_get(kernels_names[i]);
        par_for((size_t)(UINT32_MAX / s.stride + 1), PIECE, sweep_range, &s);
        for (int k = 0; k < s.n_sets; k++) {
            print_message("%-7s %-8s %.3f ulp at %a\n", s.set[k]->isa, s.f->name, s.most[k],
                          (double)s.where[k]);
            assert_true(s.most[k] <= (is_fused(s.set[k]) ? s.f->fused : s.f->base));
        }
        assert_int_equal(s.differ, 0);
    }
}

/* What IEEE wants at the edges, signs of zeros included. */
static void special_values(void **state)
{
    (void)state;
    const float inf = INFINITY, tiny = 0x1p-149f, least = 0x1p-126f;
    const struct {
        const char *name;
        float x, y;
    } cases[] = {
        {"exp", 0, 1},          {"exp", -0.0f, 1},      {"exp", inf, inf},
        {"exp", -inf, 0},       {"exp", NAN, NAN},      {"exp", 89, inf},
        {"exp", 3e38f, inf},    {"exp", -104, 0},       {"exp", -3e38f, 0},
        {"exp", tiny, 1},       {"log", 1, 0},          {"log", 0, -inf},
        {"log", -0.0f, -inf},   {"log", inf, inf},      {"log", -inf, NAN},
        {"log", -1, NAN},       {"log", -tiny, NAN},    {"log", NAN, NAN},
        {"tanh", 0, 0},         {"tanh", -0.0f, -0.0f}, {"tanh", inf, 1},
        {"tanh", -inf, -1},     {"tanh", NAN, NAN},     {"tanh", 3e38f, 1},
        {"tanh", -10, -1},      {"tanh", tiny, tiny},   {"tanh", -tiny, -tiny},
        {"tanh", least, least}, {"sigmoid", 0, 0.5f},   {"sigmoid", -0.0f, 0.5f},
        {"sigmoid", inf, 1},    {"sigmoid", -inf, 0},   {"sigmoid", NAN, NAN},
        {"sigmoid", 3e38f, 1},  {"sigmoid", -3e38f, 0}, {"sigmoid", tiny, 0.5f},
    };
    for (int i = 1; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (size_t c = 0; k && c < sizeof cases / sizeof *cases; c++) {
            real x[37], y[37]; /* in every lane, and in what is left behind vectors */
            for (int j = 0; j < 37; j++)
                x[j] = (real)cases[c].x;
            call(k, cases[c].name, y, x, 37);
            for (int j = 0; j < 37; j++) {
                float got = (float)y[j], want = cases[c].y;
                if (isnan(want) ? !isnan(got) : memcmp(&got, &want, sizeof got) != 0)
                    fail_msg("%s: %s(%a) is %a, not %a", k->isa, cases[c].name, (double)cases[c].x,
                             (double)got, (double)want);
            }
        }
    }
}

/* Cosine, and sine as its slope: absolute errors, for numbers of any size. */
static void cosine_is_as_stated(void **state)
{
    (void)state;
    static const double ranges[][3] = {{1e-3, 8192, 1.5e-7}, {8192, 1e8, 3e-7}};
    for (int i = 1; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (int r = 0; k && r < 2; r++)
            for (double at = ranges[r][0]; at < ranges[r][1]; at *= 1.0003) {
                real x[2] = {(real)at, (real)-at}, y[2], one[2] = {1, 1}, dx[2];
                k->curve_forward(CURVE_COS, y, x, 2);
                k->curve_backward(CURVE_COS, dx, one, x, 2, GRAD_STORE);
                for (int j = 0; j < 2; j++)
                    if (!(fabs((double)y[j] - cos((double)x[j])) <= ranges[r][2] &&
                          fabs((double)dx[j] + sin((double)x[j])) <= ranges[r][2]))
                        fail_msg("%s: cos(%a) is %a, its slope %a", k->isa, (double)x[j],
                                 (double)y[j], (double)dx[j]);
            }
        real odd[] = {0, (real)-0.0, (real)3e38, (real)-1e30, (real)INFINITY, (real)NAN}, y[6];
        if (!k)
            continue;
        k->curve_forward(CURVE_COS, y, odd, 6);
        assert_true(y[0] == 1 && y[1] == 1 && isnan(y[4]) && isnan(y[5]));
        assert_true(fabs((double)y[2]) <= 1.000001 && fabs((double)y[3]) <= 1.000001);
    }
}

/* The formula of kernels.h, and what the numbers are like. */
static void normal_numbers(void **state)
{
    (void)state;
    enum { N = 1 << 16 };
    static uint32_t u[N], v[N];
    static real z[N];
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        double moment[5] = {0};
        if (!k)
            continue;
        k->philox(u, (const uint32_t[2]){1, 2}, 3, 0, N);
        k->philox(v, (const uint32_t[2]){4, 5}, 3, 0, N);
        u[0] = u[1] = 0;
        u[2] = UINT32_MAX;
        v[0] = 0;
        v[1] = UINT32_MAX;
        k->normal(z, u, v, N);
        for (int j = 0; j < N; j++) {
            double p = ldexp((u[j] >> 8) + 1, -24), turn = ldexp(v[j] >> 8, -24);
            double want = sqrt(-2 * log(p)) * cos(2 * M_PI * turn);
            if (!(fabs((double)z[j] - want) <= 2e-6))
                fail_msg("%s: normal(%u, %u) is %a, not %a", k->isa, u[j], v[j], (double)z[j],
                         want);
            for (int m = 1; m <= 4; m++)
                moment[m] += pow((double)z[j], m) / N;
        }
        assert_true(fabs((double)z[0] - 5.768) < 1e-3 && z[2] == 0);
        assert_true(fabs(moment[1]) < 0.016 && fabs(moment[2] - 1) < 0.022);
        assert_true(fabs(moment[3]) < 0.06 && fabs(moment[4] - 3) < 0.16);
        real alone;
        k->normal(&alone, u + 100, v + 100, 1);
        assert_true(alone == z[100]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_as_stated),
        cmocka_unit_test(special_values),
        cmocka_unit_test(cosine_is_as_stated),
        cmocka_unit_test(normal_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
