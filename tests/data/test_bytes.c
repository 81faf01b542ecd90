/* Samples kept as bytes against the same samples as numbers: every reader gives the same. */
#include "data/help.h"

#include "data/export.h"
#include "data/inspect.h"
#include "tmp.h"

#include <math.h>

#define N    40
#define SIZE 60

static const struct shape shape = {3, 4, 5};
static struct data bytes, numbers; /* the same content, in the two ways */

static unsigned char value(int i, int j)
{
    unsigned v = (unsigned)(i * 7919 + j * 104729 + j % 3 * 31) * 2654435761u;
    return j == 7 ? 9 : (unsigned char)(v >> 24);
}

static void make_file(struct samples *b, struct samples *x, int n)
{
    struct err e = {0};
    assert_int_equal(samples_alloc_bytes(b, (size_t)n, shape, 2, &e), 0);
    assert_int_equal(samples_alloc(x, (size_t)n, shape, 2, 0, &e), 0);
    for (int i = 0; i < n; i++) {
        b->label[i] = x->label[i] = i % 2;
        for (int j = 0; j < SIZE; j++) {
            int from = i == 5 ? 2 : i; /* sample 5 repeats sample 2, of another class */
            b->bytes[i * SIZE + j] = value(from, j);
            x->x[i * SIZE + j] = (real)value(from, j);
        }
    }
}

static void make_part(struct data *d)
{
    struct err e = {0};
    d->shape = shape;
    d->train = (struct part){&d->train_file, mem_alloc(N, sizeof(uint32_t), &e), N - 1};
    for (uint32_t i = 0; i < N; i++)
        d->train.index[i] = (i * 7 + 3) % N; /* all but one, in another order */
}

static void make(void)
{
    memset(&bytes, 0, sizeof bytes);
    memset(&numbers, 0, sizeof numbers);
    make_file(&bytes.train_file, &numbers.train_file, N);
    make_file(&bytes.test_file, &numbers.test_file, 6);
    make_part(&bytes);
    make_part(&numbers);
}

static void release(void)
{
    data_free(&bytes);
    data_free(&numbers);
}

/* The rows of both, by both ways of reading them. */
static void same_rows(const struct samples *b, const struct samples *x)
{
    real row[SIZE], room[SIZE];
    assert_int_equal(b->n, x->n);
    assert_true(samples_at(x, 1, room) == x->x + SIZE);
    for (size_t i = 0; i < b->n; i++) {
        samples_row(b, i, row);
        assert_memory_equal(row, x->x + i * SIZE, sizeof row);
        assert_memory_equal(samples_at(b, i, room), row, sizeof row);
        memset(row, 0, sizeof row);
        samples_row(x, i, row);
        assert_memory_equal(row, room, sizeof row);
    }
}

static void normalized(const struct data_conf *c)
{
    struct err e = {0};
    make();
    assert_int_equal(data_normalize(&bytes, c, &e), 0);
    assert_int_equal(data_normalize(&numbers, c, &e), 0);
    assert_int_equal(bytes.n_norm, numbers.n_norm);
    for (int g = 0; g < bytes.n_norm; g++) { /* sums in another order */
        double eps = sizeof(real) == 4 ? 0 : 1e-14;
        assert_true(fabs((double)(bytes.mean[g] - numbers.mean[g])) <= eps * 255);
        assert_true(fabs((double)(bytes.std[g] - numbers.std[g])) <= eps * 255);
        bytes.std[g] = numbers.std[g];
    }
    if (sizeof(real) == 4) {
        same_rows(&bytes.train_file, &numbers.train_file);
        same_rows(&bytes.test_file, &numbers.test_file);
    }
    release();
}

static void test_normalize(void **state)
{
    static double list[SIZE], more[SIZE];
    static const int lengths[] = {1, 3, SIZE};
    (void)state;
    make();
    same_rows(&bytes.train_file, &numbers.train_file);
    release();
    for (int how = NORMALIZE_NONE; how <= NORMALIZE_CHANNEL; how++)
        normalized(&(struct data_conf){.normalize = how});
    for (int i = 0; i < SIZE; i++) {
        list[i] = 100 + i / 7.0;
        more[i] = 50 + i / 3.0;
    }
    for (int i = 0; i < 3; i++) {
        normalized(&(struct data_conf){.mean = {lengths[i], list}, .std = {lengths[i], more}});
        normalized(&(struct data_conf){.std = {lengths[i], more}});
    }
}

static void test_inspect(void **state)
{
    struct err e = {0};
    struct inspect q[2];
    const struct data *d[] = {&bytes, &numbers};
    uint32_t all[] = {0, 1, 2, 3, 4, 5};
    (void)state;
    make();
    for (int i = 0; i < 2; i++) {
        const struct part test = {&d[i]->test_file, all, 6};
        q[i] = (struct inspect){
            .part = {{.name = "train", .part = &d[i]->train}, {.name = "test", .part = &test}},
            .n = 2,
            .classes = 2};
        assert_int_equal(inspect_run(&q[i], &e), 0);
    }
    for (int p = 0; p < 2; p++) {
        assert_memory_equal(&q[0].part[p].all, &q[1].part[p].all, sizeof q[0].part[p].all);
        assert_int_equal(q[0].part[p].repeated, 1);
        assert_int_equal(q[1].part[p].repeated, 1);
        assert_int_equal(q[0].part[p].contradicting, 1);
        assert_int_equal(q[1].part[p].contradicting, 1);
    }
    assert_int_equal(q[0].part[1].shared[0], 6);
    assert_int_equal(q[1].part[1].shared[0], 6);
    assert_int_equal(q[0].n_constant, 1);
    assert_int_equal(q[0].constant[0], 7 % 3 * 20 + 7 / 3);
    assert_memory_equal(q[0].value, q[1].value, SIZE * sizeof *q[0].value);
    inspect_free(&q[0]);
    inspect_free(&q[1]);
    release();
}

static void same_files(const char *a, const char *b)
{
    struct err e = {0};
    struct blob x, y;
    assert_int_equal(io_read(a, 1 << 20, ERR_DATA, &x, &e), 0);
    assert_int_equal(io_read(b, 1 << 20, ERR_DATA, &y, &e), 0);
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    blob_free(&x);
    blob_free(&y);
}

static void test_export(void **state)
{
    struct err e = {0};
    const struct data_conf c = {.normalize = NORMALIZE_UNIT};
    (void)state;
    make();
    assert_int_equal(data_normalize(&bytes, &c, &e), 0);
    assert_int_equal(data_normalize(&numbers, &c, &e), 0);
    assert_int_equal(export_csv("a.csv", &bytes.train, "x", EXPORT_TARGETS, &e), 0);
    assert_int_equal(export_csv("b.csv", &numbers.train, "x", EXPORT_TARGETS, &e), 0);
    assert_int_equal(export_npy("a.npy", &bytes.train, &e), 0);
    assert_int_equal(export_npy("b.npy", &numbers.train, &e), 0);
    assert_int_equal(export_png("a.png", &bytes.train, &e), 0);
    assert_int_equal(export_png("b.png", &numbers.train, &e), 0);
    same_files("a.csv", "b.csv");
    same_files("a.npy", "b.npy");
    same_files("a.png", "b.png");
    release();
}

static int normalize_once(struct err *e)
{
    memset(&bytes, 0, sizeof bytes);
    if (samples_alloc_bytes(&bytes.train_file, 4, shape, 2, e))
        return -1;
    bytes.shape = shape;
    bytes.train = (struct part){&bytes.train_file, mem_alloc(4, sizeof(uint32_t), e), 4};
    const struct data_conf c = {.normalize = NORMALIZE_CHANNEL},
                           each = {.normalize = NORMALIZE_STANDARD};
    int rc = bytes.train.index ? 0 : -1;
    if (rc == 0)
        rc = data_normalize(&bytes, &c, e);
    mem_free(bytes.mean);
    mem_free(bytes.std);
    mem_free(bytes.train_file.scale);
    bytes.mean = bytes.std = NULL;
    bytes.train_file.scale = NULL;
    if (rc == 0)
        rc = data_normalize(&bytes, &each, e);
    data_free(&bytes);
    return rc;
}

static void test_no_memory(void **state)
{
    (void)state;
    every_allocation(normalize_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_inspect),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
