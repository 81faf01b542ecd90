/* mixup.c - mixup (Zhang et al. 2018): a sample and its target, and some of another's.
 *
 * The share is drawn for each sample from Beta(mixup, mixup); being symmetric, its larger part goes
 * to the sample itself, whose class so remains the likelier one. The other is any sample of the
 * training part: which one does not depend on how batches are cut. */
#include "data/augment/steps.h"

#include "base/fmath.h"

#include <math.h>

/* Gamma-distributed with shape k > 0 (Marsaglia and Tsang 2000). */
static double gamma_random(struct rng *r, double k)
{
    if (k < 1) {
        double g = gamma_random(r, k + 1);
        return g * fmath_exp(fmath_log(1 - rng_uniform(r)) / k);
    }
    double d = k - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rng_normal(r), v = 1 + c * x, u = 1 - rng_uniform(r);
        v = v * v * v;
        if (v > 0 && fmath_log(u) < x * x / 2 + d - d * v + d * fmath_log(v))
            return d * v;
    }
}

real augment_partner(const struct augment *a, uint64_t epoch, uint32_t sample, uint32_t n,
                     uint32_t *partner)
{
    struct rng r = augment_rng(a, STREAM_MIXUP, epoch, sample);
    *partner = rng_below(&r, n);
    if (a->conf.mixup_off_epoch > 0 && epoch >= (uint64_t)a->conf.mixup_off_epoch)
        return 1;
    double one = gamma_random(&r, a->conf.mixup), other = gamma_random(&r, a->conf.mixup);
    double most = one > other ? one : other, sum = one + other;
    return sum > 0 ? (real)(most / sum) : 1; /* both can vanish where mixup is close to 0 */
}

void augment_mix(real *y, const real *z, real share, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = share * y[i] + (1 - share) * z[i];
}
