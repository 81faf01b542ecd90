/* permute.h - samples in the order that files and users know: c, h, w. */
#ifndef LAYERS_SHARED_PERMUTE_H
#define LAYERS_SHARED_PERMUTE_H

#include "net/layer.h"

/* y is x with the sizes l->out, in the order c, h, w. Where that is the order in memory it is a
 * view, else a copy. For setup, behind l->out. */
void permute_setup(struct layer *l, struct build *b);
void permute_forward(struct layer *l, const struct pass *p);
void permute_backward(struct layer *l, const struct pass *p);

#endif
