/* data_augmented.h - diynn data --augmented: what [augment] makes of training samples. */
#ifndef CLI_DATA_AUGMENTED_H
#define CLI_DATA_AUGMENTED_H

#include "data/augment.h"

/* Fills *s with changed copies of the training samples of d, and *p with all of them in order, as
 * training with this seed sees them: the whole part in the first epoch, or as a `picture` its first
 * ten samples, each as it is and then in nine epochs. Targets are those of the samples themselves,
 * also with mixup. Free with samples_free and mem_free(p->index), in either case. */
int data_augmented(struct samples *s, struct part *p, const struct augment_conf *c,
                   const struct data *d, uint64_t seed, bool picture, struct err *e);

#endif
