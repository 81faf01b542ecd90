/* feed.h - batches: samples of a part into the net, and what the loss says of the outputs.
 *
 * Functions with (tid, nt) are called by all threads of the team; the caller puts barriers. */
#ifndef TRAIN_FEED_H
#define TRAIN_FEED_H

#include "train/ensemble.h"
#include "train/job.h"
#include "train/metrics.h"

struct feed {
    const struct job *job;
    int *label;    /* class of each sample in the net; NULL without classes */
    real *target;  /* values, k a sample; with classes those of mixup, else NULL */
    real *value;   /* loss of each sample */
    int *decision; /* class the net says; NULL without classes */
    real *scratch; /* of the loss, per thread */
    size_t scratch_size;
    struct augment augment; /* of training samples; unused without `room` */
    real *room; /* its scratch and a sample, per thread; NULL: samples stay as they are */
    size_t room_size;
    real *views; /* the net's mean outputs over test_views; NULL: there is one view */
    real *row;   /* a sample, per thread, for views */
    size_t row_size;
    struct ensemble *ensemble; /* that the net belongs to, in feed_evaluate; NULL: none */
};

/* For passes of up to job->net->batch samples by up to nt threads. Free with feed_free. */
int feed_new(struct feed *f, const struct job *job, int nt, struct err *e);
/* Before feed_train: makes [augment] ready for the training part. */
int feed_augment(struct feed *f, int nt, struct err *e);
void feed_free(struct feed *f);

/* This thread's rows of samples first .. first + n - 1 of the part, as they are (view 0) or in
 * another of the test_views, into the net's input and the targets. */
void feed_gather(struct feed *f, const struct part *part, size_t first, int n, int view, int tid,
                 int nt);

/* This thread's rows of training samples order[first] .. order[first + n - 1] (NULL: first, first +
 * 1, ...), as [augment] changes them in this epoch, into the net's input and the targets. */
void feed_train(struct feed *f, const uint32_t *order, size_t first, int n, uint64_t epoch, int tid,
                int nt);

/* What samples order[first] .. order[first + n - 1] of the part count in a mean (loss_weight). */
double feed_weight(const struct job *job, const struct part *part, const uint32_t *order,
                   size_t first, uint32_t n);

/* This thread's rows of the loss on what the net has computed for n samples: values and decisions,
 * and, with `scale` not 0 (training), the gradient multiplied by it into the logits' dy. */
void feed_loss(struct feed *f, int n, real scale, const struct kernels *k, int tid, int nt);

/* Adds the n samples to running sums, in order. One thread. */
void feed_count(const struct feed *f, int n, struct metrics *m);

/* Runs the net forward over a part in evaluation mode, by all threads of the team, and sums into
 * *m, which starts as {0}. With test_views, outputs are the means over the views, and in an
 * ensemble over its nets. `each` (or NULL) is called by thread 0 behind every piece of n samples,
 * while outputs, targets and decisions are there. Ends with a barrier. */
void feed_evaluate(struct feed *f, const struct part *part, struct team *team, int tid, int nt,
                   struct metrics *m, void (*each)(void *arg, const struct feed *f, int n),
                   void *arg);

/* The loss of summed values, reduced as the loss says over the samples counted. */
double feed_reduced(const struct job *job, const struct metrics *m);

/* Share of right decisions; NaN without classes. */
double feed_accuracy(const struct job *job, const struct metrics *m);

#endif
