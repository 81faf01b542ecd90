/* loss.h - what a loss is. THE interface of src/losses/: a loss is one file there, which exports
 * one `const struct loss_ops loss_NAME`.
 *
 * A loss sees rows: sample i has k outputs and a target, a class index or k numbers. It gives a
 * value per sample, and the gradient of the reduced loss with respect to its outputs. `mean`
 * divides as PyTorch does: by the samples, or the sum of their classes' weights, and for the losses
 * that are per element (mse, bce) by the outputs too; `sum` does not divide. */
#ifndef NET_LOSS_H
#define NET_LOSS_H

#include "base/err.h"
#include "base/opt.h"
#include "kernels/kernels.h"

enum reduction { REDUCTION_MEAN, REDUCTION_SUM };

struct loss {
    const struct loss_ops *ops;
    int type; /* its place in loss_registry */
    int reduction;
    void *conf;                 /* ops->conf_size bytes */
    int k;                      /* outputs */
    int classes;                /* 0: targets are values */
    const double *class_weight; /* a number per class, or NULL: all 1; set by ops->setup */
};

/* The rows of a batch. Class targets: label[i] in 0 .. classes-1, to be read as one-hot over k
 * outputs, or as 0/1 where k is 1. Otherwise target holds k numbers a row. */
struct loss_rows {
    const real *x;      /* n x k: logits for a loss with `act`, else outputs */
    const int *label;   /* n, or NULL */
    const real *target; /* n x k, or NULL */
    real *value;        /* n: loss of each sample, summed over outputs, not reduced */
    real *dx;           /* n x k: gradient of the reduced loss, stored; NULL: not wanted */
    real scale;         /* what reduction multiplies a sample's gradient by */
    real *scratch;      /* loss_scratch(k) reals, this thread's own */
};

struct loss_ops {
    const char *name, *help;
    const struct opt *opts; /* its own keys; NULL: none */
    size_t conf_size;
    enum act act;     /* the activation it stands on and computes itself: softmax, sigmoid, none */
    bool per_element; /* `mean` divides by k too */
    bool one_class;   /* with classes, rows come with label, never with target */
    real target_min, target_max; /* range of valid targets; min = max: any */
    /* Checks k, classes and conf; NULL: nothing to check. ERR_NET, "NAME: ..." or "NAME needs ...".
     */
    int (*setup)(struct loss *l, struct err *e);
    /* Rows lo .. hi-1. Cannot fail. */
    void (*rows)(const struct loss *l, const struct loss_rows *r, const struct kernels *k, int lo,
                 int hi);
    /* The output above which a net with one output says class 1, on what `x` holds. */
    real threshold;
};

/* The keys that every loss has: type, reduction. They fill a struct loss. */
extern const struct opt loss_opts[];

extern const struct loss_ops *const loss_registry[]; /* sorted by name, NULL-terminated */
const struct loss_ops *loss_find(const char *type);

/* Reads [loss] (s may be NULL: cross_entropy with defaults, as long as no key is required).
 * Problems go to *d. -1 only for lack of memory. Free with loss_free. */
int loss_read(struct loss *l, const struct netfile *nf, const struct section *s, struct diag *d,
              struct err *e);
void loss_free(struct loss *l);

/* Tells the loss its outputs and classes (0: values) and lets it check them. */
int loss_setup(struct loss *l, int k, int classes, struct err *e);

int loss_write(const struct loss *l, struct text *t, struct err *e);

size_t loss_scratch(int k);

/* What a sample counts in a mean: 1, or the weight of its class. */
static inline double loss_weight(const struct loss *l, int label)
{
    return l->class_weight && l->classes ? l->class_weight[label] : 1;
}

/* What a sample's gradient is multiplied by, and a batch's summed values, where the samples'
 * loss_weight() add up to `weight`. */
real loss_scale(const struct loss *l, double weight);

/* For losses with class weights: the row of their table (in a conf with a float_list of that
 * name), the check for setup, and what row i is multiplied by. */
#define LOSS_CLASS_WEIGHTS(conf)                                                                   \
    {                                                                                              \
        .name = "class_weights", .type = OPT_FLOATS, .offset = offsetof(conf, class_weights),      \
        .min = 1e-6, .max = 1e6,                                                                   \
        .help =                                                                                    \
            "what samples of each class count, in the order of the classes; a mean divides by "    \
            "their sum"                                                                            \
    }
int loss_set_class_weights(struct loss *l, const struct float_list *weights, struct err *e);

static inline real loss_row_weight(const struct loss *l, const struct loss_rows *r, int i)
{
    return r->label ? (real)loss_weight(l, r->label[i]) : 1;
}

/* The target of row i as k numbers: in r->target, or written into r->scratch. */
const real *loss_target(const struct loss *l, const struct loss_rows *r, int i);

/* The class row i of x says: argmax (the first of equals), or x > threshold where k is 1. */
int loss_decide(const struct loss *l, const real *x);

/* How many classes row x says rather than class_: 0 for the one that loss_decide gives. */
int loss_rank(const struct loss *l, const real *x, int class_);

#endif
