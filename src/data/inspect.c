/* inspect.c - looks at every value, and finds equal samples by hashing. */
#include "data/inspect.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* ---- ranges and counts ---- */

/* Sums over the finite ones of some numbers. */
struct sums {
    double min, max, sum, squares;
    uint64_t n;
};

static void add(struct sums *q, double x)
{
    if (!isfinite(x))
        return;
    q->n++;
    q->sum += x;
    q->min = x < q->min ? x : q->min;
    q->max = x > q->max ? x : q->max;
}

static void finish(const struct sums *q, struct inspect_value *v)
{
    *v = (struct inspect_value){(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    if (q->n > 0)
        *v = (struct inspect_value){q->min, q->max, q->sum / (double)q->n,
                                    sqrt(q->squares / (double)q->n)};
}

/* The numbers of all samples together, into q->all, and where `each` is given the numbers one by
 * one too: shape_size of these, in the order of memory. Samples are read one after the other, in
 * two rounds. */
static int look(struct inspect_part *q, struct sums *each, struct err *e)
{
    const struct part *p = q->part;
    size_t size = shape_size(p->of->shape);
    const struct sums none = {.min = (double)INFINITY, .max = -(double)INFINITY};
    struct sums all = none;
    real *room = mem_alloc(size, sizeof *room, e);
    if (!room)
        return -1;
    for (size_t j = 0; each && j < size; j++)
        each[j] = none;
    for (uint32_t i = 0; i < p->n; i++) {
        const real *x = samples_at(p->of, p->index[i], room);
        for (size_t j = 0; j < size; j++) {
            add(&all, (double)x[j]);
            if (each)
                add(&each[j], (double)x[j]);
        }
    }
    double mean = all.sum / (double)all.n;
    for (uint32_t i = 0; i < p->n; i++) {
        const real *x = samples_at(p->of, p->index[i], room);
        for (size_t j = 0; j < size; j++) {
            double v = (double)x[j], own = each ? v - each[j].sum / (double)each[j].n : 0;
            if (!isfinite(v))
                continue;
            all.squares += (v - mean) * (v - mean);
            if (each)
                each[j].squares += own * own;
        }
    }
    mem_free(room);
    finish(&all, &q->all);
    q->not_finite = (uint64_t)size * p->n - all.n;
    return 0;
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

/* ---- each number of a sample ---- */

/* What `sums` says of the numbers of the first part. */
static int each_value(struct inspect *q, const struct sums *sums, struct err *e)
{
    const struct part *p = q->part[0].part;
    struct shape s = p->of->shape;
    size_t c = (size_t)s.c, hw = (size_t)s.h * (size_t)s.w;
    q->value = mem_alloc(c * hw, sizeof *q->value, e);
    q->constant = mem_alloc(c * hw, sizeof *q->constant, e);
    if (!q->value || !q->constant)
        return -1;
    for (size_t j = 0; j < c * hw; j++) {
        const struct sums *at = &sums[j % hw * c + j / hw];
        finish(at, &q->value[j]);
        if (at->n == p->n && p->n > 1 && at->min == at->max)
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
    bool raw;     /* bytes are compared, and not what becomes of them */
    real *room;   /* for two samples; NULL with raw */
};

/* Sample i of a part as it is compared; which: 0 or 1, the room for it. */
static const void *sample(const struct table *t, const struct part *p, uint32_t i, int which)
{
    if (t->raw)
        return p->of->bytes + p->index[i] * t->bytes;
    return samples_at(p->of, p->index[i], t->room + which * (ptrdiff_t)shape_size(p->of->shape));
}

static uint64_t hash(const void *p, size_t bytes)
{
    const unsigned char *b = p;
    uint64_t h = bytes;
    for (size_t i = 0; i < bytes; i += sizeof(uint32_t)) {
        uint32_t word = 0;
        memcpy(&word, b + i, bytes - i < sizeof word ? bytes - i : sizeof word);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return h;
}

/* The slot where x stands, or where it would. */
static uint32_t *find(const struct table *t, const void *x)
{
    size_t i = hash(x, t->bytes) & t->mask;
    while (t->slot[i] && memcmp(sample(t, t->part, t->slot[i] - 1, 1), x, t->bytes) != 0)
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
    t->slot = mem_alloc(size, sizeof *t->slot, e);
    if (!t->slot)
        return -1;
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t *slot = find(t, sample(t, p, i, 0));
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
    size_t size = shape_size(q->part[0].part->of->shape);
    struct table t = {.raw = true};
    for (int i = 0; i < q->n; i++)
        t.raw = t.raw && q->part[i].part->of->bytes;
    t.bytes = size * (t.raw ? 1 : sizeof(real));
    t.room = t.raw ? NULL : mem_alloc(2 * size, sizeof *t.room, e);
    int rc = t.raw || t.room ? 0 : -1;
    for (int i = 0; rc == 0 && i < q->n; i++) {
        rc = enter(&t, &q->part[i], e);
        for (int j = i + 1; rc == 0 && j < q->n; j++)
            for (uint32_t k = 0; k < q->part[j].part->n; k++)
                q->part[j].shared[i] += *find(&t, sample(&t, q->part[j].part, k, 0)) != 0;
        mem_free(t.slot);
        t.slot = NULL;
    }
    mem_free(t.room);
    return rc;
}

int inspect_run(struct inspect *q, struct err *e)
{
    struct sums *sums = mem_alloc(shape_size(q->part[0].part->of->shape), sizeof *sums, e);
    int rc = sums ? 0 : -1;
    for (int i = 0; rc == 0 && i < q->n; i++)
        rc = look(&q->part[i], i == 0 ? sums : NULL, e) || targets(&q->part[i], q->classes, e) ? -1
                                                                                               : 0;
    if (rc == 0)
        rc = each_value(q, sums, e) || duplicates(q, e) ? -1 : 0;
    mem_free(sums);
    return rc;
}

void inspect_free(struct inspect *q)
{
    for (int i = 0; i < q->n; i++)
        mem_free(q->part[i].count);
    mem_free(q->value);
    mem_free(q->constant);
}
