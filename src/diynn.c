/* diynn.c - the library: a checkpoint, its job, and forward passes in the calling thread. */
#include "diynn.h"

#include "base/mem.h"
#include "train/checkpoint.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#define BATCH 32 /* samples that pass at once */

struct diynn {
    struct checkpoint point;
    struct job job;
    struct team *team;
    struct samples view; /* the samples of a pass */
    bool cropped;        /* the net sees their middle, else they stand in its input */
    const real *mean, *std;
    int n_norm;
    char name[64]; /* of the class asked for last */
};

const char *diynn_version(void)
{
    return DIYNN_VERSION;
}

/* Plans the net of the checkpoint and loads its weights. */
static int prepare(struct diynn *d, struct err *e)
{
    struct job *job = &d->job;
    if (checkpoint_job(&d->point, job, false, e) || !(d->team = team_new(1, e)))
        return -1;
    const struct net_plan plan = {.batch = BATCH, .fuse = true, .loss_act = job_loss_act(job)};
    if (net_allocate(job->net, &plan, d->team, kernels_get(NULL), e) ||
        checkpoint_load(&d->point, job, false, e))
        return -1;
    checkpoint_normalization(&d->point, &d->mean, &d->std, &d->n_norm);
    d->cropped = !shape_equal(job->shape, job->net->layers[0].out);
    d->view = (struct samples){.shape = job->shape, .x = net_input(job->net)};
    if (d->cropped)
        d->view.x = mem_alloc(mem_mul(BATCH, shape_size(job->shape)), sizeof *d->view.x, e);
    return d->view.x ? 0 : -1;
}

/* Reads the path, or the bytes where they are given. */
static int read_point(struct diynn *d, const char *path, const void *bytes, size_t size,
                      struct err *e)
{
    if (bytes) {
        struct blob copy = {mem_strndup(bytes, size, e), size};
        return copy.data ? checkpoint_parse(&d->point, path, &copy, e) : -1;
    }
    char *file = checkpoint_find(path, e);
    int r = file ? checkpoint_read(&d->point, file, e) : -1;
    mem_free(file);
    return r;
}

/* Numbers are read as in C, whatever language the program speaks. */
static struct diynn *open_net(const char *path, const void *bytes, size_t size,
                              struct diynn_error *error)
{
    struct err e = {0};
    struct diynn *d = NULL;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c) {
        locale_t before = uselocale(c);
        d = mem_alloc(1, sizeof *d, &e);
        if (d && (read_point(d, path, bytes, size, &e) || prepare(d, &e))) {
            diynn_close(d);
            d = NULL;
        }
        uselocale(before);
        freelocale(c);
    } else {
        err_set(&e, ERR_INTERNAL, "out of memory");
    }
    if (error) {
        error->code = e.kind == ERR_NONE || e.kind == ERR_INTERNAL ? (int)e.kind : ERR_DATA;
        snprintf(error->text, sizeof error->text, "%s", e.msg);
    }
    return d;
}

struct diynn *diynn_open(const char *path, struct diynn_error *e)
{
    return open_net(path, NULL, 0, e);
}

struct diynn *diynn_open_bytes(const void *checkpoint, size_t size, struct diynn_error *e)
{
    return open_net("checkpoint in memory", checkpoint ? checkpoint : "", size, e);
}

void diynn_close(struct diynn *d)
{
    if (!d)
        return;
    if (d->cropped)
        mem_free(d->view.x);
    job_free(&d->job);
    checkpoint_free(&d->point);
    team_free(d->team);
    mem_free(d);
}

static void put_shape(struct shape s, int out[3])
{
    out[0] = s.c;
    out[1] = s.h;
    out[2] = s.w;
}

size_t diynn_input_size(const struct diynn *d)
{
    return shape_size(d->job.shape);
}

size_t diynn_output_size(const struct diynn *d)
{
    return shape_size(d->job.net->output->out);
}

void diynn_input_shape(const struct diynn *d, int shape[3])
{
    put_shape(d->job.shape, shape);
}

void diynn_output_shape(const struct diynn *d, int shape[3])
{
    put_shape(d->job.net->output->out, shape);
}

int diynn_classes(const struct diynn *d)
{
    return d->job.classes;
}

const char *diynn_class_name(struct diynn *d, int i)
{
    if (i < 0 || i >= d->job.classes)
        return "";
    return checkpoint_class_name(&d->point, i, d->name);
}

/* A sample from c, h, w to h, w, c. */
static void take_in(real *to, const float *from, struct shape s)
{
    size_t hw = (size_t)s.h * (size_t)s.w, c = (size_t)s.c;
    for (size_t i = 0; i < c; i++)
        for (size_t p = 0; p < hw; p++)
            to[p * c + i] = (real)from[i * hw + p];
}

/* And back. */
static void take_out(float *to, const real *from, struct shape s)
{
    size_t hw = (size_t)s.h * (size_t)s.w, c = (size_t)s.c;
    for (size_t i = 0; i < c; i++)
        for (size_t p = 0; p < hw; p++)
            to[i * hw + p] = (float)from[p * c + i];
}

/* What team_run calls: n samples that stand in the net's input. */
struct piece {
    struct diynn *d;
    int n;
};

static void run(void *arg, int tid, int nt)
{
    const struct piece *piece = arg;
    struct pass pass = {.n = piece->n, .team = piece->d->team, .tid = tid, .nt = nt};
    net_forward(piece->d->job.net, &pass, true);
}

void diynn_predict(struct diynn *d, size_t n, const float *x, float *y, int *class_)
{
    const struct net *net = d->job.net;
    const struct loss *loss = &d->job.loss;
    const struct shape in = d->job.shape, out = net->output->out;
    for (size_t first = 0; first < n; first += BATCH) {
        struct piece piece = {d, n - first < BATCH ? (int)(n - first) : BATCH};
        d->view.n = (size_t)piece.n;
        for (size_t i = 0; i < d->view.n; i++)
            take_in(d->view.x + i * shape_size(in), x + (first + i) * shape_size(in), in);
        if (d->n_norm > 0)
            data_normalize_rows(d->view.x, d->view.n, in, d->mean, d->std, d->n_norm);
        for (size_t i = 0; d->cropped && i < d->view.n; i++)
            augment_centre(net_input(net) + i * shape_size(net->layers[0].out), net->layers[0].out,
                           &d->view, i);
        team_run(d->team, run, &piece);
        for (size_t i = 0; y && i < d->view.n; i++)
            take_out(y + (first + i) * shape_size(out), net->output->y + i * shape_size(out), out);
        const real *logits = net_logits(net)->y;
        for (size_t i = 0; class_ && d->job.classes && i < d->view.n; i++)
            class_[first + i] = loss_decide(loss, logits + i * (size_t)loss->k);
    }
}
