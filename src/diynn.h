/* diynn.h - nets that diynn has trained, inside other programs.
 *
 *   #include <diynn.h>
 *
 *   struct diynn_error e;
 *   struct diynn *net = diynn_open("runs/usps_mlp", &e);
 *   if (!net) {
 *       fprintf(stderr, "%s\n", e.text);
 *       return e.code;
 *   }
 *   int digit;
 *   diynn_predict(net, 1, image, NULL, &digit);
 *   diynn_close(net);
 *
 * Link with libdiynn.a and what it stands on: -linih -ljansson -lz -lbz2 -lm -pthread, and -fopenmp
 * unless it was built with OMP=0.
 *
 * Threads: a net belongs to one thread at a time; different nets may be opened and used by
 * different threads at once. A net computes in the thread that calls it and starts none. The
 * library prints nothing, never ends the program, and gives the same bits as `diynn eval`. */
#ifndef DIYNN_H
#define DIYNN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct diynn; /* a net */

struct diynn_error {
    int code;        /* 1 out of memory, 4 the file is missing, damaged or not of diynn */
    char text[1024]; /* one sentence that names the file */
};

/* "0.1.0" */
const char *diynn_version(void);

/* Opens a checkpoint (NAME.safetensors), or the folder of a run: its best checkpoint if there is
 * one, else its last. Nothing else is needed, and the files are not kept open. NULL on failure,
 * with *e filled unless e is NULL. Free with diynn_close. */
struct diynn *diynn_open(const char *path, struct diynn_error *e);

/* The same for a checkpoint of `size` bytes in memory, which is copied. */
struct diynn *diynn_open_bytes(const void *checkpoint, size_t size, struct diynn_error *e);

void diynn_close(struct diynn *net); /* NULL is allowed */

/* Numbers in a sample and in an output. */
size_t diynn_input_size(const struct diynn *net);
size_t diynn_output_size(const struct diynn *net);

/* Channels, height, width: their product is the size. A vector of k numbers is k, 1, 1. */
void diynn_input_shape(const struct diynn *net, int shape[3]);
void diynn_output_shape(const struct diynn *net, int shape[3]);

/* How many classes the net decides between; 0 where its outputs are values. */
int diynn_classes(const struct diynn *net);

/* The name of class 0 .. diynn_classes - 1 ("7" where the data gave it none), "" for other numbers.
 * UTF-8; valid until the next call for this net. */
const char *diynn_class_name(struct diynn *net, int i);

/* Runs n samples through the net. x: n samples as they stand in data files, each in the order of
 * channels, rows, columns; the net normalizes them as it did its training data. y: n outputs in the
 * same order (after [softmax] the probabilities of the classes); class_: n classes; either may be
 * NULL, class_ is left alone where there are no classes. x and y must not overlap. Cannot fail. */
void diynn_predict(struct diynn *net, size_t n, const float *x, float *y, int *class_);

#ifdef __cplusplus
}
#endif

#endif
