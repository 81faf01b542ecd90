/* trainer.c - a run from its folder to its last checkpoint. */
#include "train/trainer.h"

#include "base/log.h"
#include "base/mem.h"
#include "train/loop.h"
#include "train/resume.h"
#include "train/warm.h"
#include "train/whiten.h"

#include <string.h>
#include <unistd.h>

#define EVAL_BATCH 64 /* evaluation passes are at least so large */

static int check_request(const struct train_request *r, struct err *e)
{
    const struct net *net = r->job->net;
    bool trained = false;
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            trained |=
                net->layers[i].params[j].kind == PARAM_TRAINED && !net->layers[i].params[j].frozen;
    if (!trained)
        return err_set(e, ERR_NET, "%s: nothing to train: no layer has parameters that may change",
                       r->job->nf->path);
    if (r->job->samples.train.n == 0)
        return err_set(e, ERR_DATA, "%s: the training part is empty", r->job->nf->path);
    return 0;
}

static int allocate(struct loop *lp, const struct kernels *k, struct err *e)
{
    struct job *job = lp->job;
    const struct data *d = &job->samples;
    uint32_t batch = job_chunk(job), most = d->val.n > d->test.n ? d->val.n : d->test.n;
    if (batch < EVAL_BATCH && most > batch)
        batch = most < EVAL_BATCH ? most : EVAL_BATCH;
    const struct net_plan plan = {.batch = (int)batch,
                                  .train = true,
                                  .slots = optim_slots(&job->optim),
                                  .fuse = lp->req->fuse,
                                  .loss_act = job_loss_act(job)};
    lp->total = job_steps(job);
    lp->per_epoch = job_steps_per_epoch(job);
    lp->order = mem_alloc(d->train.n, sizeof *lp->order, e);
    if (!lp->order || net_allocate(job->net, &plan, lp->team, k, e) ||
        optim_allocate(&job->optim, job->net, e))
        return -1;
    return feed_new(&lp->feed, job, team_size(lp->team), e) ||
                   feed_augment(&lp->feed, team_size(lp->team), e)
               ? -1
               : 0;
}

/* Weights and position: from the checkpoint, or from the start. */
static int begin(struct loop *lp, const struct checkpoint *c, struct err *e)
{
    if (!c) {
        if (net_init(lp->job->net, lp->job->train.seed, e) || whiten_init(lp->job, e))
            return -1;
        return lp->req->init ? warm_start(lp->job, lp->req->init, e) : 0;
    }
    lp->at = c->at;
    return checkpoint_load(c, lp->job, true, e);
}

/* Opens what is written while training, if anything is. */
static int open_outputs(struct loop *lp, bool resumed, struct err *e)
{
    struct text t = {0};
    if (!lp->req->dir)
        return 0;
    if (job_write(lp->job, &t, e) == 0)
        lp->log = runlog_open(lp->req->dir, !resumed, lp->at.step, e);
    struct blob net = {t.s, t.n};
    if (lp->log)
        lp->saver = saver_open(lp->req->dir, lp->log, &net, e);
    blob_free(&net);
    return lp->saver ? 0 : -1;
}

static int train(struct loop *lp, struct err *e)
{
    loop_shuffle(lp);
    lp->started = lp->mark = lp->saved = loop_clock();
    team_run(lp->team, loop_run, lp);
    struct err saving = {0};
    if (lp->saver)
        saver_wait(lp->saver, &saving);
    if (lp->err.kind || saving.kind)
        return *e = lp->err.kind ? lp->err : saving, -1;
    if (lp->diverged)
        return loop_explain(lp, e), -1;
    if (lp->interrupted && !lp->req->dir)
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    if (lp->interrupted)
        return err_set(e, ERR_INTERRUPTED,
                       "interrupted; %s/last.safetensors is written, --resume "
                       "goes on from there",
                       lp->req->dir);
    return 0;
}

static void report(const struct loop *lp, struct train_result *result)
{
    *result = (struct train_result){.epoch = lp->at.epoch,
                                    .step = lp->at.step,
                                    .stopped = lp->at.stopped,
                                    .has_best = lp->at.best_step > 0,
                                    .best_epoch = lp->at.best_epoch,
                                    .best_value = lp->at.best_value,
                                    .last = lp->last_row,
                                    .seconds = loop_clock() - lp->started};
}

static void close_loop(struct loop *lp)
{
    saver_close(lp->saver);
    runlog_close(lp->log);
    feed_free(&lp->feed);
    blob_free(&lp->base);
    blob_free(&lp->best);
    mem_free(lp->order);
    team_free(lp->team);
}

/* A run whose last checkpoint stands at its end. */
static bool finished(const struct train_request *r, const struct checkpoint *c,
                     struct train_result *result)
{
    if (c->at.step != job_steps(r->job) && !c->at.stopped)
        return false;
    *result = (struct train_result){.already_finished = true,
                                    .stopped = c->at.stopped,
                                    .epoch = c->at.epoch,
                                    .step = c->at.step,
                                    .has_best = c->at.best_step > 0,
                                    .best_epoch = c->at.best_epoch,
                                    .best_value = c->at.best_value};
    return true;
}

/* The run in a folder that is locked. */
static int run(const struct train_request *r, const struct kernels *k, struct train_result *result,
               struct err *e)
{
    struct loop lp = {.req = r, .job = r->job};
    struct checkpoint c = {0};
    int code = -1, found = r->dir && r->resume ? resume_open(r, &c, e) : 0;
    if (found < 0)
        return -1;
    if (found && finished(r, &c, result)) {
        checkpoint_free(&c);
        return 0;
    }
    lp.team = team_new(r->threads ? r->threads : par_default(), e);
    if (!lp.team || allocate(&lp, k, e) || begin(&lp, found ? &c : NULL, e))
        goto out;
    if (found && strcmp(c.arithmetic, checkpoint_arithmetic(k)) != 0)
        log_warn("%s was trained with %s multiply-add, this machine goes on with %s: the result "
                 "will differ in its last bits",
                 r->dir, c.arithmetic, checkpoint_arithmetic(k));
    checkpoint_free(&c);
    if (open_outputs(&lp, found, e) || loop_snapshot(&lp, e) || train(&lp, e))
        goto out;
    code = 0;
out:
    if (code == 0 || e->kind == ERR_INTERRUPTED)
        report(&lp, result);
    checkpoint_free(&c);
    close_loop(&lp);
    return code;
}

int train_run(const struct train_request *r, struct train_result *result, struct err *e)
{
    const struct kernels *k = kernels_get(r->isa);
    int lock = -1, code = -1;
    *result = (struct train_result){0};
    if (!k)
        return err_set(e, ERR_USAGE, "instruction set '%s' is not one of this machine's", r->isa);
    if (check_request(r, e) == 0 && (!r->dir || resume_folder(r, &lock, e) == 0))
        code = run(r, k, result, e);
    if (lock >= 0)
        close(lock);
    return code;
}
