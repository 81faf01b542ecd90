/* ref.h - the reference kernels: plain loops over libm, the oracle of all others. */
#ifndef KERNELS_REF_H
#define KERNELS_REF_H

#include "kernels/kernels.h"

/* Sets every pointer of *k. */
void ref_fill(struct kernels *k);

#endif
