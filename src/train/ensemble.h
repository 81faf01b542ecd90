/* ensemble.h - several nets as one: the mean of what they say. Private to train/, but for eval.
 *
 * The mean is of outputs before softmax or sigmoid (Lakshminarayanan et al. 2017 take that of
 * probabilities), as over views. The nets run one after the other; each adds what it says of every
 * sample, and is evaluated as the mean of all so far. */
#ifndef TRAIN_ENSEMBLE_H
#define TRAIN_ENSEMBLE_H

#include "train/job.h"

struct ensemble {     /* starts as {0} */
    int nets;         /* so far, with the one that runs */
    size_t n, k;      /* samples, and outputs a sample */
    uint32_t targets; /* checksum of the samples' targets */
    const struct loss_ops *loss;
    real *sum; /* n x k */
};

/* Takes a net in, which messages call `name`, to run on a part of its job's data. It must have the
 * loss and the number of outputs of those before it, and as many samples with the same targets
 * (ERR_DATA otherwise); inputs as targets are not compared. */
int ensemble_join(struct ensemble *m, const struct job *job, const struct part *part,
                  const char *name, struct err *e);

/* Rows lo .. hi - 1 of y, what the net says of the samples from `first` on: adds them to the sum
 * and makes them the mean. Calls for different rows may run at once. */
void ensemble_mean(struct ensemble *m, real *y, size_t first, size_t lo, size_t hi);

void ensemble_free(struct ensemble *m);

#endif
