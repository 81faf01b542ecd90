/* feed.c - batches into the net, losses out of it. */
#include "train/feed.h"

#include "base/mem.h"
#include "base/par.h"

#include <math.h>
#include <string.h>

#define AHEAD       4    /* samples */
#define AHEAD_BYTES 4096 /* of each: what follows is found by the processor itself */

int feed_new(struct feed *f, const struct job *job, int nt, struct err *e)
{
    size_t batch = (size_t)job->net->batch, k = (size_t)job->loss.k;
    size_t line = MEM_ALIGN / sizeof(real);
    *f = (struct feed){.job = job};
    f->scratch_size = (loss_scratch((int)k) + line - 1) / line * line;
    f->value = mem_alloc(batch, sizeof *f->value, e);
    f->scratch = mem_alloc(f->scratch_size * (size_t)nt, sizeof *f->scratch, e);
    bool ok = f->value && f->scratch;
    if (ok && job->classes) {
        f->label = mem_alloc(batch, sizeof *f->label, e);
        f->decision = mem_alloc(batch, sizeof *f->decision, e);
        ok = f->label && f->decision;
    }
    if (ok && (!job->classes || job->augment.mixup > 0))
        ok = (f->target = mem_alloc(mem_mul(batch, k), sizeof *f->target, e)) != NULL;
    if (ok && augment_views(&job->augment) > 1) {
        f->row_size = (shape_size(job->shape) + line - 1) / line * line;
        f->views = mem_alloc(mem_mul(batch, k), sizeof *f->views, e);
        f->row = mem_alloc(mem_mul(f->row_size, (size_t)nt), sizeof *f->row, e);
        ok = f->views && f->row;
    }
    if (!ok)
        feed_free(f);
    return ok ? 0 : -1;
}

int feed_augment(struct feed *f, int nt, struct err *e)
{
    const struct job *job = f->job;
    size_t line = MEM_ALIGN / sizeof(real);
    if (!augment_changes(&job->augment))
        return 0;
    if (augment_new(&f->augment, &job->augment, &job->samples, job->train.seed, e))
        return -1;
    f->room_size = mem_add(f->augment.scratch, shape_size(f->augment.out));
    f->room_size = mem_add(f->room_size, line - 1) / line * line;
    f->room = mem_alloc(mem_mul(f->room_size, (size_t)nt), sizeof *f->room, e);
    return f->room ? 0 : -1;
}

void feed_free(struct feed *f)
{
    mem_free(f->label);
    mem_free(f->target);
    mem_free(f->value);
    mem_free(f->decision);
    mem_free(f->scratch);
    mem_free(f->room);
    mem_free(f->views);
    mem_free(f->row);
    augment_free(&f->augment);
    *f = (struct feed){0};
}

/* ---- samples into the net ---- */

/* The input as the target of an auto-encoder: a vector of outputs is in the order c, h, w. */
static void input_target(const struct job *job, real *t, const real *x)
{
    struct shape s = job->net->layers[0].out;
    if (shape_is_plain(s) || !shape_is_vector(job->net->output->out)) {
        memcpy(t, x, shape_size(s) * sizeof *t);
        return;
    }
    size_t plane = (size_t)s.h * (size_t)s.w;
    for (size_t i = 0; i < plane; i++)
        for (int c = 0; c < s.c; c++)
            t[(size_t)c * plane + i] = x[i * (size_t)s.c + (size_t)c];
}

/* The target of row i, whose input is there: that of sample j. */
static void set_target(struct feed *f, const struct samples *s, size_t i, uint32_t j)
{
    const struct job *job = f->job;
    size_t k = (size_t)job->loss.k;
    if (f->label)
        f->label[i] = s->label[j];
    else if (job->data.target == TARGET_INPUT)
        input_target(job, f->target + i * k,
                     net_input(job->net) + i * shape_size(job->net->layers[0].out));
    else
        memcpy(f->target + i * k, s->target + j * k, k * sizeof *f->target);
}

void feed_gather(struct feed *f, const struct part *part, size_t first, int n, int view, int tid,
                 int nt)
{
    const struct job *job = f->job;
    const struct samples *s = part->of;
    struct shape out = job->net->layers[0].out;
    size_t lo, hi;
    par_range((size_t)n, 1, tid, nt, &lo, &hi);
    for (size_t i = lo; i < hi; i++) {
        uint32_t j = part->index[first + i];
        real *y = net_input(job->net) + i * shape_size(out);
        if (view == 0)
            augment_centre(y, out, s, j);
        else
            augment_view(view, y, out, s, j, f->row + f->row_size * (size_t)tid);
        set_target(f, s, i, j);
    }
}

/* Puts some of another sample into row i: into its input and its target. */
static void mix(struct feed *f, size_t i, uint32_t j, uint64_t epoch, real *room)
{
    const struct job *job = f->job;
    const struct part *part = &job->samples.train;
    const struct samples *s = part->of;
    size_t k = (size_t)job->loss.k, size = shape_size(job->net->layers[0].out);
    real *x = net_input(job->net) + i * size, *other = room + f->augment.scratch;
    real *t = f->target + i * k;
    uint32_t place;
    real share = augment_partner(&f->augment, epoch, j, part->n, &place), rest = 1 - share;
    uint32_t o = part->index[place];
    if (share < 1) {
        augment_sample(&f->augment, other, s, o, epoch, room);
        augment_mix(x, other, share, size);
    }
    if (!f->label) {
        if (job->data.target == TARGET_INPUT)
            input_target(job, t, x);
        else
            augment_mix(t, s->target + o * k, share, k);
        return;
    }
    if (k == 1) {
        t[0] = share * (real)s->label[j] + rest * (real)s->label[o];
        return;
    }
    memset(t, 0, k * sizeof *t);
    t[s->label[j]] = share;
    t[s->label[o]] += rest;
}

/* Fetches the sample that comes AHEAD samples later, in this batch or a later one. Not a function
 * to the compiler (gcc 12), which would leave out its calls: it sees nothing that it does. */
static inline __attribute__((always_inline)) void fetch_ahead(const struct part *part,
                                                              const uint32_t *order, size_t i)
{
    const struct samples *s = part->of;
    if (i + AHEAD >= part->n)
        return;
    size_t row = shape_size(s->shape) * (s->x ? sizeof *s->x : 1);
    uint32_t j = part->index[order ? order[i + AHEAD] : i + AHEAD];
    const char *at = s->x ? (const char *)s->x : (const char *)s->bytes;
    for (size_t b = 0; b < row && b < AHEAD_BYTES; b += MEM_ALIGN)
        __builtin_prefetch(at + j * row + b);
}

void feed_train(struct feed *f, const uint32_t *order, size_t first, int n, uint64_t epoch, int tid,
                int nt)
{
    const struct job *job = f->job;
    const struct part *part = &job->samples.train;
    size_t lo, hi, size = shape_size(job->net->layers[0].out);
    real *room = f->room ? f->room + f->room_size * (size_t)tid : NULL;
    par_range((size_t)n, 1, tid, nt, &lo, &hi);
    for (size_t i = lo; i < hi; i++) {
        uint32_t j = part->index[order ? order[first + i] : first + i];
        real *x = net_input(job->net) + i * size;
        fetch_ahead(part, order, first + i);
        if (room)
            augment_sample(&f->augment, x, part->of, j, epoch, room);
        else
            samples_row(part->of, j, x);
        set_target(f, part->of, i, j);
        if (room && job->augment.mixup > 0)
            mix(f, i, j, epoch, room);
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
    bool mixed = scale > 0 && job->augment.mixup > 0;
    const struct loss_rows rows = {.x = logits->y,
                                   .label = mixed ? NULL : f->label,
                                   .target = mixed || !f->label ? f->target : NULL,
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

/* Adds this thread's rows of what the net says to the mean over the views; behind the last view,
 * that takes its place. */
static void average(const struct feed *f, const struct pass *p, int view, bool last)
{
    size_t lo, hi, k = (size_t)f->job->loss.k;
    real *y = net_logits(f->job->net)->y, *sum = f->views;
    real weight = augment_view_weight(&f->job->augment, view);
    par_range((size_t)p->n, 1, p->tid, p->nt, &lo, &hi);
    for (size_t i = lo * k; i < hi * k; i++) {
        sum[i] = view == 0 ? weight * y[i] : sum[i] + weight * y[i];
        if (last)
            y[i] = sum[i];
    }
}

/* Makes this thread's rows of what the net says the mean over the ensemble. */
static void join(const struct feed *f, size_t first, const struct pass *p)
{
    size_t lo, hi;
    par_range((size_t)p->n, 1, p->tid, p->nt, &lo, &hi);
    ensemble_mean(f->ensemble, net_logits(f->job->net)->y, first, lo, hi);
    team_barrier(p->team, p->tid);
}

/* Samples first .. first + p->n - 1 of the part through the net, once for every view. */
static void forward(struct feed *f, const struct part *part, size_t first, struct pass *p,
                    bool outputs)
{
    struct net *net = f->job->net;
    int views = f->views ? augment_views(&f->job->augment) : 1;
    bool alone = !f->views && !f->ensemble;
    for (int v = 0; v < views; v++) {
        feed_gather(f, part, first, p->n, v, p->tid, p->nt);
        net_forward(net, p, outputs && alone);
        if (f->views) {
            average(f, p, v, v == views - 1);
            team_barrier(p->team, p->tid);
        }
    }
    if (f->ensemble)
        join(f, first, p);
    if (!alone && outputs && net_logits(net) != net->output)
        net_forward_layer(net, net->output, p, true);
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
        forward(f, part, first, &p, each != NULL);
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
