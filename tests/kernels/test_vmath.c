/* exp, log, tanh and sigmoid of every instruction set against the C library in double: the largest
 * error over a stride through all floats (DIYNN_EXHAUSTIVE=1: over all of them), and special
 * values. The bounds are those that vmath.h states. */
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
};

static double exact_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static const struct function functions[] = {
    {"exp", exp, 0.9, 1.3},
    {"log", log, 0.9, 0.9},
    {"tanh", tanh, 2.6, 2.7},
    {"sigmoid", exact_sigmoid, 2.6, 2.6},
};

static void call(const struct kernels *k, const char *name, real *y, const real *x, size_t n)
{
    if (strcmp(name, "exp") == 0)
        k->exp(y, x, n);
    else if (strcmp(name, "log") == 0)
        k->log(y, x, n);
    else
        k->act_forward(strcmp(name, "tanh") == 0 ? ACT_TANH : ACT_SIGMOID, 0, y, x, n);
}

static float from_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* Distance in units in the last place of a float; infinite where only one of them is finite. */
static double ulps(float got, double want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0 : (double)INFINITY;
    if (isinf(got) || isinf((float)want))
        return got == (float)want ? 0 : (double)INFINITY;
    int e = want == 0 ? -126 : ilogb(want);
    return fabs((double)got - want) / ldexp(1, (e < -126 ? -126 : e) - 23);
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
            double d = ulps((float)y[i], f->exact((double)x[i]));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_as_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
