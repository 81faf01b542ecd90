/* export.h - samples into files that other programs read: csv, npy, CIFAR's rows, and
 * pictures of them.
 *
 * In files a sample is in the order c, h, w. Files are written whole or not at all (io.h). */
#ifndef DATA_EXPORT_H
#define DATA_EXPORT_H

#include "data/data.h"

/* What stands beside a sample. */
enum export_targets {
    EXPORT_NO_TARGETS,
    EXPORT_TARGETS /* its class or its values, where it has them */
};

/* Appends a field of a csv file, quoted (RFC 4180) where it must be. */
int export_field(struct text *t, const char *s, struct err *e);

/* Appends a number, in the shortest decimal that reads back as the same bits. */
int export_number(struct text *t, real v, struct err *e);

/* Appends the header of a csv file for samples like s: the names that their columns and targets
 * have or, where there are none, PREFIX1, PREFIX2, ..., then `class`, or `target` (target1, ...
 * where there are several). */
int export_csv_header(struct text *t, const struct samples *s, const char *prefix,
                      enum export_targets targets, struct err *e);

/* Appends a line: sample i. A class is written by its name. */
int export_csv_line(struct text *t, const struct samples *s, size_t i, enum export_targets targets,
                    struct err *e);

/* PATH as csv: header and lines of a part. */
int export_csv(const char *path, const struct part *p, const char *prefix,
               enum export_targets targets, struct err *e);

/* PATH as npy 1.0: n x c x h x w numbers (n x k for vectors, n x c x w for sequences) of the type
 * `real`. */
int export_npy(const char *path, const struct part *p, struct err *e);

/* The same for the targets of a part that has some: n classes as int64, or n x k values. */
int export_npy_targets(const char *path, const struct part *p, struct err *e);

/* PATH as the binary files of CIFAR-10: a row of 3073 bytes for each sample, and the classes'
 * names, where there are some, in batches.meta.txt beside it. ERR_DATA for samples that are no
 * 3x32x32 images with a class, or whose values are no whole numbers from 0 to 255; ERR_USAGE where
 * other names stand there, unless `force`. */
int export_cifar(const char *path, const struct part *p, bool force, struct err *e);

/* PATH as PNG: the first images of a part in a grid, from the least value of them (black) to the
 * greatest. ERR_DATA where the samples are no images. */
int export_png(const char *path, const struct part *p, struct err *e);

#endif
