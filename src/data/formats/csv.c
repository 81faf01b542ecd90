/* csv.c - tables of text: a line per sample, a column per number (RFC 4180; tabs, semicolons and
 * blanks as well as commas).
 *
 * [data] says which columns are to be learnt (target_columns, else the last one) and which are left
 * out (ignore); all others are the sample's numbers. A value that is missing or no number is an
 * error: a table is what it says, and guessing would train a net on something else. */
#include "data/fields.h"
#include "data/labels.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COLUMNS_MAX 100000

enum role { INPUT, TARGET, IGNORED };

struct column {
    char *name;                 /* the field of the first line: a name where that is a header */
    bool is_number, is_missing; /* that field */
    real value;
    enum role role;
    size_t at; /* number among the inputs or the targets */
};

struct table {
    struct fields f;
    const struct data_conf *c;
    bool header;
    struct column *columns;
    size_t n, cap, inputs, targets;
    struct labels labels;
    struct samples *s;
    size_t rows;
};

/* What people and programs write where a value is missing. */
static bool is_missing(const struct field *d)
{
    static const char *const words[] = {"", "?", "-", "NA", "N/A", "NaN", "null", "None"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == d->n && strncasecmp(d->text, words[i], d->n) == 0)
            return true;
    }
    return false;
}

/* ---- the first line ---- */

static int read_first(struct table *t, struct err *e)
{
    const char *path = t->f.path;
    while (!t->f.last) {
        struct field d;
        if (fields_next(&t->f, &d, e))
            return -1;
        if (t->n == COLUMNS_MAX)
            return err_set(e, ERR_DATA, "%s:%zu: more than %d columns", path, d.line, COLUMNS_MAX);
        if (!utf8_is_plain(d.text, d.n))
            return err_set(e, ERR_DATA, "%s:%zu: column %zu: no plain text in UTF-8", path, d.line,
                           t->n + 1);
        if (mem_grow(&t->columns, &t->cap, t->n + 1, sizeof *t->columns, e))
            return -1;
        struct column *c = &t->columns[t->n];
        c->name = mem_strndup(d.text, d.n, e);
        if (!c->name)
            return -1;
        c->is_number = field_number(&d, &c->value);
        c->is_missing = is_missing(&d);
        t->n++;
    }
    return 0;
}

/* Whether the numbers of the first line count the columns, as in "0,1,2,species". */
static bool counts_columns(const struct table *t)
{
    size_t n = 0;
    real from = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct column *c = &t->columns[i];
        if (!c->is_number)
            continue;
        from = n == 0 ? c->value : from;
        if (c->value != from + (real)n || (from != 0 && from != 1))
            return false;
        n++;
    }
    return n >= 3;
}

static int doubtful(const struct table *t, size_t i, const char *why, struct err *e)
{
    return err_set(e, ERR_DATA,
                   "%s:1: column %zu: '%.40s' %s: say whether this line names the columns with "
                   "header = yes or header = no",
                   t->f.path, i + 1, t->columns[i].name, why);
}

/* Whether the first line names the columns. Without a single number it is no sample. With some, a
 * header like "label,1,2" must not be taken for a sample, nor a sample with a wrong value for a
 * header: where nobody can tell, the user has to. */
static int decide_header(struct table *t, struct err *e)
{
    bool any = false;
    struct fields f = t->f; /* the second line is only looked at */
    int rc = 0;
    for (size_t i = 0; i < t->n; i++)
        any = any || t->columns[i].is_number;
    t->header = t->c->header == HEADER_YES || (t->c->header == HEADER_AUTO && !any);
    if (t->c->header != HEADER_AUTO || !any)
        return 0;
    if (counts_columns(t))
        return doubtful(t, 0, "and what follows may count the columns", e);
    if (!fields_more(&f))
        return 0;
    for (size_t i = 0; rc == 0 && i < t->n && !f.last; i++) {
        const struct column *c = &t->columns[i];
        struct field d;
        real v;
        rc = fields_next(&f, &d, e);
        if (rc == 0 && field_number(&d, &v) && !c->is_number && !c->is_missing)
            rc = doubtful(t, i, "is no number, but below it there is one", e);
    }
    t->f.text = f.text; /* may have grown */
    t->f.cap = f.cap;
    return rc;
}

/* ---- what the columns are for ---- */

/* " 'name'" of a column for messages; "" where there are no names. */
static const char *quoted_name(const struct table *t, size_t i, char out[64])
{
    *out = '\0';
    if (t->header)
        snprintf(out, 64, " '%.40s'", t->columns[i].name);
    return out;
}

/* The column that a word of [data] means: by name, else by number. t->n: none of that name or
 * number; -1 with a message: two. */
static int find_column(const struct table *t, const char *word, size_t *at, struct err *e)
{
    long long number;
    *at = t->n;
    for (size_t i = 0; t->header && i < t->n; i++) {
        if (strcmp(t->columns[i].name, word) != 0)
            continue;
        if (*at < t->n)
            return err_set(e, ERR_DATA,
                           "%s: columns %zu and %zu are both called '%s'; name one by its number",
                           t->f.path, *at + 1, i + 1, word);
        *at = i;
    }
    if (*at == t->n && opt_parse_int(word, &number) && number >= 1 && number <= (long long)t->n)
        *at = (size_t)number - 1;
    return 0;
}

static int no_column(const struct table *t, const char *key, const char *word, struct err *e)
{
    char names[300] = "", name[64];
    size_t used = 0;
    for (size_t i = 0; t->header && i < t->n && used < 200; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? "," : ": ",
                                 quoted_name(t, i, name) + (i == 0));
    return err_set(e, ERR_DATA, "%s: no column '%s' for %s among its %zu%s%s", t->f.path, word, key,
                   t->n, names,
                   used >= 200 ? ", ..."
                   : t->header ? ""
                               : ", which have no names");
}

/* Gives the columns that a key lists their role. Those of another file, whose columns these are
 * without the targets, may be missing here. Returns how many there are, or -1. */
static int mark(struct table *t, const char *key, const struct name_list *list, enum role role,
                struct err *e)
{
    int found = 0;
    for (int i = 0; i < list->n; i++) {
        size_t at;
        if (find_column(t, list->v[i], &at, e))
            return -1;
        if (at == t->n && t->c->no_target)
            continue;
        if (at == t->n)
            return no_column(t, key, list->v[i], e);
        if (t->columns[at].role != INPUT)
            return err_set(e, ERR_DATA,
                           "%s: column '%s' is listed twice in target_columns and "
                           "ignore",
                           t->f.path, list->v[i]);
        t->columns[at].role = role;
        t->columns[at].at = (size_t)found++;
    }
    return found;
}

static int choose_targets(struct table *t, size_t left, struct err *e)
{
    const struct data_conf *c = t->c;
    size_t size = (size_t)c->shape[0] * (size_t)c->shape[1] * (size_t)c->shape[2];
    int n = 0;
    if (c->no_target && left == size)
        return 0;
    if (c->target_columns.n > 0) {
        n = mark(t, "target_columns", &c->target_columns, TARGET, e);
        if (n < 0)
            return -1;
    } else if (c->target != TARGET_INPUT) {
        for (size_t i = t->n; i > 0 && n == 0; i--) {
            if (t->columns[i - 1].role == INPUT) {
                t->columns[i - 1].role = TARGET;
                n = 1;
            }
        }
    }
    if (n > 1 && c->target == TARGET_CLASS)
        return err_set(e, ERR_DATA,
                       "%s: %d target columns are values to learn: that needs "
                       "target = value",
                       t->f.path, n);
    t->targets = (size_t)n;
    return 0;
}

static int choose_roles(struct table *t, struct err *e)
{
    int ignored = mark(t, "ignore", &t->c->ignore, IGNORED, e);
    if (ignored < 0 || choose_targets(t, t->n - (size_t)ignored, e))
        return -1;
    for (size_t i = 0; i < t->n; i++) {
        if (t->columns[i].role == INPUT)
            t->columns[i].at = t->inputs++;
    }
    if (t->inputs == 0)
        return err_set(e, ERR_DATA, "%s: no column is left for the numbers of a sample%s",
                       t->f.path,
                       t->n > 1 ? ""
                                : ": it has only one (delimiter = ... says what stands between "
                                  "columns)");
    return 0;
}

/* ---- samples ---- */

/* The most samples there can be: no more than lines, and no more than fit in the bytes. */
static size_t count_rows(const struct table *t)
{
    size_t left = (size_t)(t->f.end - t->f.p), lines = 1;
    for (const char *p = t->f.p; (p = memchr(p, '\n', (size_t)(t->f.end - p))); p++)
        lines++;
    size_t most = left / (t->n + t->inputs + t->targets) + 1; /* all but the ignored have a text */
    return lines < most ? lines : most;
}

static int wrong_count(const struct table *t, size_t line, size_t n, struct err *e)
{
    return err_set(e, ERR_DATA, "%s:%zu: %zu column%s, must be %zu", t->f.path, line, n,
                   n == 1 ? "" : "s", t->n);
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
    char name[64], text[44];
    double v;
    quoted_name(t, i, name);
    snprintf(text, sizeof text, "%.*s", d->n < 40 ? (int)d->n : 40, d->text);
    bool missing = is_missing(d), large = strlen(text) == d->n && opt_parse_double(text, &v);
    const char *what = missing ? "" : advice(t, d);
    size_t line = d->line, n = count_fields(t, i + 1);
    if (n != t->n)
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
    char name[64];
    if (fields_next(&t->f, &d, e))
        return -1;
    if (d.n == 0)
        return err_set(e, ERR_DATA, "%s:%zu: column %zu%s: the class is missing", t->f.path, d.line,
                       i + 1, quoted_name(t, i, name));
    *label = labels_add(&t->labels, d.text, d.n, d.line, e);
    return *label < 0 ? -1 : 0;
}

static int read_row(struct table *t, struct err *e)
{
    struct samples *s = t->s;
    size_t line = t->f.line;
    for (size_t i = 0; i < t->n; i++) {
        const struct column *c = &t->columns[i];
        struct field d;
        int rc;
        if (t->f.last)
            return wrong_count(t, line, i, e);
        if (c->role == INPUT)
            rc = read_number(t, i, &s->x[t->rows * t->inputs + c->at], e);
        else if (c->role == TARGET && s->target)
            rc = read_number(t, i, &s->target[t->rows * t->targets + c->at], e);
        else if (c->role == TARGET && s->label)
            rc = read_class(t, i, &s->label[t->rows], e);
        else
            rc = fields_next(&t->f, &d, e);
        if (rc)
            return -1;
    }
    if (!t->f.last)
        return wrong_count(t, line, count_fields(t, t->n), e);
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
                       t->header ? ", only a line with names (header = no: it is a sample)" : "");
    t->s->n = t->rows;
    return 0;
}

/* The inputs' names. */
static int keep_names(struct table *t, struct err *e)
{
    if (!t->header)
        return 0;
    t->s->columns = mem_alloc(t->inputs, sizeof *t->s->columns, e);
    if (!t->s->columns)
        return -1;
    for (size_t i = 0; i < t->n; i++) {
        if (t->columns[i].role == INPUT) {
            t->s->columns[t->columns[i].at] = t->columns[i].name;
            t->columns[i].name = NULL;
        }
    }
    return 0;
}

static int finish(struct table *t, struct err *e)
{
    struct samples *s = t->s;
    if (samples_reorder(s, e) || keep_names(t, e))
        return -1;
    if (!s->label)
        return 0;
    char *where = mem_printf(e, "%s:", t->f.path);
    int rc = where ? labels_finish(&t->labels, s, t->c, where, e) : -1;
    mem_free(where);
    return rc;
}

static int allocate(struct table *t, struct err *e)
{
    struct shape own = {(int)t->inputs, 1, 1};
    bool values = t->c->target == TARGET_VALUE, class = !values && t->targets == 1;
    return samples_alloc(t->s, count_rows(t), samples_shape(t->c, t->inputs, own), class,
                         values ? (int)t->targets : 0, e);
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
    f->delimiter = delimiters[t->c->delimiter];
    if (t->c->delimiter == DELIMITER_AUTO)
        f->delimiter = fields_guess(f->p, f->end);
    if (!fields_more(f))
        return err_set(e, ERR_DATA, "%s: no samples", f->path);
    if (fields_empty_line(f))
        return err_set(e, ERR_DATA, "%s:1: empty line", f->path);
    const char *first = f->p;
    if (read_first(t, e) || decide_header(t, e))
        return -1;
    if (!t->header) {
        f->p = first;
        f->line = 1;
    }
    return 0;
}

static int csv_read(struct samples *s, const char *path, const struct blob *b,
                    const struct data_conf *c, struct err *e)
{
    struct table t = {.f = {.path = path}, .c = c, .s = s};
    int rc = -1;
    if (start(&t, b, e) == 0 && choose_roles(&t, e) == 0 && allocate(&t, e) == 0 &&
        read_rows(&t, e) == 0)
        rc = finish(&t, e);
    if (rc)
        samples_free(s);
    for (size_t i = 0; i < t.n; i++)
        mem_free(t.columns[i].name);
    mem_free(t.columns);
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
