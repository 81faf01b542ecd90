/* convolution.c - y = x * w + b over the positions of an image or a sequence. */
#include "layers/shared/convolution.h"

#include "base/mem.h"

static int check_groups(const struct convolution *c, struct shape in, struct err *e)
{
    if (in.c % c->groups || c->filters % c->groups)
        return err_set(e, ERR_NET,
                       "groups = %d: must divide the channels of the input, %d, and filters = %d",
                       c->groups, in.c, c->filters);
    return 0;
}

static int set_sizes(struct layer *l, const struct convolution *c, struct err *e)
{
    struct shape in = l->in[0]->out;
    struct window h = {.in = in.h,
                       .size = c->size[0],
                       .stride = c->stride[0],
                       .padding = c->padding[0],
                       .dilation = c->dilation[0]};
    struct window w = {.in = in.w,
                       .size = c->size[1],
                       .stride = c->stride[1],
                       .padding = c->padding[1],
                       .dilation = c->dilation[1]};
    if (window_fit_both(&h, &w, e))
        return -1;
    *(struct conv *)l->state = (struct conv){.h = in.h,
                                             .w = in.w,
                                             .c = in.c,
                                             .oh = h.out,
                                             .ow = w.out,
                                             .oc = c->filters,
                                             .kh = h.size,
                                             .kw = w.size,
                                             .stride_h = h.stride,
                                             .stride_w = w.stride,
                                             .pad_h = h.before,
                                             .pad_w = w.before,
                                             .dilation_h = h.dilation,
                                             .dilation_w = w.dilation,
                                             .groups = c->groups,
                                             .bf16 = c->precision == PRECISION_BF16};
    l->out = (struct shape){c->filters, h.out, w.out};
    /* what is done: taps outside of the image are skipped */
    l->flops =
        2 * window_taps(&h) * window_taps(&w) * (uint64_t)(in.c / c->groups) * (uint64_t)c->filters;
    return 0;
}

int convolution_setup(struct layer *l, struct build *b, const struct convolution *c, bool flat,
                      struct err *e)
{
    struct shape in = l->in[0]->out;
    if (check_groups(c, in, e) || set_sizes(l, c, e))
        return -1;
    if (l->common.init == INIT_WHITENING &&
        (c->groups > 1 || c->dilation[0] > 1 || c->dilation[1] > 1))
        return err_set(e, ERR_NET, "init = whitening: takes one group and no dilation");
    /* in memory the outputs of one tap and input lie side by side */
    const int dim[] = {c->filters, in.c / c->groups, c->size[0], c->size[1]};
    const int flat_dim[] = {c->filters, in.c / c->groups, c->size[1]};
    const signed char order[] = {2, 3, 1, 0}, flat_order[] = {2, 1, 0};
    if (!build_param(b, "weight", flat ? 3 : 4, flat ? flat_dim : dim, flat ? flat_order : order, 0,
                     PARAM_TRAINED, START_INIT, e))
        return -1;
    if (l->common.bias &&
        !build_param(b, "bias", 1, &c->filters, NULL, 0, PARAM_TRAINED, START_ZERO, e))
        return -1;
    return 0;
}

struct workspace convolution_workspace(const struct layer *l, const struct kernels *k, int batch,
                                       bool train)
{
    struct conv cv = *(const struct conv *)l->state;
    cv.n = batch;
    size_t shared = k->conv_prepared(&cv, false), more[] = {0, 0};
    if (train) {
        more[0] = k->conv_prepared(&cv, true);
        more[1] = k->conv_partial(&cv);
    }
    for (int i = 0; i < 2; i++)
        shared = more[i] > shared ? more[i] : shared;
    return (struct workspace){mem_mul(k->conv_scratch(&cv), sizeof(real)),
                              mem_mul(shared, sizeof(real))};
}

/* The convolution of this pass, on its tensors. */
static struct conv conv_of(const struct layer *l, const struct pass *p)
{
    struct conv cv = *(const struct conv *)l->state;
    const struct layer *in = l->in[0];
    cv.n = p->n;
    cv.x = in->y;
    cv.weight = l->params[0].w;
    cv.bias = l->common.bias ? l->params[1].w : NULL;
    cv.y = l->y;
    cv.act = l->act;
    cv.act_param = l->act_param;
    cv.dy = l->dy;
    cv.dx = in->dy;
    cv.dx_mode = l->dx_mode[0];
    cv.dact_y = l->dx_act[0] ? in->y : NULL;
    cv.dx_act = l->dx_act[0] ? in->act : ACT_NONE;
    cv.dx_act_param = in->act_param;
    cv.dweight = l->params[0].g;
    cv.dbias = l->common.bias ? l->params[1].g : NULL;
    cv.dw_mode = param_mode(p);
    cv.partial = p->shared;
    cv.scratch = p->scratch;
    return cv;
}

/* Leaves the samples of this thread in cv. */
static void keep_own(struct conv *cv, const struct pass *p)
{
    int lo, hi;
    layer_rows(p, &lo, &hi);
    size_t in = (size_t)lo * (size_t)(cv->c * cv->h * cv->w);
    size_t out = (size_t)lo * (size_t)(cv->oc * cv->oh * cv->ow);
    cv->n = hi - lo;
    cv->x += in;
    cv->y += out;
    if (cv->dx) {
        cv->dx += in;
        cv->dy += out;
    }
    if (cv->dact_y)
        cv->dact_y += in;
}

/* All threads' part of the work on the weights, where there are others to share it. */
static void prepare(struct conv *cv, const struct pass *p, bool back)
{
    if (p->own || p->nt == 1 || p->k->conv_prepared(cv, back) == 0)
        return;
    p->k->conv_prepare(cv, back, p->shared, p->tid, p->nt);
    team_barrier(p->team, p->tid);
    cv->prepared = p->shared;
}

void convolution_forward(struct layer *l, const struct pass *p)
{
    struct conv cv = conv_of(l, p);
    cv.dx = NULL;
    if (p->own)
        keep_own(&cv, p);
    prepare(&cv, p, false);
    p->k->conv_forward(&cv, p->own ? 0 : p->tid, p->own ? 1 : p->nt);
}

void convolution_backward(struct layer *l, const struct pass *p)
{
    struct conv cv = conv_of(l, p);
    if (!cv.dx)
        return;
    if (p->own)
        keep_own(&cv, p);
    prepare(&cv, p, true);
    p->k->conv_backward_data(&cv, p->own ? 0 : p->tid, p->own ? 1 : p->nt);
    if (cv.prepared) /* others may use the shared memory from here on */
        team_barrier(p->team, p->tid);
}

/* Where weights are frozen and biases are not. */
static void backward_bias(const struct conv *cv, const struct pass *p)
{
    size_t lo, hi;
    par_range((size_t)cv->oc, 16, p->tid, p->nt, &lo, &hi);
    p->k->col_sums(cv->dbias + lo, cv->dy + lo, cv->oc, cv->n * cv->oh * cv->ow, (int)(hi - lo),
                   cv->dw_mode);
}

/* Other layers use the memory for partial sums too: barriers stand on both sides of it. */
void convolution_backward_params(struct layer *l, const struct pass *p)
{
    struct conv cv = conv_of(l, p);
    if (!cv.dweight) {
        backward_bias(&cv, p);
        return;
    }
    p->k->conv_backward_weights(&cv, p->tid, p->nt);
    team_barrier(p->team, p->tid);
    p->k->conv_backward_weights_sum(&cv, p->tid, p->nt);
    team_barrier(p->team, p->tid);
}
