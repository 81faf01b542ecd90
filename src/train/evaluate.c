/* evaluate.c - how good a net is on a part of the data. */
#include "train/evaluate.h"

#include "base/mem.h"
#include "train/feed.h"

#include <math.h>
#include <stdio.h>

#define EVAL_BATCH 128

int evaluate_prepare(struct job *job, const struct checkpoint *c, struct team *team,
                     const struct kernels *k, struct err *e)
{
    const struct net_plan plan = {.batch = EVAL_BATCH, .fuse = true, .loss_act = job_loss_act(job)};
    if (net_allocate(job->net, &plan, team, k, e))
        return -1;
    return checkpoint_load(c, job, false, e);
}

int evaluate_file(struct job *job, const struct checkpoint *c, const char *path, struct err *e)
{
    struct data *d = &job->samples;
    struct samples *s = &d->test_file;
    char want[SHAPE_TEXT], have[SHAPE_TEXT], giver[600];
    const real *mean, *std;
    int n_norm;
    snprintf(giver, sizeof giver, "%s has", path);
    if (data_read_file(s, path, "", &job->data, e) || data_set_target(s, &job->data, giver, e))
        return -1;
    if (!shape_equal(s->shape, job->shape))
        return err_set(e, ERR_DATA, "%s: samples are %s, but the network takes %s", path,
                       shape_text(s->shape, have), shape_text(job->shape, want));
    if (job->classes && s->classes > job->classes)
        return err_set(e, ERR_DATA, "%s: has %d classes, but the network knows %d", path,
                       s->classes, job->classes);
    checkpoint_normalization(c, &mean, &std, &n_norm);
    if (n_norm)
        data_normalize_with(s, mean, std, n_norm);
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
    const real *y = job->net->output->y;
    for (int i = 0; f->decision && s->confusion && i < n; i++)
        s->confusion->count[f->label[i] * job->classes + f->decision[i]]++;
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
                  struct eval_result *r, struct confusion *confusion, struct err *e)
{
    struct sums s = {.part = part, .team = team, .confusion = confusion};
    if (feed_new(&s.feed, job, team_size(team), e))
        return -1;
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
