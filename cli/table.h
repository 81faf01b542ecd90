/* table.h - a table of text in columns, within 80 columns. */
#ifndef TABLE_H
#define TABLE_H

#include "base/err.h"

#include <stdio.h>

#define TABLE_COLUMNS 16

/* Starts as {.align = "lrr"}: one letter a column, left or right. One thread only. */
struct table {
    const char *align;
    char **rows; /* cells of a row, parted by tabs */
    size_t n, cap;
};

/* Adds a row: a printf whose result is split into cells at its tabs. Bytes below 0x20 in what is
 * printed become '?' (but tabs: text from outside must not hold any, see err_clean). */
int table_row(struct table *t, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints it, indented by two blanks, the first row in bold. What is too wide is cut in its widest
 * left column. */
void table_print(const struct table *t, FILE *f);

void table_free(struct table *t);

#endif
