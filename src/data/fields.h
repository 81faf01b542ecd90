/* fields.h - text tables taken apart: records of fields (RFC 4180, and tables with blanks).
 *
 * A field in quotes may hold delimiters, line ends and doubled quotes. Without quotes, blanks
 * around a field do not count. Lines end in LF or CR LF. */
#ifndef DATA_FIELDS_H
#define DATA_FIELDS_H

#include "base/err.h"
#include "base/real.h"

#include <stdbool.h>
#include <stddef.h>

struct fields {
    const char *path, *p, *end; /* *end is a NUL */
    char delimiter;             /* ' ': runs of blanks */
    size_t line;                /* of p, from 1 */
    size_t column;              /* of the field that comes next, from 1 */
    bool last;                  /* the field taken last ended its record */
    char *text;                 /* of a field with doubled quotes; owned */
    size_t cap;
};

/* A field. Its text belongs to the file or to *f, until the next one is taken; a byte that is in no
 * number stands behind it. */
struct field {
    const char *text;
    size_t n, line;
    bool quoted;
};

/* The delimiter that the first lines look like: tab, semicolon, comma or blank, the first of these
 * that each line has as often; else the first one that the first line has; else a comma. */
char fields_guess(const char *p, const char *end);

/* Goes to the next record. false, at the end of the file, where only empty lines are left. */
bool fields_more(struct fields *f);

/* Whether the record that comes next is an empty line. */
bool fields_empty_line(const struct fields *f);

/* Takes the next field of a record. ERR_DATA with line and column for wrong quotes. */
int fields_next(struct fields *f, struct field *out, struct err *e);

/* Takes the next field if it is a plain number; false takes nothing. */
bool fields_number(struct fields *f, real *v);

/* Whether a field is a number and nothing else. */
bool field_number(const struct field *d, real *v);

/* Whether it is what people and programs write where a value is missing. */
bool field_is_missing(const struct field *d);

void fields_free(struct fields *f);

/* Whether the first n bytes of a file, or all (whole), look like a table: two lines, as far as they
 * are there, of as many fields, not separated by blanks, with a number among them. A NUL stands
 * behind them. */
bool fields_look(const char *head, size_t n, bool whole);

#endif
