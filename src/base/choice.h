/* choice.h - sections whose key `type` decides which other keys they have ([loss], [optimizer],
 * [schedule]). It has to be known before the rest of the section can be read. */
#ifndef BASE_CHOICE_H
#define BASE_CHOICE_H

#include "base/opt.h"

/* Reads the key `type` of *s (NULL: its default), a row of `table`, of type OPT_WORD. *type: the
 * index of the word, or -1 where the file's word is none of them, which is then said in *d. Other
 * keys, and a second `type`, are left to opt_read. -1 only for lack of memory. */
int choice_read(const struct netfile *nf, const struct section *s, const struct opt *table,
                int *type, struct diag *d, struct err *e);

#endif
