/* csv.c - tables of text: a line per sample, a column per number (RFC 4180; tabs, semicolons and
 * blanks as well as commas).
 *
 * [data] says which columns are to be learnt (target_columns, else the last one) and which are left
 * out (ignore); all others are the sample's numbers. A value that is missing or no number is an
 * error: a table is what it says, and guessing would train a net on something else. */
#include "data/columns.h"
#include "data/labels.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct table {
    struct fields f;
    struct columns columns;
    struct labels labels;
    struct samples *s;
    size_t rows;
};

/* The most samples there can be: no more than lines, and no more than fit in the bytes. */
static size_t count_rows(const struct table *t)
{
    size_t left = (size_t)(t->f.end - t->f.p), lines = 1;
    for (const char *p = t->f.p; (p = memchr(p, '\n', (size_t)(t->f.end - p))); p++)
        lines++;
    size_t most = left / (t->columns.n + t->columns.inputs + t->columns.targets) +
                  1; /* all but the ignored have a text */
    return lines < most ? lines : most;
}

static int wrong_count(const struct table *t, size_t line, size_t n, struct err *e)
{
    return err_set(e, ERR_DATA, "%s:%zu: %zu column%s, must be %zu", t->f.path, line, n,
                   n == 1 ? "" : "s", t->columns.n);
}

/* How many fields the record has in which i have been taken. */
static size_t count_fields(struct table *t, size_t i)
{
    struct field d;
    struct err unused = {0};
    while (!t->f.last && fields_next(&t->f, &d, &unused) == 0)
        i++;
    return i;
}

/* What can be done about a field that is no number. */
static const char *advice(const struct table *t, const struct field *d)
{
    const char *comma = memchr(d->text, ',', d->n);
    if (comma && comma > d->text && isdigit((unsigned char)comma[-1]) &&
        isdigit((unsigned char)comma[1]))
        return "; decimals need a point";
    return t->rows == 0 ? "; ignore = ... leaves a column out" : "";
}

/* A field that is no number, in column i. */
static int bad_value(struct table *t, size_t i, const struct field *d, struct err *e)
{
    char name[COLUMNS_QUOTE], text[44];
    double v;
    columns_quote(&t->columns, i, name);
    snprintf(text, sizeof text, "%.*s", d->n < 40 ? (int)d->n : 40, d->text);
    bool missing = field_is_missing(d), large = strlen(text) == d->n && opt_parse_double(text, &v);
    const char *what = missing ? "" : advice(t, d);
    size_t line = d->line, n = count_fields(t, i + 1);
    if (n != t->columns.n)
        return wrong_count(t, line, n, e);
    if (missing && !*text)
        return err_set(e, ERR_DATA, "%s:%zu: column %zu%s: the value is missing", t->f.path, line,
                       i + 1, name);
    return err_set(e, ERR_DATA, "%s:%zu: column %zu%s: %s'%s' is %s%s", t->f.path, line, i + 1,
                   name, missing ? "the value is missing: " : "", text,
                   large ? "too large" : "no number", what);
}

static int read_number(struct table *t, size_t i, real *v, struct err *e)
{
    struct field d;
    if (fields_number(&t->f, v))
        return 0;
    if (fields_next(&t->f, &d, e))
        return -1;
    return field_number(&d, v) ? 0 : bad_value(t, i, &d, e);
}

static int read_class(struct table *t, size_t i, int *label, struct err *e)
{
    struct field d;
    char name[COLUMNS_QUOTE];
    if (fields_next(&t->f, &d, e))
        return -1;
    if (d.n == 0)
        return err_set(e, ERR_DATA, "%s:%zu: column %zu%s: the class is missing", t->f.path, d.line,
                       i + 1, columns_quote(&t->columns, i, name));
    *label = labels_add(&t->labels, d.text, d.n, d.line, e);
    return *label < 0 ? -1 : 0;
}

static int read_row(struct table *t, struct err *e)
{
    struct samples *s = t->s;
    size_t line = t->f.line;
    for (size_t i = 0; i < t->columns.n; i++) {
        const struct column *c = &t->columns.v[i];
        struct field d;
        int rc;
        if (t->f.last)
            return wrong_count(t, line, i, e);
        if (c->role == COLUMN_INPUT)
            rc = read_number(t, i, &s->x[t->rows * t->columns.inputs + c->at], e);
        else if (c->role == COLUMN_TARGET && s->target)
            rc = read_number(t, i, &s->target[t->rows * t->columns.targets + c->at], e);
        else if (c->role == COLUMN_TARGET && s->label)
            rc = read_class(t, i, &s->label[t->rows], e);
        else
            rc = fields_next(&t->f, &d, e);
        if (rc)
            return -1;
    }
    if (!t->f.last)
        return wrong_count(t, line, count_fields(t, t->columns.n), e);
    t->rows++;
    return 0;
}

static int read_rows(struct table *t, struct err *e)
{
    while (fields_more(&t->f)) { /* never more than count_rows said */
        if (fields_empty_line(&t->f))
            return err_set(e, ERR_DATA, "%s:%zu: empty line", t->f.path, t->f.line);
        if (read_row(t, e))
            return -1;
    }
    if (t->rows == 0)
        return err_set(e, ERR_DATA, "%s: no samples%s", t->f.path,
                       t->columns.header ? ", only a line with names (header = no: it is a sample)"
                                         : "");
    t->s->n = t->rows;
    return 0;
}

static int finish(struct table *t, struct err *e)
{
    struct samples *s = t->s;
    if (samples_reorder(s, e) || columns_keep(&t->columns, s, e))
        return -1;
    if (!s->label)
        return 0;
    char *where = mem_printf(e, "%s:", t->f.path);
    int rc = where ? labels_finish(&t->labels, s, t->columns.c, where, e) : -1;
    mem_free(where);
    return rc;
}

static int allocate(struct table *t, struct err *e)
{
    struct shape own = {(int)t->columns.inputs, 1, 1};
    bool values = t->columns.c->target == TARGET_VALUE, class = !values && t->columns.targets == 1;
    return samples_alloc(t->s, count_rows(t), samples_shape(t->columns.c, t->columns.inputs, own),
                         class, values ? (int)t->columns.targets : 0, e);
}

static int start(struct table *t, const struct blob *b, struct err *e)
{
    static const char delimiters[] = {[DELIMITER_COMMA] = ',',
                                      [DELIMITER_SEMICOLON] = ';',
                                      [DELIMITER_TAB] = '\t',
                                      [DELIMITER_SPACE] = ' '};
    struct fields *f = &t->f;
    f->p = b->data;
    f->end = b->data + b->size;
    f->line = 1;
    if (b->size >= 2 && (memcmp(f->p, "\xff\xfe", 2) == 0 || memcmp(f->p, "\xfe\xff", 2) == 0))
        return err_set(e, ERR_DATA, "%s: is UTF-16; save it as UTF-8", f->path);
    if (b->size >= 3 && memcmp(f->p, "\xef\xbb\xbf", 3) == 0)
        f->p += 3;
    if (memchr(b->data, '\0', b->size))
        return err_set(e, ERR_DATA, "%s: holds a NUL byte: no text", f->path);
    f->delimiter = delimiters[t->columns.c->delimiter];
    if (t->columns.c->delimiter == DELIMITER_AUTO)
        f->delimiter = fields_guess(f->p, f->end);
    if (!fields_more(f))
        return err_set(e, ERR_DATA, "%s: no samples", f->path);
    if (fields_empty_line(f))
        return err_set(e, ERR_DATA, "%s:1: empty line", f->path);
    return columns_read(&t->columns, f, e);
}

static int csv_read(struct samples *s, const char *path, const struct blob *b,
                    const struct data_conf *c, struct err *e)
{
    struct table t = {.f = {.path = path}, .columns = {.path = path, .c = c}, .s = s};
    int rc = -1;
    if (start(&t, b, e) == 0 && columns_choose(&t.columns, e) == 0 && allocate(&t, e) == 0 &&
        read_rows(&t, e) == 0)
        rc = finish(&t, e);
    if (rc)
        samples_free(s);
    columns_free(&t.columns);
    labels_free(&t.labels);
    fields_free(&t.f);
    return rc;
}

/* ---- detection ---- */

static bool csv_detect(const char *path, const char *head, size_t n)
{
    const char *dot = strrchr(path, '.');
    return (dot && (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".tsv") == 0)) ||
           fields_look(head, n, n < DATA_HEAD);
}

const struct data_format format_csv = {
    .name = "csv",
    .help = "tables of text with commas, semicolons, tabs or blanks, with or without a header",
    .detect = csv_detect,
    .read = csv_read,
};
