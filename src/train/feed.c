/* feed.c - batches into the net, losses out of it. */
#include "train/feed.h"

#include "base/mem.h"
#include "base/par.h"

#include <math.h>
#include <string.h>

int feed_new(struct feed *f, const struct job *job, int nt, struct err *e)
{
    size_t batch = (size_t)job->net->batch, k = (size_t)job->loss.k;
    size_t line = MEM_ALIGN / sizeof(real);
    *f = (struct feed){.job = job};
    f->scratch_size = (loss_scratch((int)k) + line - 1) / line * line;
    f->value = mem_alloc(batch, sizeof *f->value, e);
    f->scratch = mem_alloc(f->scratch_size * (size_t)nt, sizeof *f->scratch, e);
    if (job->classes) {
        f->label = mem_alloc(batch, sizeof *f->label, e);
        f->decision = mem_alloc(batch, sizeof *f->decision, e);
    } else {
        f->target = mem_alloc(mem_mul(batch, k), sizeof *f->target, e);
    }
    if (!f->value || !f->scratch || (job->classes ? !f->label || !f->decision : !f->target)) {
        feed_free(f);
        return -1;
    }
    return 0;
}

void feed_free(struct feed *f)
{
    mem_free(f->label);
    mem_free(f->target);
    mem_free(f->value);
    mem_free(f->decision);
    mem_free(f->scratch);
    *f = (struct feed){0};
}

/* The input as the target of an auto-encoder: a vector of outputs is in the order c, h, w. */
static void input_target(const struct job *job, real *t, const real *x)
{
    struct shape s = job->shape;
    if (shape_is_plain(s) || !shape_is_vector(job->net->output->out)) {
        memcpy(t, x, shape_size(s) * sizeof *t);
        return;
    }
    size_t plane = (size_t)s.h * (size_t)s.w;
    for (size_t i = 0; i < plane; i++)
        for (int c = 0; c < s.c; c++)
            t[(size_t)c * plane + i] = x[i * (size_t)s.c + (size_t)c];
}

void feed_gather(struct feed *f, const struct part *part, const uint32_t *order, size_t first,
                 int n, int tid, int nt)
{
    const struct job *job = f->job;
    const struct samples *s = part->of;
    size_t lo, hi, size = shape_size(job->shape), k = (size_t)job->loss.k;
    par_range((size_t)n, 1, tid, nt, &lo, &hi);
    for (size_t i = lo; i < hi; i++) {
        uint32_t j = part->index[order ? order[first + i] : first + i];
        real *x = net_input(job->net) + i * size;
        samples_row(s, j, x);
        if (f->label)
            f->label[i] = s->label[j];
        else if (job->data.target == TARGET_INPUT)
            input_target(job, f->target + i * k, x);
        else
            memcpy(f->target + i * k, s->target + j * k, k * sizeof *f->target);
    }
}

double feed_weight(const struct job *job, const struct part *part, const uint32_t *order,
                   size_t first, uint32_t n)
{
    if (!job->loss.class_weight || !job->classes)
        return n;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += loss_weight(&job->loss, part->of->label[part->index[order[first + i]]]);
    return sum;
}

void feed_loss(struct feed *f, int n, real scale, const struct kernels *k, int tid, int nt)
{
    const struct job *job = f->job;
    const struct layer *logits = net_logits(job->net);
    const struct loss_rows rows = {.x = logits->y,
                                   .label = f->label,
                                   .target = f->target,
                                   .value = f->value,
                                   .dx = scale > 0 ? logits->dy : NULL,
                                   .scale = scale,
                                   .scratch = f->scratch + f->scratch_size * (size_t)tid};
    size_t lo, hi;
    par_range((size_t)n, 1, tid, nt, &lo, &hi);
    job->loss.ops->rows(&job->loss, &rows, k, (int)lo, (int)hi);
    for (size_t i = lo; f->decision && i < hi; i++)
        f->decision[i] = loss_decide(&job->loss, logits->y + i * (size_t)job->loss.k);
}

void feed_count(const struct feed *f, int n, struct metrics *m)
{
    for (int i = 0; i < n; i++) {
        m->loss_sum += (double)f->value[i];
        if (f->label) {
            m->weight += loss_weight(&f->job->loss, f->label[i]);
            m->hits += f->decision[i] == f->label[i];
        } else {
            m->weight++;
        }
    }
    m->n += (uint64_t)n;
}

void feed_evaluate(struct feed *f, const struct part *part, struct team *team, int tid, int nt,
                   struct metrics *m, void (*each)(void *arg, const struct feed *f, int n),
                   void *arg)
{
    struct net *net = f->job->net;
    uint32_t batch = (uint32_t)net->batch;
    for (uint32_t first = 0; first < part->n; first += batch) {
        int n = (int)(part->n - first < batch ? part->n - first : batch);
        struct pass p = {.n = n, .team = team, .tid = tid, .nt = nt};
        feed_gather(f, part, NULL, first, n, tid, nt);
        team_barrier(team, tid);
        net_forward(net, &p, each != NULL);
        feed_loss(f, n, 0, net->k, tid, nt);
        team_barrier(team, tid);
        if (tid == 0) {
            feed_count(f, n, m);
            if (each)
                each(arg, f, n);
        }
        team_barrier(team, tid);
        if (part->n - first < batch)
            break;
    }
}

double feed_reduced(const struct job *job, const struct metrics *m)
{
    if (m->n == 0)
        return (double)NAN;
    if (job->loss.reduction == REDUCTION_SUM)
        return m->loss_sum;
    return m->loss_sum / m->weight / (job->loss.ops->per_element ? job->loss.k : 1);
}

double feed_accuracy(const struct job *job, const struct metrics *m)
{
    return job->classes && m->n ? (double)m->hits / (double)m->n : (double)NAN;
}
