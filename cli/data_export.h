/* data_export.h - diynn data --export: the parts of a net's data, or a file, as files. */
#ifndef CLI_DATA_EXPORT_H
#define CLI_DATA_EXPORT_H

#include "data/inspect.h"

/* Whether there is such a kind (csv, npy, png, cifar). ERR_USAGE with the kinds there are. */
int data_export_kind(const char *kind, struct err *e);

/* Writes the parts into a folder, which is made, as NAME_PART.csv and so on, where NAME is that of
 * `path` without folder and ending; a part called "file" as NAME.csv. npy has its classes or values
 * beside it, NAME_PART_labels.npy; cifar's ending is .bin. What exists is kept unless `force`
 * (ERR_USAGE). */
int data_export(const struct inspect *q, const char *kind, const char *path, const char *folder,
                bool force, struct err *e);

#endif
