/* fmath.c - elementary functions from + - * / alone. */
#include "base/fmath.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static double from_bits(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* 2^k for k in -1022 .. 1023 */
static double pow2(int k)
{
    return from_bits((uint64_t)(k + 1023) << 52);
}

/* x = k ln 2 + r, |r| <= ln 2 / 2; e^r by its Taylor series up to r^13. */
double fmath_exp(double x)
{
    if (x != x)
        return x;
    if (x > 709.782712893384)
        return (double)INFINITY;
    if (x < -745.2)
        return 0;
    double kd = floor(x * 1.4426950408889634 + 0.5);
    double r = (x - kd * 6.93147180369123816490e-01) - kd * 1.90821492927058770002e-10;
    double term = 1, sum = 0;
    double terms[14];
    for (int i = 1; i < 14; i++)
        terms[i] = term = term * r / i;
    for (int i = 13; i >= 1; i--) /* smallest first */
        sum += terms[i];
    int k = (int)kd, half = k / 2;
    return (1 + sum) * pow2(half) * pow2(k - half);
}

/* x = m 2^k with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m-1)/(m+1). */
double fmath_log(double x)
{
    if (x != x || x < 0)
        return (double)NAN;
    if (x == 0)
        return (double)-INFINITY;
    if (x > 1.7976931348623157e308)
        return x;
    int k = -1023;
    if (x < 0x1p-1022) { /* denormal */
        x *= 0x1p54;
        k -= 54;
    }
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    k += (int)(u >> 52);
    double m = from_bits((u & UINT64_C(0xfffffffffffff)) | UINT64_C(0x3ff0000000000000));
    if (m > 1.4142135623730951) {
        m /= 2;
        k++;
    }
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int i = 21; i >= 3; i -= 2)
        sum = (sum + 1.0 / i) * s2;
    double r = 2 * s * sum + 2 * s;
    return k * 1.90821492927058770002e-10 + r + k * 6.93147180369123816490e-01;
}

double fmath_pow(double x, double y)
{
    if (y == floor(y) && fabs(y) <= 2147483648.0) {
        double r = 1, p = x;
        for (uint64_t n = (uint64_t)fabs(y); n; n >>= 1, p *= p)
            if (n & 1)
                r *= p;
        return y < 0 ? 1 / r : r;
    }
    return fmath_exp(y * fmath_log(x));
}

typedef double pair __attribute__((vector_size(16)));

/* x = quarter / 2 + r with |r| <= 1/4, modulo 2; returns pi r. */
static double reduce(double x, int *quarter)
{
    x -= 2 * floor(x / 2); /* exact: [0, 2) */
    *quarter = (int)floor(2 * x + 0.5);
    return (x - 0.5 * *quarter) * 3.14159265358979323846;
}

/* Of a Taylor series on [-pi/4, pi/4]: t - t^3 / 6 + .., and 1 - t^2 / 2 + .. */
static const double sine[] = {6, 20, 42, 72, 110, 156, 210, 272, 342};
static const double cosine[] = {2, 12, 30, 56, 90, 132, 182, 240, 306};

/* Two such series side by side, from their first terms and divisors. */
static pair series(pair first, pair t2, const double *a, const double *b)
{
    pair term = first, sum = first;
    for (int i = 0; i < 9; i++) {
        term = -term * t2 / (pair){a[i], b[i]};
        sum += term;
    }
    return sum;
}

void fmath_sincospi(double x, double *s, double *c)
{
    int quarter;
    double t = reduce(x, &quarter), t2 = t * t;
    pair sum = series((pair){t, 1}, (pair){t2, t2}, sine, cosine);
    double sn = sum[0], cs = sum[1];
    switch (quarter & 3) {
    case 0:
        *s = sn, *c = cs;
        break;
    case 1:
        *s = cs, *c = -sn;
        break;
    case 2:
        *s = -sn, *c = -cs;
        break;
    default:
        *s = -cs, *c = sn;
    }
}

void fmath_sinpi2(const double x[2], double s[2])
{
    int a, b;
    pair t = {reduce(x[0], &a), reduce(x[1], &b)};
    pair first = {a & 1 ? 1 : t[0], b & 1 ? 1 : t[1]};
    pair sum = series(first, t * t, a & 1 ? cosine : sine, b & 1 ? cosine : sine);
    s[0] = a & 2 ? -sum[0] : sum[0];
    s[1] = b & 2 ? -sum[1] : sum[1];
}
