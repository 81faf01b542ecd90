/* embed.c - a program that knows nothing of diynn but diynn.h and libdiynn.a: runs a sample of ones
 * through a net and prints the answer. tests/cli/library.sh runs it. */
#include "diynn.h"

#include <stdio.h>
#include <stdlib.h>

/* a name that the library uses inside too */
int io_read(void);
int io_read(void)
{
    return 0;
}

int main(int argc, char **argv)
{
    struct diynn_error e;
    struct diynn *net = diynn_open(argc > 1 ? argv[1] : "", &e);
    if (!net) {
        fprintf(stderr, "%s\n", e.text);
        return e.code;
    }
    size_t n = diynn_input_size(net), k = diynn_output_size(net);
    float *x = (float *)calloc(n, sizeof *x), *y = (float *)calloc(k, sizeof *y);
    int class_ = -1;
    if (x && y) {
        for (size_t i = 0; i < n; i++)
            x[i] = 1;
        diynn_predict(net, 1, x, y, &class_);
        printf("version %s\ninputs %zu\nclass %s of %d\n", diynn_version(), n,
               diynn_class_name(net, class_), diynn_classes(net));
        for (size_t i = 0; i < k; i++)
            printf("output %.9g\n", (double)y[i]);
    }
    free(x);
    free(y);
    diynn_close(net);
    return io_read();
}
