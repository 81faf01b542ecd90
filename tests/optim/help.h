/* help.h - optimizers from the keys of their section, nets of one layer, and steps of a team. */
#ifndef TESTS_OPTIM_HELP_H
#define TESTS_OPTIM_HELP_H

#include "base/mem.h"
#include "base/rng.h"
#include "optim/optim.h"

#include "golden.h"

static inline struct netfile *parse(const char *text, struct diag *d)
{
    struct err e = {0};
    struct netfile *nf = netfile_parse("test.ini", text, strlen(text), d, &e);
    assert_non_null(nf);
    return nf;
}

static inline int read_text(struct optim *o, const char *text, struct diag *d)
{
    struct err e = {0};
    struct netfile *nf = parse(text, d);
    int r = optim_read(o, nf, netfile_section(nf, "optimizer"), d, &e);
    netfile_free(nf);
    return r;
}

/* An optimizer from the keys of its section. */
static inline struct optim open_optim(const char *keys)
{
    struct optim o;
    struct diag d = {0};
    char text[256];
    snprintf(text, sizeof text, "[optimizer]\n%s", keys);
    assert_int_equal(read_text(&o, text, &d), 0);
    if (d.total)
        fail_msg("%s", d.msg[0].text);
    return o;
}

/* One layer with n_params parameters of these sizes, filled with numbers. */
static inline struct net make_net(struct param *params, const size_t *sizes, int n_params,
                                  int slots)
{
    struct err e = {0};
    struct net net = {.n_layers = 2, .k = kernels_get("ref")};
    struct rng r = rng_stream(1, "test", "optim", 0);
    net.layers = mem_alloc(2, sizeof *net.layers, &e);
    assert_non_null(net.layers);
    net.layers[1].params = params;
    net.layers[1].n_params = n_params;
    for (int i = 0; i < n_params; i++) {
        struct param *p = &params[i];
        *p = (struct param){.size = sizes[i], .decay = true, .lr_mult = 1};
        p->w = mem_alloc(p->size, sizeof(real), &e);
        p->g = mem_alloc(p->size, sizeof(real), &e);
        for (int s = 0; s < slots; s++)
            p->slot[s] = mem_alloc(p->size, sizeof(real), &e);
        for (size_t j = 0; j < p->size; j++) {
            p->w[j] = (real)(rng_uniform(&r) - 0.5);
            p->g[j] = (real)(rng_uniform(&r) + 0.5);
        }
    }
    return net;
}

static inline void free_net(struct net *net)
{
    for (int i = 0; i < net->layers[1].n_params; i++) {
        struct param *p = &net->layers[1].params[i];
        mem_free(p->w);
        mem_free(p->g);
        for (int s = 0; s < PARAM_SLOTS; s++)
            mem_free(p->slot[s]);
    }
    mem_free(net->layers);
}

/* Steps of a net by a team of nt threads, the gradients as they were before each. */
struct steps {
    const struct optim *o;
    struct net *net;
    struct team *team;
    uint64_t t;
    double lr;
};

static inline void one_step(void *arg, int tid, int nt)
{
    const struct steps *s = arg;
    optim_step(s->o, s->net, false, s->t, s->lr, s->team, tid, nt);
}

#endif
