/* opt_table.h - a table with a row of every type, for the tests of base/opt*.c. */
#ifndef TESTS_BASE_OPT_TABLE_H
#define TESTS_BASE_OPT_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/opt.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const same[] = {"same", "full", NULL};
static const char *const kinds[] = {"mean", "sum", "cross_entropy", NULL};
static const char *const automatic[] = {"auto", NULL};

struct conf {
    int i, stride, any, word, pair[2], shape[3];
    uint64_t seed, count;
    double lr, rate, momentum, low, high, noise;
    bool flag;
    char *file, *needed;
    struct int_list ints;
    struct float_list floats;
    struct name_list names;
};
#define AT(f) .offset = offsetof(struct conf, f)

static const struct opt table[] = {
    {.name = "i", .type = OPT_INT, AT(i), .def = "same", .min = 0, .max = 9, .words = same},
    {.name = "stride", .type = OPT_INT, AT(stride), .def = "1", .min = 1, .max = 64},
    {.name = "any", .type = OPT_INT, AT(any)},
    {.name = "seed", .type = OPT_SIZE, AT(seed), .def = "1"},
    {.name = "count", .type = OPT_SIZE, AT(count), .def = "10", .min = 1, .max = 1e9},
    {.name = "lr",
     .type = OPT_FLOAT,
     AT(lr),
     .def = "0.01",
     .max = HUGE_VAL,
     .flags = OPT_OPEN_MIN},
    {.name = "rate", .type = OPT_FLOAT, AT(rate), .def = "0.5", .max = 1, .flags = OPT_OPEN_MAX},
    {.name = "momentum",
     .type = OPT_FLOAT,
     AT(momentum),
     .max = 1,
     .flags = OPT_OPEN_MIN | OPT_OPEN_MAX},
    {.name = "low", .type = OPT_FLOAT, AT(low), .def = "2", .min = 1, .max = -1},
    {.name = "high", .type = OPT_FLOAT, AT(high), .min = -HUGE_VAL, .max = 1},
    {.name = "noise",
     .type = OPT_FLOAT,
     AT(noise),
     .def = "auto",
     .max = HUGE_VAL,
     .words = automatic},
    {.name = "flag", .type = OPT_BOOL, AT(flag), .def = "yes"},
    {.name = "kind", .type = OPT_WORD, AT(word), .def = "mean", .words = kinds},
    {.name = "file", .type = OPT_STRING, AT(file)},
    {.name = "size", .type = OPT_PAIR, AT(pair), .def = "2", .min = 1, .max = 9, .words = same},
    {.name = "shape", .type = OPT_SHAPE, AT(shape)},
    {.name = "ints", .type = OPT_INTS, AT(ints), .min = 1, .max = 100},
    {.name = "floats", .type = OPT_FLOATS, AT(floats), .def = "0.5, 1e-3"},
    {.name = "names", .type = OPT_NAMES, AT(names)},
    OPT_END};

static const struct opt needs[] = {{.name = "needed",
                                    .type = OPT_STRING,
                                    AT(needed),
                                    .flags = OPT_REQUIRED,
                                    .help = "what it is for"},
                                   OPT_END};

static struct diag diag;
static struct netfile *nf;

/* Reads the first section of a text. The caller frees by done(). */
static inline void read_text(const char *text, const struct opt *t, struct conf *c)
{
    struct err e = {0};
    diag = (struct diag){0};
    nf = netfile_parse("f", text, strlen(text), &diag, &e);
    assert_non_null(nf);
    struct opt_target target = {t, c};
    if (opt_read(nf, nf->sections, &target, 1, &diag, &e))
        fail_msg("%s", e.msg);
}

static inline void done(const struct opt *t, struct conf *c)
{
    opt_free(t, c);
    opt_free(t, c); /* twice does no harm */
    netfile_free(nf);
}

#endif
