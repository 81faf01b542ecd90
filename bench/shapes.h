/* shapes.h - the matrix products that are measured, by diynn and by its peers: C = A B, m x n x k,
 * all row-major without gaps. */
#ifndef BENCH_SHAPES_H
#define BENCH_SHAPES_H

#include <stdbool.h>

struct product {
    const char *name;
    bool ta, tb; /* A is stored as its transpose, k x m; B as n x k */
    int m, n, k;
};

/* Squares; dense layers by net and number of the layer (forward with weights stored in x out: NN,
 * out x in: NT; dW: of the weights; dX: of the input; /N: at batch N); convolutions as products of
 * unrolled windows, of one image or of 16. */
static const struct product products[] = {
    {"sq64", 0, 0, 64, 64, 64},
    {"sq128", 0, 0, 128, 128, 128},
    {"sq256", 0, 0, 256, 256, 256},
    {"sq512", 0, 0, 512, 512, 512},
    {"sq1024", 0, 0, 1024, 1024, 1024},
    {"sq2048", 0, 0, 2048, 2048, 2048},
    {"A1.fwd", 0, 0, 100, 100, 256},
    {"A1.fwd.NT", 0, 1, 100, 100, 256},
    {"A1.dW", 1, 0, 100, 256, 100},
    {"A1.fwd/10", 0, 0, 10, 100, 256},
    {"A1.fwd/7291", 0, 0, 7291, 100, 256},
    {"A1.dW/7291", 1, 0, 256, 100, 7291},
    {"C1.fwd", 0, 0, 128, 512, 784},
    {"C1.fwd.NT", 0, 1, 128, 512, 784},
    {"C1.dW", 1, 0, 784, 512, 128},
    {"C2.dX", 0, 1, 128, 512, 512},
    {"D4.fwd", 0, 0, 128, 1000, 1024},
    {"D4.fwd.NT", 0, 1, 128, 1000, 1024},
    {"D4.dW", 1, 0, 1024, 1000, 128},
    {"D5.fwd", 0, 0, 128, 10, 1000},
    {"D5.dW", 1, 0, 1000, 10, 128},
    {"conv1.fwd", 0, 0, 32, 1024, 75},
    {"conv1.dW", 0, 1, 32, 75, 1024},
    {"conv2.fwd", 0, 0, 64, 256, 800},
    {"conv2.dW", 0, 1, 64, 800, 256},
    {"conv2.dX", 1, 0, 800, 256, 64},
    {"conv3.fwd", 0, 0, 64, 64, 1600},
    {"conv3.dW", 0, 1, 64, 1600, 64},
    {"conv3.dX", 1, 0, 1600, 64, 64},
    {"conv2.fwd.x16", 0, 0, 64, 4096, 800},
    {"conv3.fwd.x16", 0, 0, 64, 1024, 1600},
};

#define N_PRODUCTS ((int)(sizeof products / sizeof *products))

#endif
