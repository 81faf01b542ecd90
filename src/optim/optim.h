/* optim.h - what an optimizer is. THE interface of src/optim/: an optimizer is one file there,
 * which exports one `const struct optim_ops optim_NAME`. Formulas and slot names are PyTorch's. */
#ifndef OPTIM_OPTIM_H
#define OPTIM_OPTIM_H

#include "base/opt.h"
#include "net/net.h"

/* Keys that all optimizers have. */
struct optim_conf {
    int type; /* its place in optim_registry */
    double lr, weight_decay;
};

struct optim {
    const struct optim_ops *ops;
    struct optim_conf common;
    void *conf; /* ops->conf_size bytes */
};

struct optim_ops {
    const char *name, *help;
    const char *lr_default, *weight_decay_default; /* as a file writes them */
    const struct opt *opts;                        /* its own keys; NULL: none */
    size_t conf_size;
    int n_slots;                        /* arrays of state a parameter, at most; see optim_slots */
    const char *slot_name[PARAM_SLOTS]; /* "momentum_buffer", "exp_avg": in checkpoints */
    /* How many of them these settings need, in order; NULL: all. */
    int (*slots)(const struct optim *o);
    /* Appends settings that do not go together to *d; NULL: none. */
    void (*check)(const struct optim *o, const struct netfile *nf, const struct section *s,
                  struct diag *d);
    /* Fills *u for step t = 1, 2, ... at learning rate lr; called by every thread. */
    void (*begin)(const struct optim *o, uint64_t t, double lr, struct update *u);
    /* Updates elements lo .. hi-1 of a parameter. u is begin's, with this parameter's learning rate
     * and weight decay. A slot that is not needed is NULL. */
    void (*update)(const struct optim *o, struct param *p, const struct update *u,
                   const struct kernels *k, size_t lo, size_t hi);
};

extern const struct optim_ops *const optim_registry[]; /* sorted by name, NULL-terminated */
const struct optim_ops *optim_find(const char *type);

/* The keys that all optimizers have (type, lr, weight_decay), with the defaults of this one. They
 * fill a struct optim_conf. */
#define OPTIM_OPTS 4
void optim_opts(const struct optim_ops *ops, struct opt table[OPTIM_OPTS]);

/* Reads [optimizer] (NULL: sgd with defaults). Problems go to *d. -1: out of memory. */
int optim_read(struct optim *o, const struct netfile *nf, const struct section *s, struct diag *d,
               struct err *e);
void optim_free(struct optim *o);
int optim_write(const struct optim *o, struct text *t, struct err *e);

/* Arrays of state a trained parameter needs: param->slot[0 ..], for net_plan.slots. */
int optim_slots(const struct optim *o);

/* One update of all trained parameters of the net, by all threads of the team, split evenly. t = 1
 * for the first step of a run. No barrier inside. */
void optim_step(const struct optim *o, struct net *net, uint64_t t, double lr, int tid, int nt);

#endif
