/* checkpoint_names.h - what reading and writing checkpoints agree on. Private to
 * train/checkpoint*.c.
 */
#ifndef TRAIN_CHECKPOINT_NAMES_H
#define TRAIN_CHECKPOINT_NAMES_H

#include "train/checkpoint.h"

#define CHECKPOINT_FORMAT  "diynn"
#define CHECKPOINT_VERSION "1"
#define CHECKPOINT_NAME    160 /* bytes of a tensor's name */
#define CHECKPOINT_CLASS   64  /* bytes of a class's name */
#define CHECKPOINT_DTYPE   (sizeof(real) == 4 ? ST_F32 : ST_F64)

#define META_FORMAT         "format"
#define META_VERSION        "version"
#define META_CHECKSUM       "checksum"
#define META_NET            "net"
#define META_CLASSES        "class_names"
#define META_COLUMNS        "column_names"
#define META_ARITHMETIC     "arithmetic"
#define META_EPOCH          "epoch"
#define META_STEP           "step"
#define META_EPOCH_STEP     "epoch_step"
#define META_RUNNING_N      "running_n"
#define META_RUNNING_HITS   "running_hits"
#define META_RUNNING_WEIGHT "running_weight"
#define META_RUNNING_LOSS   "running_loss"
#define META_BEST_EPOCH     "best_epoch"
#define META_BEST_STEP      "best_step"
#define META_BEST_VALUE     "best_value"
#define META_BEST_LOSS      "best_loss"
#define META_PLATEAU_SEEN   "plateau_seen"
#define META_PLATEAU_BAD    "plateau_bad"
#define META_PLATEAU_CUTS   "plateau_cuts"
#define META_PLATEAU_BEST   "plateau_best"
#define META_SINCE_BEST     "since_best"
#define META_STOPPED        "stopped"

/* "SIZE:CRC" of the data files, so that a changed one is noticed. */
#define META_SOURCE(i) ((const char *const[]){"data_train", "data_test", "data_validation"}[i])

/* LAYER.PARAM, or optimizer.LAYER.PARAM.SLOT; returns out, which has CHECKPOINT_NAME bytes. */
const char *checkpoint_name(char *out, const struct layer *l, const struct param *p,
                            const char *slot);

/* The shape p has in files; returns its number of dimensions. */
int checkpoint_dims(const struct param *p, uint64_t dim[PARAM_DIMS]);

/* Sum of the CRC-32 of each tensor (name, type, shape, data) and of each metadata entry but the
 * checksum: independent of their order. */
uint32_t checkpoint_crc(const struct st_tensor *tensors, int n_tensors, const struct st_meta *meta,
                        int n_meta);

#endif
