/* trainer.h - a training run: folder, log, checkpoints, resume.
 *
 * One team of threads runs everything; the same bits for any number of them. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "train/job.h"
#include "train/metrics.h"
#include "train/runlog.h"

#include <signal.h>

/* How a run goes, for a progress display. Called by thread 0, at most some times a second, and once
 * per log row (row != NULL). Not allowed to take long. */
struct progress {
    uint64_t epoch, epochs, step, steps; /* done, planned */
    double loss;                         /* mean of the epoch so far */
    double samples_per_s, seconds_left;
    const struct runlog_row *row;
};

struct train_request {
    struct job *job;
    const char *dir; /* run folder: made if missing; NULL: nothing is written, nothing resumed */
    bool resume, force;
    const char *init; /* file whose weights a fresh run starts from (warm.h); NULL: none */
    int threads;      /* 0: par_default */
    const char *isa;  /* NULL: best */
    bool fuse;
    bool all_threads; /* in every step; else as many as pay (DIYNN_ADAPT=0) */
    void (*progress)(void *arg, const struct progress *p);
    void *arg;
    volatile sig_atomic_t
        *stop; /* set by a signal handler: finish the step, save, ERR_INTERRUPTED */
};

struct train_result {
    bool stopped;          /* by early_stop */
    bool already_finished; /* resumed a finished run: nothing was done */
    uint64_t epoch, step;
    bool has_best;
    uint64_t best_epoch;
    double best_value; /* of the metric that decides */
    struct runlog_row last;
    double seconds;
};

/* Trains as the job says and leaves net.ini, log.csv, last.safetensors and, with validation,
 * best.safetensors in dir. Errors: ERR_INTERNAL (folder or disk), ERR_DATA (checkpoint or data
 * changed), ERR_USAGE (an existing run without resume or force), ERR_DIVERGED, ERR_INTERRUPTED. */
int train_run(const struct train_request *r, struct train_result *result, struct err *e);

#endif
