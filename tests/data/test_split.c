/* Tests of data/split.c. */
#include "data/help.h"

static int labels[1000];

static struct samples of(size_t n, int classes)
{
    for (size_t i = 0; i < n; i++)
        labels[i] = (int)(i * i / 7) % (classes ? classes : 1);
    return (struct samples){.n = n, .classes = classes, .label = classes ? labels : NULL};
}

static void free_parts(struct part *train, struct part *val)
{
    mem_free(train->index);
    mem_free(val->index);
}

/* Every sample is in one of the two, in ascending order, and each class is split as it should be.
 */
static void check_split(const struct samples *s, double fraction)
{
    struct part part[2];
    struct err e = {0};
    char seen[1000] = {0};
    int counts[2][10] = {{0}};
    assert_int_equal(data_split(s, fraction, 5, &part[0], &part[1], &e), 0);
    assert_int_equal(part[0].n + part[1].n, s->n);
    for (int p = 0; p < 2; p++) {
        assert_true(part[p].of == (part[p].n ? s : NULL));
        for (uint32_t i = 0; i < part[p].n; i++) {
            uint32_t j = part[p].index[i];
            assert_true(j < s->n && !seen[j]);
            assert_true(i == 0 || part[p].index[i - 1] < j);
            seen[j] = 1;
            counts[p][s->label ? s->label[j] : 0]++;
        }
    }
    for (int k = 0; k < 10; k++) {
        int n = counts[0][k] + counts[1][k];
        assert_int_equal(counts[1][k], (int)(fraction * n + 0.5));
    }
    free_parts(&part[0], &part[1]);
}

static void test_stratified(void **state)
{
    static const double fractions[] = {0, 0.1, 0.25, 0.5, 0.9, 0.999, 1};
    (void)state;
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
        for (int classes = 0; classes <= 10; classes += 2) {
            struct samples s = of(1000, classes);
            check_split(&s, fractions[i]);
            s = of(7, classes);
            check_split(&s, fractions[i]);
            s = of(0, classes);
            check_split(&s, fractions[i]);
        }
    }
}

static bool same_split(const struct samples *s, uint64_t a, uint64_t b)
{
    struct part t[2], v[2];
    struct err e = {0};
    assert_int_equal(data_split(s, 0.1, a, &t[0], &v[0], &e), 0);
    assert_int_equal(data_split(s, 0.1, b, &t[1], &v[1], &e), 0);
    bool same = v[0].n == v[1].n && memcmp(v[0].index, v[1].index, v[0].n * sizeof(uint32_t)) == 0;
    free_parts(&t[0], &v[0]);
    free_parts(&t[1], &v[1]);
    return same;
}

static void test_seed(void **state)
{
    struct samples s = of(1000, 10);
    (void)state;
    assert_true(same_split(&s, 1, 1));
    assert_false(same_split(&s, 1, 2));
    s.label = NULL;
    assert_true(same_split(&s, 1, 1));
    assert_false(same_split(&s, 1, 2));
}

/* The samples of one class do not move those of another. */
static void test_classes_are_independent(void **state)
{
    struct samples s = of(1000, 10);
    struct part t[2], v[2];
    struct err e = {0};
    (void)state;
    assert_int_equal(data_split(&s, 0.2, 1, &t[0], &v[0], &e), 0);
    uint32_t had[1000], n = 0, m = 0;
    for (uint32_t i = 0; i < v[0].n; i++) {
        if (labels[v[0].index[i]] == 0)
            had[n++] = v[0].index[i];
    }
    for (int i = 0; i < 1000; i++)
        labels[i] = labels[i] == 3 ? 4 : labels[i];
    assert_int_equal(data_split(&s, 0.2, 1, &t[1], &v[1], &e), 0);
    for (uint32_t i = 0; i < v[1].n; i++) {
        if (labels[v[1].index[i]] == 0)
            assert_int_equal(v[1].index[i], had[m++]);
    }
    assert_int_equal(m, n);
    assert_true(n > 0);
    free_parts(&t[0], &v[0]);
    free_parts(&t[1], &v[1]);
}

static void test_too_many(void **state)
{
    struct samples s = {.n = (size_t)DATA_SAMPLES_MAX + 1};
    struct part train, val;
    struct err e = {0};
    (void)state;
    assert_int_equal(data_split(&s, 0.1, 1, &train, &val, &e), -1);
    assert_string_equal(e.msg, "2147483648 samples are too many: at most 2147483647");
    assert_null(train.index);
    assert_null(val.index);
}

static int split_once(struct err *e)
{
    struct samples s = of(100, 10);
    struct part train, val;
    if (data_split(&s, 0.1, 1, &train, &val, e)) {
        assert_null(train.index);
        assert_null(val.index);
        return -1;
    }
    free_parts(&train, &val);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    every_allocation(split_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stratified),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_classes_are_independent),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
