/* dropout.c - drops values at random in training and scales the others by 1 / (1 - rate), so that
 * evaluation is the identity ("inverted dropout"; Srivastava et al. 2014).
 *
 * The mask is never stored: it is a function of (seed, layer name, step, sample, element, or
 * channel where whole channels are dropped), computed again in backward. */
#include "base/rng.h"
#include "net/layer.h"

#include <math.h>
#include <string.h>

struct dropout {
    double rate;
    bool channels;
};

#define PIECE 1024 /* random numbers made at a time */

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)e;
    l->out = l->in[0]->out;
    l->flops = shape_size(l->out);
    build_scratch(b, PIECE * sizeof(uint32_t));
    return 0;
}

/* What a sample draws numbers for: each of `n`, in each of `positions` alike. */
struct draw {
    size_t n, positions;
};

static struct draw draw_of(const struct layer *l)
{
    size_t size = shape_size(l->out), c = (size_t)l->out.c;
    bool channels = ((const struct dropout *)l->conf)->channels;
    return channels ? (struct draw){c, size / c} : (struct draw){size, 1};
}

/* y (+)= mask(x) over this thread's samples. */
static void apply(struct layer *l, const struct pass *p, real *y, const real *x,
                  enum grad_mode mode)
{
    int lo, hi;
    double keep = 1 - ((const struct dropout *)l->conf)->rate;
    uint32_t limit = (uint32_t)fmin(rint(keep * 0x1p32), 0x1p32 - 1);
    struct draw d = draw_of(l);
    size_t padded = (d.n + 3) / 4 * 4; /* whole blocks of the stream */
    struct rng r = rng_stream(p->seed, "dropout", l->name, p->step);
    uint32_t *u = p->scratch;
    layer_rows(p, &lo, &hi);
    for (int n = lo; n < hi; n++)
        for (size_t i = 0; i < d.n; i += PIECE) {
            size_t at = (size_t)n * d.n * d.positions + i, len = d.n - i < PIECE ? d.n - i : PIECE;
            p->k->philox(u, r.key, r.index, (uint64_t)(p->first + n) * padded + i, len);
            for (size_t j = 0; j < d.positions; j++, at += d.n)
                p->k->mask(y + at, x + at, u, limit, (real)(1 / keep), len, mode);
        }
}

static bool active(const struct layer *l, const struct pass *p)
{
    return p->train && ((const struct dropout *)l->conf)->rate > 0;
}

static void forward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    const real *x = l->in[0]->y;
    if (active(l, p)) {
        apply(l, p, l->y, x, GRAD_STORE);
    } else if (l->y != x) {
        layer_range(l, p, &lo, &hi);
        memcpy(l->y + lo, x + lo, (hi - lo) * sizeof(real));
    }
}

static void backward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    real *dx = l->in[0]->dy;
    if (active(l, p)) {
        apply(l, p, dx, l->dy, l->dx_mode[0]);
        return;
    }
    layer_range(l, p, &lo, &hi);
    if (l->dx_mode[0] == GRAD_ADD)
        p->k->add(dx + lo, dx + lo, l->dy + lo, hi - lo);
    else if (dx != l->dy)
        memcpy(dx + lo, l->dy + lo, (hi - lo) * sizeof(real));
}

static const struct opt opts[] = {{.name = "rate",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct dropout, rate),
                                   .def = "0.5",
                                   .min = 0,
                                   .max = 1,
                                   .flags = OPT_OPEN_MAX,
                                   .help = "probability of dropping a value"},
                                  {.name = "channels",
                                   .type = OPT_BOOL,
                                   .offset = offsetof(struct dropout, channels),
                                   .def = "no",
                                   .help = "whether whole channels of an image or a sequence are "
                                           "dropped"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"11", "[dropout]\n"},
    {"5", "[linear]\nunits = 6\n[tanh]\n[dropout]\nrate = 0.25\n[linear]\nunits = 2\n"},
    {"4", "[dropout]\nrate = 0\n"},
    {"6x3x4", "[dropout]\nchannels = yes\n"},
    {"3x5", "[conv1d]\nfilters = 5\nsize = 2\n[relu]\n[dropout]\nrate = 0.3\nchannels = yes\n"},
    {NULL, NULL}};

const struct layer_ops layer_dropout = {.name = "dropout",
                                        .help = "drops values at random while training",
                                        .opts = opts,
                                        .conf_size = sizeof(struct dropout),
                                        .setup = setup,
                                        .forward = forward,
                                        .backward = backward,
                                        .flags = LAYER_IN_PLACE,
                                        .examples = examples};
