/* Several nets as one: means of rows, and who may join. */
#include "train/ensemble.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { N = 5, K = 3 };

/* A part of N samples of K values, and a job whose loss wants as many. */
struct fixture {
    struct job job;
    struct samples samples;
    uint32_t index[N];
    real target[N * K];
    struct part part;
};

static void set_up(struct fixture *f)
{
    *f = (struct fixture){.job.loss = {.k = K, .ops = loss_find("mse")}, .samples.k = K};
    for (int i = 0; i < N * K; i++)
        f->target[i] = (real)i;
    for (uint32_t i = 0; i < N; i++)
        f->index[i] = N - 1 - i;
    f->samples.target = f->target;
    f->part = (struct part){.of = &f->samples, .index = f->index, .n = N};
}

static void means(void **state)
{
    struct fixture f;
    struct ensemble m = {0};
    struct err e = {0};
    real sum[N * K] = {0};
    (void)state;
    set_up(&f);
    for (int net = 1; net <= 4; net++) {
        real y[N * K];
        assert_int_equal(ensemble_join(&m, &f.job, &f.part, "net", &e), 0);
        for (int i = 0; i < N * K; i++) {
            y[i] = (real)(i * net % 7) - 3;
            sum[i] += y[i];
        }
        ensemble_mean(&m, y, 0, 0, 1); /* pieces of 2 and 3 samples, the first of them by rows */
        ensemble_mean(&m, y, 0, 1, 2);
        ensemble_mean(&m, y + 2 * K, 2, 0, 3);
        for (int i = 0; i < N * K; i++)
            assert_true(y[i] == (real)1 / (real)net * sum[i]);
    }
    ensemble_free(&m);
}

static void strangers(void **state)
{
    struct fixture f, other;
    struct ensemble m = {0};
    struct err e = {0};
    (void)state;
    set_up(&f);
    set_up(&other);
    assert_int_equal(ensemble_join(&m, &f.job, &f.part, "first", &e), 0);
    assert_int_equal(ensemble_join(&m, &other.job, &other.part, "alike", &e), 0);
    other.target[4] += 1;
    assert_int_equal(ensemble_join(&m, &other.job, &other.part, "changed", &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_non_null(strstr(e.msg, "changed: its data is not"));
    set_up(&other);
    other.part.n--;
    assert_int_equal(ensemble_join(&m, &other.job, &other.part, "fewer", &e), -1);
    set_up(&other);
    other.index[0] = 0; /* the samples of another split */
    assert_int_equal(ensemble_join(&m, &other.job, &other.part, "split", &e), -1);
    set_up(&other);
    other.job.loss.k = 2;
    e = (struct err){0};
    assert_int_equal(ensemble_join(&m, &other.job, &other.part, "narrow", &e), -1);
    assert_non_null(strstr(e.msg, "narrow: gives 2 numbers a sample, the nets before it 3"));
    set_up(&other);
    other.job.loss.ops = loss_find("huber");
    e = (struct err){0};
    assert_int_equal(ensemble_join(&m, &other.job, &other.part, "robust", &e), -1);
    assert_non_null(strstr(e.msg, "robust: its loss is huber, that of the nets before it mse"));
    assert_int_equal(m.nets, 2);
    ensemble_free(&m);
}

static void no_memory(void **state)
{
    struct fixture f;
    struct ensemble m = {0};
    struct err e = {0};
    (void)state;
    set_up(&f);
    size_t live = mem_live();
    mem_fail_at(1);
    assert_int_equal(ensemble_join(&m, &f.job, &f.part, "net", &e), -1);
    mem_fail_at(0);
    ensemble_free(&m);
    assert_int_equal(mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(means), cmocka_unit_test(strangers),
                                       cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
