/* trained.c - opens trained nets. */
#include "trained.h"

#include "base/mem.h"

#include <string.h>

int trained_open(struct trained *t, const char *run_or_file, bool load_data, struct err *e)
{
    *t = (struct trained){.path = checkpoint_find(run_or_file, e)};
    if (!t->path || checkpoint_read(&t->point, t->path, e))
        return -1;
    return checkpoint_job(&t->point, &t->job, load_data, e);
}

int trained_choose(struct trained *t, const char *split, struct err *e)
{
    const struct data *d = &t->job.samples;
    const struct {
        const char *name;
        const struct part *part;
    } parts[] = {{"test", &d->test}, {"validation", &d->val}, {"train", &d->train}};
    const char *const names[] = {"test", "validation", "train", NULL};
    bool known = false;
    for (int i = 0; i < 3; i++) {
        bool there = parts[i].part->of && parts[i].part->n > 0;
        known |= split && !strcmp(split, parts[i].name);
        if (!there || (split && strcmp(split, parts[i].name) != 0))
            continue;
        t->part = *parts[i].part;
        t->part_name = parts[i].name;
        return 0;
    }
    if (known)
        return err_set(e, ERR_USAGE, "--split %s: the net's data has no such part", split);
    const char *near = netfile_nearest(split, names);
    return err_set(e, ERR_USAGE, "--split %s: must be train, validation or test%s%s%s", split,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int trained_read(struct trained *t, const char *path, const char *format, const char *labels,
                 bool need_targets, struct err *e)
{
    const struct evaluate_source from = {path, format ? format : "", labels ? labels : "",
                                         need_targets};
    if (format && !data_find_format(format))
        return err_set(e, ERR_USAGE, "--format %s: unknown (diynn help formats lists them)",
                       format);
    if (evaluate_file(&t->job, &t->point, &from, e))
        return -1;
    t->part = t->job.samples.test;
    t->part_name = path;
    return 0;
}

int trained_prepare(struct trained *t, const struct call *c, enum evaluate_plan how, struct err *e)
{
    if (how == EVALUATE_FUSED && !c->common.fuse)
        how = EVALUATE_UNFUSED;
    t->team = team_new(c->common.threads ? c->common.threads : par_default(), e);
    return t->team
               ? evaluate_prepare(&t->job, &t->point, how, t->team, kernels_get(c->common.isa), e)
               : -1;
}

const char *trained_class(const struct trained *t, int i, char *out)
{
    checkpoint_class_name(&t->point, i, out);
    err_clean(out);
    return out;
}

void trained_free(struct trained *t)
{
    job_free(&t->job);
    team_free(t->team);
    checkpoint_free(&t->point);
    mem_free(t->path);
}
