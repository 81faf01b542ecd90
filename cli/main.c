/* main.c - diynn: finds the command, reads the options, says what went wrong. */
#include "cmd.h"
#include "options.h"
#include "ui.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/netfile.h"
#include "base/par.h"
#include "kernels/kernels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define X(n) extern const struct cmd cmd_##n;
#include "gen/commands.def"
#undef X

#define X(n) &cmd_##n,
const struct cmd *const cmd_registry[] = {
#include "gen/commands.def"
    NULL};
#undef X

#define COMMON(field) offsetof(struct common, field)
const struct cmd_opt common_opts[] = {
    {"help", 'h', NULL, "what this command does, and its options", CMD_FLAG, COMMON(help), 0, 0},
    {"version", 0, NULL, "the version", CMD_FLAG, COMMON(version), 0, 0},
    {"quiet", 'q', NULL, "errors only: no progress, no warnings", CMD_FLAG, COMMON(quiet), 0, 0},
    {"verbose", 'v', NULL, "more words", CMD_FLAG, COMMON(verbose), 0, 0},
    {"threads", 0, "N", "threads; any number gives the same bits (default: all processors)",
     CMD_INT, COMMON(threads), 1, PAR_MAX},
    {"isa", 0, "NAME", "instruction set of the kernels (default: the best; or DIYNN_ISA)", CMD_TEXT,
     COMMON(isa), 0, 0},
    {"json", 0, NULL, "results as JSON on standard output", CMD_FLAG, COMMON(json), 0, 0},
    {"no-color", 0, NULL, "no colours (also: NO_COLOR set)", CMD_FLAG, COMMON(no_color), 0, 0},
    {.name = NULL}};

const struct cmd *cmd_find(const char *name)
{
    for (int i = 0; cmd_registry[i]; i++)
        if (!strcmp(cmd_registry[i]->name, name))
            return cmd_registry[i];
    return NULL;
}

static int unknown_command(const char *word, struct err *e)
{
    static const char *const names[] = {
#define X(name) #name,
#include "gen/commands.def"
#undef X
        NULL};
    const char *near = netfile_nearest(word, names);
    if (near)
        return err_set(e, ERR_USAGE, "unknown command '%s'; did you mean '%s'?", word, near);
    return err_set(e, ERR_USAGE, "unknown command '%s' (diynn help lists them)", word);
}

/* Whether the instruction set can be had; the list of those that can goes into the message. */
static int check_isa(const char *isa, const char *source, struct err *e)
{
    if (!isa || kernels_get(isa))
        return 0;
    char list[128] = "auto";
    for (int i = 0; kernels_names[i]; i++) {
        size_t n = strlen(list);
        if (kernels_supported(kernels_names[i]))
            snprintf(list + n, sizeof list - n, ", %s", kernels_names[i]);
    }
    return err_set(e, ERR_USAGE, "%s %s: no such instruction set here; there are: %s", source, isa,
                   list);
}

/* What the options and the environment say for all commands. */
static int apply_common(struct common *c, struct err *e)
{
    ui_init(c->no_color);
    log_set_level(c->quiet ? LOG_QUIET : c->verbose ? LOG_VERBOSE : LOG_NORMAL);
    const char *fuse = getenv("DIYNN_FUSE"), *isa = getenv("DIYNN_ISA");
    const char *adapt = getenv("DIYNN_ADAPT");
    c->fuse = !fuse || strcmp(fuse, "0") != 0;
    c->all_threads = adapt && strcmp(adapt, "0") == 0;
    par_set_default(c->threads);
    if (c->isa)
        return check_isa(c->isa, "--isa", e);
    if (isa && *isa)
        c->isa = isa;
    return check_isa(c->isa, "DIYNN_ISA", e);
}

static int check_operands(const struct cmd *cmd, const struct call *c, struct err *e)
{
    if (c->n_args < cmd->min_args)
        return err_set(e, ERR_USAGE, "%s needs %s: diynn %s %s", cmd->name, cmd->missing, cmd->name,
                       cmd->args);
    if (c->n_args > cmd->max_args)
        return err_set(e, ERR_USAGE, "%s takes no '%s': diynn %s %s", cmd->name,
                       c->args[cmd->max_args], cmd->name, cmd->args);
    return 0;
}

/* Options and operands behind the command's name, then the command itself. */
static int run_command(const struct cmd *cmd, struct call *c, int argc, char **argv, struct err *e)
{
    int rest = 0, rc = -1;
    c->conf = mem_alloc(1, cmd->conf_size, e);
    if (!c->conf)
        return -1;
    const struct options_target targets[] = {{common_opts, &c->common}, {cmd->options, c->conf}};
    if (options_read(argc, argv, targets, 2, false, &rest, e) || apply_common(&c->common, e))
        goto out;
    c->args = argv + rest;
    c->n_args = argc - rest;
    if (c->common.help) {
        cmd_usage(cmd);
        rc = 0;
        goto out;
    }
    if (check_operands(cmd, c, e))
        goto out;
    rc = cmd->run(c, e);
out:
    options_free(&targets[1]);
    mem_free(c->conf);
    return rc;
}

static int dispatch(struct call *c, int argc, char **argv, struct err *e)
{
    int rest = 0;
    const struct options_target common = {common_opts, &c->common};
    if (options_read(argc, argv, &common, 1, true, &rest, e) || apply_common(&c->common, e))
        return -1;
    if (c->common.version) {
        printf("diynn %s\n", DIYNN_VERSION);
        return 0;
    }
    const char *word = rest < argc ? argv[rest] : c->common.help ? "help" : NULL;
    if (!word)
        return err_set(e, ERR_USAGE, "a command is missing; diynn help lists them");
    const struct cmd *cmd = cmd_find(word);
    if (!cmd)
        return unknown_command(word, e);
    if (rest == argc) { /* diynn --help */
        c->common.help = false;
        rest--;
    }
    return run_command(cmd, c, argc - rest, argv + rest, e);
}

/* A file opened later must not become standard output because that was closed. */
static void fill_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            if (open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0)
                _exit(ERR_INTERNAL);
}

/* What was printed may still be in memory: only now is it known to have arrived. */
static void close_output(struct err *e)
{
    bool failed = ferror(stdout) != 0;
    if (fclose(stdout))
        err_errno(e, ERR_INTERNAL, "cannot write standard output");
    else if (failed)
        err_set(e, ERR_INTERNAL, "cannot write standard output");
}

int main(int argc, char **argv)
{
    struct call c = {.program = argc > 0 ? argv[0] : "diynn"};
    struct err e = {0};
    fill_standard_streams();
    ui_init(false);
    dispatch(&c, argc, argv, &e);
    close_output(&e);
    if (c.diag.total > 0)
        ui_diag(&c.diag);
    else if (e.kind && e.msg[0])
        ui_error(&e);
    return (int)e.kind;
}
