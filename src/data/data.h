/* data.h - samples: read or generated, checked, split, normalized.
 *
 * A format is one file in data/formats/ that exports one `const struct data_format format_NAME`; a
 * generator one file in data/generators/ with `const struct data_generator generator_NAME`. */
#ifndef DATA_DATA_H
#define DATA_DATA_H

#include "base/io.h"
#include "base/opt.h"
#include "base/real.h"
#include "base/shape.h"
#include "base/stream.h"

#include <stdint.h>

#define DATA_SAMPLES_MAX UINT32_C(0x7fffffff) /* in one file or part */
#define DATA_SAMPLE_MAX  (1 << 28)            /* numbers in a sample */
#define DATA_HEAD        4096                 /* bytes of a file that tell its format */

/* [data] */
struct data_conf {
    char *train, *test, *validation; /* validation: a fraction ("0.1") or a path; "" or "0" none */
    char *format;                    /* "" by name and content */
    char *generator;                 /* "" none */
    void *own;                       /* the generator's own keys; NULL: it has none */
    int samples, test_samples;       /* -1 (word "auto"): samples / 5, rounded */
    double noise;                    /* -1 (not given): the generator's own default */
    uint64_t seed;
    int target;                  /* enum data_target */
    int shape[3];                /* 0: not stated */
    int classes;                 /* 0: not stated */
    int normalize;               /* enum data_normalize */
    struct float_list mean, std; /* explicit normalization, per channel or per value */
    int limit, limit_test;       /* 0: all */
    /* tables */
    struct name_list target_columns, ignore; /* names of columns, or their numbers from 1 */
    int header;                              /* enum data_header */
    int delimiter;                           /* enum data_delimiter */
    /* arrays (idx, npy): files of labels; "" by the file's own name, where that has a pattern */
    char *labels, *test_labels, *validation_labels;
    /* images */
    int resize; /* enum image_fit (image/image.h) */
    int broken; /* enum data_broken */
    bool cache;
    /* Not keys of the section: set by who reads a further file for a net that is there. */
    bool no_target;     /* a file without targets will do: its samples get label and target NULL,
                         * classes and k 0; a table of shape's values and no more has none */
    char *const *names; /* names of the `classes` classes, whose order labels follow; NULL: the file
                         * numbers its classes itself, unless */
    bool numbered;      /* the classes' names are their numbers, 0 to classes - 1 */
    bool further;       /* see data_conf_further */
    char *const *columns; /* as in the samples of the training data: a table with a header has these
                           * columns, wherever they stand; NULL: by position */
    int n_columns;
};

enum data_target { TARGET_CLASS, TARGET_VALUE, TARGET_INPUT };
enum data_normalize {
    NORMALIZE_NONE,
    NORMALIZE_UNIT,     /* to [0, 1] by the training part's overall min and max */
    NORMALIZE_MINMAX,   /* each value to [0, 1] by its own min and max in the training part */
    NORMALIZE_STANDARD, /* each value to mean 0, deviation 1 */
    NORMALIZE_CHANNEL   /* each channel to mean 0, deviation 1 */
};

enum data_broken { BROKEN_FATAL, BROKEN_SKIP };
enum data_header { HEADER_AUTO, HEADER_YES, HEADER_NO };
enum data_delimiter {
    DELIMITER_AUTO,
    DELIMITER_COMMA,
    DELIMITER_SEMICOLON,
    DELIMITER_TAB,
    DELIMITER_SPACE
};

extern const struct opt data_opts[];

#define SAMPLES_BYTES 256 /* values of a byte */

/* What bytes become: (byte - mean) / std. */
struct samples_scale {
    int n_tables;   /* 1, or one a channel: the SAMPLES_BYTES results; 0: all mean, then all std */
    real numbers[]; /* in the order of a sample's memory (h, w, c) */
};

/* Samples as a reader or generator gives them. Owned arrays (mem.h). */
struct samples {
    size_t n;
    struct shape shape;
    int classes;    /* 0: targets are values */
    int k;          /* numbers in a target of values */
    real *x;        /* n x (h, w, c); NULL: see bytes */
    int *label;     /* n, in 0 .. classes-1; NULL without classes */
    real *target;   /* n x k; NULL with classes */
    char **names;   /* classes' names; NULL: "0", "1", ... */
    char **columns; /* names of the n_columns columns of a table: of the numbers of a sample, in c,
                     * h, w order, then of its targets; NULL: none */
    int n_columns;
    char *labels; /* the file that the labels came from; NULL: the same as the samples */
    /* Images, in the place of x: they stay as the bytes they are, a quarter of the memory, and are
     * normalized when they are read (samples_row, samples_at). */
    unsigned char *bytes;        /* n x (h, w, c) */
    struct samples_scale *scale; /* how they are normalized; NULL: they are not */
    struct {
        bool known;
        uint64_t size;
        uint32_t crc;
    } print;      /* of all files that were read, where these are not one (and `labels`) */
    char **files; /* the file of each sample, where each has its own; NULL: they have one. One
                   * block with the names behind it */
};

void samples_free(struct samples *s);

/* Allocates x and label (classes > 0) or target (k > 0) for n samples of `shape`. */
int samples_alloc(struct samples *s, size_t n, struct shape shape, int classes, int k,
                  struct err *e);

/* The same with bytes in the place of x. */
int samples_alloc_bytes(struct samples *s, size_t n, struct shape shape, int classes,
                        struct err *e);

/* The numbers of sample i (h, w, c), normalized, into out. */
void samples_row(const struct samples *s, size_t i, real *out);

/* Its numbers first .. first + n - 1 alone; both are multiples of the channels. */
void samples_part(const struct samples *s, size_t i, size_t first, size_t n, real *out);

/* Sample i's numbers where they are, or in `room` (a sample's numbers) where they are bytes. */
const real *samples_at(const struct samples *s, size_t i, real *room);

/* The shape of samples that a file gives as n numbers each: c's shape where that has n numbers,
 * else `own`. */
struct shape samples_shape(const struct data_conf *c, size_t n, struct shape own);

/* Puts samples whose x was filled in c, h, w order into the order of memory. */
int samples_reorder(struct samples *s, struct err *e);

/* A part of samples: which ones, in order. */
struct part {
    const struct samples *of; /* NULL: there is no such part */
    uint32_t *index;          /* n numbers of samples */
    uint32_t n;
};

/* Everything a run reads.
 *
 * With target = input, classes is 0 and k the size of a sample: the target is the sample itself
 * (x), and no `target` array exists. A file's labels then stay in its samples, for analysis. */
struct data {
    struct samples train_file, val_file, test_file; /* n = 0 where there is none */
    struct part train, val, test;
    struct shape shape;
    int classes, k;      /* as in samples */
    char **names;        /* classes' names, owned by train_file; may be NULL */
    real *mean, *std;    /* n_norm each: x = (x - mean) / std was applied; NULL: none */
    int n_norm;          /* 1, channels, or values (in c, h, w order) */
    struct data_source { /* for refusing a changed file on resume */
        char *path;
        uint64_t size;
        uint32_t crc;
    } source[3]; /* train, test, validation; path NULL: none or generated */
};

/* Reads [data] itself; problems go to *d. */
int data_read_conf(struct data_conf *c, const struct netfile *nf, const struct section *s,
                   struct diag *d, struct err *e);
void data_free_conf(struct data_conf *c);

/* How a further file (test, validation, one to predict) is read for a net or for data that are
 * there: *c with the shape and the classes it must have (names: see data_conf) and with labels of
 * its own ("": by the file's name). A view of the arguments: nothing to free. */
struct data_conf data_conf_further(const struct data_conf *c, struct shape shape, int classes,
                                   char *const *names, char *labels);

/* The tables of the section, with those of the generator's own keys, for opt_write. Returns how
 * many there are. */
int data_targets(struct data_conf *c, struct opt_target out[2]);

/* Whether the value of `validation` is a path and not a fraction. */
bool data_is_file(const char *validation);

/* Reads or generates all parts, splits, normalizes. ERR_DATA with file and place; ERR_NET where the
 * data does not fit what [data] states (both places named). `nf` is for messages. */
int data_load(struct data *d, const struct data_conf *c, const struct netfile *nf, struct err *e);

/* Sets d->mean, d->std, d->n_norm by the explicit lists or from the training part (a constant value
 * gets std 1), and applies them to all files of d. */
int data_normalize(struct data *d, const struct data_conf *c, struct err *e);

/* Normalizes samples of another file as d's were (a checkpoint's mean and std). Samples in bytes
 * keep them and are normalized whenever they are read, with the same result to the bit. */
int data_normalize_with(struct samples *s, const real *mean, const real *std, int n_norm,
                        struct err *e);

/* The same for n samples of `shape` (h, w, c) in memory. */
void data_normalize_rows(real *x, size_t n, struct shape shape, const real *mean, const real *std,
                         int n_norm);

/* One file by its format ("": by name and content), or several as one: "a.bin, b.bin". A missing
 * file below datasets/NAME/ is answered with the command that gets it. */
int data_read_file(struct samples *s, const char *path, const char *format,
                   const struct data_conf *c, struct err *e);

/* Size and checksum of all that samples just read from `path` came from: files are told apart by
 * them. ERR_DATA where it cannot be read again. */
int data_fingerprint(const struct samples *s, const char *path, uint64_t *size, uint32_t *crc,
                     struct err *e);

/* Makes the targets of samples just read what [data] asks for: class numbers become values where
 * target = value. ERR_NET where target = class and there are none; `giver` is the message's "PATH
 * has". */
int data_set_target(struct samples *s, const struct data_conf *c, const char *giver, struct err *e);

void data_free(struct data *d);

struct data_format {
    const char *name, *help;
    /* Whether a file looks like this format: its name (without .gz or .bz2; "": not asked), or its
     * first bytes (unpacked, n <= DATA_HEAD, a NUL behind them; n = 0: not asked). */
    bool (*detect)(const char *path, const char *head, size_t n);
    bool folders; /* read takes the path of a folder too, with an empty blob */
    /* Reads a whole unpacked file. ERR_DATA: "PATH:LINE: ..." or "PATH: ...". */
    int (*read)(struct samples *s, const char *path, const struct blob *b,
                const struct data_conf *c, struct err *e);
    /* In its place, where a file need not be in memory whole: it begins with p .. end (for
     * stream_more; NULL: nothing is read yet). */
    int (*read_stream)(struct samples *s, const char *path, struct stream *in, const char *p,
                       const char *end, const struct data_conf *c, struct err *e);
};
extern const struct data_format *const format_registry[]; /* NULL at the end */

struct data_generator {
    const char *name, *help;
    double noise;           /* its default */
    double noise_max;       /* 0: any; data_read_conf sees to it */
    const struct opt *opts; /* its own keys of [data]; NULL: none */
    size_t conf_size;       /* of what they fill: c->own */
    /* n samples of the stream (seed, part): part is "train" or "test". Sample i depends on
     * (seed, part, i) only. */
    int (*make)(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                struct err *e);
};
extern const struct data_generator *const generator_registry[]; /* NULL at the end */

/* By name; NULL where there is none. */
const struct data_format *data_find_format(const char *name);
const struct data_generator *data_find_generator(const char *name);

/* Stratified split: round(fraction * n) of the n samples of each class (of all samples where there
 * are no classes) become validation, chosen by `seed`. val and train get the indices in ascending
 * order; the caller frees them (mem_free); one that gets no sample stays empty (of = NULL). */
int data_split(const struct samples *s, double fraction, uint64_t seed, struct part *train,
               struct part *val, struct err *e);

#endif
