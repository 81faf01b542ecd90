/* resume.h - whether a run folder may be written, and whether a run goes on as it began. Private to
 * train/. */
#ifndef TRAIN_RESUME_H
#define TRAIN_RESUME_H

#include "train/checkpoint.h"
#include "train/trainer.h"

/* Makes the folder, locks it against a second training, and proves that it can be written; removes
 * what an interrupted write left. *lock: to be closed at the end of the run (-1: none), also after
 * an error. ERR_USAGE where another process trains in it, or where a run is there and neither
 * resume nor force is asked; with force its files are removed. */
int resume_folder(const struct train_request *r, int *lock, struct err *e);

/* Opens DIR/last.safetensors. 1: there is one; 0: there is none; -1: it cannot be read, or it comes
 * from another network file or other data than the job's (more epochs or steps are fine). */
int resume_open(const struct train_request *r, struct checkpoint *c, struct err *e);

#endif
