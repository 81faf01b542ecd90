/* net.c - the graph: from the sections of a network file to layers with shapes.
 *
 * Errors are collected: after the first wrong shape of a chain the layers below it are "broken" and
 * only their own keys are checked. */
#include "net/net.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct build {
    struct net *net;
    struct layer *l; /* the one in setup */
    size_t param_cap;
    const struct netfile *nf;
    struct diag *d;
};

struct param *build_param(struct build *b, const char *name, int nd, const int *dim,
                          const signed char *order, int file_nd, enum param_kind kind,
                          enum param_start start, struct err *e)
{
    struct layer *l = b->l;
    if (mem_grow(&l->params, &b->param_cap, (size_t)l->n_params + 1, sizeof *l->params, e))
        return NULL;
    struct param *p = &l->params[l->n_params++];
    *p = (struct param){
        .name = name,
        .nd = nd,
        .file_nd = file_nd ? file_nd : nd,
        .size = 1,
        .kind = kind,
        .start = start,
        .start_scale = 1,
        .decay = l->common.decay == DECAY_YES || (l->common.decay == DECAY_WEIGHTS && nd > 1),
        .frozen = l->common.freeze == FREEZE_YES || (l->common.freeze == FREEZE_WEIGHTS && nd > 1),
        .lr_mult = (real)l->common.lr_mult};
    for (int i = 0; i < nd; i++) {
        p->dim[i] = dim[i];
        p->order[i] = order ? order[i] : (signed char)i;
        p->size = mem_mul(p->size, (size_t)dim[i]);
    }
    size_t *count = kind == PARAM_TRAINED ? &b->net->n_trained : &b->net->n_buffers;
    if (__builtin_add_overflow(*count, p->size, count))
        *count = SIZE_MAX;
    return p;
}

void build_saved(struct build *b, size_t bytes)
{
    b->l->saved_size = bytes;
}

void build_saved_once(struct build *b, size_t bytes)
{
    b->l->saved_once = bytes;
}

void build_scratch(struct build *b, size_t bytes)
{
    if (bytes > b->net->scratch_size)
        b->net->scratch_size = bytes;
}

void build_view(struct build *b)
{
    b->l->view = true;
}

struct layer *net_layer(const struct net *net, const char *name)
{
    for (int i = 1; i < net->n_layers; i++)
        if (strcmp(net->layers[i].name, name) == 0)
            return &net->layers[i];
    return NULL;
}

/* Says that no layer above has the name, and what could have been meant. near: the names above. */
static void unknown_name(struct build *b, const struct section *s, const char *name,
                         const char *const *near)
{
    const char *hint = strcmp(name, "data") == 0 ? "input" : netfile_nearest(name, near);
    char below[NETFILE_NAME_MAX + 16], quote[DIAG_QUOTE];
    int line = 0;
    for (int i = (int)(s - b->nf->sections); i < b->nf->n_sections && !line; i++) {
        netfile_layer_name(b->nf, i, below);
        if (!netfile_is_setting(b->nf->sections[i].type) && strcmp(below, name) == 0)
            line = b->nf->sections[i].line;
    }
    diag_quote(name, strlen(name), quote);
    if (line == s->line)
        diag_add(b->d, b->nf->path, opt_line(s, "from"),
                 "[%s%s%s] from = %s: a layer cannot be its own input", s->type,
                 *s->name ? " " : "", s->name, quote);
    else if (line)
        diag_add(
            b->d, b->nf->path, opt_line(s, "from"),
            "[%s%s%s] from = %s: that layer stands below, at line %d; an input must stand above",
            s->type, *s->name ? " " : "", s->name, quote, line);
    else
        diag_add(b->d, b->nf->path, opt_line(s, "from"),
                 "[%s%s%s] from = %s: no layer of that name stands above this one%s%s%s", s->type,
                 *s->name ? " " : "", s->name, quote, hint ? "; did you mean '" : "",
                 hint ? hint : "", hint ? "'?" : "");
}

/* The layer that `from` names: `input` or one above l; a message and NULL if there is none. */
static struct layer *find_above(struct build *b, const struct section *s, const char *name)
{
    struct net *net = b->net;
    const char *near[NET_LAYERS_MAX + 2];
    int n = 0;
    bool lost = false;
    near[n++] = "input";
    for (struct layer *a = net->layers + 1; a < b->l; a++) {
        near[n++] = a->name;
        lost |= !*a->name;
    }
    near[n] = NULL;
    for (int i = 0; i < n; i++)
        if (strcmp(near[i], name) == 0)
            return &net->layers[i];
    if (!lost) /* it may have been one whose header cannot be read */
        unknown_name(b, s, name, near);
    return NULL;
}

/* Resolves the inputs of b->l into l->in. A wrong one makes the layer broken. */
static int connect(struct build *b, const struct section *s, struct err *e)
{
    struct layer *l = b->l;
    const struct name_list *from = &l->common.from;
    int n = from->n ? from->n : 1;
    l->in = mem_alloc((size_t)n, sizeof *l->in, e);
    l->dx_mode = mem_alloc((size_t)n, sizeof *l->dx_mode, e);
    l->dx_act = mem_alloc((size_t)n, sizeof *l->dx_act, e);
    if (!l->in || !l->dx_mode || !l->dx_act)
        return -1;
    for (int i = 0; i < n; i++) {
        struct layer *a = from->n ? find_above(b, s, from->v[i]) : l - 1;
        if (!a) {
            l->broken = true;
            continue;
        }
        l->in[l->n_in++] = a;
        a->users++;
        l->broken |= a->broken;
    }
    bool many = l->ops && l->ops->flags & LAYER_MANY;
    if (l->ops && !l->broken && (many ? l->n_in < 2 : l->n_in != 1)) {
        diag_add(b->d, b->nf->path, opt_line(s, "from"),
                 many ? "[%s%s%s] takes two or more inputs: name them, from = a, b"
                      : "[%s%s%s] takes one input; join several by [add] or [concat]",
                 s->type, *s->name ? " " : "", s->name);
        l->broken = true;
    }
    return 0;
}

/* The up to three tables of l's keys besides layer_common_opts, in the order of files; how many. */
static int own_tables(const struct layer *l, struct opt_target *t)
{
    void *common = (void *)(uintptr_t)&l->common;
    int n = 0;
    if (l->ops->opts)
        t[n++] = (struct opt_target){l->ops->opts, l->conf};
    if (l->ops->flags & LAYER_INIT)
        t[n++] = (struct opt_target){layer_init_opts, common};
    if (l->ops->flags & LAYER_PARAMS)
        t[n++] = (struct opt_target){layer_param_opts, common};
    return n;
}

/* Reads the keys of one layer section. */
static int read_keys(struct build *b, const struct section *s, struct err *e)
{
    struct layer *l = b->l;
    l->conf = mem_alloc(1, l->ops->conf_size, e);
    l->state = mem_alloc(1, l->ops->state_size, e);
    if (!l->conf || !l->state || opt_defaults(layer_init_opts, &l->common, e) ||
        opt_defaults(layer_param_opts, &l->common, e))
        return -1;
    struct opt_target t[OPT_TABLES];
    int n = own_tables(l, t);
    t[n++] = (struct opt_target){layer_common_opts, &l->common};
    int before = b->d->total;
    int r = opt_read(b->nf, s, t, n, b->d, e);
    l->broken |= b->d->total > before;
    return r;
}

static void unknown_type(struct build *b, const struct section *s)
{
    const char *names[256];
    int n = 0;
    for (const struct layer_ops *const *ops = layer_registry; *ops && n < 200; ops++)
        names[n++] = (*ops)->name;
    for (const char *const *w = netfile_settings; *w; w++)
        names[n++] = *w;
    names[n] = NULL;
    const char *hint = netfile_nearest(s->type, names);
    diag_add(b->d, b->nf->path, s->line, "[%s%s%s] unknown layer type%s%s%s", s->type,
             *s->name ? " " : "", s->name,
             hint ? "; did you mean '" : " (diynn help layers lists them)", hint ? hint : "",
             hint ? "'?" : "");
}

/* Shape inference and the layer's own checks. -1 only for lack of memory. */
static int setup(struct build *b, const struct section *s, struct err *e)
{
    struct layer *l = b->l;
    struct err why = {0};
    if (l->ops->setup(l, b, &why)) {
        if (why.kind != ERR_NET)
            return *e = why, -1;
        diag_add(b->d, b->nf->path, s->line, "[%s%s%s] %s", s->type, *s->name ? " " : "", s->name,
                 why.msg);
        l->broken = true;
    } else if (shape_size(l->out) > NET_SAMPLE_MAX) {
        char text[SHAPE_TEXT];
        diag_add(b->d, b->nf->path, s->line, "[%s%s%s] gives %s numbers a sample, more than %d",
                 s->type, *s->name ? " " : "", s->name, shape_text(l->out, text), NET_SAMPLE_MAX);
        l->broken = true;
    }
    return 0;
}

static int add_layer(struct build *b, int index, struct err *e)
{
    const struct section *s = &b->nf->sections[index];
    struct layer *l = b->l = &b->net->layers[b->net->n_layers++];
    char name[NETFILE_NAME_MAX + 16];
    netfile_layer_name(b->nf, index, name);
    l->line = s->line;
    l->named = *s->name;
    l->name = mem_strdup(*s->type ? name : "", e);
    l->ops = layer_find(s->type);
    b->param_cap = 0;
    if (!l->name)
        return -1;
    if (!l->ops) {
        if (*s->type) /* an unreadable header has been reported */
            unknown_type(b, s);
        l->broken = true;
        return connect(b, s, e);
    }
    if (read_keys(b, s, e) || connect(b, s, e))
        return -1;
    return l->broken ? 0 : setup(b, s, e);
}

/* Every output but the last one's must be used. Said only about nets that are right otherwise. */
static void check_unused(struct build *b)
{
    for (struct layer *l = b->net->layers + 1; l < b->net->output; l++)
        if (!l->users)
            diag_add(b->d, b->nf->path, l->line,
                     "[%s%s%s] its output is used by nothing; name it in a `from` below",
                     l->ops->name, l->named ? " " : "", l->named ? l->name : "");
}

struct net *net_build(const struct netfile *nf, struct shape in, struct diag *d, struct err *e)
{
    int n = 1, before = d->total;
    for (int i = 0; i < nf->n_sections; i++)
        n += !netfile_is_setting(nf->sections[i].type);
    if (n > NET_LAYERS_MAX) {
        diag_add(d, nf->path, -1, "%d layers, more than %d", n - 1, NET_LAYERS_MAX);
        n = 1;
    } else if (n == 1 && nf->n_lost == 0) {
        diag_add(d, nf->path, -1, "no layers: a network needs at least one, such as [linear]");
    }
    struct net *net = mem_alloc(1, sizeof *net, e);
    if (!net || !(net->layers = mem_alloc((size_t)n, sizeof *net->layers, e)))
        goto fail;
    struct build b = {.net = net, .nf = nf, .d = d};
    net->n_layers = 1;
    net->layers[0] = (struct layer){.out = in, .broken = shape_size(in) == 0};
    if (!(net->layers[0].name = mem_strdup("input", e)))
        goto fail;
    for (int i = 0; i < nf->n_sections && n > 1; i++)
        if (!netfile_is_setting(nf->sections[i].type) && add_layer(&b, i, e))
            goto fail;
    net->output = &net->layers[net->n_layers - 1];
    if (d->total == before && nf->n_lost == 0)
        check_unused(&b);
    return net;
fail:
    net_free(net);
    return NULL;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    for (int i = 0; net->layers && i < net->n_layers; i++) {
        struct layer *l = &net->layers[i];
        if (l->conf && l->ops->opts)
            opt_free(l->ops->opts, l->conf);
        opt_free(layer_common_opts, &l->common);
        mem_free(l->conf);
        mem_free(l->state);
        mem_free(l->name);
        mem_free(l->in);
        mem_free(l->dx_mode);
        mem_free(l->dx_act);
        mem_free(l->params);
    }
    mem_free(net->layers);
    mem_free(net->slab_params);
    mem_free(net->slab_grads);
    mem_free(net->slab_slots);
    mem_free(net->slab_acts);
    mem_free(net->slab_scratch);
    mem_free(net->slab_shared);
    mem_free(net);
}

int net_write(const struct net *net, struct text *t, struct err *e)
{
    for (int i = 1; i < net->n_layers; i++) {
        const struct layer *l = &net->layers[i];
        struct opt_target o[OPT_TABLES] = {{layer_common_opts, (void *)(uintptr_t)&l->common}};
        int n = 1 + own_tables(l, o + 1);
        if (opt_write(t, l->ops->name, l->named ? l->name : "", o, n, e))
            return -1;
    }
    return 0;
}
