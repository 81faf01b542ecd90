/* pooling.c - one output for each window of positions, channel by channel. */
#include "layers/shared/pooling.h"

void pooling_set(struct layer *l, const struct window *h, const struct window *w)
{
    struct shape in = l->in[0]->out;
    l->out = (struct shape){in.c, h->out, w->out};
    l->flops = window_taps(h) * window_taps(w) * (uint64_t)in.c;
    *(struct pool *)l->state = (struct pool){.h = in.h,
                                             .w = in.w,
                                             .c = in.c,
                                             .oh = h->out,
                                             .ow = w->out,
                                             .kh = h->size,
                                             .kw = w->size,
                                             .stride_h = h->stride,
                                             .stride_w = w->stride,
                                             .pad_h = h->before,
                                             .pad_w = w->before};
}

/* The window in direction d over `in` inputs. */
static struct window window_of(const struct pooling *c, int d, int in)
{
    return (struct window){.in = in,
                           .size = c->size[d],
                           .stride = c->stride[d] < 0 ? c->size[d] : c->stride[d],
                           .padding = c->padding[d],
                           .dilation = 1};
}

int pooling_setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    const struct pooling *c = l->conf;
    struct shape in = l->in[0]->out;
    if (shape_is_vector(in))
        return window_refuse(l, "an image or a sequence", e);
    struct window h = window_of(c, 0, in.h), w = window_of(c, 1, in.w);
    if (in.h == 1)
        h = (struct window){.in = 1, .size = 1, .stride = 1, .dilation = 1};
    /* so that every window has an input */
    if (2 * h.padding > h.size || 2 * w.padding > w.size)
        return err_set(e, ERR_NET, "padding = %dx%d: must be at most half of size = %dx%d",
                       c->padding[0], c->padding[1], c->size[0], c->size[1]);
    if (window_fit_both(&h, &w, e))
        return -1;
    pooling_set(l, &h, &w);
    return 0;
}

void pooling_run(struct layer *l, const struct pass *p, pooling_kernel kernel, int32_t *which)
{
    struct pool po = *(const struct pool *)l->state;
    const struct layer *in = l->in[0];
    int lo = 0, hi = p->n;
    if (p->own)
        layer_rows(p, &lo, &hi);
    size_t at_x = (size_t)lo * shape_size(in->out), at_y = (size_t)lo * shape_size(l->out);
    po.n = hi - lo;
    po.x = in->y + at_x;
    po.y = l->y + at_y;
    po.which = which ? which + at_y : NULL;
    if (in->dy) {
        po.dy = l->dy + at_y;
        po.dx = in->dy + at_x;
    }
    po.dx_mode = l->dx_mode[0];
    po.dx_act = in->act;
    po.dx_act_param = in->act_param;
    if (l->dx_act[0])
        po.dact_y = which ? po.y : po.x;
    kernel(&po, p->own ? 0 : p->tid, p->own ? 1 : p->nt);
}

void pooling_average(struct layer *l, const struct pass *p)
{
    pooling_run(l, p, p->k->avg_pool, NULL);
}

void pooling_average_backward(struct layer *l, const struct pass *p)
{
    if (l->in[0]->dy)
        pooling_run(l, p, p->k->avg_pool_backward, NULL);
}

static const char *const stride_words[] = {"size", NULL};

#define FIELD(f) offsetof(struct pooling, f)

const struct opt pooling_opts[] = {
    {.name = "size",
     .type = OPT_PAIR,
     .offset = FIELD(size),
     .def = "2",
     .min = 1,
     .max = WINDOW_SIZE_MAX,
     .help = "height and width of a window, 2 or 2x3; in a sequence the width counts"},
    {.name = "stride",
     .type = OPT_PAIR,
     .offset = FIELD(stride),
     .def = "size",
     .min = 1,
     .max = WINDOW_STRIDE_MAX,
     .words = stride_words,
     .help = "steps from one window to the next; size: they stand side by side"},
    {.name = "padding",
     .type = OPT_PAIR,
     .offset = FIELD(padding),
     .def = "0",
     .min = 0,
     .max = WINDOW_SIZE_MAX,
     .help = "how far windows stand out on each side; what is outside does not count"},
    OPT_END};
