/* export_cifar.c - the writer of CIFAR-10's binary files. */
#include "data/export.h"

#include "base/mem.h"

#include <string.h>

#define VALUES 3072
#define PLANE  1024
#define ROW    (1 + VALUES)

static int check(const struct samples *s, struct err *e)
{
    char text[SHAPE_TEXT];
    if (!shape_equal(s->shape, (struct shape){3, 32, 32}))
        return err_set(e, ERR_DATA, "a CIFAR file holds images of 3x32x32, and samples are %s",
                       shape_text(s->shape, text));
    if (!s->label || s->classes > 256)
        return err_set(e, ERR_DATA,
                       "a CIFAR file holds a class from 0 to 255 for each image, and "
                       "the samples have %s",
                       s->label ? "more classes" : "none");
    return 0;
}

/* A row: the class, then the red, green and blue values of x (h, w, c). */
static int put_row(unsigned char *row, const struct samples *s, size_t i, real *room, struct err *e)
{
    const real *x = samples_at(s, i, room);
    row[0] = (unsigned char)s->label[i];
    for (int j = 0; j < VALUES; j++) {
        real v = x[j];
        if (!(v >= 0 && v <= 255) || v != (real)(int)v)
            return err_set(e, ERR_DATA,
                           "sample %zu has a value of %g: a CIFAR file holds whole numbers from 0 "
                           "to 255 (normalize = none)",
                           i + 1, (double)v);
        row[1 + j % 3 * PLANE + j / 3] = (unsigned char)v;
    }
    return 0;
}

/* Writes the names of the classes beside `path`, unless they stand there already. */
static int write_names(const char *path, const struct samples *s, bool force, struct err *e)
{
    const char *slash = strrchr(path, '/');
    struct text t = {0};
    struct blob old = {0};
    struct err unread = {0};
    int rc = -1;
    char *file = mem_printf(e, "%.*sbatches.meta.txt", slash ? (int)(slash - path) + 1 : 0, path);
    if (!file)
        goto out;
    for (int i = 0; i < s->classes; i++)
        if (text_add(&t, e, "%s\n", s->names[i]))
            goto out;
    if (t.n > 0 && io_exists(file) && io_read(file, t.n, ERR_DATA, &old, &unread) == 0 &&
        old.size == t.n && memcmp(old.data, t.s, t.n) == 0)
        rc = 0;
    else if (unread.kind == ERR_INTERNAL)
        err_set(e, ERR_INTERNAL, "%s", unread.msg);
    else if (io_exists(file) && !force)
        err_set(e, ERR_USAGE, "%s names other classes; --force overwrites it", file);
    else
        rc = io_write_atomic(file, &(struct blob){t.s, t.n}, 1, e);
out:
    blob_free(&old);
    mem_free(t.s);
    mem_free(file);
    return rc;
}

int export_cifar(const char *path, const struct part *p, bool force, struct err *e)
{
    if (check(p->of, e))
        return -1;
    struct blob b = {.size = (size_t)p->n * ROW};
    real *room = mem_alloc(VALUES, sizeof *room, e);
    int rc = room && (b.data = mem_alloc(p->n, ROW, e)) ? 0 : -1;
    for (uint32_t i = 0; rc == 0 && i < p->n; i++)
        rc = put_row((unsigned char *)b.data + (size_t)i * ROW, p->of, p->index[i], room, e);
    if (rc == 0 && p->of->names)
        rc = write_names(path, p->of, force, e);
    if (rc == 0)
        rc = io_write_atomic(path, &b, 1, e);
    mem_free(room);
    blob_free(&b);
    return rc;
}
