/* libsvm.c - sparse text, a line per sample: a label, then INDEX:VALUE for each value that is not
 * 0.
 *
 * Indices count from 1 and ascend. Labels are any numbers: classes, or values to learn. What
 * follows a '#' is a comment. The number of values is that of [data] shape, or the largest index.
 */
#include "data/data.h"
#include "data/labels.h"
#include "data/number.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define INDEX_MAX (1 << 20)
#define DENSE_LARGE                                                                                \
    ((size_t)1 << 30)    /* bytes that samples may need whatever the file's size is                \
                          */
#define DENSE_RATIO 1000 /* beyond that: so many times the file's bytes */

struct reader {
    const char *path, *p, *end; /* *end is a NUL */
    size_t line;
    size_t n;    /* samples so far */
    int index;   /* the largest so far */
    int limit;   /* no index is larger */
    bool stated; /* limit comes from the shape */
    struct labels labels;
};

static void skip_blanks(struct reader *r)
{
    while (*r->p == ' ' || *r->p == '\t' || (*r->p == '\r' && r->p[1] == '\n'))
        r->p++;
}

/* At the end of what a line says. */
static bool at_end(const struct reader *r)
{
    return *r->p == '\n' || *r->p == '#' || r->p == r->end;
}

static void next_line(struct reader *r)
{
    const char *nl = memchr(r->p, '\n', (size_t)(r->end - r->p));
    r->p = nl ? nl + 1 : r->end;
    r->line++;
}

static bool behind_word(const struct reader *r)
{
    return (*r->p && strchr(" \t\r\n", *r->p)) || r->p == r->end;
}

/* "PATH:LINE: WHAT 'WORD': REASON" with the word at p, cut where it is long. */
static int bad_word(const struct reader *r, const char *what, const char *p, const char *reason,
                    struct err *e)
{
    int n = 0;
    while (n < 30 && p + n < r->end && !strchr(" \t\r\n", p[n]))
        n++;
    return err_set(e, ERR_DATA, "%s:%zu: %s '%.*s': %s", r->path, r->line, what, n, p, reason);
}

/* A label; into sample r->n of s where s is given. */
static int read_label(struct reader *r, struct samples *s, struct err *e)
{
    const char *start = r->p;
    real v;
    if (!number_read(&r->p, &v) || !(behind_word(r) || *r->p == '#'))
        return bad_word(r, "label", start, "must be a number", e);
    if (s && s->target)
        s->target[r->n] = v;
    if (!s || !s->label)
        return 0;
    size_t n = (size_t)(r->p - start);
    s->label[r->n] = labels_add(&r->labels, start, n, r->line, e);
    return s->label[r->n] < 0 ? -1 : 0;
}

/* An index above `last` and its value. */
static int read_value(struct reader *r, int *last, real *x, struct err *e)
{
    const char *start = r->p;
    long index = 0;
    for (; *r->p >= '0' && *r->p <= '9'; r->p++)
        index = index > INDEX_MAX ? index : index * 10 + (*r->p - '0');
    real v;
    char reason[80];
    if (r->p == start || *r->p != ':')
        return bad_word(r, "word", start, "must be INDEX:VALUE", e);
    r->p++;
    if (index < 1)
        return bad_word(r, "value", start, "indices count from 1", e);
    if (index > r->limit) {
        snprintf(reason, sizeof reason, "a sample has %s%d values", r->stated ? "" : "at most ",
                 r->limit);
        return bad_word(r, "value", start, reason, e);
    }
    if (index <= *last) {
        snprintf(reason, sizeof reason, "stands behind index %d: indices must ascend", *last);
        return bad_word(r, "value", start, reason, e);
    }
    if (!number_read(&r->p, &v) || !(behind_word(r) || *r->p == '#'))
        return bad_word(r, "value", start, "must be INDEX:VALUE with a number as its value", e);
    *last = (int)index;
    if (x)
        x[index - 1] = v;
    return 0;
}

/* Reads all lines: into s, or, where s is NULL, only how many samples and values there are. */
static int scan(struct reader *r, const struct blob *b, struct samples *s, struct err *e)
{
    r->p = b->data;
    r->end = b->data + b->size;
    r->line = 1;
    r->n = 0;
    size_t size = s ? shape_size(s->shape) : 0, empty = 0;
    for (; r->p < r->end; next_line(r)) {
        skip_blanks(r);
        if (at_end(r)) { /* a comment, or an empty line, which may stand at the end only */
            empty = empty || *r->p == '#' ? empty : r->line;
            continue;
        }
        if (empty)
            return err_set(e, ERR_DATA, "%s:%zu: empty line", r->path, empty);
        if (read_label(r, s, e))
            return -1;
        int last = 0;
        for (skip_blanks(r); !at_end(r); skip_blanks(r)) {
            if (read_value(r, &last, s ? s->x + r->n * size : NULL, e))
                return -1;
        }
        r->index = last > r->index ? last : r->index;
        r->n++;
    }
    if (r->n == 0)
        return err_set(e, ERR_DATA, "%s: no samples", r->path);
    if (r->index == 0 && !r->stated)
        return err_set(e, ERR_DATA, "%s: no values, only labels", r->path);
    return 0;
}

/* A few bytes can mean a dense array that no machine holds. */
static int check_dense(const struct reader *r, const struct blob *b, size_t size, struct err *e)
{
    size_t bytes = mem_mul(mem_mul(r->n, size), sizeof(real));
    if (bytes > DENSE_LARGE && bytes / DENSE_RATIO > b->size)
        return err_set(e, ERR_DATA,
                       "%s: too sparse: %zu samples of %zu values are %zu MiB with zeros", r->path,
                       r->n, size, bytes >> 20);
    return 0;
}

static int fill(struct reader *r, const struct blob *b, const struct data_conf *c,
                struct samples *s, struct err *e)
{
    char *where = mem_printf(e, "%s:", r->path);
    int rc = -1;
    if (where && scan(r, b, s, e) == 0 && samples_reorder(s, e) == 0)
        rc = s->label ? labels_finish(&r->labels, s, c, where, e) : 0;
    mem_free(where);
    return rc;
}

static int libsvm_read(struct samples *s, const char *path, const struct blob *b,
                       const struct data_conf *c, struct err *e)
{
    struct reader r = {.path = path, .limit = INDEX_MAX};
    size_t stated = (size_t)c->shape[0] * (size_t)c->shape[1] * (size_t)c->shape[2];
    if (stated > 0 && stated <= DATA_SAMPLE_MAX) {
        r.limit = (int)stated;
        r.stated = true;
    }
    if (scan(&r, b, NULL, e))
        return -1;
    size_t size = r.stated ? stated : (size_t)r.index;
    struct shape shape = samples_shape(c, size, (struct shape){(int)size, 1, 1});
    bool values = c->target == TARGET_VALUE;
    if (check_dense(&r, b, size, e) || samples_alloc(s, r.n, shape, !values, values, e))
        return -1;
    int rc = fill(&r, b, c, s, e);
    labels_free(&r.labels);
    if (rc)
        samples_free(s);
    return rc;
}

/* A first line of a number, then at least one INDEX:VALUE. */
static bool is_libsvm(const char *head, size_t n)
{
    struct reader r = {.p = head, .end = head + n, .limit = INDEX_MAX, .path = ""};
    struct err e = {0};
    int last = 0;
    while (*r.p == '#')
        next_line(&r);
    skip_blanks(&r);
    if (at_end(&r) || read_label(&r, NULL, &e))
        return false;
    skip_blanks(&r);
    return !at_end(&r) && read_value(&r, &last, NULL, &e) == 0;
}

static bool libsvm_detect(const char *path, const char *head, size_t n)
{
    const char *dot = strrchr(path, '.');
    return (dot && (strcasecmp(dot, ".libsvm") == 0 || strcasecmp(dot, ".svm") == 0)) ||
           is_libsvm(head, n);
}

const struct data_format format_libsvm = {
    .name = "libsvm",
    .help = "sparse text of LIBSVM and SVMlight: LABEL INDEX:VALUE ...",
    .detect = libsvm_detect,
    .read = libsvm_read,
};
