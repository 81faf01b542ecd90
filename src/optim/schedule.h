/* schedule.h - the learning rate of a step. Functions of their arguments (plateau: and of what was
 * noted at evaluations, which belongs to the position of a run), so a resumed run goes on exactly;
 * the same bits on every machine (fmath.h). */
#ifndef OPTIM_SCHEDULE_H
#define OPTIM_SCHEDULE_H

#include "base/opt.h"

#include <stdint.h>

struct schedule {
    int type;      /* index in schedule_types */
    double warmup; /* epochs */
    int step_size, patience;
    double gamma, power, min_lr, pct_start, div_factor, final_div_factor;
    struct int_list milestones;
};

/* What plateau has seen. Starts as zeros. */
struct plateau {
    uint64_t seen; /* evaluations */
    uint64_t bad;  /* of them: since the best, or since the last cut */
    uint64_t cuts; /* of the rate */
    double best;   /* loss; meaningless where nothing was seen */
};

/* Where a step stands. */
struct schedule_at {
    uint64_t step;             /* 0 the first */
    uint64_t per_epoch, total; /* steps in an epoch (> 0) and in the run */
    uint64_t cuts;             /* of struct plateau */
};

extern const struct opt schedule_opts[];             /* the keys of all types: type, warmup */
extern const char *const schedule_types[];           /* constant step multistep ... */
extern const char *const schedule_help[];            /* what each does */
extern const struct opt *const schedule_type_opts[]; /* and the other keys of each */

/* Reads [schedule] (NULL: constant). Problems go to *d. -1: out of memory. Free with schedule_free.
 */
int schedule_read(struct schedule *s, const struct netfile *nf, const struct section *sec,
                  struct diag *d, struct err *e);
void schedule_free(struct schedule *s);
int schedule_write(const struct schedule *s, struct text *t, struct err *e);

/* The rate of a step, from the optimizer's lr.
 *
 * warmup: in the first W = warmup epochs, to whole steps, the rate rises step by step: lr (step +
 * 1) / (W + 1), which is PyTorch's LinearLR(start_factor = 1 / (W + 1), total_iters = W). Behind it
 * the schedule begins, as in SequentialLR([LinearLR, schedule], [W]): below, epochs and steps count
 * from there, and `total` is what is left of the run.
 *
 * By epoch: step, multistep, exponential as StepLR, MultiStepLR, ExponentialLR; time: lr / (1 +
 * gamma epoch). By step: onecycle as OneCycleLR(max_lr = lr, total_steps = total), momentum not
 * cycled; cosine as CosineAnnealingLR(T_max = total, eta_min = min_lr); poly: min_lr + (lr -
 * min_lr) (1 - step / total)^power, PolynomialLR where min_lr = 0. plateau: ReduceLROnPlateau, see
 * schedule_watch. */
double schedule_lr(const struct schedule *s, double lr, const struct schedule_at *at);

/* Whether the rate depends on the length of the run; on evaluations. */
bool schedule_uses_total(const struct schedule *s);
bool schedule_watches(const struct schedule *s);

/* Shows a plateau schedule the loss of an evaluation behind step at->step - 1. Losses within the
 * warm-up do not count. True: the rate is lower from now on, and p->cuts counts it. As
 * ReduceLROnPlateau(factor = gamma, patience, min_lr), everything else by default: a loss is better
 * below best (1 - 1e-4); after more than `patience` in a row that are not, the rate falls by gamma,
 * unless that changes it by 1e-8 or less. */
bool schedule_watch(const struct schedule *s, double lr, const struct schedule_at *at,
                    struct plateau *p, double loss);

#endif
