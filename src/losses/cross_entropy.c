/* cross_entropy.c - negative log-likelihood of the softmax of the logits:
 *
 *     value = sum over outputs of t_j (lse - x_j),  lse = log(sum(e^x)),
 *     gradient = softmax(x) sum(t) - t,
 *
 * which is lse - x_c and softmax(x) - onehot(c) for class c. Logits are taken relative to their
 * maximum first, so nothing overflows and large logits cost no digits.
 *
 * As in PyTorch, label_smoothing s makes t_j (1 - s) t_j + s / outputs (Szegedy et al. 2016), class
 * weights then multiply each t_j by its class's, and a mean over samples with classes divides by
 * the sum of their weights. */
#include "net/loss.h"

struct cross_entropy {
    double label_smoothing;
    struct float_list class_weights;
};

static int cross_entropy_setup(struct loss *l, struct err *e)
{
    if (l->k < 2)
        return err_set(e, ERR_NET,
                       "cross_entropy: needs at least 2 outputs; for one output use "
                       "binary_cross_entropy on [sigmoid]");
    const struct float_list *weights = &((const struct cross_entropy *)l->conf)->class_weights;
    if (l->classes > 0 || weights->n == 0)
        return loss_set_class_weights(l, weights, e);
    if (weights->n != l->k)
        return err_set(e, ERR_NET,
                       "cross_entropy: class_weights has %d numbers, but there are %d outputs",
                       weights->n, l->k);
    l->class_weight = weights->v;
    return 0;
}

/* The target of row i after smoothing and weighting, into t. */
static void mix_target(const struct loss *l, const struct loss_rows *r, int i, real *t)
{
    const real *from = loss_target(l, r, i);
    real s = (real)((const struct cross_entropy *)l->conf)->label_smoothing, low = s / (real)l->k;
    for (int j = 0; j < l->k; j++) {
        t[j] = (1 - s) * from[j] + low;
        if (l->class_weight)
            t[j] *= (real)l->class_weight[j];
    }
}

static void cross_entropy_rows(const struct loss *l, const struct loss_rows *r,
                               const struct kernels *k, int lo, int hi)
{
    size_t n = (size_t)l->k;
    real *z = r->scratch + n, *mixed = z + n; /* z: x - max */
    bool mix = l->class_weight || ((const struct cross_entropy *)l->conf)->label_smoothing > 0;
    if (r->label && !mix) {
        size_t at = (size_t)lo * n;
        k->softmax_cross_entropy(r->value + lo, r->dx ? r->dx + at : NULL, r->x + at, r->label + lo,
                                 r->scale, hi - lo, l->k);
        return;
    }
    for (int i = lo; i < hi; i++) {
        const real *x = r->x + (size_t)i * n;
        real *dx = r->dx ? r->dx + (size_t)i * n : NULL;
        real max = k->max(x, n), lse;
        for (size_t j = 0; j < n; j++)
            z[j] = x[j] - max;
        k->log_sum_exp(&lse, dx, z, 1, l->k);
        const real *t = mix ? mixed : loss_target(l, r, i);
        if (mix)
            mix_target(l, r, i, mixed);
        real total = k->sum(t, n);
        for (size_t j = 0; j < n; j++)
            z[j] = lse - z[j];
        r->value[i] = k->dot(t, z, n);
        for (size_t j = 0; dx && j < n; j++)
            dx[j] = dx[j] * total - t[j];
        if (dx)
            k->scale(dx, dx, r->scale, n);
    }
}

static const struct opt opts[] = {
    {.name = "label_smoothing",
     .type = OPT_FLOAT,
     .offset = offsetof(struct cross_entropy, label_smoothing),
     .def = "0",
     .min = 0,
     .max = 1,
     .help = "share of each target that is spread over all outputs alike"},
    LOSS_CLASS_WEIGHTS(struct cross_entropy),
    OPT_END};

const struct loss_ops loss_cross_entropy = {
    .name = "cross_entropy",
    .help = "log-likelihood of one class out of several, on [softmax]",
    .opts = opts,
    .conf_size = sizeof(struct cross_entropy),
    .act = ACT_SOFTMAX,
    .target_min = 0,
    .target_max = 1,
    .setup = cross_entropy_setup,
    .rows = cross_entropy_rows,
};
