/* xor.c - points of the square [-1, 1)^2: class 1 in the quadrants I and III, where x and y have
 * the same sign, class 0 in the others. Then each point is moved by a normal deviation `noise` on
 * each axis. */
#include "data/data.h"

#include "base/rng.h"

static int xor_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                    struct err *e)
{
    double sigma = c->noise >= 0 ? c->noise : 0;
    if (samples_alloc(s, n, (struct shape){2, 1, 1}, 2, 0, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct rng r = rng_stream(c->seed, "xor", part, i);
        double at[2];
        for (int k = 0; k < 2; k++) {
            at[k] = 2 * rng_uniform(&r) - 1;
            s->x[2 * i + k] = (real)(at[k] + sigma * rng_normal(&r));
        }
        s->label[i] = (at[0] >= 0) == (at[1] >= 0);
    }
    return 0;
}

const struct data_generator generator_xor = {
    .name = "xor",
    .help = "points of the square [-1, 1), class 1 where x and y have the same sign; noise: "
            "deviation of what each point is moved by",
    .noise = 0,
    .make = xor_make,
};
