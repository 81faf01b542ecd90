/* profile.h - where the time of a training step goes. */
#ifndef TRAIN_PROFILE_H
#define TRAIN_PROFILE_H

#include "train/job.h"

/* Seconds are means over the measured steps. Operations: a multiplication and an addition are 2. */
struct profile_layer {
    const struct layer *layer;
    double forward, backward;             /* 0: nothing to do, or done in another's place */
    double forward_flops, backward_flops; /* a step */
};

struct profile {
    struct profile_layer *layers; /* of the net, without the input */
    int n_layers;
    int batch;                            /* samples in a step */
    uint64_t steps;                       /* measured */
    double gather, loss, optimizer, rest; /* rest: what no part explains */
    double step;                          /* all together */
    double peak; /* floating-point operations a second that the team can do */
};

/* Runs training steps for about `seconds` (and at least 3) on the job's data or, where none is
 * loaded, on random numbers of its shape, and measures. The job's net must not be allocated yet.
 * Free with profile_free. */
int profile_run(struct profile *p, struct job *job, struct team *team, const struct kernels *k,
                bool fuse, double seconds, struct err *e);

void profile_free(struct profile *p);

/* Floating-point operations of a sample in a training step, of the layers that have parameters. The
 * net must be allocated for training. */
double profile_flops(const struct net *net);

/* The peak of a team on its own: the best of some short loops of multiply-adds. */
double profile_peak(struct team *team, const struct kernels *k);

#endif
