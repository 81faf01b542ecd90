/* Tests of data/normalize.c, by way of data_normalize: two channels of 1x3 pixels. */
#include "data/help.h"

#include <math.h>

#define N    5 /* samples of the file */
#define SIZE 6

static struct data data;
static real train_x[N * SIZE], test_x[SIZE];
static uint32_t order[] = {3, 0, 2}; /* the training part */

/* Fresh values each time; the sample 1, not in the training part, is far off. */
static void fill(int constant)
{
    static const struct shape shape = {2, 1, 3};
    memset(&data, 0, sizeof data);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < SIZE; j++)
            train_x[i * SIZE + j] = (real)((i * 5 + j * 3) % 7 - 2) + (real)(j % 2 * 10);
        if (constant >= 0)
            train_x[i * SIZE + constant] = (real)0.1;
    }
    train_x[SIZE] = 1000;
    for (int j = 0; j < SIZE; j++)
        test_x[j] = (real)j;
    data.train_file = (struct samples){.n = N, .shape = shape, .x = train_x};
    data.test_file = (struct samples){.n = 1, .shape = shape, .x = test_x};
    data.train = (struct part){.of = &data.train_file, .index = order, .n = 3};
    data.shape = shape;
}

static void release(void)
{
    mem_free(data.mean);
    mem_free(data.std);
}

/* Where statistic g of n belongs: the value p * 2 + c in memory is channel c, pixel p. */
static bool in_group(int n, int g, int j)
{
    int c = j % 2, p = j / 2;
    return n == 1 || (n == 2 ? c == g : c * 3 + p == g);
}

/* Mean and std against a naive computation, and what was applied against both. */
static void check(int how, int n_norm)
{
    struct data_conf c = {.normalize = how};
    struct err e = {0};
    real old[N * SIZE], old_test[SIZE];
    memcpy(old, train_x, sizeof old);
    memcpy(old_test, test_x, sizeof old_test);
    assert_int_equal(data_normalize(&data, &c, &e), 0);
    assert_int_equal(data.n_norm, n_norm);
    for (int g = 0; g < n_norm; g++) {
        double sum = 0, n = 0, square = 0, lo = 1e9, hi = -1e9;
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < SIZE; j++) {
                double v = (double)old[order[i] * SIZE + j];
                if (!in_group(n_norm, g, j))
                    continue;
                sum += v;
                n++;
                lo = fmin(lo, v);
                hi = fmax(hi, v);
            }
        }
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < SIZE; j++) {
                if (in_group(n_norm, g, j))
                    square += pow((double)old[order[i] * SIZE + j] - sum / n, 2);
            }
        }
        bool range = how == NORMALIZE_UNIT || how == NORMALIZE_MINMAX;
        double mean = range || lo == hi ? lo : sum / n;
        double std = lo == hi ? 1 : range ? hi - lo : sqrt(square / n);
        assert_true(fabs((double)data.mean[g] - mean) <= 4 * (double)REAL_EPS * fabs(mean));
        assert_true(fabs((double)data.std[g] - std) <= 4 * (double)REAL_EPS * std);
        for (int j = 0; j < SIZE; j++) {
            if (!in_group(n_norm, g, j))
                continue;
            for (int i = 0; i < N; i++)
                assert_true(train_x[i * SIZE + j] ==
                            (old[i * SIZE + j] - data.mean[g]) / data.std[g]);
            assert_true(test_x[j] == (old_test[j] - data.mean[g]) / data.std[g]);
        }
    }
    release();
}

static void test_words(void **state)
{
    static const struct {
        int how, n;
    } cases[] = {{NORMALIZE_UNIT, 1},
                 {NORMALIZE_MINMAX, 6},
                 {NORMALIZE_STANDARD, 6},
                 {NORMALIZE_CHANNEL, 2}};
    (void)state;
    for (int i = 0; i < 4; i++) {
        fill(-1);
        check(cases[i].how, cases[i].n);
    }
}

static void test_constant_values(void **state)
{
    (void)state;
    for (int j = 0; j < SIZE; j++) {
        fill(j);
        check(NORMALIZE_STANDARD, 6);
        assert_true(train_x[0 * SIZE + j] == 0); /* exactly, whatever the sum was rounded to */
        fill(j);
        check(NORMALIZE_MINMAX, 6);
        assert_true(train_x[2 * SIZE + j] == 0);
    }
    fill(-1);
    for (int i = 0; i < N * SIZE; i++)
        train_x[i] = 3;
    check(NORMALIZE_UNIT, 1);
    assert_true(train_x[7] == 0);
}

static void test_none(void **state)
{
    struct data_conf c = {.normalize = NORMALIZE_NONE};
    struct err e = {0};
    (void)state;
    fill(-1);
    assert_int_equal(data_normalize(&data, &c, &e), 0);
    assert_null(data.mean);
    assert_null(data.std);
    assert_int_equal(data.n_norm, 0);
    assert_true(test_x[5] == 5);
}

static void test_given(void **state)
{
    double mean[] = {1, 2}, std[] = {0.5, 4}, six[] = {0, 1, 2, 3, 4, 5};
    struct err e = {0};
    (void)state;
    fill(-1);
    struct data_conf c = {.mean = {2, mean}, .std = {2, std}};
    assert_int_equal(data_normalize(&data, &c, &e), 0);
    assert_int_equal(data.n_norm, 2);
    assert_true(test_x[0] == -2 && test_x[1] == (real)-0.25 && test_x[4] == 6 &&
                test_x[5] == (real)0.75);
    release();
    fill(-1);
    c = (struct data_conf){.mean = {6, six}}; /* in the order c, h, w; std is 1 */
    assert_int_equal(data_normalize(&data, &c, &e), 0);
    for (int j = 0; j < SIZE; j++)
        assert_true(test_x[j] == (real)j - (real)(j % 2 * 3 + j / 2));
    release();
    fill(-1);
    c = (struct data_conf){.std = {1, std}};
    assert_int_equal(data_normalize(&data, &c, &e), 0);
    assert_int_equal(data.n_norm, 1);
    assert_true(test_x[3] == 6 && data.mean[0] == 0);
    release();
}

/* Statistics that were stored give the same bits on other samples. */
static void test_with(void **state)
{
    struct data_conf c = {.normalize = NORMALIZE_STANDARD};
    struct err e = {0};
    real copy[SIZE];
    (void)state;
    fill(-1);
    memcpy(copy, test_x, sizeof copy);
    assert_int_equal(data_normalize(&data, &c, &e), 0);
    struct samples s = {.n = 1, .shape = data.shape, .x = copy};
    assert_int_equal(data_normalize_with(&s, data.mean, data.std, data.n_norm, &e), 0);
    assert_memory_equal(copy, test_x, sizeof copy);
    release();
}

static void test_too_large(void **state)
{
    struct data_conf c = {.normalize = NORMALIZE_UNIT};
    struct err e = {0};
    (void)state;
    fill(-1);
    train_x[0] = REAL_MAX;
    train_x[1] = -REAL_MAX;
    assert_int_equal(data_normalize(&data, &c, &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_memory_equal(e.msg, "the values are too large to be normalized: from -", 49);
    release();
}

static int normalize_once(struct err *e)
{
    struct data_conf c = {.normalize = NORMALIZE_CHANNEL};
    fill(-1);
    int rc = data_normalize(&data, &c, e);
    release();
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
        cmocka_unit_test(test_words),     cmocka_unit_test(test_constant_values),
        cmocka_unit_test(test_none),      cmocka_unit_test(test_given),
        cmocka_unit_test(test_with),      cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
