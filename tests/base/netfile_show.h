/* netfile_show.h - a network file as one line, for its tests. */
#ifndef TESTS_BASE_NETFILE_SHOW_H
#define TESTS_BASE_NETFILE_SHOW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/netfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char shown[1 << 18];

static void show(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void show(const char *fmt, ...)
{
    size_t n = strlen(shown);
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(shown + n, sizeof shown - n, fmt, ap);
    va_end(ap);
    assert_true(len >= 0 && (size_t)len < sizeof shown - n);
}

/* Everything of a file as one line: "[type name]LINE key=value@LINE ... | messages" */
static inline const char *describe(const struct netfile *nf, const struct diag *d)
{
    *shown = '\0';
    for (int i = 0; i < nf->n_sections; i++) {
        const struct section *s = &nf->sections[i];
        show("%s[%s%s%s]%d", i ? " " : "", s->type, *s->name ? " " : "", s->name, s->line);
        for (int j = 0; j < s->n_entries; j++)
            show(" %s=%s@%d", s->entries[j].key, s->entries[j].value, s->entries[j].line);
    }
    for (int i = 0; i < diag_kept(d); i++)
        show("%s%s", i || nf->n_sections ? " | " : "", d->msg[i].text);
    return shown;
}

static inline struct netfile *parse_bytes(const char *text, size_t n, struct diag *d)
{
    struct err e = {0};
    char *copy =
        malloc(n ? n : 1); /* exactly as long as the text: a sanitizer sees what is past it */
    if (n)
        memcpy(copy, text, n);
    *d = (struct diag){0};
    struct netfile *nf = netfile_parse("f", copy, n, d, &e);
    free(copy);
    if (!nf)
        fail_msg("%s", e.msg);
    return nf;
}

static inline void expect_bytes(const char *text, size_t n, const char *want)
{
    size_t live = mem_live();
    struct diag d;
    struct netfile *nf = parse_bytes(text, n, &d);
    assert_string_equal(describe(nf, &d), want);
    netfile_free(nf);
    assert_int_equal(mem_live(), live);
}

static inline void expect(const char *text, const char *want)
{
    expect_bytes(text, strlen(text), want);
}

#endif
