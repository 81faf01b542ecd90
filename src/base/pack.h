/* pack.h - bytes packed as zlib does (RFC 1950), which is how PNG holds its pixels. */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include <stddef.h>

/* Room that n bytes need at most when they are packed. */
size_t pack_bound(size_t n);

/* Packs n bytes into out, which has pack_bound(n) bytes. Returns how many it wrote; 0: out of
 * memory. */
size_t pack_zlib(void *out, const void *in, size_t n);

#endif
