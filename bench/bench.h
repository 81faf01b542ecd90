/* bench.h - what is measured, case by case. */
#ifndef BENCH_H
#define BENCH_H

#include "base/err.h"
#include "base/par.h"
#include "kernels/kernels.h"

#include "conv_shapes.h"
#include "shapes.h"

#define BENCH_THREADS 8  /* numbers of threads in a run, at most */
#define BENCH_REPS    64 /* repetitions, at most */

/* How everything is measured. */
struct bench_conf {
    const struct kernels *k;
    const char *const *sets; /* --set: keys of all nets */
    int n_sets;
    bool bf16; /* convolutions of factors rounded to bfloat16 */
    int reps;
    double seconds; /* of a repetition; 0: as the kind says */
};

/* Uniform in [-0.5, 0.5). */
void fill_random(real *x, size_t n, uint64_t seed);

/* What a thread runs, and the operations of all threads' calls together. */
struct kernel_call {
    void (*run)(void *arg, struct team *team, int tid, int nt);
    void *arg;
    double flops;
};

/* Operations a second of calls with a barrier behind each, over about `seconds`; 0: 0.05. */
double kernel_rate(const struct kernel_call *call, struct team *team, double seconds);

/* One product. */
struct matmul_case;

/* Its matrices, filled with random numbers. NULL: out of memory. Free with matmul_free. */
struct matmul_case *matmul_new(const struct product *p, const struct bench_conf *conf,
                               struct err *e);
void matmul_free(struct matmul_case *c);

/* Operations a second, over about conf->seconds. */
double matmul_rate(struct matmul_case *c, struct team *team);

/* ERR_INTERNAL if the product that the last matmul_rate left is wrong. */
int matmul_check(const struct matmul_case *c, struct err *e);

/* One pass of a convolution: as the functions above. */
struct conv_case;

struct conv_case *conv_new(const struct conv_shape *s, enum conv_pass pass,
                           const struct bench_conf *conf, struct err *e);
void conv_free(struct conv_case *c);
double conv_rate(struct conv_case *c, struct team *team);
int conv_check(const struct conv_case *c, struct err *e);

/* A level of the memory, by the bytes that two vectors of a thread take together so as to lie in
 * it: one line of the table in memory.c. */
struct memory_level {
    const char *name;
    size_t bytes;
};

extern const struct memory_level memory_levels[]; /* name NULL at the end */

/* Bytes a second of y += a x (two read, one written) on all threads of the team, over about
 * conf->seconds. */
int memory_measure(double *rate, const struct memory_level *level, int threads, struct team *team,
                   const struct bench_conf *conf, struct err *e);

/* A network that is trained at some batch sizes: one line of the table in train.c and a network
 * file in bench/nets. */
struct train_net {
    const char *name, *path;
    int samples;    /* of random data */
    int batches[8]; /* ends with 0; -1: all samples */
};

extern const struct train_net train_nets[]; /* name NULL at the end */

struct train_rate {
    double samples; /* a second */
    double flops;   /* of a sample */
};

/* The rate of the trainer - shuffling, gathering and metrics included, nothing evaluated, logged or
 * saved - over about conf->seconds. */
int train_measure(struct train_rate *r, const struct train_net *net, int batch, int threads,
                  const struct bench_conf *conf, struct err *e);

/* Frees the data that train_measure keeps for its next call. */
void train_forget(void);

enum kind { MATMUL, CONV, TRAIN, MEMORY, KINDS };

/* A case: one row of the table, measured on every number of threads. */
struct row {
    char name[32];
    enum kind kind;
    const struct product *product;
    struct matmul_case *matmul;
    const struct conv_shape *shape;
    enum conv_pass pass;
    struct conv_case *conv;
    const struct train_net *net;
    int batch;
    const struct memory_level *level;
    double flops;                           /* of a unit of the rate */
    double rate[BENCH_THREADS][BENCH_REPS]; /* operations, samples or bytes a second */
};

/* Calls add(arg, row) for every case of a kind, until that fails. */
int rows_of(enum kind kind, int (*add)(void *arg, const struct row *r, struct err *e), void *arg,
            struct err *e);

/* Makes what a row is measured with, unless it is there; row_forget frees it. */
int row_prepare(struct row *r, const struct bench_conf *conf, struct err *e);
void row_forget(struct row *r);

/* One repetition on a team of so many threads. */
int row_measure(struct row *r, double *rate, int threads, struct team *team,
                const struct bench_conf *conf, struct err *e);

/* The sizes of a row in words. */
void row_sizes(const struct row *r, char *to, size_t size);

#endif
