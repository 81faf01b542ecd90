/* normalize.c - shifting and scaling of values by statistics of the training part.
 *
 * Sums are in double and in the order of the samples, so the statistics have the same bits
 * everywhere. What is applied is x = (x - mean) / std in `real`, so that a checkpoint's mean and
 * std give the same values again. */
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

void data_normalize_with(struct samples *s, const real *mean, const real *std, int n_norm)
{
    int channels = s->shape.c, hw = s->shape.h * s->shape.w;
    real *x = s->x;
    for (size_t i = 0; i < s->n; i++) {
        for (int p = 0; p < hw; p++) {
            for (int c = 0; c < channels; c++, x++) {
                int g = group(n_norm, channels, hw, p, c);
                *x = (*x - mean[g]) / std[g];
            }
        }
    }
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

/* Runs fn over the samples of a part, in order. */
static void each(const struct part *p, struct groups *q, void (*fn)(struct groups *, const real *))
{
    size_t size = shape_size(p->of->shape);
    for (uint32_t i = 0; i < p->n; i++)
        fn(q, p->of->x + p->index[i] * size);
}

/* Mean and deviation (of the population) of each group. */
static void moments(const struct part *p, struct groups *q)
{
    double count = (double)p->n * (double)q->c * (double)q->hw / q->n;
    each(p, q, add_sum);
    for (int g = 0; g < q->n; g++)
        q->mean[g] /= count;
    each(p, q, add_square);
    for (int g = 0; g < q->n; g++)
        q->std[g] = sqrt(q->std[g] / count);
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
    each(&d->train, &q, add_range);
    if (how == NORMALIZE_STANDARD || how == NORMALIZE_CHANNEL)
        moments(&d->train, &q);
    int rc = 0;
    for (int g = 0; g < q.n; g++) {
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
    data_normalize_with(&d->train_file, d->mean, d->std, d->n_norm);
    data_normalize_with(&d->val_file, d->mean, d->std, d->n_norm);
    data_normalize_with(&d->test_file, d->mean, d->std, d->n_norm);
    return 0;
}
