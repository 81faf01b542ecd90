/* progress.h - how a training goes, on stderr: a bar on a terminal, a line a log row elsewhere. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "train/trainer.h"

/* What the display remembers. One at a time. */
struct progress_view {
    bool bar;           /* a bar on a terminal */
    bool rows;          /* a line for each row of the log */
    uint64_t per_epoch; /* steps */
    double drawn;       /* when the bar was drawn, in seconds of the monotonic clock */
    double metric;      /* last validation metric, or loss; NaN: none */
    const char *metric_name;
};

/* For a run of this job, whose data is loaded: chooses bar or lines by the terminal and the log
 * level, and clears the bar before warnings. */
void progress_start(struct progress_view *v, const struct job *job);

/* train_request.progress: arg is the view. */
void progress_show(void *arg, const struct progress *p);

/* Clears the bar. */
void progress_end(struct progress_view *v);

#endif
