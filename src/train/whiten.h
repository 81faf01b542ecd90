/* whiten.h - init = whitening: first-layer weights that the training data give. */
#ifndef TRAIN_WHITEN_H
#define TRAIN_WHITEN_H

#include "train/job.h"

#define WHITEN_MOST 1024 /* numbers that an output may see */

/* Sets the weights of all layers with init = whitening. With v_1, v_2, .. the eigenvectors of the
 * covariance of what an output sees (a patch, or the whole sample), the greatest eigenvalue e_1
 * first, over samples of the training part as evaluation sees them:
 *
 *     weight of output i = init_scale v_i / sqrt(e_i + eps),  i <= (outputs + 1) / 2,
 *
 * then the same ones negated; eps is 5e-4 times the mean eigenvalue (Jordan 2024). Where there is a
 * bias it takes away the mean. Serial; the same bits on every machine. The data must be loaded and
 * the net initialised; layers are those that job_open let pass. */
int whiten_init(struct job *job, struct err *e);

/* Eigenvalues and orthonormal eigenvectors of a symmetric n x n matrix (Jacobi 1846: rotations that
 * zero one element after the other). a is destroyed; value[i] descend, and row i of vector is
 * value[i]'s, its largest component positive. */
void whiten_eigen(double *a, size_t n, double *value, double *vector);

#endif
