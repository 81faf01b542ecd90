/* stream.h - a file piece by piece, unpacked on the way, for readers that do not need it whole in
 * memory. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/io.h"

struct stream;

/* Opens a regular file (or a pipe). `max` bounds its size, unpacked where `packed` says that gzip
 * and bzip2 are to be unpacked. A missing file's message names the path and the current folder.
 * Errors, of the functions below too, have kind `kind`. `path` must outlive it. Free with
 * stream_close. */
struct stream *stream_open(const char *path, size_t max, bool packed, enum err_kind kind,
                           struct err *e);

/* A stream of what is in memory already, with a NUL behind it. It must outlive the stream. */
struct stream *stream_of(const struct blob *b, struct err *e);

void stream_close(struct stream *s);

/* Keeps the bytes *p .. *end (both NULL at first) and puts more behind them, until there are at
 * least `want` or the file has ended. Both move; **end is a NUL. */
int stream_more(struct stream *s, const char **p, const char **end, size_t want, struct err *e);

/* All that is left, behind the bytes p .. end; the stream is at its end then. Free with blob_free.
 */
int stream_rest(struct stream *s, const char *p, const char *end, struct blob *b, struct err *e);

/* From now on a thread of its own unpacks ahead of the reader, where threads are allowed
 * (par_default) and there is something to unpack. -1: out of memory. */
int stream_ahead(struct stream *s, struct err *e);

#endif
