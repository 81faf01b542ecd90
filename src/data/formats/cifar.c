/* cifar.c - the binary files of CIFAR-10: rows of a class and 3 x 32 x 32 bytes, one colour after
 * the other.
 *
 * There is no header. Beside the files lies batches.meta.txt with the classes' names, a line each;
 * where it is missing, classes are numbers. Values stay bytes (0 to 255). */
#include "data/data.h"
#include "data/labels.h"

#include "base/folder.h"
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

/* A row's class and values into sample i. */
static int take_row(const struct reader *r, struct samples *s, size_t i, const unsigned char *row,
                    struct err *e)
{
    size_t c = (size_t)s->shape.c, hw = VALUES / c;
    unsigned char *to = s->bytes + i * VALUES;
    s->label[i] = r->class_of[*row];
    if (s->label[i] < 0)
        return wrong_class(r, i, *row, e);
    row++;
    if (c == 3)
        for (size_t p = 0; p < hw; p++, to += 3) {
            to[0] = row[p];
            to[1] = row[hw + p];
            to[2] = row[2 * hw + p];
        }
    else
        for (size_t j = 0; j < VALUES; j++)
            to[j] = row[j % c * hw + j / c];
    return 0;
}

/* All rows. Room is made at once for those that a file of this size has, if it is not packed. */
static int read_rows(const struct reader *r, struct samples *s, struct stream *in, const char *p,
                     const char *end, struct err *e)
{
    struct folder_stamp stamp;
    size_t room = 0, room_label = 0;
    size_t likely = folder_stamp(r->path, &stamp) == 0 ? stamp.size / ROW : 0;
    for (;;) {
        if (stream_more(in, &p, &end, ROW, e))
            return -1;
        size_t n = (size_t)(end - p) / ROW, need = s->n + n > likely ? s->n + n : likely;
        if (n == 0)
            break;
        if (mem_grow(&s->bytes, &room, mem_mul(need, VALUES), 1, e) ||
            mem_grow(&s->label, &room_label, need, sizeof *s->label, e))
            return -1;
        for (; n > 0; n--, p += ROW, s->n++)
            if (take_row(r, s, s->n, (const unsigned char *)p, e))
                return -1;
    }
    if (p == end && s->n > 0)
        return 0;
    return err_set(e, ERR_DATA, "%s: %zu bytes: must be rows of %d, a class and 3x32x32 values",
                   r->path, s->n * ROW + (size_t)(end - p), ROW);
}

static int cifar_read(struct samples *s, const char *path, struct stream *in, const char *p,
                      const char *end, const struct data_conf *c, struct err *e)
{
    struct reader r = {.path = path};
    *s = (struct samples){.shape = samples_shape(c, VALUES, (struct shape){3, 32, 32})};
    int rc = read_names(&r, e);
    if (rc == 0) {
        number_classes(&r, c);
        s->classes = r.classes;
        rc = read_rows(&r, s, in, p, end, e) || keep_names(&r, s, c, e) ? -1 : 0;
    }
    if (rc)
        samples_free(s);
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
    .read_stream = cifar_read,
};
