/* number.c - decimal numbers of data files.
 *
 * Data files hold short decimals. Where the digits are an integer that a real holds exactly, and
 * the power of ten behind them is one too, a single division is correctly rounded (Clinger 1990,
 * "How to read floating point numbers accurately"); everything else goes to the C library. */
#include "data/number.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

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
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return false;
    char *end;
#ifdef REAL_DOUBLE
    real x = strtod_l(*p, &end, c);
#else
    real x = strtof_l(*p, &end, c);
#endif
    freelocale(c);
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
