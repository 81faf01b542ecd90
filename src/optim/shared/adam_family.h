/* adam_family.h - what adam, adamw, adamax and nadam share. */
#ifndef OPTIM_SHARED_ADAM_FAMILY_H
#define OPTIM_SHARED_ADAM_FAMILY_H

#include "optim/optim.h"

struct adam_conf {
    double beta1, beta2, eps;
};

/* Rows of beta1, beta2 and eps, for a conf that begins with a struct adam_conf. */
#define ADAM_FAMILY_ROWS                                                                           \
    {.name = "beta1",                                                                              \
     .type = OPT_FLOAT,                                                                            \
     .offset = offsetof(struct adam_conf, beta1),                                                  \
     .def = "0.9",                                                                                 \
     .min = 0,                                                                                     \
     .max = 1,                                                                                     \
     .flags = OPT_OPEN_MAX,                                                                        \
     .help = "how slowly the running mean of gradients changes"},                                  \
        {.name = "beta2",                                                                          \
         .type = OPT_FLOAT,                                                                        \
         .offset = offsetof(struct adam_conf, beta2),                                              \
         .def = "0.999",                                                                           \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .flags = OPT_OPEN_MAX,                                                                    \
         .help = "how slowly the running measure of their size changes"},                          \
    {                                                                                              \
        .name = "eps", .type = OPT_FLOAT, .offset = offsetof(struct adam_conf, eps),               \
        .def = "1e-8", .min = 0, .max = 1, .flags = OPT_OPEN_MIN, .help = "keeps divisors from 0"  \
    }

extern const struct opt adam_family_opts[]; /* these rows alone */

/* optim_ops' begin; couples the weight decay (adam). */
void adam_family_begin(const struct optim *o, uint64_t t, double lr, struct update *u);

#endif
