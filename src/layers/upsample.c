/* upsample.c - an image or a sequence made larger by whole factors.
 *
 * `nearest` repeats every position. `bilinear` mixes the two nearest positions along each
 * direction; position o of the output stands at (o + 1/2) / factor - 1/2 of the input, held to its
 * borders (PyTorch's align_corners=False).
 *
 * Threads split samples; in backward a sample's positions add up in the order of the output. */
#include "layers/shared/window.h"

#include <string.h>

struct upsample {
    int factor[2]; /* height, width */
    int mode;
};

enum { NEAREST, BILINEAR };

#define SIDE_MAX (1 << 28)

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)b;
    const struct upsample *c = l->conf;
    struct shape in = l->in[0]->out;
    if (shape_is_vector(in))
        return window_refuse(l, "an image or a sequence", e);
    if (in.h > SIDE_MAX / c->factor[0] || in.w > SIDE_MAX / c->factor[1])
        return err_set(e, ERR_NET, "would give more than %d rows or columns", SIDE_MAX);
    l->out = (struct shape){in.c, in.h > 1 ? in.h * c->factor[0] : 1, in.w * c->factor[1]};
    l->flops = c->mode == BILINEAR ? 8 * (uint64_t)shape_size(l->out) : 0;
    return 0;
}

/* One direction of an output position: inputs `a` and `b`, and how much of each it takes. */
struct mix {
    int a, b;
    real of_a, of_b;
};

static struct mix mix_of(const struct upsample *c, int o, int factor, int in)
{
    if (c->mode == NEAREST)
        return (struct mix){o / factor, o / factor, 1, 0};
    double at = (o + 0.5) / factor - 0.5;
    at = at > 0 ? at : 0;
    int a = (int)at, b = a + 1 < in ? a + 1 : a;
    return (struct mix){a, b, (real)(1 - (at - a)), (real)(at - a)};
}

/* The up to four inputs of output (p, q). */
struct source {
    ptrdiff_t at[4]; /* of its first channel in the sample */
    real share[4];
    int n;
};

static struct source source_of(const struct layer *l, int p, int q)
{
    const struct upsample *c = l->conf;
    struct shape in = l->in[0]->out;
    struct mix h = mix_of(c, p, in.h > 1 ? c->factor[0] : 1, in.h);
    struct mix w = mix_of(c, q, c->factor[1], in.w);
    const int rows[] = {h.a, h.a, h.b, h.b}, columns[] = {w.a, w.b, w.a, w.b};
    const real shares[] = {h.of_a * w.of_a, h.of_a * w.of_b, h.of_b * w.of_a, h.of_b * w.of_b};
    struct source s = {.n = 0};
    for (int i = 0; i < 4; i++)
        if (shares[i] > 0) {
            s.at[s.n] = ((ptrdiff_t)rows[i] * in.w + columns[i]) * in.c;
            s.share[s.n++] = shares[i];
        }
    return s;
}

static void forward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t c = (size_t)l->out.c, in = shape_size(l->in[0]->out), out = shape_size(l->out);
    layer_rows(p, &lo, &hi);
    for (int i = lo; i < hi; i++) {
        const real *x = l->in[0]->y + (size_t)i * in;
        real *y = l->y + (size_t)i * out;
        for (int row = 0; row < l->out.h; row++)
            for (int column = 0; column < l->out.w; column++, y += c) {
                struct source s = source_of(l, row, column);
                p->k->scale(y, x + s.at[0], s.share[0], c);
                for (int k = 1; k < s.n; k++)
                    p->k->axpy(y, x + s.at[k], s.share[k], c);
            }
    }
}

static void backward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t c = (size_t)l->out.c, in = shape_size(l->in[0]->out), out = shape_size(l->out);
    if (!l->in[0]->dy)
        return;
    layer_rows(p, &lo, &hi);
    for (int i = lo; i < hi; i++) {
        const real *dy = l->dy + (size_t)i * out;
        real *dx = l->in[0]->dy + (size_t)i * in;
        if (l->dx_mode[0] == GRAD_STORE)
            memset(dx, 0, in * sizeof *dx);
        for (int row = 0; row < l->out.h; row++)
            for (int column = 0; column < l->out.w; column++, dy += c) {
                struct source s = source_of(l, row, column);
                for (int k = 0; k < s.n; k++)
                    p->k->axpy(dx + s.at[k], dy, s.share[k], c);
            }
    }
}

static const char *const modes[] = {"nearest", "bilinear", NULL};

static const struct opt opts[] = {
    {.name = "factor",
     .type = OPT_PAIR,
     .offset = offsetof(struct upsample, factor),
     .def = "2",
     .min = 1,
     .max = WINDOW_STRIDE_MAX,
     .help = "how many times as high and wide, 2 or 2x3; in a sequence the width counts"},
    {.name = "mode",
     .type = OPT_WORD,
     .offset = offsetof(struct upsample, mode),
     .def = "nearest",
     .words = modes,
     .help = "nearest repeats positions, bilinear mixes neighbours"},
    OPT_END};

static const struct layer_example examples[] = {
    {"3x2x3", "[upsample]\n"},
    {"2x3x4",
     "[tanh t]\n[upsample a]\nfactor = 3x2\nmode = bilinear\n[upsample b]\nfrom = t\nfactor "
     "= 3x2\n[add]\nfrom = a, b\n"},
    {"4x5", "[upsample]\nmode = bilinear\n[conv1d]\nfilters = 2\nsize = 3\n"},
    {NULL, NULL}};

const struct layer_ops layer_upsample = {.name = "upsample",
                                         .help = "an image or a sequence made larger",
                                         .opts = opts,
                                         .conf_size = sizeof(struct upsample),
                                         .setup = setup,
                                         .forward = forward,
                                         .backward = backward,
                                         .examples = examples};
