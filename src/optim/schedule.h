/* schedule.h - the learning rate as a function of epoch and step. Pure functions of their
 * arguments, so a resumed run needs no state; the same bits on every machine (fmath.h). */
#ifndef OPTIM_SCHEDULE_H
#define OPTIM_SCHEDULE_H

#include "base/opt.h"

#include <stdint.h>

struct schedule {
    int type; /* index in schedule_types */
    int step_size;
    double gamma, pct_start, div_factor, final_div_factor;
};

extern const struct opt schedule_opts[];             /* the key `type` */
extern const char *const schedule_types[];           /* constant step exponential onecycle */
extern const struct opt *const schedule_type_opts[]; /* and the other keys of each */

/* Reads [schedule] (NULL: constant). Problems go to *d. -1: out of memory. */
int schedule_read(struct schedule *s, const struct netfile *nf, const struct section *sec,
                  struct diag *d, struct err *e);
int schedule_write(const struct schedule *s, struct text *t, struct err *e);

/* The rate of step `step` (0 the first) which lies in epoch `epoch` (0 the first), of `total`
 * steps, from the optimizer's lr. step, exponential: by epoch, as PyTorch's StepLR and
 * ExponentialLR; onecycle: by step, as OneCycleLR(max_lr = lr, total_steps = total), momentum not
 * cycled. */
double schedule_lr(const struct schedule *s, double lr, uint64_t epoch, uint64_t step,
                   uint64_t total);

/* Whether the rate depends on the length of the run. */
bool schedule_uses_total(const struct schedule *s);

#endif
