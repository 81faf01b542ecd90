/* real.h - the number type of tensors.
 *
 * `real` is float. Building with -DREAL_DOUBLE makes it double: `diynn-check` is built so, with the
 * reference kernels only, and checks gradients strictly. */
#ifndef BASE_REAL_H
#define BASE_REAL_H

#include <float.h>

#ifdef REAL_DOUBLE
typedef double real;
#define REAL_EPS DBL_EPSILON
#define REAL_MAX DBL_MAX
#else
typedef float real;
#define REAL_EPS FLT_EPSILON
#define REAL_MAX FLT_MAX
#endif

#endif
