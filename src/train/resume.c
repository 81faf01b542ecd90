/* resume.c - run folders, and what may go on. */
#include "train/resume.h"

#include "base/log.h"
#include "base/mem.h"
#include "train/checkpoint_names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *const run_files[] = {"net.ini", "log.csv", "best.safetensors",
                                        "last.safetensors"};
#define RUN_FILES (sizeof run_files / sizeof *run_files)

/* Whether DIR/prefix NAME suffix exists; it is removed if `drop`. -1: out of memory. */
static int look(const char *dir, const char *prefix, const char *name, const char *suffix,
                bool drop, struct err *e)
{
    char *path = mem_printf(e, "%s/%s%s%s", dir, prefix, name, suffix);
    if (!path)
        return -1;
    int there = io_exists(path);
    if (there && drop && unlink(path))
        there = err_errno(e, ERR_INTERNAL, "cannot remove %s", path);
    mem_free(path);
    return there;
}

/* Without waiting for the disk: that comes with the first checkpoint. */
static int prove_writable(const char *dir, struct err *e)
{
    char *path = mem_printf(e, "%s/.probe", dir);
    if (!path)
        return -1;
    unlink(path); /* one that a killed program left */
    int r = 0, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        r = err_errno(e, ERR_INTERNAL, "cannot create %s", path);
    else
        close(fd);
    unlink(path);
    mem_free(path);
    return r;
}

/* The lock is on the folder itself, so no file is left, and it goes with the process. */
static int lock_folder(const char *dir, int *lock, struct err *e)
{
    *lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock < 0)
        return err_errno(e, ERR_INTERNAL, "cannot open %s", dir);
    if (flock(*lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        return err_set(e, ERR_USAGE, "another process is training in %s", dir);
    return 0; /* a file system without locks is no reason to stop */
}

int resume_folder(const struct train_request *r, int *lock, struct err *e)
{
    *lock = -1;
    if (io_mkdirs(r->dir, e) || lock_folder(r->dir, lock, e) || prove_writable(r->dir, e))
        return -1;
    for (size_t i = 0; i < RUN_FILES; i++) {
        if (look(r->dir, ".", run_files[i], ".tmp", true, e) < 0)
            return -1;
        int there = look(r->dir, "", run_files[i], "", r->force && !r->resume, e);
        if (there < 0)
            return -1;
        if (there && !r->force && !r->resume)
            return err_set(e, ERR_USAGE,
                           "%s holds a run already; --resume goes on with it, --force begins anew, "
                           "-o DIR puts the new one elsewhere",
                           r->dir);
    }
    return 0;
}

/* ---- the same network file? ---- */

/* Names the first line in which two resolved files differ. */
static int say_difference(const char *dir, const char *old, const char *new, struct err *e)
{
    char section[64] = "";
    while (*old || *new) {
        size_t a = strcspn(old, "\n"), b = strcspn(new, "\n");
        if (a != b || memcmp(old, new, a) != 0)
            return err_set(e, ERR_DATA,
                           "%s was trained with another network file: under %s it had '%.*s', now "
                           "there is '%.*s'; only more epochs or steps can be asked of --resume",
                           dir, *section ? section : "the first line", a < 200 ? (int)a : 200, old,
                           b < 200 ? (int)b : 200, new);
        if (*old == '[')
            snprintf(section, sizeof section, "%.*s", (int)(a < 63 ? a : 63), old);
        old += a + (old[a] == '\n');
        new += b + (new[b] == '\n');
    }
    return 0;
}

/* The resolved file of r's job as it was if its length had been the old one's. */
static int same_net(const struct train_request *r, const struct checkpoint *c, struct err *e)
{
    struct job old;
    struct text was = {0}, now = {0}; /* by this version, which may have more keys */
    uint64_t epochs = r->job->train.epochs, steps = r->job->train.steps;
    int result = -1;
    if (checkpoint_job(c, &old, false, e)) {
        job_free(&old);
        return -1;
    }
    bool longer = epochs != old.train.epochs || steps != old.train.steps;
    r->job->train.epochs = old.train.epochs;
    r->job->train.steps = old.train.steps;
    if (job_write(&old, &was, e) == 0 && job_write(r->job, &now, e) == 0)
        result = strcmp(now.s, was.s) == 0 ? 0 : say_difference(r->dir, was.s, now.s, e);
    r->job->train.epochs = epochs;
    r->job->train.steps = steps;
    if (result == 0 && longer && schedule_uses_total(&r->job->schedule))
        result = err_set(e, ERR_DATA,
                         "%s: its schedule %s is made for the length it began with; it cannot be "
                         "made longer or shorter",
                         r->dir, schedule_types[r->job->schedule.type]);
    const struct optim_conf *o = &r->job->optim.common;
    if (result == 0 && longer && o->sam > 0 && o->sam_epochs > 0)
        result = err_set(e, ERR_DATA,
                         "%s: its sam_epochs are the last ones of the length it began with; it "
                         "cannot be made longer or shorter",
                         r->dir);
    if (result == 0 && job_steps(r->job) < c->at.step)
        result =
            err_set(e, ERR_DATA, "%s has done %" PRIu64 " steps already; %" PRIu64 " are asked for",
                    r->dir, c->at.step, job_steps(r->job));
    mem_free(was.s);
    mem_free(now.s);
    job_free(&old);
    return result;
}

/* A position that no run of this length and batch can have. */
static int check_position(const struct train_request *r, const struct checkpoint *c, struct err *e)
{
    const struct position *at = &c->at;
    uint64_t per_epoch = job_steps_per_epoch(r->job);
    if (at->step > job_steps(r->job) || at->epoch_step >= per_epoch || at->epoch > at->step ||
        at->step != at->epoch * per_epoch + at->epoch_step || at->best_step > at->step)
        return err_set(e, ERR_DATA,
                       "%s: its position is impossible: step %" PRIu64 " in epoch %" PRIu64,
                       c->path, at->step, at->epoch);
    return 0;
}

static int same_data(const struct train_request *r, const struct checkpoint *c, struct err *e)
{
    for (int i = 0; i < 3; i++) {
        const struct data_source *s = &r->job->samples.source[i];
        const char *was = safetensors_meta(&c->st, META_SOURCE(i));
        char now[40] = "";
        if (s->path)
            snprintf(now, sizeof now, "%" PRIu64 ":%08" PRIx32, s->size, s->crc);
        if (strcmp(was ? was : "", now) != 0)
            return err_set(e, ERR_DATA, "%s has changed since %s was trained", s->path, r->dir);
    }
    return 0;
}

int resume_open(const struct train_request *r, struct checkpoint *c, struct err *e)
{
    char *path = mem_printf(e, "%s/last.safetensors", r->dir);
    int result = -1;
    *c = (struct checkpoint){0};
    if (!path)
        return -1;
    if (!io_exists(path))
        result = 0;
    else if (checkpoint_read(c, path, e) == 0 && same_net(r, c, e) == 0 &&
             same_data(r, c, e) == 0 && check_position(r, c, e) == 0)
        result = 1;
    if (result < 0)
        checkpoint_free(c);
    mem_free(path);
    return result;
}
