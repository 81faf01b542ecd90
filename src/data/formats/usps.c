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

#define VALUES  256
#define CLASSES 10

struct reader {
    const char *path;
    struct stream *in;
    const char *p, *end; /* what is there of it; *end is a NUL */
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

/* Sees to it that all of the line at r->p is there. */
static int whole_line(struct reader *r, struct err *e)
{
    size_t seen = 0;
    for (;;) {
        size_t n = (size_t)(r->end - r->p);
        if (memchr(r->p + seen, '\n', n - seen))
            return 0;
        if (stream_more(r->in, &r->p, &r->end, n + 1, e))
            return -1;
        if ((size_t)(r->end - r->p) == n)
            return 0; /* the last one */
        seen = n;
    }
}

/* 1: only blank lines are left; 0: there is more; -1: it cannot be read. */
static int rest_is_empty(struct reader *r, struct err *e)
{
    for (;;) {
        while (r->p < r->end && *r->p && strchr(" \t\r\n", *r->p))
            r->p++;
        if (r->p < r->end)
            return 0;
        if (stream_more(r->in, &r->p, &r->end, 1, e))
            return -1;
        if (r->p == r->end)
            return 1;
    }
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

/* What the reader has made room for. */
struct room {
    size_t x, label;
};

/* What follows the last sample: nothing, or the mark of a .jf file. 1: it does; 0: a sample does.
 */
static int at_end(struct reader *r, bool jf, struct err *e)
{
    int rest;
    if (jf && r->p[0] == '-' && r->p[1] == '1') {
        r->p += 2;
        rest = rest_is_empty(r, e);
        return rest ? rest
                    : err_set(e, ERR_DATA, "%s:%ld: text behind the closing -1", r->path, r->line);
    }
    if (r->p < r->end && *r->p != '\n' && *r->p != '\r')
        return 0;
    rest = rest_is_empty(r, e);
    if (rest == 0)
        return err_set(e, ERR_DATA, "%s:%ld: empty line", r->path, r->line);
    if (rest > 0 && jf)
        return err_set(e, ERR_DATA, "%s: the closing -1 is missing: cut short", r->path);
    return rest;
}

static int read_lines(struct reader *r, bool jf, struct samples *s, struct err *e)
{
    struct room room = {0};
    for (;; s->n++) {
        if (whole_line(r, e))
            return -1;
        skip_blanks(r);
        int end = at_end(r, jf, e);
        if (end < 0)
            return -1;
        if (end)
            break;
        if (mem_grow(&s->x, &room.x, (s->n + 1) * VALUES, sizeof *s->x, e) ||
            mem_grow(&s->label, &room.label, s->n + 1, sizeof *s->label, e) ||
            read_sample(r, &s->label[s->n], s->x + s->n * VALUES, e))
            return -1;
    }
    return s->n ? 0 : err_set(e, ERR_DATA, "%s: no samples", r->path);
}

/* A .jf file is told by its first line, which goes. */
static int take_head(struct reader *r, bool *jf, struct err *e)
{
    if (whole_line(r, e))
        return -1;
    *jf = is_jf(r->p, r->end);
    if (*jf) {
        const char *next = memchr(r->p, '\n', (size_t)(r->end - r->p));
        r->p = next ? next + 1 : r->end;
        r->line = 2;
    }
    r->lo = *jf ? 0 : -1;
    r->hi = *jf ? 2 : 1;
    return 0;
}

static int usps_read(struct samples *s, const char *path, struct stream *in, const char *p,
                     const char *end, const struct data_conf *c, struct err *e)
{
    (void)c;
    struct reader r = {.path = path, .in = in, .p = p, .end = end, .line = 1};
    bool jf;
    *s = (struct samples){.shape = {1, 16, 16}, .classes = CLASSES};
    if (stream_more(in, &r.p, &r.end, 1, e) == 0 && take_head(&r, &jf, e) == 0 &&
        read_lines(&r, jf, s, e) == 0)
        return 0;
    samples_free(s);
    return -1;
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
    .read_stream = usps_read,
};
