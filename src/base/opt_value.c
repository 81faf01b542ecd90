/* opt_value.c - one value of a table's row. */
#include "base/opt_value.h"

#include "base/mem.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rules ------------------------------------------------------------------------------------
 */

static bool has_min(const struct opt *o)
{
    return (o->min != 0 || o->max != 0) && isfinite(o->min);
}

static bool has_max(const struct opt *o)
{
    return (o->min != 0 || o->max != 0) && isfinite(o->max) && o->max >= o->min;
}

bool opt_in_range(const struct opt *o, double v)
{
    if (has_min(o) && (v < o->min || (v == o->min && o->flags & OPT_OPEN_MIN)))
        return false;
    return !(has_max(o) && (v > o->max || (v == o->max && o->flags & OPT_OPEN_MAX)));
}

/* Text that grows in a buffer of OPT_TEXT bytes; what does not fit is cut. */
static void add(char *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(char *out, const char *fmt, ...)
{
    size_t n = strlen(out);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(out + n, OPT_TEXT - n, fmt, ap);
    va_end(ap);
}

/* Millions and more as 1e9 where that is shorter: a bound is read by people. */
static void print_bound(double v, char out[OPT_NUMBER])
{
    char plain[OPT_NUMBER];
    opt_print_double(v, plain);
    snprintf(out, OPT_NUMBER, "%.0e", v);
    char *e = strchr(out, 'e');
    if (fabs(v) < 1e6 || !e || strtod(out, NULL) != v) {
        memcpy(out, plain, sizeof plain);
        return;
    }
    snprintf(e + 1, OPT_NUMBER - (size_t)(e + 1 - out), "%ld", strtol(e + 1, NULL, 10));
}

/* "between 1 and 64", "greater than 0", ...; nothing where any number goes */
static void add_range(char *out, const struct opt *o)
{
    char lo[OPT_NUMBER], hi[OPT_NUMBER];
    print_bound(o->min, lo);
    print_bound(o->max, hi);
    bool open_lo = o->flags & OPT_OPEN_MIN, open_hi = o->flags & OPT_OPEN_MAX;
    if (has_min(o) && has_max(o) && !open_lo && !open_hi) {
        add(out, "between %s and %s", lo, hi);
        return;
    }
    if (has_min(o))
        add(out, "%s %s", open_lo ? "greater than" : "at least", lo);
    if (has_min(o) && has_max(o))
        add(out, " and ");
    if (has_max(o))
        add(out, "%s %s", open_hi ? "less than" : "at most", hi);
}

/* "a number" and the range behind it */
static void add_number(char *out, const char *noun, const struct opt *o)
{
    char range[OPT_TEXT] = "";
    add_range(range, o);
    const char *link = !*range ? "" : strncmp(range, "at ", 3) == 0 ? " of " : " ";
    add(out, "%s%s%s", noun, link, range);
}

/* " or 'same'" */
static void add_words(char *out, const struct opt *o)
{
    for (const char *const *w = o->words; w && *w; w++)
        add(out, " or '%s'", *w);
}

static void add_list(char *out, const struct opt *o)
{
    for (const char *const *w = o->words; *w; w++)
        add(out, "%s%s", w == o->words ? "" : w[1] ? ", " : " or ", *w);
}

static void add_rule(char *out, const struct opt *o)
{
    switch (o->type) {
    case OPT_INT:
    case OPT_SIZE:
        add_number(out, "a whole number", o);
        add_words(out, o);
        break;
    case OPT_FLOAT:
        add_number(out, "a number", o);
        add_words(out, o);
        break;
    case OPT_BOOL:
        add(out, "yes or no");
        break;
    case OPT_WORD:
        add_list(out, o);
        break;
    case OPT_STRING:
        add(out, "a text");
        break;
    case OPT_PAIR:
        add_number(out, "a whole number", o);
        add(out, ", or two as in 3x5 (height x width)");
        add_words(out, o);
        break;
    case OPT_SHAPE:
        add(out, "C, CxW or CxHxW, such as 256, 16x100 or 3x32x32");
        break;
    case OPT_INTS:
        add_number(out, "whole numbers", o);
        add(out, ", separated by commas");
        break;
    case OPT_FLOATS:
        add_number(out, "numbers", o);
        add(out, ", separated by commas");
        break;
    case OPT_NAMES:
        add(out, "names, separated by commas");
        break;
    }
}

void opt_rule(const struct opt *o, char out[OPT_TEXT])
{
    *out = '\0';
    add_rule(out, o);
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static const size_t sizes[] = {
    [OPT_INT] = sizeof(int),
    [OPT_SIZE] = sizeof(uint64_t),
    [OPT_FLOAT] = sizeof(double),
    [OPT_BOOL] = sizeof(bool),
    [OPT_WORD] = sizeof(int),
    [OPT_STRING] = sizeof(char *),
    [OPT_PAIR] = 2 * sizeof(int),
    [OPT_SHAPE] = 3 * sizeof(int),
    [OPT_INTS] = sizeof(struct int_list),
    [OPT_FLOATS] = sizeof(struct float_list),
    [OPT_NAMES] = sizeof(struct name_list),
};

void opt_clear(const struct opt *o, void *conf)
{
    memset(opt_field(o, conf), 0, sizes[o->type]);
}

void opt_release(const struct opt *o, void *conf)
{
    void *f = opt_field(o, conf);
    if (o->type == OPT_STRING)
        mem_free(*(char **)f);
    else if (o->type == OPT_INTS)
        mem_free(((struct int_list *)f)->v);
    else if (o->type == OPT_FLOATS)
        mem_free(((struct float_list *)f)->v);
    else if (o->type == OPT_NAMES) {
        struct name_list *list = f;
        for (int i = 0; i < list->n; i++)
            mem_free(list->v[i]);
        mem_free(list->v);
    }
    opt_clear(o, conf);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* What reading one value needs to know. */
struct reading {
    const struct opt *o;
    bool checked;
    char *why;
    struct err *e;
};

static int word_index(const char *const *words, const char *s)
{
    for (int i = 0; words && words[i]; i++)
        if (strcmp(words[i], s) == 0)
            return i;
    return -1;
}

/* "must be ..." with the whole rule, for text that is no such value at all. */
static int wrong(const struct reading *r, const char *text)
{
    const char *near = r->o->words ? netfile_nearest(text, r->o->words) : NULL;
    if (near && strcmp(near, text) == 0) /* a right word, in a wrong place: "samex3" */
        near = NULL;
    if (near && r->o->type == OPT_WORD) { /* the words may be many */
        snprintf(r->why, OPT_TEXT, "unknown word; did you mean '%s'?", near);
        return 1;
    }
    snprintf(r->why, OPT_TEXT, "must be ");
    add_rule(r->why, r->o);
    if (near)
        add(r->why, "; did you mean '%s'?", near);
    return 1;
}

/* "must be between 1 and 64", for a number that is not. `each`: one of several. */
static int outside(const struct reading *r, const char *each)
{
    snprintf(r->why, OPT_TEXT, "%smust be ", each);
    add_range(r->why, r->o);
    add_words(r->why, r->o);
    return 1;
}

static int read_number(const struct reading *r, const char *s, const char *each, double *v)
{
    if (!opt_parse_double(s, v))
        return wrong(r, s);
    return r->checked && !opt_in_range(r->o, *v) ? outside(r, each) : 0;
}

static int read_int(const struct reading *r, const char *s, const char *each, int *v)
{
    long long x;
    if (!opt_parse_int(s, &x))
        return wrong(r, s);
    if (r->checked && !opt_in_range(r->o, (double)x))
        return outside(r, each);
    if (x < INT_MIN || x > INT_MAX) {
        snprintf(r->why, OPT_TEXT, "%smust be between %d and %d", each, INT_MIN, INT_MAX);
        return 1;
    }
    *v = (int)x;
    return 0;
}

static int read_size(const struct reading *r, const char *s, uint64_t *v)
{
    uint64_t x = 0;
    long long negative;
    const char *c = s + (*s == '+');
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(x, (uint64_t)10, &x) ||
            __builtin_add_overflow(x, (uint64_t)(*c - '0'), &x)) {
            if (has_max(r->o))
                return outside(r, "");
            snprintf(r->why, OPT_TEXT, "must be at most %" PRIu64, UINT64_MAX);
            return 1;
        }
    bool number = c > s && c[-1] >= '0' && c[-1] <= '9' && !*c;
    if (!number && opt_parse_int(s, &negative) && !has_min(r->o)) {
        snprintf(r->why, OPT_TEXT, "must be at least 0");
        return 1;
    }
    if (!number && !opt_parse_int(s, &negative))
        return wrong(r, s);
    if (!number || (r->checked && !opt_in_range(r->o, (double)x)))
        return outside(r, "");
    *v = x;
    return 0;
}

static int read_bool(const struct reading *r, const char *s, bool *v)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1", NULL};
    int i = word_index(words, s);
    if (i < 0)
        return wrong(r, s);
    *v = i % 2;
    return 0;
}

/* Copies the trimmed text up to `separator` into out and steps behind it; false at the end. */
static bool next_part(const char **s, char separator, char *out)
{
    if (!*s)
        return false;
    const char *end = strchr(*s, separator);
    const char *from = *s, *to = end ? end : from + strlen(from);
    *s = end ? end + 1 : NULL;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = '\0';
    return true;
}

/* "2x3x4" into at most `most` numbers, *n of them. */
static int read_product(const struct reading *r, const char *s, char *part, int most, int *v,
                        int *n)
{
    const char *rest = s;
    *n = 0;
    while (next_part(&rest, 'x', part)) {
        if (*n == most)
            return wrong(r, s);
        if (read_int(r, part, "each ", &v[*n]))
            return 1;
        ++*n;
    }
    return 0;
}

static int read_pair(const struct reading *r, const char *s, char *part, int *v)
{
    int got[2] = {0}, n;
    if (read_product(r, s, part, 2, got, &n))
        return 1;
    v[0] = got[0];
    v[1] = n == 2 ? got[1] : got[0];
    return 0;
}

static int read_shape(const struct reading *r, const char *s, char *part, int *v)
{
    int got[3] = {0}, n;
    if (read_product(r, s, part, 3, got, &n))
        return 1;
    int shape[3] = {got[0], n == 3 ? got[1] : 1, n == 3 ? got[2] : n == 2 ? got[1] : 1};
    int64_t size = shape[0];
    for (int i = 0; i < 3; i++)
        if (shape[i] < 1) {
            snprintf(r->why, OPT_TEXT, "each must be at least 1");
            return 1;
        }
    for (int i = 1; i < 3; i++)
        if (__builtin_mul_overflow(size, shape[i], &size) || size > INT_MAX) {
            snprintf(r->why, OPT_TEXT, "this is more than %d numbers a sample", INT_MAX);
            return 1;
        }
    memcpy(v, shape, sizeof shape);
    return 0;
}

/* Reads a comma-separated list of the row's type into fresh arrays at f. */
static int read_list(const struct reading *r, const char *s, char *part, void *f)
{
    size_t n = *s != '\0';
    for (const char *c = s; *c; c++)
        n += *c == ',';
    struct int_list *ints = f;
    struct float_list *floats = f;
    struct name_list *names = f;
    const char *rest = n ? s : NULL;
    int bad = 0;
    if (r->o->type == OPT_INTS && !(ints->v = mem_alloc(n, sizeof *ints->v, r->e)))
        return -1;
    if (r->o->type == OPT_FLOATS && !(floats->v = mem_alloc(n, sizeof *floats->v, r->e)))
        return -1;
    if (r->o->type == OPT_NAMES && !(names->v = mem_alloc(n, sizeof *names->v, r->e)))
        return -1;
    while (!bad && next_part(&rest, ',', part)) {
        if (r->o->type == OPT_INTS)
            bad = read_int(r, part, "each ", &ints->v[ints->n++]);
        else if (r->o->type == OPT_FLOATS)
            bad = read_number(r, part, "each ", &floats->v[floats->n++]);
        else if (!*part)
            bad = wrong(r, part);
        else if (!(names->v[names->n++] = mem_strdup(part, r->e)))
            bad = -1;
    }
    return bad;
}

/* Reads into a fresh field f; part: scratch as long as the text. */
static int read_value(const struct reading *r, const char *s, char *part, void *f)
{
    const struct opt *o = r->o;
    int word = o->type == OPT_STRING ? -1 : word_index(o->words, s);
    switch (o->type) {
    case OPT_INT:
        if (word >= 0)
            *(int *)f = -1 - word;
        return word >= 0 ? 0 : read_int(r, s, "", f);
    case OPT_SIZE:
        return read_size(r, s, f);
    case OPT_FLOAT:
        if (word >= 0)
            *(double *)f = -1 - word;
        return word >= 0 ? 0 : read_number(r, s, "", f);
    case OPT_BOOL:
        return read_bool(r, s, f);
    case OPT_WORD:
        *(int *)f = word;
        return word >= 0 ? 0 : wrong(r, s);
    case OPT_STRING:
        if (!(*(char **)f = mem_strdup(s, r->e)))
            return -1;
        if (!*s && r->checked && o->flags & OPT_REQUIRED)
            return wrong(r, s);
        return 0;
    case OPT_PAIR:
        if (word >= 0)
            ((int *)f)[0] = ((int *)f)[1] = -1 - word;
        return word >= 0 ? 0 : read_pair(r, s, part, f);
    case OPT_SHAPE:
        return read_shape(r, s, part, f);
    default:
        return read_list(r, s, part, f);
    }
}

int opt_set(const struct opt *o, void *conf, const char *text, bool checked, char why[OPT_TEXT],
            struct err *e)
{
    union {
        struct int_list ints;
        struct float_list floats;
        struct name_list names;
        int v[3];
        uint64_t size;
        double number;
    } fresh; /* any field; read apart, so that a bad value leaves the old one */
    struct opt row = *o;
    row.offset = 0;
    opt_clear(&row, &fresh);
    char *part = mem_alloc(strlen(text) + 1, 1, e);
    if (!part)
        return -1;
    int res = read_value(&(struct reading){&row, checked, why, e}, text, part, &fresh);
    mem_free(part);
    if (res) {
        opt_release(&row, &fresh);
        return res;
    }
    opt_release(o, conf);
    memcpy(opt_field(o, conf), &fresh, sizes[o->type]);
    return 0;
}
