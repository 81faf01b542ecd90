/* adam_family.c - Adam (Kingma and Ba 2015) in PyTorch's form:
 *
 *     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *     w -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps). */
#include "optim/shared/adam_family.h"

#include "base/fmath.h"

#include <math.h>

const struct opt adam_family_opts[] = {ADAM_FAMILY_ROWS, OPT_END};

void adam_family_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    const struct adam_conf *c = o->conf;
    u->lr = (real)lr;
    u->beta1 = (real)c->beta1;
    u->beta2 = (real)c->beta2;
    u->rest1 = (real)(1 - c->beta1);
    u->rest2 = (real)(1 - c->beta2);
    u->eps = (real)c->eps;
    u->correct1 = (real)(1 - fmath_pow(c->beta1, (double)t));
    u->correct2 = (real)sqrt(1 - fmath_pow(c->beta2, (double)t));
}
