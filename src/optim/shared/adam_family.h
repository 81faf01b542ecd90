/* adam_family.h - what adam and adamw share. */
#ifndef OPTIM_SHARED_ADAM_FAMILY_H
#define OPTIM_SHARED_ADAM_FAMILY_H

#include "optim/optim.h"

struct adam_conf {
    double beta1, beta2, eps;
};

extern const struct opt adam_family_opts[]; /* beta1, beta2, eps: fill a struct adam_conf */

/* optim_ops' begin and update; begin couples the weight decay (adam). */
void adam_family_begin(const struct optim *o, uint64_t t, double lr, struct update *u);
void adam_family_update(const struct optim *o, struct param *p, const struct update *u,
                        const struct kernels *k, size_t lo, size_t hi);

#endif
