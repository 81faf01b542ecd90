/* data_augmented.c - training samples through the steps of [augment]. */
#include "data_augmented.h"

#include "base/mem.h"

#include <string.h>

#define ROWS   10 /* samples in a picture */
#define EPOCHS 9  /* of each, behind the sample as it is */

/* Copy i is that of place i / copies of the part, in epoch i % copies - 1 (-1: as it is) for a
 * picture, else in the first. */
struct plan {
    const struct augment *a;
    const struct part *from;
    uint32_t copies;
    real *scratch, *other; /* other: a changed sample */
};

static void make(const struct plan *m, uint32_t i, real *y)
{
    const struct part *p = m->from;
    uint32_t j = p->index[i / m->copies], epoch = i % m->copies, place;
    if (m->copies > 1 && epoch-- == 0) {
        augment_centre(y, m->a->out, p->of, j);
        return;
    }
    augment_sample(m->a, y, p->of, j, epoch, m->scratch);
    if (!(m->a->conf.mixup > 0))
        return;
    real share = augment_partner(m->a, epoch, j, p->n, &place);
    uint32_t o = p->index[place];
    augment_sample(m->a, m->other, p->of, o, epoch, m->scratch);
    augment_mix(y, m->other, share, shape_size(m->a->out));
}

static void copy_target(const struct plan *m, uint32_t i, struct samples *s)
{
    const struct samples *of = m->from->of;
    size_t j = m->from->index[i / m->copies], k = (size_t)s->k;
    if (s->label && of->label)
        s->label[i] = of->label[j];
    if (s->target && of->target)
        memcpy(s->target + i * k, of->target + j * k, k * sizeof *s->target);
}

/* The names of classes, which *s owns. */
static int copy_names(struct samples *s, char *const *names, struct err *e)
{
    if (!names)
        return 0;
    s->names = mem_alloc((size_t)s->classes, sizeof *s->names, e);
    for (int i = 0; s->names && i < s->classes; i++)
        if (!(s->names[i] = mem_strdup(names[i], e)))
            return -1;
    return s->names ? 0 : -1;
}

int data_augmented(struct samples *s, struct part *p, const struct augment_conf *c,
                   const struct data *d, uint64_t seed, bool picture, struct err *e)
{
    struct augment a;
    struct plan m = {.a = &a, .from = &d->train, .copies = picture ? EPOCHS + 1 : 1};
    const struct samples *of = d->train.of;
    int rc = -1;
    *s = (struct samples){0};
    *p = (struct part){.of = s};
    if (augment_new(&a, c, d, seed, e))
        return -1;
    p->n = m.copies * (picture && d->train.n > ROWS ? ROWS : d->train.n);
    p->index = mem_alloc(p->n, sizeof *p->index, e);
    m.scratch = mem_alloc(a.scratch, sizeof *m.scratch, e);
    m.other = mem_alloc(shape_size(a.out), sizeof *m.other, e);
    if (!p->index || !m.scratch || !m.other ||
        samples_alloc(s, p->n, a.out, of->classes, of->target ? of->k : 0, e) ||
        copy_names(s, of->names, e))
        goto out;
    for (uint32_t i = 0; i < p->n; i++) {
        p->index[i] = i;
        make(&m, i, s->x + i * shape_size(a.out));
        copy_target(&m, i, s);
    }
    rc = 0;
out:
    mem_free(m.scratch);
    mem_free(m.other);
    augment_free(&a);
    return rc;
}
