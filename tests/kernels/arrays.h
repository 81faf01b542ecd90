/* arrays.h - arrays for kernel tests: guarded by NaN on both sides, filled with known numbers. */
#ifndef TESTS_KERNELS_ARRAYS_H
#define TESTS_KERNELS_ARRAYS_H

#include "base/real.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_GUARD 67 /* odd: the array stands on no vector's border */

/* n reals between two guards. Freed by array_free, which says whether the guards still stand. */
static inline real *array_new(size_t n)
{
    real *p = malloc((n + 2 * ARRAY_GUARD) * sizeof *p);
    assert(p);
    memset(p, 0xff, (n + 2 * ARRAY_GUARD) * sizeof *p); /* a NaN */
    return p + ARRAY_GUARD;
}

static inline bool array_intact(const real *a, size_t n)
{
    const unsigned char *head = (const unsigned char *)(a - ARRAY_GUARD);
    const unsigned char *tail = (const unsigned char *)(a + n);
    for (size_t i = 0; i < ARRAY_GUARD * sizeof *a; i++)
        if (head[i] != 0xff || tail[i] != 0xff)
            return false;
    return true;
}

static inline bool array_free(real *a, size_t n)
{
    bool ok = array_intact(a, n);
    free(a - ARRAY_GUARD);
    return ok;
}

/* Numbers of a small generator: the same in every run. */
static inline uint32_t array_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Uniform in [-2, 2). */
static inline void array_fill(real *a, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++)
        a[i] = (real)array_random(&seed) / (real)(1 << 22) - 2;
}

/* The same with an infinity, a zero, a NaN, a huge or a tiny number now and then. */
static inline void array_fill_special(real *a, size_t n, uint32_t seed)
{
    static const float special[] = {0,      -0.0f,   INFINITY, -INFINITY, NAN,
                                    1e-40f, -1e-40f, 3e38f,    -3e38f,    1e-20f};
    array_fill(a, n, seed);
    for (size_t i = 0; i < n; i++) {
        uint32_t r = array_random(&seed);
        if (r % 4 == 0)
            a[i] = (real)special[r / 4 % (sizeof special / sizeof *special)];
    }
}

/* The same number: NaN is NaN, and 0 is not -0. */
static inline bool array_same(real a, real b)
{
    return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}

#endif
