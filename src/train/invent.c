/* invent.c - random samples in the place of a job's data. */
#include "train/invent.h"

#include "base/mem.h"
#include "base/rng.h"

int invent_samples(struct job *job, size_t n, struct err *e)
{
    struct data *d = &job->samples;
    int k = job->classes || job->data.target == TARGET_INPUT ? 0 : job->loss.k;
    if (samples_alloc(&d->train_file, n, job->shape, job->classes, k, e))
        return -1;
    struct rng r = rng_stream(1, "profile", "", 0);
    for (size_t i = 0; i < n * shape_size(job->shape); i++)
        d->train_file.x[i] = (real)rng_uniform(&r);
    for (size_t i = 0; d->train_file.label && i < n; i++)
        d->train_file.label[i] = (int)(i % (size_t)job->classes);
    for (size_t i = 0; d->train_file.target && i < n * (size_t)k; i++)
        d->train_file.target[i] = (real)rng_uniform(&r);
    d->train.index = mem_alloc(n, sizeof *d->train.index, e);
    if (!d->train.index)
        return -1;
    d->train.of = &d->train_file;
    d->train.n = (uint32_t)n;
    for (uint32_t i = 0; i < d->train.n; i++)
        d->train.index[i] = i;
    return 0;
}
