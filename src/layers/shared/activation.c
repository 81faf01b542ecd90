/* activation.c - element-wise activations. */
#include "layers/shared/activation.h"

int activation_setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    (void)e;
    l->out = l->in[0]->out;
    l->flops = shape_size(l->out);
    return 0;
}

void activation_forward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    real param = 0;
    enum act act = l->ops->act(l, &param);
    layer_range(l, p, &lo, &hi);
    p->k->act_forward(act, param, l->y + lo, l->in[0]->y + lo, hi - lo);
}

void activation_backward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    real param = 0;
    enum act act = l->ops->act(l, &param);
    layer_range(l, p, &lo, &hi);
    p->k->act_backward(act, param, l->in[0]->dy + lo, l->dy + lo, l->y + lo, hi - lo,
                       l->dx_mode[0]);
}

void activation_curve_forward(struct layer *l, const struct pass *p, enum curve curve)
{
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    p->k->curve_forward(curve, l->y + lo, l->in[0]->y + lo, hi - lo);
}

void activation_curve_backward(struct layer *l, const struct pass *p, enum curve curve)
{
    size_t lo, hi;
    layer_range(l, p, &lo, &hi);
    p->k->curve_backward(curve, l->in[0]->dy + lo, l->dy + lo, l->in[0]->y + lo, hi - lo,
                         l->dx_mode[0]);
}
