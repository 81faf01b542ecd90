/* cmd.h - what a command is. THE interface of cli/: a command is one file cli/cmd_NAME.c, which
 * exports one `const struct cmd cmd_NAME`; the build lists it by its file name. */
#ifndef CMD_H
#define CMD_H

#include "base/diag.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Repeatable option: the arguments in the order of the command line, which owns the words. */
struct cmd_list {
    const char **v;
    size_t n, cap;
};

enum cmd_kind {
    CMD_FLAG, /* bool, no argument */
    CMD_TEXT, /* const char *; NULL: not given */
    CMD_INT,  /* int from min to max; 0: not given */
    CMD_REAL, /* double from 0 (not itself) to max; 0: not given */
    CMD_LIST  /* struct cmd_list */
};

/* A row of an option table; the last one has the name NULL. */
struct cmd_opt {
    const char *name;
    char letter;     /* '\0': none */
    const char *arg; /* what help calls the argument; NULL for flags */
    const char *help;
    enum cmd_kind kind;
    size_t offset; /* in the conf struct: offsetof */
    int min, max;  /* CMD_INT, CMD_REAL */
};

/* Options that every command has. */
struct common {
    bool help, version, quiet, verbose, json, no_color;
    int threads;      /* 0: as many as the machine runs */
    const char *isa;  /* NULL: the best of this CPU; from --isa or DIYNN_ISA */
    bool fuse;        /* false: DIYNN_FUSE=0 */
    bool all_threads; /* DIYNN_ADAPT=0 */
};
extern const struct cmd_opt common_opts[];

/* One call of a command. */
struct call {
    const char *program; /* argv[0] */
    struct common common;
    void *conf;  /* the command's own options, conf_size bytes */
    char **args; /* operands */
    int n_args;
    /* Problems of a network file. Where there are any, they are printed, and the text of the error
     * that comes with them is not. */
    struct diag diag;
};

struct cmd {
    const char *name;
    const char *args; /* operands as the usage line shows them: "NET" */
    const char *help; /* one line */
    const char *more; /* paragraphs for `diynn NAME --help`, parted by newlines; may be NULL */
    int min_args, max_args;
    const char *missing; /* what the first operand is, where one is needed: "a network file" */
    const struct cmd_opt *options; /* NULL: none of its own */
    size_t conf_size;
    /* 0, or -1 with the error, whose kind is the exit code. An error without words (kind set, text
     * empty) ends the program silently: the command has said all itself. */
    int (*run)(struct call *c, struct err *e);
};

/* All commands, sorted by name, NULL-terminated; and one by name, or NULL. */
extern const struct cmd *const cmd_registry[];
const struct cmd *cmd_find(const char *name);

/* `diynn NAME --help`, on stdout. */
void cmd_usage(const struct cmd *cmd);

#endif
