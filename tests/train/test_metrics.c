/* Tests of train/metrics.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "train/metrics.h"

#include <math.h>

static void expect(double got, double want)
{
    if (!(fabs(got - want) < 1e-15) && !(isnan(got) && isnan(want)))
        fail_msg("%.17g instead of %.17g", got, want);
}

static void test_three_classes(void **state)
{
    (void)state;
    /* rows are the truth; values by hand */
    static const uint64_t count[9] = {5, 2, 1, 0, 3, 1, 4, 0, 6};
    struct err e = {0};
    struct confusion c;
    assert_int_equal(confusion_new(&c, 3, &e), 0);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(c.count[i], 0);
        c.count[i] = count[i];
    }
    expect(confusion_precision(&c, 0), 5.0 / 9);
    expect(confusion_recall(&c, 0), 5.0 / 8);
    expect(confusion_f1(&c, 0), 2 * (5.0 / 9) * (5.0 / 8) / (5.0 / 9 + 5.0 / 8));
    expect(confusion_precision(&c, 1), 3.0 / 5);
    expect(confusion_recall(&c, 1), 3.0 / 4);
    expect(confusion_f1(&c, 1), 2.0 / 3);
    expect(confusion_precision(&c, 2), 6.0 / 8);
    expect(confusion_recall(&c, 2), 6.0 / 10);
    expect(confusion_f1(&c, 2), 2.0 / 3);
    confusion_free(&c);
    assert_null(c.count);
    confusion_free(&c);
}

static void test_undefined(void **state)
{
    (void)state;
    struct err e = {0};
    struct confusion c;
    assert_int_equal(confusion_new(&c, 3, &e), 0);
    c.count[0 * 3 + 1] = 4; /* class 0 never predicted, class 1 never true, class 2 neither */
    expect(confusion_precision(&c, 0), (double)NAN);
    expect(confusion_recall(&c, 0), 0);
    expect(confusion_f1(&c, 0), 0);
    expect(confusion_precision(&c, 1), 0);
    expect(confusion_recall(&c, 1), (double)NAN);
    expect(confusion_f1(&c, 1), 0);
    expect(confusion_precision(&c, 2), (double)NAN);
    expect(confusion_recall(&c, 2), (double)NAN);
    expect(confusion_f1(&c, 2), (double)NAN);
    confusion_free(&c);
}

static void test_top(void **state)
{
    (void)state;
    struct err e = {0};
    struct confusion c;
    assert_int_equal(confusion_new(&c, 4, &e), 0);
    expect(confusion_top(&c, 1), (double)NAN);
    c.rank[0] = 5;
    c.rank[1] = 2;
    c.rank[3] = 3;
    expect(confusion_top(&c, 1), 0.5);
    expect(confusion_top(&c, 2), 0.7);
    expect(confusion_top(&c, 3), 0.7);
    expect(confusion_top(&c, 4), 1);
    expect(confusion_top(&c, 100), 1);
    confusion_free(&c);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int n = 1; n <= 2; n++) {
        struct err e = {0};
        struct confusion c;
        size_t live = mem_live();
        mem_fail_at(n);
        assert_int_equal(confusion_new(&c, 10, &e), -1);
        mem_fail_at(0);
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_int_equal(mem_live(), live);
        confusion_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_classes),
        cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
