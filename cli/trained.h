/* trained.h - a trained net opened for use: what eval, predict and features share. */
#ifndef TRAINED_H
#define TRAINED_H

#include "cmd.h"

#include "train/evaluate.h"

#define TRAINED_FORMAT_OPTION(conf, field)                                                         \
    {                                                                                              \
        "format", 0, "NAME", "format of the data file (default: by name and content)", CMD_TEXT,   \
            offsetof(conf, field), 0, 0                                                            \
    }

struct trained {
    char *path; /* of the checkpoint */
    struct checkpoint point;
    struct job job;
    struct team *team;
    struct part part; /* of the job's data: what the net is used on */
    const char *part_name;
};

/* Reads the checkpoint of a run's folder (the best if there is one), or the file itself, and with
 * load_data what its network file names. trained_free in either case. */
int trained_open(struct trained *t, const char *run_or_file, bool load_data, struct err *e);

/* Takes the part of that name; NULL: test if there is one, else validation, else train. */
int trained_choose(struct trained *t, const char *split, struct err *e);

/* Takes a file, or "-" for standard input; format, labels NULL: by its name (and content). */
int trained_read(struct trained *t, const char *path, const char *format, const char *labels,
                 bool need_targets, struct err *e);

/* Makes the net ready to run, as the options of the call say. */
int trained_prepare(struct trained *t, const struct call *c, enum evaluate_plan how, struct err *e);

/* Name of class i; out has 64 bytes and is returned. */
const char *trained_class(const struct trained *t, int i, char *out);

void trained_free(struct trained *t);

#endif
