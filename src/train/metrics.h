/* metrics.h - what is counted over the samples of a part: loss, accuracy, confusion matrix. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include "base/err.h"
#include "base/real.h"

#include <stdint.h>

/* Running sums. All sums are in double, in the order of the samples. */
struct metrics {
    uint64_t n;
    double loss_sum; /* of samples' values (summed over outputs) */
    uint64_t hits;   /* right decisions, classes only */
};

/* Confusion matrix and what follows from it. */
struct confusion {
    int classes;
    uint64_t *count; /* [true][predicted] */
};

int confusion_new(struct confusion *c, int classes, struct err *e);
void confusion_free(struct confusion *c);
double confusion_precision(const struct confusion *c, int class_); /* NaN if never predicted */
double confusion_recall(const struct confusion *c, int class_);    /* NaN if never true */
double confusion_f1(const struct confusion *c, int class_);

#endif
