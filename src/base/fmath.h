/* fmath.h - elementary functions in double whose bits do not depend on the C library.
 *
 * What is stored (initial weights, generated data, learning rates) must be the same everywhere, and
 * libm differs between versions. These use + - * / and bit operations only, uncontracted. Errors
 * are below 4 ulp of the result (sines and cosines: 1e-15 absolute; powers: see there), tested
 * against libm. Pure. */
#ifndef BASE_FMATH_H
#define BASE_FMATH_H

double fmath_exp(double x);           /* e^x; inf above 709.78, 0 below -745 */
double fmath_log(double x);           /* natural; -inf of 0, NaN below */
double fmath_pow(double x, double y); /* x^y for x > 0; integer y up to 2^31 by squaring, any x.
                                       * Errors: 4 + |y| ulp, or 8 + 4 |y ln x| ulp */
void fmath_sincospi(double x, double *s, double *c); /* sin and cos of pi x */
void fmath_sinpi2(const double x[2], double s[2]);   /* two such sines in little more time */

#endif
