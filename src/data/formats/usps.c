/* usps.c - the USPS digits as text, a line per sample: the digit, then 256 values of a 16x16 image.
 *
 * Two layouts of the same data are in use. `zip.train`, `zip.test` of "The Elements of Statistical
 * Learning" have values in [-1, 1]. The `.jf` files of RWTH Aachen have values in [0, 2], a first
 * line "10 256" (classes, values), and a last line "-1". Values stay as they are. */
#include "data/data.h"
#include "data/number.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VALUES   256
#define CLASSES  10
#define LINE_MIN (1 + 2 * VALUES) /* bytes of the shortest sample: "d v v ... v" */

struct reader {
    const char *path, *p, *end; /* *end is a NUL */
    long line;
    real lo, hi;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct reader *r)
{
    while (is_blank(*r->p))
        r->p++;
}

static bool at_line_end(const struct reader *r)
{
    return *r->p == '\n' || r->p == r->end || (r->p[0] == '\r' && r->p[1] == '\n');
}

static void next_line(struct reader *r)
{
    if (*r->p == '\r')
        r->p++;
    if (*r->p == '\n')
        r->p++;
    r->line++;
}

/* "PATH:LINE: WHAT 'WORD': REASON" with the word at r->p, cut where it is long. */
static int bad_word(const struct reader *r, const char *what, const char *reason, struct err *e)
{
    int n = 0;
    while (n < 20 && r->p + n < r->end && !strchr(" \t\r\n", r->p[n]))
        n++;
    return err_set(e, ERR_DATA, "%s:%ld: %s '%.*s': %s", r->path, r->line, what, n, r->p, reason);
}

/* One number with a blank or the end of the line behind it. */
static bool read_number(struct reader *r, real *v)
{
    const char *start = r->p;
    if (!number_read(&r->p, v))
        return false;
    if (is_blank(*r->p) || at_line_end(r))
        return true;
    r->p = start;
    return false;
}

static int read_sample(struct reader *r, int *label, real *x, struct err *e)
{
    const char *start = r->p;
    real v;
    if (!read_number(r, &v) || !(v >= 0 && v < CLASSES) || v != (real)(int)v) {
        r->p = start;
        return bad_word(r, "digit", "must be a whole number from 0 to 9", e);
    }
    *label = (int)v;
    for (int i = 0; i < VALUES; i++) {
        skip_blanks(r);
        if (at_line_end(r))
            return err_set(e, ERR_DATA, "%s:%ld: only %d values after the digit, must be %d",
                           r->path, r->line, i, VALUES);
        start = r->p;
        if (!read_number(r, &x[i]) || !(x[i] >= r->lo && x[i] <= r->hi)) {
            char what[32], reason[64];
            r->p = start;
            snprintf(what, sizeof what, "value %d", i + 1);
            snprintf(reason, sizeof reason, "must be a number from %g to %g", (double)r->lo,
                     (double)r->hi);
            return bad_word(r, what, reason, e);
        }
    }
    skip_blanks(r);
    if (!at_line_end(r))
        return err_set(e, ERR_DATA, "%s:%ld: more than %d values after the digit", r->path, r->line,
                       VALUES);
    next_line(r);
    return 0;
}

/* Only blank lines are left. */
static bool rest_is_empty(struct reader *r)
{
    while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p)
        r->p++;
    return r->p == r->end;
}

/* Whether the text begins with the line "10 256". */
static bool is_jf(const char *p, const char *end)
{
    static const char head[] = "10 256";
    while (p < end && is_blank(*p))
        p++;
    if ((size_t)(end - p) < sizeof head - 1 || memcmp(p, head, sizeof head - 1) != 0)
        return false;
    p += sizeof head - 1;
    while (p < end && (is_blank(*p) || *p == '\r'))
        p++;
    return p == end || *p == '\n';
}

/* The most samples there can be: no more than lines, and no more than fit in the bytes, so that a
 * file of empty lines asks for no memory. */
static size_t count_lines(const struct blob *b)
{
    size_t n = 1, most = b->size / LINE_MIN + 1;
    for (const char *p = b->data; (p = memchr(p, '\n', b->size - (size_t)(p - b->data))); p++)
        n++;
    return n < most ? n : most;
}

static int read_lines(struct reader *r, bool jf, struct samples *s, struct err *e)
{
    size_t n = 0; /* below s->n here: see count_lines */
    for (;; n++) {
        skip_blanks(r);
        if (jf && r->p[0] == '-' && r->p[1] == '1') {
            r->p += 2;
            if (!rest_is_empty(r))
                return err_set(e, ERR_DATA, "%s:%ld: text behind the closing -1", r->path, r->line);
            break;
        }
        const char *start = r->p;
        if (rest_is_empty(r)) {
            if (jf)
                return err_set(e, ERR_DATA, "%s: the closing -1 is missing: cut short", r->path);
            break;
        }
        r->p = start;
        if (at_line_end(r))
            return err_set(e, ERR_DATA, "%s:%ld: empty line", r->path, r->line);
        if (read_sample(r, &s->label[n], s->x + n * VALUES, e))
            return -1;
    }
    if (n == 0)
        return err_set(e, ERR_DATA, "%s: no samples", r->path);
    s->n = n;
    return 0;
}

static int usps_read(struct samples *s, const char *path, const struct blob *b,
                     const struct data_conf *c, struct err *e)
{
    (void)c;
    struct reader r = {.path = path, .p = b->data, .end = b->data + b->size, .line = 1};
    bool jf = is_jf(r.p, r.end);
    r.lo = jf ? 0 : -1;
    r.hi = jf ? 2 : 1;
    if (samples_alloc(s, count_lines(b), (struct shape){1, 16, 16}, CLASSES, 0, e))
        return -1;
    if (jf) {
        r.p = memchr(r.p, '\n', b->size);
        r.p = r.p ? r.p + 1 : r.end;
        r.line = 2;
    }
    if (read_lines(&r, jf, s, e)) {
        samples_free(s);
        return -1;
    }
    return 0;
}

/* A first line of 257 numbers, or as many as fit in the head. */
static bool is_zip(const char *p, size_t n)
{
    const char *end = p + n;
    int words = 0;
    if (n == 0 || *p < '0' || *p > '9' || n < 2 || !strchr(" .", p[1]))
        return false;
    while (p < end && *p != '\n') {
        size_t len = 0;
        while (p + len < end && strchr("+-.0123456789eE", p[len]) && p[len])
            len++;
        words += len > 0;
        p += len;
        if (p < end && *p != '\n' && !is_blank(*p) && *p != '\r')
            return false;
        while (p < end && (is_blank(*p) || *p == '\r'))
            p++;
    }
    return words == VALUES + 1 || (p == end && n >= DATA_HEAD);
}

static bool usps_detect(const char *path, const char *head, size_t n)
{
    const char *base = strrchr(path, '/'), *dot;
    base = base ? base + 1 : path;
    dot = strrchr(base, '.');
    if (strncasecmp(base, "zip.train", 9) == 0 || strncasecmp(base, "zip.test", 8) == 0 ||
        (dot && strcasecmp(dot, ".jf") == 0))
        return true;
    return is_jf(head, head + n) || is_zip(head, n);
}

const struct data_format format_usps = {
    .name = "usps",
    .help = "USPS digits as text: zip.train and zip.test of ESL, or .jf of RWTH Aachen",
    .detect = usps_detect,
    .read = usps_read,
};
