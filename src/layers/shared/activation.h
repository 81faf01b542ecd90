/* activation.h - what element-wise activations of the kernel table have in common. Their layers
 * give `ops->act`; these three do the rest. */
#ifndef LAYERS_SHARED_ACTIVATION_H
#define LAYERS_SHARED_ACTIVATION_H

#include "net/layer.h"

#define ACTIVATION_FLAGS (LAYER_IN_PLACE | LAYER_BWD_NEEDS_Y)

int activation_setup(struct layer *l, struct build *b, struct err *e);
void activation_forward(struct layer *l, const struct pass *p);
void activation_backward(struct layer *l, const struct pass *p);

/* The same for those whose slope needs x (LAYER_BWD_NEEDS_X, no ops->act). */
void activation_curve_forward(struct layer *l, const struct pass *p, enum curve curve);
void activation_curve_backward(struct layer *l, const struct pass *p, enum curve curve);

#endif
