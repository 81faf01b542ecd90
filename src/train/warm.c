/* warm.c - weights from another net's file. */
#include "train/warm.h"

#include "base/log.h"
#include "base/mem.h"
#include "train/checkpoint_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "[10, 300]"; out has 64 bytes */
static const char *dims_text(char *out, int nd, const uint64_t *dim)
{
    size_t n = (size_t)snprintf(out, 64, "[");
    for (int i = 0; i < nd && n < 56; i++)
        n += (size_t)snprintf(out + n, 64 - n, "%s%" PRIu64, i ? ", " : "", dim[i]);
    snprintf(out + (n < 62 ? n : 62), 2, "]");
    return out;
}

/* 1: the parameter has taken the tensor of its name; 0: it could not, and why was said. */
static int take(const struct safetensors *st, const struct layer *l, struct param *p)
{
    char name[CHECKPOINT_NAME], here[64], there[64];
    uint64_t dim[PARAM_DIMS];
    int nd = checkpoint_dims(p, dim);
    const struct st_tensor *t = safetensors_find(st, checkpoint_name(name, l, p, NULL));
    if (!t) {
        log_info("init: %s %s is not in the file", name, dims_text(here, nd, dim));
        return 0;
    }
    if (t->nd != nd || memcmp(t->dim, dim, (size_t)nd * sizeof *dim) != 0 ||
        t->dtype != CHECKPOINT_DTYPE) {
        log_info("init: %s is %s %s here, %s %s in the file", name, st_dtype_name(CHECKPOINT_DTYPE),
                 dims_text(here, nd, dim), st_dtype_name(t->dtype),
                 dims_text(there, t->nd, t->dim));
        return 0;
    }
    const real *v = t->data;
    for (size_t i = 0; i < p->size; i++)
        p->w[param_index(p, i)] = v[i];
    return 1;
}

static bool known(const struct net *net, const char *tensor)
{
    char name[CHECKPOINT_NAME];
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            if (!strcmp(tensor,
                        checkpoint_name(name, &net->layers[i], &net->layers[i].params[j], NULL)))
                return true;
    return strncmp(tensor, "optimizer.", 10) == 0 || strncmp(tensor, "data.", 5) == 0;
}

int warm_start(struct job *job, const char *run_or_file, struct err *e)
{
    struct safetensors st;
    struct net *net = job->net;
    int taken = 0, all = 0, r = 0;
    char *path = checkpoint_find(run_or_file, e);
    if (!path || safetensors_read(&st, path, e)) {
        mem_free(path);
        return -1;
    }
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++, all++)
            taken += take(&st, &net->layers[i], &net->layers[i].params[j]);
    for (int i = 0; i < st.n_tensors; i++)
        if (!known(net, st.tensors[i].name))
            log_info("init: %s of the file is not used", st.tensors[i].name);
    log_info("init: %d of %d tensors from %s", taken, all, path);
    safetensors_free(&st);
    if (taken == 0)
        r = err_set(e, ERR_DATA, "%s: has no tensor that fits this network", path);
    mem_free(path);
    return r;
}
