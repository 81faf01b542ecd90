/* Tests of base/mem.c. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT ((size_t)64 << 20) /* what main sets */

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static void blocks_are_aligned_and_zero(void **state)
{
    (void)state;
    struct err e = {0};
    for (size_t n = 0; n < 300; n++) {
        unsigned char *p = mem_alloc(n, 3, &e);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % MEM_ALIGN, 0);
        assert_true(all_zero(p, 3 * n));
        memset(p, 0xff, 3 * n); /* what comes next must not see it */
        mem_free(p);
    }
    mem_free(NULL);
    assert_int_equal(mem_live(), 0);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    static const size_t bad[][2] = {{SIZE_MAX, 1},
                                    {SIZE_MAX, SIZE_MAX},
                                    {SIZE_MAX / 2 + 1, 2},
                                    {SIZE_MAX - 64, 1},
                                    {SIZE_MAX - 127, 1},
                                    {SIZE_MAX / 8 + 2, 8},
                                    {(size_t)1 << 33, (size_t)1 << 33}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        assert_null(mem_alloc(bad[i][0], bad[i][1], &e));
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_non_null(strstr(e.msg, "out of memory"));
    }
    assert_true(mem_mul(SIZE_MAX / 2, 2) == SIZE_MAX - 1);
    assert_true(mem_mul(SIZE_MAX / 2 + 1, 2) == SIZE_MAX);
    assert_true(mem_mul(0, SIZE_MAX) == 0);
    assert_int_equal(mem_live(), 0);
}

static void limit_holds(void **state)
{
    (void)state;
    struct err e = {0};
    void *half = mem_alloc(LIMIT / 2, 1, &e);
    assert_non_null(half);
    assert_null(mem_alloc(LIMIT / 2 + 1, 1, &e));
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_non_null(strstr(e.msg, "MiB"));
    struct err e2 = {0};
    void *quarter = mem_alloc(LIMIT / 4, 1, &e2);
    assert_non_null(quarter);
    assert_in_range(mem_live(), LIMIT * 3 / 4, LIMIT);
    assert_true(mem_peak() >= mem_live());
    mem_free(half);
    mem_free(quarter);
    assert_int_equal(mem_live(), 0);
    assert_true(mem_peak() >= LIMIT * 3 / 4);
    void *whole = mem_alloc(LIMIT - 1024, 1, &e2);
    assert_non_null(whole);
    mem_free(whole);
}

static void grows_and_keeps(void **state)
{
    (void)state;
    struct err e = {0};
    int *a = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mem_grow(&a, &cap, (size_t)i + 1, sizeof *a, &e), 0);
        assert_true(cap > (size_t)i && a[i] == 0);
        a[i] = i + 1;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(a[i], i + 1);
    assert_true(cap <= 2048);

    int *before = a;
    size_t cap_before = cap;
    assert_int_equal(mem_grow(&a, &cap, SIZE_MAX / 2, sizeof *a, &e), -1);
    assert_int_equal(mem_grow(&a, &cap, LIMIT, sizeof *a, &e), -1);
    mem_fail_at(1);
    assert_int_equal(mem_grow(&a, &cap, cap + 1, sizeof *a, &e), -1);
    assert_true(mem_failed());
    assert_ptr_equal(a, before);
    assert_int_equal(cap, cap_before);
    assert_int_equal(a[999], 1000);
    mem_free(a);
    assert_int_equal(mem_live(), 0);
}

/* Sizes around the one from which blocks come from the system itself. */
static void large_blocks_are_like_small_ones(void **state)
{
    (void)state;
    struct err e = {0};
    mem_use_whole(NULL);
    for (size_t n = (size_t)1 << 16; n < (size_t)1 << 22; n = n * 2 - 64) {
        unsigned char *p = mem_alloc(n, 1, &e);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % MEM_ALIGN, 0);
        assert_true(all_zero(p, n));
        memset(p, 0xff, n);
        size_t cap = n, live = mem_live();
        mem_fail_at(1);
        assert_int_equal(mem_grow(&p, &cap, n + 1, 1, &e), -1);
        mem_fail_at(0);
        assert_true(cap == n && mem_live() == live);
        assert_int_equal(mem_grow(&p, &cap, n + 1, 1, &e), 0);
        assert_true(cap >= 2 * n && mem_live() >= live + n);
        mem_use_whole(p);
        assert_true(p[0] == 0xff && p[n - 1] == 0xff && all_zero(p + n, n));
        mem_free(p);
        assert_int_equal(mem_live(), 0);
    }
}

static void copies_of_text(void **state)
{
    (void)state;
    struct err e = {0};
    char *a = mem_strdup("abc", &e), *b = mem_strndup("abc", 2, &e), *c = mem_strdup("", &e);
    char *d = mem_printf(&e, "%s-%d", "x", 12), *long_one = mem_printf(&e, "%5000d", 7);
    assert_string_equal(a, "abc");
    assert_string_equal(b, "ab");
    assert_string_equal(c, "");
    assert_string_equal(d, "x-12");
    assert_int_equal(strlen(long_one), 5000);
    assert_null(mem_strndup("abc", SIZE_MAX, &e));
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(d);
    mem_free(long_one);
    assert_int_equal(mem_live(), 0);
}

static void every_null_has_a_reason(void **state)
{
    (void)state;
    struct err e = {0};
    assert_null(mem_strndup("abc", SIZE_MAX, &e));
    assert_int_equal(e.kind, ERR_INTERNAL);
}

static void nth_allocation_fails_once(void **state)
{
    (void)state;
    struct err e = {0};
    mem_fail_at(3);
    void *a = mem_alloc(1, 1, &e), *b = mem_alloc(1, 1, &e);
    assert_true(a && b && !mem_failed());
    assert_null(mem_alloc(1, 1, &e));
    assert_true(mem_failed());
    assert_int_equal(e.kind, ERR_INTERNAL);
    void *c = mem_alloc(1, 1, &e);
    assert_non_null(c);
    mem_fail_at(0);
    assert_false(mem_failed());
    mem_free(a);
    mem_free(b);
    mem_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_zero),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(limit_holds),
        cmocka_unit_test(grows_and_keeps),
        cmocka_unit_test(large_blocks_are_like_small_ones),
        cmocka_unit_test(copies_of_text),
        cmocka_unit_test(every_null_has_a_reason),
        cmocka_unit_test(nth_allocation_fails_once),
    };
    setenv("DIYNN_MEMORY", "64", 1); /* before the first allocation, which reads it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
