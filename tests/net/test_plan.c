/* test_plan.c - buffers that live at the same time never share an address, others do. */
#include "net/plan.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(const struct plan_item *items, int n, size_t total)
{
    for (int i = 0; i < n; i++) {
        assert_true(items[i].offset % MEM_ALIGN == 0);
        assert_true(items[i].offset + items[i].bytes <= total);
        for (int j = 0; j < i; j++) {
            bool together = items[i].first <= items[j].last && items[j].first <= items[i].last;
            bool apart = items[i].offset + items[i].bytes <= items[j].offset ||
                         items[j].offset + items[j].bytes <= items[i].offset;
            if (together && items[i].bytes && items[j].bytes)
                assert_true(apart);
        }
    }
}

static void random_lives(void **state)
{
    (void)state;
    enum { N = 60 };
    for (uint64_t round = 0; round < 200; round++) {
        struct plan_item items[N];
        struct rng r = rng_stream(1, "plan", "", round);
        struct err e = {0};
        size_t total, most = 0;
        for (int i = 0; i < N; i++) {
            items[i] = (struct plan_item){.bytes = rng_below(&r, 3000) * rng_below(&r, 2),
                                          .first = (int)rng_below(&r, 40)};
            items[i].last = items[i].first + (int)rng_below(&r, 10);
        }
        assert_int_equal(plan_place(items, N, &total, &e), 0);
        check(items, N, total);
        for (int t = 0; t < 50; t++) {
            size_t live = 0;
            for (int i = 0; i < N; i++)
                live += items[i].first <= t && t <= items[i].last ? items[i].bytes : 0;
            most = live > most ? live : most;
        }
        assert_true(total >= most && total <= 2 * most + MEM_ALIGN); /* little is wasted */
    }
}

/* A chain in which each buffer dies when the next but one is born needs two places. */
static void chain(void **state)
{
    (void)state;
    struct plan_item items[20];
    struct err e = {0};
    size_t total;
    for (int i = 0; i < 20; i++)
        items[i] = (struct plan_item){.bytes = 640, .first = i, .last = i + 1};
    assert_int_equal(plan_place(items, 20, &total, &e), 0);
    check(items, 20, total);
    assert_int_equal(total, 2 * 640);
}

static void sizes_that_overflow(void **state)
{
    (void)state;
    struct plan_item items[] = {{.bytes = SIZE_MAX / 2, .last = 1}};
    struct plan_item two[] = {{.bytes = SIZE_MAX / 5, .last = 1},
                              {.bytes = SIZE_MAX / 5, .last = 1}};
    struct err e = {0};
    size_t total;
    assert_int_equal(plan_place(items, 1, &total, &e), -1);
    assert_int_equal(e.kind, ERR_INTERNAL);
    e = (struct err){0};
    assert_int_equal(plan_place(two, 2, &total, &e), -1);
    assert_int_equal(e.kind, ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_lives), cmocka_unit_test(chain),
                                       cmocka_unit_test(sizes_that_overflow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
