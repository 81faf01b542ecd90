/* work.h - what several commands do with network files and checkpoints. */
#ifndef WORK_H
#define WORK_H

#include "cmd.h"

#include "train/checkpoint.h"

#define WORK_SET_OPTION(conf, field)                                                               \
    {                                                                                              \
        "set", 0, "KEY=VALUE",                                                                     \
            "set a key of the file (train.epochs=5, hidden.units=50); repeatable", CMD_LIST,       \
            offsetof(conf, field), 0, 0                                                            \
    }

/* Opens a network file for looking at it: where it states shape and classes no data is read.
 * Problems go to c->diag. job_free in either case. */
int work_open_net(struct job *job, const char *path, const struct cmd_list *sets, struct call *c,
                  struct err *e);

/* Whether `best` means the highest accuracy (otherwise the lowest loss). */
bool work_best_is_accuracy(const struct job *job);

/* Whether the path is a checkpoint (NAME.safetensors) or a run's folder. */
bool work_is_trained(const char *path);

#endif
