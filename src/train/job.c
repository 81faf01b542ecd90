/* job.c - reads every section of a network file, builds the net, and checks that they fit. */
#include "train/job.h"

#include "base/mem.h"
#include "train/whiten.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *const metric_words[] = {"auto", "accuracy", "loss", NULL};
static const char *const batch_words[] = {"all", NULL};

#define FIELD(f) offsetof(struct train_conf, f)

const struct opt train_opts[] = {
    {.name = "batch",
     .type = OPT_INT,
     .offset = FIELD(batch),
     .def = "32",
     .min = 1,
     .max = 1 << 24,
     .words = batch_words,
     .help = "samples in a step; all: the whole training part"},
    {.name = "epochs",
     .type = OPT_SIZE,
     .offset = FIELD(epochs),
     .def = "10",
     .min = 1,
     .max = 1e9,
     .help = "passes over the training part"},
    {.name = "steps",
     .type = OPT_SIZE,
     .offset = FIELD(steps),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .help = "steps of the run; 0: as many as the epochs have"},
    {.name = "chunk",
     .type = OPT_INT,
     .offset = FIELD(chunk),
     .def = "0",
     .min = 0,
     .max = 1 << 24,
     .help = "samples of a batch that pass through the net at once, their gradients added; saves "
             "memory, changes no bit (but of convolutions where it is no multiple of 32, and "
             "batchnorm learns from each chunk alone); 0: equal pieces of at most 256, or all of "
             "them with batchnorm"},
    {.name = "shuffle",
     .type = OPT_BOOL,
     .offset = FIELD(shuffle),
     .def = "yes",
     .help = "whether each epoch takes the samples in a new order"},
    {.name = "drop_last",
     .type = OPT_BOOL,
     .offset = FIELD(drop_last),
     .def = "no",
     .help = "whether a last, shorter batch is left out"},
    {.name = "seed",
     .type = OPT_SIZE,
     .offset = FIELD(seed),
     .def = "1",
     .min = 0,
     .max = 9e15,
     .help = "of weights, order and dropout"},
    {.name = "eval_every",
     .type = OPT_INT,
     .offset = FIELD(eval_every),
     .def = "1",
     .min = 0,
     .max = 1 << 24,
     .help = "epochs between evaluations on validation and test; 0: only at the end"},
    {.name = "eval_steps",
     .type = OPT_SIZE,
     .offset = FIELD(eval_steps),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .help = "steps between further evaluations, for long epochs; 0: none"},
    {.name = "early_stop",
     .type = OPT_INT,
     .offset = FIELD(early_stop),
     .def = "0",
     .min = 0,
     .max = 1 << 24,
     .help = "ends the run after so many evaluations on validation without a new best; 0: never"},
    {.name = "eval_train",
     .type = OPT_BOOL,
     .offset = FIELD(eval_train),
     .def = "no",
     .help = "whether the training part is evaluated too, with the others; otherwise its numbers "
             "are the running mean of the epoch"},
    {.name = "log_every",
     .type = OPT_SIZE,
     .offset = FIELD(log_every),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .help = "steps between rows of the log, besides one an epoch; 0: none"},
    {.name = "save_every",
     .type = OPT_FLOAT,
     .offset = FIELD(save_every),
     .def = "2",
     .min = 0,
     .max = 1e9,
     .help = "seconds between checkpoints, at least; of a large net up to 60, so that they take "
             "a hundredth of the time"},
    {.name = "metric",
     .type = OPT_WORD,
     .offset = FIELD(metric),
     .def = "auto",
     .words = metric_words,
     .help = "what makes a checkpoint the best on validation; auto: accuracy for classes, else "
             "loss"},
    OPT_END};

/* ---- sizes of a run ---- */

uint32_t job_batch(const struct job *job)
{
    uint32_t n = job->samples.train.n;
    return job->train.batch < 0 || (uint32_t)job->train.batch > n ? n : (uint32_t)job->train.batch;
}

/* A larger pass leaves the caches and is slower for all the memory that it takes. Layers that mix
 * the samples of a pass are to see all of them. */
static uint32_t default_chunk(const struct job *job, uint32_t batch)
{
    for (int i = 1; i < job->net->n_layers; i++) {
        const struct layer *l = &job->net->layers[i];
        if (l->ops->flags & LAYER_MIXES && !l->common.freeze)
            return batch;
    }
    uint32_t pieces = (batch + JOB_CHUNK - 1) / JOB_CHUNK;
    uint32_t piece = pieces > 1 ? (batch + pieces - 1) / pieces : batch;
    return pieces > 1 ? (piece + CONV_SLICE_MOST - 1) / CONV_SLICE_MOST * CONV_SLICE_MOST : piece;
}

uint32_t job_pass(const struct job *job, uint32_t batch)
{
    uint32_t chunk = (uint32_t)job->train.chunk;
    if (chunk == 0)
        chunk = default_chunk(job, batch);
    return chunk < batch ? chunk : batch;
}

uint32_t job_chunk(const struct job *job)
{
    return job_pass(job, job_batch(job));
}

uint64_t job_steps_per_epoch(const struct job *job)
{
    uint32_t n = job->samples.train.n, batch = job_batch(job);
    return job->train.drop_last ? n / batch : n / batch + (n % batch != 0);
}

uint64_t job_steps(const struct job *job)
{
    return job->train.steps ? job->train.steps : job->train.epochs * job_steps_per_epoch(job);
}

enum act job_loss_act(const struct job *job)
{
    return job->loss.ops->act;
}

/* ---- reading ---- */

static int read_train(struct job *job, struct diag *d, struct err *e)
{
    const struct opt_target t[] = {{train_opts, &job->train}};
    return opt_read(job->nf, netfile_section(job->nf, "train"), t, 1, d, e);
}

/* fits: whether [data] and [loss] are right, so that they can be held against the net. */
static int read_sections(struct job *job, bool *fits, struct diag *d, struct err *e)
{
    const struct netfile *nf = job->nf;
    int before = d->total;
    if (data_read_conf(&job->data, nf, netfile_section(nf, "data"), d, e) ||
        loss_read(&job->loss, nf, netfile_section(nf, "loss"), d, e))
        return -1;
    *fits = d->total == before && nf->n_lost == 0;
    if (optim_read(&job->optim, nf, netfile_section(nf, "optimizer"), d, e) ||
        schedule_read(&job->schedule, nf, netfile_section(nf, "schedule"), d, e) ||
        augment_read(&job->augment, nf, netfile_section(nf, "augment"), d, e))
        return -1;
    return read_train(job, d, e);
}

static int read_text(struct job *job, const struct job_source *src, struct diag *d, struct err *e)
{
    job->nf = src->text ? netfile_parse(src->path, src->text, strlen(src->text), d, e)
                        : netfile_load(src->path, d, e);
    if (!job->nf)
        return -1;
    for (int i = 0; i < src->n_sets; i++)
        if (netfile_set(job->nf, src->sets[i], d, e))
            return -1;
    return 0;
}

/* Shape and targets: from the data where it is read, else as [data] states them. */
static int find_shape(struct job *job, bool load, struct diag *d, struct err *e)
{
    const int *s = job->data.shape;
    bool stated = s[0] > 0 && (job->data.classes > 0 || job->data.target != TARGET_CLASS);
    if (d->total == 0 && (load || !stated)) {
        if (data_load(&job->samples, &job->data, job->nf, e))
            return -1;
        job->loaded = true;
        job->shape = job->samples.shape;
        job->classes = job->samples.classes;
        job->k = job->samples.k;
        return 0;
    }
    job->shape = (struct shape){s[0], s[1], s[2]};
    job->classes = job->data.target == TARGET_CLASS ? job->data.classes : 0;
    job->k = 0;
    return 0;
}

/* ---- what the sections must be to each other ---- */

/* [augment] against the samples. */
static void check_augment(struct job *job, struct diag *d)
{
    const struct section *s = netfile_section(job->nf, "augment");
    augment_check(&job->augment, job->shape, job->nf, s, d);
    if (job->augment.test_views != VIEWS_NONE && job->data.target == TARGET_INPUT)
        diag_add(d, job->nf->path, opt_line(s, "test_views"),
                 "[augment] test_views cannot be averaged where [data] target = input");
}

/* init = whitening against what a layer stands on and how many outputs it can make. */
static void check_whitening(struct job *job, struct diag *d)
{
    for (int i = 1; i < job->net->n_layers; i++) {
        const struct layer *l = &job->net->layers[i];
        if (l->broken || !l->n_params || l->common.init != INIT_WHITENING ||
            !(l->ops->flags & LAYER_INIT))
            continue;
        size_t most = l->params[0].size / (size_t)l->params[0].dim[0];
        const char *key = "init = whitening";
        if (l->in[0] != &job->net->layers[0])
            diag_add(d, job->nf->path, l->line, "[%s] %s: must stand on the input", l->ops->name,
                     key);
        else if (most > WHITEN_MOST)
            diag_add(d, job->nf->path, l->line,
                     "[%s] %s: an output sees %zu numbers, which is more than %d", l->ops->name,
                     key, most, WHITEN_MOST);
        else if ((size_t)l->params[0].dim[0] > 2 * most)
            diag_add(d, job->nf->path, l->line,
                     "[%s] %s: makes at most %zu outputs, 2 for each of the %zu numbers that one "
                     "sees",
                     l->ops->name, key, 2 * most, most);
    }
}

/* mixup against the loss, which must take something between two classes. */
static void check_mixup(struct job *job, struct diag *d)
{
    const struct section *s = netfile_section(job->nf, "augment");
    if (!(job->augment.mixup > 0) || !job->classes)
        return;
    if (job->loss.ops->one_class)
        diag_add(d, job->nf->path, opt_line(s, "mixup"),
                 "[augment] mixup: loss %s takes a class, not a mixture of two",
                 job->loss.ops->name);
    else if (job->loss.class_weight)
        diag_add(d, job->nf->path, opt_line(s, "mixup"),
                 "[augment] mixup and [loss] class_weights do not go together");
}

static const char *act_layer(enum act act)
{
    return act == ACT_SOFTMAX ? "softmax" : "sigmoid";
}

/* The loss against the last layer and the targets. */
static void check_loss(struct job *job, struct diag *d)
{
    const struct section *s = netfile_section(job->nf, "loss");
    const struct layer *out = job->net->output;
    int line = s ? s->line : out->line;
    enum act act = job_loss_act(job);
    real param;
    if (act != ACT_NONE && (!out->ops->act || out->ops->act(out, &param) != act)) {
        diag_add(d, job->nf->path, line, "[loss] %s stands on [%s]; put it %s [%s] at line %d",
                 job->loss.ops->name, act_layer(act), out->ops->act ? "in the place of" : "behind",
                 out->ops->name, out->line);
        return;
    }
    struct err e = {0};
    size_t k = shape_size(out->out);
    if (job->classes == 0 && job->k && (size_t)job->k != k)
        diag_add(d, job->nf->path, out->line,
                 "[%s] is the last layer and gives %zu numbers, but a target has %d",
                 out->ops->name, k, job->k);
    else if (loss_setup(&job->loss, (int)k, job->classes, &e))
        diag_add(d, job->nf->path, line, "[loss] %s", e.msg);
}

/* Numbers that the loss takes for no target: the first one of sample i of a part. */
static int check_target(const struct job *job, const char *part, uint32_t i, const real *t,
                        size_t k, struct err *e)
{
    double min = (double)job->loss.ops->target_min, max = (double)job->loss.ops->target_max;
    for (size_t v = 0; v < k; v++)
        if (!((double)t[v] >= min && (double)t[v] <= max))
            return err_set(e, ERR_DATA,
                           "loss %s takes targets from %g to %g, but %s sample %u has %g; [data] "
                           "normalize = unit brings an input there",
                           job->loss.ops->name, min, max, part, i + 1, (double)t[v]);
    return 0;
}

/* Targets that the loss has no meaning for: the first one, by its sample. */
static int check_targets(const struct job *job, struct err *e)
{
    const struct data *d = &job->samples;
    const struct part *parts[] = {&d->train, &d->val, &d->test};
    static const char *const names[] = {"training", "validation", "test"};
    bool input = job->data.target == TARGET_INPUT;
    if (job->classes || job->loss.ops->target_min >= job->loss.ops->target_max)
        return 0;
    real *room = input ? mem_alloc(shape_size(d->shape), sizeof *room, e) : NULL;
    int rc = input && !room ? -1 : 0;
    for (int i = 0; i < 3; i++)
        for (uint32_t j = 0; rc == 0 && j < parts[i]->n; j++) {
            const struct samples *s = parts[i]->of;
            uint32_t at = parts[i]->index[j];
            size_t k = input ? shape_size(s->shape) : (size_t)s->k;
            rc = check_target(job, names[i], at,
                              input ? samples_at(s, at, room) : s->target + at * k, k, e);
        }
    mem_free(room);
    return rc;
}

/* The schedule against the rate it starts from and the evaluations it watches. */
static void check_schedule(struct job *job, struct diag *d)
{
    const struct section *s = netfile_section(job->nf, "schedule");
    if (s && job->schedule.min_lr > job->optim.common.lr)
        diag_add(d, job->nf->path, opt_line(s, "min_lr"),
                 "[schedule] min_lr = %g is above [optimizer] lr = %g", job->schedule.min_lr,
                 job->optim.common.lr);
    if (schedule_watches(&job->schedule) && !job->train.eval_every && !job->train.eval_steps)
        diag_add(d, job->nf->path, s ? s->line : 0,
                 "[schedule] plateau needs evaluations: [train] eval_every or eval_steps above 0");
}

/* Samples of the smallest pass that a batch of n is cut into. */
static uint32_t smallest_piece(const struct job *job, uint32_t n)
{
    uint32_t chunk = (uint32_t)job->train.chunk;
    return chunk == 0 || chunk >= n ? n : n % chunk ? n % chunk : chunk;
}

/* Batch statistics of one sample say nothing; found here, not in the middle of the training. */
static void check_passes(struct job *job, struct diag *d)
{
    bool all = job->train.batch < 0, last = false;
    if (!job->loaded && all)
        return;
    uint32_t batch = job->loaded ? job_batch(job) : (uint32_t)job->train.batch;
    uint32_t rest = job->loaded && !job->train.drop_last ? job->samples.train.n % batch : 0;
    bool one = smallest_piece(job, batch) == 1;
    if (!one && rest)
        one = last = smallest_piece(job, rest) == 1;
    for (int i = 1; one && i < job->net->n_layers; i++) {
        const struct layer *l = &job->net->layers[i];
        if (!l->broken && l->ops->flags & LAYER_MIXES && l->common.freeze != FREEZE_YES &&
            l->out.h * l->out.w == 1)
            diag_add(d, job->nf->path, l->line,
                     "[%s] needs two samples at a time to learn, but [train] gives it one%s",
                     l->ops->name,
                     last ? " at the end of an epoch; drop_last = yes leaves that out"
                          : ": batch, or what chunk leaves of it, is too small");
    }
}

static void check_train(struct job *job, struct diag *d)
{
    const struct section *s = netfile_section(job->nf, "train");
    bool values = job->data.target != TARGET_CLASS;
    if (s && values && job->train.metric == METRIC_ACCURACY)
        diag_add(d, job->nf->path, opt_line(s, "metric"),
                 "[train] metric = accuracy: needs classes, but the targets are values");
    if (s && job->train.early_stop && job->loaded && job->samples.val.n == 0)
        diag_add(d, job->nf->path, opt_line(s, "early_stop"),
                 "[train] early_stop needs [data] validation");
    if (s && job->train.drop_last && job->loaded && job_steps_per_epoch(job) == 0)
        diag_add(d, job->nf->path, opt_line(s, "drop_last"),
                 "[train] drop_last leaves no batch at all");
    if (job->net->output)
        check_passes(job, d);
}

static int wrong_file(const struct job *job, const struct diag *d, struct err *e)
{
    return err_set(e, ERR_NET, "%s has %d error%s", job->nf->path, d->total,
                   d->total == 1 ? "" : "s");
}

int job_open(struct job *job, const struct job_source *src, struct diag *d, struct err *e)
{
    bool fits;
    *job = (struct job){0};
    if (read_text(job, src, d, e) || read_sections(job, &fits, d, e) ||
        find_shape(job, src->load_data, d, e))
        return -1;
    struct shape input = augment_shape(&job->augment, job->shape);
    if (job->data.target == TARGET_INPUT)
        job->k = (int)shape_size(input);
    check_augment(job, d);
    job->net = net_build(job->nf, input, d, e);
    if (!job->net)
        return -1;
    if (fits && job->net->n_layers > 1 && !job->net->output->broken) {
        check_loss(job, d);
        check_mixup(job, d);
    }
    check_whitening(job, d);
    check_schedule(job, d);
    check_train(job, d);
    return d->total ? wrong_file(job, d, e) : check_targets(job, e);
}

void job_free(struct job *job)
{
    net_free(job->net);
    data_free(&job->samples);
    optim_free(&job->optim);
    schedule_free(&job->schedule);
    loss_free(&job->loss);
    data_free_conf(&job->data);
    netfile_free(job->nf);
    *job = (struct job){0};
}

int job_write(const struct job *job, struct text *t, struct err *e)
{
    struct data_conf data = job->data;
    struct augment_conf augment = job->augment;
    struct train_conf train = job->train;
    data.shape[0] = job->shape.c;
    data.shape[1] = job->shape.h;
    data.shape[2] = job->shape.w;
    data.classes = job->classes;
    const struct opt_target tt[] = {{train_opts, &train}}, at[] = {{augment_opts, &augment}};
    struct opt_target dt[2];
    int n = data_targets(&data, dt);
    if (opt_write(t, "data", "", dt, n, e) ||
        (augment_given(&augment) && opt_write(t, "augment", "", at, 1, e)) ||
        net_write(job->net, t, e) || loss_write(&job->loss, t, e) ||
        optim_write(&job->optim, t, e) || schedule_write(&job->schedule, t, e))
        return -1;
    return opt_write(t, "train", "", tt, 1, e);
}
