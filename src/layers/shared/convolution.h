/* convolution.h - what conv1d and conv2d share: all but their keys. Their state is a struct conv
 * with the sizes set. */
#ifndef LAYERS_SHARED_CONVOLUTION_H
#define LAYERS_SHARED_CONVOLUTION_H

#include "layers/shared/window.h"

/* What keys say; of pairs [0] is the height, [1] the width. */
struct convolution {
    int filters, size[2], stride[2], padding[2], dilation[2], groups;
    int precision; /* enum precision */
};

enum precision { PRECISION_FP32, PRECISION_BF16 };

#define CONVOLUTION_FLAGS                                                                          \
    (LAYER_PARAMS | LAYER_INIT | LAYER_TAKES_ACT | LAYER_APPLIES_DACT | LAYER_BWD_NEEDS_X)

/* The kernel of a height of 1 is [out, in/groups, size] in files where `flat`, otherwise
 * [out, in/groups, height, width]. */
int convolution_setup(struct layer *l, struct build *b, const struct convolution *conf, bool flat,
                      struct err *e);
struct workspace convolution_workspace(const struct layer *l, const struct kernels *k, int batch,
                                       bool train);
void convolution_forward(struct layer *l, const struct pass *p);
void convolution_backward(struct layer *l, const struct pass *p);
void convolution_backward_params(struct layer *l, const struct pass *p);

#endif
