/* checkpoint.h - a trained net and where its training stands, as a safetensors file.
 *
 * Tensors: LAYER.weight and so on, in file order; data.mean and data.std; in `last` also the
 * optimizer's state, optimizer.LAYER.weight.SLOT. With [optimizer] ema, LAYER.weight are the
 * averages, for whoever reads the file to use, and optimizer.LAYER.weight.raw the weights that
 * training goes on with. Metadata: the resolved network file, class names,
 * position, checksum. Nothing about where, when or how fast a run happened. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "train/job.h"
#include "train/metrics.h"
#include "train/safetensors.h"

/* Where a run stands: everything besides tensors that counts on resume. */
struct position {
    uint64_t epoch;                 /* epochs done */
    uint64_t step;                  /* steps done */
    uint64_t epoch_step;            /* steps done in the epoch that is under way */
    struct metrics running;         /* of that epoch */
    uint64_t best_epoch, best_step; /* 0: no best yet */
    double best_value;              /* of the metric that decides */
    double best_loss;               /* the loss there: it decides between equals */
    uint64_t since_best;            /* evaluations since, none of them better */
    uint64_t stopped;               /* 1: early_stop has ended the run */
    struct plateau plateau;
};

struct checkpoint {
    struct safetensors st;
    char *path;             /* as messages name it */
    const char *net;        /* resolved network file */
    const char *arithmetic; /* see checkpoint_arithmetic */
    struct position at;
    bool has_optimizer;
};

/* Serialises the net (and, if asked, the optimizer's state) at a position. *out by blob_free. */
int checkpoint_make(struct blob *out, const struct job *job, const struct position *at,
                    bool with_optimizer, struct err *e);

/* The last step of that: tensors and metadata, with their checksum in the place of an old one. */
int checkpoint_seal(struct blob *out, const struct st_tensor *tensors, int n_tensors,
                    const struct st_meta *meta, int n_meta, struct err *e);

/* What kernels compute with: "fused" multiply-add, "separate", or "reference". Tables with the same
 * word give the same bits. */
const char *checkpoint_arithmetic(const struct kernels *k);

/* Reads a file and checks its container, version, checksum and position (ERR_DATA). */
int checkpoint_read(struct checkpoint *c, const char *path, struct err *e);

/* The same from memory; takes `bytes` over. */
int checkpoint_parse(struct checkpoint *c, const char *path, struct blob *bytes, struct err *e);

/* Copies the tensors into the allocated net of a job; refuses missing, surplus and misshapen ones
 * by name (ERR_DATA). */
int checkpoint_load(const struct checkpoint *c, struct job *job, bool with_optimizer,
                    struct err *e);

/* The mean and std the data was normalized with, in c, h, w order; NULL and 0 where there are
 * none. Belong to c. */
void checkpoint_normalization(const struct checkpoint *c, const real **mean, const real **std,
                              int *n);

/* Opens the job of a checkpoint from the network file inside it. The message of a file that does
 * not parse is in *e. Free with job_free. */
int checkpoint_job(const struct checkpoint *c, struct job *job, bool load_data, struct err *e);

/* Name of class i for people: the data's own, else its number. out has 64 bytes. */
const char *checkpoint_class_name(const struct checkpoint *c, int i, char *out);

/* The names of the classes as the data gave them, as an array of n strings; NULL where it gave
 * none. ERR_DATA where there are not n of them. */
int checkpoint_class_names(const struct checkpoint *c, int n, char ***names, struct err *e);

/* The names of the table's columns that the net was trained on, inputs then targets (see samples);
 * NULL and 0 where there are none. checkpoint_free_names. */
int checkpoint_column_names(const struct checkpoint *c, char ***names, int *n, struct err *e);
void checkpoint_free_names(char **names, int n);

void checkpoint_free(struct checkpoint *c);

/* The checkpoint of a run folder (best if there is one, else last) or the file itself, as a string
 * (mem_free). ERR_DATA where there is none. */
char *checkpoint_find(const char *run_or_file, struct err *e);

#endif
