/* fill.h - what the families compiled per instruction set export: each sets its pointers of *k. */
#ifndef KERNELS_FILL_H
#define KERNELS_FILL_H

#include "kernels/kernels.h"

#define X(isa)                                                                                     \
    void columns_fill_##isa(struct kernels *k);                                                    \
    void conv_fill_##isa(struct kernels *k);                                                       \
    void conv_weights_fill_##isa(struct kernels *k);                                               \
    void curve_fill_##isa(struct kernels *k);                                                      \
    void eltwise_fill_##isa(struct kernels *k);                                                    \
    void matmul_fill_##isa(struct kernels *k);                                                     \
    void peak_fill_##isa(struct kernels *k);                                                       \
    void philox_fill_##isa(struct kernels *k);                                                     \
    void pool_fill_##isa(struct kernels *k);                                                       \
    void rows_fill_##isa(struct kernels *k);                                                       \
    void update_fill_##isa(struct kernels *k);
#include "gen/isas.def"
#undef X

#endif
