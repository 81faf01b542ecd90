/* unpack.h - a file's bytes without their packing: gzip or bzip2 (told by content, not by name;
 * several members in a row are one file), or none. */
#ifndef BASE_UNPACK_H
#define BASE_UNPACK_H

#include "base/source.h"

struct unpack;

/* Unpacks what s has; `max` bounds it. `packed` false: nothing counts as packed. The source stays
 * the caller's. Free with unpack_close. */
struct unpack *unpack_open(struct source *s, uint64_t max, bool packed, struct err *e);
void unpack_close(struct unpack *u);

bool unpack_is_packed(const struct unpack *u);

/* The next bytes: 1 .. n of them (n > 0), or *got = 0 at the end. A cut or damaged file is an error
 * of the source's kind. */
int unpack_read(struct unpack *u, char *to, size_t n, size_t *got, struct err *e);

#endif
