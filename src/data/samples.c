/* samples.c - the arrays of a set of samples. */
#include "data/data.h"

#include "base/mem.h"

#include <string.h>

void samples_free(struct samples *s)
{
    if (s->names) {
        for (int i = 0; i < s->classes; i++)
            mem_free(s->names[i]);
    }
    for (int i = 0; s->columns && i < s->n_columns; i++)
        mem_free(s->columns[i]);
    mem_free(s->names);
    mem_free(s->columns);
    mem_free(s->labels);
    mem_free(s->files);
    mem_free(s->x);
    mem_free(s->bytes);
    mem_free(s->scale);
    mem_free(s->label);
    mem_free(s->target);
    memset(s, 0, sizeof *s);
}

static int allocate(struct samples *s, size_t n, struct shape shape, int classes, int k, bool bytes,
                    struct err *e)
{
    memset(s, 0, sizeof *s);
    size_t size = mem_mul(mem_mul((size_t)shape.c, (size_t)shape.h), (size_t)shape.w);
    if (bytes)
        s->bytes = mem_alloc(mem_mul(n, size), 1, e);
    else
        s->x = mem_alloc(mem_mul(n, size), sizeof *s->x, e);
    if (!s->x && !s->bytes)
        goto fail;
    mem_use_whole(bytes ? (void *)s->bytes : s->x);
    if (classes > 0) {
        s->label = mem_alloc(n, sizeof *s->label, e);
        if (!s->label)
            goto fail;
    }
    if (k > 0) {
        s->target = mem_alloc(mem_mul(n, (size_t)k), sizeof *s->target, e);
        if (!s->target)
            goto fail;
    }
    s->n = n;
    s->shape = shape;
    s->classes = classes;
    s->k = k;
    return 0;
fail:
    samples_free(s);
    return -1;
}

int samples_alloc(struct samples *s, size_t n, struct shape shape, int classes, int k,
                  struct err *e)
{
    return allocate(s, n, shape, classes, k, false, e);
}

int samples_alloc_bytes(struct samples *s, size_t n, struct shape shape, int classes, struct err *e)
{
    return allocate(s, n, shape, classes, 0, true, e);
}

/* Bytes first .. first + n - 1 of a sample b, as they are, looked up by value (one table for all,
 * or one a channel), or scaled number by number. */
static void convert(const struct samples *s, const unsigned char *b, size_t first, size_t n,
                    real *out)
{
    const struct samples_scale *q = s->scale;
    size_t size = shape_size(s->shape), c = (size_t)s->shape.c;
    b += first;
    if (!q) {
        for (size_t j = 0; j < n; j++)
            out[j] = (real)b[j];
    } else if (q->n_tables == 0) {
        const real *mean = q->numbers + first, *std = mean + size;
        for (size_t j = 0; j < n; j++)
            out[j] = ((real)b[j] - mean[j]) / std[j];
    } else if (q->n_tables == 1) {
        for (size_t j = 0; j < n; j++)
            out[j] = q->numbers[b[j]];
    } else {
        for (size_t j = 0; j < n; j += c)
            for (size_t k = 0; k < c; k++)
                out[j + k] = q->numbers[k * SAMPLES_BYTES + b[j + k]];
    }
}

void samples_part(const struct samples *s, size_t i, size_t first, size_t n, real *out)
{
    size_t size = shape_size(s->shape);
    if (s->x)
        memcpy(out, s->x + i * size + first, n * sizeof *out);
    else
        convert(s, s->bytes + i * size, first, n, out);
}

void samples_row(const struct samples *s, size_t i, real *out)
{
    samples_part(s, i, 0, shape_size(s->shape), out);
}

const real *samples_at(const struct samples *s, size_t i, real *room)
{
    if (s->x)
        return s->x + i * shape_size(s->shape);
    samples_row(s, i, room);
    return room;
}

struct shape samples_shape(const struct data_conf *c, size_t n, struct shape own)
{
    struct shape stated = {c->shape[0], c->shape[1], c->shape[2]};
    return shape_size(stated) == n ? stated : own;
}

int samples_reorder(struct samples *s, struct err *e)
{
    size_t size = shape_size(s->shape), c = (size_t)s->shape.c, hw = size / c;
    if (shape_is_plain(s->shape))
        return 0;
    real *old = mem_alloc(size, sizeof *old, e);
    if (!old)
        return -1;
    for (size_t i = 0; i < s->n; i++) {
        real *x = s->x + i * size;
        memcpy(old, x, size * sizeof *x);
        for (size_t j = 0; j < size; j++)
            x[j] = old[j % c * hw + j / c];
    }
    mem_free(old);
    return 0;
}
