/* opt_number.c - numbers to text and back, the same in every locale. */
#include "base/opt_value.h"
#include "base/plain_locale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *digits(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

/* strtod takes more than we do (hex, inf, nan, leading blanks), so the form is checked first. */
bool opt_parse_double(const char *s, double *v)
{
    const char *c = s + (*s == '+' || *s == '-');
    const char *whole = digits(c);
    const char *end = *whole == '.' ? digits(whole + 1) : whole;
    if (end - c - (*whole == '.') == 0)
        return false;
    if (*end == 'e' || *end == 'E') {
        const char *exponent = end + 1 + (end[1] == '+' || end[1] == '-');
        end = digits(exponent);
        if (end == exponent)
            return false;
    }
    if (*end)
        return false;
    double x = strtod_l(s, NULL, plain_locale());
    if (!isfinite(x))
        return false;
    *v = x;
    return true;
}

bool opt_parse_int(const char *s, long long *v)
{
    const char *c = s + (*s == '+' || *s == '-');
    long long x = 0;
    if (!*c || *digits(c))
        return false;
    for (; *c; c++) {
        int digit = *s == '-' ? '0' - *c : *c - '0';
        if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, digit, &x))
            return false;
    }
    *v = x;
    return true;
}

void opt_print_double(double v, char out[OPT_NUMBER])
{
    locale_t old = uselocale(plain_locale());
    if (fabs(v) < 1e15 && v == floor(v))
        snprintf(out, OPT_NUMBER, "%.0f", v);
    else
        for (int p = 1; p <= 17; p++) {
            snprintf(out, OPT_NUMBER, "%.*g", p, v);
            if (strtod(out, NULL) == v)
                break;
        }
    uselocale(old);
    char *e = strchr(out, 'e'); /* 1e-05 as 1e-5, 1e+20 as 1e20 */
    if (!e)
        return;
    char *to = e + 1, *from = e + 1;
    if (*from == '-')
        *to++ = *from++;
    while (*from == '+' || *from == '0')
        from++;
    memmove(to, from, strlen(from) + 1);
}
