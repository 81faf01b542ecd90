/* spirals.c - arms that wind around the origin, each a class: a point at the part t of its arm, t
 * uniform in [0, 1), has the radius t and the angle of its arm plus t * turns; then it is moved by
 * a normal deviation `noise` on each axis. Any `classes` neighbours hold one point of each arm, in
 * random order. */
#include "data/data.h"

#include "base/fmath.h"
#include "base/rng.h"

#include <stddef.h>

#define NOISE    0.02
#define ARMS_MAX 16

struct spirals {
    int arms;
    double turns;
};

static const struct opt opts[] = {{.name = "arms",
                                   .type = OPT_INT,
                                   .offset = offsetof(struct spirals, arms),
                                   .def = "2",
                                   .min = 2,
                                   .max = ARMS_MAX,
                                   .help = "spirals, each a class"},
                                  {.name = "turns",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct spirals, turns),
                                   .def = "1.5",
                                   .min = 0,
                                   .max = 100,
                                   .help = "how often an arm winds around the origin"},
                                  OPT_END};

static int spirals_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                        struct err *e)
{
    const struct spirals *own = c->own;
    uint32_t arms = (uint32_t)own->arms;
    double sigma = c->noise >= 0 ? c->noise : NOISE;
    if (samples_alloc(s, n, (struct shape){2, 1, 1}, own->arms, 0, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        uint32_t order[ARMS_MAX];
        struct rng r = rng_stream(c->seed, "spirals-order", part, i / arms);
        for (uint32_t k = 0; k < arms; k++)
            order[k] = k;
        rng_shuffle(&r, order, arms);
        s->label[i] = (int)order[i % arms];
        r = rng_stream(c->seed, "spirals", part, i);
        double t = rng_uniform(&r), at[2];
        fmath_sincospi(2 * (t * own->turns + s->label[i] / (double)own->arms), &at[1], &at[0]);
        for (int k = 0; k < 2; k++)
            s->x[2 * i + k] = (real)(t * at[k] + sigma * rng_normal(&r));
    }
    return 0;
}

const struct data_generator generator_spirals = {
    .name = "spirals",
    .help =
        "spirals around the origin within radius 1, each a class; noise: deviation of what each "
        "point is moved by",
    .noise = NOISE,
    .opts = opts,
    .conf_size = sizeof(struct spirals),
    .make = spirals_make,
};
