/* Random numbers of every instruction set: the published answers, and the same as rng.h's. */
#include "base/rng.h"
#include "kernels/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* (The answer for all ones is a block that no position reaches: test_rng has it.) */
static void known_answers(void **state)
{
    (void)state;
    static const uint32_t zeros[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        uint32_t out[4];
        if (!k)
            continue;
        k->philox(out, (const uint32_t[2]){0, 0}, 0, 0, 4);
        assert_memory_equal(out, zeros, sizeof out);
    }
}

/* Any length from any block, past the carry into the counter's second word. */
static void as_the_streams(void **state)
{
    (void)state;
    enum { MOST = 150 };
    struct rng r = rng_stream(7, "dropout", "hidden", UINT64_C(0x123456789a));
    static const uint64_t starts[] = {0, 4, 1000, UINT64_C(0x3fffffff0), UINT64_C(0x8000000000)};
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (size_t s = 0; k && s < sizeof starts / sizeof *starts; s++)
            for (size_t n = 0; n < MOST; n++) {
                uint32_t out[MOST + 1];
                memset(out, 0xab, sizeof out);
                k->philox(out, r.key, r.index, starts[s], n);
                for (size_t j = 0; j < n; j++) {
                    uint32_t block[4];
                    rng_block(&r, (starts[s] + j) / 4, block);
                    assert_int_equal(out[j], block[j % 4]);
                }
                assert_int_equal(out[n], 0xabababab);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(as_the_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
