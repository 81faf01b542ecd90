/* flower.c - a flower of eight petals, two classes that alternate from petal to petal, with wrong
 * labels: of the 50 points of a petal 43 have its class.
 *
 * A petal is an ellipse with the half axes 3.5 and 0.7 whose end lies in the origin, filled evenly;
 * each is turned by 45 degrees against the one before it. Every point is moved twice by a normal
 * deviation `noise` on each axis. Any 400 neighbours (samples 400b .. 400b+399) hold all petals, 50
 * points of each, in random order. Knowing the petal decides right for 43 of 50: 0.86 is the best
 * that can be learnt. */
#include "data/data.h"

#include "base/fmath.h"
#include "base/rng.h"

#include <math.h>

#define PETALS 8
#define POINTS 50 /* of a petal */
#define BLOCK  (PETALS * POINTS)
#define RIGHT  43 /* points of a petal that have its class */
#define LONG   3.5
#define SHORT  0.7
#define NOISE  0.1

static void make_point(real *x, int petal, double sigma, struct rng *r)
{
    double u, v, c, s, radius = sqrt(rng_uniform(r));
    fmath_sincospi(2 * rng_uniform(r), &v, &u);
    u = LONG * (1 + radius * u);
    v = SHORT * radius * v;
    fmath_sincospi(2.0 * petal / PETALS, &s, &c);
    double at[2] = {c * u - s * v, s * u + c * v};
    for (int k = 0; k < 2; k++) {
        at[k] += sigma * rng_normal(r);
        x[k] = (real)(at[k] + sigma * rng_normal(r));
    }
}

static int flower_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                       struct err *e)
{
    double sigma = c->noise >= 0 ? c->noise : NOISE;
    uint32_t order[BLOCK];
    if (samples_alloc(s, n, (struct shape){2, 1, 1}, 2, 0, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct rng r = rng_stream(c->seed, "flower-order", part, i / BLOCK);
        if (i % BLOCK == 0) {
            for (uint32_t k = 0; k < BLOCK; k++)
                order[k] = k;
            rng_shuffle(&r, order, BLOCK);
        }
        int petal = (int)order[i % BLOCK] / POINTS, point = (int)order[i % BLOCK] % POINTS;
        s->label[i] = (petal & 1) ^ (point >= RIGHT);
        r = rng_stream(c->seed, "flower", part, i);
        make_point(s->x + 2 * i, petal, sigma, &r);
    }
    return 0;
}

const struct data_generator generator_flower = {
    .name = "flower",
    .help = "eight petals whose two classes alternate, 7 of 50 labels wrong; noise: deviation of "
            "what each point is moved by, twice",
    .noise = NOISE,
    .make = flower_make,
};
