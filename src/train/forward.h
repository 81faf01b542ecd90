/* forward.h - samples through a net, whether they have targets or not. */
#ifndef TRAIN_FORWARD_H
#define TRAIN_FORWARD_H

#include "train/job.h"

/* Runs the allocated net in evaluation mode over the samples of a part, of its shape. `each` is
 * called by one thread behind every piece: the outputs of samples first .. first + n - 1 of the
 * part stand in the layers' y. Not inside team_run. */
void forward_part(struct job *job, const struct part *part, struct team *team,
                  void (*each)(void *arg, size_t first, int n), void *arg);

#endif
