/* export.c - writers of csv, npy and png. */
#include "data/export.h"

#include "base/mem.h"
#include "data/number.h"
#include "image/grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Appends n bytes. */
static int add(struct text *t, const char *s, size_t n, struct err *e)
{
    if (mem_grow(&t->s, &t->cap, t->n + n + 1, 1, e))
        return -1;
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
    return 0;
}

static int write_text(const char *path, const struct text *t, struct err *e)
{
    const struct blob blob = {t->s, t->n};
    return io_write_atomic(path, &blob, 1, e);
}

/* ---- csv ---- */

int export_field(struct text *t, const char *s, struct err *e)
{
    if (*s && !strpbrk(s, ",\"\r\n") && *s != ' ' && s[strlen(s) - 1] != ' ')
        return add(t, s, strlen(s), e);
    if (add(t, "\"", 1, e))
        return -1;
    for (; *s; s++)
        if (add(t, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1, e))
            return -1;
    return add(t, "\"", 1, e);
}

int export_number(struct text *t, real v, struct err *e)
{
    char text[NUMBER_TEXT];
    int n = number_print(v, text);
    return add(t, text, (size_t)n, e);
}

/* The name of column i, the numbers of a sample first, then its targets: the data's own, or the
 * prefix, with a number unless that is 0. */
static int add_name(struct text *t, const struct samples *s, size_t i, const char *prefix,
                    size_t number, struct err *e)
{
    if (i > 0 && add(t, ",", 1, e))
        return -1;
    if (s->columns && i < (size_t)s->n_columns)
        return export_field(t, s->columns[i], e);
    return number ? text_add(t, e, "%s%zu", prefix, number) : text_add(t, e, "%s", prefix);
}

int export_csv_header(struct text *t, const struct samples *s, const char *prefix,
                      enum export_targets targets, struct err *e)
{
    size_t size = shape_size(s->shape), k = s->target ? (size_t)s->k : 0;
    for (size_t i = 0; i < size; i++)
        if (add_name(t, s, i, prefix, i + 1, e))
            return -1;
    if (targets == EXPORT_TARGETS && s->label && add_name(t, s, size, "class", 0, e))
        return -1;
    for (size_t i = 0; targets == EXPORT_TARGETS && i < k; i++)
        if (add_name(t, s, size + i, "target", k > 1 ? i + 1 : 0, e))
            return -1;
    return add(t, "\n", 1, e);
}

static int add_targets(struct text *t, const struct samples *s, size_t i, struct err *e)
{
    if (s->label) {
        if (add(t, ",", 1, e))
            return -1;
        return s->names ? export_field(t, s->names[s->label[i]], e)
                        : text_add(t, e, "%d", s->label[i]);
    }
    for (int j = 0; s->target && j < s->k; j++)
        if (add(t, ",", 1, e) || export_number(t, s->target[i * (size_t)s->k + (size_t)j], e))
            return -1;
    return 0;
}

int export_csv_line(struct text *t, const struct samples *s, size_t i, enum export_targets targets,
                    struct err *e)
{
    size_t c = (size_t)s->shape.c, hw = (size_t)s->shape.h * (size_t)s->shape.w;
    real *room = s->x ? NULL : mem_alloc(c * hw, sizeof *room, e);
    if (!s->x && !room)
        return -1;
    const real *x = samples_at(s, i, room);
    int r = 0;
    for (size_t j = 0; r == 0 && j < c * hw; j++)
        r = (j > 0 && add(t, ",", 1, e)) || export_number(t, x[j % hw * c + j / hw], e) ? -1 : 0;
    mem_free(room);
    if (r)
        return -1;
    if (targets == EXPORT_TARGETS && add_targets(t, s, i, e))
        return -1;
    return add(t, "\n", 1, e);
}

int export_csv(const char *path, const struct part *p, const char *prefix,
               enum export_targets targets, struct err *e)
{
    struct text t = {0};
    int r = export_csv_header(&t, p->of, prefix, targets, e);
    for (uint32_t i = 0; r == 0 && i < p->n; i++)
        r = export_csv_line(&t, p->of, p->index[i], targets, e);
    if (r == 0)
        r = write_text(path, &t, e);
    mem_free(t.s);
    return r;
}

/* ---- npy ---- */

#define NPY_ALIGN 64

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NPY_ORDER '<'
#else
#define NPY_ORDER '>'
#endif

/* Writes a header and the data behind it. `dims` is what stands in the tuple of the shape, each
 * with a comma behind it but the last of several. */
static int write_npy(const char *path, char kind, size_t bytes, const char *dims, const void *data,
                     size_t size, struct err *e)
{
    struct text t = {0};
    const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 0, 0};
    int r = -1;
    if (add(&t, (const char *)magic, sizeof magic, e) ||
        text_add(&t, e, "{'descr': '%c%c%zu', 'fortran_order': False, 'shape': (%s), }", NPY_ORDER,
                 kind, bytes, dims))
        goto out;
    while ((t.n + 1) % NPY_ALIGN)
        if (add(&t, " ", 1, e))
            goto out;
    if (add(&t, "\n", 1, e))
        goto out;
    t.s[8] = (char)((t.n - sizeof magic) & 0xff);
    t.s[9] = (char)((t.n - sizeof magic) >> 8);
    const struct blob parts[] = {{t.s, t.n}, {(char *)(size_t)data, size}};
    r = io_write_atomic(path, parts, 2, e);
out:
    mem_free(t.s);
    return r;
}

int export_npy(const char *path, const struct part *p, struct err *e)
{
    struct shape s = p->of->shape;
    size_t c = (size_t)s.c, hw = (size_t)s.h * (size_t)s.w;
    real *copy = mem_alloc(mem_mul(mem_add(p->n, 1), c * hw), sizeof *copy, e), *to = copy;
    if (!copy)
        return -1;
    for (uint32_t i = 0; i < p->n; i++) {
        const real *x = samples_at(p->of, p->index[i], copy + p->n * c * hw);
        for (size_t j = 0; j < c * hw; j++)
            *to++ = x[j % hw * c + j / hw];
    }
    char dims[80];
    if (shape_is_vector(s))
        snprintf(dims, sizeof dims, "%u, %d", p->n, s.c);
    else if (s.h == 1)
        snprintf(dims, sizeof dims, "%u, %d, %d", p->n, s.c, s.w);
    else
        snprintf(dims, sizeof dims, "%u, %d, %d, %d", p->n, s.c, s.h, s.w);
    int r = write_npy(path, 'f', sizeof *copy, dims, copy, p->n * c * hw * sizeof *copy, e);
    mem_free(copy);
    return r;
}

static int npy_labels(const char *path, const struct part *p, struct err *e)
{
    int64_t *label = mem_alloc(p->n, sizeof *label, e);
    char dims[32];
    if (!label)
        return -1;
    for (uint32_t i = 0; i < p->n; i++)
        label[i] = p->of->label[p->index[i]];
    snprintf(dims, sizeof dims, "%u,", p->n);
    int r = write_npy(path, 'i', sizeof *label, dims, label, p->n * sizeof *label, e);
    mem_free(label);
    return r;
}

int export_npy_targets(const char *path, const struct part *p, struct err *e)
{
    if (p->of->label)
        return npy_labels(path, p, e);
    size_t k = (size_t)p->of->k;
    real *copy = mem_alloc(mem_mul(p->n, k), sizeof *copy, e);
    char dims[48];
    if (!copy)
        return -1;
    for (uint32_t i = 0; i < p->n; i++)
        memcpy(copy + i * k, p->of->target + p->index[i] * k, k * sizeof *copy);
    snprintf(dims, sizeof dims, "%u, %zu", p->n, k);
    int r = write_npy(path, 'f', sizeof *copy, dims, copy, p->n * k * sizeof *copy, e);
    mem_free(copy);
    return r;
}

/* ---- png ---- */

int export_png(const char *path, const struct part *p, struct err *e)
{
    struct shape s = p->of->shape;
    char text[SHAPE_TEXT];
    int most = grid_shows(s) ? grid_most(s) : 0;
    if (most == 0)
        return err_set(e, ERR_DATA, "samples of %s are no images that a PNG can show",
                       shape_text(s, text));
    size_t size = shape_size(s);
    int n = p->n < (uint32_t)most ? (int)p->n : most;
    const real **image = mem_alloc((size_t)n, sizeof *image, e);
    real *room = image ? mem_alloc(mem_mul((size_t)n, size), sizeof *room, e) : NULL;
    struct blob png = {0};
    real lo = (real)INFINITY, hi = -(real)INFINITY;
    if (!room) {
        mem_free(image);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        image[i] = samples_at(p->of, p->index[i], room + (size_t)i * size);
        for (size_t j = 0; j < size; j++) {
            real v = image[i][j];
            lo = isfinite(v) && v < lo ? v : lo;
            hi = isfinite(v) && v > hi ? v : hi;
        }
    }
    int r = grid_png(&png, image, n, s, lo, hi, e);
    if (r == 0)
        r = io_write_atomic(path, &png, 1, e);
    blob_free(&png);
    mem_free(image);
    mem_free(room);
    return r;
}
