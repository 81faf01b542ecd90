/* runlog.h - log.csv: one row an evaluation, written to the disk before the checkpoint that follows
 * from it. All columns but the last two (seconds, samples_per_s) are the same in every run. */
#ifndef TRAIN_RUNLOG_H
#define TRAIN_RUNLOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* NaN: not measured (an empty field). `metric` is accuracy, or empty for values. Numbers are
 * written as the shortest decimals that read back as the same bits. */
struct runlog_row {
    uint64_t epoch, step; /* done */
    double lr;
    double train_loss, train_metric, val_loss, val_metric, test_loss, test_metric;
    double seconds, samples_per_s; /* of training since the row before, of this process */
};

struct runlog;

/* Opens DIR/log.csv. Fresh: truncates it and writes the header. Otherwise drops rows past `step`
 * and a torn last line, and goes on behind them (a missing file starts anew). ERR_INTERNAL: cannot
 * be written; ERR_DATA: not a log of ours, which is then left as it is. Free with runlog_close. */
struct runlog *runlog_open(const char *dir, bool fresh, uint64_t step, struct err *e);
int runlog_add(struct runlog *l, const struct runlog_row *row, struct err *e); /* one write call */
int runlog_sync(struct runlog *l, struct err *e);                              /* fsync */
void runlog_close(struct runlog *l);

#endif
