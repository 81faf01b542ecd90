/* help.h - what the tests of data/ share: USPS lines, and network files in memory. */
#ifndef TESTS_DATA_HELP_H
#define TESTS_DATA_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "data/data.h"

#include <stdio.h>
#include <string.h>

/* A text under construction. */
struct script {
    char s[64 * 1024];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct script *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    t->n += (size_t)vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, ap);
    va_end(ap);
    assert_true(t->n < sizeof t->s);
}

/* Value j of the sample that usps_line writes, in thousandths. */
static inline int usps_value(int digit, int j)
{
    return (digit * 337 + j * 101) % 2001 - 1000;
}

/* `count` values of a line behind the digit. */
static inline void usps_values(struct script *t, int digit, int from, int count, int shift)
{
    for (int j = from; j < from + count; j++)
        say(t, " %.4f", (usps_value(digit, j) + shift) / 1000.0);
}

/* A sample as ESL writes it. */
static inline void usps_line(struct script *t, int digit)
{
    say(t, "%d.0000", digit);
    usps_values(t, digit, 0, 256, 0);
    say(t, " \n");
}

/* Lets every allocation of fn fail, one after the other: it must say so and leave nothing. */
static inline void every_allocation(int (*fn)(struct err *e))
{
    for (long n = 1;; n++) {
        struct err e = {0};
        size_t live = mem_live();
        mem_fail_at(n);
        int rc = fn(&e);
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(mem_live(), live);
        if (!failed) {
            assert_int_equal(rc, 0);
            assert_true(n > 1);
            return;
        }
        assert_int_equal(rc, -1);
        assert_int_equal(e.kind, ERR_INTERNAL);
    }
}

/* Reads the section [data] of a text that is called net.ini. */
static inline int conf_of(const char *text, struct netfile **nf, struct data_conf *c,
                          struct diag *d, struct err *e)
{
    *nf = netfile_parse("net.ini", text, strlen(text), d, e);
    if (!*nf)
        return -1;
    return data_read_conf(c, *nf, netfile_section(*nf, "data"), d, e);
}

/* Loads what a text asks for; it has no problems of its own. */
static inline int load_text(struct data *data, const char *text, struct err *e)
{
    struct netfile *nf = NULL;
    struct data_conf c = {0};
    static struct diag d;
    memset(&d, 0, sizeof d);
    int rc = conf_of(text, &nf, &c, &d, e);
    if (rc == 0 && d.total)
        fail_msg("%s", d.msg[0].text);
    if (rc == 0)
        rc = data_load(data, &c, nf, e);
    data_free_conf(&c);
    netfile_free(nf);
    return rc;
}

/* Reads a file as a section [data] with these lines asks for (train = x stands above them). */
static inline int read_lines(struct samples *s, const char *path, const char *lines, struct err *e)
{
    char ini[1024];
    struct netfile *nf = NULL;
    struct data_conf c = {0};
    static struct diag d;
    memset(&d, 0, sizeof d);
    snprintf(ini, sizeof ini, "[data]\ntrain = x\n%s\n", lines);
    int rc = conf_of(ini, &nf, &c, &d, e);
    if (rc == 0 && d.total)
        fail_msg("%s", d.msg[0].text);
    if (rc == 0)
        rc = data_read_file(s, path, c.format, &c, e);
    data_free_conf(&c);
    netfile_free(nf);
    return rc;
}

static inline void read_well(struct samples *s, const char *path, const char *lines)
{
    struct err e = {0};
    if (read_lines(s, path, lines, &e))
        fail_msg("%s", e.msg);
}

/* The file is refused with this message, and nothing is left. */
static inline void read_badly(const char *path, const char *lines, const char *message)
{
    struct samples s;
    struct err e = {0};
    size_t live = mem_live();
    assert_int_equal(read_lines(&s, path, lines, &e), -1);
    assert_string_equal(e.msg, message);
    assert_int_equal(e.kind, ERR_DATA);
    assert_null(s.x);
    assert_null(s.bytes);
    assert_int_equal(mem_live(), live);
}

static inline void same_x(const struct samples *s, const real *want, size_t n)
{
    assert_int_equal(s->n * shape_size(s->shape), n);
    for (size_t i = 0; i < n; i++)
        if (s->x[i] != want[i])
            fail_msg("number %zu is %g, must be %g", i, (double)s->x[i], (double)want[i]);
}

/* "a b c": the classes' names; and each sample's. */
static inline void same_classes(const struct samples *s, const char *names, const char *labels)
{
    char text[512] = "";
    for (int i = 0; i < s->classes; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", s->names[i]);
    }
    assert_string_equal(text, names);
    *text = '\0';
    for (size_t i = 0; i < s->n; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", s->names[s->label[i]]);
    }
    assert_string_equal(text, labels);
}

/* Every beginning of a file is read or refused, and nothing of it is left; `whole`: only all of it
 * is good. */
static inline void every_prefix(const char *path, const char *lines, const void *bytes, size_t size,
                                bool whole)
{
    FILE *f;
    for (size_t n = 0; n < size; n++) {
        struct samples s;
        struct err e = {0};
        size_t live = mem_live();
        f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, n, f), n);
        fclose(f);
        int rc = read_lines(&s, path, lines, &e);
        if (rc)
            assert_int_equal(e.kind, ERR_DATA);
        else if (whole)
            fail_msg("%zu of %zu bytes are read", n, size);
        else
            samples_free(&s);
        assert_int_equal(mem_live(), live);
    }
}

#endif
