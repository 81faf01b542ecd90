/* ensemble.c - the mean of several nets. */
#include "train/ensemble.h"

#include "base/io.h"
#include "base/mem.h"

/* The checksum of the targets, in the part's order; 0 where they are the inputs. */
static uint32_t targets_of(const struct part *part)
{
    const struct samples *s = part->of;
    uint32_t crc = 0;
    for (uint32_t i = 0; i < part->n; i++) {
        uint32_t j = part->index[i];
        if (s->label)
            crc = io_crc32(crc, &s->label[j], sizeof s->label[j]);
        else if (s->target)
            crc = io_crc32(crc, s->target + (size_t)j * (size_t)s->k, (size_t)s->k * sizeof(real));
    }
    return crc;
}

int ensemble_join(struct ensemble *m, const struct job *job, const struct part *part,
                  const char *name, struct err *e)
{
    size_t k = (size_t)job->loss.k;
    uint32_t targets = targets_of(part);
    if (m->nets == 0) {
        *m = (struct ensemble){.n = part->n, .k = k, .targets = targets, .loss = job->loss.ops};
        m->sum = mem_alloc(mem_mul(m->n, k), sizeof *m->sum, e); /* zeros */
        if (!m->sum)
            return -1;
    }
    if (k != m->k)
        return err_set(e, ERR_DATA, "%s: gives %zu numbers a sample, the nets before it %zu", name,
                       k, m->k);
    if (job->loss.ops != m->loss)
        return err_set(e, ERR_DATA, "%s: its loss is %s, that of the nets before it %s", name,
                       job->loss.ops->name, m->loss->name);
    if (part->n != m->n || targets != m->targets)
        return err_set(e, ERR_DATA, "%s: its data is not that of the nets before it", name);
    m->nets++;
    return 0;
}

void ensemble_mean(struct ensemble *m, real *y, size_t first, size_t lo, size_t hi)
{
    const real share = (real)1 / (real)m->nets;
    real *sum = m->sum + first * m->k;
    for (size_t i = lo * m->k; i < hi * m->k; i++) {
        sum[i] += y[i];
        y[i] = share * sum[i];
    }
}

void ensemble_free(struct ensemble *m)
{
    mem_free(m->sum);
    *m = (struct ensemble){0};
}
