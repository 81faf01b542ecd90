/* checkerboard.c - points of the square [-4, 4)^2, two classes on the 64 fields of a chess board.
 *
 * As the course generator `gen_arti` does it: class 1 where ceil(x) + ceil(y) is odd, and then
 * every point is moved by a normal deviation `noise` on each axis, so that labels near a border may
 * be wrong. */
#include "data/data.h"

#include "base/rng.h"

#include <math.h>

#define HALF    4
#define EPSILON 0.02

static int checkerboard_make(struct samples *s, size_t n, const struct data_conf *c,
                             const char *part, struct err *e)
{
    double epsilon = c->noise >= 0 ? c->noise : EPSILON;
    if (samples_alloc(s, n, (struct shape){2, 1, 1}, 2, 0, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct rng r = rng_stream(c->seed, "checkerboard", part, i);
        int fields = 0;
        for (int k = 0; k < 2; k++) {
            double v = HALF * (2 * rng_uniform(&r) - 1);
            fields += (int)ceil(v);
            s->x[2 * i + k] = (real)(v + epsilon * rng_normal(&r));
        }
        s->label[i] = fields & 1;
    }
    return 0;
}

const struct data_generator generator_checkerboard = {
    .name = "checkerboard",
    .help = "the 64 fields of a chess board, two classes, 2-D in [-4, 4); noise: deviation of what "
            "each point is moved by",
    .noise = EPSILON,
    .make = checkerboard_make,
};
