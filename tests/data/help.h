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

#endif
