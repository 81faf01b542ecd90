/* pack.c - zlib's compression. */
#include "base/pack.h"

#include <zlib.h>

size_t pack_bound(size_t n)
{
    return compressBound(n);
}

size_t pack_zlib(void *out, const void *in, size_t n)
{
    uLongf size = compressBound(n);
    return compress2(out, &size, in, n, Z_DEFAULT_COMPRESSION) == Z_OK ? size : 0;
}
