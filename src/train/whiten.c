/* whiten.c - the covariance of patches, its eigenvectors, and weights out of them. */
#include "train/whiten.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define SAMPLES 5000 /* that a covariance is taken over, at most */
#define WORK    3e9  /* multiplications it may take */
#define EPS     5e-4
#define SWEEPS  60 /* of Jacobi's rotations; some ten are enough */

/* ---- eigenvectors ---- */

/* Rotates rows and columns p and q (p < q) of a, and columns of v, so that a[p,q] becomes 0. */
static void rotate(double *a, double *v, size_t n, size_t p, size_t q)
{
    double apq = a[p * n + q], theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (size_t k = 0; k < n; k++) {
        double kp = a[k * n + p], kq = a[k * n + q];
        a[k * n + p] = c * kp - s * kq;
        a[k * n + q] = s * kp + c * kq;
    }
    for (size_t k = 0; k < n; k++) {
        double pk = a[p * n + k], qk = a[q * n + k];
        a[p * n + k] = c * pk - s * qk;
        a[q * n + k] = s * pk + c * qk;
    }
    for (size_t k = 0; k < n; k++) { /* v transposed: an eigenvector is a row */
        double pk = v[p * n + k], qk = v[q * n + k];
        v[p * n + k] = c * pk - s * qk;
        v[q * n + k] = s * pk + c * qk;
    }
}

/* One rotation for every element above the diagonal that counts. false: there was none. */
static bool sweep(double *a, double *v, size_t n)
{
    bool any = false;
    for (size_t p = 0; p + 1 < n; p++)
        for (size_t q = p + 1; q < n; q++) {
            double small = 1e-15 * sqrt(fabs(a[p * n + p] * a[q * n + q]));
            if (fabs(a[p * n + q]) <= small || a[p * n + q] == 0)
                continue;
            rotate(a, v, n, p, q);
            any = true;
        }
    return any;
}

static void exchange(double *x, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double t = x[i];
        x[i] = y[i];
        y[i] = t;
    }
}

/* The largest component positive: the first of equals. */
static void set_sign(double *v, size_t n)
{
    size_t most = 0;
    for (size_t i = 1; i < n; i++)
        if (fabs(v[i]) > fabs(v[most]))
            most = i;
    bool turn = v[most] < 0;
    for (size_t i = 0; turn && i < n; i++)
        v[i] = -v[i];
}

void whiten_eigen(double *a, size_t n, double *value, double *vector)
{
    for (size_t i = 0; i < n * n; i++)
        vector[i] = i % (n + 1) == 0;
    for (int i = 0; i < SWEEPS && sweep(a, vector, n); i++)
        ;
    for (size_t i = 0; i < n; i++)
        value[i] = a[i * n + i];
    for (size_t i = 0; i < n; i++) {
        size_t most = i;
        for (size_t j = i + 1; j < n; j++)
            most = value[j] > value[most] ? j : most;
        exchange(&value[i], &value[most], 1);
        if (most != i)
            exchange(vector + i * n, vector + most * n, n);
        set_sign(vector + i * n, n);
    }
}

/* ---- what an output sees ---- */

/* Patches of h x w pixels of images, as n numbers in c, h, w order. */
struct patches {
    struct shape in;
    int h, w;
    size_t n;
    double count;        /* patches so far */
    double *sum, *cross; /* n; n x n, above and on the diagonal */
    double *one;         /* a patch */
};

static void take(const struct patches *p, const real *x, int top, int left)
{
    double *to = p->one;
    for (int c = 0; c < p->in.c; c++)
        for (int i = top; i < top + p->h; i++)
            for (int k = left; k < left + p->w; k++)
                *to++ = (double)
                    x[((size_t)i * (size_t)p->in.w + (size_t)k) * (size_t)p->in.c + (size_t)c];
}

static void add_image(struct patches *p, const real *x)
{
    for (int top = 0; top + p->h <= p->in.h; top++)
        for (int left = 0; left + p->w <= p->in.w; left++) {
            take(p, x, top, left);
            p->count++;
            for (size_t i = 0; i < p->n; i++) {
                double v = p->one[i], *row = p->cross + i * p->n;
                p->sum[i] += v;
                for (size_t j = i; j < p->n; j++)
                    row[j] += v * p->one[j];
            }
        }
}

/* The covariance from the sums, in their place, and the mean in sum's. */
static void finish(struct patches *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->sum[i] /= p->count;
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = i; j < p->n; j++) {
            double *c = p->cross + i * p->n + j;
            *c = *c / p->count - p->sum[i] * p->sum[j];
            p->cross[j * p->n + i] = *c;
        }
}

/* Samples of the training part, evenly spread over it, as many as the work allows. */
static void gather(struct patches *p, const struct part *part, real *x)
{
    double places = (double)(p->in.h - p->h + 1) * (double)(p->in.w - p->w + 1);
    double most = WORK / (places * (double)p->n * (double)p->n);
    uint32_t n = part->n < SAMPLES ? part->n : SAMPLES;
    if (most < n)
        n = most < 64 ? (part->n < 64 ? part->n : 64) : (uint32_t)most;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = part->index[(uint64_t)i * part->n / n];
        augment_centre(x, p->in, part->of, at);
        add_image(p, x);
    }
}

static void set_weights(const struct layer *l, const struct patches *p, const double *value,
                        const double *vector)
{
    const struct param *w = &l->params[0];
    size_t out = (size_t)w->dim[0], half = (out + 1) / 2, n = p->n;
    double mean = 0;
    for (size_t i = 0; i < n; i++)
        mean += value[i] / (double)n;
    for (size_t o = 0; o < out; o++) {
        size_t i = o % half;
        double e = (value[i] > 0 ? value[i] : 0) + EPS * mean, dot = 0;
        double by = e > 0 ? (o < half ? 1 : -1) * l->common.init_scale / sqrt(e) : 0;
        for (size_t j = 0; j < n; j++) {
            w->w[param_index(w, o * n + j)] = (real)(by * vector[i * n + j]);
            dot += by * vector[i * n + j] * p->sum[j];
        }
        if (l->common.bias)
            l->params[1].w[o] = (real)-dot;
    }
}

static int whiten(const struct job *job, const struct layer *l, struct err *e)
{
    const struct param *w = &l->params[0];
    struct shape in = l->in[0]->out;
    struct patches p = {.in = in, .h = in.h, .w = in.w, .n = w->size / (size_t)w->dim[0]};
    if (w->file_nd > 2) {
        p.h = w->file_nd > 3 ? w->dim[2] : 1;
        p.w = w->dim[w->file_nd - 1];
    }
    if (p.h > in.h || p.w > in.w)
        return err_set(e, ERR_NET,
                       "%s:%d: [%s] init = whitening: its window is larger than samples",
                       job->nf->path, l->line, l->ops->name);
    double *room = mem_alloc(mem_add(mem_mul(2, mem_mul(p.n, p.n)), 3 * p.n), sizeof *room, e);
    real *x = room ? mem_alloc(shape_size(in), sizeof *x, e) : NULL;
    if (!x) {
        mem_free(room);
        return -1;
    }
    double *vector = room + p.n * p.n, *value = vector + p.n * p.n;
    p.cross = room;
    p.sum = value + p.n;
    p.one = p.sum + p.n;
    gather(&p, &job->samples.train, x);
    finish(&p);
    whiten_eigen(p.cross, p.n, value, vector);
    set_weights(l, &p, value, vector);
    mem_free(x);
    mem_free(room);
    return 0;
}

int whiten_init(struct job *job, struct err *e)
{
    for (int i = 1; i < job->net->n_layers; i++) {
        const struct layer *l = &job->net->layers[i];
        if (l->n_params && l->common.init == INIT_WHITENING && l->ops->flags & LAYER_INIT &&
            whiten(job, l, e))
            return -1;
    }
    return 0;
}
