/* Tests of the library, diynn.h: against what the formulas say of the checkpoint's tensors. Linked
 * with libdiynn.a, whose inner names cannot be seen, and the inner library for making checkpoints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "diynn.h"
#include "tmp.h"
#include "train/checkpoint.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>

#define N 70 /* samples: more than two batches of the library */

#define DATA                                                                                       \
    "[data]\ntrain = none.csv\nshape = 3x4x5\nclasses = 4\n"                                       \
    "[flatten]\n[linear out]\nunits = 4\n[softmax]\n"

/* The checkpoint of a fresh net; normalized by n_norm means and deviations 1, 2, 3, ... */
static struct blob make(const char *text, int n_norm, char **names)
{
    struct err e = {0};
    struct diag *d = mem_alloc(1, sizeof *d, &e);
    struct job job;
    struct position at = {.epoch = 3, .best_value = 0.3};
    struct blob b;
    const struct job_source src = {.path = "net.ini", .text = text};
    if (job_open(&job, &src, d, &e))
        fail_msg("%s: %s", e.msg, d->msg[0].text);
    struct team *team = team_new(1, &e);
    const struct net_plan plan = {.batch = 1, .fuse = true, .loss_act = job_loss_act(&job)};
    assert_int_equal(net_allocate(job.net, &plan, team, kernels_get(NULL), &e), 0);
    assert_int_equal(net_init(job.net, 7, &e), 0);
    real norm[2][60];
    for (int i = 0; i < n_norm; i++) {
        norm[0][i] = (real)(i + 1) / 4;
        norm[1][i] = (real)(i + 2);
    }
    job.samples.mean = n_norm ? norm[0] : NULL;
    job.samples.std = n_norm ? norm[1] : NULL;
    job.samples.n_norm = n_norm;
    job.samples.names = names;
    if (checkpoint_make(&b, &job, &at, false, &e))
        fail_msg("%s", e.msg);
    job.samples = (struct data){0};
    job_free(&job);
    team_free(team);
    mem_free(d);
    return b;
}

static struct diynn *open_bytes(const struct blob *b)
{
    struct diynn_error e;
    struct diynn *net = diynn_open_bytes(b->data, b->size, &e);
    if (!net)
        fail_msg("%s", e.text);
    return net;
}

static void fill(float *x, size_t n)
{
    struct rng r = rng_stream(3, "test", "", 0);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(rng_uniform(&r) * 4 - 2);
}

/* softmax(W (x - mean) / std + b) of the tensors, all in c, h, w order. */
static void expect_linear(const struct blob *b, int n_norm, const float *x, const float *y,
                          const int *class_)
{
    struct err e = {0};
    struct safetensors st;
    struct blob copy = {mem_strndup(b->data, b->size, &e), b->size};
    assert_int_equal(safetensors_parse(&st, "f", &copy, &e), 0);
    const real *w = safetensors_find(&st, "out.weight")->data;
    const real *bias = safetensors_find(&st, "out.bias")->data;
    double z[4], sum = 0;
    int best = 0;
    for (int o = 0; o < 4; o++) {
        z[o] = (double)bias[o];
        for (int i = 0; i < 60; i++) {
            int g = n_norm == 60 ? i : n_norm == 3 ? i / 20 : 0;
            double v = (double)x[i];
            if (n_norm)
                v = (v - (g + 1) / 4.0) / (g + 2);
            z[o] += (double)w[o * 60 + i] * v;
        }
        best = z[o] > z[best] ? o : best;
        sum += exp(z[o]);
    }
    for (int o = 0; o < 4; o++)
        assert_true(fabs(exp(z[o]) / sum - (double)y[o]) < 1e-5);
    assert_int_equal(*class_, best);
    safetensors_free(&st);
}

static void test_predict(void **state)
{
    (void)state;
    static float x[N * 60], y[N * 4], z[N * 4];
    int class_[N], again[N], shape[3];
    fill(x, N * 60);
    for (int i = 0; i < 4; i++) {
        int n_norm = ((const int[]){0, 1, 3, 60})[i];
        struct blob b = make(DATA, n_norm, NULL);
        struct diynn *net = open_bytes(&b);
        assert_int_equal(diynn_input_size(net), 60);
        assert_int_equal(diynn_output_size(net), 4);
        assert_int_equal(diynn_classes(net), 4);
        diynn_input_shape(net, shape);
        assert_true(shape[0] == 3 && shape[1] == 4 && shape[2] == 5);
        diynn_output_shape(net, shape);
        assert_true(shape[0] == 4 && shape[1] == 1 && shape[2] == 1);
        diynn_predict(net, N, x, y, class_);
        for (int k = 0; k < N; k++)
            expect_linear(&b, n_norm, x + k * 60, y + k * 4, &class_[k]);
        /* one by one, and each result alone: the same bits */
        for (size_t k = 0; k < N; k++) {
            diynn_predict(net, 1, x + k * 60, z + k * 4, NULL);
            diynn_predict(net, 1, x + k * 60, NULL, again + k);
        }
        assert_memory_equal(y, z, sizeof y);
        assert_memory_equal(class_, again, sizeof again);
        diynn_predict(net, 0, x, y, class_);
        diynn_close(net);
        blob_free(&b);
    }
}

/* Images come and go channel by channel. */
static void test_image_out(void **state)
{
    (void)state;
    struct blob b = make("[data]\ntrain = none.csv\ntarget = input\nshape = 2x3x3\n[relu]\n"
                         "[loss]\ntype = mse\n",
                         0, NULL);
    struct diynn *net = open_bytes(&b);
    float x[40 * 18], y[40 * 18];
    int shape[3], untouched = -7;
    fill(x, 40 * 18);
    diynn_output_shape(net, shape);
    assert_true(shape[0] == 2 && shape[1] == 3 && shape[2] == 3);
    assert_int_equal(diynn_classes(net), 0);
    assert_string_equal(diynn_class_name(net, 0), "");
    diynn_predict(net, 40, x, y, NULL);
    for (int i = 0; i < 40 * 18; i++)
        assert_true(y[i] == (x[i] > 0 ? x[i] : 0));
    diynn_predict(net, 1, x, y, &untouched);
    assert_int_equal(untouched, -7);
    diynn_close(net);
    blob_free(&b);
}

static void test_names(void **state)
{
    (void)state;
    char *names[] = {(char *)"cat", (char *)"caf\xc3\xa9", (char *)"x y", (char *)"dog"};
    struct blob b = make(DATA, 0, names);
    struct diynn *net = open_bytes(&b);
    for (int i = 0; i < 4; i++)
        assert_string_equal(diynn_class_name(net, i), names[i]);
    assert_string_equal(diynn_class_name(net, -1), "");
    assert_string_equal(diynn_class_name(net, 4), "");
    diynn_close(net);
    blob_free(&b);
    b = make(DATA, 0, NULL);
    net = open_bytes(&b);
    assert_string_equal(diynn_class_name(net, 3), "3");
    diynn_close(net);
    blob_free(&b);
}

static void test_open(void **state)
{
    (void)state;
    struct err e = {0};
    struct diynn_error de;
    struct blob b = make(DATA, 0, NULL);
    char want[400];
    assert_null(diynn_open("run", &de));
    snprintf(want, sizeof want, "cannot open run (in %s): No such file or directory", tmp_dir);
    assert_string_equal(de.text, want);
    assert_int_equal(de.code, 4);
    assert_int_equal(io_mkdirs("run", &e), 0);
    assert_null(diynn_open("run", NULL));
    assert_null(diynn_open("run", &de));
    assert_int_equal(de.code, 4);
    assert_string_equal(de.text, "run holds no checkpoint (best.safetensors or last.safetensors)");
    assert_int_equal(io_write_atomic("run/last.safetensors", &b, 1, &e), 0);
    struct diynn *net = diynn_open("run", &de);
    assert_non_null(net);
    assert_int_equal(de.code, 0);
    diynn_close(net);
    net = diynn_open("run/last.safetensors", NULL);
    assert_non_null(net);
    diynn_close(net);
    diynn_close(NULL);
    tmp_text("run/best.safetensors", "x");
    assert_null(diynn_open("run", &de));
    assert_string_equal(de.text, "run/best.safetensors: not a safetensors file: only 1 bytes");
    assert_null(diynn_open_bytes(NULL, 0, &de));
    assert_string_equal(de.text, "checkpoint in memory: not a safetensors file: only 0 bytes");
    assert_true(strlen(diynn_version()) > 0);
    blob_free(&b);
}

/* Means that fit no way of normalizing: refused before they are read. */
static void test_wrong_norm(void **state)
{
    (void)state;
    struct diynn_error e;
    struct blob b = make(DATA, 59, NULL);
    assert_null(diynn_open_bytes(b.data, b.size, &e));
    assert_int_equal(e.code, 4);
    blob_free(&b);
}

/* Cut at any byte: refused. */
static void test_cut(void **state)
{
    (void)state;
    struct blob b = make(DATA, 3, NULL);
    struct diynn_error e;
    for (size_t n = 0; n < b.size; n += n < 16 ? 1 : 61) {
        assert_null(diynn_open_bytes(b.data, n, &e));
        assert_int_equal(e.code, 4);
    }
    blob_free(&b);
}

static const struct blob *shared;

static void *use(void *arg)
{
    static float x[N * 60];
    float *y = arg;
    for (int i = 0; i < 20; i++) {
        struct diynn *net = diynn_open_bytes(shared->data, shared->size, NULL);
        if (!net)
            return arg;
        diynn_predict(net, N, x, y, NULL);
        diynn_close(net);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static float y[3][N * 4];
    pthread_t t[3];
    void *failed;
    struct blob b = make(DATA, 3, NULL);
    shared = &b;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, use, y[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], &failed);
        assert_null(failed);
        assert_memory_equal(y[i], y[0], sizeof y[0]);
    }
    blob_free(&b);
}

/* A program that speaks German reads the same numbers. */
static void test_locale(void **state)
{
    (void)state;
    struct blob b = make(DATA, 0, NULL);
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE")) {
        blob_free(&b);
        skip();
    }
    diynn_close(open_bytes(&b));
    setlocale(LC_ALL, "C");
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predict),    cmocka_unit_test(test_image_out),
        cmocka_unit_test(test_names),      cmocka_unit_test(test_open),
        cmocka_unit_test(test_wrong_norm), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_threads),    cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
