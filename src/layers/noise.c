/* noise.c - adds normal numbers in training; evaluation is the identity.
 *
 * They are never stored: each is a function of (seed, layer name, step, sample, element). The
 * gradient passes as it is. */
#include "base/rng.h"
#include "net/layer.h"

#include <string.h>

struct noise {
    double std;
};

#define PIECE 1024 /* numbers made at a time */

static int setup(struct layer *l, struct build *b, struct err *e)
{
    (void)e;
    l->out = l->in[0]->out;
    l->flops = 2 * shape_size(l->out);
    build_scratch(b, PIECE * (2 * sizeof(uint32_t) + sizeof(real)));
    return 0;
}

/* y += std normal numbers, over this thread's samples. */
static void add_noise(struct layer *l, const struct pass *p, int lo, int hi)
{
    real std = (real)((const struct noise *)l->conf)->std, *z = p->scratch;
    uint32_t *u = (uint32_t *)(z + PIECE), *v = u + PIECE;
    size_t size = shape_size(l->out), padded = (size + 3) / 4 * 4; /* whole blocks of the streams */
    struct rng radius = rng_stream(p->seed, "noise radius", l->name, p->step);
    struct rng angle = rng_stream(p->seed, "noise angle", l->name, p->step);
    for (int n = lo; n < hi; n++)
        for (size_t i = 0; i < size; i += PIECE) {
            size_t len = size - i < PIECE ? size - i : PIECE;
            uint64_t at = (uint64_t)(p->first + n) * padded + i;
            p->k->philox(u, radius.key, radius.index, at, len);
            p->k->philox(v, angle.key, angle.index, at, len);
            p->k->normal(z, u, v, len);
            p->k->axpy(l->y + (size_t)n * size + i, z, std, len);
        }
}

static void forward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t size = shape_size(l->out);
    const real *x = l->in[0]->y;
    layer_rows(p, &lo, &hi);
    if (l->y != x)
        memcpy(l->y + (size_t)lo * size, x + (size_t)lo * size,
               (size_t)(hi - lo) * size * sizeof(real));
    if (p->train)
        add_noise(l, p, lo, hi);
}

static void backward(struct layer *l, const struct pass *p)
{
    size_t lo, hi;
    real *dx = l->in[0]->dy;
    layer_range(l, p, &lo, &hi);
    if (l->dx_mode[0] == GRAD_ADD)
        p->k->add(dx + lo, dx + lo, l->dy + lo, hi - lo);
    else if (dx != l->dy)
        memcpy(dx + lo, l->dy + lo, (hi - lo) * sizeof(real));
}

static const struct opt opts[] = {{.name = "std",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct noise, std),
                                   .def = "0.1",
                                   .min = 0,
                                   .max = 1e6,
                                   .help = "standard deviation of the noise"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"11", "[noise]\n"},
    {"5", "[linear]\nunits = 6\n[tanh]\n[noise]\nstd = 0.5\n[linear]\nunits = 2\n"},
    {"2x3x3", "[tanh t]\n[noise n]\n[add]\nfrom = t, n\n"},
    {NULL, NULL}};

const struct layer_ops layer_noise = {.name = "noise",
                                      .help = "adds normal numbers while training",
                                      .opts = opts,
                                      .conf_size = sizeof(struct noise),
                                      .setup = setup,
                                      .forward = forward,
                                      .backward = backward,
                                      .flags = LAYER_IN_PLACE,
                                      .examples = examples};
