/* Tests of base/rng.c. */
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The published answers of Philox4x32-10: counters and keys of zeros, of ones, and of pi's digits.
 */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const uint32_t *c = known[i].counter;
        struct rng r = {.key = {known[i].key[0], known[i].key[1]},
                        .index = (uint64_t)c[3] << 32 | c[2]};
        uint32_t out[4];
        rng_block(&r, (uint64_t)c[1] << 32 | c[0], out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void positions_and_blocks_agree(void **state)
{
    (void)state;
    struct rng r = rng_stream(1, "init", "hidden", 0);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t block[4];
        rng_block(&r, i / 4, block);
        assert_int_equal(rng_u32(&r), block[i % 4]);
    }
    r.pos = 2; /* back, to any place */
    uint32_t block[4];
    rng_block(&r, 0, block);
    assert_int_equal(rng_u32(&r), block[2]);
    assert_int_equal(rng_u32(&r), block[3]);
}

static void streams_differ(void **state)
{
    (void)state;
    struct rng r[] = {
        rng_stream(1, "init", "hidden", 0), rng_stream(2, "init", "hidden", 0),
        rng_stream(1, "drop", "hidden", 0), rng_stream(1, "init", "output", 0),
        rng_stream(1, "init", "hidden", 1), rng_stream(1, "inithid", "den", 0),
        rng_stream(1, "init", "", 0),       rng_stream(1, "", "init", 0),
        rng_stream(0, "init", "hidden", 0), rng_stream(1, "init", "hidden", UINT64_C(1) << 32),
    };
    enum { N = sizeof r / sizeof *r };
    uint64_t first[N];
    for (int i = 0; i < N; i++)
        first[i] = (uint64_t)rng_u32(&r[i]) << 32 | rng_u32(&r[i]);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            assert_true(first[i] != first[j]);
    struct rng again = rng_stream(1, "init", "hidden", 0);
    assert_int_equal((uint64_t)rng_u32(&again) << 32 | rng_u32(&again), first[0]);
}

static void below_is_uniform(void **state)
{
    (void)state;
    struct rng r = rng_stream(3, "test", "below", 0);
    enum { N = 7, DRAWS = 70000 };
    int count[N] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint32_t v = rng_below(&r, N);
        assert_in_range(v, 0, N - 1);
        count[v]++;
    }
    for (int i = 0; i < N; i++) /* five standard deviations */
        assert_in_range(count[i], DRAWS / N - 470, DRAWS / N + 470);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rng_below(&r, 1), 0);
    /* the largest range that refuses half of all numbers */
    uint64_t sum = 0;
    for (int i = 0; i < 10000; i++) {
        uint32_t v = rng_below(&r, 0x80000001u);
        assert_in_range(v, 0, 0x80000000u);
        sum += v;
    }
    assert_true(fabs((double)sum / 10000 / 0x80000000u - 0.5) < 0.015);
}

static void moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    struct rng r = rng_stream(4, "test", "moments", 0);
    double mean = 0, square = 0;
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&r);
        assert_true(u >= 0 && u < 1);
        mean += u / N;
        square += u * u / N;
    }
    assert_true(fabs(mean - 0.5) < 0.004 && fabs(square - 1 / 3.0) < 0.004);

    double m[5] = {0};
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&r);
        assert_true(fabs(x) < 8.6); /* sqrt(-2 ln 2^-53) */
        for (int p = 1; p < 5; p++)
            m[p] += pow(x, p) / N;
    }
    assert_true(fabs(m[1]) < 0.012 && fabs(m[2] - 1) < 0.016);
    assert_true(fabs(m[3]) < 0.05 && fabs(m[4] - 3) < 0.12);
}

static void a_normal_is_two_uniforms(void **state)
{
    (void)state;
    struct rng r = rng_stream(5, "test", "normal", 0);
    rng_normal(&r);
    assert_int_equal(r.pos, 4);
}

static void every_order_is_as_likely(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    struct rng r = rng_stream(6, "test", "shuffle", 0);
    int count[27] = {0}, orders = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint32_t a[3] = {0, 1, 2};
        rng_shuffle(&r, a, 3);
        assert_int_equal(1u << a[0] | 1u << a[1] | 1u << a[2], 7);
        count[9 * a[0] + 3 * a[1] + a[2]]++;
    }
    for (int i = 0; i < 27; i++)
        if (count[i] > 0) {
            assert_in_range(count[i], DRAWS / 6 - 460, DRAWS / 6 + 460);
            orders++;
        }
    assert_int_equal(orders, 6);
    rng_shuffle(&r, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(positions_and_blocks_agree),
        cmocka_unit_test(streams_differ),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(moments),
        cmocka_unit_test(a_normal_is_two_uniforms),
        cmocka_unit_test(every_order_is_as_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
