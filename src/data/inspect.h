/* inspect.h - what is worth knowing of samples before they are learnt: ranges, counts, values that
 * are missing or say nothing, samples that occur twice. */
#ifndef DATA_INSPECT_H
#define DATA_INSPECT_H

#include "data/data.h"

#define INSPECT_PARTS 3

/* One of a sample's numbers over all samples of a part: of the finite ones; NaN without any. */
struct inspect_value {
    double min, max, mean, deviation;
};

struct inspect_part {
    const char *name;
    const struct part *part;
    struct inspect_value all;      /* of all numbers of all samples */
    double target_min, target_max; /* of targets that are values */
    uint64_t not_finite;           /* values that are NaN or infinite */
    uint64_t *count;               /* samples of each class; NULL without labels */
    /* Samples with the same bits in all values: those that equal an earlier one of their part (and
     * how many of these are of another class or value than that one), and those that occur in part
     * i too, for i before this one. */
    uint32_t repeated, contradicting, shared[INSPECT_PARTS];
};

struct inspect {
    struct inspect_part part[INSPECT_PARTS];
    int n;       /* parts: filled by the caller with name and part, not empty */
    int classes; /* that labels are counted of */
    /* Of the first part, in c, h, w order: */
    struct inspect_value *value;
    uint32_t *constant; /* numbers (from 0) that are the same in all of several samples */
    size_t n_constant;
};

/* Fills *q. All parts are of one shape. Free with inspect_free in either case. -1: out of memory.
 */
int inspect_run(struct inspect *q, struct err *e);
void inspect_free(struct inspect *q);

#endif
