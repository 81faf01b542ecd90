/* loop.h - the steps of a run, executed by a team. Private to train/. */
#ifndef TRAIN_LOOP_H
#define TRAIN_LOOP_H

#include "train/checkpoint.h"
#include "train/feed.h"
#include "train/saver.h"
#include "train/trainer.h"
#include "train/tuner.h"

struct loop {
    const struct train_request *req;
    struct job *job;
    struct team *team;
    struct feed feed;
    struct runlog *log;
    struct saver *saver;
    uint32_t *order;           /* of the training part, in this epoch */
    uint64_t total, per_epoch; /* steps */
    struct position at;
    struct metrics batch; /* of the step under way */
    double lr;            /* of the last step */

    struct blob base; /* a snapshot: what `last` is or will be, and where a replay starts */
    struct blob best; /* made, not yet given to the saver */

    /* Thread 0 decides in loop_advance what happens after the step; all read it behind a barrier.
     */
    bool pause, row, evaluate, epoch_end, save, done;
    bool due; /* evaluated by plan, not because the run ends here */
    bool cut; /* a plateau lowered the rate: a replay must not cross this, so save now */
    bool diverged, interrupted, leaving;
    struct metrics train, val, test; /* of the last evaluation */
    struct err err;

    /* clocks, in seconds */
    struct tuner tuner;
    double mark;     /* since then this stretch of training runs */
    double paused;   /* when the last pause began */
    double row_time; /* training since the last row, before mark */
    uint64_t row_samples;
    double saved, shown, started;
    double save_took; /* making the last checkpoint */
    struct runlog_row last_row;
};

double loop_clock(void);

/* The order of the samples in the epoch that lp->at stands in. */
void loop_shuffle(struct loop *lp);

/* One step by all threads of lp->team: forward, backward, update. No barrier behind it. */
void loop_step(struct loop *lp, int tid, int nt);

/* Steps until lp->done: for team_run, arg is the loop. */
void loop_run(void *lp, int tid, int nt);

/* Makes lp->base the snapshot of now. The saver must be idle. */
int loop_snapshot(struct loop *lp, struct err *e);

/* After lp->diverged: replays from lp->base on one thread with a check behind every layer and says
 * in *e (ERR_DIVERGED) where the first value that is not finite came up. */
void loop_explain(struct loop *lp, struct err *e);

#endif
