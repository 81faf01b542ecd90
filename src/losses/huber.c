/* huber.c - squared error near the target, absolute error far from it (Huber 1964):
 *
 *     value = sum over outputs of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2),
 *     gradient = d, at most delta in size,  d = x - t. */
#include "net/loss.h"

struct huber {
    double delta;
};

static void huber_rows(const struct loss *l, const struct loss_rows *r, const struct kernels *k,
                       int lo, int hi)
{
    size_t n = (size_t)l->k;
    real *part = r->scratch + n, delta = (real)((const struct huber *)l->conf)->delta;
    for (int i = lo; i < hi; i++) {
        const real *x = r->x + (size_t)i * n, *t = loss_target(l, r, i);
        real *dx = r->dx ? r->dx + (size_t)i * n : NULL;
        for (size_t j = 0; j < n; j++) {
            real d = x[j] - t[j], g = d > delta ? delta : d < -delta ? -delta : d;
            part[j] = g * (d - g / 2); /* both branches */
            if (dx)
                dx[j] = g * r->scale;
        }
        r->value[i] = k->sum(part, n);
    }
}

static const struct opt opts[] = {{.name = "delta",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct huber, delta),
                                   .def = "1",
                                   .min = 0,
                                   .max = 1e12,
                                   .flags = OPT_OPEN_MIN,
                                   .help = "error from which on the loss is linear"},
                                  OPT_END};

const struct loss_ops loss_huber = {
    .name = "huber",
    .help = "half the squared error, linear beyond delta, on any layer",
    .opts = opts,
    .conf_size = sizeof(struct huber),
    .act = ACT_NONE,
    .per_element = true,
    .rows = huber_rows,
    .threshold = (real)0.5,
};
