/* window.c - sliding windows. */
#include "layers/shared/window.h"

#include <stdio.h>

/* Inputs from a window's first tap to its last. */
static int extent(const struct window *w)
{
    return w->dilation * (w->size - 1) + 1;
}

int window_fit(struct window *w)
{
    if (w->padding == WINDOW_SAME) {
        w->out = (w->in + w->stride - 1) / w->stride;
        int missing = (w->out - 1) * w->stride + extent(w) - w->in;
        w->before = missing > 0 ? missing / 2 : 0;
        return 0;
    }
    int room = w->in + 2 * w->padding - extent(w);
    w->before = w->padding;
    w->out = room < 0 ? 0 : room / w->stride + 1;
    return room < 0 ? -1 : 0;
}

uint64_t window_taps(const struct window *w)
{
    uint64_t n = 0;
    for (int k = 0; k < w->size; k++) {
        int from = w->before - k * w->dilation; /* of the first output that this tap is inside of */
        int first = from > 0 ? (from + w->stride - 1) / w->stride : 0;
        int end = w->in + from > 0 ? (w->in + from - 1) / w->stride + 1 : 0;
        end = end < w->out ? end : w->out;
        n += end > first ? (uint64_t)(end - first) : 0;
    }
    return n;
}

int window_fit_both(struct window *h, struct window *w, struct err *e)
{
    int bad = window_fit(h) != 0, wide = window_fit(w) != 0;
    if (bad || wide)
        return err_set(e, ERR_NET,
                       "has a window of %dx%d, larger than its input of %dx%d with padding %dx%d",
                       extent(h), extent(w), h->in, w->in, h->padding, w->padding);
    return 0;
}

int window_refuse(const struct layer *l, const char *needed, struct err *e)
{
    const struct layer *in = l->in[0];
    char shape[SHAPE_TEXT], who[2 * NETFILE_NAME_MAX];
    if (in->ops)
        snprintf(who, sizeof who, "[%s] at line %d gives", in->ops->name, in->line);
    else
        snprintf(who, sizeof who, "the input is");
    return err_set(e, ERR_NET, "needs %s, but %s %s %s", needed, who,
                   shape_is_vector(in->out) ? "a vector of"
                   : in->out.h == 1         ? "a sequence of"
                                            : "an image of",
                   shape_text(in->out, shape));
}
