/* npy.c - arrays that numpy.save wrote (format versions 1.0 to 3.0).
 *
 * "\x93NUMPY", the version, the length of the header, the header, the numbers. The header is a
 * Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }. */
#include "data/array.h"

#include <string.h>
#include <strings.h>

#define MAGIC      "\x93NUMPY"
#define MAGIC_SIZE (sizeof MAGIC - 1)

/* The header's text, which ends at a NUL that was put there or at `end`. */
struct header {
    struct array *a;
    const char *p, *end;
    bool descr, order, shape; /* seen */
    char type[24];            /* descr */
};

static void skip_blanks(struct header *h)
{
    while (h->p < h->end && strchr(" \t\n", *h->p) && *h->p)
        h->p++;
}

/* Whether `word` comes next; takes it. */
static bool take(struct header *h, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(h);
    if ((size_t)(h->end - h->p) < n || memcmp(h->p, word, n) != 0)
        return false;
    h->p += n;
    return true;
}

/* A quoted text. */
static bool take_text(struct header *h, char *out, size_t size)
{
    skip_blanks(h);
    if (h->p == h->end || (*h->p != '\'' && *h->p != '"'))
        return false;
    char quote = *h->p++;
    size_t n = 0;
    while (h->p < h->end && *h->p != quote && n + 1 < size)
        out[n++] = *h->p++;
    out[n] = '\0';
    return h->p < h->end && *h->p++ == quote;
}

/* (3, 4), (3,) or (); numbers may end in L, as Python 2 wrote them. */
static bool take_shape(struct header *h)
{
    struct array *a = h->a;
    if (!take(h, "("))
        return false;
    while (!take(h, ")")) {
        size_t v = 0;
        const char *start = h->p;
        for (; h->p < h->end && *h->p >= '0' && *h->p <= '9'; h->p++)
            v = v > SIZE_MAX / 100 ? SIZE_MAX / 10 : v * 10 + (size_t)(*h->p - '0');
        if (h->p == start || a->nd == ARRAY_DIMS)
            return false;
        a->dim[a->nd++] = v;
        take(h, "L");
        if (!take(h, ",")) {
            if (!take(h, ")"))
                return false;
            break;
        }
    }
    return true;
}

/* One "'key': value". */
static bool take_entry(struct header *h)
{
    char key[24];
    if (!take_text(h, key, sizeof key) || !take(h, ":"))
        return false;
    if (strcmp(key, "descr") == 0 && !h->descr) {
        h->descr = true;
        skip_blanks(h);
        if (h->p < h->end && *h->p == '[') { /* the types of a record's fields */
            strcpy(h->type, "record");
            return true;
        }
        return take_text(h, h->type, sizeof h->type);
    }
    if (strcmp(key, "fortran_order") == 0 && !h->order) {
        h->order = true;
        h->a->column = take(h, "True");
        return h->a->column || take(h, "False");
    }
    if (strcmp(key, "shape") == 0 && !h->shape) {
        h->shape = true;
        return take_shape(h);
    }
    return false;
}

static bool is_record(const struct header *h)
{
    return strcmp(h->type, "record") == 0;
}

static bool take_header(struct header *h)
{
    if (!take(h, "{"))
        return false;
    while (!take(h, "}")) {
        if (!take_entry(h))
            return false;
        if (is_record(h)) /* refused whatever follows */
            return true;
        if (!take(h, ",")) {
            if (!take(h, "}"))
                return false;
            break;
        }
    }
    skip_blanks(h);
    return h->p == h->end && h->descr && h->order && h->shape;
}

/* "<f4" and the like. */
static int read_type(struct array *a, const char *type, struct err *e)
{
    static const struct {
        const char *name;
        enum array_type type;
        int size;
    } types[] = {{"b1", ARRAY_UINT, 1},  {"u1", ARRAY_UINT, 1},  {"u2", ARRAY_UINT, 2},
                 {"u4", ARRAY_UINT, 4},  {"u8", ARRAY_UINT, 8},  {"i1", ARRAY_INT, 1},
                 {"i2", ARRAY_INT, 2},   {"i4", ARRAY_INT, 4},   {"i8", ARRAY_INT, 8},
                 {"f2", ARRAY_FLOAT, 2}, {"f4", ARRAY_FLOAT, 4}, {"f8", ARRAY_FLOAT, 8}};
    bool order = *type && strchr("<>|=", *type);
    for (size_t i = 0; order && i < sizeof types / sizeof *types; i++) {
        if (strcmp(type + 1, types[i].name) != 0)
            continue;
        if (*type == '|' && types[i].size > 1)
            break;
        a->type = types[i].type;
        a->size = types[i].size;
        a->big = *type == '>';
        return 0;
    }
    char kind = order ? type[1] : '\0';
    const char *what = kind == 'O'                  ? "Python objects"
                       : kind == 'U' || kind == 'S' ? "texts"
                       : kind == 'c'                ? "complex numbers"
                       : kind == 'M' || kind == 'm' ? "times"
                       : kind == 'f'                ? "numbers of an unusual size"
                                                    : "no plain numbers";
    return err_set(e, ERR_DATA, "%s: an array of type '%s' holds %s: must be integers or floats",
                   a->path, type, what);
}

static int parse(struct array *a, const char *path, const struct blob *b, struct err *e)
{
    const unsigned char *p = (const unsigned char *)b->data;
    *a = (struct array){.path = path};
    if (b->size < MAGIC_SIZE || memcmp(p, MAGIC, MAGIC_SIZE) != 0)
        return err_set(e, ERR_DATA, "%s: no NPY file: it must begin with \\x93NUMPY", path);
    size_t at = MAGIC_SIZE + 4, length = 0;
    if (b->size >= at && (p[6] < 1 || p[6] > 3 || p[7] != 0))
        return err_set(e, ERR_DATA, "%s: NPY version %d.%d: must be 1.0, 2.0 or 3.0", path, p[6],
                       p[7]);
    if (b->size >= at && p[6] > 1)
        at += 2;
    if (b->size < at)
        return err_set(e, ERR_DATA, "%s: cut short: its header is not whole", path);
    for (size_t i = at; i > MAGIC_SIZE + 2; i--)
        length = length << 8 | p[i - 1];
    if (length > b->size - at)
        return err_set(e, ERR_DATA, "%s: cut short: its header is not whole", path);
    struct header h = {.a = a, .p = b->data + at, .end = b->data + at + length};
    if (!take_header(&h))
        return err_set(e, ERR_DATA, "%s: its NPY header is damaged", path);
    if (is_record(&h))
        return err_set(e, ERR_DATA, "%s: an array of records: must be integers or floats", path);
    if (read_type(a, h.type, e))
        return -1;
    if (a->nd == 0)
        return err_set(e, ERR_DATA, "%s: a single number and no array of samples", path);
    return array_attach(a, b, at + length, e);
}

static int npy_read(struct samples *s, const char *path, const struct blob *b,
                    const struct data_conf *c, struct err *e)
{
    struct array a;
    if (parse(&a, path, b, e))
        return -1;
    return array_samples(s, &a, c, NULL, e);
}

static bool npy_detect(const char *path, const char *head, size_t n)
{
    const char *dot = strrchr(path, '.');
    return (dot && strcasecmp(dot, ".npy") == 0) ||
           (n >= MAGIC_SIZE && memcmp(head, MAGIC, MAGIC_SIZE) == 0);
}

const struct data_format format_npy = {
    .name = "npy",
    .help = "arrays that numpy.save wrote: samples in one file, labels in another",
    .detect = npy_detect,
    .read = npy_read,
};
