/* checkpoint.c - reading checkpoints. */
#include "train/checkpoint.h"

#include "base/mem.h"
#include "base/plain_locale.h"
#include "train/checkpoint_names.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t checkpoint_crc(const struct st_tensor *tensors, int n_tensors, const struct st_meta *meta,
                        int n_meta)
{
    uint32_t sum = 0;
    for (int i = 0; i < n_tensors; i++) {
        const struct st_tensor *t = &tensors[i];
        uint32_t crc = io_crc32((uint32_t)t->dtype, t->name, strlen(t->name));
        crc = io_crc32(crc, t->dim, (size_t)t->nd * sizeof *t->dim);
        sum += io_crc32(crc, t->data, t->bytes);
    }
    for (int i = 0; i < n_meta; i++)
        if (strcmp(meta[i].key, META_CHECKSUM) != 0) {
            uint32_t crc = io_crc32(0, meta[i].key, strlen(meta[i].key) + 1);
            sum += io_crc32(crc, meta[i].value, strlen(meta[i].value));
        }
    return sum;
}

static const char *need_meta(const struct checkpoint *c, const char *key, struct err *e)
{
    const char *v = safetensors_meta(&c->st, key);
    if (!v)
        err_set(e, ERR_DATA, "%s: not a checkpoint of diynn: no '%s' in its metadata", c->path,
                key);
    return v;
}

static int read_count(const struct checkpoint *c, const char *key, uint64_t *out, struct err *e)
{
    const char *v = need_meta(c, key, e);
    char *end;
    if (!v)
        return -1;
    errno = 0;
    *out = strtoull(v, &end, 10);
    if (*v < '0' || *v > '9' || *end || errno)
        return err_set(e, ERR_DATA, "%s: metadata '%s' is no number", c->path, key);
    return 0;
}

/* Numbers that must come back exactly are hex floats. */
static int read_double(const struct checkpoint *c, const char *key, double *out, struct err *e)
{
    const char *v = need_meta(c, key, e);
    char *end;
    if (!v)
        return -1;
    *out = strtod_l(v, &end, plain_locale());
    if (end == v || *end)
        return err_set(e, ERR_DATA, "%s: metadata '%s' is no number", c->path, key);
    return 0;
}

static int read_position(struct checkpoint *c, struct err *e)
{
    struct position *p = &c->at;
    if (read_count(c, META_EPOCH, &p->epoch, e) || read_count(c, META_STEP, &p->step, e) ||
        read_count(c, META_EPOCH_STEP, &p->epoch_step, e) ||
        read_count(c, META_RUNNING_N, &p->running.n, e) ||
        read_count(c, META_RUNNING_HITS, &p->running.hits, e) ||
        read_double(c, META_RUNNING_WEIGHT, &p->running.weight, e) ||
        read_double(c, META_RUNNING_LOSS, &p->running.loss_sum, e) ||
        read_count(c, META_BEST_EPOCH, &p->best_epoch, e) ||
        read_count(c, META_BEST_STEP, &p->best_step, e) ||
        read_count(c, META_SINCE_BEST, &p->since_best, e) ||
        read_count(c, META_STOPPED, &p->stopped, e))
        return -1;
    if (read_double(c, META_BEST_VALUE, &p->best_value, e))
        return -1;
    return read_double(c, META_BEST_LOSS, &p->best_loss, e);
}

/* Only there where a plateau schedule has seen something. */
static int read_plateau(struct checkpoint *c, struct err *e)
{
    struct plateau *p = &c->at.plateau;
    if (!safetensors_meta(&c->st, META_PLATEAU_SEEN))
        return 0;
    if (read_count(c, META_PLATEAU_SEEN, &p->seen, e) ||
        read_count(c, META_PLATEAU_BAD, &p->bad, e) ||
        read_count(c, META_PLATEAU_CUTS, &p->cuts, e))
        return -1;
    return read_double(c, META_PLATEAU_BEST, &p->best, e);
}

static int check_version(const struct checkpoint *c, struct err *e)
{
    const char *format = need_meta(c, META_FORMAT, e), *version = need_meta(c, META_VERSION, e);
    if (!format || !version)
        return -1;
    if (strcmp(format, CHECKPOINT_FORMAT) != 0)
        return err_set(e, ERR_DATA, "%s: not a checkpoint of diynn: its format is '%s'", c->path,
                       format);
    if (strcmp(version, CHECKPOINT_VERSION) != 0)
        return err_set(e, ERR_DATA, "%s: checkpoint version '%s'; this program reads %s", c->path,
                       version, CHECKPOINT_VERSION);
    return 0;
}

static int check_sum(const struct checkpoint *c, struct err *e)
{
    const char *v = need_meta(c, META_CHECKSUM, e);
    char now[16];
    if (!v)
        return -1;
    snprintf(now, sizeof now, "%08" PRIx32,
             checkpoint_crc(c->st.tensors, c->st.n_tensors, c->st.meta, c->st.n_meta));
    if (strcmp(v, now) != 0)
        return err_set(e, ERR_DATA, "%s: damaged: its checksum is %s, its content gives %s",
                       c->path, v, now);
    return 0;
}

int checkpoint_parse(struct checkpoint *c, const char *path, struct blob *bytes, struct err *e)
{
    *c = (struct checkpoint){0};
    c->path = mem_strdup(path, e);
    if (!c->path) {
        blob_free(bytes);
        return -1;
    }
    if (safetensors_parse(&c->st, path, bytes, e) || check_version(c, e) || check_sum(c, e) ||
        !(c->net = need_meta(c, META_NET, e)) ||
        !(c->arithmetic = need_meta(c, META_ARITHMETIC, e)) || read_position(c, e) ||
        read_plateau(c, e)) {
        checkpoint_free(c);
        return -1;
    }
    for (int i = 0; i < c->st.n_tensors; i++)
        c->has_optimizer |= strncmp(c->st.tensors[i].name, "optimizer.", 10) == 0;
    return 0;
}

int checkpoint_read(struct checkpoint *c, const char *path, struct err *e)
{
    struct blob bytes;
    *c = (struct checkpoint){0};
    if (io_read(path, SIZE_MAX / 4, ERR_DATA, &bytes, e))
        return -1;
    return checkpoint_parse(c, path, &bytes, e);
}

void checkpoint_free(struct checkpoint *c)
{
    safetensors_free(&c->st);
    mem_free(c->path);
    *c = (struct checkpoint){0};
}

/* ---- tensors into the net ---- */

/* The tensor `name` with the shape p has in files, or an error. */
static const struct st_tensor *expect(const struct checkpoint *c, const char *name,
                                      const struct param *p, struct err *e)
{
    const struct st_tensor *t = safetensors_find(&c->st, name);
    if (!t) {
        err_set(e, ERR_DATA, "%s: tensor '%s' is missing", c->path, name);
        return NULL;
    }
    uint64_t dim[PARAM_DIMS];
    int nd = checkpoint_dims(p, dim);
    bool same = t->nd == nd && t->dtype == CHECKPOINT_DTYPE;
    for (int i = 0; same && i < nd; i++)
        same = t->dim[i] == dim[i];
    if (!same) {
        err_set(e, ERR_DATA, "%s: tensor '%s' is not %s of the shape the network needs", c->path,
                name, st_dtype_name(CHECKPOINT_DTYPE));
        return NULL;
    }
    return t;
}

/* Means must be one, or one a channel, or one a number: whoever normalizes counts on it. */
static int check_normalization(const struct checkpoint *c, const struct job *job, struct err *e)
{
    const real *mean, *std;
    int n;
    checkpoint_normalization(c, &mean, &std, &n);
    if (n == 0 && !safetensors_find(&c->st, "data.mean") && !safetensors_find(&c->st, "data.std"))
        return 0;
    if (n != 1 && n != job->shape.c && (size_t)n != shape_size(job->shape))
        return err_set(e, ERR_DATA, "%s: tensors 'data.mean' and 'data.std' do not fit the input",
                       c->path);
    return 0;
}

/* Every tensor of the net, with `slots` of the optimizer's each, must be there and no other. */
static int check_tensors(const struct checkpoint *c, const struct job *job, bool with_optimizer,
                         struct err *e)
{
    char name[CHECKPOINT_NAME];
    const struct optim *o = &job->optim;
    int used = 0, slots = with_optimizer ? optim_slots(o) : 0;
    if (slots && !c->has_optimizer)
        return err_set(e, ERR_DATA, "%s: has no optimizer state to go on from", c->path);
    for (int i = 1; i < job->net->n_layers; i++)
        for (int j = 0; j < job->net->layers[i].n_params; j++) {
            const struct layer *l = &job->net->layers[i];
            const struct param *p = &l->params[j];
            if (!expect(c, checkpoint_name(name, l, p, NULL), p, e))
                return -1;
            used++;
            for (int s = 0; s < slots; s++)
                if (optim_has_state(o, p, s)) {
                    if (!expect(c, checkpoint_name(name, l, p, optim_state_name(o, s)), p, e))
                        return -1;
                    used++;
                }
        }
    for (int i = 0; i < c->st.n_tensors; i++) {
        const char *n = c->st.tensors[i].name;
        used +=
            strncmp(n, "data.", 5) == 0 || (!with_optimizer && strncmp(n, "optimizer.", 10) == 0);
    }
    if (used != c->st.n_tensors)
        return err_set(e, ERR_DATA, "%s: has %d tensors, but the network in it uses %d", c->path,
                       c->st.n_tensors, used);
    return check_normalization(c, job, e);
}

static void load_array(const struct checkpoint *c, const char *name, const struct param *p, real *w)
{
    const real *v = safetensors_find(&c->st, name)->data;
    for (size_t i = 0; i < p->size; i++)
        w[param_index(p, i)] = v[i];
}

int checkpoint_load(const struct checkpoint *c, struct job *job, bool with_optimizer, struct err *e)
{
    char name[CHECKPOINT_NAME];
    const struct optim *o = &job->optim;
    if (check_tensors(c, job, with_optimizer, e))
        return -1;
    for (int i = 1; i < job->net->n_layers; i++)
        for (int j = 0; j < job->net->layers[i].n_params; j++) {
            const struct layer *l = &job->net->layers[i];
            struct param *p = &l->params[j];
            load_array(c, checkpoint_name(name, l, p, NULL), p,
                       with_optimizer ? optim_weights(o, p) : p->w);
            for (int s = 0; with_optimizer && s < optim_slots(o); s++)
                if (optim_has_state(o, p, s))
                    load_array(c, checkpoint_name(name, l, p, optim_state_name(o, s)), p,
                               optim_state(o, p, s));
        }
    return 0;
}

void checkpoint_normalization(const struct checkpoint *c, const real **mean, const real **std,
                              int *n)
{
    const struct st_tensor *m = safetensors_find(&c->st, "data.mean");
    const struct st_tensor *s = safetensors_find(&c->st, "data.std");
    *mean = *std = NULL;
    *n = 0;
    if (m && s && m->dtype == CHECKPOINT_DTYPE && s->dtype == CHECKPOINT_DTYPE && m->nd == 1 &&
        s->nd == 1 && m->dim[0] == s->dim[0] && m->dim[0] <= NET_SAMPLE_MAX) {
        *mean = m->data;
        *std = s->data;
        *n = (int)m->dim[0];
    }
}

int checkpoint_job(const struct checkpoint *c, struct job *job, bool load_data, struct err *e)
{
    struct diag *d = mem_alloc(1, sizeof *d, e);
    *job = (struct job){0};
    if (!d)
        return -1;
    const struct job_source src = {.path = c->path, .text = c->net, .load_data = load_data};
    int r = job_open(job, &src, d, e);
    if (r && d->total) { /* the file is not the user's: what is wrong in it is damage */
        *e = (struct err){0};
        err_set(e, ERR_DATA, "%s: the network file in it is wrong: %s", c->path, d->msg[0].text);
    }
    mem_free(d);
    /* before anything is allocated: a network much larger than its file is a damaged file */
    return r ? r : check_tensors(c, job, false, e);
}

const char *checkpoint_class_name(const struct checkpoint *c, int i, char *out)
{
    const char *names = safetensors_meta(&c->st, META_CLASSES);
    for (int n = 0; names && *names; n++) { /* one a line */
        size_t len = strcspn(names, "\n");
        if (n == i) {
            snprintf(out, CHECKPOINT_CLASS, "%.*s", (int)len, names);
            return out;
        }
        names += len + (names[len] == '\n');
    }
    snprintf(out, CHECKPOINT_CLASS, "%d", i);
    return out;
}

/* The first n of the names that stand one a line in a text. */
static char **split_lines(const char *text, int n, struct err *e)
{
    char **list = mem_alloc((size_t)n, sizeof *list, e);
    for (int i = 0; list && i < n; i++) {
        size_t len = strcspn(text, "\n");
        list[i] = mem_strndup(text, len, e);
        if (!list[i]) {
            checkpoint_free_names(list, n);
            return NULL;
        }
        text += len + (text[len] == '\n');
    }
    return list;
}

static int count_lines(const char *text)
{
    int n = 0;
    for (const char *c = text; (c = strchr(c, '\n')); c++)
        n++;
    return n;
}

int checkpoint_class_names(const struct checkpoint *c, int n, char ***names, struct err *e)
{
    const char *text = safetensors_meta(&c->st, META_CLASSES);
    *names = NULL;
    if (!text || n == 0)
        return 0;
    int have = count_lines(text);
    if (have < n)
        return err_set(e, ERR_DATA, "%s: has names of %d classes, but the network in it knows %d",
                       c->path, have, n);
    *names = split_lines(text, n, e);
    return *names ? 0 : -1;
}

int checkpoint_column_names(const struct checkpoint *c, char ***names, int *n, struct err *e)
{
    const char *text = safetensors_meta(&c->st, META_COLUMNS);
    *names = NULL;
    *n = text ? count_lines(text) : 0;
    if (*n == 0)
        return 0;
    *names = split_lines(text, *n, e);
    return *names ? 0 : -1;
}

void checkpoint_free_names(char **names, int n)
{
    for (int i = 0; names && i < n; i++)
        mem_free(names[i]);
    mem_free(names);
}

char *checkpoint_find(const char *run_or_file, struct err *e)
{
    if (!io_is_dir(run_or_file))
        return mem_strdup(run_or_file, e);
    const char *const names[] = {"best.safetensors", "last.safetensors"};
    for (int i = 0; i < 2; i++) {
        char *path = mem_printf(e, "%s/%s", run_or_file, names[i]);
        if (!path || io_exists(path))
            return path;
        mem_free(path);
    }
    err_set(e, ERR_DATA, "%s holds no checkpoint (best.safetensors or last.safetensors)",
            run_or_file);
    return NULL;
}
