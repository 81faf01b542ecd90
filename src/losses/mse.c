/* mse.c - squared error: value = sum over outputs of (x - t)^2, gradient 2 (x - t). */
#include "net/loss.h"

static void mse_rows(const struct loss *l, const struct loss_rows *r, const struct kernels *k,
                     int lo, int hi)
{
    size_t n = (size_t)l->k;
    real *diff = r->scratch + n;
    for (int i = lo; i < hi; i++) {
        const real *x = r->x + (size_t)i * n, *t = loss_target(l, r, i);
        for (size_t j = 0; j < n; j++)
            diff[j] = x[j] - t[j];
        r->value[i] = k->dot(diff, diff, n);
        if (r->dx)
            k->scale(r->dx + (size_t)i * n, diff, 2 * r->scale, n);
    }
}

const struct loss_ops loss_mse = {
    .name = "mse",
    .help = "squared error between outputs and targets, on any layer",
    .act = ACT_NONE,
    .per_element = true,
    .rows = mse_rows,
    .threshold = (real)0.5,
};
