/* gaussians.c - four gaussians at the corners (+-1, +-1), two classes: class 1 on the main diagonal
 * ((1,1) and (-1,-1)), class 0 on the other. Not separable by a line.
 *
 * As the course generator `gen_arti` does it: each cloud has the standard deviation `noise` on each
 * axis, and every point is then moved once more by a normal deviation of 0.02. Any four neighbours
 * (samples 4b .. 4b+3) hold one point of each cloud, in random order, so the classes are balanced.
 */
#include "data/data.h"

#include "base/rng.h"

#define SIGMA   0.1
#define EPSILON 0.02

static int gaussians_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                          struct err *e)
{
    static const int corner[4][3] = {{1, 1, 1}, {-1, -1, 1}, {-1, 1, 0}, {1, -1, 0}};
    double sigma = c->noise >= 0 ? c->noise : SIGMA;
    if (samples_alloc(s, n, (struct shape){2, 1, 1}, 2, 0, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        uint32_t order[4] = {0, 1, 2, 3};
        struct rng r = rng_stream(c->seed, "gaussians-order", part, i / 4);
        rng_shuffle(&r, order, 4);
        const int *at = corner[order[i % 4]];
        r = rng_stream(c->seed, "gaussians", part, i);
        for (int k = 0; k < 2; k++) {
            double cloud = sigma * rng_normal(&r);
            s->x[2 * i + k] = (real)(at[k] + cloud + EPSILON * rng_normal(&r));
        }
        s->label[i] = at[2];
    }
    return 0;
}

const struct data_generator generator_gaussians = {
    .name = "gaussians",
    .help =
        "four gaussians at (+-1, +-1), two classes on the two diagonals; noise: their deviation",
    .noise = SIGMA,
    .make = gaussians_make,
};
