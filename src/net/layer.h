/* layer.h - what a layer is. THE interface of src/layers/: a layer is one file there, which exports
 * one `const struct layer_ops layer_NAME`; the build lists it by its file name.
 *
 * setup runs once and may fail; forward, backward and backward_params cannot: all they need has
 * been validated and planned by then. They are executed by every thread of the team at once (SPMD)
 * and split their output by (tid, nt). Activations are n samples of h, w, c.
 *
 * forward:         reads l->in[i]->y, writes l->y.
 * backward:        reads l->dy (and l->in[i]->y or l->y if its flags say so), writes l->in[i]->dy
 *                  where that is not NULL, by mode l->dx_mode[i].
 * backward_params: reads the same, writes params' g, by param_mode(). A frozen param has g == NULL:
 *                  skip it.
 *
 * Barriers are the net's: behind each of these calls, or, where pass.own is set, only before
 * backward_params and behind it. With pass.own a thread computes its own samples (layer_rows) in
 * all layers, one after the other, and sees nothing of the others' before the barrier: forward and
 * backward split by layer_rows, layer_range or layer_matmul, which know. Where what a sample gives
 * depends on others (LAYER_MIXES), the net puts barriers around, and a layer that needs one inside
 * calls team_barrier. */
#ifndef NET_LAYER_H
#define NET_LAYER_H

#include "base/err.h"
#include "base/opt.h"
#include "base/par.h"
#include "base/real.h"
#include "base/shape.h"
#include "kernels/kernels.h"

#include <stdbool.h>
#include <stdint.h>

#define PARAM_DIMS  4
#define PARAM_SLOTS 4 /* optimizer state arrays per parameter, at most */

/* init words, in the order of layer_init_words */
enum init {
    INIT_XAVIER_UNIFORM,
    INIT_XAVIER_NORMAL,
    INIT_HE_UNIFORM,
    INIT_HE_NORMAL,
    INIT_LECUN_UNIFORM,
    INIT_LECUN_NORMAL,
    INIT_UNIFORM,
    INIT_NORMAL,
    INIT_CONSTANT,
    INIT_ORTHOGONAL,
    INIT_DIRAC,
    INIT_WHITENING /* by the training data, once they are read; until then as lecun_normal */
};

/* What a parameter starts as. */
enum param_start {
    START_INIT, /* as the section's init says */
    START_ZERO,
    START_ONE,
    START_NORMAL, /* normal numbers, times start_scale */
    START_UNIFORM /* uniform in [0, 1), times start_scale */
};

enum param_kind {
    PARAM_TRAINED,
    PARAM_BUFFER /* saved with the net, never touched by the optimizer (running statistics) */
};

/* A tensor of the net. In files it is `dim` in row-major order ([out], [out,in], [out,in,kh,kw]);
 * `file_nd` < nd says that the axes from file_nd - 1 on are one axis there. In memory the axes
 * stand in the order `order`, slowest first. w, g and slots are `size` reals in memory order; g is
 * NULL where nothing trains it. */
struct param {
    const char *name; /* "weight", "bias": LAYER.weight in files */
    int nd, dim[PARAM_DIMS];
    int file_nd;
    signed char order[PARAM_DIMS];
    size_t size;
    enum param_kind kind;
    enum param_start start;
    double start_scale; /* 1 unless setup changes it */
    bool decay;         /* weight decay applies */
    bool frozen;
    bool hidden; /* a matrix between the first and the last layer that has any: optim_allocate's */
    real lr_mult;
    real *w, *g, *slot[PARAM_SLOTS];
};

/* The update of a step, as the optimizer gives it to layers that can do it (LAYER_UPDATES). */
struct step_update {
    struct update u; /* equal for all parameters but for lr and weight_decay: */
    double lr, weight_decay;
};

/* The same for one parameter: its own lr_mult and decay. */
static inline struct update param_update(const struct param *p, const struct step_update *s)
{
    struct update u = s->u;
    u.lr = (real)(s->lr * (double)p->lr_mult);
    u.weight_decay = p->decay ? (real)s->weight_decay : 0;
    return u;
}

/* One forward or backward call of one thread. */
struct pass {
    int n;           /* samples in this piece, at most net->batch */
    int first;       /* number of the piece's first sample in the batch (0 unless in chunks) */
    bool train;      /* dropout drops, batch statistics are used */
    bool accumulate; /* parameter gradients add to those of earlier chunks */
    bool again;      /* the step has seen these samples before: running statistics stay */
    bool own;        /* every thread computes its own samples; set by the net */
    /* update parameters right behind their gradients; NULL: the caller does it */
    const struct step_update *update;
    /* with update: backward_params may leave its update to the layer's next forward; one thread is
     * in use, and net_settle comes before others are or anything but a forward reads parameters */
    bool postpone;
    uint64_t step; /* optimizer steps done: with seed, it names the step's random numbers */
    uint64_t seed;
    const struct kernels *k;
    struct team *team;
    int tid, nt;
    struct par_queue *queues; /* the team's */
    void *scratch;            /* this thread's own: what build_scratch or `workspace` asked for */
    void *shared; /* all threads': what `workspace` asked for; both are 64-byte aligned */
};

/* Which parameters of a layer weight decay applies to, and which stay as they are: weights have two
 * or more dimensions. */
enum layer_decay { DECAY_NO, DECAY_YES, DECAY_WEIGHTS };
enum layer_freeze { FREEZE_NO, FREEZE_YES, FREEZE_WEIGHTS };

/* Keys that every layer has (first two tables of layer.c). */
struct layer_conf {
    struct name_list from;
    int init;
    double init_scale;
    bool bias;
    int freeze; /* enum layer_freeze */
    int decay;  /* enum layer_decay */
    double lr_mult;
};

struct layer {
    const struct layer_ops *ops; /* NULL: the input of the net */
    struct layer_conf common;
    void *conf, *state; /* ops->conf_size, ops->state_size bytes */
    char *name;
    int line; /* of its section */
    struct layer **in;
    int n_in;
    struct shape out;
    struct param *params;
    int n_params;

    /* set by net_build after setup */
    real *y, *dy;            /* net->batch samples; dy NULL: no gradient is needed there */
    enum grad_mode *dx_mode; /* per input */
    bool *dx_act;            /* per input: multiply dx by act'(in[i]->y) of in[i]->act */
    enum act act;            /* fused activation of y (TAKES_ACT layers apply it); ACT_NONE */
    real act_param;
    void *saved;    /* what build_saved asked for, n samples of it */
    uint64_t flops; /* multiply and add count 2, forward, a sample: set by setup */

    /* private to src/net */
    bool named;     /* the file gives it a name */
    bool broken;    /* its shape is not known: errors that follow from it are not reported */
    bool view;      /* y is in[0]->y */
    bool fused;     /* computed by in[0], whose act it is */
    bool dy_shared; /* dy is in[0]->dy */
    bool dact_done; /* the consumer has multiplied dy by act'(y) */
    int users;      /* layers that read y */
    size_t saved_size, saved_once;
};

/* Bytes that a layer needs while it computes, valid within one call. */
struct workspace {
    size_t scratch; /* for each thread */
    size_t shared;  /* once, for all threads of a team */
};

struct build; /* the net under construction; layers use it through the calls below */

enum layer_flags {
    LAYER_PARAMS = 1,       /* has parameters: the keys bias, freeze, ... exist */
    LAYER_TAKES_ACT = 2,    /* forward applies l->act; backward gets dy of what stands before it */
    LAYER_APPLIES_DACT = 4, /* backward honours dx_act */
    LAYER_BWD_NEEDS_X = 8,
    LAYER_BWD_NEEDS_Y = 16,
    LAYER_IN_PLACE = 32,  /* one input; y may be x's memory and dx may be dy's */
    LAYER_VIEW = 64,      /* may be VIEW: setup calls build_view() where y is x, unchanged */
    LAYER_MANY = 128,     /* takes two or more inputs */
    LAYER_KINKED = 256,   /* has points without a derivative: gradient checks step around them */
    LAYER_INIT = 512,     /* has weights that start at random: the keys init, init_scale exist */
    LAYER_MIXES = 1024,   /* in training, what a sample gives depends on the others of the pass */
    LAYER_INDICES = 2048, /* its inputs are whole numbers from 0 on, without a gradient */
    LAYER_UPDATES = 4096  /* backward_params updates params itself where pass.update is given */
};

/* A small piece of a network file that shows the layer and is run by the generic tests: sections,
 * without data and loss, and the shape of the input. */
struct layer_example {
    const char *shape; /* "8", "3x8x8" */
    const char *text;  /* "[linear]\nunits = 3\n" */
};

struct layer_ops {
    const char *name, *help;
    const struct opt *opts; /* its own keys; NULL: none */
    size_t conf_size, state_size;
    /* Checks in[]->out and conf, sets out (and flops), asks for params, saved and scratch.
     * Error kind ERR_NET, a sentence that goes on after "[type name] ". */
    int (*setup)(struct layer *l, struct build *b, struct err *e);
    void (*forward)(struct layer *l, const struct pass *p);
    void (*backward)(struct layer *l, const struct pass *p);
    /* NULL: no parameters, or (LAYER_MIXES) backward does it. */
    void (*backward_params)(struct layer *l, const struct pass *p);
    /* Does the update that backward_params has left (pass.postpone). With it, what build_saved
     * gives lives as long as the net. NULL: none is ever left. */
    void (*settle)(struct layer *l, const struct pass *p);
    /* What passes of `batch` samples with kernels k need, besides build_scratch; `train`: backward
     * too. NULL: nothing. */
    struct workspace (*workspace)(const struct layer *l, const struct kernels *k, int batch,
                                  bool train);
    /* Element-wise layers whose derivative follows from y (and softmax): which kernel activation
     * this is, with its parameter. NULL for others. */
    enum act (*act)(const struct layer *l, real *param);
    unsigned flags;
    const struct layer_example *examples; /* ends with {NULL, NULL} */
};

/* All layer types, sorted by name, NULL-terminated; and one by name, or NULL. */
extern const struct layer_ops *const layer_registry[];
const struct layer_ops *layer_find(const char *type);

/* Tables of the keys that all layers share, that layers with random weights share, and that layers
 * with parameters share. */
extern const struct opt layer_common_opts[];
extern const struct opt layer_init_opts[];
extern const struct opt layer_param_opts[];

/* For setup. The returned param belongs to the net and is valid until setup's next build_param; in
 * forward and backward it is l->params[i], in the order of the calls. NULL: out of memory.
 * order NULL: as the file. file_nd 0: nd. */
struct param *build_param(struct build *b, const char *name, int nd, const int *dim,
                          const signed char *order, int file_nd, enum param_kind kind,
                          enum param_start start, struct err *e);
/* Memory that lives from a sample's forward to its backward: l->saved, bytes per sample. */
void build_saved(struct build *b, size_t bytes);
/* The same for a whole pass, whatever its samples: in front of theirs in l->saved. */
void build_saved_once(struct build *b, size_t bytes);
/* At least that much p->scratch for each thread, valid within one call. */
void build_scratch(struct build *b, size_t bytes);
/* y is x and dy is dx: the net shares the memory, forward and backward are not called. */
void build_view(struct build *b);

/* How a parameter's gradient is written in this pass. */
static inline enum grad_mode param_mode(const struct pass *p)
{
    return p->accumulate ? GRAD_ADD : GRAD_STORE;
}

/* This thread's part of the n samples. */
static inline void layer_rows(const struct pass *p, int *lo, int *hi)
{
    size_t a, b;
    par_range((size_t)p->n, 1, p->tid, p->nt, &a, &b);
    *lo = (int)a;
    *hi = (int)b;
}

/* This thread's part of the n * size elements of an element-wise layer: its own samples', or whole
 * cache lines. */
static inline void layer_range(const struct layer *l, const struct pass *p, size_t *lo, size_t *hi)
{
    size_t size = shape_size(l->out);
    par_range(p->own ? (size_t)p->n : (size_t)p->n * size, p->own ? 1 : 64, p->tid, p->nt, lo, hi);
    if (p->own) {
        *lo *= size;
        *hi *= size;
    }
}

/* This thread's part of a product whose rows are the n samples. With mm->queues it may compute some
 * of another's and leave some of its own (kernels.h). */
void layer_matmul(const struct matmul *mm, const struct pass *p);

/* Updates elements lo .. hi-1 of a parameter from its gradient, by a rule that kernels know. */
void param_step(const struct param *p, const struct update *u, const struct kernels *k, size_t lo,
                size_t hi);

/* Where pass.update is given: updates elements lo .. hi-1, which this thread has just computed the
 * gradient of. */
void layer_update(const struct param *param, const struct pass *p, size_t lo, size_t hi);

/* Gradients of everything l has or is given, as gradient checks want them. */
void layer_backward(struct layer *l, const struct pass *p);

/* Position in memory of element i of a param in file order. */
size_t param_index(const struct param *p, size_t i);

#endif
