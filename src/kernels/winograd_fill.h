/* winograd_fill.h - what the convolutions by products at points offer to conv.isa.c and
 * conv_weights.isa.c, for convolutions that winograd_takes. */
#ifndef KERNELS_WINOGRAD_FILL_H
#define KERNELS_WINOGRAD_FILL_H

#include "kernels/vec.h"
#include "kernels/winograd.h"

/* Reals of scratch. */
size_t ISA_NAME(winograd_scratch)(const struct conv *cv, bool back);
size_t ISA_NAME(winograd_weights_scratch)(const struct conv *cv);

/* As the functions of struct kernels. */
size_t ISA_NAME(winograd_prepared)(const struct conv *cv, bool back);
void ISA_NAME(winograd_prepare)(const struct conv *cv, bool back, float *to, int tid, int nt);
void ISA_NAME(winograd_forward)(const struct conv *cv, int tid, int nt);
void ISA_NAME(winograd_backward_data)(const struct conv *cv, int tid, int nt);

/* How a slice's gradients get to where they are wanted: they are stored, are added to 0, or to what
 * is there. */
enum winograd_end { WINOGRAD_STORE, WINOGRAD_START, WINOGRAD_ADD };

/* Gradients that samples i0 .. i1-1, one slice, give to the weights, to dw (as cv->weight), of
 * panels panel0 .. panel1-1 of CONV_COLS outputs. */
void ISA_NAME(winograd_slice)(const struct conv *cv, int i0, int i1, int panel0, int panel1,
                              float *dw, enum winograd_end how);

#endif
