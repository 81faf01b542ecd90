/* options.h - a command line read by option tables. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cmd.h"

#define OPTIONS_TABLES 2

/* A table and the struct that it fills. */
struct options_target {
    const struct cmd_opt *table; /* NULL: empty */
    void *conf;
};

/* Reads the options among argv[1] .. argv[argc-1] into the targets, as getopt_long does; operands
 * are moved behind them. *rest is the number of the first operand. With `stop_early` the first
 * operand ends the options. ERR_USAGE with a suggestion. Not thread-safe. */
int options_read(int argc, char **argv, const struct options_target *targets, int n_targets,
                 bool stop_early, int *rest, struct err *e);

/* Frees the lists. */
void options_free(const struct options_target *target);

#endif
