/* load.c - everything a run reads: parts read or generated, checked, split, normalized. */
#include "data/data.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What messages need. */
struct load {
    struct data *d;
    const struct data_conf *c;
    const struct netfile *nf;
    const struct section *s; /* [data] */
};

enum { TRAIN, TEST, VALIDATION };

/* "FILE:LINE: [data]", or "command line: [data]", for the key; out has n bytes. */
static const char *place(const struct load *l, const char *key, char *out, size_t n)
{
    int line = opt_line(l->s, key);
    if (line > 0)
        snprintf(out, n, "%s:%d: [data]", l->nf->path, line);
    else
        snprintf(out, n, "command line: [data]");
    return out;
}

/* What the samples of a part are called in messages: "digits.gz has", "generator digits gives". */
static const char *giver(const struct load *l, int which, char *out, size_t n)
{
    if (l->d->source[which].path)
        snprintf(out, n, "%s has", l->d->source[which].path);
    else
        snprintf(out, n, "generator %s gives", l->c->generator);
    return out;
}

static int read_file(struct load *l, int which, struct samples *to, const char *path,
                     const struct data_conf *c, struct err *e)
{
    if (data_read_file(to, path, c->format, c, e))
        return -1;
    struct data_source *source = &l->d->source[which];
    if (data_fingerprint(to, path, &source->size, &source->crc, e))
        return -1;
    source->path = mem_strdup(path, e);
    return source->path ? 0 : -1;
}

/* A file beside train: its classes and its shape are train's. */
static int read_further(struct load *l, int which, struct samples *to, const char *path,
                        char *labels, struct err *e)
{
    const struct samples *t = &l->d->train_file;
    struct data_conf c = data_conf_further(l->c, t->shape, t->classes, t->names, labels);
    c.columns = t->columns;
    c.n_columns = t->n_columns;
    return read_file(l, which, to, path, &c, e);
}

static int read_all(struct load *l, struct err *e)
{
    const struct data_conf *c = l->c;
    struct data *d = l->d;
    const struct data_generator *g = *c->generator ? data_find_generator(c->generator) : NULL;
    if (g) {
        if (g->make(&d->train_file, (size_t)c->samples, c, "train", e))
            return -1;
    } else if (read_file(l, TRAIN, &d->train_file, c->train, c, e)) {
        return -1;
    }
    if (c->limit > 0 && (size_t)c->limit < d->train_file.n)
        d->train_file.n = (size_t)c->limit;
    int n_test = c->test_samples < 0 ? (int)floor(c->samples / 5.0 + 0.5) : c->test_samples;
    if (*c->test) {
        if (read_further(l, TEST, &d->test_file, c->test, c->test_labels, e))
            return -1;
    } else if (g && n_test > 0) {
        if (g->make(&d->test_file, (size_t)n_test, c, "test", e))
            return -1;
    }
    if (c->limit_test > 0 && (size_t)c->limit_test < d->test_file.n)
        d->test_file.n = (size_t)c->limit_test;
    if (data_is_file(c->validation))
        return read_further(l, VALIDATION, &d->val_file, c->validation, c->validation_labels, e);
    return 0;
}

int data_set_target(struct samples *s, const struct data_conf *c, const char *giver, struct err *e)
{
    if (c->target == TARGET_INPUT || (c->target == TARGET_CLASS) == (s->classes > 0))
        return 0;
    if (c->target == TARGET_CLASS)
        return err_set(e, ERR_NET, "[data] target = class, but %s values", giver);
    s->target = mem_alloc(s->n, sizeof *s->target, e);
    if (!s->target)
        return -1;
    for (size_t i = 0; i < s->n; i++)
        s->target[i] = (real)s->label[i];
    struct samples labels = {.label = s->label, .names = s->names, .classes = s->classes};
    samples_free(&labels);
    s->label = NULL;
    s->names = NULL;
    s->classes = 0;
    s->k = 1;
    return 0;
}

static int set_target(const struct load *l, int which, struct samples *s, struct err *e)
{
    char who[600];
    int line = opt_line(l->s, "target");
    if (data_set_target(s, l->c, giver(l, which, who, sizeof who), e) == 0)
        return 0;
    if (e->kind == ERR_NET && line > 0)
        return err_prefix(e, "%s:%d", l->nf->path, line);
    return -1;
}

/* The name of class i; out has 16 bytes for a number. */
static const char *class_name(const struct samples *s, int i, char *out)
{
    snprintf(out, 16, "%d", i);
    return s->names ? s->names[i] : out;
}

/* Test and validation must be of the kind of train. */
static int check_alike(const struct load *l, int which, const struct samples *s, struct err *e)
{
    char who[600], ref[600], a[SHAPE_TEXT], b[SHAPE_TEXT];
    const struct samples *t = &l->d->train_file;
    giver(l, which, who, sizeof who);
    giver(l, TRAIN, ref, sizeof ref);
    if (!shape_equal(s->shape, t->shape))
        return err_set(e, ERR_DATA, "%s %s, but %s %s", who, shape_text(s->shape, a), ref,
                       shape_text(t->shape, b));
    if (l->c->target == TARGET_INPUT)
        return 0;
    if (s->classes != t->classes)
        return err_set(e, ERR_DATA, "%s %d classes, but %s %d", who, s->classes, ref, t->classes);
    if (s->k != t->k)
        return err_set(e, ERR_DATA, "%s %d values to learn, but %s %d", who, s->k, ref, t->k);
    for (int i = 0; i < s->classes; i++) {
        char x[16], y[16];
        const char *name = class_name(s, i, x), *known = class_name(t, i, y);
        if (strcmp(name, known) != 0)
            return err_set(e, ERR_DATA, "%s a class '%s' where %s '%s'", who, name, ref, known);
    }
    return 0;
}

/* What [data] states must be what the data has. */
static int check_stated(const struct load *l, struct err *e)
{
    const struct data_conf *c = l->c;
    const struct samples *t = &l->d->train_file;
    struct shape stated = {c->shape[0], c->shape[1], c->shape[2]};
    char where[600], who[600], a[SHAPE_TEXT], b[SHAPE_TEXT];
    giver(l, TRAIN, who, sizeof who);
    if (stated.c > 0 && !shape_equal(stated, t->shape))
        return err_set(e, ERR_NET, "%s shape = %s, but %s %s",
                       place(l, "shape", where, sizeof where), shape_text(stated, a), who,
                       shape_text(t->shape, b));
    if (t->classes == 1 && c->target == TARGET_CLASS)
        return err_set(e, ERR_DATA, "%s only one class, '%s': there is nothing to tell apart", who,
                       class_name(t, 0, a));
    if (c->classes > 0 && c->classes != t->classes)
        return err_set(e, ERR_NET, "%s classes = %d, but %s %d",
                       place(l, "classes", where, sizeof where), c->classes, who, t->classes);
    const char *key = c->mean.n ? "mean" : "std";
    int n = c->mean.n ? c->mean.n : c->std.n;
    size_t size = shape_size(t->shape);
    if (n <= 1 || n == t->shape.c || (size_t)n == size)
        return 0;
    char channels[32] = "";
    if (t->shape.c > 1 && (size_t)t->shape.c < size)
        snprintf(channels, sizeof channels, ", %d (channels)", t->shape.c);
    return err_set(e, ERR_NET, "%s %s has %d numbers, but %s %s: must be 1%s or %zu",
                   place(l, key, where, sizeof where), key, n, who, shape_text(t->shape, a),
                   channels, size);
}

/* A part that is a whole file, or nothing. */
static int whole(struct part *p, const struct samples *s, struct err *e)
{
    if (s->n == 0)
        return 0;
    p->index = mem_alloc(s->n, sizeof *p->index, e);
    if (!p->index)
        return -1;
    p->of = s;
    p->n = (uint32_t)s->n;
    for (uint32_t i = 0; i < p->n; i++)
        p->index[i] = i;
    return 0;
}

static int make_parts(const struct load *l, struct err *e)
{
    struct data *d = l->d;
    double fraction = 0;
    char where[600];
    if (whole(&d->test, &d->test_file, e) || whole(&d->val, &d->val_file, e))
        return -1;
    if (!opt_parse_double(l->c->validation, &fraction) || fraction == 0)
        return whole(&d->train, &d->train_file, e);
    if (data_split(&d->train_file, fraction, l->c->seed, &d->train, &d->val, e))
        return -1;
    if (d->train.n == 0 || d->val.n == 0)
        return err_set(e, ERR_NET, "%s validation = %s of %zu samples leaves none to %s",
                       place(l, "validation", where, sizeof where), l->c->validation,
                       d->train_file.n, d->train.n == 0 ? "train on" : "validate on");
    return 0;
}

int data_load(struct data *d, const struct data_conf *c, const struct netfile *nf, struct err *e)
{
    struct load l = {d, c, nf, netfile_section(nf, "data")};
    struct samples *file[] = {&d->train_file, &d->test_file, &d->val_file};
    memset(d, 0, sizeof *d);
    if (read_all(&l, e))
        goto fail;
    for (int i = TRAIN; i <= VALIDATION; i++) {
        if (file[i]->n > 0 && set_target(&l, i, file[i], e))
            goto fail;
    }
    if (check_stated(&l, e))
        goto fail;
    for (int i = TEST; i <= VALIDATION; i++) {
        if (file[i]->n > 0 && check_alike(&l, i, file[i], e))
            goto fail;
    }
    d->shape = d->train_file.shape;
    d->classes = c->target == TARGET_INPUT ? 0 : d->train_file.classes;
    d->k = c->target == TARGET_INPUT ? (int)shape_size(d->shape) : d->train_file.k;
    d->names = d->train_file.names;
    if (make_parts(&l, e) || data_normalize(d, c, e))
        goto fail;
    return 0;
fail:
    data_free(d);
    return -1;
}

void data_free(struct data *d)
{
    struct part *part[] = {&d->train, &d->val, &d->test};
    for (int i = 0; i < 3; i++) {
        mem_free(part[i]->index);
        mem_free(d->source[i].path);
    }
    samples_free(&d->train_file);
    samples_free(&d->val_file);
    samples_free(&d->test_file);
    mem_free(d->mean);
    mem_free(d->std);
    memset(d, 0, sizeof *d);
}
