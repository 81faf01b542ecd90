/* opt.h - typed tables of keys.
 *
 * Every key of a network file is one row of a table. The same row checks the file, serves --set,
 * prints `diynn help`, writes docs/REFERENCE.md and the resolved file. A table ends with a row
 * whose name is NULL and fills a plain struct ("conf") by offset. */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include "base/diag.h"
#include "base/err.h"
#include "base/netfile.h"

#include <stdbool.h>
#include <stddef.h>

enum opt_type {
    OPT_INT,    /* int; a word of `words` stands for -1, -2, ... (so min must be >= 0 then) */
    OPT_SIZE,   /* uint64_t, as OPT_INT without words; for counts and seeds */
    OPT_FLOAT,  /* double; no nan, no inf; read whole, locale-free; words as OPT_INT */
    OPT_BOOL,   /* bool: yes / no (also true false on off 1 0) */
    OPT_WORD,   /* int: index in `words` */
    OPT_STRING, /* char *, owned by the conf; "" if neither given nor with a default */
    OPT_PAIR,   /* int[2]: "3" (both) or "3x5"; a word of `words` gives -1 in both */
    OPT_SHAPE,  /* int[3], c h w: "256" (vector: 256,1,1), "16x100" (sequence: c,1,w), "3x32x32" */
    OPT_INTS,   /* struct int_list: "1, 2, 3" */
    OPT_FLOATS, /* struct float_list */
    OPT_NAMES   /* struct name_list: "a, b" */
};

struct int_list {
    int n, *v;
};
struct float_list {
    int n;
    double *v;
};
struct name_list {
    int n;
    char **v;
};

/* Flags */
enum {
    OPT_REQUIRED = 1, /* must be given; default is ignored */
    OPT_OPEN_MIN = 2, /* min itself is not allowed */
    OPT_OPEN_MAX = 4  /* max itself is not allowed */
};

struct opt {
    const char *name;
    enum opt_type type;
    size_t offset;            /* in the conf struct: offsetof */
    const char *def;          /* default, written as in a file; NULL: none (zero bytes, "") */
    double min, max;          /* of numbers, and of each element of lists, pairs and shapes;
                               * min = max = 0: any; max < min or an infinity: no such bound */
    const char *const *words; /* NULL-terminated */
    int flags;
    const char *help; /* one line, without a full stop */
};

#define OPT_END                                                                                    \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Up to OPT_TABLES tables together describe one section; each fills its own struct. */
#define OPT_TABLES 4
struct opt_target {
    const struct opt *table;
    void *conf;
};

/* Fills defaults, then reads the entries of *s (NULL: none). Unknown keys (with a suggestion),
 * repeated keys (with both lines), missing ones and bad values are appended to *d as
 * "FILE:LINE: [section] key = value: reason". All targets are filled whatever is wrong. -1 only for
 * lack of memory. Lists and strings are freed by opt_free. `nf` gives the file's name. */
int opt_read(const struct netfile *nf, const struct section *s, const struct opt_target *targets,
             int n_targets, struct diag *d, struct err *e);

/* Fills defaults alone. What the fields held before is forgotten, not freed, here and in opt_read.
 */
int opt_defaults(const struct opt *table, void *conf, struct err *e);

void opt_free(const struct opt *table, void *conf);

/* Whether the section gives this key itself. */
bool opt_given(const struct section *s, const char *key);

/* The line where the section gives `key`, or the section's own line. */
int opt_line(const struct section *s, const char *key);

/* The value in *conf, written so that reading it gives the same bits (shortest decimal that does).
 * At most size bytes with NUL; returns the length it needs, as snprintf. Unset lists, strings and
 * shapes give "", and so do numbers outside the row's range: a default that means "not given". */
int opt_print(const struct opt *o, const void *conf, char *out, size_t size);

/* "a number between 0 and 1, default 0.5" and the like, for help and reference; as snprintf. */
int opt_describe(const struct opt *o, char *out, size_t size);

/* Appends the section as text: "[type name]\nkey = value\n...", every key of the tables whose value
 * is not empty. *text grows by mem_grow. */
struct text {
    char *s;
    size_t n, cap;
};
int text_add(struct text *t, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int opt_write(struct text *t, const char *type, const char *name, const struct opt_target *targets,
              int n_targets, struct err *e);

/* Locale-free numbers, read whole ("1e-3" yes, "1x" no, "nan" "inf" no). true if it was one. */
bool opt_parse_double(const char *s, double *v);
bool opt_parse_int(const char *s, long long *v);

#endif
