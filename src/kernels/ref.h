/* ref.h - the reference kernels: plain loops over libm, the oracle of all others. */
#ifndef KERNELS_REF_H
#define KERNELS_REF_H

#include "kernels/kernels.h"

#ifdef REAL_DOUBLE
#define LIBM(name) name
#else
#define LIBM(name) name##f
#endif

/* Sets every pointer of *k. */
void ref_fill(struct kernels *k);

/* Those of ref_conv.c, ref_normalize.c and ref_pool.c. */
void ref_conv_fill(struct kernels *k);
void ref_normalize_fill(struct kernels *k);
void ref_pool_fill(struct kernels *k);

/* act(x) */
real ref_act(enum act act, real p, real x);

/* kernels.h's sum and dot. */
real ref_sum(const real *x, size_t n);
real ref_dot(const real *a, const real *b, size_t n);

#endif
