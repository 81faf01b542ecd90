/* checkpoint_make.c - writing checkpoints: the net and a position as bytes. */
#include "base/mem.h"
#include "train/checkpoint_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *checkpoint_name(char *out, const struct layer *l, const struct param *p,
                            const char *slot)
{
    if (slot)
        snprintf(out, CHECKPOINT_NAME, "optimizer.%s.%s.%s", l->name, p->name, slot);
    else
        snprintf(out, CHECKPOINT_NAME, "%s.%s", l->name, p->name);
    return out;
}

int checkpoint_dims(const struct param *p, uint64_t dim[PARAM_DIMS])
{
    for (int i = 0; i < p->file_nd; i++)
        dim[i] = (uint64_t)p->dim[i];
    for (int i = p->file_nd; i < p->nd; i++)
        dim[p->file_nd - 1] *= (uint64_t)p->dim[i];
    return p->file_nd;
}

/* What is being made: tensors whose data lie one after the other in `data`. */
struct maker {
    struct st_tensor *tensors;
    char (*names)[CHECKPOINT_NAME];
    real *data;
    size_t used;
    int n;
};

#define META_MAX 32
struct meta {
    struct st_meta list[META_MAX];
    char values[META_MAX][40];
    int n;
};

static void add_tensor(struct maker *m, const char *name, int nd, const uint64_t *dim, size_t size)
{
    struct st_tensor *t = &m->tensors[m->n];
    snprintf(m->names[m->n], CHECKPOINT_NAME, "%s", name);
    *t = (struct st_tensor){.name = m->names[m->n++],
                            .dtype = CHECKPOINT_DTYPE,
                            .nd = nd,
                            .data = m->data + m->used,
                            .bytes = size * sizeof(real)};
    memcpy(t->dim, dim, (size_t)nd * sizeof *dim);
    m->used += size;
}

static void add_param(struct maker *m, const struct layer *l, const struct param *p,
                      const char *slot, const real *w)
{
    char name[CHECKPOINT_NAME];
    uint64_t dim[PARAM_DIMS];
    real *to = m->data + m->used;
    for (size_t i = 0; i < p->size; i++)
        to[i] = w[param_index(p, i)];
    add_tensor(m, checkpoint_name(name, l, p, slot), checkpoint_dims(p, dim), dim, p->size);
}

static void add_vector(struct maker *m, const char *name, const real *v, int n)
{
    uint64_t dim[1] = {(uint64_t)n};
    memcpy(m->data + m->used, v, (size_t)n * sizeof *v);
    add_tensor(m, name, 1, dim, (size_t)n);
}

static void fill(struct maker *m, const struct job *job, int slots)
{
    const struct optim *o = &job->optim;
    for (int i = 1; i < job->net->n_layers; i++)
        for (int j = 0; j < job->net->layers[i].n_params; j++) {
            const struct layer *l = &job->net->layers[i];
            const struct param *p = &l->params[j];
            add_param(m, l, p, NULL, optim_weights(o, p));
            for (int s = 0; s < slots; s++)
                if (optim_has_state(o, p, s))
                    add_param(m, l, p, optim_state_name(o, s), optim_state(o, p, s));
        }
    if (job->samples.mean) {
        add_vector(m, "data.mean", job->samples.mean, job->samples.n_norm);
        add_vector(m, "data.std", job->samples.std, job->samples.n_norm);
    }
}

/* Tensors and numbers that fill() will add, at most. */
static void measure(const struct job *job, int slots, size_t *tensors, size_t *numbers)
{
    *tensors = 2;
    *numbers = 2 * (size_t)job->samples.n_norm;
    for (int i = 1; i < job->net->n_layers; i++)
        for (int j = 0; j < job->net->layers[i].n_params; j++) {
            *tensors += 1 + (size_t)slots;
            *numbers += job->net->layers[i].params[j].size * (1 + (size_t)slots);
        }
}

static void meta_text(struct meta *m, const char *key, const char *value)
{
    m->list[m->n++] = (struct st_meta){key, value};
}

static void meta_count(struct meta *m, const char *key, uint64_t v)
{
    snprintf(m->values[m->n], sizeof m->values[0], "%" PRIu64, v);
    meta_text(m, key, m->values[m->n]);
}

static void meta_double(struct meta *m, const char *key, double v)
{
    snprintf(m->values[m->n], sizeof m->values[0], "%a", v);
    meta_text(m, key, m->values[m->n]);
}

const char *checkpoint_arithmetic(const struct kernels *k)
{
    if (strncmp(k->isa, "avx", 3) == 0)
        return "fused";
    return strcmp(k->isa, "ref") == 0 ? "reference" : "separate";
}

/* Names, one a line; "" without names. */
static char *name_lines(char *const *names, int n, struct err *e)
{
    struct text t = {0};
    for (int i = 0; names && i < n; i++)
        if (text_add(&t, e, "%s\n", names[i])) {
            mem_free(t.s);
            return NULL;
        }
    return t.s ? t.s : mem_strdup("", e);
}

static void fill_meta(struct meta *m, const struct job *job, const struct position *at,
                      const char *net, const char *names, const char *columns)
{
    meta_text(m, META_FORMAT, CHECKPOINT_FORMAT);
    meta_text(m, META_VERSION, CHECKPOINT_VERSION);
    meta_text(m, META_NET, net);
    if (*names)
        meta_text(m, META_CLASSES, names);
    if (*columns)
        meta_text(m, META_COLUMNS, columns);
    meta_text(m, META_ARITHMETIC, checkpoint_arithmetic(job->net->k));
    meta_count(m, META_EPOCH, at->epoch);
    meta_count(m, META_STEP, at->step);
    meta_count(m, META_EPOCH_STEP, at->epoch_step);
    meta_count(m, META_RUNNING_N, at->running.n);
    meta_count(m, META_RUNNING_HITS, at->running.hits);
    meta_double(m, META_RUNNING_WEIGHT, at->running.weight);
    meta_double(m, META_RUNNING_LOSS, at->running.loss_sum);
    meta_count(m, META_BEST_EPOCH, at->best_epoch);
    meta_count(m, META_BEST_STEP, at->best_step);
    meta_double(m, META_BEST_VALUE, at->best_value);
    meta_double(m, META_BEST_LOSS, at->best_loss);
    meta_count(m, META_SINCE_BEST, at->since_best);
    meta_count(m, META_STOPPED, at->stopped);
    if (at->plateau.seen) {
        meta_count(m, META_PLATEAU_SEEN, at->plateau.seen);
        meta_count(m, META_PLATEAU_BAD, at->plateau.bad);
        meta_count(m, META_PLATEAU_CUTS, at->plateau.cuts);
        meta_double(m, META_PLATEAU_BEST, at->plateau.best);
    }
    for (int i = 0; i < 3; i++)
        if (job->samples.source[i].path) {
            snprintf(m->values[m->n], sizeof m->values[0], "%" PRIu64 ":%08" PRIx32,
                     job->samples.source[i].size, job->samples.source[i].crc);
            meta_text(m, META_SOURCE(i), m->values[m->n]);
        }
}

int checkpoint_seal(struct blob *out, const struct st_tensor *tensors, int n_tensors,
                    const struct st_meta *meta, int n_meta, struct err *e)
{
    struct st_meta sealed[META_MAX];
    char crc[16];
    int n = 0;
    for (int i = 0; i < n_meta && n < META_MAX - 1; i++)
        if (strcmp(meta[i].key, META_CHECKSUM) != 0)
            sealed[n++] = meta[i];
    snprintf(crc, sizeof crc, "%08" PRIx32, checkpoint_crc(tensors, n_tensors, sealed, n));
    sealed[n++] = (struct st_meta){META_CHECKSUM, crc};
    return safetensors_serialise(tensors, n_tensors, sealed, n, out, e);
}

int checkpoint_make(struct blob *out, const struct job *job, const struct position *at,
                    bool with_optimizer, struct err *e)
{
    int slots = with_optimizer ? optim_slots(&job->optim) : 0, r = -1;
    size_t n_tensors, n_numbers;
    struct maker m = {0};
    struct text net = {0};
    struct meta meta = {.n = 0};
    const struct samples *train = &job->samples.train_file;
    char *names = name_lines(job->samples.names, job->classes, e);
    char *columns = name_lines(train->columns, train->n_columns, e);
    measure(job, slots, &n_tensors, &n_numbers);
    m.tensors = mem_alloc(n_tensors, sizeof *m.tensors, e);
    m.names = mem_alloc(n_tensors, sizeof *m.names, e);
    m.data = mem_alloc(n_numbers, sizeof *m.data, e);
    if (!names || !columns || !m.tensors || !m.names || !m.data || job_write(job, &net, e))
        goto out;
    fill(&m, job, slots);
    fill_meta(&meta, job, at, net.s, names, columns);
    r = checkpoint_seal(out, m.tensors, m.n, meta.list, meta.n, e);
out:
    mem_free(names);
    mem_free(columns);
    mem_free(net.s);
    mem_free(m.tensors);
    mem_free(m.names);
    mem_free(m.data);
    return r;
}
