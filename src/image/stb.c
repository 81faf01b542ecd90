/* stb.c - the only place that knows stb: its functions are compiled here, without their warnings.
 *
 * stb asks for memory piece by piece and loses some of it where a piece is refused. So it gets one
 * block, as large as it can ever need, from which pieces are cut and which is freed as a whole. */
#include "image/png.h"

#include "base/mem.h"
#include "base/pack.h"

#include <string.h>

static _Thread_local struct {
    unsigned char *block;
    size_t used, size;
} room;

static void *take(size_t n)
{
    n = (n + 15) / 16 * 16;
    if (room.size - room.used < n)
        return NULL;
    room.used += n;
    return room.block + room.used - n;
}

static unsigned char *compress_rows(const unsigned char *data, int n, int *packed)
{
    unsigned char *out = take(pack_bound((size_t)n));
    size_t size = out ? pack_zlib(out, data, (size_t)n) : 0;
    *packed = (int)size;
    return size ? out : NULL;
}

/* stb frees what it took; the whole block is freed later. */
static void leave(void *p)
{
    (void)p;
}

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STBIW_MALLOC(n)                    take(n)
#define STBIW_REALLOC(p, n)                NULL
#define STBIW_FREE(p)                      leave(p)
#define STBIW_ASSERT(x)                    ((void)0)
#define STBIW_ZLIB_COMPRESS(data, n, m, q) compress_rows(data, n, m)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wdouble-promotion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

int png_encode(struct blob *out, const unsigned char *pixels, int w, int h, int channels,
               struct err *e)
{
    *out = (struct blob){0};
    if (w < 1 || h < 1 || w > PNG_SIDE_MAX || h > PNG_SIDE_MAX || (channels != 1 && channels != 3))
        return err_set(e, ERR_INTERNAL, "no picture of %d x %d pixels of %d bytes can be", w, h,
                       channels);
    size_t line = (size_t)w * (size_t)channels, rows = (line + 1) * (size_t)h;
    int n = 0;
    room.used = 0;
    room.size = line + rows + 2 * pack_bound(rows) + 256;
    room.block = mem_alloc(room.size, 1, e);
    unsigned char *png =
        room.block ? stbi_write_png_to_mem(pixels, (int)line, w, h, channels, &n) : NULL;
    if (png && (out->data = mem_alloc((size_t)n + 1, 1, e))) {
        memcpy(out->data, png, (size_t)n);
        out->size = (size_t)n;
    }
    mem_free(room.block);
    room.block = NULL;
    return out->data ? 0 : err_set(e, ERR_INTERNAL, "out of memory for a picture");
}
