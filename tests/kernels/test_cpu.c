/* Tests of kernels/cpu.c: the tables of the instruction sets and the choice among them. */
#include "kernels/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void names_give_their_tables(void **state)
{
    (void)state;
    assert_string_equal(kernels_names[0], "ref");
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        assert_int_equal(k != NULL, kernels_supported(kernels_names[i]));
        if (k)
            assert_string_equal(k->isa, kernels_names[i]);
    }
    assert_true(kernels_supported("ref"));
    static const char *const unknown[] = {"", "sse", "AVX2", "avx", "avx5123", "ref "};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_null(kernels_get(unknown[i]));
        assert_false(kernels_supported(unknown[i]));
    }
}

static void best_is_the_last_supported(void **state)
{
    (void)state;
    const char *last = NULL;
    for (int i = 0; kernels_names[i]; i++)
        if (kernels_supported(kernels_names[i]))
            last = kernels_names[i];
    assert_string_equal(kernels_get(NULL)->isa, last);
    assert_ptr_equal(kernels_get(NULL), kernels_get("auto"));
    assert_ptr_equal(kernels_get(NULL), kernels_get(last));
}

/* A pointer to a function for every one of the table's, and none left out. */
static void every_pointer_is_set(void **state)
{
    (void)state;
    size_t first = offsetof(struct kernels, matmul);
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (size_t at = first; k && at < sizeof *k; at += sizeof(void (*)(void))) {
            void (*f)(void);
            memcpy(&f, (const char *)k + at, sizeof f);
            assert_true(f != NULL);
        }
    }
}

/* A set has versions of its own of what counts: forgetting to fill one in would go unnoticed.
 * Of convolutions it has all or none. */
static void sets_differ_from_the_reference(void **state)
{
    (void)state;
    const struct kernels *ref = kernels_get("ref");
    for (int i = 1; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        bool conv = k && k->conv_forward != ref->conv_forward;
        for (size_t at = offsetof(struct kernels, matmul); k && at < sizeof *k;
             at += sizeof(void (*)(void)))
            if (conv || at < offsetof(struct kernels, conv_scratch) ||
                at > offsetof(struct kernels, conv_backward_weights_sum))
                assert_memory_not_equal((const char *)k + at, (const char *)ref + at,
                                        sizeof(void (*)(void)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_give_their_tables),
        cmocka_unit_test(best_is_the_last_supported),
        cmocka_unit_test(every_pointer_is_set),
        cmocka_unit_test(sets_differ_from_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
