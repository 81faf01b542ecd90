/* plan.c - offsets for buffers with lives. */
#include "net/plan.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

static int larger_first(const void *a, const void *b)
{
    const struct plan_item *x = *(struct plan_item *const *)a, *y = *(struct plan_item *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : 1; /* a fixed order, so that a plan is the same in every run */
}

static int lower_first(const void *a, const void *b)
{
    const struct plan_item *x = *(struct plan_item *const *)a, *y = *(struct plan_item *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The lowest gap of `it->bytes` between the `n` items in `busy`, sorted by offset. */
static void find_gap(struct plan_item *it, struct plan_item *const *busy, int n)
{
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (busy[i]->offset >= at && busy[i]->offset - at >= it->bytes)
            break;
        size_t end = busy[i]->offset + busy[i]->bytes;
        if (end > at)
            at = end;
    }
    it->offset = at;
}

int plan_place(struct plan_item *items, int n, size_t *total, struct err *e)
{
    struct plan_item **order = mem_alloc((size_t)n, sizeof *order, e);
    struct plan_item **busy = mem_alloc((size_t)n, sizeof *busy, e);
    int r = -1;
    *total = 0;
    if (!order || !busy)
        goto out;
    for (int i = 0; i < n; i++) {
        if (items[i].bytes > SIZE_MAX / 4) {
            err_set(e, ERR_INTERNAL, "out of memory: a buffer's size overflows");
            goto out;
        }
        items[i].bytes = (items[i].bytes + MEM_ALIGN - 1) & ~(size_t)(MEM_ALIGN - 1);
        order[i] = &items[i];
    }
    qsort(order, (size_t)n, sizeof *order, larger_first);
    for (int i = 0; i < n && order[i]->bytes; i++) {
        int n_busy = 0;
        for (int j = 0; j < i; j++)
            if (order[j]->first <= order[i]->last && order[i]->first <= order[j]->last)
                busy[n_busy++] = order[j];
        qsort(busy, (size_t)n_busy, sizeof *busy, lower_first);
        find_gap(order[i], busy, n_busy);
        size_t end;
        if (__builtin_add_overflow(order[i]->offset, order[i]->bytes, &end) || end > SIZE_MAX / 4) {
            err_set(e, ERR_INTERNAL, "out of memory: the buffers' sizes overflow");
            goto out;
        }
        if (end > *total)
            *total = end;
    }
    r = 0;
out:
    mem_free(order);
    mem_free(busy);
    return r;
}
