/* exp, log, tanh, sigmoid, elu, gelu, silu and cos of every instruction set against the C library
 * in double: the largest error over a stride through all floats (DIYNN_EXHAUSTIVE=1: over all of
 * them), and special values. The bounds are those that vmath.h states. */
#include "kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECE 4096

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
    {"exp", exp, 0.92, 1.21, -126},     {"log", log, 0.82, 0.83, -126},
    {"tanh", tanh, 2.58, 2.62, -126},   {"sigmoid", exact_sigmoid, 2.41, 2.41, -126},
    {"elu", exact_elu, 1.5, 1.5, -126}, {"gelu", exact_gelu, 7, 70, -122},
    {"silu", exact_silu, 3, 3, -119},
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

static double worst(const struct kernels *k, const struct function *f, uint64_t stride,
                    float *where)
{
    static real x[PIECE], y[PIECE];
    double most = 0;
    for (uint64_t u = 0; u <= UINT32_MAX;) {
        size_t n = 0;
        for (; n < PIECE && u <= UINT32_MAX; u += stride)
            x[n++] = (real)from_bits((uint32_t)u);
        call(k, f->name, y, x, n);
        for (size_t i = 0; i < n; i++) {
            double d = ulps((float)y[i], f->exact((double)x[i]), f->lowest);
            if (d > most) {
                most = d;
                *where = (float)x[i];
            }
        }
    }
    return most;
}

static void errors_are_as_stated(void **state)
{
    (void)state;
    const char *all = getenv("DIYNN_EXHAUSTIVE");
    uint64_t stride = all && strcmp(all, "1") == 0 ? 1 : 997;
    for (int i = 1; kernels_names[i]; i++)
        for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
            const struct kernels *k = kernels_get(kernels_names[i]);
            if (!k)
                continue;
            float where = 0;
            double most = worst(k, &functions[f], stride, &where);
            print_message("%-7s %-8s %.3f ulp at %a\n", k->isa, functions[f].name, most,
                          (double)where);
            assert_true(most <=
                        (strcmp(k->isa, "base") == 0 ? functions[f].base : functions[f].fused));
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
        cmocka_unit_test(cosine_is_as_stated),
        cmocka_unit_test(normal_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
