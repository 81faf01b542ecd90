/* test_whiten.c - eigenvectors against what defines them, and whitened outputs of training data. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "train/whiten.h"

#define N 40

/* A symmetric matrix of `rank` random directions, some much larger than others. */
static void make_matrix(double *a, size_t n, size_t rank, uint64_t seed)
{
    struct rng r = rng_stream(seed, "test", "", 0);
    double v[N];
    memset(a, 0, n * n * sizeof *a);
    for (size_t k = 0; k < rank; k++) {
        double size = pow(10, -(double)k / 4);
        for (size_t i = 0; i < n; i++)
            v[i] = size * rng_normal(&r);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                a[i * n + j] += v[i] * v[j];
    }
}

static void eigenvectors(void **state)
{
    static double a[N * N], b[N * N], vector[N * N], value[N];
    (void)state;
    for (size_t n = 1; n <= N; n += 13)
        for (size_t rank = 0; rank <= n; rank += n / 2 + 1) {
            make_matrix(a, n, rank, n + rank);
            memcpy(b, a, sizeof b);
            whiten_eigen(b, n, value, vector);
            double scale = value[0] + 1e-300;
            for (size_t i = 0; i < n; i++) {
                assert_true(i == 0 || value[i] <= value[i - 1]);
                double most = 0;
                for (size_t k = 0; k < n; k++) { /* A v = value v */
                    double sum = 0;
                    for (size_t j = 0; j < n; j++)
                        sum += a[k * n + j] * vector[i * n + j];
                    assert_true(fabs(sum - value[i] * vector[i * n + k]) < 1e-12 * scale * N);
                    if (fabs(vector[i * n + k]) > fabs(most))
                        most = vector[i * n + k];
                }
                assert_true(most > 0);
                for (size_t j = 0; j <= i; j++) { /* orthonormal */
                    double dot = 0;
                    for (size_t k = 0; k < n; k++)
                        dot += vector[i * n + k] * vector[j * n + k];
                    assert_true(fabs(dot - (i == j)) < 1e-12);
                }
            }
        }
    double two[] = {2, 1, 1, 2}, values[2], vectors[4];
    whiten_eigen(two, 2, values, vectors);
    assert_true(fabs(values[0] - 3) < 1e-15 && fabs(values[1] - 1) < 1e-15);
    assert_true(fabs(vectors[0] - sqrt(0.5)) < 1e-15 && fabs(vectors[0] - vectors[1]) < 1e-15);
    assert_true(fabs(vectors[2] + vectors[3]) < 1e-15);
}

struct fixture {
    struct job job;
    struct team *team;
};

static void open_net(struct fixture *f, const char *text)
{
    static struct diag d;
    struct err e = {0};
    const struct job_source source = {.path = "net.ini", .text = text, .load_data = true};
    d = (struct diag){0};
    if (job_open(&f->job, &source, &d, &e))
        fail_msg("%s / %s", e.msg, d.msg[0].text);
    f->team = team_new(1, &e);
    const struct net_plan plan = {.batch = 1, .keep_all = true};
    assert_int_equal(net_allocate(f->job.net, &plan, f->team, kernels_get("ref"), &e), 0);
    assert_int_equal(net_init(f->job.net, 1, &e), 0);
    assert_int_equal(whiten_init(&f->job, &e), 0);
}

static void close_net(struct fixture *f)
{
    job_free(&f->job);
    team_free(f->team);
}

/* Mean and covariance of the first layer's outputs i and j over the training part. */
static void measure(const struct fixture *f, int i, int j, double *mean, double *cov)
{
    struct net *net = f->job.net;
    const struct layer *l = &net->layers[1];
    int k = l->out.c, places = l->out.h * l->out.w;
    double a = 0, b = 0, ab = 0, n = 0;
    for (uint32_t s = 0; s < f->job.samples.train.n; s++) {
        struct pass p = {.n = 1, .team = f->team, .nt = 1};
        samples_row(f->job.samples.train.of, s, net_input(net));
        net_forward(net, &p, true);
        for (int at = 0; at < places; at++, n++) {
            a += (double)l->y[at * k + i];
            b += (double)l->y[at * k + j];
            ab += (double)(l->y[at * k + i] * l->y[at * k + j]);
        }
    }
    *mean = a / n;
    *cov = ab / n - a / n * b / n;
}

static void patches(void **state)
{
    struct fixture f;
    double mean, cov;
    (void)state;
    open_net(&f, "[data]\ngenerator = digits\nsamples = 150\ntest_samples = 0\n"
                 "[conv2d]\nfilters = 8\nsize = 2\ninit = whitening\n[flatten]\n[linear]\n"
                 "units = 10\n[softmax]\n");
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) {
            measure(&f, i, j, &mean, &cov);
            double want = i == j ? 1 : i % 4 == j % 4 ? -1 : 0;
            assert_true(fabs(mean) < 1e-4);
            /* eps takes a little of the small ones */
            assert_true(fabs(cov - want) < (want == 0 ? 1e-2 : 0.1));
        }
    const struct param *w = &f.job.net->layers[1].params[0];
    for (size_t i = 0; i < 16; i++)
        assert_true(w->w[param_index(w, i)] == -w->w[param_index(w, 16 + i)]);
    close_net(&f);
}

static void whole_samples(void **state)
{
    struct fixture f;
    double mean, cov;
    (void)state;
    open_net(&f, "[data]\ngenerator = gaussians\nsamples = 300\ntest_samples = 0\n"
                 "[linear]\nunits = 2\ninit = whitening\ninit_scale = 2\nbias = no\n[softmax]\n");
    for (int i = 0; i < 2; i++) {
        measure(&f, i, i, &mean, &cov);
        assert_true(fabs(cov - (i == 0 ? 4 : 4)) < 0.01);
    }
    close_net(&f);
}

/* What is not there gives finite weights. */
static void constant(void **state)
{
    struct fixture f;
    (void)state;
    open_net(&f, "[data]\ngenerator = digits\nsamples = 100\ntest_samples = 0\nmean = 0\n"
                 "std = 1e6\n[conv2d]\nfilters = 50\nsize = 5\ninit = whitening\nbias = no\n"
                 "freeze = weights\n[flatten]\n[linear]\nunits = 10\n[softmax]\n");
    const struct param *w = &f.job.net->layers[1].params[0];
    for (size_t i = 0; i < w->size; i++)
        assert_true(isfinite(w->w[i]));
    assert_true(w->frozen);
    close_net(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(eigenvectors), cmocka_unit_test(patches),
                                       cmocka_unit_test(whole_samples), cmocka_unit_test(constant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
