/* opt_value.h - one value of a table's row: text to bytes and its rules in words. For opt*.c. */
#ifndef BASE_OPT_VALUE_H
#define BASE_OPT_VALUE_H

#include "base/opt.h"

#define OPT_TEXT 400 /* room for any rule in words */

/* The field of a row in its conf. */
static inline void *opt_field(const struct opt *o, const void *conf)
{
    return (char *)(size_t)conf + o->offset;
}

/* Makes the field zero without freeing what it holds. */
void opt_clear(const struct opt *o, void *conf);

/* Frees what the field holds and makes it zero. */
void opt_release(const struct opt *o, void *conf);

/* Reads text into the field. 1: the text is no such value, `why` says what it must be and the field
 * is as it was. `checked` false: whatever the range says (for defaults). -1: out of memory. */
int opt_set(const struct opt *o, void *conf, const char *text, bool checked, char why[OPT_TEXT],
            struct err *e);

/* Whether the row's range allows v. */
bool opt_in_range(const struct opt *o, double v);

/* What a value must be: "a whole number between 1 and 64 or 'same'". */
void opt_rule(const struct opt *o, char out[OPT_TEXT]);

/* The shortest decimal that reads back as v. */
#define OPT_NUMBER 40
void opt_print_double(double v, char out[OPT_NUMBER]);

#endif
