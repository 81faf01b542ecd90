/* loss.c - what all losses share: the registry, the section [loss], targets, reduction, decisions.
 */
#include "net/loss.h"

#include "base/choice.h"
#include "base/mem.h"

#include <string.h>

#define X(n) extern const struct loss_ops loss_##n;
#include "gen/losses.def"
#undef X

const struct loss_ops *const loss_registry[] = {
#define X(n) &loss_##n,
#include "gen/losses.def"
#undef X
    NULL};

static const char *const names[] = {
#define X(n) #n,
#include "gen/losses.def"
#undef X
    NULL};

static const char *const reductions[] = {"mean", "sum", NULL};

const struct opt loss_opts[] = {{.name = "type",
                                 .type = OPT_WORD,
                                 .offset = offsetof(struct loss, type),
                                 .def = "cross_entropy",
                                 .words = names,
                                 .help = "what is minimised"},
                                {.name = "reduction",
                                 .type = OPT_WORD,
                                 .offset = offsetof(struct loss, reduction),
                                 .def = "mean",
                                 .words = reductions,
                                 .help = "mean over the batch (mse, mae, huber, "
                                         "binary_cross_entropy: and over the outputs), or plain "
                                         "sum"},
                                OPT_END};

static const struct opt no_opts[] = {OPT_END};

static const struct opt *own_opts(const struct loss *l)
{
    return l->ops->opts ? l->ops->opts : no_opts;
}

const struct loss_ops *loss_find(const char *type)
{
    for (int i = 0; loss_registry[i]; i++)
        if (strcmp(loss_registry[i]->name, type) == 0)
            return loss_registry[i];
    return NULL;
}

int loss_read(struct loss *l, const struct netfile *nf, const struct section *s, struct diag *d,
              struct err *e)
{
    int type;
    *l = (struct loss){.ops = loss_registry[0]};
    if (choice_read(nf, s, loss_opts, &type, d, e) < 0)
        return -1;
    if (type >= 0)
        l->ops = loss_registry[type];
    l->conf = mem_alloc(1, l->ops->conf_size, e);
    if (!l->conf)
        return -1;
    if (type < 0) /* whose keys these are is unknown: nothing more to say about them */
        s = NULL;
    struct opt_target targets[] = {{loss_opts, l}, {own_opts(l), l->conf}};
    return opt_read(nf, s, targets, 2, d, e);
}

void loss_free(struct loss *l)
{
    if (l->conf)
        opt_free(own_opts(l), l->conf);
    mem_free(l->conf);
    *l = (struct loss){0};
}

int loss_setup(struct loss *l, int k, int classes, struct err *e)
{
    l->k = k;
    l->classes = classes;
    if (classes > 0 && k != classes && !(k == 1 && classes == 2))
        return err_set(e, ERR_NET, "%s: %d classes need %d outputs%s, but the last layer has %d",
                       l->ops->name, classes, classes, classes == 2 ? " (or one)" : "", k);
    return l->ops->setup ? l->ops->setup(l, e) : 0;
}

int loss_write(const struct loss *l, struct text *t, struct err *e)
{
    struct loss copy = *l;
    struct opt_target targets[] = {{loss_opts, &copy}, {own_opts(l), l->conf}};
    return opt_write(t, "loss", "", targets, 2, e);
}

/* A row for the target, and three for the loss's own use. */
size_t loss_scratch(int k)
{
    return 4 * (size_t)k;
}

real loss_scale(const struct loss *l, double weight)
{
    if (l->reduction == REDUCTION_SUM)
        return 1;
    return (real)(1 / (weight * (l->ops->per_element ? l->k : 1)));
}

int loss_set_class_weights(struct loss *l, const struct float_list *weights, struct err *e)
{
    if (weights->n > 0 && l->classes == 0)
        return err_set(e, ERR_NET, "%s: class_weights needs classes, but targets are values",
                       l->ops->name);
    if (weights->n > 0 && weights->n != l->classes)
        return err_set(e, ERR_NET, "%s: class_weights has %d numbers, but there are %d classes",
                       l->ops->name, weights->n, l->classes);
    l->class_weight = weights->n > 0 ? weights->v : NULL;
    return 0;
}

const real *loss_target(const struct loss *l, const struct loss_rows *r, int i)
{
    if (r->target)
        return r->target + (size_t)i * (size_t)l->k;
    if (l->k == 1) {
        r->scratch[0] = (real)r->label[i];
    } else {
        memset(r->scratch, 0, (size_t)l->k * sizeof *r->scratch);
        r->scratch[r->label[i]] = 1;
    }
    return r->scratch;
}

int loss_decide(const struct loss *l, const real *x)
{
    if (l->k == 1)
        return x[0] > l->ops->threshold;
    int best = 0;
    for (int j = 1; j < l->k; j++)
        if (x[j] > x[best])
            best = j;
    return best;
}

int loss_rank(const struct loss *l, const real *x, int class_)
{
    if (l->k == 1)
        return loss_decide(l, x) != class_;
    int better = 0;
    for (int j = 0; j < l->k; j++)
        better += j < class_ ? x[j] >= x[class_] : x[j] > x[class_];
    return better;
}
