/* cmd_check.c - diynn check: are the file and its gradients right? The program in float hands over
 * to diynn-check, the same sources in double precision, where the differences mean something. */
#include "cmd.h"
#include "work.h"

#ifdef REAL_DOUBLE
#include "table.h"
#include "train/gradcheck.h"
#include "ui.h"
#else
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#endif

struct conf {
    struct cmd_list set;
    int seed;
};

static const struct cmd_opt options[] = {
    WORK_SET_OPTION(struct conf, set),
    {"seed", 's', "N", "seed of the random weights, inputs and targets (default: 1)", CMD_INT,
     offsetof(struct conf, seed), 1, 1000000000},
    {.name = NULL}};

#ifdef REAL_DOUBLE

static int print_json(const struct gradcheck *g, struct err *e)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < g->n; i++) {
        const struct gradcheck_row *r = &g->rows[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:I, s:o, s:b}", "part", r->part,
                                              "tensor", r->tensor, "size", (json_int_t)r->size,
                                              "checked", (json_int_t)r->checked, "error",
                                              ui_json_real(r->error), "ok", r->ok));
    }
    return ui_json_print(json_pack("{s:o, s:f, s:b}", "tensors", rows, "limit", GRADCHECK_LIMIT,
                                   "ok", g->wrong == 0),
                         e);
}

static int print_table(const struct gradcheck *g, struct err *e)
{
    struct table t = {.align = "llrrl"};
    int rc = table_row(&t, e, "layer\ttensor\tchecked\tworst error\t");
    for (size_t i = 0; rc == 0 && i < g->n; i++) {
        const struct gradcheck_row *r = &g->rows[i];
        rc = table_row(&t, e, "%s\t%s\t%zu of %zu\t%.1e\t%s", r->part, r->tensor, r->checked,
                       r->size, r->error, r->ok ? "ok" : "WRONG");
    }
    if (rc == 0) {
        table_print(&t, stdout);
        printf("%zu tensors, %zu wrong (limit %g)\n", g->n, g->wrong, GRADCHECK_LIMIT);
    }
    table_free(&t);
    return rc;
}

static int run(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct job job = {0};
    struct gradcheck g = {0};
    int rc = work_open_net(&job, c->args[0], &o->set, c, e);
    if (rc || (rc = gradcheck_run(&g, &job, (uint64_t)(o->seed ? o->seed : 1), e)))
        goto out;
    rc = c->common.json ? print_json(&g, e) : print_table(&g, e);
    if (rc == 0 && g.wrong > 0)
        rc = err_set(e, ERR_INTERNAL, "%zu of %zu gradients are wrong", g.wrong, g.n);
out:
    gradcheck_free(&g);
    job_free(&job);
    return rc;
}

#else

#define PROGRAM "diynn-check"

/* Replaces this program by FOLDER/diynn-check, if that is there. */
static void try_folder(const char *path, const char **argv)
{
    char program[PATH_MAX + sizeof PROGRAM + 1];
    const char *slash = strrchr(path, '/');
    if (!slash)
        return;
    snprintf(program, sizeof program, "%.*s/%s", (int)(slash - path), path, PROGRAM);
    execv(program, (char *const *)argv);
}

/* Beside the name by which this program was called, beside its file, along PATH. */
static int hand_over(const char *self, const char **argv, struct err *e)
{
    char file[PATH_MAX];
    try_folder(self, argv);
    ssize_t n = readlink("/proc/self/exe", file, sizeof file - 1);
    if (n > 0) {
        file[n] = '\0';
        try_folder(file, argv);
    }
    execvp(PROGRAM, (char *const *)argv);
    if (errno != ENOENT)
        return err_errno(e, ERR_INTERNAL, "cannot run %s", PROGRAM);
    return err_set(e, ERR_INTERNAL,
                   "cannot find %s, the program in double precision that checks gradients: "
                   "`make` builds it beside diynn",
                   PROGRAM);
}

/* The command line that diynn-check gets. */
static int run(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    char seed[16];
    size_t n = 0;
    const char **argv = mem_alloc(2 * o->set.n + 16, sizeof *argv, e);
    if (!argv)
        return -1;
    argv[n++] = PROGRAM;
    argv[n++] = "check";
    for (size_t i = 0; i < o->set.n; i++) {
        argv[n++] = "--set";
        argv[n++] = o->set.v[i];
    }
    if (o->seed) {
        snprintf(seed, sizeof seed, "%d", o->seed);
        argv[n++] = "--seed";
        argv[n++] = seed;
    }
    if (c->common.json)
        argv[n++] = "--json";
    if (c->common.quiet)
        argv[n++] = "--quiet";
    if (c->common.verbose)
        argv[n++] = "--verbose";
    if (c->common.no_color)
        argv[n++] = "--no-color";
    argv[n++] = "--";
    argv[n++] = c->args[0];
    fflush(stdout);
    unsetenv("DIYNN_ISA"); /* the double build has the reference only */
    int rc = hand_over(c->program, argv, e);
    mem_free(argv);
    return rc;
}

#endif

const struct cmd cmd_check = {
    .name = "check",
    .args = "NET",
    .help = "check a network file, and every gradient against differences",
    .more = "Reads the file, builds the net and compares what backward computes with central "
            "differences of forward, in double precision: every layer alone, the loss alone, and "
            "the whole net, on random numbers. The exit code is 0 if all agree to 1e-6 and 1 "
            "otherwise. Files that state shape and classes are checked without their data.",
    .min_args = 1,
    .max_args = 1,
    .missing = "a network file",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
