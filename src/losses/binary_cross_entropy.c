/* binary_cross_entropy.c - log-likelihood of yes/no outputs, from the logits below their sigmoid:
 *
 *     value = sum over outputs of max(x, 0) - x t + log(1 + e^-|x|),  gradient = sigmoid(x) - t.
 *
 * log(1 + e) is e log(u) / (u - 1) with the rounded u = 1 + e (Kahan), exact also where 1 + e is 1.
 */
#include "net/loss.h"

struct binary_cross_entropy {
    struct float_list class_weights;
};

static int bce_setup(struct loss *l, struct err *e)
{
    return loss_set_class_weights(l, &((const struct binary_cross_entropy *)l->conf)->class_weights,
                                  e);
}

static void bce_rows(const struct loss *l, const struct loss_rows *r, const struct kernels *k,
                     int lo, int hi)
{
    size_t n = (size_t)l->k;
    real *e = r->scratch + n, *u = e + n, *v = u + n;
    for (int i = lo; i < hi; i++) {
        const real *x = r->x + (size_t)i * n, *t = loss_target(l, r, i);
        for (size_t j = 0; j < n; j++)
            e[j] = x[j] > 0 ? -x[j] : x[j];
        k->exp(e, e, n);
        for (size_t j = 0; j < n; j++)
            u[j] = 1 + e[j];
        k->log(v, u, n);
        for (size_t j = 0; j < n; j++) {
            real log1pe = u[j] > 1 ? e[j] * (v[j] / (u[j] - 1)) : e[j];
            v[j] = (x[j] > 0 ? x[j] - x[j] * t[j] : -x[j] * t[j]) + log1pe;
        }
        real w = loss_row_weight(l, r, i);
        r->value[i] = w * k->sum(v, n);
        if (!r->dx)
            continue;
        real *dx = r->dx + (size_t)i * n;
        for (size_t j = 0; j < n; j++)
            dx[j] = ((x[j] > 0 ? 1 : e[j]) / u[j] - t[j]) * (w * r->scale);
    }
}

static const struct opt opts[] = {LOSS_CLASS_WEIGHTS(struct binary_cross_entropy), OPT_END};

const struct loss_ops loss_binary_cross_entropy = {
    .name = "binary_cross_entropy",
    .help = "log-likelihood of yes/no outputs, each on its own, on [sigmoid]",
    .opts = opts,
    .conf_size = sizeof(struct binary_cross_entropy),
    .act = ACT_SIGMOID,
    .per_element = true,
    .target_min = 0,
    .target_max = 1,
    .setup = bce_setup,
    .rows = bce_rows,
};
