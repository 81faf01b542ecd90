/* inspect.c - looks at every value, and finds equal samples by hashing. */
#include "data/inspect.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

static const real *sample(const struct part *p, uint32_t i)
{
    return p->of->x + p->index[i] * shape_size(p->of->shape);
}

/* ---- ranges and counts ---- */

static void values(struct inspect_part *q)
{
    size_t size = shape_size(q->part->of->shape);
    double sum = 0, squares = 0, n = 0;
    q->min = (double)INFINITY;
    q->max = -(double)INFINITY;
    for (uint32_t i = 0; i < q->part->n; i++)
        for (size_t j = 0; j < size; j++) {
            double v = (double)sample(q->part, i)[j];
            if (!isfinite(v)) {
                q->not_finite++;
                continue;
            }
            n++;
            sum += v;
            q->min = v < q->min ? v : q->min;
            q->max = v > q->max ? v : q->max;
        }
    q->mean = sum / n; /* NaN where there is no value */
    for (uint32_t i = 0; i < q->part->n; i++)
        for (size_t j = 0; j < size; j++) {
            double v = (double)sample(q->part, i)[j];
            if (isfinite(v))
                squares += (v - q->mean) * (v - q->mean);
        }
    q->deviation = sqrt(squares / n);
    if (n == 0)
        q->min = q->max = (double)NAN;
}

static int targets(struct inspect_part *q, int classes, struct err *e)
{
    const struct samples *s = q->part->of;
    q->target_min = (double)INFINITY;
    q->target_max = -(double)INFINITY;
    if (s->label && classes > 0) {
        q->count = mem_alloc((size_t)classes, sizeof *q->count, e);
        if (!q->count)
            return -1;
        for (uint32_t i = 0; i < q->part->n; i++)
            q->count[s->label[q->part->index[i]]]++;
    }
    for (uint32_t i = 0; s->target && i < q->part->n; i++)
        for (int j = 0; j < s->k; j++) {
            double v = (double)s->target[(size_t)q->part->index[i] * (size_t)s->k + (size_t)j];
            q->target_min = v < q->target_min ? v : q->target_min;
            q->target_max = v > q->target_max ? v : q->target_max;
        }
    return 0;
}

/* ---- values that never change ---- */

static int constants(struct inspect *q, struct err *e)
{
    const struct part *p = q->part[0].part;
    struct shape s = p->of->shape;
    size_t c = (size_t)s.c, hw = (size_t)s.h * (size_t)s.w;
    q->constant = mem_alloc(c * hw, sizeof *q->constant, e);
    if (!q->constant)
        return -1;
    for (size_t j = 0; j < c * hw; j++) {
        size_t at = j % hw * c + j / hw;
        uint32_t i = 1;
        while (i < p->n && sample(p, i)[at] == sample(p, 0)[at])
            i++;
        if (i >= p->n && p->n > 1)
            q->constant[q->n_constant++] = (uint32_t)j;
    }
    return 0;
}

/* ---- equal samples ---- */

/* The different samples of a part, by open addressing. */
struct table {
    const struct part *part;
    uint32_t *slot; /* number in the part, plus 1; 0: free */
    size_t mask;
    size_t bytes; /* of a sample */
};

static uint64_t hash(const void *p, size_t bytes)
{
    const unsigned char *b = p;
    uint64_t h = bytes;
    for (size_t i = 0; i + sizeof(uint32_t) <= bytes; i += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, b + i, sizeof word);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return h;
}

/* The slot where x stands, or where it would. */
static uint32_t *find(const struct table *t, const real *x)
{
    size_t i = hash(x, t->bytes) & t->mask;
    while (t->slot[i] && memcmp(sample(t->part, t->slot[i] - 1), x, t->bytes) != 0)
        i = (i + 1) & t->mask;
    return &t->slot[i];
}

static bool same_target(const struct samples *s, uint32_t a, uint32_t b)
{
    size_t k = (size_t)s->k;
    if (s->label)
        return s->label[a] == s->label[b];
    return !s->target || memcmp(s->target + a * k, s->target + b * k, k * sizeof(real)) == 0;
}

/* Fills the table of a part and counts what it holds twice. */
static int enter(struct table *t, struct inspect_part *q, struct err *e)
{
    const struct part *p = q->part;
    size_t size = 16;
    while (size < 2 * (size_t)p->n)
        size *= 2;
    t->part = p;
    t->mask = size - 1;
    t->bytes = shape_size(p->of->shape) * sizeof(real);
    t->slot = mem_alloc(size, sizeof *t->slot, e);
    if (!t->slot)
        return -1;
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t *slot = find(t, sample(p, i));
        if (*slot) {
            q->repeated++;
            q->contradicting += !same_target(p->of, p->index[*slot - 1], p->index[i]);
        } else {
            *slot = i + 1;
        }
    }
    return 0;
}

static int duplicates(struct inspect *q, struct err *e)
{
    for (int i = 0; i < q->n; i++) {
        struct table t = {0};
        if (enter(&t, &q->part[i], e))
            return -1;
        for (int j = i + 1; j < q->n; j++)
            for (uint32_t k = 0; k < q->part[j].part->n; k++)
                q->part[j].shared[i] += *find(&t, sample(q->part[j].part, k)) != 0;
        mem_free(t.slot);
    }
    return 0;
}

int inspect_run(struct inspect *q, struct err *e)
{
    for (int i = 0; i < q->n; i++) {
        values(&q->part[i]);
        if (targets(&q->part[i], q->classes, e))
            return -1;
    }
    return constants(q, e) || duplicates(q, e) ? -1 : 0;
}

void inspect_free(struct inspect *q)
{
    for (int i = 0; i < q->n; i++)
        mem_free(q->part[i].count);
    mem_free(q->constant);
}
