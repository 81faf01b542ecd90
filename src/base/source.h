/* source.h - the bytes of a file as they are, behind a small buffer. */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_PIECE ((size_t)64 * 1024) /* bytes of the buffer */

struct source {
    const char *path; /* outlives it */
    enum err_kind kind;
    int fd;
    bool pipe, eof;
    uint64_t size; /* as the system says; 0 for a pipe */
    uint64_t left; /* bytes that may still be read */
    bool any;      /* something has been read */
    char *buf, *p; /* the n unused bytes are at p */
    size_t n;
};

/* Opens a regular file (or a pipe) of at most `limit` bytes. Close with source_close in either
 * case. */
int source_open(struct source *s, const char *path, uint64_t limit, enum err_kind kind,
                struct err *e);
void source_close(struct source *s);

/* Tops the buffer up until `want` bytes (at most SOURCE_PIECE) lie there or the file ends. */
int source_fill(struct source *s, size_t want, struct err *e);

/* Takes up to n bytes out of it; *got = 0 at the end. */
int source_take(struct source *s, char *to, size_t n, size_t *got, struct err *e);

/* The error of a file that has more than `max` bytes. */
int source_too_large(const char *path, enum err_kind kind, uint64_t max, struct err *e);

#endif
