/* metrics.h - what is counted over the samples of a part: loss, accuracy, confusion matrix. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include "base/err.h"
#include "base/real.h"

#include <stdint.h>

/* Running sums. All sums are in double, in the order of the samples. */
struct metrics {
    uint64_t n;
    double weight;   /* what the samples count in a mean: n unless classes have weights */
    double loss_sum; /* of samples' values (summed over outputs) */
    uint64_t hits;   /* right decisions, classes only */
};

/* Confusion matrix and what follows from it. */
struct confusion {
    int classes;
    uint64_t *count; /* [true][predicted]: count[true * classes + predicted] */
    uint64_t *rank;  /* samples whose true class stands at this place of what the net says */
};

/* All counts 0. Free with confusion_free. -1: out of memory. */
int confusion_new(struct confusion *c, int classes, struct err *e);
void confusion_free(struct confusion *c);

/* Of one class, 0 .. classes-1. Precision: right / predicted, NaN if never predicted. Recall: right
 * / true, NaN if never true. F1, their harmonic mean: 2 right / (predicted + true), NaN if neither.
 */
double confusion_precision(const struct confusion *c, int class_);
double confusion_recall(const struct confusion *c, int class_);
double confusion_f1(const struct confusion *c, int class_);

/* Share of the samples whose true class is among the k that the net holds for the likeliest; NaN
 * without samples. */
double confusion_top(const struct confusion *c, int k);

#endif
