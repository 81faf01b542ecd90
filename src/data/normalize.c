/* normalize.c - shifting and scaling of values by statistics of the training part.
 *
 * Sums are in double and in the order of the samples (of bytes: of their values), so the statistics
 * have the same bits everywhere. What is applied is x = (x - mean) / std in `real`, so that a
 * checkpoint's mean and std give the same values again. */
#include "data/data.h"

#include "base/mem.h"

#include <math.h>

/* A group is what shares one mean and one std: all values, a channel, or one value. */
struct groups {
    int n, c, hw;
    double *least, *most, *mean, *std;
};

/* The group of channel c at a pixel. Samples are h, w, c in memory; statistics are in c, h, w
 * order. */
static inline int group(int n_norm, int channels, int hw, int pixel, int c)
{
    return n_norm == 1 ? 0 : n_norm == channels ? c : c * hw + pixel;
}

void data_normalize_rows(real *x, size_t n, struct shape shape, const real *mean, const real *std,
                         int n_norm)
{
    int channels = shape.c, hw = shape.h * shape.w;
    for (size_t i = 0; i < n; i++) {
        for (int p = 0; p < hw; p++) {
            for (int c = 0; c < channels; c++, x++) {
                int g = group(n_norm, channels, hw, p, c);
                *x = (*x - mean[g]) / std[g];
            }
        }
    }
}

/* What samples_row needs to do the same with bytes. */
static struct samples_scale *make_scale(struct shape shape, const real *mean, const real *std,
                                        int n_norm, struct err *e)
{
    size_t size = shape_size(shape), c = (size_t)shape.c, hw = size / c;
    bool tables = n_norm == 1 || n_norm == shape.c;
    size_t n = tables ? (size_t)n_norm * SAMPLES_BYTES : 2 * size;
    struct samples_scale *q = mem_alloc(1, sizeof *q + n * sizeof *q->numbers, e);
    if (!q)
        return NULL;
    q->n_tables = tables ? n_norm : 0;
    for (size_t i = 0; tables && i < n; i++) {
        size_t g = i / SAMPLES_BYTES;
        q->numbers[i] = ((real)(i % SAMPLES_BYTES) - mean[g]) / std[g];
    }
    for (size_t i = 0; !tables && i < size; i++) {
        size_t g = i % c * hw + i / c;
        q->numbers[i] = mean[g];
        q->numbers[size + i] = std[g];
    }
    return q;
}

int data_normalize_with(struct samples *s, const real *mean, const real *std, int n_norm,
                        struct err *e)
{
    if (s->x)
        data_normalize_rows(s->x, s->n, s->shape, mean, std, n_norm);
    else if (s->bytes)
        return (s->scale = make_scale(s->shape, mean, std, n_norm, e)) ? 0 : -1;
    return 0;
}

static void add_range(struct groups *q, const real *x)
{
    for (int p = 0; p < q->hw; p++) {
        for (int c = 0; c < q->c; c++, x++) {
            int g = group(q->n, q->c, q->hw, p, c);
            double v = (double)*x;
            q->least[g] = v < q->least[g] ? v : q->least[g];
            q->most[g] = v > q->most[g] ? v : q->most[g];
        }
    }
}

static void add_sum(struct groups *q, const real *x)
{
    for (int p = 0; p < q->hw; p++) {
        for (int c = 0; c < q->c; c++, x++)
            q->mean[group(q->n, q->c, q->hw, p, c)] += (double)*x;
    }
}

static void add_square(struct groups *q, const real *x)
{
    for (int p = 0; p < q->hw; p++) {
        for (int c = 0; c < q->c; c++, x++) {
            int g = group(q->n, q->c, q->hw, p, c);
            double d = (double)*x - q->mean[g];
            q->std[g] += d * d;
        }
    }
}

/* Runs fn over the samples of a part, in order; room: for a sample's numbers. */
static void each(const struct part *p, struct groups *q, real *room,
                 void (*fn)(struct groups *, const real *))
{
    for (uint32_t i = 0; i < p->n; i++)
        fn(q, samples_at(p->of, p->index[i], room));
}

static double group_size(const struct part *p, const struct groups *q)
{
    return (double)p->n * (double)q->c * (double)q->hw / q->n;
}

/* Least, most, and with `moments` mean and deviation (of the population) of each group. */
static int measure_rows(const struct part *p, struct groups *q, bool moments, struct err *e)
{
    double count = group_size(p, q);
    real *room = mem_alloc((size_t)q->c * (size_t)q->hw, sizeof *room, e);
    if (!room)
        return -1;
    each(p, q, room, add_range);
    if (moments) {
        each(p, q, room, add_sum);
        for (int g = 0; g < q->n; g++)
            q->mean[g] /= count;
        each(p, q, room, add_square);
        for (int g = 0; g < q->n; g++)
            q->std[g] = sqrt(q->std[g] / count);
    }
    mem_free(room);
    return 0;
}

/* The same for bytes with one group, or one a channel: how often each value occurs tells all. */
static int measure_bytes(const struct part *p, struct groups *q, bool moments, struct err *e)
{
    size_t size = (size_t)q->c * (size_t)q->hw, step = (size_t)q->n;
    uint64_t *times = mem_alloc(step * SAMPLES_BYTES, sizeof *times, e);
    double count = group_size(p, q);
    if (!times)
        return -1;
    for (uint32_t i = 0; i < p->n; i++) {
        const unsigned char *b = p->of->bytes + p->index[i] * size;
        for (size_t j = 0; j < size; j += step)
            for (size_t g = 0; g < step; g++)
                times[g * SAMPLES_BYTES + b[j + g]]++;
    }
    for (int g = 0; g < q->n; g++) {
        const uint64_t *t = times + (size_t)g * SAMPLES_BYTES;
        for (int v = 0; v < SAMPLES_BYTES; v++) {
            if (t[v] == 0)
                continue;
            q->least[g] = v < q->least[g] ? v : q->least[g];
            q->most[g] = v;
            q->mean[g] += (double)t[v] * v;
        }
        q->mean[g] /= count;
        for (int v = 0; moments && v < SAMPLES_BYTES; v++)
            q->std[g] += (double)t[v] * ((v - q->mean[g]) * (v - q->mean[g]));
        q->std[g] = sqrt(q->std[g] / count);
    }
    mem_free(times);
    return 0;
}

static int allocate(struct data *d, int n_norm, struct err *e)
{
    d->mean = mem_alloc((size_t)n_norm, sizeof *d->mean, e);
    if (!d->mean)
        return -1;
    d->std = mem_alloc((size_t)n_norm, sizeof *d->std, e);
    if (!d->std)
        return -1;
    d->n_norm = n_norm;
    return 0;
}

/* The statistics that the word `how` asks for, in d->mean and d->std. */
static int measure(struct data *d, enum data_normalize how, struct err *e)
{
    struct groups q = {.c = d->shape.c, .hw = d->shape.h * d->shape.w};
    q.n = how == NORMALIZE_UNIT ? 1 : how == NORMALIZE_CHANNEL ? q.c : q.c * q.hw;
    double *room = mem_alloc(mem_mul(4, (size_t)q.n), sizeof *room, e);
    if (!room || allocate(d, q.n, e)) {
        mem_free(room);
        return -1;
    }
    q.least = room;
    q.most = room + q.n;
    q.mean = room + 2 * (size_t)q.n;
    q.std = room + 3 * (size_t)q.n;
    for (int g = 0; g < q.n; g++) {
        q.least[g] = HUGE_VAL;
        q.most[g] = -HUGE_VAL;
    }
    bool moments = how == NORMALIZE_STANDARD || how == NORMALIZE_CHANNEL;
    bool tables = d->train_file.bytes && (q.n == 1 || q.n == q.c);
    int rc = (tables ? measure_bytes : measure_rows)(&d->train, &q, moments, e);
    for (int g = 0; rc == 0 && g < q.n; g++) {
        bool by_range = how == NORMALIZE_UNIT || how == NORMALIZE_MINMAX;
        bool constant = q.least[g] == q.most[g];
        d->mean[g] = (real)(by_range || constant ? q.least[g] : q.mean[g]);
        d->std[g] = (real)(by_range ? q.most[g] - q.least[g] : q.std[g]);
        if (constant || d->std[g] == 0)
            d->std[g] = 1;
        if (!isfinite(d->mean[g]) || !isfinite(d->std[g]))
            rc = err_set(e, ERR_DATA, "the values are too large to be normalized: from %g to %g",
                         q.least[g], q.most[g]);
    }
    mem_free(room);
    return rc;
}

int data_normalize(struct data *d, const struct data_conf *c, struct err *e)
{
    int n = c->mean.n > c->std.n ? c->mean.n : c->std.n;
    if (n > 0) {
        if (allocate(d, n, e))
            return -1;
        for (int g = 0; g < n; g++) {
            d->mean[g] = c->mean.n ? (real)c->mean.v[g] : 0;
            d->std[g] = c->std.n ? (real)c->std.v[g] : 1;
        }
    } else if (c->normalize == NORMALIZE_NONE) {
        return 0;
    } else if (measure(d, (enum data_normalize)c->normalize, e)) {
        return -1;
    }
    struct samples *file[] = {&d->train_file, &d->val_file, &d->test_file};
    for (int i = 0; i < 3; i++)
        if (data_normalize_with(file[i], d->mean, d->std, d->n_norm, e))
            return -1;
    return 0;
}
