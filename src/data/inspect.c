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

/* Numbers [from, to) of all samples, or one of them. Returns how many are not finite. */
static uint64_t look(const struct part *p, size_t from, size_t to, struct inspect_value *v)
{
    double sum = 0, squares = 0;
    uint64_t n = 0;
    *v = (struct inspect_value){.min = (double)INFINITY, .max = -(double)INFINITY};
    for (uint32_t i = 0; i < p->n; i++)
        for (size_t j = from; j < to; j++) {
            double x = (double)sample(p, i)[j];
            if (!isfinite(x))
                continue;
            n++;
            sum += x;
            v->min = x < v->min ? x : v->min;
            v->max = x > v->max ? x : v->max;
        }
    if (n == 0) {
        *v = (struct inspect_value){(double)NAN, (double)NAN, (double)NAN, (double)NAN};
        return (to - from) * p->n;
    }
    v->mean = sum / (double)n;
    for (uint32_t i = 0; i < p->n; i++)
        for (size_t j = from; j < to; j++) {
            double x = (double)sample(p, i)[j];
            squares += isfinite(x) ? (x - v->mean) * (x - v->mean) : 0;
        }
    v->deviation = sqrt(squares / (double)n);
    return (to - from) * p->n - n;
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

static int each_value(struct inspect *q, struct err *e)
{
    const struct part *p = q->part[0].part;
    struct shape s = p->of->shape;
    size_t c = (size_t)s.c, hw = (size_t)s.h * (size_t)s.w;
    q->value = mem_alloc(c * hw, sizeof *q->value, e);
    q->constant = mem_alloc(c * hw, sizeof *q->constant, e);
    if (!q->value || !q->constant)
        return -1;
    for (size_t j = 0; j < c * hw; j++) {
        size_t at = j % hw * c + j / hw;
        uint64_t odd = look(p, at, at + 1, &q->value[j]);
        if (odd == 0 && p->n > 1 && q->value[j].min == q->value[j].max)
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
        struct inspect_part *p = &q->part[i];
        p->not_finite = look(p->part, 0, shape_size(p->part->of->shape), &p->all);
        if (targets(p, q->classes, e))
            return -1;
    }
    return each_value(q, e) || duplicates(q, e) ? -1 : 0;
}

void inspect_free(struct inspect *q)
{
    for (int i = 0; i < q->n; i++)
        mem_free(q->part[i].count);
    mem_free(q->value);
    mem_free(q->constant);
}
