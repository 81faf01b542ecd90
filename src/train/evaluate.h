/* evaluate.h - how good a net is on a part of the data. */
#ifndef TRAIN_EVALUATE_H
#define TRAIN_EVALUATE_H

#include "train/checkpoint.h"
#include "train/ensemble.h"

struct eval_result {
    uint64_t n;
    double loss;          /* reduced over the whole part as the loss says */
    double accuracy;      /* classes; NaN otherwise */
    double rmse, mae, r2; /* values, over all numbers of all targets; NaN otherwise */
};

/* How evaluate_prepare plans a net. The outputs have the same bits either way. */
enum evaluate_plan {
    EVALUATE_FUSED,
    EVALUATE_UNFUSED, /* DIYNN_FUSE=0 */
    EVALUATE_KEEP_ALL /* every layer's outputs stay readable */
};

/* Plans the net of a job for forward passes alone and loads the weights of a checkpoint. The team
 * and the kernels must outlive it. */
int evaluate_prepare(struct job *job, const struct checkpoint *c, enum evaluate_plan how,
                     struct team *team, const struct kernels *k, struct err *e);

/* Another file for a net. */
struct evaluate_source {
    const char *path;   /* "-": standard input, as csv */
    const char *format; /* "": by name and content */
    const char *labels; /* file of its labels (idx, npy); "": by its name */
    bool need_targets;  /* false: it may hold inputs alone, see data_conf.no_target */
};

/* Makes the samples of another file the test part of a job that has loaded no data, in the place of
 * an earlier one: normalized as the checkpoint says, of the net's shape and classes (ERR_DATA
 * otherwise). */
int evaluate_file(struct job *job, const struct checkpoint *c, const struct evaluate_source *from,
                  struct err *e);

/* Evaluates a prepared job on a part of its data; with an ensemble that it has joined for this part
 * (or NULL), the mean of its nets so far. confusion (of job->classes) may be NULL; it is added to.
 * Not inside team_run. */
int evaluate_part(struct job *job, const struct part *part, struct team *team,
                  struct ensemble *ensemble, struct eval_result *r, struct confusion *confusion,
                  struct err *e);

#endif
