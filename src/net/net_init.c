/* net_init.c - initial weights.
 *
 * Each tensor has a stream of random numbers of its own, named LAYER.TENSOR, drawn in the order of
 * files: a new layer, another memory order or another machine does not move them.
 * Sources: Glorot and Bengio 2010 (xavier), He et al. 2015 (he), LeCun et al. 1998 (lecun), Saxe et
 * al. 2014 (orthogonal), Zagoruyko and Komodakis 2017 (dirac). */
#include "net/net.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>

/* Orthonormal rows, or columns where there are more rows than columns: Gram-Schmidt, twice, on
 * normal numbers. a: rows x cols. */
static void orthonormalise(double *a, size_t rows, size_t cols)
{
    bool wide = rows <= cols;
    size_t n = wide ? rows : cols, len = wide ? cols : rows;
    size_t vec = wide ? cols : 1, el = wide ? 1 : cols; /* strides of vectors, of their elements */
    for (size_t i = 0; i < n; i++) {
        double *v = a + i * vec;
        for (size_t pass = 0; pass < 2; pass++)
            for (size_t j = 0; j < i; j++) {
                const double *u = a + j * vec;
                double dot = 0;
                for (size_t t = 0; t < len; t++)
                    dot += u[t * el] * v[t * el];
                for (size_t t = 0; t < len; t++)
                    v[t * el] -= dot * u[t * el];
            }
        double norm = 0;
        for (size_t t = 0; t < len; t++)
            norm += v[t * el] * v[t * el];
        for (size_t t = 0; t < len; t++)
            v[t * el] /= sqrt(norm);
    }
}

static int init_orthogonal(struct param *p, double scale, struct rng *r, struct err *e)
{
    double *a = mem_alloc(p->size, sizeof *a, e);
    if (!a)
        return -1;
    for (size_t i = 0; i < p->size; i++)
        a[i] = rng_normal(r);
    orthonormalise(a, (size_t)p->dim[0], p->size / (size_t)p->dim[0]);
    for (size_t i = 0; i < p->size; i++)
        p->w[param_index(p, i)] = (real)(scale * a[i]);
    mem_free(a);
    return 0;
}

/* Width of the distribution: half the interval of a uniform, the deviation of a normal. */
static double spread(const struct param *p, enum init init)
{
    double field = 1;
    for (int i = 2; i < p->file_nd; i++)
        field *= p->dim[i];
    double fan_in = (double)p->size / p->dim[0], fan_out = p->dim[0] * field;
    switch (init) {
    case INIT_XAVIER_UNIFORM:
        return sqrt(6 / (fan_in + fan_out));
    case INIT_XAVIER_NORMAL:
        return sqrt(2 / (fan_in + fan_out));
    case INIT_HE_UNIFORM:
        return sqrt(6 / fan_in);
    case INIT_HE_NORMAL:
        return sqrt(2 / fan_in);
    case INIT_LECUN_UNIFORM:
    case INIT_DIRAC:
        return sqrt(3 / fan_in);
    case INIT_LECUN_NORMAL:
    case INIT_WHITENING:
        return sqrt(1 / fan_in);
    default:
        return 1;
    }
}

static bool is_uniform(enum init init)
{
    return init == INIT_XAVIER_UNIFORM || init == INIT_HE_UNIFORM || init == INIT_LECUN_UNIFORM ||
           init == INIT_UNIFORM || init == INIT_DIRAC;
}

/* Makes the first outputs of every group the group's inputs: 1 in the middle of the filter that
 * stands for the same channel, 0 elsewhere. What outputs there are beyond stay as they are. */
static void make_dirac(const struct layer *l, struct param *p)
{
    bool filters = p->file_nd > 2;
    size_t out = (size_t)p->dim[0], in = filters ? (size_t)p->dim[1] : p->size / out;
    if (in == 0)
        return;
    size_t field = p->size / out / in, middle = 0;
    size_t groups = filters ? (size_t)l->in[0]->out.c / in : 1, each = out / groups;
    for (int i = 2; i < p->file_nd; i++)
        middle = middle * (size_t)p->dim[i] + (size_t)(p->dim[i] / 2);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; o % each < in && i < in * field; i++) {
            bool one = i == o % each * field + middle;
            p->w[param_index(p, o * in * field + i)] = one ? (real)l->common.init_scale : 0;
        }
}

static int init_param(const struct layer *l, struct param *p, uint64_t seed, struct err *e)
{
    char name[2 * NETFILE_NAME_MAX];
    snprintf(name, sizeof name, "%s.%s", l->name, p->name);
    struct rng r = rng_stream(seed, "init", name, 0);
    enum init init = (enum init)l->common.init;
    double scale = l->common.init_scale * spread(p, init);
    if (p->start == START_INIT && init == INIT_ORTHOGONAL)
        return init_orthogonal(p, scale, &r, e);
    for (size_t i = 0; i < p->size; i++) {
        double v;
        if (p->start == START_ZERO || p->start == START_ONE)
            v = p->start == START_ONE;
        else if (p->start == START_NORMAL)
            v = p->start_scale * rng_normal(&r);
        else if (p->start == START_UNIFORM)
            v = p->start_scale * rng_uniform(&r);
        else if (init == INIT_CONSTANT)
            v = scale;
        else if (is_uniform(init))
            v = scale * (2 * rng_uniform(&r) - 1);
        else
            v = scale * rng_normal(&r);
        p->w[param_index(p, i)] = (real)v;
    }
    if (p->start == START_INIT && init == INIT_DIRAC)
        make_dirac(l, p);
    return 0;
}

int net_init(struct net *net, uint64_t seed, struct err *e)
{
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            if (init_param(&net->layers[i], &net->layers[i].params[j], seed, e))
                return -1;
    return 0;
}
