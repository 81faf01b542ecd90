/* gradcheck.h - are the gradients right? Backward against central differences of forward.
 *
 * Every layer of a net alone (random input, random output gradient), the loss alone (random outputs
 * and targets), and the whole net on a small random batch. Meant for the double build; in float the
 * limit is loose. */
#ifndef TRAIN_GRADCHECK_H
#define TRAIN_GRADCHECK_H

#include "base/rng.h"
#include "train/job.h"

#ifdef REAL_DOUBLE
#define GRADCHECK_LIMIT 1e-6
#else
#define GRADCHECK_LIMIT 2e-2
#endif

/* One tensor. */
struct gradcheck_row {
    char part[NETFILE_NAME_MAX + 16];       /* layer's name, "loss", "net", "net (fused)" */
    char tensor[2 * NETFILE_NAME_MAX + 32]; /* "weight", "input", "hidden.weight", "outputs" */
    size_t size, checked;                   /* numbers in it, and how many were tried */
    double error; /* largest |analytic - numeric| / largest |gradient| of the tensor (but 1e-6) */
    bool ok;      /* error <= GRADCHECK_LIMIT; false for NaN */
};

struct gradcheck {
    struct gradcheck_row *rows;
    size_t n, cap;
    size_t wrong; /* rows that are not ok */
};

/* Checks the net and the loss of a job (its own net is left alone: others are built from its file)
 * and appends rows. Numbers are drawn from `seed`. A wrong gradient is no error; errors:
 * ERR_INTERNAL for lack of memory. Serial. */
int gradcheck_run(struct gradcheck *g, const struct job *job, uint64_t seed, struct err *e);

void gradcheck_free(struct gradcheck *g);

/* A function of many numbers with `n` values, which are summed with the weights `w`. */
struct gradcheck_fn {
    void (*eval)(void *arg); /* computes out */
    void *arg;
    const real *out; /* n */
    const real *w;   /* n */
    size_t n;
};

/* One tensor: x (size numbers, which f depends on; as they were on return) against its analytic
 * gradient, at at most `limit` coordinates. Where a difference does not fit, other steps are tried,
 * so that a kink beside the point does no harm. Appends a row. */
int gradcheck_tensor(struct gradcheck *g, const char *part, const char *tensor,
                     const struct gradcheck_fn *f, real *x, const real *grad, size_t size,
                     size_t limit, struct rng *rng, struct err *e);

#endif
