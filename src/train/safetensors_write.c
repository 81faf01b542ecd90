/* safetensors_write.c - serialising as the reference writer does, byte for byte. */
#include "base/mem.h"
#include "base/opt.h"
#include "train/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Appends s as a JSON string. The escapes are the reference writer's: short ones where JSON has
 * them, lower-case hex for the other control characters, everything else as it is. */
static int add_string(struct text *t, const char *s, struct err *e)
{
    static const char with[] = "\"\\\b\f\n\r\t", as[] = "\"\\bfnrt";
    json_t *check = json_string(s); /* NULL where it is not UTF-8 */
    if (!check)
        return err_set(e, ERR_INTERNAL, "cannot save '%.80s': not valid UTF-8", s);
    json_decref(check);
    int r = text_add(t, e, "\"");
    while (r == 0 && *s) {
        size_t plain = 0;
        while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
            plain++;
        r = text_add(t, e, "%.*s", (int)plain, s);
        s += plain;
        if (r < 0 || !*s)
            break;
        const char *p = strchr(with, *s);
        r = p ? text_add(t, e, "\\%c", as[p - with]) : text_add(t, e, "\\u%04x", (unsigned)*s);
        s++;
    }
    return r < 0 ? -1 : text_add(t, e, "\"");
}

static int by_name(const void *a, const void *b)
{
    const struct st_tensor *s = *(const struct st_tensor *const *)a;
    const struct st_tensor *t = *(const struct st_tensor *const *)b;
    return strcmp(s->name, t->name);
}

static int by_dtype(const void *a, const void *b)
{
    const struct st_tensor *s = *(const struct st_tensor *const *)a;
    const struct st_tensor *t = *(const struct st_tensor *const *)b;
    if (s->dtype != t->dtype)
        return s->dtype < t->dtype ? -1 : 1;
    return by_name(a, b);
}

static int by_key(const void *a, const void *b)
{
    const struct st_meta *s = *(const struct st_meta *const *)a;
    const struct st_meta *t = *(const struct st_meta *const *)b;
    return strcmp(s->key, t->key);
}

/* "__metadata__":{...}; nothing where there is none. */
static int add_meta(struct text *t, const struct st_meta **meta, int n, struct err *e)
{
    if (n > 0 && text_add(t, e, "\"__metadata__\":{") < 0)
        return -1;
    for (int i = 0; i < n; i++) {
        if ((i > 0 && text_add(t, e, ",") < 0) || add_string(t, meta[i]->key, e) < 0 ||
            text_add(t, e, ":") < 0 || add_string(t, meta[i]->value, e) < 0)
            return -1;
    }
    return n > 0 ? text_add(t, e, "}") : 0;
}

static int add_tensor(struct text *t, const struct st_tensor *x, size_t begin, struct err *e)
{
    size_t bytes = st_dtype_size(x->dtype);
    if (add_string(t, x->name, e) < 0 ||
        text_add(t, e, ":{\"dtype\":\"%s\",\"shape\":[", st_dtype_name(x->dtype)) < 0)
        return -1;
    for (int i = 0; i < x->nd; i++) {
        bytes = mem_mul(bytes, x->dim[i]);
        if (text_add(t, e, "%s%llu", i ? "," : "", (unsigned long long)x->dim[i]) < 0)
            return -1;
    }
    if (bytes != x->bytes || strcmp(x->name, "__metadata__") == 0)
        return err_set(e, ERR_INTERNAL, "cannot save tensor '%s': its name or size is wrong",
                       x->name);
    return text_add(t, e, "],\"data_offsets\":[%zu,%zu]}", begin, begin + bytes);
}

/* The padded header; *n_data gets the bytes of all tensors. */
static int add_header(struct text *t, const struct st_tensor **tensors, int n_tensors,
                      const struct st_meta **meta, int n_meta, size_t *n_data, struct err *e)
{
    size_t at = 0;
    if (text_add(t, e, "{") < 0 || add_meta(t, meta, n_meta, e) < 0)
        return -1;
    for (int i = 0; i < n_tensors; i++) {
        if ((i + n_meta > 0 && text_add(t, e, ",") < 0) || add_tensor(t, tensors[i], at, e) < 0)
            return -1;
        if (__builtin_add_overflow(at, tensors[i]->bytes, &at))
            return err_set(e, ERR_INTERNAL, "cannot save tensors of such a size");
    }
    if (text_add(t, e, "}") < 0)
        return -1;
    *n_data = at;
    return text_add(t, e, "%*s", (int)(-t->n % 8), "");
}

/* Puts both in the order of the file and refuses what is there twice. */
static int arrange(const struct st_tensor **tensors, int n_tensors, const struct st_meta **meta,
                   int n_meta, struct err *e)
{
    qsort(meta, (size_t)n_meta, sizeof *meta, by_key);
    for (int i = 1; i < n_meta; i++)
        if (by_key(&meta[i - 1], &meta[i]) == 0)
            return err_set(e, ERR_INTERNAL, "cannot save metadata '%s' twice", meta[i]->key);
    qsort(tensors, (size_t)n_tensors, sizeof *tensors, by_name);
    for (int i = 1; i < n_tensors; i++)
        if (by_name(&tensors[i - 1], &tensors[i]) == 0)
            return err_set(e, ERR_INTERNAL, "cannot save tensor '%s' twice", tensors[i]->name);
    qsort(tensors, (size_t)n_tensors, sizeof *tensors, by_dtype);
    return 0;
}

static int put_together(struct blob *out, const struct text *header,
                        const struct st_tensor **tensors, int n_tensors, size_t n_data,
                        struct err *e)
{
    size_t size, room;
    bool over = __builtin_add_overflow(8 + header->n, n_data, &size);
    over = __builtin_add_overflow(size, 1, &room) || over;
    char *p = mem_alloc(over ? SIZE_MAX : room, 1, e);
    if (!p)
        return -1;
    *out = (struct blob){p, size};
    for (int i = 0; i < 8; i++)
        *p++ = (char)(unsigned char)((uint64_t)header->n >> (8 * i));
    memcpy(p, header->s, header->n);
    p += header->n;
    for (int i = 0; i < n_tensors; i++) {
        if (tensors[i]->bytes > 0)
            memcpy(p, tensors[i]->data, tensors[i]->bytes);
        p += tensors[i]->bytes;
    }
    return 0;
}

int safetensors_serialise(const struct st_tensor *tensors, int n_tensors,
                          const struct st_meta *meta, int n_meta, struct blob *out, struct err *e)
{
    struct text header = {0};
    size_t n_data = 0;
    int result = -1;
    *out = (struct blob){0};
    const struct st_tensor **t = mem_alloc((size_t)n_tensors, sizeof *t, e);
    const struct st_meta **m = mem_alloc((size_t)n_meta, sizeof *m, e);
    if (!t || !m)
        goto out;
    for (int i = 0; i < n_tensors; i++)
        t[i] = &tensors[i];
    for (int i = 0; i < n_meta; i++)
        m[i] = &meta[i];
    if (arrange(t, n_tensors, m, n_meta, e) == 0 &&
        add_header(&header, t, n_tensors, m, n_meta, &n_data, e) == 0)
        result = put_together(out, &header, t, n_tensors, n_data, e);
out:
    mem_free(t);
    mem_free(m);
    mem_free(header.s);
    return result;
}
