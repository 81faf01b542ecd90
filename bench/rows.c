/* rows.c - the cases of each kind, and how one is measured. */
#include "bench.h"

#include <stdio.h>

typedef int add_fn(void *arg, const struct row *r, struct err *e);

static int add_products(add_fn *add, void *arg, struct err *e)
{
    for (int i = 0; i < N_PRODUCTS; i++) {
        struct row r = {.kind = MATMUL, .product = &products[i], .flops = 1};
        snprintf(r.name, sizeof r.name, "%s", products[i].name);
        if (add(arg, &r, e))
            return -1;
    }
    return 0;
}

static int add_convs(add_fn *add, void *arg, struct err *e)
{
    for (int i = 0; i < N_CONV_SHAPES; i++)
        for (int pass = 0; pass < CONV_PASSES; pass++) {
            const struct conv_shape *s = &conv_shapes[i];
            struct row r = {.kind = CONV, .shape = s, .pass = (enum conv_pass)pass, .flops = 1};
            snprintf(r.name, sizeof r.name, "%s.%s", s->name, conv_pass_names[pass]);
            if (!(s->first && pass == CONV_DX) && add(arg, &r, e))
                return -1;
        }
    return 0;
}

static int add_nets(add_fn *add, void *arg, struct err *e)
{
    for (const struct train_net *net = train_nets; net->name; net++)
        for (int i = 0; net->batches[i]; i++) {
            struct row r = {.kind = TRAIN, .net = net, .batch = net->batches[i]};
            if (r.batch > 0)
                snprintf(r.name, sizeof r.name, "%s/%d", net->name, r.batch);
            else
                snprintf(r.name, sizeof r.name, "%s/all", net->name);
            if (add(arg, &r, e))
                return -1;
        }
    return 0;
}

static int add_levels(add_fn *add, void *arg, struct err *e)
{
    for (const struct memory_level *l = memory_levels; l->name; l++) {
        struct row r = {.kind = MEMORY, .level = l};
        snprintf(r.name, sizeof r.name, "%s", l->name);
        if (add(arg, &r, e))
            return -1;
    }
    return 0;
}

int rows_of(enum kind kind, add_fn *add, void *arg, struct err *e)
{
    static int (*const all[])(add_fn *, void *, struct err *) = {
        [MATMUL] = add_products, [CONV] = add_convs, [TRAIN] = add_nets, [MEMORY] = add_levels};
    return all[kind](add, arg, e);
}

int row_prepare(struct row *r, const struct bench_conf *conf, struct err *e)
{
    if (r->kind == MATMUL && !r->matmul)
        r->matmul = matmul_new(r->product, conf, e);
    if (r->kind == CONV && !r->conv)
        r->conv = conv_new(r->shape, r->pass, conf, e);
    return (r->kind == MATMUL && !r->matmul) || (r->kind == CONV && !r->conv) ? -1 : 0;
}

void row_forget(struct row *r)
{
    matmul_free(r->matmul);
    conv_free(r->conv);
    r->matmul = NULL;
    r->conv = NULL;
}

int row_measure(struct row *r, double *rate, int threads, struct team *team,
                const struct bench_conf *conf, struct err *e)
{
    if (r->kind == MATMUL) {
        *rate = matmul_rate(r->matmul, team);
        return matmul_check(r->matmul, e);
    }
    if (r->kind == CONV) {
        *rate = conv_rate(r->conv, team);
        return conv_check(r->conv, e);
    }
    if (r->kind == MEMORY)
        return memory_measure(rate, r->level, threads, team, conf, e);
    struct train_rate train;
    if (train_measure(&train, r->net, r->batch, threads, conf, e))
        return -1;
    *rate = train.samples;
    r->flops = train.flops;
    return 0;
}

void row_sizes(const struct row *r, char *to, size_t size)
{
    const struct product *p = r->product;
    const struct conv_shape *s = r->shape;
    if (r->kind == MATMUL)
        snprintf(to, size, "%dx%dx%d %c%c", p->m, p->n, p->k, p->ta ? 'T' : 'N', p->tb ? 'T' : 'N');
    else if (r->kind == CONV)
        snprintf(to, size, "%dx%dx%dx%d>%d %dx%d", s->n, s->h, s->w, s->c, s->oc, s->kh, s->kw);
    else
        snprintf(to, size, "%.0f", r->kind == TRAIN ? r->flops : (double)r->level->bytes);
}
