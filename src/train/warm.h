/* warm.h - warm start: weights from another net's file. */
#ifndef TRAIN_WARM_H
#define TRAIN_WARM_H

#include "train/job.h"

/* Copies into the allocated and initialised net every tensor of a safetensors file (a checkpoint,
 * or another program's) that has the name and the shape of one of its parameters. What stays as it
 * was initialised, and what the file has besides, is listed on stderr. ERR_DATA: unreadable, or
 * nothing in it fits. */
int warm_start(struct job *job, const char *run_or_file, struct err *e);

#endif
