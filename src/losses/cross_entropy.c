/* cross_entropy.c - negative log-likelihood of the softmax of the logits:
 *
 *     value = sum over outputs of t_j (lse - x_j),  lse = log(sum(e^x)),
 *     gradient = softmax(x) sum(t) - t,
 *
 * which is lse - x_c and softmax(x) - onehot(c) for class c. Logits are taken relative to their
 * maximum first, so nothing overflows and large logits cost no digits. */
#include "net/loss.h"

static int cross_entropy_setup(struct loss *l, struct err *e)
{
    if (l->k < 2)
        return err_set(e, ERR_NET,
                       "cross_entropy: needs at least 2 outputs; for one output use "
                       "binary_cross_entropy on [sigmoid]");
    return 0;
}

static void cross_entropy_rows(const struct loss *l, const struct loss_rows *r,
                               const struct kernels *k, int lo, int hi)
{
    size_t n = (size_t)l->k;
    real *z = r->scratch + n; /* x - max */
    for (int i = lo; i < hi; i++) {
        const real *x = r->x + (size_t)i * n;
        real *dx = r->dx ? r->dx + (size_t)i * n : NULL;
        real max = k->max(x, n), lse;
        for (size_t j = 0; j < n; j++)
            z[j] = x[j] - max;
        k->log_sum_exp(&lse, dx, z, 1, l->k);
        if (r->label) {
            r->value[i] = lse - z[r->label[i]];
            if (dx)
                dx[r->label[i]] -= 1;
        } else {
            const real *t = loss_target(l, r, i);
            real total = k->sum(t, n);
            for (size_t j = 0; j < n; j++)
                z[j] = lse - z[j];
            r->value[i] = k->dot(t, z, n);
            for (size_t j = 0; dx && j < n; j++)
                dx[j] = dx[j] * total - t[j];
        }
        if (dx)
            k->scale(dx, dx, r->scale, n);
    }
}

const struct loss_ops loss_cross_entropy = {
    .name = "cross_entropy",
    .help = "log-likelihood of one class out of several, on [softmax]",
    .act = ACT_SOFTMAX,
    .target_min = 0,
    .target_max = 1,
    .setup = cross_entropy_setup,
    .rows = cross_entropy_rows,
};
