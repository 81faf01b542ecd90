/* golden.h - values of an independent implementation, as tests/golden/ holds them.
 *
 * A file has one array a line, its name and then its values; the script that wrote it lies beside
 * it. Values are double, inputs are numbers that float holds exactly. What cannot be read fails the
 * test. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "base/real.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Largest error of a tensor, relative to its largest value. */
#ifdef REAL_DOUBLE
#define GOLDEN_TOLERANCE 1e-10
#else
#define GOLDEN_TOLERANCE 1e-5
#endif

struct golden_array {
    char *name;
    size_t n;
    double *v;
};

struct golden {
    size_t n;
    struct golden_array *arrays;
};

static inline struct golden_array golden_line(char *line)
{
    char *at, *name = strtok_r(line, " \n", &at);
    struct golden_array a = {.name = strdup(name ? name : "")};
    for (char *word; (word = strtok_r(NULL, " \n", &at)); a.n++) {
        a.v = realloc(a.v, (a.n + 1) * sizeof *a.v);
        assert_non_null(a.v);
        a.v[a.n] = strtod(word, NULL);
    }
    return a;
}

/* Reads tests/golden/NAME. Free with golden_free. */
static inline struct golden golden_load(const char *name)
{
    char path[512], *line = NULL;
    size_t size = 0;
    struct golden g = {0};
    snprintf(path, sizeof path, "tests/golden/%s", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s: cannot be read", path);
    while (getline(&line, &size, f) > 0) {
        g.arrays = realloc(g.arrays, (g.n + 1) * sizeof *g.arrays);
        assert_non_null(g.arrays);
        g.arrays[g.n++] = golden_line(line);
    }
    free(line);
    fclose(f);
    return g;
}

static inline void golden_free(struct golden *g)
{
    for (size_t i = 0; i < g->n; i++) {
        free(g->arrays[i].name);
        free(g->arrays[i].v);
    }
    free(g->arrays);
}

/* The array of that name (formatted), or NULL. */
__attribute__((format(printf, 2, 3))) static inline const struct golden_array *
golden_find(const struct golden *g, const char *fmt, ...)
{
    char name[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < g->n; i++)
        if (strcmp(g->arrays[i].name, name) == 0)
            return &g->arrays[i];
    return NULL;
}

/* The array of that name, which has to have n values. */
static inline const double *golden_get(const struct golden *g, const char *name, size_t n)
{
    const struct golden_array *a = golden_find(g, "%s", name);
    if (!a)
        fail_msg("golden array %s is missing", name);
    else if (a->n != n)
        fail_msg("golden array %s has %zu values, not %zu", name, a->n, n);
    return a->v;
}

/* The same as reals. Free with free. */
static inline real *golden_reals(const struct golden *g, const char *name, size_t n)
{
    const double *v = golden_get(g, name, n);
    real *r = malloc((n + 1) * sizeof *r);
    assert_non_null(r);
    for (size_t i = 0; i < n; i++)
        r[i] = (real)v[i];
    return r;
}

/* max |a - b| / max |b|; not a number counts as infinite. */
static inline double golden_error(const real *a, const double *b, size_t n)
{
    double worst = 0, top = 0;
    for (size_t i = 0; i < n; i++) {
        double diff = fabs((double)a[i] - b[i]);
        worst = diff <= worst ? worst : diff;
        if (isnan(diff))
            return (double)INFINITY;
        top = fmax(top, fabs(b[i]));
    }
    return worst == 0 ? 0 : worst / top;
}

/* Fails where a differs from the golden array by more than `tolerance`. */
static inline void golden_check(const struct golden *g, const char *name, const real *a, size_t n,
                                double tolerance)
{
    double error = golden_error(a, golden_get(g, name, n), n);
    if (!(error <= tolerance))
        fail_msg("%s: error %g, more than %g", name, error, tolerance);
}

#endif
