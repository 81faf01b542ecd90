/* Tests of data/inspect.c: what it counts, on samples small enough to count by hand. */
#include "data/help.h"

#include "data/inspect.h"

#include <math.h>

static uint32_t order[] = {0, 1, 2, 3, 4, 5, 6, 7};

static struct samples make(size_t n, struct shape shape, int classes, int k)
{
    struct err e = {0};
    struct samples s;
    assert_int_equal(samples_alloc(&s, n, shape, classes, k, &e), 0);
    return s;
}

static void near(double got, double want)
{
    if (!(fabs(got - want) < 1e-12))
        fail_msg("%.17g instead of %.17g", got, want);
}

static void test_ranges(void **state)
{
    (void)state;
    struct err e = {0};
    struct samples s = make(4, (struct shape){2, 1, 1}, 3, 0);
    const real x[] = {1, 7, 2, 7, (real)NAN, 7, 4, -(real)INFINITY};
    const int label[] = {2, 0, 2, 2};
    memcpy(s.x, x, sizeof x);
    memcpy(s.label, label, sizeof label);
    const struct part p = {&s, order, 4};
    struct inspect q = {.part[0] = {.name = "file", .part = &p}, .n = 1, .classes = 3};
    assert_int_equal(inspect_run(&q, &e), 0);
    assert_int_equal(q.part[0].not_finite, 2);
    near(q.part[0].all.min, 1);
    near(q.part[0].all.max, 7);
    near(q.part[0].all.mean, 28.0 / 6);
    near(q.part[0].all.deviation, sqrt((1 + 4 + 16 + 3 * 49) / 6.0 - 28 * 28 / 36.0));
    near(q.value[0].min, 1);
    near(q.value[0].max, 4);
    near(q.value[0].mean, 7.0 / 3);
    near(q.value[1].deviation, 0);
    assert_int_equal(q.part[0].count[0], 1);
    assert_int_equal(q.part[0].count[1], 0);
    assert_int_equal(q.part[0].count[2], 3);
    assert_int_equal(q.n_constant, 0); /* the second would be, but for the infinity */
    inspect_free(&q);
    samples_free(&s);
}

static void test_nothing_finite(void **state)
{
    (void)state;
    struct err e = {0};
    struct samples s = make(2, (struct shape){1, 1, 1}, 0, 0);
    s.x[0] = s.x[1] = (real)NAN;
    const struct part p = {&s, order, 2};
    struct inspect q = {.part[0] = {.name = "file", .part = &p}, .n = 1};
    assert_int_equal(inspect_run(&q, &e), 0);
    assert_true(isnan(q.part[0].all.mean) && isnan(q.part[0].all.min));
    assert_true(isnan(q.value[0].deviation));
    assert_int_equal(q.part[0].not_finite, 2);
    assert_null(q.part[0].count);
    inspect_free(&q);
    samples_free(&s);
}

/* Constant values are numbered in c, h, w order; a single sample says nothing about them. */
static void test_constants(void **state)
{
    (void)state;
    struct err e = {0};
    struct samples s = make(2, (struct shape){2, 1, 2}, 0, 1);
    const real x[] = {1, 5, 3, 6, 1, 5, 4, 6}; /* h, w, c: channel 0 is 1, 3 and 1, 4 */
    memcpy(s.x, x, sizeof x);
    s.target[0] = -2;
    s.target[1] = 9;
    const struct part p = {&s, order, 2};
    struct inspect q = {.part[0] = {.name = "file", .part = &p}, .n = 1};
    assert_int_equal(inspect_run(&q, &e), 0);
    assert_int_equal(q.n_constant, 3);
    assert_int_equal(q.constant[0], 0);
    assert_int_equal(q.constant[1], 2);
    assert_int_equal(q.constant[2], 3);
    near(q.part[0].target_min, -2);
    near(q.part[0].target_max, 9);
    inspect_free(&q);
    const struct part one = {&s, order, 1};
    q = (struct inspect){.part[0] = {.name = "file", .part = &one}, .n = 1};
    assert_int_equal(inspect_run(&q, &e), 0);
    assert_int_equal(q.n_constant, 0);
    inspect_free(&q);
    samples_free(&s);
}

static void test_duplicates(void **state)
{
    (void)state;
    struct err e = {0};
    struct samples a = make(6, (struct shape){2, 1, 1}, 2, 0);
    struct samples b = make(3, (struct shape){2, 1, 1}, 2, 0);
    /* samples 2, 3 and 5 are sample 0 again, 5 with another class; 4 differs in one value */
    const real xa[] = {1, 2, 2, 1, 1, 2, 1, 2, 1, 3, 1, 2};
    const real xb[] = {2, 1, 9, 9, 2, 1};
    const int label[] = {0, 1, 0, 0, 0, 1};
    memcpy(a.x, xa, sizeof xa);
    memcpy(b.x, xb, sizeof xb);
    memcpy(a.label, label, sizeof label);
    static uint32_t some[] = {4, 1};
    const struct part train = {&a, order, 6}, val = {&a, some, 2}, test = {&b, order, 3};
    struct inspect q = {.part = {{.name = "train", .part = &train},
                                 {.name = "validation", .part = &val},
                                 {.name = "test", .part = &test}},
                        .n = 3,
                        .classes = 2};
    assert_int_equal(inspect_run(&q, &e), 0);
    assert_int_equal(q.part[0].repeated, 3);
    assert_int_equal(q.part[0].contradicting, 1);
    assert_int_equal(q.part[1].repeated, 0);
    assert_int_equal(q.part[1].shared[0], 2);
    assert_int_equal(q.part[2].repeated, 1);
    assert_int_equal(q.part[2].contradicting, 0);
    assert_int_equal(q.part[2].shared[0], 2);
    assert_int_equal(q.part[2].shared[1], 2);
    inspect_free(&q);
    samples_free(&a);
    samples_free(&b);
}

/* Against comparing every pair, with values as targets. */
static void test_many(void **state)
{
    (void)state;
    enum { N = 500 };
    struct err e = {0};
    struct samples s = make(N, (struct shape){3, 1, 1}, 0, 1);
    uint32_t index[N], repeated = 0, contradicting = 0;
    for (int i = 0; i < N; i++) {
        unsigned h = (unsigned)i * 2654435761u >> 20;
        for (int j = 0; j < 3; j++)
            s.x[3 * i + j] = (real)((h >> (2 * j)) & 3) - 1;
        s.target[i] = (real)(i % 7 == 0);
        index[i] = (uint32_t)i;
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            if (memcmp(s.x + 3 * i, s.x + 3 * j, 3 * sizeof *s.x) == 0) {
                repeated++;
                contradicting += s.target[i] != s.target[j];
                break;
            }
    const struct part p = {&s, index, N};
    struct inspect q = {.part[0] = {.name = "file", .part = &p}, .n = 1};
    assert_int_equal(inspect_run(&q, &e), 0);
    assert_true(repeated > 100 && contradicting > 10);
    assert_int_equal(q.part[0].repeated, repeated);
    assert_int_equal(q.part[0].contradicting, contradicting);
    inspect_free(&q);
    samples_free(&s);
}

static int inspect_data(struct err *e)
{
    struct data d = {0};
    if (load_text(&d, "[data]\ngenerator = gaussians\nsamples = 20\nvalidation = 0.2\n", e))
        return -1;
    struct inspect q = {.part = {{.name = "train", .part = &d.train},
                                 {.name = "validation", .part = &d.val},
                                 {.name = "test", .part = &d.test}},
                        .n = 3,
                        .classes = d.classes};
    int r = inspect_run(&q, e);
    inspect_free(&q);
    data_free(&d);
    return r;
}

static void test_no_memory(void **state)
{
    (void)state;
    every_allocation(inspect_data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),    cmocka_unit_test(test_nothing_finite),
        cmocka_unit_test(test_constants), cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_many),      cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
