/* array.c - n-dimensional arrays of numbers, as IDX and NPY files hold them. */
#include "data/array.h"

#include "base/mem.h"
#include "data/labels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int array_attach(struct array *a, const struct blob *b, size_t header, struct err *e)
{
    a->n = 1;
    for (int i = 0; i < a->nd; i++)
        a->n = mem_mul(a->n, a->dim[i]);
    size_t bytes = mem_mul(a->n, (size_t)a->size), have = b->size - header;
    if (bytes == SIZE_MAX)
        return err_set(e, ERR_DATA, "%s: the sizes in its header are too large", a->path);
    if (have != bytes)
        return err_set(e, ERR_DATA,
                       "%s: %s: its header needs %zu bytes behind it, but there are %zu", a->path,
                       have < bytes ? "cut short" : "too long", bytes, have);
    a->data = (const unsigned char *)b->data + header;
    return 0;
}

/* ---- numbers ---- */

/* The place in memory of number i in C order. */
static size_t place(const struct array *a, size_t i)
{
    if (!a->column)
        return i;
    size_t at = 0, stride = a->n;
    for (int d = a->nd - 1; d >= 0; d--) {
        stride /= a->dim[d];
        at += i % a->dim[d] * stride;
        i /= a->dim[d];
    }
    return at;
}

static double half(uint64_t bits)
{
    int exponent = bits >> 10 & 31;
    double m = (double)(bits & 1023), sign = bits >> 15 ? -1 : 1;
    if (exponent == 31)
        return m != 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(m + 1024, exponent - 25) : ldexp(m, -24));
}

double array_get(const struct array *a, size_t i)
{
    const unsigned char *p = a->data + place(a, i) * (size_t)a->size;
    uint64_t bits = 0;
    for (int k = 0; k < a->size; k++)
        bits |= (uint64_t)p[k] << 8 * (a->big ? a->size - 1 - k : k);
    if (a->type == ARRAY_UINT)
        return (double)bits;
    if (a->type == ARRAY_INT) {
        int unused = 64 - 8 * a->size;
        return (double)((int64_t)(bits << unused) >> unused);
    }
    if (a->size == 2)
        return half(bits);
    if (a->size == 4) {
        uint32_t word = (uint32_t)bits;
        float f;
        memcpy(&f, &word, sizeof f);
        return (double)f;
    }
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* All numbers; ERR_DATA for one that no real holds. */
static int get_all(const struct array *a, real *out, struct err *e)
{
    if (a->size == 1 && a->type == ARRAY_UINT && !a->column) { /* images: most of all files */
        for (size_t i = 0; i < a->n; i++)
            out[i] = (real)a->data[i];
        return 0;
    }
    for (size_t i = 0; i < a->n; i++) {
        double v = array_get(a, i);
        out[i] = (real)v;
        if (isfinite(out[i]))
            continue;
        size_t size = a->n / a->dim[0];
        return err_set(e, ERR_DATA, "%s: sample %zu: value %zu is %g: must be a finite number%s",
                       a->path, i / size + 1, i % size + 1, v,
                       isfinite(v) ? " that single precision holds" : "");
    }
    return 0;
}

/* ---- samples ---- */

static int own_shape(const struct array *a, struct shape *out, struct err *e)
{
    size_t dim[3] = {1, 1, 1}, size = 1;
    if (a->nd < 1 || a->nd > 4)
        return err_set(e, ERR_DATA,
                       "%s: an array of %d dimensions: must be samples x values, samples x height "
                       "x width, or samples x channels x height x width",
                       a->path, a->nd);
    for (int d = 1; d < a->nd; d++) {
        if (a->dim[d] == 0)
            return err_set(e, ERR_DATA, "%s: dimension %d is 0", a->path, d + 1);
        dim[d - 1] = a->dim[d];
        size = mem_mul(size, a->dim[d]);
    }
    if (a->dim[0] == 0)
        return err_set(e, ERR_DATA, "%s: no samples", a->path);
    if (size > DATA_SAMPLE_MAX)
        return err_set(e, ERR_DATA, "%s: %zu values a sample are too many: at most %d", a->path,
                       size, DATA_SAMPLE_MAX);
    int c = (int)dim[0], h = (int)dim[1], w = (int)dim[2];
    *out = a->nd == 3 ? (struct shape){1, c, h} : (struct shape){c, h, w};
    return 0;
}

/* Labels that were read into l become the classes of s. */
static int take_classes(struct samples *s, const struct samples *l, const char *path,
                        const struct data_conf *c, struct err *e)
{
    int rc = -1, seen[256] = {0}; /* 1 + what labels_add returned for a small number */
    struct labels words = {0};
    char *where = mem_printf(e, "%s: sample ", path);
    s->label = mem_alloc(s->n, sizeof *s->label, e);
    if (!where || !s->label)
        goto out;
    for (size_t i = 0; i < s->n; i++) {
        real v = l->x[i];
        int small = v >= 0 && v < 256 && v == (real)(int)v ? (int)v : -1;
        if (small < 0 || seen[small] == 0) {
            s->label[i] = labels_add_number(&words, (double)v, i + 1, e);
            if (s->label[i] < 0)
                goto out;
            if (small >= 0)
                seen[small] = s->label[i] + 1;
        } else {
            s->label[i] = seen[small] - 1;
        }
    }
    rc = labels_finish(&words, s, c, where, e);
out:
    labels_free(&words);
    mem_free(where);
    return rc;
}

static int read_labels(struct samples *s, const char *path, const struct data_conf *c,
                       const char *of, struct err *e)
{
    const struct data_conf plain = {.target = TARGET_INPUT, .no_target = true};
    struct samples l = {0};
    int rc = -1;
    if (data_read_file(&l, path, "", &plain, e))
        return -1;
    size_t k = shape_size(l.shape);
    if (l.n != s->n)
        err_set(e, ERR_DATA, "%s: %zu labels, but %s has %zu samples", path, l.n, of, s->n);
    else if (k != 1 && c->target != TARGET_VALUE)
        err_set(e, ERR_DATA, "%s: %zu numbers a sample: a label is one (target = value: any)", path,
                k);
    else if ((s->labels = mem_strdup(path, e)) && c->target != TARGET_VALUE)
        rc = take_classes(s, &l, path, c, e);
    else if (s->labels) {
        s->target = l.x;
        s->k = (int)k;
        l.x = NULL;
        rc = 0;
    }
    samples_free(&l);
    return rc;
}

/* Reads labels where there are some, and says what to do where they are missing. */
static int add_labels(struct samples *s, const struct array *a, const struct data_conf *c,
                      const char *labels, struct err *e)
{
    bool given = c->labels && *c->labels, needed = c->target != TARGET_INPUT && !c->no_target;
    const char *path = given ? c->labels : labels;
    if (!given && !needed && (!path || !io_exists(path)))
        return 0;
    if (!path)
        return err_set(e, ERR_DATA,
                       "%s: holds no labels; name their file with: labels = ... (test_labels for "
                       "test), or learn the input itself with: target = input",
                       a->path);
    if (!given && !io_exists(path))
        return err_set(e, ERR_DATA,
                       "%s: its labels are not in %s; name their file with: labels = ... "
                       "(test_labels for test)",
                       a->path, path);
    return read_labels(s, path, c, a->path, e);
}

int array_samples(struct samples *s, const struct array *a, const struct data_conf *c,
                  const char *labels, struct err *e)
{
    struct shape own;
    if (own_shape(a, &own, e))
        return -1;
    if (samples_alloc(s, a->dim[0], samples_shape(c, shape_size(own), own), 0, 0, e))
        return -1;
    if (get_all(a, s->x, e) || samples_reorder(s, e) || add_labels(s, a, c, labels, e)) {
        samples_free(s);
        return -1;
    }
    return 0;
}
