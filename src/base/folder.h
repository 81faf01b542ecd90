/* folder.h - what lies in a folder, and what tells a file's old content from its new. */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct folder {
    struct folder_entry {
        char *name;
        bool folder; /* and not a file */
    } * v;           /* sorted by the bytes of the names */
    size_t n, cap;
};

/* Reads the names in a folder, but for those that begin with a dot. Errors have kind `kind`. Free
 * with folder_free in either case. */
int folder_read(struct folder *f, const char *path, enum err_kind kind, struct err *e);
void folder_free(struct folder *f);

/* What changes when a file does. Times in nanoseconds. */
struct folder_stamp {
    uint64_t size, inode;
    int64_t modified, changed;
};

/* -1 (and zeros) where there is no such file. */
int folder_stamp(const char *path, struct folder_stamp *out);

/* The time by the same clock. */
int64_t folder_now(void);

/* PATH without links, "." and ".."; NULL: there is none, or out of memory. Free with mem_free. */
char *folder_real(const char *path, struct err *e);

#endif
