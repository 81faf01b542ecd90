/* cmd_train.c - diynn train: the main job. */
#include "cmd.h"
#include "progress.h"
#include "ui.h"
#include "work.h"

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

#include <math.h>
#include <signal.h>
#include <string.h>

struct conf {
    struct cmd_list set;
    const char *seed, *dir, *init;
    bool resume, force;
};

static const struct cmd_opt options[] = {
    WORK_SET_OPTION(struct conf, set),
    {"seed", 's', "N", "seed of weights, order and dropout (= --set train.seed=N)", CMD_TEXT,
     offsetof(struct conf, seed), 0, 0},
    {"output", 'o', "DIR", "the run's folder (default: runs/NAME of the network file)", CMD_TEXT,
     offsetof(struct conf, dir), 0, 0},
    {"resume", 'r', NULL, "go on where the run in the folder stands", CMD_FLAG,
     offsetof(struct conf, resume), 0, 0},
    {"force", 'f', NULL, "start anew, overwriting the run in the folder", CMD_FLAG,
     offsetof(struct conf, force), 0, 0},
    {"init", 'i', "FILE", "start from the weights of this checkpoint, as far as they fit", CMD_TEXT,
     offsetof(struct conf, init), 0, 0},
    {.name = NULL}};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    (void)signal;
    stop = 1;
}

/* The first signal asks for an end; SA_RESETHAND lets the second of its kind kill. A hangup counts
 * unless nohup has it ignored; SIGINT counts even where a script's '&' has it ignored, for then
 * only `kill -INT` sends it. A closed pipe must not end a run. */
static void catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART}, old;
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    if (!sigaction(SIGHUP, NULL, &old) && old.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* "nets/usps_mlp.ini" -> "runs/usps_mlp" */
static char *default_dir(const char *net, struct err *e)
{
    const char *slash = strrchr(net, '/'), *base = slash ? slash + 1 : net;
    size_t n = strlen(base);
    if (n > 4 && !strcmp(base + n - 4, ".ini"))
        n -= 4;
    return mem_printf(e, "runs/%.*s", (int)n, base);
}

static void say_next(const char *dir, const struct train_result *r)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/best.safetensors", dir);
    log_info("  files       %s: net.ini log.csv last.safetensors%s", dir,
             io_exists(path) ? " best.safetensors" : "");
    if (!r->already_finished)
        log_info("  next        diynn eval %s", dir);
}

static void say_result(const struct job *job, const char *dir, const struct train_result *r)
{
    char a[UI_TEXT], b[UI_TEXT];
    const struct runlog_row *l = &r->last;
    if (r->already_finished) {
        log_info("%s is finished: %llu epochs, %llu steps; nothing to do", dir,
                 (unsigned long long)r->epoch, (unsigned long long)r->step);
        say_next(dir, r);
        return;
    }
    log_info("%s: %llu epochs, %llu steps in %s", r->stopped ? "stopped early" : "done",
             (unsigned long long)r->epoch, (unsigned long long)r->step, ui_duration(r->seconds, a));
    if (!isnan(l->train_loss))
        log_info("  train       loss %s  %s%s", ui_number(l->train_loss, a),
                 isnan(l->train_metric) ? "" : "accuracy ",
                 isnan(l->train_metric) ? "" : ui_number(l->train_metric, b));
    if (r->has_best)
        log_info("  validation  best %s %s in epoch %llu",
                 work_best_is_accuracy(job) ? "accuracy" : "loss", ui_number(r->best_value, a),
                 (unsigned long long)r->best_epoch);
    say_next(dir, r);
}

/* That it was interrupted, and the command that goes on with it: all there is to say. */
static int say_interrupted(const struct call *c, const char *dir, struct err *e)
{
    ui_error(e);
    e->msg[0] = '\0';
    const struct conf *o = c->conf;
    struct text t = {0};
    int rc = text_add(&t, e, "to go on: diynn train %s", c->args[0]);
    for (size_t i = 0; rc == 0 && i < o->set.n; i++)
        rc = text_add(&t, e, " --set %s", o->set.v[i]);
    if (rc == 0 && o->dir)
        rc = text_add(&t, e, " -o %s", dir);
    if (rc == 0)
        log_info("%s --resume", t.s);
    mem_free(t.s);
    return rc;
}

static int run(struct call *c, struct err *e)
{
    struct conf *o = c->conf;
    struct job job = {0};
    struct train_result result = {0};
    struct progress_view view;
    char *seed = NULL, *dir = NULL;
    int rc = -1;
    if (o->resume && o->force)
        return err_set(e, ERR_USAGE, "--resume and --force exclude each other");
    if (o->seed && !(seed = mem_printf(e, "train.seed=%s", o->seed)))
        goto out;
    if (seed) {
        if (mem_grow(&o->set.v, &o->set.cap, o->set.n + 1, sizeof *o->set.v, e))
            goto out;
        o->set.v[o->set.n++] = seed;
    }
    dir = o->dir ? mem_strdup(o->dir, e) : default_dir(c->args[0], e);
    if (!dir)
        goto out;
    catch_signals();
    const struct job_source source = {
        .path = c->args[0], .sets = o->set.v, .n_sets = (int)o->set.n, .load_data = true};
    if (job_open(&job, &source, &c->diag, e))
        goto out;
    progress_start(&view, &job);
    const struct train_request request = {
        .job = &job,
        .dir = dir,
        .resume = o->resume,
        .force = o->force,
        .init = o->init,
        .threads = c->common.threads,
        .isa = c->common.isa,
        .fuse = c->common.fuse,
        .all_threads = c->common.all_threads,
        .progress = progress_show,
        .arg = &view,
        .stop = &stop,
    };
    rc = train_run(&request, &result, e);
    progress_end(&view);
    if (rc == 0)
        say_result(&job, dir, &result);
    else if (e->kind == ERR_INTERRUPTED)
        say_interrupted(c, dir, e);
out:
    job_free(&job);
    mem_free(dir);
    mem_free(seed);
    return rc;
}

const struct cmd cmd_train = {
    .name = "train",
    .args = "NET",
    .help = "train the network that a file describes",
    .more = "Writes net.ini (the file with all defaults filled in), log.csv, last.safetensors and, "
            "where there is validation, best.safetensors into the run's folder. Ctrl-C finishes "
            "the step, saves and ends; --resume goes on from there with the same bits as if "
            "nothing had happened.",
    .min_args = 1,
    .max_args = 1,
    .missing = "a network file",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
