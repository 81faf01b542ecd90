/* job.h - a network file, understood: every section read, the net built, all errors at once. */
#ifndef TRAIN_JOB_H
#define TRAIN_JOB_H

#include "data/augment.h"
#include "net/loss.h"
#include "net/net.h"
#include "optim/optim.h"
#include "optim/schedule.h"

/* [train] */
struct train_conf {
    int batch;              /* -1 (word "all"): the whole training part */
    uint64_t epochs, steps; /* steps > 0 rules */
    int chunk;              /* 0: see job_pass */
    bool shuffle, drop_last;
    uint64_t seed;
    int eval_every;      /* epochs; 0: only at the end */
    uint64_t eval_steps; /* 0: never by steps */
    int early_stop;      /* evaluations without a new best; 0: never */
    bool eval_train;
    uint64_t log_every; /* steps; 0: per epoch */
    double save_every;  /* seconds */
    int metric;         /* what `best` means: enum train_metric */
};

enum train_metric { METRIC_AUTO, METRIC_ACCURACY, METRIC_LOSS }; /* auto: accuracy for classes */

extern const struct opt train_opts[];

struct job {
    struct netfile *nf;
    struct data_conf data;
    struct augment_conf augment;
    struct loss loss;
    struct optim optim;
    struct schedule schedule;
    struct train_conf train;
    struct data samples; /* empty where job_open was not asked to load it */
    bool loaded;
    struct shape shape; /* of a sample, from the data or as stated; the net's input is that of its
                         * layers[0], smaller where [augment] crops */
    int classes, k;     /* of the targets: classes, or numbers of values */
    struct net *net;
};

/* Samples in the whole training part that a step takes, and in a piece of it that passes through
 * the net at once; steps in an epoch and in the run. The data must be loaded. */
uint32_t job_batch(const struct job *job);
uint32_t job_chunk(const struct job *job);
uint64_t job_steps_per_epoch(const struct job *job);
uint64_t job_steps(const struct job *job);

/* Samples of a batch of `batch` that pass through the net at once: what `chunk` says, or else equal
 * pieces of at most JOB_CHUNK (all of them where a layer mixes samples). The net must be built. */
#define JOB_CHUNK 256
uint32_t job_pass(const struct job *job, uint32_t batch);

/* What job_open needs besides the file. */
struct job_source {
    const char *path;        /* network file; or with `text`, what messages call it */
    const char *text;        /* NULL: read path */
    const char *const *sets; /* --set assignments, n_sets of them */
    int n_sets;
    bool load_data; /* false: nothing is read where shape and classes are stated */
};

/* Fills *job: text, sections, data, net (built, not allocated), loss set up. All problems of the
 * file are in *d and then -1 is returned with e->kind ERR_NET and a summary; other errors in *e.
 * Free with job_free in either case. */
int job_open(struct job *job, const struct job_source *src, struct diag *d, struct err *e);
void job_free(struct job *job);

/* What the loss computes itself on top of the logits (net_plan.loss_act). */
enum act job_loss_act(const struct job *job);

/* The resolved file: every section with its defaults, shape and classes stated. Reading it back
 * gives the same job. */
int job_write(const struct job *job, struct text *t, struct err *e);

#endif
