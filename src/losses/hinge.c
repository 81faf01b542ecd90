/* hinge.c - the loss of support vector machines, on scores.
 *
 * One output, two classes (or values): targets t are -1 and +1, value = max(0, 1 - t x). Several:
 * that of Weston and Watkins 1999 over the number of outputs, as PyTorch's MultiMarginLoss,
 *
 *     value = sum over j other than the class c of max(0, 1 - x_c + x_j) / outputs.
 *
 * `squared` squares each maximum. On [linear], with weight_decay 1 / (C samples), a linear support
 * vector machine. */
#include "net/loss.h"

struct hinge {
    bool squared;
    struct float_list class_weights;
};

static int hinge_setup(struct loss *l, struct err *e)
{
    if (l->classes == 0 && l->k > 1)
        return err_set(e, ERR_NET,
                       "hinge: needs classes as targets, or one output with targets -1 and 1");
    return loss_set_class_weights(l, &((const struct hinge *)l->conf)->class_weights, e);
}

/* What a violation of the margin costs, and its slope. NaN stays. */
static real cost(bool squared, real margin, real *slope)
{
    real h = margin <= 0 ? 0 : margin;
    *slope = squared ? 2 * h : h > 0 ? 1 : 0;
    return squared ? h * h : h;
}

static void one_output(const struct loss *l, const struct loss_rows *r, int i)
{
    bool squared = ((const struct hinge *)l->conf)->squared;
    real t = !r->label ? r->target[i] : r->label[i] ? 1 : -1, w = loss_row_weight(l, r, i), slope;
    r->value[i] = w * cost(squared, 1 - t * r->x[i], &slope);
    if (r->dx)
        r->dx[i] = -t * slope * w * r->scale;
}

static void several_outputs(const struct loss *l, const struct loss_rows *r,
                            const struct kernels *k, int i)
{
    bool squared = ((const struct hinge *)l->conf)->squared;
    size_t n = (size_t)l->k, c = (size_t)r->label[i];
    const real *x = r->x + (size_t)i * n;
    real w = loss_row_weight(l, r, i) / (real)l->k, *part = r->scratch, *slope = part + n;
    for (size_t j = 0; j < n; j++)
        part[j] = cost(squared, 1 - x[c] + x[j], &slope[j]);
    part[c] = slope[c] = 0;
    r->value[i] = w * k->sum(part, n);
    if (!r->dx)
        return;
    slope[c] = -k->sum(slope, n);
    k->scale(r->dx + (size_t)i * n, slope, w * r->scale, n);
}

static void hinge_rows(const struct loss *l, const struct loss_rows *r, const struct kernels *k,
                       int lo, int hi)
{
    for (int i = lo; i < hi; i++)
        if (l->k == 1)
            one_output(l, r, i);
        else
            several_outputs(l, r, k, i);
}

static const struct opt opts[] = {{.name = "squared",
                                   .type = OPT_BOOL,
                                   .offset = offsetof(struct hinge, squared),
                                   .def = "no",
                                   .help = "whether violations of the margin are squared"},
                                  LOSS_CLASS_WEIGHTS(struct hinge),
                                  OPT_END};

const struct loss_ops loss_hinge = {
    .name = "hinge",
    .help = "margin of 1 between classes, as support vector machines; on any layer; one output "
            "decides at 0",
    .opts = opts,
    .conf_size = sizeof(struct hinge),
    .act = ACT_NONE,
    .one_class = true,
    .target_min = -1,
    .target_max = 1,
    .setup = hinge_setup,
    .rows = hinge_rows,
};
