/* augment_help.h - what the tests of augmentation share: samples, and sections in memory. */
#ifndef TESTS_DATA_AUGMENT_HELP_H
#define TESTS_DATA_AUGMENT_HELP_H

#include "data/help.h"

#include "data/augment/steps.h"

#include <math.h>

#define SAMPLES 6
#define MOST    (3 * 12 * 12) /* numbers of a sample, at most */

static struct data data;
static real values[SAMPLES * MOST];
static uint32_t places[] = {0, 1, 2, 3, 4, 5};

/* Six samples of numbers in [lo, hi], each with its own, none of them repeated. */
static inline void make_data(struct shape s, double lo, double hi)
{
    size_t n = SAMPLES * shape_size(s);
    memset(&data, 0, sizeof data);
    for (size_t i = 0; i < n; i++)
        values[i] = (real)(lo + (hi - lo) * (double)(i * 61 % n) / (double)(n - 1));
    data.train_file = (struct samples){.n = SAMPLES, .shape = s, .x = values};
    data.train = (struct part){.of = &data.train_file, .index = places, .n = SAMPLES};
    data.shape = s;
}

static inline void normalize(int how)
{
    struct data_conf c = {.normalize = how};
    struct err e = {0};
    assert_int_equal(data_normalize(&data, &c, &e), 0);
}

static inline void release_data(void)
{
    mem_free(data.mean);
    mem_free(data.std);
}

/* The settings of a section's text. */
static inline struct augment_conf settings(const char *text)
{
    struct err e = {0};
    struct diag d = {0};
    struct augment_conf c;
    char file[400];
    snprintf(file, sizeof file, "[augment]\n%s", text);
    struct netfile *nf = netfile_parse("f", file, strlen(file), &d, &e);
    assert_non_null(nf);
    assert_int_equal(augment_read(&c, nf, netfile_section(nf, "augment"), &d, &e), 0);
    augment_check(&c, data.shape, nf, netfile_section(nf, "augment"), &d);
    assert_int_equal(d.total, 0);
    netfile_free(nf);
    return c;
}

/* One sample of the data through the steps, into y. */
static inline void change(const char *text, uint64_t epoch, uint32_t sample, real *y)
{
    struct err e = {0};
    struct augment a;
    const struct augment_conf c = settings(text);
    assert_int_equal(augment_new(&a, &c, &data, 7, &e), 0);
    size_t n = shape_size(a.out);
    real *scratch = mem_alloc(a.scratch, sizeof *scratch, &e);
    assert_non_null(scratch);
    y[n] = 12345; /* a guard */
    augment_sample(&a, y, &data.train_file, sample, epoch, scratch);
    assert_true(y[n] == 12345);
    mem_free(scratch);
    augment_free(&a);
}

static inline const real *original(uint32_t sample)
{
    return values + sample * shape_size(data.shape);
}

static inline bool same(const real *a, const real *b)
{
    return memcmp(a, b, shape_size(data.shape) * sizeof *a) == 0;
}

#endif
