/* fields.c - text tables taken apart. */
#include "data/fields.h"

#include "base/mem.h"
#include "data/number.h"

#include <string.h>
#include <strings.h>

#define GUESS_LINES 10

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool at_line_end(const struct fields *f)
{
    return *f->p == '\n' || f->p == f->end || (f->p[0] == '\r' && f->p[1] == '\n');
}

/* Blanks, but not those that delimit. */
static void skip_blanks(struct fields *f)
{
    while (is_blank(*f->p) && (*f->p != f->delimiter || f->delimiter == ' '))
        f->p++;
}

/* ---- the delimiter ---- */

#define KINDS 4
static const char kinds[KINDS + 1] = "\t;, "; /* the likeliest first */

/* Counts a line's delimiters outside quotes (runs of blanks between other characters are one);
 * returns what is behind the line. */
static const char *count(const char *p, const char *end, int counts[KINDS])
{
    bool quoted = false, begun = false;
    memset(counts, 0, KINDS * sizeof *counts);
    for (; p < end && (quoted || *p != '\n'); p++) {
        const char *d = *p && !quoted ? strchr(kinds, *p) : NULL;
        quoted = quoted != (*p == '"');
        bool last_blank = begun && p + 1 < end && !strchr(" \r\n", p[1]);
        if (d && (*d != ' ' || last_blank))
            counts[d - kinds]++;
        begun = begun || *p != ' ';
    }
    return p < end ? p + 1 : p;
}

char fields_guess(const char *p, const char *end)
{
    int first[KINDS] = {0}, counts[KINDS] = {0};
    bool same[KINDS] = {true, true, true, true};
    for (int line = 0; line < GUESS_LINES && p < end; line++) {
        p = count(p, end, line ? counts : first);
        for (int i = 0; i < KINDS; i++)
            same[i] = same[i] && (line == 0 || counts[i] == first[i]);
        while (p < end && *p && strchr(" \r\n", *p)) /* empty lines say nothing */
            p++;
    }
    for (int i = 0; i < KINDS; i++) {
        if (same[i] && first[i] > 0)
            return kinds[i];
    }
    for (int i = 0; i < KINDS; i++) {
        if (first[i] > 0)
            return kinds[i];
    }
    return ',';
}

/* ---- records and fields ---- */

bool fields_more(struct fields *f)
{
    for (const char *p = f->p;; p++) {
        if (p == f->end)
            return false;
        if (!*p || !strchr(" \t\r\n", *p))
            break;
    }
    f->column = 1;
    f->last = false;
    if (f->delimiter == ' ')
        skip_blanks(f);
    return true;
}

bool fields_empty_line(const struct fields *f)
{
    return at_line_end(f);
}

/* Behind a field: takes the delimiter, or the line end. false where there is neither. */
static bool take_delimiter(struct fields *f)
{
    skip_blanks(f);
    if (at_line_end(f)) {
        if (*f->p == '\r')
            f->p++;
        if (f->p < f->end)
            f->p++;
        f->line++;
        f->last = true;
    } else if (f->delimiter == ' ' && is_blank(f->p[-1])) {
        f->column++;
    } else if (*f->p == f->delimiter) {
        f->p++;
        f->column++;
    } else {
        return false;
    }
    return true;
}

static int wrong(const struct fields *f, size_t line, const char *what, struct err *e)
{
    return err_set(e, ERR_DATA, "%s:%zu: column %zu: %s", f->path, line, f->column, what);
}

/* What stands between the quotes; doubled ones are copied as one. */
static int take_quoted(struct fields *f, struct field *out, struct err *e)
{
    size_t line = f->line, doubled = 0, n = 0;
    const char *start = ++f->p;
    for (;; f->p++) {
        const char *quote = memchr(f->p, '"', (size_t)(f->end - f->p));
        if (!quote)
            return wrong(f, line, "a quote is opened and never closed", e);
        for (const char *c = f->p; (c = memchr(c, '\n', (size_t)(quote - c))); c++)
            f->line++;
        f->p = quote + 1;
        if (*f->p != '"')
            break;
        doubled++;
    }
    out->text = start;
    out->n = (size_t)(f->p - start) - 1;
    if (doubled > 0) {
        if (mem_grow(&f->text, &f->cap, out->n + 1, 1, e))
            return -1;
        for (const char *c = start; c < f->p - 1; c++) {
            f->text[n++] = *c;
            c += *c == '"';
        }
        f->text[n] = '\0';
        out->text = f->text;
        out->n = n;
    }
    return take_delimiter(f) ? 0 : wrong(f, f->line, "text behind the closing quote", e);
}

int fields_next(struct fields *f, struct field *out, struct err *e)
{
    skip_blanks(f);
    *out = (struct field){.text = f->p, .line = f->line, .quoted = *f->p == '"'};
    if (out->quoted)
        return take_quoted(f, out, e);
    while (f->p < f->end && *f->p != f->delimiter && *f->p != '\n') {
        if (*f->p == '"')
            return wrong(f, f->line, "a quote inside a field that does not begin with one", e);
        if (f->delimiter == ' ' && *f->p == '\t')
            break;
        f->p++;
    }
    const char *stop = f->p;
    if (stop > out->text && stop[-1] == '\r' && (*stop == '\n' || stop == f->end))
        stop--;
    while (stop > out->text && is_blank(stop[-1]))
        stop--;
    out->n = (size_t)(stop - out->text);
    take_delimiter(f);
    return 0;
}

bool fields_number(struct fields *f, real *v)
{
    const char *start = f->p;
    skip_blanks(f);
    if (number_read(&f->p, v) && take_delimiter(f))
        return true;
    f->p = start;
    return false;
}

bool field_number(const struct field *d, real *v)
{
    const char *p = d->text;
    real x;
    if (!number_read(&p, &x) || p != d->text + d->n)
        return false;
    *v = x;
    return true;
}

bool field_is_missing(const struct field *d)
{
    static const char *const words[] = {"", "?", "-", "NA", "N/A", "NaN", "null", "None"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == d->n && strncasecmp(d->text, words[i], d->n) == 0)
            return true;
    }
    return false;
}

void fields_free(struct fields *f)
{
    mem_free(f->text);
    f->text = NULL;
    f->cap = 0;
}

bool fields_look(const char *head, size_t n, bool whole)
{
    struct fields f = {.path = "", .p = head, .end = head + n, .line = 1};
    struct field d;
    struct err e = {0};
    size_t columns[2] = {0}, numbers[2] = {0};
    real v;
    bool good = strlen(head) == n;
    if (n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0)
        f.p += 3;
    f.delimiter = fields_guess(f.p, f.end);
    for (int line = 0; good && line < 2 && fields_more(&f); line++) {
        while (good && !f.last && (f.p < f.end || columns[line] == 0)) {
            good = fields_next(&f, &d, &e) == 0;
            columns[line]++;
            numbers[line] += good && field_number(&d, &v);
        }
    }
    fields_free(&f);
    whole = whole || f.p < f.end;
    return good && f.delimiter != ' ' && columns[0] > 1 && numbers[0] + numbers[1] > 0 &&
           (columns[0] == columns[1] || !columns[1] || !whole);
}
