/* inspect.h - what is worth knowing of samples before they are learnt: ranges, counts, values that
 * are missing or say nothing, samples that occur twice. */
#ifndef DATA_INSPECT_H
#define DATA_INSPECT_H

#include "data/data.h"

#define INSPECT_PARTS 3

struct inspect_part {
    const char *name;
    const struct part *part;
    double min, max, mean, deviation; /* of the finite values; NaN where there are none */
    double target_min, target_max;    /* of targets that are values */
    uint64_t not_finite;              /* values that are NaN or infinite */
    uint64_t *count;                  /* samples of each class; NULL without labels */
    /* Samples with the same bits in all values: those that equal an earlier one of their part (and
     * how many of these are of another class or value than that one), and those that occur in part
     * i too, for i before this one. */
    uint32_t repeated, contradicting, shared[INSPECT_PARTS];
};

struct inspect {
    struct inspect_part part[INSPECT_PARTS];
    int n;              /* parts: filled by the caller with name and part, not empty */
    int classes;        /* that labels are counted of */
    uint32_t *constant; /* values that are the same in all samples of the first part, in c, h, w */
    size_t n_constant;  /* order, from 0 */
};

/* Fills *q. All parts are of one shape. Free with inspect_free in either case. -1: out of memory.
 */
int inspect_run(struct inspect *q, struct err *e);
void inspect_free(struct inspect *q);

#endif
