/* pooling.h - what maxpool and avgpool share. Their conf is a struct pooling; their state is a
 * struct pool with the sizes set. */
#ifndef LAYERS_SHARED_POOLING_H
#define LAYERS_SHARED_POOLING_H

#include "layers/shared/window.h"

/* What keys say: [0] is the height, [1] the width. */
struct pooling {
    int size[2];
    int stride[2]; /* -1: the size */
    int padding[2];
};

extern const struct opt pooling_opts[];

/* In a sequence windows have a height of 1, whatever the keys say. */
int pooling_setup(struct layer *l, struct build *b, struct err *e);

/* Sets l->out, flops and state from windows that fit. */
void pooling_set(struct layer *l, const struct window *h, const struct window *w);

/* Runs a kernel on the tensors of this pass. which: of max pools, as struct pool says. */
typedef void (*pooling_kernel)(const struct pool *po, int tid, int nt);
void pooling_run(struct layer *l, const struct pass *p, pooling_kernel kernel, int32_t *which);

/* Forward and backward of means. */
void pooling_average(struct layer *l, const struct pass *p);
void pooling_average_backward(struct layer *l, const struct pass *p);

#endif
