/* optim.h - what an optimizer is. THE interface of src/optim/: an optimizer is one file there,
 * which exports one `const struct optim_ops optim_NAME`. Formulas and slot names are PyTorch's. */
#ifndef OPTIM_OPTIM_H
#define OPTIM_OPTIM_H

#include "base/opt.h"
#include "net/net.h"

/* What weight decay and l1 apply to, in layers that let them (enum layer_decay). */
enum optim_decay { OPTIM_DECAY_ALL, OPTIM_DECAY_WEIGHTS };

/* Keys that all optimizers have. */
struct optim_conf {
    int type; /* its place in optim_registry */
    double lr, weight_decay;
    int decay;                             /* enum optim_decay */
    double l1, clip_value, clip_norm, ema; /* 0: none */
    double sam, sam_epochs;                /* 0: none; in all */
};

struct optim {
    const struct optim_ops *ops;
    struct optim_conf common;
    void *conf;      /* ops->conf_size bytes */
    double *squares; /* clip_norm, sam: sums of squared gradients, by pieces */
    real *origin;    /* sam: the weights that the step began with, by pieces */
    real *averages;  /* ema: of buffers */
    real *work;      /* what ops->work asked for */
};

/* A thread of a step, for what the team does together. */
struct optim_thread {
    const struct kernels *k;
    struct team *team; /* NULL: alone */
    int tid, nt;
    real *scratch; /* this thread's own: what products of matrices need */
    real *work;    /* all threads' */
};

/* Waits for the others. */
static inline void optim_wait(const struct optim_thread *th)
{
    if (th->team)
        team_barrier(th->team, th->tid);
}

struct optim_ops {
    const char *name, *help;
    const char *lr_default, *weight_decay_default; /* as a file writes them */
    const struct opt *opts;                        /* its own keys; NULL: none */
    size_t conf_size;
    int n_slots;                        /* arrays of state a parameter, at most OPTIM_OWN_SLOTS */
    const char *slot_name[PARAM_SLOTS]; /* "momentum_buffer", "exp_avg": in checkpoints */
    /* Which of them these settings need: bit i for slot_name[i]; NULL: all. Those that are not
     * needed do not exist: p->slot[] has the needed ones, in order. */
    unsigned (*slots)(const struct optim *o);
    /* Appends settings that do not go together to *d; NULL: none. */
    void (*check)(const struct optim *o, const struct netfile *nf, const struct section *s,
                  struct diag *d);
    /* Fills *u, where `first` is set already, for step t = 1, 2, ... at learning rate lr; called by
     * every thread. */
    void (*begin)(const struct optim *o, uint64_t t, double lr, struct update *u);
    /* Where an update needs a parameter's gradient as a whole: `direction`, called by all threads
     * together, turns p->g into what `update` is to go by; a barrier follows. `work`: how many
     * reals it needs for p, all threads together, 64-byte aligned. NULL: none. */
    void (*direction)(const struct optim *o, struct param *p, const struct update *u,
                      const struct optim_thread *th);
    size_t (*work)(const struct param *p);
    /* The kernels' rule that does the update, from p->slot[0 ..]; UPDATE_NONE: `update` does. */
    enum update_rule rule;
    /* Updates elements lo .. hi-1 of a parameter. u is begin's, with this parameter's learning rate
     * and weight decay. */
    void (*update)(const struct optim *o, struct param *p, const struct update *u,
                   const struct kernels *k, size_t lo, size_t hi);
};

#define OPTIM_OWN_SLOTS (PARAM_SLOTS - 1) /* one may be the average's */

extern const struct optim_ops *const optim_registry[]; /* sorted by name, NULL-terminated */
const struct optim_ops *optim_find(const char *type);

/* The keys that all optimizers have; they fill a struct optim_conf. Those whose defaults depend on
 * the optimizer (lr, weight_decay) are written into a table by optim_opts. */
extern const struct opt optim_type_opts[];   /* type */
extern const struct opt optim_shared_opts[]; /* decay, l1, clip_value, clip_norm, ema, sam, .. */
#define OPTIM_OPTS 3
void optim_opts(const struct optim_ops *ops, struct opt table[OPTIM_OPTS]);

/* Reads [optimizer] (NULL: sgd with defaults). Problems go to *d. -1: out of memory. */
int optim_read(struct optim *o, const struct netfile *nf, const struct section *s, struct diag *d,
               struct err *e);
void optim_free(struct optim *o);
int optim_write(const struct optim *o, struct text *t, struct err *e);

/* Arrays of state a trained parameter needs: param->slot[0 ..], for net_plan.slots. With `ema` the
 * last of them is the average of the weights; buffers have that one too. */
int optim_slots(const struct optim *o);

/* What checkpoints hold of a parameter: its weights for use (the average where one is kept), and
 * for s = 0 .. optim_slots()-1 the arrays that training goes on from, with their names; not every
 * parameter has every one. */
real *optim_weights(const struct optim *o, const struct param *p);
bool optim_has_state(const struct optim *o, const struct param *p, int s);
real *optim_state(const struct optim *o, const struct param *p, int s);
const char *optim_state_name(const struct optim *o, int s);

/* Exchanges the weights of the net with their averages: before an evaluation and behind it. One
 * thread. Does nothing without `ema`. */
void optim_swap(const struct optim *o, struct net *net);

/* The sum of squares, in double; the same bits wherever it is called. */
double optim_squares(const real *x, size_t n);

/* Allocates what steps of this net need besides slots; once, behind net_allocate. optim_bytes: how
 * much that is. */
int optim_allocate(struct optim *o, struct net *net, struct err *e);
size_t optim_bytes(const struct optim *o, struct net *net);

/* The update of step t = 1, 2, ... at learning rate lr, for layers that update their parameters
 * right behind the gradients (pass.update). false: this optimizer needs whole gradients first, or
 * no kernel knows its rule. */
bool optim_begin(const struct optim *o, uint64_t t, double lr, struct step_update *s);

/* Whether the step behind `step` others of `total` looks at its batch twice ([optimizer] sam). */
bool optim_is_sharp(const struct optim *o, uint64_t step, uint64_t per_epoch, uint64_t total);

/* Sharpness-aware minimization (Foret et al. 2021): from the gradients of a batch, optim_ascend
 * takes the trained parameters to where the loss is worst nearby, w + sam * g / |g|, the norm over
 * all of them; optim_descend takes them back. In between the batch's gradients are computed anew
 * (pass.again), for optim_step to go by. By all threads; optim_ascend has a barrier inside and one
 * at its end, optim_descend has none: optim_step, with the same threads, may follow. */
void optim_ascend(const struct optim *o, struct net *net, struct team *team, int tid, int nt);
void optim_descend(const struct optim *o, struct net *net, int tid, int nt);

/* One update of all trained parameters of the net, or with `rest` of those that layers have not
 * updated, by all threads of the team, split evenly. t = 1 for the first step of a run. Gradients
 * are clipped in place. One barrier inside with clip_norm, none without (team may be NULL then),
 * none at the end. */
void optim_step(const struct optim *o, struct net *net, bool rest, uint64_t t, double lr,
                struct team *team, int tid, int nt);

#endif
