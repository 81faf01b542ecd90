/* Tests of base/fmath.c against the C library: the errors that fmath.h promises. */
#include "base/fmath.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Distance in units in the last place of `want`, which the C library gives to long double. */
static double ulps(double got, long double want)
{
    if (isinf((double)want) || isinf(got) || isnan(got))
        return got == (double)want ? 0 : (double)INFINITY;
    int e = want == 0 ? -1022 : ilogbl(want);
    return (double)(fabsl((long double)got - want) / ldexpl(1, (e < -1022 ? -1022 : e) - 52));
}

static void exp_is_near(void **state)
{
    (void)state;
    for (double x = -746; x < 711; x += 0.0137)
        assert_true(ulps(fmath_exp(x), expl((long double)x)) < 4);
    for (double x = 1e-300; x < 1; x *= 3)
        assert_true(ulps(fmath_exp(x), expl((long double)x)) < 4);
    assert_true(fmath_exp(0) == 1 && fmath_exp(-0.0) == 1);
    assert_true(fmath_exp(1e300) == (double)INFINITY && fmath_exp(-1e300) == 0);
    assert_true(fmath_exp((double)INFINITY) == (double)INFINITY);
    assert_true(fmath_exp((double)-INFINITY) == 0 && isnan(fmath_exp((double)NAN)));
}

static void log_is_near(void **state)
{
    (void)state;
    for (double x = DBL_MIN; x < 1e308; x *= 1.0137)
        assert_true(ulps(fmath_log(x), logl((long double)x)) < 4);
    for (double d = 1e-15; d < 0.5; d *= 1.07) {
        assert_true(ulps(fmath_log(1 + d), logl(1 + (long double)((1 + d) - 1))) < 4);
        assert_true(ulps(fmath_log(1 - d), logl(1 - (long double)(1 - (1 - d)))) < 4);
    }
    assert_true(fmath_log(1) == 0);
    assert_true(fmath_log(0) == (double)-INFINITY);
    assert_true(fmath_log((double)INFINITY) == (double)INFINITY);
    assert_true(isnan(fmath_log(-1)) && isnan(fmath_log((double)NAN)));
    for (double x = 0x1p-1074; x < DBL_MIN; x *= 1.9)
        assert_true(ulps(fmath_log(x), logl((long double)x)) < 4);
}

static void pow_is_near(void **state)
{
    (void)state;
    static const double base[] = {0.9, 0.999, 0.5, 1.0001, 2, 3, 10, 0.1};
    for (size_t b = 0; b < sizeof base / sizeof *base; b++)
        for (double n = 1; n < 20000; n = floor(n * 1.3) + 1) {
            long double want = powl((long double)base[b], (long double)n);
            if (want > (long double)DBL_MIN && want < (long double)DBL_MAX)
                assert_true(ulps(fmath_pow(base[b], n), want) < 4 + n);
            want = powl((long double)base[b], (long double)(n / 100.5));
            if (want > (long double)DBL_MIN && want < (long double)DBL_MAX)
                assert_true(ulps(fmath_pow(base[b], n / 100.5), want) <
                            8 + 4 * fabs(n / 100.5 * log(base[b])));
        }
    assert_true(fmath_pow(-2, 3) == -8 && fmath_pow(2, -3) == 0.125 && fmath_pow(7, 0) == 1);
    assert_true(fmath_pow(0.5, 2147483648.0) == 0 && fmath_pow(1, 2147483647.0) == 1);
}

static void sines_are_near(void **state)
{
    (void)state;
    const long double pi = 3.14159265358979323846264338327950288L;
    for (double x = -5; x < 5; x += 0.00137) {
        double s, c;
        fmath_sincospi(x, &s, &c);
        assert_true(fabsl((long double)s - sinl(pi * (long double)x)) < 1e-15L);
        assert_true(fabsl((long double)c - cosl(pi * (long double)x)) < 1e-15L);
    }
    double s, c;
    for (int i = -8; i <= 8; i++) { /* quarter turns are exact */
        fmath_sincospi(i / 2.0, &s, &c);
        assert_true(s == (i % 2 == 0 ? 0 : (i & 3) == 1 ? 1 : -1));
        assert_true(c == (i % 2 != 0 ? 0 : (i & 3) == 0 ? 1 : -1));
    }
    fmath_sincospi(1e300, &s, &c);
    assert_true(s == 0 && c == 1);
}

static void two_sines_are_the_same_bits(void **state)
{
    (void)state;
    for (double x = -5; x < 5; x += 0.0137) {
        const double at[] = {x, 3.7 * x * x};
        double s[2], one, cosine;
        fmath_sinpi2(at, s);
        for (int i = 0; i < 2; i++) {
            fmath_sincospi(at[i], &one, &cosine);
            assert_memory_equal(&s[i], &one, sizeof one);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_near),
        cmocka_unit_test(log_is_near),
        cmocka_unit_test(pow_is_near),
        cmocka_unit_test(sines_are_near),
        cmocka_unit_test(two_sines_are_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
