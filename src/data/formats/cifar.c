/* cifar.c - the binary files of CIFAR-10: rows of a class and 3 x 32 x 32 bytes, one colour after
 * the other.
 *
 * There is no header. Beside the files lies batches.meta.txt with the classes' names, a line each;
 * where it is missing, classes are numbers. Values stay bytes (0 to 255). */
#include "data/data.h"
#include "data/labels.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>
#include <strings.h>

#define CLASSES   10
#define VALUES    3072
#define ROW       (1 + VALUES)
#define NAMES     "batches.meta.txt"
#define NAMES_MAX ((size_t)1 << 20) /* bytes of it */

struct reader {
    const char *path;
    char **names; /* own ones, from batches.meta.txt; NULL: none */
    int n_names;
    int classes;
    int class_of[256]; /* of a row's first byte; -1: none */
};

/* A line of the names' file. */
static int add_name(struct reader *r, const char *file, const char *p, size_t n, struct err *e)
{
    if (n == 0 || n >= LABELS_NAME || !utf8_is_plain(p, n))
        return err_set(e, ERR_DATA, "%s:%d: must be the name of a class: 1 to %d bytes of UTF-8",
                       file, r->n_names + 1, LABELS_NAME - 1);
    if (r->n_names == 256)
        return err_set(e, ERR_DATA, "%s:257: a byte has no more than 256 classes", file);
    r->names[r->n_names] = mem_strndup(p, n, e);
    return r->names[r->n_names++] ? 0 : -1;
}

/* The names of the file's folder, where it has some. */
static int read_names(struct reader *r, struct err *e)
{
    const char *slash = strrchr(r->path, '/');
    struct blob b = {0};
    int rc = -1;
    char *file = mem_printf(e, "%.*s" NAMES, slash ? (int)(slash - r->path) + 1 : 0, r->path);
    if (!file || !io_exists(file)) {
        rc = file ? 0 : -1;
        goto out;
    }
    if (io_read(file, NAMES_MAX, ERR_DATA, &b, e) ||
        !(r->names = mem_alloc(256, sizeof *r->names, e)))
        goto out;
    const char *p = b.data, *end = p + b.size;
    while (end > p && strchr(" \t\r\n", end[-1])) /* the published file ends with an empty line */
        end--;
    for (rc = 0; rc == 0 && p < end; p++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
        rc = add_name(r, file, p, (size_t)(stop - p) - (stop > p && stop[-1] == '\r'), e);
        p = stop;
    }
    if (rc == 0 && r->n_names == 0)
        rc = err_set(e, ERR_DATA, "%s: no names of classes", file);
out:
    blob_free(&b);
    mem_free(file);
    return rc;
}

static int index_of(char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* Which class each byte is: that of its name where both sides have names, else its own number. */
static void number_classes(struct reader *r, const struct data_conf *c)
{
    bool known = c->names || c->numbered;
    r->classes = known ? c->classes : r->names ? r->n_names : c->classes ? c->classes : CLASSES;
    for (int i = 0; i < 256; i++) {
        bool named = known && c->names && i < r->n_names;
        r->class_of[i] = named ? index_of(c->names, c->classes, r->names[i])
                         : i < r->classes && (!r->names || i < r->n_names) ? i
                                                                           : -1;
    }
}

static int keep_names(const struct reader *r, struct samples *s, const struct data_conf *c,
                      struct err *e)
{
    char *const *names = c->numbered ? NULL : c->names ? c->names : r->names;
    if (!names)
        return 0;
    s->names = mem_alloc((size_t)r->classes, sizeof *s->names, e);
    for (int i = 0; s->names && i < r->classes; i++) {
        s->names[i] = mem_strdup(names[i], e);
        if (!s->names[i])
            return -1;
    }
    return s->names ? 0 : -1;
}

static int wrong_class(const struct reader *r, size_t i, int byte, struct err *e)
{
    if (r->names && byte < r->n_names)
        return err_set(e, ERR_DATA, "%s: sample %zu: class '%s' is none of the %d that are known",
                       r->path, i + 1, r->names[byte], r->classes);
    return err_set(e, ERR_DATA, "%s: sample %zu: class %d: must be 0 to %d", r->path, i + 1, byte,
                   (r->names ? r->n_names : r->classes) - 1);
}

static int read_rows(const struct reader *r, struct samples *s, const struct blob *b, struct err *e)
{
    size_t c = (size_t)s->shape.c, hw = VALUES / c;
    for (size_t i = 0; i < s->n; i++) {
        const unsigned char *from = (const unsigned char *)b->data + i * ROW;
        unsigned char *to = s->bytes + i * VALUES;
        s->label[i] = r->class_of[*from];
        if (s->label[i] < 0)
            return wrong_class(r, i, *from, e);
        from++;
        if (c == 3)
            for (size_t p = 0; p < hw; p++, to += 3) {
                to[0] = from[p];
                to[1] = from[hw + p];
                to[2] = from[2 * hw + p];
            }
        else
            for (size_t j = 0; j < VALUES; j++)
                to[j] = from[j % c * hw + j / c];
    }
    return 0;
}

static int cifar_read(struct samples *s, const char *path, const struct blob *b,
                      const struct data_conf *c, struct err *e)
{
    struct reader r = {.path = path};
    struct shape shape = samples_shape(c, VALUES, (struct shape){3, 32, 32});
    int rc = -1;
    if (b->size == 0 || b->size % ROW != 0)
        return err_set(e, ERR_DATA, "%s: %zu bytes: must be rows of %d, a class and 3x32x32 values",
                       path, b->size, ROW);
    if (read_names(&r, e))
        goto out;
    number_classes(&r, c);
    if (samples_alloc_bytes(s, b->size / ROW, shape, r.classes, e))
        goto out;
    rc = read_rows(&r, s, b, e) || keep_names(&r, s, c, e) ? -1 : 0;
    if (rc)
        samples_free(s);
out:
    for (int i = 0; i < r.n_names; i++)
        mem_free(r.names[i]);
    mem_free(r.names);
    return rc;
}

static bool cifar_detect(const char *path, const char *head, size_t n)
{
    const char *dot = strrchr(path, '.');
    (void)head; /* any byte can stand anywhere */
    (void)n;
    return dot && strcasecmp(dot, ".bin") == 0;
}

const struct data_format format_cifar = {
    .name = "cifar",
    .help = "CIFAR-10's binary files: rows of a class and a 3x32x32 image in bytes",
    .detect = cifar_detect,
    .read = cifar_read,
};
