/* safetensors.h - the checkpoint container: 8-byte little-endian header length, JSON header, raw
 * little-endian tensors. Reads and writes what the reference implementation does. */
#ifndef TRAIN_SAFETENSORS_H
#define TRAIN_SAFETENSORS_H

#include "base/io.h"

#include <stddef.h>
#include <stdint.h>

/* In the order in which the reference writer puts tensors of different types. */
enum st_dtype {
    ST_U64,
    ST_I64,
    ST_F64,
    ST_F32,
    ST_U32,
    ST_I32,
    ST_BF16,
    ST_F16,
    ST_U16,
    ST_I16,
    ST_I8,
    ST_U8,
    ST_BOOL
};

#define ST_DIMS 8

struct st_tensor {
    const char *name;
    enum st_dtype dtype;
    int nd;
    uint64_t dim[ST_DIMS];
    const void *data; /* row-major, little-endian; aligned to its elements when read */
    size_t bytes;
};

struct st_meta {
    const char *key, *value;
};

struct safetensors {
    struct st_tensor *tensors; /* in the order of their bytes in the file */
    int n_tensors;
    struct st_meta *meta; /* __metadata__, sorted by key */
    int n_meta;
    struct blob file; /* what the tensors' data points into, when read */
    void *names;      /* private */
};

/* Reads and checks a whole file. Refused with ERR_DATA "PATH: ..." and the tensor's name: header
 * length beyond the file or 100 MB, bad UTF-8 or JSON, not starting with '{', repeated names,
 * unknown dtype, size that is not the product of the shape (with overflow), offsets that overlap,
 * leave holes or do not cover the buffer exactly, metadata that is not strings. Sizes that a file
 * merely claims are never allocated: the file, what its header needs (at most two million values),
 * and a second copy of tensors that lie unaligned. Free with safetensors_free, on failure too. */
int safetensors_read(struct safetensors *st, const char *path, struct err *e);

/* The same for bytes in memory, which st takes over (also on failure); `path` for messages. */
int safetensors_parse(struct safetensors *st, const char *path, struct blob *bytes, struct err *e);

void safetensors_free(struct safetensors *st);

/* Serialises: tensors sorted by dtype (which is by descending size), then name; metadata by key;
 * the header padded with spaces to a multiple of 8, so equal input gives equal bytes, and with at
 * most one metadata entry the reference writer's. Result in *out, freed with blob_free. The
 * tensors' data are copied. ERR_INTERNAL for a repeated name, bytes that are not the product of the
 * shape, text that is not UTF-8. */
int safetensors_serialise(const struct st_tensor *tensors, int n_tensors,
                          const struct st_meta *meta, int n_meta, struct blob *out, struct err *e);

/* By name or key, or NULL. */
const struct st_tensor *safetensors_find(const struct safetensors *st, const char *name);
const char *safetensors_meta(const struct safetensors *st, const char *key);

/* Bytes of one element; "F32". */
size_t st_dtype_size(enum st_dtype t);
const char *st_dtype_name(enum st_dtype t);

#endif
