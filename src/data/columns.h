/* columns.h - the columns of a table: their names, and what each of them is for. */
#ifndef DATA_COLUMNS_H
#define DATA_COLUMNS_H

#include "data/data.h"
#include "data/fields.h"

enum column_role { COLUMN_INPUT, COLUMN_TARGET, COLUMN_IGNORED };

struct column {
    char *name;                 /* the field of the first line: a name where that is a header */
    bool is_number, is_missing; /* that field */
    real value;
    enum column_role role;
    size_t at; /* number among the inputs or the targets */
};

struct columns {
    const char *path;
    const struct data_conf *c;
    bool header;
    struct column *v;
    struct column **sorted; /* by name; NULL without a header */
    size_t n, cap, inputs, targets;
};

/* Reads the first line of a table (path and c are set) and decides whether it names the columns;
 * leaves f at the first sample. ERR_DATA with line and column. */
int columns_read(struct columns *t, struct fields *f, struct err *e);

/* Gives every column its role, as [data] says; in a further file with names, those of the same name
 * in the training data have. ERR_DATA. */
int columns_choose(struct columns *t, struct err *e);

/* " 'name'" of column i for messages, "" where there are no names. Returns out. */
#define COLUMNS_QUOTE 64
const char *columns_quote(const struct columns *t, size_t i, char out[COLUMNS_QUOTE]);

/* Hands the names of inputs and targets over to s, if there are any and they differ. */
int columns_keep(struct columns *t, struct samples *s, struct err *e);

void columns_free(struct columns *t);

#endif
