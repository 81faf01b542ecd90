/* train.c - the rate of the trainer on random samples. */
#include "bench.h"

#include "base/mem.h"
#include "train/invent.h"
#include "train/loop.h"
#include "train/profile.h"
#include "train/trainer.h"

#include <stdio.h>
#include <string.h>

#define SECONDS 0.3
#define WARM_UP 0.05 /* seconds before the clock starts, at least */

const struct train_net train_nets[] = {
    {"A", "bench/nets/a.ini", 7291, {1, 10, 100, -1}},
    {"B", "bench/nets/b.ini", 7291, {1, 10, 100, -1}},
    {"C", "bench/nets/c.ini", 60000, {128}},
    {"D", "bench/nets/d.ini", 5120, {128}},
    {"Dbn", "bench/nets/d_bn.ini", 5120, {128}},
    {"Ddrop", "bench/nets/d_drop.ini", 5120, {128}},
    {"E", "bench/nets/e.ini", 7291, {32}},
    {"F", "bench/nets/f.ini", 7291, {32}},
    {"G", "bench/nets/g.ini", 7291, {100}},
    {.name = NULL},
};

/* The samples of each net, lent to one job after the other. */
static struct data kept[sizeof train_nets / sizeof *train_nets];

void train_forget(void)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        data_free(&kept[i]);
        kept[i] = (struct data){0};
    }
}

static int lend_samples(struct job *job, const struct train_net *net, struct err *e)
{
    struct data *d = &kept[net - train_nets];
    if (!d->train.n) {
        if (invent_samples(job, (size_t)net->samples, e))
            return -1;
        *d = job->samples;
        d->train.of = &d->train_file;
    }
    job->samples = *d;
    return 0;
}

/* A run under the clock: from the first report after the warm-up to one `seconds` later. */
struct watch {
    struct job *job;
    double begun, seconds;
    double start, time; /* of what is measured */
    uint64_t first, samples;
    volatile sig_atomic_t stop;
};

static void look(void *arg, const struct progress *p)
{
    struct watch *w = arg;
    double now = loop_clock();
    uint64_t n = w->job->samples.train.n, per_epoch = job_steps_per_epoch(w->job);
    uint64_t done = p->epoch * n + (p->step - p->epoch * per_epoch) * job_batch(w->job);
    if (w->start > 0) {
        w->time = now - w->start;
        w->samples = done - w->first;
        w->stop = w->time >= w->seconds;
    } else if (now - w->begun >= WARM_UP) {
        w->start = now;
        w->first = done;
    }
}

static int run(struct train_rate *r, struct job *job, int threads, const struct bench_conf *conf,
               struct err *e)
{
    struct watch w = {
        .job = job, .begun = loop_clock(), .seconds = conf->seconds > 0 ? conf->seconds : SECONDS};
    struct train_result result;
    const struct train_request request = {.job = job,
                                          .threads = threads,
                                          .isa = conf->k->isa,
                                          .fuse = true,
                                          .progress = look,
                                          .arg = &w,
                                          .stop = &w.stop};
    if (train_run(&request, &result, e) == 0)
        return err_set(e, ERR_INTERNAL, "the training ended before it could be measured");
    if (e->kind != ERR_INTERRUPTED)
        return -1;
    *e = (struct err){0};
    r->samples = (double)w.samples / w.time;
    r->flops = profile_flops(job->net);
    return 0;
}

int train_measure(struct train_rate *r, const struct train_net *net, int batch, int threads,
                  const struct bench_conf *conf, struct err *e)
{
    struct job job = {0};
    static struct diag d;
    char size[32] = "train.batch=all";
    const char *sets[64] = {"train.epochs=1000000000", "train.eval_every=0", size};
    int n = 3, rc = -1;
    memset(&d, 0, sizeof d);
    if (batch > 0)
        snprintf(size, sizeof size, "train.batch=%d", batch);
    for (int i = 0; i < conf->n_sets && n < 64; i++)
        sets[n++] = conf->sets[i];
    const struct job_source source = {.path = net->path, .sets = sets, .n_sets = n};
    if (job_open(&job, &source, &d, e)) {
        for (int i = 0; i < diag_kept(&d); i++)
            fprintf(stderr, "%s\n", d.msg[i].text);
    } else if (lend_samples(&job, net, e) == 0) {
        rc = run(r, &job, threads, conf, e);
        memset(&job.samples, 0, sizeof job.samples);
    }
    job_free(&job);
    return rc;
}
