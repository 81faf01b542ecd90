/* circles.c - two circles around the origin, two classes: class 0 on the outer one (radius 1),
 * class 1 on the inner one (radius `factor`), as scikit-learn's make_circles numbers them.
 *
 * The angle is uniform, and each point is moved by a normal deviation `noise` on each axis. Any two
 * neighbours (samples 2b, 2b+1) hold one point of each circle, in random order. */
#include "data/data.h"

#include "base/fmath.h"
#include "base/rng.h"

#include <stddef.h>

#define NOISE 0.09

struct circles {
    double factor;
};

static const struct opt opts[] = {{.name = "factor",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct circles, factor),
                                   .def = "0.75",
                                   .min = 0,
                                   .max = 1,
                                   .help = "radius of the inner circle; the outer one has 1"},
                                  OPT_END};

static int circles_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                        struct err *e)
{
    const struct circles *own = c->own;
    double sigma = c->noise >= 0 ? c->noise : NOISE;
    if (samples_alloc(s, n, (struct shape){2, 1, 1}, 2, 0, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct rng r = rng_stream(c->seed, "circles-order", part, i / 2);
        s->label[i] = (int)((i & 1) ^ rng_below(&r, 2));
        double radius = s->label[i] ? own->factor : 1, at[2];
        r = rng_stream(c->seed, "circles", part, i);
        fmath_sincospi(2 * rng_uniform(&r), &at[1], &at[0]);
        for (int k = 0; k < 2; k++)
            s->x[2 * i + k] = (real)(radius * at[k] + sigma * rng_normal(&r));
    }
    return 0;
}

const struct data_generator generator_circles = {
    .name = "circles",
    .help = "two circles around the origin, one inside the other, two classes; noise: deviation of "
            "what each point is moved by",
    .noise = NOISE,
    .opts = opts,
    .conf_size = sizeof(struct circles),
    .make = circles_make,
};
