/* io.h - files in and out.
 *
 * Readers check sizes before they allocate; the writer leaves either the old file or the new one,
 * whole, whatever happens in between. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The content of a file, with a NUL behind its last byte that does not count. */
struct blob {
    char *data;
    size_t size;
};

/* Reads a whole regular file (or a pipe) of at most `max` bytes. A missing file's message names the
 * path and the current folder. Errors have kind `kind`. Free with blob_free. */
int io_read(const char *path, size_t max, enum err_kind kind, struct blob *b, struct err *e);

/* As io_read, unpacking what gzip or bzip2 packed (told by content, not by name; several members in
 * a row are one file). `max` bounds the unpacked size. A cut or damaged file is an error. */
int io_read_packed(const char *path, size_t max, enum err_kind kind, struct blob *b, struct err *e);

void blob_free(struct blob *b); /* leaves {NULL, 0} */

/* Writes path so that at every moment it holds its old content or the new: a temporary file in the
 * same folder (".NAME.tmp"), fsync, rename, fsync of the folder. The parts are written in order.
 * ERR_INTERNAL with path and reason. */
int io_write_atomic(const char *path, const struct blob *parts, int n_parts, struct err *e);

/* CRC-32 (zlib's) of n bytes, going on from `crc` (0 to start). */
uint32_t io_crc32(uint32_t crc, const void *p, size_t n);

/* Creates a folder and the ones above it; an existing one is fine. */
int io_mkdirs(const char *path, struct err *e);

bool io_exists(const char *path);
bool io_is_dir(const char *path);

/* Size and CRC-32 of a file's bytes as they are on disk. */
int io_fingerprint(const char *path, enum err_kind kind, uint64_t *size, uint32_t *crc,
                   struct err *e);

#endif
