/* loss_text.h - a loss from the text of a network file; behind cmocka.h. */
#ifndef TESTS_LOSSES_LOSS_TEXT_H
#define TESTS_LOSSES_LOSS_TEXT_H

#include "net/loss.h"

#include <string.h>

/* [loss] from a file, as loss_read leaves it. */
static inline struct loss read_text(const char *text, struct diag *d)
{
    struct loss l;
    struct err e = {0};
    struct netfile *nf = netfile_parse("test.ini", text, strlen(text), d, &e);
    assert_non_null(nf);
    assert_int_equal(loss_read(&l, nf, netfile_section(nf, "loss"), d, &e), 0);
    netfile_free(nf);
    return l;
}

#endif
