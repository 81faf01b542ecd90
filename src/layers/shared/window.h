/* window.h - sliding windows: sizes of what convolutions and pools give. */
#ifndef LAYERS_SHARED_WINDOW_H
#define LAYERS_SHARED_WINDOW_H

#include "net/layer.h"

#define WINDOW_SIZE_MAX   255
#define WINDOW_STRIDE_MAX 64
#define WINDOW_SAME       (-1) /* as a padding: every stride-th position gives an output */

/* One direction of a window over `in` inputs. */
struct window {
    int in, size, stride, padding, dilation;
    int before; /* positions padded on the near side: set by window_fit */
    int out;    /* outputs: set by window_fit */
};

/* Sets before and out. `same`: out = in / stride, rounded up, and what padding that takes, half of
 * it (rounded down) before. -1: the window is larger than the padded input. */
int window_fit(struct window *w);

/* How many pairs of an output and a tap stand inside of the input. */
uint64_t window_taps(const struct window *w);

/* Fits the windows of height and width. ERR_NET where one is too large. */
int window_fit_both(struct window *h, struct window *w, struct err *e);

/* ERR_NET "needs an image, but [TYPE] at line N gives a vector of K", for l's first input. */
int window_refuse(const struct layer *l, const char *needed, struct err *e);

#endif
