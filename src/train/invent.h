/* invent.h - random samples in the place of a job's data, where only speed is of interest. */
#ifndef TRAIN_INVENT_H
#define TRAIN_INVENT_H

#include "train/job.h"

/* Makes n random samples of the job's shape and targets its training part: numbers in [0, 1),
 * classes in turn. The job must have been opened without its data; job_free frees them. */
int invent_samples(struct job *job, size_t n, struct err *e);

#endif
