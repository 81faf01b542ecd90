/* gemm.c - GFLOP/s of the SGEMM of a BLAS, or of oneDNN (-DUSE_DNNL), over the shapes of
 * bench/shapes.h. See peer.h for how it is talked to; a line is the name of a shape.
 *
 *   OMP_NUM_THREADS=n gemm [SECONDS]      of a repetition, default 0.05 */
#include "../shapes.h"
#include "peer.h"

#include <math.h>
#include <sys/mman.h>

#ifdef USE_DNNL
#include <dnnl.h>
#else
/* The one prototype that is needed, so that any CBLAS will do without its header. */
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);
#endif

static struct {
    const struct product *p;
    float *a, *b, *c;
} at;

static double seconds = 0.05;

static void multiply(void *arg)
{
    const struct product *p = arg;
    int lda = p->ta ? p->m : p->k, ldb = p->tb ? p->k : p->n;
#ifdef USE_DNNL
    dnnl_sgemm(p->ta ? 'T' : 'N', p->tb ? 'T' : 'N', p->m, p->n, p->k, 1, at.a, lda, at.b, ldb, 0,
               at.c, p->n);
#else
    enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
    cblas_sgemm(ROW_MAJOR, p->ta ? TRANS : NO_TRANS, p->tb ? TRANS : NO_TRANS, p->m, p->n, p->k, 1,
                at.a, lda, at.b, ldb, 0, at.c, p->n);
#endif
}

/* Large ones in huge pages, as diynn's are. */
static float *matrix(int rows, int cols)
{
    size_t n = (size_t)rows * (size_t)cols, bytes = n * sizeof(float);
    size_t unit = bytes >= (size_t)4 << 20 ? (size_t)2 << 20 : 64;
    bytes = (bytes + unit - 1) / unit * unit;
    float *x = aligned_alloc(unit, bytes);
    if (!x)
        exit(1);
    if (unit > 64)
        madvise(x, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < n; i++)
        x[i] = peer_random() - 0.5f;
    return x;
}

/* One element in the middle. */
static int is_right(const struct product *p)
{
    size_t i = (size_t)p->m / 2, j = (size_t)p->n / 2, m = (size_t)p->m, n = (size_t)p->n,
           k = (size_t)p->k;
    double want = 0;
    for (size_t l = 0; l < k; l++)
        want += (double)at.a[p->ta ? l * m + i : i * k + l] *
                (double)at.b[p->tb ? j * k + l : l * n + j];
    return fabs(want - (double)at.c[i * n + j]) < 1e-2;
}

static double rate(const char *line)
{
    const struct product *p = products;
    while (p < products + N_PRODUCTS && strcmp(p->name, line) != 0)
        p++;
    if (p == products + N_PRODUCTS)
        return -1;
    if (p != at.p) {
        free(at.a);
        free(at.b);
        free(at.c);
        at.a = matrix(p->m, p->k);
        at.b = matrix(p->k, p->n);
        at.c = matrix(p->m, p->n);
        at.p = p;
        multiply((void *)p);
        if (!is_right(p))
            return -1;
    }
    multiply((void *)p);
    return 2e-9 * p->m * p->n * p->k * peer_rate(multiply, (void *)p, seconds);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seconds = atof(argv[1]);
    return peer_serve(rate);
}
