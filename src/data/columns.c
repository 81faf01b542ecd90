/* columns.c - the columns of a table: their names, and what each of them is for. */
#include "data/columns.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 100000

/* ---- the first line ---- */

static int read_first(struct columns *t, struct fields *f, struct err *e)
{
    while (!f->last) {
        struct field d;
        if (fields_next(f, &d, e))
            return -1;
        if (t->n == COLUMNS_MAX)
            return err_set(e, ERR_DATA, "%s:%zu: more than %d columns", t->path, d.line,
                           COLUMNS_MAX);
        if (!utf8_is_plain(d.text, d.n))
            return err_set(e, ERR_DATA, "%s:%zu: column %zu: no plain text in UTF-8", t->path,
                           d.line, t->n + 1);
        if (mem_grow(&t->v, &t->cap, t->n + 1, sizeof *t->v, e))
            return -1;
        struct column *c = &t->v[t->n];
        c->name = mem_strndup(d.text, d.n, e);
        if (!c->name)
            return -1;
        c->is_number = field_number(&d, &c->value);
        c->is_missing = field_is_missing(&d);
        t->n++;
    }
    return 0;
}

/* Whether the numbers of the first line count the columns, as in "0,1,2,species". */
static bool counts_columns(const struct columns *t)
{
    size_t n = 0;
    real from = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct column *c = &t->v[i];
        if (!c->is_number)
            continue;
        from = n == 0 ? c->value : from;
        if (c->value != from + (real)n || (from != 0 && from != 1))
            return false;
        n++;
    }
    return n >= 3;
}

static int doubtful(const struct columns *t, size_t i, const char *why, struct err *e)
{
    return err_set(e, ERR_DATA,
                   "%s:1: column %zu: '%.40s' %s: say whether this line names the columns with "
                   "header = yes or header = no",
                   t->path, i + 1, t->v[i].name, why);
}

/* Whether the first line names the columns. Without a single number it is no sample. With some, a
 * header like "label,1,2" must not be taken for a sample, nor a sample with a wrong value for a
 * header: where nobody can tell, the user has to. (Of numbers alone, a further file has samples: a
 * header of numbers was settled when the first one was read.) */
static int decide_header(struct columns *t, struct fields *at, struct err *e)
{
    bool any = false;
    struct fields f = *at; /* the second line is only looked at */
    int rc = 0;
    for (size_t i = 0; i < t->n; i++)
        any = any || t->v[i].is_number;
    t->header = t->c->header == HEADER_YES || (t->c->header == HEADER_AUTO && !any);
    if (t->c->header != HEADER_AUTO || !any)
        return 0;
    if (!t->c->further && counts_columns(t))
        return doubtful(t, 0, "and what follows may count the columns", e);
    if (!fields_more(&f))
        return 0;
    for (size_t i = 0; rc == 0 && i < t->n && !f.last; i++) {
        const struct column *c = &t->v[i];
        struct field d;
        real v;
        rc = fields_next(&f, &d, e);
        if (rc == 0 && field_number(&d, &v) && !c->is_number && !c->is_missing)
            rc = doubtful(t, i, "is no number, but below it there is one", e);
    }
    at->text = f.text; /* may have grown */
    at->cap = f.cap;
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct column *const *)a)->name, (*(struct column *const *)b)->name);
}

int columns_read(struct columns *t, struct fields *f, struct err *e)
{
    const char *first = f->p;
    if (read_first(t, f, e) || decide_header(t, f, e))
        return -1;
    if (!t->header) {
        f->p = first;
        f->line = 1;
        return 0;
    }
    t->sorted = mem_alloc(t->n, sizeof *t->sorted, e);
    if (!t->sorted)
        return -1;
    for (size_t i = 0; i < t->n; i++)
        t->sorted[i] = &t->v[i];
    qsort(t->sorted, t->n, sizeof *t->sorted, by_name);
    return 0;
}

void columns_free(struct columns *t)
{
    for (size_t i = 0; i < t->n; i++)
        mem_free(t->v[i].name);
    mem_free(t->v);
    mem_free(t->sorted);
}

/* ---- what the columns are for ---- */

const char *columns_quote(const struct columns *t, size_t i, char out[COLUMNS_QUOTE])
{
    *out = '\0';
    if (t->header)
        snprintf(out, COLUMNS_QUOTE, " '%.40s'", t->v[i].name);
    return out;
}

/* The column of this name; NULL: none. -1 with a message: there are two. */
static int find_name(const struct columns *t, char *name, struct column **out, struct err *e)
{
    struct column key = {.name = name}, *k = &key;
    *out = NULL;
    if (!t->header)
        return 0;
    struct column **at = bsearch(&k, t->sorted, t->n, sizeof *t->sorted, by_name), **end;
    if (!at)
        return 0;
    end = t->sorted + t->n;
    if ((at > t->sorted && by_name(at - 1, at) == 0) || (at + 1 < end && by_name(at, at + 1) == 0))
        return err_set(e, ERR_DATA,
                       "%s: more than one column is called '%.40s'; columns can be "
                       "named by their numbers",
                       t->path, name);
    *out = *at;
    return 0;
}

/* The column that a word of [data] means: by name, else by number; NULL: none. */
static int find_column(const struct columns *t, char *word, struct column **out, struct err *e)
{
    long long number;
    if (find_name(t, word, out, e))
        return -1;
    if (!*out && opt_parse_int(word, &number) && number >= 1 && number <= (long long)t->n)
        *out = &t->v[number - 1];
    return 0;
}

static int no_column(const struct columns *t, const char *why, const char *word, struct err *e)
{
    char names[300] = "", name[COLUMNS_QUOTE];
    size_t used = 0;
    for (size_t i = 0; t->header && i < t->n && used < 200; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? "," : ": ",
                                 columns_quote(t, i, name) + (i == 0));
    const char *more = used >= 200 ? ", ..." : t->header ? "" : ", which have no names";
    return err_set(e, ERR_DATA, "%s: no column '%.40s'%s among its %zu%s%s", t->path, word, why,
                   t->n, names, more);
}

/* Gives the columns of a list their role. Those of a further file may be missing where it needs no
 * targets. Returns how many there are, or -1. */
static int mark(struct columns *t, const char *why, const struct name_list *list,
                enum column_role role, struct err *e)
{
    int found = 0;
    for (int i = 0; i < list->n; i++) {
        struct column *c;
        if (find_column(t, list->v[i], &c, e))
            return -1;
        if (!c && t->c->no_target)
            continue;
        if (!c)
            return no_column(t, why, list->v[i], e);
        if (c->role != COLUMN_INPUT)
            return err_set(e, ERR_DATA,
                           "%s: column '%.40s' is listed twice in target_columns and ignore",
                           t->path, list->v[i]);
        c->role = role;
        c->at = (size_t)found++;
    }
    return found;
}

/* Targets of a table by its own [data]; `left` columns are not ignored. */
static int choose_targets(struct columns *t, size_t left, struct err *e)
{
    const struct data_conf *c = t->c;
    size_t size = (size_t)c->shape[0] * (size_t)c->shape[1] * (size_t)c->shape[2];
    int n = 0;
    if (c->no_target && left == size)
        return 0;
    if (c->target_columns.n > 0) {
        n = mark(t, " for target_columns", &c->target_columns, COLUMN_TARGET, e);
        if (n < 0)
            return -1;
    } else if (c->target != TARGET_INPUT) {
        for (size_t i = t->n; i > 0 && n == 0; i--) {
            if (t->v[i - 1].role == COLUMN_INPUT) {
                t->v[i - 1].role = COLUMN_TARGET;
                n = 1;
            }
        }
    }
    if (n > 1 && c->target == TARGET_CLASS)
        return err_set(e, ERR_DATA,
                       "%s: %d target columns are values to learn: that needs target = value",
                       t->path, n);
    t->targets = (size_t)n;
    return 0;
}

/* The columns that the training data have, wherever they stand; others are left out. */
static int choose_known(struct columns *t, size_t size, struct err *e)
{
    const struct data_conf *c = t->c;
    size_t known = (size_t)c->n_columns;
    char *missing = NULL;
    for (size_t i = 0; i < t->n; i++)
        t->v[i].role = COLUMN_IGNORED;
    for (size_t k = 0; k < known; k++) {
        struct column *found;
        if (find_name(t, c->columns[k], &found, e))
            return -1;
        if (!found && (k < size || !c->no_target))
            return no_column(t, ", which the training data have,", c->columns[k], e);
        if (!found) {
            missing = c->columns[k];
            continue;
        }
        found->role = k < size ? COLUMN_INPUT : COLUMN_TARGET;
        found->at = k < size ? k : k - size;
        t->targets += k >= size;
    }
    if (missing && t->targets > 0) /* all of them or none */
        return no_column(t, ", which the training data have,", missing, e);
    t->inputs = size;
    return 0;
}

int columns_choose(struct columns *t, struct err *e)
{
    const struct data_conf *c = t->c;
    size_t size = (size_t)c->shape[0] * (size_t)c->shape[1] * (size_t)c->shape[2];
    if (t->header && c->columns && (size_t)c->n_columns >= size && size > 0)
        return choose_known(t, size, e);
    int ignored = mark(t, " for ignore", &c->ignore, COLUMN_IGNORED, e);
    if (ignored < 0 || choose_targets(t, t->n - (size_t)ignored, e))
        return -1;
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].role == COLUMN_INPUT)
            t->v[i].at = t->inputs++;
    }
    if (t->inputs == 0)
        return err_set(e, ERR_DATA, "%s: no column is left for the numbers of a sample%s", t->path,
                       t->n > 1 ? ""
                                : ": it has only one (delimiter = ... says what stands between "
                                  "columns)");
    return 0;
}

int columns_keep(struct columns *t, struct samples *s, struct err *e)
{
    struct column **last = NULL;
    for (size_t i = 0; t->header && i < t->n; i++) {
        if (t->sorted[i]->role == COLUMN_IGNORED)
            continue;
        if (last && by_name(last, &t->sorted[i]) == 0)
            return 0;
        last = &t->sorted[i];
    }
    if (!t->header)
        return 0;
    s->n_columns = (int)(t->inputs + t->targets);
    s->columns = mem_alloc((size_t)s->n_columns, sizeof *s->columns, e);
    if (!s->columns)
        return -1;
    for (size_t i = 0; i < t->n; i++) {
        struct column *c = &t->v[i];
        if (c->role == COLUMN_IGNORED)
            continue;
        s->columns[c->role == COLUMN_INPUT ? c->at : t->inputs + c->at] = c->name;
        c->name = NULL;
    }
    return 0;
}
