/* stb.c - the only place that knows stb: its functions are compiled here, without their warnings.
 *
 * stb asks for memory piece by piece and loses some of it where a piece is refused. So its writer
 * gets one block, as large as it can ever need, from which pieces are cut and which is freed as a
 * whole; and what its reader holds is kept in a list, so that nothing is left behind. */
#include "image/image.h"
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

/* In front of each piece that the reader holds: MEM_ALIGN bytes. */
struct piece {
    struct piece *next, *before;
    size_t size;
};

static _Thread_local struct {
    struct piece *first;
    struct err *e; /* of who lacks memory */
} held;

static void *hold(size_t n)
{
    struct piece *p = mem_alloc(mem_add(n, MEM_ALIGN), 1, held.e);
    if (!p)
        return NULL;
    *p = (struct piece){held.first, NULL, n};
    if (held.first)
        held.first->before = p;
    held.first = p;
    return (char *)p + MEM_ALIGN;
}

static void drop(void *at)
{
    if (!at)
        return;
    struct piece *p = (void *)((char *)at - MEM_ALIGN);
    if (p->next)
        p->next->before = p->before;
    if (p->before)
        p->before->next = p->next;
    else
        held.first = p->next;
    mem_free(p);
}

static void *hold_more(void *at, size_t old, size_t n)
{
    void *more = hold(n);
    if (more && at)
        memcpy(more, at, old < n ? old : n);
    if (more)
        drop(at);
    return more;
}

static void drop_all(void)
{
    while (held.first)
        drop((char *)held.first + MEM_ALIGN);
}

#define STB_IMAGE_IMPLEMENTATION
#define STBI_NO_STDIO
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STBI_MAX_DIMENSIONS           IMAGE_SIDE_MAX
#define STBI_ASSERT(x)                ((void)0)
#define STBI_MALLOC(n)                hold(n)
#define STBI_REALLOC_SIZED(p, old, n) hold_more(p, old, n)
#define STBI_FREE(p)                  drop(p)

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
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <stb/stb_image.h>
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

/* Copies what stb has decoded out of its list. */
static int keep(struct image *out, const unsigned char *pixels, struct err *e)
{
    size_t n = (size_t)out->w * (size_t)out->h * (size_t)out->channels;
    out->pixels = mem_alloc(n, 1, e);
    if (!out->pixels)
        return -1;
    memcpy(out->pixels, pixels, n);
    return 0;
}

int image_decode(struct image *out, const struct blob *file, const char *path, struct err *e)
{
    int w = 0, h = 0, channels = 0;
    if (file->size > IMAGE_BYTES_MAX)
        return err_set(e, ERR_DATA, "%s: larger than an image may be", path);
    if (image_probe(out, file, path, e))
        return -1;
    held.e = e;
    unsigned char *pixels = stbi_load_from_memory(
        (const unsigned char *)file->data, (int)file->size, &w, &h, &channels, out->channels);
    int rc = -1;
    if (!pixels)
        err_set(e, ERR_DATA, "%s: damaged: %s", path, stbi_failure_reason());
    else if (w != out->w || h != out->h)
        err_set(e, ERR_DATA, "%s: damaged: its header says two different sizes", path);
    else
        rc = keep(out, pixels, e);
    drop_all();
    held.e = NULL;
    return rc;
}

void image_free(struct image *im)
{
    mem_free(im->pixels);
    *im = (struct image){.w = 0};
}
