/* gaussians.c - gaussians at the corners (+-1, +-1), two classes. Four clouds: class 1 on the main
 * diagonal ((1,1) and (-1,-1)), class 0 on the other, not separable by a line. Two clouds: class 1
 * at (1,1), class 0 at (-1,-1). `centre` moves the corners to (+-centre, +-centre).
 *
 * As the course generator `gen_arti` does it: each cloud has the standard deviation `noise` on each
 * axis, and every point is then moved once more by a normal deviation of 0.02. As many neighbours
 * as there are clouds hold one point of each, in random order, so the classes are balanced. */
#include "data/data.h"

#include "base/rng.h"

#include <stddef.h>

#define SIGMA   0.1
#define EPSILON 0.02

struct gaussians {
    int clouds; /* index in clouds_words */
    double centre;
};

static const char *const clouds_words[] = {"4", "2", NULL};

static const struct opt opts[] = {{.name = "clouds",
                                   .type = OPT_WORD,
                                   .offset = offsetof(struct gaussians, clouds),
                                   .def = "4",
                                   .words = clouds_words,
                                   .help = "4: classes on the diagonals; 2: one cloud each"},
                                  {.name = "centre",
                                   .type = OPT_FLOAT,
                                   .offset = offsetof(struct gaussians, centre),
                                   .def = "1",
                                   .min = 0,
                                   .max = 1e6,
                                   .help = "the clouds lie at (+-centre, +-centre)"},
                                  OPT_END};

static int gaussians_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                          struct err *e)
{
    static const int corners[2][4][3] = {{{1, 1, 1}, {-1, -1, 1}, {-1, 1, 0}, {1, -1, 0}},
                                         {{1, 1, 1}, {-1, -1, 0}}};
    const struct gaussians *own = c->own;
    uint32_t clouds = own->clouds ? 2 : 4;
    double sigma = c->noise >= 0 ? c->noise : SIGMA;
    if (samples_alloc(s, n, (struct shape){2, 1, 1}, 2, 0, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        uint32_t order[4] = {0, 1, 2, 3};
        struct rng r = rng_stream(c->seed, "gaussians-order", part, i / clouds);
        rng_shuffle(&r, order, clouds);
        const int *at = corners[own->clouds][order[i % clouds]];
        r = rng_stream(c->seed, "gaussians", part, i);
        for (int k = 0; k < 2; k++) {
            double cloud = sigma * rng_normal(&r);
            s->x[2 * i + k] = (real)(own->centre * at[k] + cloud + EPSILON * rng_normal(&r));
        }
        s->label[i] = at[2];
    }
    return 0;
}

const struct data_generator generator_gaussians = {
    .name = "gaussians",
    .help = "four gaussians at (+-1, +-1), two classes on the two diagonals, or two gaussians; "
            "noise: their deviation",
    .noise = SIGMA,
    .opts = opts,
    .conf_size = sizeof(struct gaussians),
    .make = gaussians_make,
};
