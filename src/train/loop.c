/* loop.c - the training loop.
 *
 * All threads run loop_run. Between two barriers thread 0 alone moves the position forward and
 * decides what follows (loop_advance); what is rare - evaluation, a row of the log, a checkpoint -
 * happens in a pause, so that the common step pays for nothing but its own barriers. */
#include "train/loop.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <time.h>

#define SHOW_EVERY 0.1  /* seconds between calls of progress */
#define SAVE_SHARE 0.01 /* of the time that making checkpoints may take, */
#define SAVE_MOST  60   /* but where it took long once, no more is at stake than so many seconds */

double loop_clock(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

void loop_shuffle(struct loop *lp)
{
    uint32_t n = lp->job->samples.train.n;
    for (uint32_t i = 0; i < n; i++)
        lp->order[i] = i;
    if (!lp->job->train.shuffle)
        return;
    struct rng r = rng_stream(lp->job->train.seed, "shuffle", "", lp->at.epoch);
    rng_shuffle(&r, lp->order, n);
}

static struct schedule_at schedule_place(const struct loop *lp)
{
    return (struct schedule_at){.step = lp->at.step,
                                .per_epoch = lp->per_epoch,
                                .total = lp->total,
                                .cuts = lp->at.plateau.cuts};
}

/* A step's batch. */
struct batch {
    struct position at; /* thread 0 moves the loop's before the others are done */
    size_t first;       /* its first sample, in the order of the epoch */
    uint32_t n;
    const struct step_update *update; /* layers follow it; or NULL */
};

static struct batch take_batch(const struct loop *lp)
{
    uint32_t batch = job_batch(lp->job);
    size_t first = (size_t)lp->at.epoch_step * batch, left = lp->job->samples.train.n - first;
    return (struct batch){.at = lp->at, .first = first, .n = left < batch ? (uint32_t)left : batch};
}

/* The gradients of a batch, chunk by chunk; `again`: after optim_ascend, of what is counted. */
static void compute_gradients(struct loop *lp, const struct batch *b, bool again, int tid, int nt)
{
    const struct job *job = lp->job;
    uint32_t n = b->n, chunk = job_chunk(job);
    real scale =
        loss_scale(&job->loss, feed_weight(job, &job->samples.train, lp->order, b->first, n));
    for (uint32_t i = 0; i < n; i += chunk) {
        if (i > 0) /* the last piece's samples, labels and values are done with */
            team_barrier(lp->team, tid);
        struct pass p = {.n = (int)(n - i < chunk ? n - i : chunk),
                         .first = (int)i,
                         .train = true,
                         .accumulate = i > 0,
                         .again = again,
                         .step = b->at.step,
                         .seed = job->train.seed,
                         .update = n - i <= chunk ? b->update : NULL,
                         .postpone = nt == 1,
                         .team = lp->team,
                         .tid = tid,
                         .nt = nt};
        feed_train(&lp->feed, lp->order, b->first + i, p.n, b->at.epoch, tid, nt);
        net_forward(job->net, &p, false);
        feed_loss(&lp->feed, p.n, scale, job->net->k, tid, nt);
        net_backward(job->net, &p);
        if (tid == 0 && !again)
            feed_count(&lp->feed, p.n, &lp->batch);
    }
}

void loop_step(struct loop *lp, int tid, int nt)
{
    const struct job *job = lp->job;
    const struct schedule_at where = schedule_place(lp);
    double lr = schedule_lr(&job->schedule, job->optim.common.lr, &where);
    struct batch b = take_batch(lp);
    uint64_t step = b.at.step;
    struct step_update update;
    /* of one sample always: then no stored gradient gives the same bits (matmul_is_ger) */
    bool fuse = lp->req->fuse || b.n == 1;
    bool fused = optim_begin(&job->optim, step + 1, lr, &update) && fuse;
    b.update = fused ? &update : NULL;
    if (tid == 0) {
        lp->batch = (struct metrics){0};
        lp->lr = lr;
    }
    compute_gradients(lp, &b, false, tid, nt);
    if (fused && !net_pending(job->net))
        return;
    team_barrier(lp->team, tid);
    if (optim_is_sharp(&job->optim, step, lp->per_epoch, lp->total)) {
        optim_ascend(&job->optim, job->net, lp->team, tid, nt);
        compute_gradients(lp, &b, true, tid, nt);
        team_barrier(lp->team, tid);
        optim_descend(&job->optim, job->net, tid, nt);
    }
    optim_step(&job->optim, job->net, fused, step + 1, lr, lp->team, tid, nt);
}

/* ---- thread 0: after every step ---- */

static void show(struct loop *lp, double now, const struct runlog_row *row)
{
    if (!lp->req->progress)
        return;
    double seconds = lp->row_time + now - lp->mark;
    double rate = seconds > 0 ? (double)lp->row_samples / seconds : 0;
    double left = rate > 0 ? (double)(lp->total - lp->at.step) * job_batch(lp->job) / rate : 0;
    const struct progress p = {.epoch = lp->at.epoch,
                               .epochs = (lp->total + lp->per_epoch - 1) / lp->per_epoch,
                               .step = lp->at.step,
                               .steps = lp->total,
                               .loss = feed_reduced(lp->job, &lp->at.running),
                               .samples_per_s = row ? row->samples_per_s : rate,
                               .seconds_left = left,
                               .row = row};
    lp->req->progress(lp->req->arg, &p);
    lp->shown = now;
}

static void advance(struct loop *lp)
{
    const struct train_conf *t = &lp->job->train;
    struct position *at = &lp->at;
    if (!isfinite(lp->batch.loss_sum)) {
        lp->diverged = lp->pause = lp->done = true;
        return;
    }
    at->running.n += lp->batch.n;
    at->running.hits += lp->batch.hits;
    at->running.weight += lp->batch.weight;
    at->running.loss_sum += lp->batch.loss_sum;
    lp->row_samples += lp->batch.n;
    at->step++;
    lp->epoch_end = ++at->epoch_step == lp->per_epoch;
    if (lp->epoch_end) {
        at->epoch++;
        at->epoch_step = 0;
    }
    bool finished = at->step == lp->total;
    bool by_epochs = lp->epoch_end && t->eval_every && at->epoch % (uint64_t)t->eval_every == 0;
    double now = loop_clock();
    bool by_steps = t->eval_steps && at->step % t->eval_steps == 0;
    lp->due = by_steps || by_epochs;
    lp->evaluate = finished || lp->due;
    lp->row = lp->evaluate || lp->epoch_end || (t->log_every && at->step % t->log_every == 0);
    lp->interrupted = !finished && lp->req->stop && *lp->req->stop;
    lp->save = finished || lp->interrupted ||
               now - lp->saved >= fmax(t->save_every, fmin(lp->save_took / SAVE_SHARE, SAVE_MOST));
    lp->done = finished || lp->interrupted;
    lp->pause = lp->row || lp->save;
    int threads = team_size(lp->team);
    if (!lp->req->all_threads)
        threads = tuner_next(&lp->tuner, lp->batch.n, now);
    team_use(lp->team, threads);
    if (threads > 1 || lp->pause)
        net_settle(lp->job->net);
    lp->paused = now;
    if (!lp->row && now - lp->shown >= SHOW_EVERY)
        show(lp, now, NULL);
}

/* ---- the pause ---- */

static void evaluate(struct loop *lp, int tid, int nt)
{
    struct data *d = &lp->job->samples;
    struct part *parts[] = {lp->job->train.eval_train ? &d->train : NULL, &d->val, &d->test};
    struct metrics *sums[] = {&lp->train, &lp->val, &lp->test};
    if (tid == 0)
        optim_swap(&lp->job->optim, lp->job->net);
    team_barrier(lp->team, tid);
    for (int i = 0; i < 3; i++) {
        if (tid == 0)
            *sums[i] = (struct metrics){0};
        if (parts[i] && parts[i]->n)
            feed_evaluate(&lp->feed, parts[i], lp->team, tid, nt, sums[i], NULL, NULL);
    }
    team_barrier(lp->team, tid);
    if (tid == 0)
        optim_swap(&lp->job->optim, lp->job->net);
}

/* Whether value v of the deciding metric, at this loss, beats the best so far. */
static bool better(const struct position *at, bool by_loss, double v, double loss)
{
    if (!isfinite(v) || !isfinite(loss))
        return false;
    if (!at->best_step)
        return true;
    if (v == at->best_value)
        return loss < at->best_loss;
    return by_loss ? v < at->best_value : v > at->best_value;
}

/* Notes the net as the best so far where validation says so. */
static int keep_best(struct loop *lp)
{
    const struct job *job = lp->job;
    bool by_loss = job->train.metric == METRIC_LOSS || !job->classes;
    double loss = feed_reduced(job, &lp->val);
    double v = by_loss ? loss : feed_accuracy(job, &lp->val);
    if (!lp->val.n)
        return 0;
    lp->at.since_best++;
    if (!better(&lp->at, by_loss, v, loss))
        return 0;
    lp->at.since_best = 0;
    lp->at.best_value = v;
    lp->at.best_loss = loss;
    lp->at.best_epoch = lp->at.epoch;
    lp->at.best_step = lp->at.step;
    struct blob b;
    if (checkpoint_make(&b, job, &lp->at, false, &lp->err))
        return -1;
    blob_free(&lp->best);
    lp->best = b;
    return 0;
}

/* Of the training part, as far as this row knows them. */
static const struct metrics *train_metrics(const struct loop *lp)
{
    return lp->evaluate && lp->job->train.eval_train ? &lp->train : &lp->at.running;
}

static void watch(struct loop *lp)
{
    const struct job *job = lp->job;
    const struct metrics *m = job->samples.val.n ? &lp->val : train_metrics(lp);
    const struct schedule_at where = schedule_place(lp);
    lp->cut = schedule_watch(&job->schedule, job->optim.common.lr, &where, &lp->at.plateau,
                             feed_reduced(job, m));
    lp->save |= lp->cut;
}

static int add_row(struct loop *lp, double now)
{
    const struct job *job = lp->job;
    static const struct metrics none;
    bool ev = lp->evaluate;
    const struct metrics *train = job->train.eval_train && !ev ? &none : train_metrics(lp);
    const struct metrics *val = ev ? &lp->val : &none, *test = ev ? &lp->test : &none;
    lp->last_row = (struct runlog_row){
        .epoch = lp->at.epoch,
        .step = lp->at.step,
        .lr = lp->lr,
        .train_loss = feed_reduced(job, train),
        .train_metric = feed_accuracy(job, train),
        .val_loss = feed_reduced(job, val),
        .val_metric = feed_accuracy(job, val),
        .test_loss = feed_reduced(job, test),
        .test_metric = feed_accuracy(job, test),
        .seconds = lp->row_time,
        .samples_per_s = lp->row_time > 0 ? (double)lp->row_samples / lp->row_time : 0};
    if (lp->log && runlog_add(lp->log, &lp->last_row, &lp->err))
        return -1;
    show(lp, now, &lp->last_row);
    lp->row_time = 0;
    lp->row_samples = 0;
    return 0;
}

int loop_snapshot(struct loop *lp, struct err *e)
{
    blob_free(&lp->base); /* first: two at a time are too much memory */
    return checkpoint_make(&lp->base, lp->job, &lp->at, true, e);
}

/* Gives a snapshot to the saver; while that is busy, tries again after the next step, unless it
 * must be now. */
static int save(struct loop *lp)
{
    if (!lp->done && !lp->cut && saver_busy(lp->saver))
        return 0;
    double start = loop_clock();
    if (saver_wait(lp->saver, &lp->err) || loop_snapshot(lp, &lp->err) ||
        saver_submit(lp->saver, &lp->best, &lp->base, &lp->err))
        return -1;
    lp->saved = loop_clock();
    lp->save_took = lp->saved - start;
    return 0;
}

/* Order: log, best, last. */
static int serve(struct loop *lp)
{
    double now = loop_clock();
    lp->row_time += now - lp->mark;
    lp->mark = now;
    if (lp->evaluate && keep_best(lp))
        return -1;
    lp->cut = false;
    if (lp->due)
        watch(lp);
    if (lp->job->train.early_stop && lp->at.since_best >= (uint64_t)lp->job->train.early_stop) {
        lp->at.stopped = 1;
        lp->done = lp->save = true;
    }
    if (lp->row && add_row(lp, now))
        return -1;
    if (lp->epoch_end) {
        lp->at.running = (struct metrics){0};
        if (!lp->done)
            loop_shuffle(lp);
    }
    return lp->save && lp->saver ? save(lp) : 0;
}

void loop_run(void *arg, int tid, int nt)
{
    struct loop *lp = arg;
    if (tid == 0)
        tuner_start(&lp->tuner, nt, loop_clock());
    while (!lp->done) {
        loop_step(lp, tid, team_active(lp->team));
        if (tid == 0)
            advance(lp);
        /* here alone threads go out of use and come back */
        if (team_barrier(lp->team, tid) && lp->leaving)
            return;
        if (!lp->pause || lp->diverged)
            continue;
        if (lp->evaluate)
            evaluate(lp, tid, team_active(lp->team));
        if (tid == 0) {
            if (serve(lp))
                lp->done = true;
            lp->mark = loop_clock();
            tuner_pause(&lp->tuner, lp->mark - lp->paused);
        }
        team_barrier(lp->team, tid);
    }
    if (tid == 0) {
        lp->leaving = true;
        team_use(lp->team, nt);
    }
    team_barrier(lp->team, tid);
}
