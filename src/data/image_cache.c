/* image_cache.c - decoded images in a file.
 *
 * The file: struct head, the path of the list, the names of the images (each with a NUL), struct
 * image_file for each, the bytes of all. In the order of bytes of the machine. */
#include "data/image_cache.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC     UINT64_C(0x31636e6e79696400) /* another order of bytes is another number */
#define VERSION   1                            /* of the layout, and of decoding and fitting */
#define CACHE_MAX ((size_t)4 << 30)            /* larger sets are not kept */
#define YOUNG     INT64_C(2000000000)          /* nanoseconds in which clocks may be coarse */

struct head {
    uint64_t magic, version;
    uint64_t size; /* of the whole file */
    uint64_t crc;  /* of all that follows */
    int64_t began;
    uint64_t c, h, w, fit, exact, n, path, names; /* n: images; path, names: bytes */
};

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, b + i, n - i < sizeof word ? n - i : sizeof word);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return h;
}

void image_cache_print(struct image_file *f, const struct blob *content)
{
    f->stamp.size = content->size;
    f->hash = mix(content->size, content->data, content->size);
    f->crc = io_crc32(0, content->data, content->size);
}

/* ---- where ---- */

/* The folder of caches; NULL: nowhere, or out of memory. */
static char *cache_folder(struct err *e)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg && *xdg == '/')
        return mem_printf(e, "%s/diynn", xdg);
    return home && *home == '/' ? mem_printf(e, "%s/.cache/diynn", home) : NULL;
}

/* What the set is called by: where its list lies. */
static char *where_it_lies(const struct image_set *set, struct err *e)
{
    return folder_real(set->list->path, e);
}

static char *cache_path(const struct image_set *set, const char *folder, const char *place,
                        struct err *e)
{
    const int what[] = {set->shape.c, set->shape.h, set->shape.w, (int)set->fit, set->exact};
    uint64_t h = mix(mix(strlen(place), place, strlen(place)), what, sizeof what);
    return mem_printf(e, "%s/%016llx.images", folder, (unsigned long long)h);
}

/* ---- what ---- */

/* The images' names, each with a NUL. */
static int join_names(const struct image_list *l, struct blob *out, struct err *e)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += strlen(l->v[i].path + l->v[i].name) + 1;
    *out = (struct blob){mem_alloc(n, 1, e), n};
    char *to = out->data;
    for (size_t i = 0; to && i < l->n; i++) {
        size_t len = strlen(l->v[i].path + l->v[i].name) + 1;
        memcpy(to, l->v[i].path + l->v[i].name, len);
        to += len;
    }
    return out->data ? 0 : -1;
}

static struct head make_head(const struct image_set *set, const char *place, size_t names)
{
    struct head h = {.magic = MAGIC,
                     .version = VERSION,
                     .began = set->began,
                     .c = (uint64_t)set->shape.c,
                     .h = (uint64_t)set->shape.h,
                     .w = (uint64_t)set->shape.w,
                     .fit = set->fit,
                     .exact = set->exact,
                     .n = set->list->n,
                     .path = strlen(place),
                     .names = names};
    size_t bytes = mem_mul(set->list->n, shape_size(set->shape));
    size_t files = mem_mul(set->list->n, sizeof *set->file);
    h.size = mem_add(mem_add(sizeof h + h.path + h.names, files), bytes);
    return h;
}

/* Whether a file is what it was when the cache was written: by its stamp, or else by its content,
 * which is *read then. */
static bool same_file(const char *path, const struct image_file *was, struct image_file *is,
                      int64_t began, bool *read)
{
    const struct folder_stamp *a = &was->stamp, *b = &is->stamp;
    struct blob content;
    struct err unread = {0};
    bool same = a->size == b->size && a->inode == b->inode && a->modified == b->modified &&
                a->changed == b->changed;
    *is = (struct image_file){*b, was->hash, was->crc, was->status};
    if (same && a->modified < began - YOUNG && a->changed < began - YOUNG)
        return true;
    *read = true;
    if (a->size != b->size || io_read(path, IMAGE_BYTES_MAX, ERR_DATA, &content, &unread))
        return false;
    image_cache_print(is, &content);
    blob_free(&content);
    return is->hash == was->hash && is->crc == was->crc;
}

/* Whether the file's head, path and names are those of the set. */
static bool same_set(const struct head *want, const struct blob *b, const char *place,
                     const struct blob *names)
{
    struct head h;
    if (b->size != want->size)
        return false;
    memcpy(&h, b->data, sizeof h);
    struct head expected = *want;
    expected.began = h.began;
    expected.crc = h.crc;
    size_t skip = offsetof(struct head, began);
    return memcmp(&h, &expected, sizeof h) == 0 && memcmp(b->data + sizeof h, place, h.path) == 0 &&
           memcmp(b->data + sizeof h + h.path, names->data, names->size) == 0 &&
           h.crc == io_crc32(0, b->data + skip, b->size - skip);
}

/* Takes a cache file's content, if it is one of this set and the files are unchanged. *again: some
 * had to be read for that. */
static bool take(struct image_set *set, struct blob *b, const struct head *want, const char *place,
                 const struct blob *names, bool *again)
{
    if (!same_set(want, b, place, names))
        return false;
    struct head h;
    memcpy(&h, b->data, sizeof h);
    size_t at = sizeof h + h.path + h.names;
    for (size_t i = 0; i < set->list->n; i++, at += sizeof(struct image_file)) {
        struct image_file was;
        memcpy(&was, b->data + at, sizeof was);
        if (!same_file(set->list->v[i].path, &was, &set->file[i], h.began, again))
            return false;
    }
    memmove(b->data, b->data + at, b->size - at);
    set->bytes = (unsigned char *)b->data; /* and the set frees it */
    *b = (struct blob){NULL, 0};
    return true;
}

int image_cache_load(struct image_set *set, struct err *e)
{
    struct err why = {0};
    struct blob names = {0}, b = {0};
    char *folder = cache_folder(e), *place = folder ? where_it_lies(set, e) : NULL;
    char *path = place ? cache_path(set, folder, place, e) : NULL;
    bool hit = false, again = false;
    if (path && join_names(set->list, &names, e) == 0) {
        struct head want = make_head(set, place, names.size);
        struct folder_stamp stamp;
        if (folder_stamp(path, &stamp) == 0 && stamp.size == want.size &&
            io_read(path, CACHE_MAX, ERR_DATA, &b, &why) == 0)
            hit = take(set, &b, &want, place, &names, &again);
        log_debug("%s: decoded images: %s", set->list->path,
                  hit ? path : "to be decoded anew, no valid cache");
        if (hit && again)
            image_cache_store(set);
    }
    blob_free(&names);
    blob_free(&b);
    mem_free(path);
    mem_free(place);
    mem_free(folder);
    return e->kind == ERR_NONE ? hit : -1;
}

/* Writes the cache file; all that is in it is the caller's. */
static int write_file(const struct image_set *set, const char *path, const char *place,
                      const struct blob *names, struct err *e)
{
    struct head h = make_head(set, place, names->size);
    size_t skip = offsetof(struct head, began);
    struct blob parts[] = {
        {(char *)&h, sizeof h},
        {(char *)(size_t)place, h.path},
        *names,
        {(char *)set->file, set->list->n * sizeof *set->file},
        {(char *)set->bytes, set->list->n * shape_size(set->shape)},
    };
    if (h.size > CACHE_MAX)
        return err_set(e, ERR_INTERNAL, "too large to be kept");
    h.crc = io_crc32(0, (char *)&h + skip, sizeof h - skip);
    for (int i = 1; i < 5; i++)
        h.crc = io_crc32((uint32_t)h.crc, parts[i].data, parts[i].size);
    return io_write_atomic(path, parts, 5, e);
}

void image_cache_store(const struct image_set *set)
{
    struct err e = {0};
    struct blob names = {0};
    char *folder = cache_folder(&e), *place = folder ? where_it_lies(set, &e) : NULL;
    char *path = place ? cache_path(set, folder, place, &e) : NULL;
    if (path && io_mkdirs(folder, &e) == 0 && join_names(set->list, &names, &e) == 0)
        write_file(set, path, place, &names, &e);
    if (e.kind != ERR_NONE)
        log_debug("decoded images of %s are not kept: %s", set->list->path, e.msg);
    blob_free(&names);
    mem_free(path);
    mem_free(place);
    mem_free(folder);
}
