/* number.c - decimal numbers of data files.
 *
 * Data files hold short decimals. Where the digits are an integer that a real holds exactly, and
 * the power of ten behind them is one too, a single division is correctly rounded (Clinger 1990,
 * "How to read floating point numbers accurately"); everything else goes to the C library. */
#include "data/number.h"

#include "base/plain_locale.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REAL_DOUBLE
#define EXACT_INT (UINT64_C(1) << 53)
#define EXACT_POW 22
#else
#define EXACT_INT (UINT64_C(1) << 24)
#define EXACT_POW 10
#endif
#define MAX_DIGITS 19 /* digits that never overflow 64 bits */

static const real power[] = {
    (real)1e0, (real)1e1, (real)1e2, (real)1e3, (real)1e4,  (real)1e5,
    (real)1e6, (real)1e7, (real)1e8, (real)1e9, (real)1e10,
#ifdef REAL_DOUBLE
    1e11,      1e12,      1e13,      1e14,      1e15,       1e16,
    1e17,      1e18,      1e19,      1e20,      1e21,       1e22,
#endif
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The text at *p starts with a decimal number. */
static bool read_slow(const char **p, real *v)
{
    char *end;
#ifdef REAL_DOUBLE
    real x = strtod_l(*p, &end, plain_locale());
#else
    real x = strtof_l(*p, &end, plain_locale());
#endif
    if (!isfinite(x))
        return false;
    *p = end;
    *v = x;
    return true;
}

bool number_read(const char **p, real *v)
{
    const char *s = *p;
    bool negative = *s == '-';
    if (negative || *s == '+')
        s++;
    uint64_t m = 0;
    const char *whole = s;
    for (; is_digit(*s); s++)
        m = m * 10 + (uint64_t)(*s - '0');
    size_t digits = (size_t)(s - whole), fraction = 0;
    if (*s == '.') {
        const char *point = ++s;
        for (; is_digit(*s); s++)
            m = m * 10 + (uint64_t)(*s - '0');
        fraction = (size_t)(s - point);
        digits += fraction;
    }
    if (digits == 0)
        return false;
    if (digits > MAX_DIGITS || fraction > EXACT_POW || m > EXACT_INT || *s == 'e' || *s == 'E')
        return read_slow(p, v);
    real x = (real)m / power[fraction];
    *v = negative ? -x : x;
    *p = s;
    return true;
}

/* A whole number m with its last `fraction` digits behind a point. Returns the length. */
static int print_fixed(bool negative, uint64_t m, int fraction, char out[NUMBER_TEXT])
{
    char digits[24];
    int n = 0, len = 0;
    for (; m > 0 || n <= fraction; m /= 10)
        digits[n++] = (char)('0' + m % 10);
    if (negative)
        out[len++] = '-';
    while (n > 0) {
        if (n-- == fraction)
            out[len++] = '.';
        out[len++] = digits[n];
    }
    out[len] = '\0';
    return len;
}

/* By the C library: as few digits as read back the same. */
static int print_slow(real v, char out[NUMBER_TEXT])
{
    locale_t old = uselocale(plain_locale());
    for (int digits = 1; digits <= (sizeof(real) == 4 ? 9 : 17); digits++) {
        snprintf(out, NUMBER_TEXT, "%.*g", digits, (double)v);
        const char *p = out;
        real back;
        if (number_read(&p, &back) && back == v)
            break;
    }
    uselocale(old);
    char *e = strchr(out, 'e'); /* 1e-05 as 1e-5, 1e+20 as 1e20 */
    if (e) {
        char *to = e + 1, *from = e + 1;
        if (*from == '-')
            *to++ = *from++;
        while (*from == '+' || *from == '0')
            from++;
        memmove(to, from, strlen(from) + 1);
    }
    return (int)strlen(out);
}

/* Most numbers are short decimals: the first power of ten that makes v a whole number, as reading
 * divides it, shows them. */
int number_print(real v, char out[NUMBER_TEXT])
{
    if (!isfinite(v))
        return snprintf(out, NUMBER_TEXT, "%s", isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
    double size = fabs((double)v);
    for (int fraction = 0; fraction <= (size < 1e-4 && size > 0 ? -1 : 10); fraction++) {
        double m = rint(size * (double)power[fraction]);
        if (m > (double)EXACT_INT)
            break;
        if ((real)m / power[fraction] == (real)size)
            return print_fixed(signbit(v), (uint64_t)m, fraction, out);
    }
    return print_slow(v, out);
}
