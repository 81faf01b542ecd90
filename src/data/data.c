/* data.c - the section [data]. */
#include "data/data.h"

#include "base/mem.h"

#include <string.h>

#define OFFSET(field) offsetof(struct data_conf, field)
#define BIG           1e9 /* more than any machine's samples */

static const char *const auto_words[] = {"auto", NULL};
static const char *const target_words[] = {"class", "value", "input", NULL};
static const char *const resize_words[] = {"crop", "stretch", NULL};
static const char *const broken_words[] = {"fatal", "skip", NULL};
static const char *const header_words[] = {"auto", "yes", "no", NULL};
static const char *const delimiter_words[] = {"auto", "comma", "semicolon", "tab", "space", NULL};
static const char *const normalize_words[] = {"none",     "unit",    "minmax",
                                              "standard", "channel", NULL};

const struct opt data_opts[] = {
    {.name = "train",
     .type = OPT_STRING,
     .offset = OFFSET(train),
     .help = "file of training samples, or several: a.bin, b.bin"},
    {.name = "test", .type = OPT_STRING, .offset = OFFSET(test), .help = "file of test samples"},
    {.name = "validation",
     .type = OPT_STRING,
     .offset = OFFSET(validation),
     .def = "0",
     .help = "part of the training samples kept for validation (below 1), or a file"},
    {.name = "format",
     .type = OPT_STRING,
     .offset = OFFSET(format),
     .help = "format of the files; not given: by name and content"},
    {.name = "generator",
     .type = OPT_STRING,
     .offset = OFFSET(generator),
     .help = "makes the samples, in the place of a file"},
    {.name = "samples",
     .type = OPT_INT,
     .offset = OFFSET(samples),
     .def = "1000",
     .min = 1,
     .max = BIG,
     .help = "generator: number of training samples"},
    {.name = "test_samples",
     .type = OPT_INT,
     .offset = OFFSET(test_samples),
     .def = "auto",
     .min = 0,
     .max = BIG,
     .words = auto_words,
     .help = "generator: number of test samples; auto: a fifth of samples"},
    {.name = "noise",
     .type = OPT_FLOAT,
     .offset = OFFSET(noise),
     .def = "-1",
     .min = -1,
     .max = 1e6,
     .help = "generator: strength of its noise; -1: the generator's own"},
    {.name = "seed",
     .type = OPT_SIZE,
     .offset = OFFSET(seed),
     .def = "1",
     .help = "names the random numbers of generator and validation split"},
    {.name = "target",
     .type = OPT_WORD,
     .offset = OFFSET(target),
     .def = "class",
     .words = target_words,
     .help = "what is to be learnt: the class, a value, or the input itself (auto-encoder)"},
    {.name = "shape",
     .type = OPT_SHAPE,
     .offset = OFFSET(shape),
     .min = 1,
     .max = 1 << 20,
     .help = "shape of a sample: 256, 16x100 (channels x width) or 3x32x32; checked against the "
             "data"},
    {.name = "classes",
     .type = OPT_INT,
     .offset = OFFSET(classes),
     .def = "0",
     .min = 0,
     .max = 1 << 20,
     .help = "number of classes, checked against the data; 0: as the data says"},
    {.name = "normalize",
     .type = OPT_WORD,
     .offset = OFFSET(normalize),
     .def = "none",
     .words = normalize_words,
     .help = "by the training part: unit: all to [0, 1]; minmax: each value to [0, 1]; standard, "
             "channel: each value, channel to mean 0 and deviation 1"},
    {.name = "mean",
     .type = OPT_FLOATS,
     .offset = OFFSET(mean),
     .min = -1e9,
     .max = 1e9,
     .help = "is subtracted: one number, one per channel, or one per value"},
    {.name = "std",
     .type = OPT_FLOATS,
     .offset = OFFSET(std),
     .min = 1e-9,
     .max = 1e9,
     .help = "divides after mean: as many numbers as mean"},
    {.name = "limit",
     .type = OPT_INT,
     .offset = OFFSET(limit),
     .def = "0",
     .min = 0,
     .max = BIG,
     .help = "only so many samples of train, the first ones; 0: all"},
    {.name = "limit_test",
     .type = OPT_INT,
     .offset = OFFSET(limit_test),
     .def = "0",
     .min = 0,
     .max = BIG,
     .help = "only so many samples of test, the first ones; 0: all"},
    {.name = "target_columns",
     .type = OPT_NAMES,
     .offset = OFFSET(target_columns),
     .help = "csv: columns to learn, by name or number from 1; several are values; not given: the "
             "last one"},
    {.name = "ignore",
     .type = OPT_NAMES,
     .offset = OFFSET(ignore),
     .help = "csv: columns left out, by name or number from 1"},
    {.name = "header",
     .type = OPT_WORD,
     .offset = OFFSET(header),
     .def = "auto",
     .words = header_words,
     .help = "csv: whether the first line names the columns; auto: if nothing in it is a number"},
    {.name = "delimiter",
     .type = OPT_WORD,
     .offset = OFFSET(delimiter),
     .def = "auto",
     .words = delimiter_words,
     .help = "csv: what stands between the columns; auto: as the first lines look"},
    {.name = "labels",
     .type = OPT_STRING,
     .offset = OFFSET(labels),
     .help = "idx, npy: file with the labels of train; not given: train-images-idx3-ubyte has "
             "train-labels-idx1-ubyte"},
    {.name = "test_labels",
     .type = OPT_STRING,
     .offset = OFFSET(test_labels),
     .help = "idx, npy: file with the labels of test"},
    {.name = "validation_labels",
     .type = OPT_STRING,
     .offset = OFFSET(validation_labels),
     .help = "idx, npy: file with the labels of validation"},
    {.name = "resize",
     .type = OPT_WORD,
     .offset = OFFSET(resize),
     .def = "crop",
     .words = resize_words,
     .help = "images: how they get to shape; crop: scaled until they cover it, and the middle "
             "taken; stretch: as wide and as high as it is"},
    {.name = "broken",
     .type = OPT_WORD,
     .offset = OFFSET(broken),
     .def = "fatal",
     .words = broken_words,
     .help = "images: what a damaged one is; fatal: an error; skip: named and left out"},
    {.name = "cache",
     .type = OPT_BOOL,
     .offset = OFFSET(cache),
     .def = "yes",
     .help = "images: keep them as they were decoded, for the next start, in "
             "$XDG_CACHE_HOME/diynn or ~/.cache/diynn"},
    OPT_END};

/* One problem of the section: "FILE:LINE: [data] ..." at the line of `key`. */
#define PROBLEM(key, ...) diag_add(d, nf->path, opt_line(s, key), "[data] " __VA_ARGS__)

/* A name that is not in the list, with the nearest one of it. */
static void unknown_name(const char *key, const char *value, const char *const *names,
                         const struct netfile *nf, const struct section *s, struct diag *d)
{
    const char *near = netfile_nearest(value, names);
    if (near)
        PROBLEM(key, "%s = %s: unknown; did you mean '%s'?", key, value, near);
    else
        PROBLEM(key, "%s = %s: unknown", key, value);
}

static void check_names(const struct data_conf *c, const struct netfile *nf,
                        const struct section *s, struct diag *d)
{
    const char *names[64] = {NULL};
    if (*c->generator && !data_find_generator(c->generator)) {
        for (int i = 0; i < 63 && generator_registry[i]; i++)
            names[i] = generator_registry[i]->name;
        unknown_name("generator", c->generator, names, nf, s, d);
    }
    if (*c->format && !data_find_format(c->format)) {
        memset(names, 0, sizeof names);
        for (int i = 0; i < 63 && format_registry[i]; i++)
            names[i] = format_registry[i]->name;
        unknown_name("format", c->format, names, nf, s, d);
    }
}

/* Files of labels belong to files of samples. */
static void check_labels(const struct data_conf *c, const struct netfile *nf,
                         const struct section *s, struct diag *d)
{
    if (*c->labels && !*c->train)
        PROBLEM("labels", "labels = %s: there is no train = FILE", c->labels);
    if (*c->test_labels && !*c->test)
        PROBLEM("test_labels", "test_labels = %s: there is no test = FILE", c->test_labels);
    if (*c->validation_labels && !data_is_file(c->validation))
        PROBLEM("validation_labels", "validation_labels = %s: there is no validation = FILE",
                c->validation_labels);
}

/* Where the samples come from: a file or a generator, and what belongs to which. Values, not their
 * being given, are compared: a resolved file gives every key. */
static void check_source(const struct data_conf *c, const struct netfile *nf,
                         const struct section *s, struct diag *d)
{
    if (*c->generator && *c->train)
        PROBLEM("generator", "generator = %s: train = %s is given too; only one of them can be",
                c->generator, c->train);
    else if (!*c->generator && !*c->train && s->n_bad == 0)
        PROBLEM("", "needs train = FILE or generator = NAME");
    if (c->noise < 0 && c->noise != -1)
        PROBLEM("noise", "noise = %g: must be 0 or more, or -1 for the generator's own", c->noise);
    const struct data_generator *g = data_find_generator(c->generator);
    if (g && g->noise_max > 0 && c->noise > g->noise_max)
        PROBLEM("noise", "noise = %g: generator %s takes at most %g", c->noise, g->name,
                g->noise_max);
    if (*c->generator) {
        if (*c->test && c->test_samples > 0)
            PROBLEM("test_samples",
                    "test_samples = %d: test = %s is given too; only one of them "
                    "can be",
                    c->test_samples, c->test);
        if (*c->format && !*c->test && !data_is_file(c->validation))
            PROBLEM("format", "format = %s: there is no file", c->format);
        if (c->limit > 0)
            PROBLEM("limit", "limit = %d: is for a file; a generator has samples", c->limit);
        return;
    }
    if (c->samples != 1000)
        PROBLEM("samples", "samples = %d: is for a generator; a file has limit", c->samples);
    if (c->test_samples > 0)
        PROBLEM("test_samples", "test_samples = %d: is for a generator; a file has limit_test",
                c->test_samples);
    if (c->noise != -1)
        PROBLEM("noise", "noise = %g: is for a generator", c->noise);
}

static void check_values(const struct data_conf *c, const struct netfile *nf,
                         const struct section *s, struct diag *d)
{
    double fraction;
    if (opt_parse_double(c->validation, &fraction) && !(fraction >= 0 && fraction < 1))
        PROBLEM("validation", "validation = %s: must be at least 0 and below 1, or a file",
                c->validation);
    if (c->classes == 1)
        PROBLEM("classes", "classes = 1: must be at least 2");
    if (c->classes > 0 && c->target == TARGET_VALUE)
        PROBLEM("classes", "classes = %d: target = value has no classes", c->classes);
    if (c->limit_test > 0 && !*c->test)
        PROBLEM("limit_test", "limit_test = %d: there is no test = FILE", c->limit_test);
    const char *list = c->mean.n ? "mean" : "std";
    if ((c->mean.n || c->std.n) && c->normalize != NORMALIZE_NONE)
        PROBLEM(list, "%s: normalize = %s is given too; only one of them can be", list,
                normalize_words[c->normalize]);
    if (c->mean.n && c->std.n && c->mean.n != c->std.n)
        PROBLEM("std", "std has %d numbers, but mean has %d", c->std.n, c->mean.n);
    for (int i = 0; i < c->std.n; i++) {
        if (c->std.v[i] > 0 && (real)c->std.v[i] == 0)
            PROBLEM("std", "std: number %d is too small", i + 1);
    }
}

struct data_conf data_conf_further(const struct data_conf *c, struct shape shape, int classes,
                                   char *const *names, char *labels)
{
    struct data_conf f = *c;
    f.shape[0] = shape.c;
    f.shape[1] = shape.h;
    f.shape[2] = shape.w;
    f.classes = classes;
    f.names = names;
    f.numbered = classes > 0 && !names;
    f.further = true;
    f.labels = labels;
    return f;
}

bool data_is_file(const char *validation)
{
    double fraction;
    return *validation && !opt_parse_double(validation, &fraction);
}

static const struct opt *own_opts(const struct data_conf *c)
{
    const struct data_generator *g = c->own ? data_find_generator(c->generator) : NULL;
    return g ? g->opts : NULL;
}

int data_targets(struct data_conf *c, struct opt_target out[2])
{
    out[0] = (struct opt_target){data_opts, c};
    out[1] = (struct opt_target){own_opts(c), c->own};
    return out[1].table ? 2 : 1;
}

/* The generator that the section names, read ahead of the rest: its keys belong to the section. */
static const char *named_generator(const struct section *s)
{
    for (int i = 0; s && i < s->n_entries; i++)
        if (strcmp(s->entries[i].key, "generator") == 0)
            return s->entries[i].value;
    return "";
}

/* Fills *c, with the keys of its generator. */
static int read_keys(struct data_conf *c, const struct netfile *nf, const struct section *s,
                     struct diag *d, struct err *e)
{
    struct opt_target targets[2] = {{data_opts, c}};
    const char *name = named_generator(s);
    const struct data_generator *g = data_find_generator(name);
    void *own = NULL;
    if (g && g->opts) {
        own = mem_alloc(1, g->conf_size, e);
        if (!own)
            return -1;
        targets[1] = (struct opt_target){g->opts, own};
    }
    int rc = opt_read(nf, s, targets, own ? 2 : 1, d, e);
    /* given twice, another one may be in *c; it fits no keys then, and the file is refused */
    if (own && strcmp(c->generator ? c->generator : "", name) == 0)
        c->own = own;
    else if (own) {
        opt_free(g->opts, own);
        mem_free(own);
    }
    return rc;
}

int data_read_conf(struct data_conf *c, const struct netfile *nf, const struct section *s,
                   struct diag *d, struct err *e)
{
    int before = d->total;
    memset(c, 0, sizeof *c);
    if (read_keys(c, nf, s, d, e))
        return -1;
    if (!s) {
        if (nf->n_lost == 0) /* otherwise a header that cannot be read may be it */
            diag_add(d, nf->path, -1, "there is no section [data]");
        return 0;
    }
    check_names(c, nf, s, d);
    if (d->total > before) /* values that were not read would be reported a second time */
        return 0;
    check_source(c, nf, s, d);
    check_labels(c, nf, s, d);
    check_values(c, nf, s, d);
    return 0;
}

void data_free_conf(struct data_conf *c)
{
    const struct opt *own = own_opts(c);
    if (own)
        opt_free(own, c->own);
    mem_free(c->own);
    c->own = NULL;
    opt_free(data_opts, c);
}
