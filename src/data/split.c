/* split.c - which samples train and which validate. */
#include "data/data.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* Fills list with the samples' numbers class by class, each class in ascending order, and start
 * (classes + 1 numbers) with where each class begins. Without labels all are one class. */
static void sort_by_class(const struct samples *s, int classes, uint32_t *start, uint32_t *list)
{
    for (uint32_t i = 0; i < s->n; i++)
        start[s->label ? s->label[i] + 1 : 1]++;
    for (int k = 0; k < classes; k++)
        start[k + 1] += start[k];
    for (uint32_t i = 0; i < s->n; i++)
        list[start[s->label ? s->label[i] : 0]++] = i;
    for (int k = classes; k > 0; k--) /* filling moved every beginning to its end */
        start[k] = start[k - 1];
    start[0] = 0;
}

static int fill(struct part *p, const struct samples *s, const unsigned char *mark,
                unsigned char which, struct err *e)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        n += mark[i] == which;
    if (n == 0)
        return 0;
    p->index = mem_alloc(n, sizeof *p->index, e);
    if (!p->index)
        return -1;
    p->of = s;
    for (uint32_t i = 0; i < s->n; i++) {
        if (mark[i] == which)
            p->index[p->n++] = i;
    }
    return 0;
}

int data_split(const struct samples *s, double fraction, uint64_t seed, struct part *train,
               struct part *val, struct err *e)
{
    int rc = -1, classes = s->label ? s->classes : 1;
    uint32_t *start = NULL, *list = NULL;
    unsigned char *mark = NULL;
    *train = *val = (struct part){0};
    if (s->n > DATA_SAMPLES_MAX)
        return err_set(e, ERR_DATA, "%zu samples are too many: at most %u", s->n, DATA_SAMPLES_MAX);
    start = mem_alloc((size_t)classes + 1, sizeof *start, e);
    if (!start)
        goto out;
    list = mem_alloc(s->n, sizeof *list, e);
    if (!list)
        goto out;
    mark = mem_alloc(s->n, 1, e);
    if (!mark)
        goto out;
    sort_by_class(s, classes, start, list);
    for (int k = 0; k < classes; k++) {
        uint32_t n = start[k + 1] - start[k], *of_class = list + start[k];
        uint32_t count = (uint32_t)floor(fraction * n + 0.5);
        struct rng r = rng_stream(seed, "split", "", (uint64_t)k);
        rng_shuffle(&r, of_class, n);
        for (uint32_t i = 0; i < count; i++)
            mark[of_class[i]] = 1;
    }
    if (fill(train, s, mark, 0, e) || fill(val, s, mark, 1, e))
        goto out;
    rc = 0;
out:
    mem_free(start);
    mem_free(list);
    mem_free(mark);
    if (rc) {
        mem_free(train->index);
        mem_free(val->index);
        *train = *val = (struct part){0};
    }
    return rc;
}
