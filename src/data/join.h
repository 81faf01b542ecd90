/* join.h - several files that are read as one: "a.bin, b.bin". */
#ifndef DATA_JOIN_H
#define DATA_JOIN_H

#include "data/data.h"

#define JOIN_MAX 256 /* files */

struct join {
    char *path[JOIN_MAX];
    int n;
};

/* The paths of a list with commas. A text that is a path as it stands, commas and all, is one.
 * ERR_DATA for an empty path and for too many. Free with join_free in either case. */
int join_split(struct join *j, const char *text, struct err *e);
void join_free(struct join *j);

/* All samples of n sets, in order, as one; what is in the sets is taken or freed. `path` names them
 * in messages. ERR_DATA where they are not of one kind. */
int join_samples(struct samples *s, struct samples *sets, char *const *path, int n, struct err *e);

#endif
