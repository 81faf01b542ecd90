/* evaluate.c - how good a net is on a part of the data. */
#include "train/evaluate.h"

#include "base/mem.h"
#include "train/feed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EVAL_BATCH 128

int evaluate_prepare(struct job *job, const struct checkpoint *c, enum evaluate_plan how,
                     struct team *team, const struct kernels *k, struct err *e)
{
    const struct net_plan plan = {.batch = EVAL_BATCH,
                                  .fuse = how == EVALUATE_FUSED,
                                  .keep_all = how == EVALUATE_KEEP_ALL,
                                  .loss_act = job_loss_act(job)};
    if (net_allocate(job->net, &plan, team, k, e))
        return -1;
    return checkpoint_load(c, job, false, e);
}

/* ---- further files ---- */

/* A file's samples must be what the net takes, and its targets what the net learnt. */
static int check_samples(const struct job *job, const struct samples *s, const char *path,
                         struct err *e)
{
    char want[SHAPE_TEXT], have[SHAPE_TEXT];
    if (!shape_equal(s->shape, job->shape))
        return err_set(e, ERR_DATA, "%s: samples are %s, but the network takes %s", path,
                       shape_text(s->shape, have), shape_text(job->shape, want));
    if (job->classes && s->classes > job->classes)
        return err_set(e, ERR_DATA, "%s: has %d classes, but the network knows %d", path,
                       s->classes, job->classes);
    if (job->data.target == TARGET_VALUE && s->k && s->k != job->loss.k)
        return err_set(e, ERR_DATA, "%s: has %d value%s to learn, but the network gives %d", path,
                       s->k, s->k == 1 ? "" : "s", job->loss.k);
    return 0;
}

static int read_samples(struct job *job, const struct checkpoint *c,
                        const struct evaluate_source *from, struct err *e)
{
    struct samples *s = &job->samples.test_file;
    const char *path = from->path, *format = from->format;
    char giver[600], **names = NULL, **columns = NULL, *labels = mem_strdup(from->labels, e);
    int r = -1, n_columns = 0;
    if (!labels || checkpoint_class_names(c, job->classes, &names, e) ||
        checkpoint_column_names(c, &columns, &n_columns, e))
        goto out;
    struct data_conf conf = data_conf_further(&job->data, job->shape, job->classes, names, labels);
    conf.columns = columns;
    conf.n_columns = n_columns;
    conf.no_target = !from->need_targets;
    if (strcmp(path, "-") == 0) {
        path = "/dev/stdin";
        format = *format ? format : "csv";
    }
    r = data_read_file(s, path, format, &conf, e);
    snprintf(giver, sizeof giver, "%s has", path);
    if (r == 0 && (from->need_targets || s->label || s->target))
        r = data_set_target(s, &job->data, giver, e);
    if (r == 0)
        r = check_samples(job, s, path, e);
out:
    checkpoint_free_names(names, job->classes);
    checkpoint_free_names(columns, n_columns);
    mem_free(labels);
    return r;
}

int evaluate_file(struct job *job, const struct checkpoint *c, const struct evaluate_source *from,
                  struct err *e)
{
    struct data *d = &job->samples;
    struct samples *s = &d->test_file;
    const real *mean, *std;
    int n_norm;
    samples_free(s);
    mem_free(d->test.index);
    d->test = (struct part){0};
    if (read_samples(job, c, from, e))
        return -1;
    checkpoint_normalization(c, &mean, &std, &n_norm);
    if (n_norm && data_normalize_with(s, mean, std, n_norm, e))
        return -1;
    d->test.index = mem_alloc(s->n, sizeof *d->test.index, e);
    if (!d->test.index)
        return -1;
    d->test.of = s;
    d->test.n = (uint32_t)s->n;
    for (uint32_t i = 0; i < d->test.n; i++)
        d->test.index[i] = i;
    return 0;
}

/* What one evaluation adds up. */
struct sums {
    struct feed feed;
    const struct part *part;
    struct team *team;
    struct metrics metrics;
    struct confusion *confusion;
    double n, square, absolute, target, target_square; /* over numbers of targets */
};

static void add_piece(void *arg, const struct feed *f, int n)
{
    struct sums *s = arg;
    const struct job *job = f->job;
    int k = job->loss.k;
    const real *y = job->net->output->y, *logits = net_logits(job->net)->y;
    for (int i = 0; f->decision && s->confusion && i < n; i++) {
        s->confusion->count[f->label[i] * job->classes + f->decision[i]]++;
        s->confusion->rank[loss_rank(&job->loss, logits + (size_t)i * (size_t)k, f->label[i])]++;
    }
    for (int i = 0; f->target && i < n * k; i++) {
        double t = (double)f->target[i], d = (double)y[i] - t;
        s->square += d * d;
        s->absolute += fabs(d);
        s->target += t;
        s->target_square += t * t;
        s->n++;
    }
}

static void evaluate(void *arg, int tid, int nt)
{
    struct sums *s = arg;
    feed_evaluate(&s->feed, s->part, s->team, tid, nt, &s->metrics, add_piece, s);
}

int evaluate_part(struct job *job, const struct part *part, struct team *team,
                  struct ensemble *ensemble, struct eval_result *r, struct confusion *confusion,
                  struct err *e)
{
    struct sums s = {.part = part, .team = team, .confusion = confusion};
    if (feed_new(&s.feed, job, team_size(team), e))
        return -1;
    s.feed.ensemble = ensemble;
    team_run(team, evaluate, &s);
    *r = (struct eval_result){.n = s.metrics.n,
                              .loss = feed_reduced(job, &s.metrics),
                              .accuracy = feed_accuracy(job, &s.metrics),
                              .rmse = (double)NAN,
                              .mae = (double)NAN,
                              .r2 = (double)NAN};
    if (s.n > 0) {
        r->rmse = sqrt(s.square / s.n);
        r->mae = s.absolute / s.n;
        double spread = s.target_square - s.target * s.target / s.n;
        r->r2 = spread > 0 ? 1 - s.square / spread : (double)NAN;
    }
    feed_free(&s.feed);
    return 0;
}
