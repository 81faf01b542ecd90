/* plan.h - memory planning: buffers that live at different times share addresses. */
#ifndef NET_PLAN_H
#define NET_PLAN_H

#include "base/err.h"

#include <stddef.h>

/* A buffer that is needed at times first .. last (both included). */
struct plan_item {
    size_t bytes;
    int first, last;
    size_t offset; /* result, a multiple of 64 */
};

/* Gives every item an offset such that no two that live at the same time overlap: the largest
 * first, each at the lowest place that is free during its life. *total: bytes of the slab. Items of
 * 0 bytes get offset 0. */
int plan_place(struct plan_item *items, int n, size_t *total, struct err *e);

#endif
