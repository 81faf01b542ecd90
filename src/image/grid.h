/* grid.h - many small images in one picture. */
#ifndef IMAGE_GRID_H
#define IMAGE_GRID_H

#include "base/io.h"
#include "base/real.h"
#include "base/shape.h"

/* Whether images of this shape can be shown: 1 or 3 channels, more than one row. */
bool grid_shows(struct shape shape);

/* How many images of this shape a grid has room for, and at most 100. */
int grid_most(struct shape shape);

/* A PNG of n images (1 .. grid_most) of `shape`, image[i] being h, w, c: in rows of as many as make
 * the picture about square, from the top left, with lines between them. Values from lo to hi become
 * black to white; small images are enlarged by a whole number. *png by blob_free. */
int grid_png(struct blob *png, const real *const *image, int n, struct shape shape, real lo,
             real hi, struct err *e);

#endif
