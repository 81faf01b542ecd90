/* line.c - points of a line: x uniform in [0, 1), y = alpha x + noise, the noise uniform in
 * [-noise, noise). The targets are values, so the net file says target = value. */
#include "data/data.h"

#include "base/rng.h"

#include <stddef.h>

#define SIGMA 50

struct line {
    double alpha;
};

static const struct opt opts[] = {{.name = "alpha",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct line, alpha),
                                   .def = "97.28",
                                   .min = -1e6,
                                   .max = 1e6,
                                   .help = "slope of the line"},
                                  OPT_END};

static int line_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                     struct err *e)
{
    const struct line *own = c->own;
    double sigma = c->noise >= 0 ? c->noise : SIGMA;
    if (samples_alloc(s, n, (struct shape){1, 1, 1}, 0, 1, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct rng r = rng_stream(c->seed, "line", part, i);
        double x = rng_uniform(&r);
        s->x[i] = (real)x;
        s->target[i] = (real)(own->alpha * x + sigma * (2 * rng_uniform(&r) - 1));
    }
    return 0;
}

const struct data_generator generator_line = {
    .name = "line",
    .help = "points of a line, x in [0, 1), y = alpha x + uniform noise in [-noise, noise); needs "
            "target = value",
    .noise = SIGMA,
    .opts = opts,
    .conf_size = sizeof(struct line),
    .make = line_make,
};
