/* safetensors.c - reading and checking the checkpoint container.
 *
 * Nothing of a header is believed: every size is held against the bytes that are there. */
#include "train/safetensors.h"

#include "base/mem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are used as they lie in the file");

#define HEADER_MAX   100000000u /* the reference reader's limit */
#define VALUES_MAX   2000000u   /* JSON values in a header: a hundred bytes of memory each */
#define METADATA_KEY "__metadata__"

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [ST_U64] = {"U64", 8},   [ST_I64] = {"I64", 8}, [ST_F64] = {"F64", 8},   [ST_F32] = {"F32", 4},
    [ST_U32] = {"U32", 4},   [ST_I32] = {"I32", 4}, [ST_BF16] = {"BF16", 2}, [ST_F16] = {"F16", 2},
    [ST_U16] = {"U16", 2},   [ST_I16] = {"I16", 2}, [ST_I8] = {"I8", 1},     [ST_U8] = {"U8", 1},
    [ST_BOOL] = {"BOOL", 1},
};
#define N_DTYPES ((int)(sizeof dtypes / sizeof *dtypes))

size_t st_dtype_size(enum st_dtype t)
{
    return dtypes[t].size;
}

const char *st_dtype_name(enum st_dtype t)
{
    return dtypes[t].name;
}

/* What reading needs besides its result. */
struct reader {
    const char *path;
    json_t *root;
    char *names; /* room for all keys and values, next free byte */
    const char *buffer;
    uint64_t n_buffer;
};

static int refuse(const struct reader *r, const char *tensor, const char *what, struct err *e)
{
    if (strlen(tensor) > 80)
        return err_set(e, ERR_DATA, "%s: tensor '%.80s...': %s", r->path, tensor, what);
    return err_set(e, ERR_DATA, "%s: tensor '%s': %s", r->path, tensor, what);
}

/* Keeps a text of the header, which json_decref is going to free. */
static const char *keep(struct reader *r, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = memcpy(r->names, s, n);
    r->names += n;
    return p;
}

static bool read_size(const json_t *j, uint64_t *v)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0)
        return false;
    *v = (uint64_t)json_integer_value(j);
    return true;
}

static int read_dtype(struct st_tensor *t, const struct reader *r, const char *name,
                      const json_t *info, struct err *e)
{
    const char *s = json_string_value(json_object_get(info, "dtype"));
    if (!s)
        return refuse(r, name, "no dtype", e);
    for (int i = 0; i < N_DTYPES; i++)
        if (strcmp(s, dtypes[i].name) == 0) {
            t->dtype = (enum st_dtype)i;
            return 0;
        }
    return refuse(r, name,
                  "its dtype is not one of U64 I64 F64 F32 U32 I32 BF16 F16 U16 I16 I8 U8 BOOL", e);
}

/* The shape, and in *bytes what it makes with the dtype. */
static int read_shape(struct st_tensor *t, uint64_t *bytes, const struct reader *r,
                      const char *name, const json_t *info, struct err *e)
{
    const json_t *shape = json_object_get(info, "shape");
    if (!json_is_array(shape))
        return refuse(r, name, "no shape", e);
    if (json_array_size(shape) > ST_DIMS)
        return refuse(r, name, "more than 8 dimensions", e);
    t->nd = (int)json_array_size(shape);
    *bytes = dtypes[t->dtype].size;
    bool over = false;
    for (int i = 0; i < t->nd; i++) {
        if (!read_size(json_array_get(shape, (size_t)i), &t->dim[i]))
            return refuse(r, name, "its shape is not made of whole numbers from 0", e);
        over = __builtin_mul_overflow(*bytes, t->dim[i], bytes) || over;
    }
    return over ? refuse(r, name, "the product of its shape is too large", e) : 0;
}

static int read_tensor(struct st_tensor *t, struct reader *r, const char *name, const json_t *info,
                       struct err *e)
{
    uint64_t bytes = 0, begin, end;
    if (!json_is_object(info))
        return refuse(r, name, "its entry is not an object", e);
    if (read_dtype(t, r, name, info, e) < 0 || read_shape(t, &bytes, r, name, info, e) < 0)
        return -1;
    const json_t *off = json_object_get(info, "data_offsets");
    if (!json_is_array(off) || json_array_size(off) != 2 ||
        !read_size(json_array_get(off, 0), &begin) || !read_size(json_array_get(off, 1), &end))
        return refuse(r, name, "its data_offsets are not two whole numbers from 0", e);
    if (begin > end)
        return refuse(r, name, "its data_offsets run backwards", e);
    if (end > r->n_buffer)
        return refuse(r, name, "its data lies beyond the end of the file (cut short?)", e);
    if (end - begin != bytes)
        return refuse(r, name, "its data_offsets do not fit its dtype and shape", e);
    t->name = keep(r, name);
    t->data = r->buffer + begin;
    t->bytes = (size_t)bytes;
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct st_tensor *s = a, *t = b;
    if (s->data != t->data)
        return (const char *)s->data < (const char *)t->data ? -1 : 1;
    if (s->bytes != t->bytes)
        return s->bytes < t->bytes ? -1 : 1;
    return strcmp(s->name, t->name);
}

/* Tensors must follow one another without holes and overlaps, to the last byte. */
static int check_cover(const struct safetensors *st, const struct reader *r, struct err *e)
{
    const char *at = r->buffer;
    for (int i = 0; i < st->n_tensors; i++) {
        const struct st_tensor *t = &st->tensors[i];
        if ((const char *)t->data < at)
            return refuse(r, t->name, "its data overlaps another tensor's", e);
        if ((const char *)t->data > at)
            return refuse(r, t->name, "there is a hole in front of its data", e);
        at += t->bytes;
    }
    size_t rest = (size_t)(r->buffer + r->n_buffer - at);
    if (rest > 0)
        return err_set(e, ERR_DATA, "%s: %zu bytes behind the last tensor", r->path, rest);
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct st_meta *)a)->key, ((const struct st_meta *)b)->key);
}

static int read_meta(struct safetensors *st, struct reader *r, json_t *meta, struct err *e)
{
    const char *key;
    json_t *value;
    if (!json_is_object(meta))
        return err_set(e, ERR_DATA, "%s: %s is not an object", r->path, METADATA_KEY);
    st->meta = mem_alloc(json_object_size(meta), sizeof *st->meta, e);
    if (!st->meta)
        return -1;
    json_object_foreach(meta, key, value)
    {
        if (!json_is_string(value))
            return err_set(e, ERR_DATA, "%s: metadata '%.80s' is not a string", r->path, key);
        st->meta[st->n_meta++] = (struct st_meta){keep(r, key), keep(r, json_string_value(value))};
    }
    qsort(st->meta, (size_t)st->n_meta, sizeof *st->meta, by_key);
    return 0;
}

static int read_entries(struct safetensors *st, struct reader *r, struct err *e)
{
    const char *key;
    json_t *value;
    st->tensors = mem_alloc(json_object_size(r->root), sizeof *st->tensors, e);
    if (!st->tensors)
        return -1;
    json_object_foreach(r->root, key, value)
    {
        if (strcmp(key, METADATA_KEY) == 0) {
            if (read_meta(st, r, value, e) < 0)
                return -1;
        } else if (read_tensor(&st->tensors[st->n_tensors++], r, key, value, e) < 0) {
            return -1;
        }
    }
    qsort(st->tensors, (size_t)st->n_tensors, sizeof *st->tensors, by_place);
    return check_cover(st, r, e);
}

/* Files of other programs may put tensors anywhere: then all move to places of their own. */
static int realign(struct safetensors *st, struct err *e)
{
    size_t total = 0;
    bool aligned = true;
    for (int i = 0; i < st->n_tensors; i++) {
        const struct st_tensor *t = &st->tensors[i];
        aligned = aligned && (uintptr_t)t->data % dtypes[t->dtype].size == 0;
        total += (t->bytes + 7) & ~(size_t)7;
    }
    if (aligned)
        return 0;
    char *p = mem_alloc(total, 1, e), *all = p;
    if (!p)
        return -1;
    for (int i = 0; i < st->n_tensors; i++) {
        struct st_tensor *t = &st->tensors[i];
        t->data = memcpy(p, t->data, t->bytes);
        p += (t->bytes + 7) & ~(size_t)7;
    }
    blob_free(&st->file);
    st->file = (struct blob){all, total};
    return 0;
}

/* Upper bound of the values in a JSON text, which is what parsing it may cost. */
static size_t count_values(const char *s, size_t n)
{
    size_t marks = 1;
    for (size_t i = 0; i < n; i++)
        marks += s[i] == ',' || s[i] == ':' || s[i] == '[' || s[i] == '{';
    return marks;
}

static int parse_header(struct reader *r, const char *s, size_t n, struct err *e)
{
    json_error_t je;
    if (n == 0 || s[0] != '{')
        return err_set(e, ERR_DATA, "%s: its header does not start with '{'", r->path);
    if (count_values(s, n) > VALUES_MAX)
        return err_set(e, ERR_DATA, "%s: its header has more than %u values", r->path, VALUES_MAX);
    r->root = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je);
    if (r->root)
        return 0;
    if (json_error_code(&je) == json_error_out_of_memory)
        return err_set(e, ERR_INTERNAL, "out of memory while reading %s", r->path);
    return err_set(e, ERR_DATA, "%s: its header is not valid JSON: %s (byte %d)", r->path, je.text,
                   je.position);
}

int safetensors_parse(struct safetensors *st, const char *path, struct blob *bytes, struct err *e)
{
    *st = (struct safetensors){.file = *bytes};
    *bytes = (struct blob){0};
    struct reader r = {.path = path};
    const char *file = st->file.data;
    uint64_t n = 0;
    int result = -1;
    if (st->file.size < 8)
        return err_set(e, ERR_DATA, "%s: not a safetensors file: only %zu bytes", path,
                       st->file.size);
    for (int i = 0; i < 8; i++)
        n |= (uint64_t)(unsigned char)file[i] << (8 * i);
    if (n > HEADER_MAX)
        return err_set(e, ERR_DATA, "%s: not a safetensors file: a header of %llu bytes", path,
                       (unsigned long long)n);
    if (n > st->file.size - 8)
        return err_set(e, ERR_DATA, "%s: its header of %llu bytes goes beyond the end of the file",
                       path, (unsigned long long)n);
    if (parse_header(&r, file + 8, (size_t)n, e) < 0)
        return -1;
    r.buffer = file + 8 + n;
    r.n_buffer = st->file.size - 8 - n;
    /* a key or value is shorter in memory than in JSON, where it has quotes */
    st->names = r.names = mem_alloc((size_t)n, 1, e);
    if (st->names && read_entries(st, &r, e) == 0)
        result = realign(st, e);
    json_decref(r.root);
    return result;
}

int safetensors_read(struct safetensors *st, const char *path, struct err *e)
{
    struct blob b;
    *st = (struct safetensors){0};
    if (io_read(path, SIZE_MAX, ERR_DATA, &b, e) < 0)
        return -1;
    return safetensors_parse(st, path, &b, e);
}

void safetensors_free(struct safetensors *st)
{
    mem_free(st->tensors);
    mem_free(st->meta);
    mem_free(st->names);
    blob_free(&st->file);
    *st = (struct safetensors){0};
}

const struct st_tensor *safetensors_find(const struct safetensors *st, const char *name)
{
    for (int i = 0; i < st->n_tensors; i++)
        if (strcmp(st->tensors[i].name, name) == 0)
            return &st->tensors[i];
    return NULL;
}

const char *safetensors_meta(const struct safetensors *st, const char *key)
{
    struct st_meta *m = NULL, k = {key, NULL};
    if (st->n_meta > 0)
        m = bsearch(&k, st->meta, (size_t)st->n_meta, sizeof k, by_key);
    return m ? m->value : NULL;
}
