/* Matrix products of every instruction set against the reference: all shapes around the tiles,
 * strides, epilogues, and any number of threads; and the blocking with tiny blocks. */
#include "kernels/matmul_cases.h"

/* The portable vectors with blocks of a few numbers, so that every loop around them turns often. */
#ifndef REAL_DOUBLE
#define ISA tiny
#define MATMUL_TINY
void matmul_fill_tiny(struct kernels *k);
#include "kernels/matmul.isa.c"
#endif

static bool is_fused(const struct kernels *k)
{
    return strcmp(k->isa, "base") != 0;
}

static struct matmul_case sample(uint32_t *seed, int m, int n, int k)
{
    struct matmul_case c = {m, n, k, (int)(array_random(seed) % CASE_ALL), ACT_NONE, CASE_STORE};
    c.act = (enum act)(array_random(seed) % ACT_SOFTMAX);
    if (array_random(seed) % 2)
        c.update = (enum case_update)(array_random(seed) % CASE_UPDATES);
    return c;
}

/* Every m and n from 0 to two tiles and one, with a k, strides and an epilogue drawn by lot. */
static void small_shapes(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        if (!k)
            continue;
        for (int m = 0; m <= 29; m++)
            for (int n = 0; n <= 65; n += m < 8 ? 1 : 3) {
                struct matmul_case c = sample(&seed, m, n, (int)(array_random(&seed) % 9));
                case_check(&c, k, is_fused(k));
            }
    }
}

static void every_switch(void **state)
{
    (void)state;
    static const int shapes[][3] = {
        {1, 300, 33}, {300, 1, 40}, {3, 130, 17}, {17, 10, 70}, {20, 70, 40}};
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (int s = 0; k && s < 5; s++)
            for (int flags = 0; flags < CASE_ALL; flags++) {
                struct matmul_case c = {shapes[s][0],
                                        shapes[s][1],
                                        shapes[s][2],
                                        flags,
                                        (enum act)(flags % (ACT_SOFTMAX + 1)),
                                        (enum case_update)(flags % CASE_UPDATES)};
                case_check(&c, k, is_fused(k));
            }
    }
}

/* Larger than a block in each direction. */
static void large_shapes(void **state)
{
    (void)state;
    static const int shapes[][3] = {{1, 1500, 800}, {190, 70, 801}, {30, 900, 50}, {3, 20, 2000}};
    for (int i = 1; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (int s = 0; k && s < 4; s++)
            for (int flags = 0; flags < 4; flags++) {
                struct matmul_case c = {shapes[s][0], shapes[s][1],
                                        shapes[s][2], flags | CASE_ADD | CASE_BIAS | CASE_WIDE,
                                        ACT_RELU,     (enum case_update)(flags)};
                case_check(&c, k, is_fused(k));
            }
    }
}

#ifndef REAL_DOUBLE
static void tiny_blocks(void **state)
{
    (void)state;
    struct kernels k = *kernels_get("base");
    uint32_t seed = 7;
    k.isa = "tiny";
    matmul_fill_tiny(&k);
    for (int round = 0; round < 1500; round++) {
        int m = (int)(array_random(&seed) % 40), n = (int)(array_random(&seed) % 60);
        struct matmul_case c = sample(&seed, m, n, (int)(array_random(&seed) % 30));
        case_check(&c, &k, false);
        real *a = malloc((case_size(&c) + 1) * sizeof *a),
             *b = malloc((case_size(&c) + 1) * sizeof *b);
        case_run(&c, &k, 1, a);
        case_run(&c, kernels_get("base"), 1, b);
        case_compare(&c, "blocks", a, b, true);
        free(a);
        free(b);
    }
}
#endif

static void same_bits_with_fused_sets(void **state)
{
    (void)state;
    const struct kernels *a = kernels_get("avx2"), *b = kernels_get("avx512");
    uint32_t seed = 3;
    if (!a || !b)
        skip();
    for (int round = 0; round < 300; round++) {
        int m = (int)(array_random(&seed) % 60), n = (int)(array_random(&seed) % 90);
        struct matmul_case c = sample(&seed, m, n, (int)(array_random(&seed) % 60));
        real *x = malloc((case_size(&c) + 1) * sizeof *x),
             *y = malloc((case_size(&c) + 1) * sizeof *y);
        case_run(&c, a, 1, x);
        case_run(&c, b, 2, y);
        case_compare(&c, "avx2 and avx512", x, y, true);
        free(x);
        free(y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_shapes),
        cmocka_unit_test(every_switch),
        cmocka_unit_test(large_shapes),
#ifndef REAL_DOUBLE
        cmocka_unit_test(tiny_blocks),
#endif
        cmocka_unit_test(same_bits_with_fused_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
