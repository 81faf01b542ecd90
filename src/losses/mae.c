/* mae.c - absolute error: value = sum over outputs of |x - t|, gradient the sign of x - t, 0 at 0.
 */
#include "net/loss.h"

static void mae_rows(const struct loss *l, const struct loss_rows *r, const struct kernels *k,
                     int lo, int hi)
{
    size_t n = (size_t)l->k;
    real *size = r->scratch + n;
    for (int i = lo; i < hi; i++) {
        const real *x = r->x + (size_t)i * n, *t = loss_target(l, r, i);
        real *dx = r->dx ? r->dx + (size_t)i * n : NULL;
        for (size_t j = 0; j < n; j++) {
            real d = x[j] - t[j];
            size[j] = d < 0 ? -d : d;
            if (dx)
                dx[j] = d < 0 ? -r->scale : d > 0 ? r->scale : 0;
        }
        r->value[i] = k->sum(size, n);
    }
}

const struct loss_ops loss_mae = {
    .name = "mae",
    .help = "absolute error between outputs and targets, on any layer",
    .act = ACT_NONE,
    .per_element = true,
    .rows = mae_rows,
    .threshold = (real)0.5,
};
