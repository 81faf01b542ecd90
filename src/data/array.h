/* array.h - n-dimensional arrays of numbers, as IDX and NPY files hold them. Whatever their type,
 * byte order and memory order are, numbers are handed out in C order. */
#ifndef DATA_ARRAY_H
#define DATA_ARRAY_H

#include "data/data.h"

#define ARRAY_DIMS 8

enum array_type { ARRAY_INT, ARRAY_UINT, ARRAY_FLOAT };

struct array {
    const char *path;
    int nd;
    size_t dim[ARRAY_DIMS];
    size_t n; /* product of the dimensions */
    enum array_type type;
    int size;    /* bytes of a number */
    bool big;    /* most significant byte first */
    bool column; /* the first index runs fastest (Fortran) */
    const unsigned char *data;
};

/* Takes what follows the first `header` bytes as the numbers of an array whose dimensions and type
 * are set. ERR_DATA where that is not exactly as much as they need. *a points into the blob. */
int array_attach(struct array *a, const struct blob *b, size_t header, struct err *e);

/* Number i, in C order. */
double array_get(const struct array *a, size_t i);

/* Samples of an array whose first dimension counts them: vectors (n x k, or n), images (n x h x w),
 * images with channels (n x c x h x w), or what c states with as many numbers. Labels come from the
 * file c->labels, else from the file `labels` (NULL: none is known), which must hold a number per
 * sample, or several to learn. ERR_DATA where labels are needed and there are none. */
int array_samples(struct samples *s, const struct array *a, const struct data_conf *c,
                  const char *labels, struct err *e);

#endif
