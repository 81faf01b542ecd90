/* Matrix products of every instruction set against the reference: all shapes around the tiles,
 * strides, epilogues, and any number of threads; and the blocking with tiny blocks. */
#include "kernels/matmul_cases.h"

#ifndef REAL_DOUBLE
/* A thread that leaves its queue to the others: at once, or half way. */
static struct {
    struct par_queue queue[8];
    bool may;
    uint32_t seed;
    int left;
} leaving;

static int take_or_leave(struct par_queue *q, int most)
{
    if (leaving.may && array_random(&leaving.seed) % 4 == 0) {
        leaving.left++;
        return 0;
    }
    return par_queue_take(q, most);
}

/* The portable vectors with blocks of a few numbers, so that every loop around them turns often. */
#define ISA tiny
#define MATMUL_TINY
#define par_queue_take take_or_leave
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

/* Steps by one sample: rows shorter than a vector, one behind the other or not, and longer ones. */
static void one_sample(void **state)
{
    (void)state;
    static const int flags[] = {0, CASE_TURN_A, CASE_WIDE, CASE_SCATTERED | CASE_TURN_B};
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        for (int m = 1; k && m < 40; m += m < 3 ? 1 : 19)
            for (int n = 1; n < 300; n += n < 40 ? 1 : 29)
                for (int f = 0; f < 4; f++) {
                    struct matmul_case c = {m, n, 1, flags[f], ACT_NONE, CASE_PLAIN};
                    case_check(&c, k, is_fused(k));
                }
    }
}

/* A row times `rows` rows of n weights, which are updated first, in one call or in two. */
struct joined {
    int rows, n, flags;
    enum case_update rule;
};

/* The product and the weights with two slots, one behind the other in out. */
static void joined_run(const struct joined *c, const struct kernels *k, bool once, real *out)
{
    size_t rows = (size_t)c->rows, n = (size_t)c->n, size = rows * n;
    const struct matmul_case how = {c->rows, c->n, 1, c->flags, ACT_NONE, c->rule};
    const struct update u = case_rule(&how);
    real *a = array_new(2 * rows), *b = array_new(2 * n), *gradient = array_new(size);
    real *scratch = aligned_alloc(64, (k->matmul_scratch + 15) / 16 * 64), *w = out + n;
    array_fill(a, 2 * rows, 1);
    array_fill(b, 2 * n, 2);
    array_fill(w, 3 * size, 3);
    for (size_t i = 2 * size; i < 3 * size; i++) /* running squares are not negative */
        w[i] *= w[i];
    const struct matmul update = {.m = c->rows,
                                  .n = c->n,
                                  .k = 1,
                                  .a = a,
                                  .a_rs = 1,
                                  .b = b,
                                  .b_cs = 1,
                                  .c = gradient,
                                  .ldc = c->n,
                                  .update = &u,
                                  .w = w,
                                  .slot = {w + size, w + 2 * size},
                                  .scratch = scratch};
    const struct matmul mm = {.m = 1,
                              .n = c->n,
                              .k = c->rows,
                              .a = a + rows,
                              .a_cs = 1,
                              .b = w,
                              .b_rs = c->n,
                              .b_cs = 1,
                              .c = out,
                              .ldc = c->n,
                              .bias = c->flags & CASE_BIAS ? b + n : NULL,
                              .act = c->flags & CASE_DACT ? ACT_TANH : ACT_RELU,
                              .scratch = scratch};
    if (once) {
        k->update_matmul(&update, &mm);
    } else {
        k->matmul(&update, 0, 1);
        k->matmul(&mm, 0, 1);
    }
    assert_true(array_free(gradient, size) && array_free(a, 2 * rows) && array_free(b, 2 * n));
    free(scratch);
}

static void joined(const struct kernels *k, int rows, int n, enum case_update rule, int flags)
{
    const struct joined c = {rows, n, flags, rule};
    size_t size = (size_t)n * (size_t)(1 + 3 * rows);
    real *once = array_new(size), *twice = array_new(size);
    joined_run(&c, k, true, once);
    joined_run(&c, k, false, twice);
    if (memcmp(once, twice, size * sizeof *once) != 0)
        fail_msg("%s: %d x %d, rule %d, flags %d", k->isa, rows, n, (int)rule, flags);
    assert_true(array_free(once, size) && array_free(twice, size));
}

static void joined_everywhere(const struct kernels *k)
{
    static const int rows[] = {0, 1, 2, 3, 4, 7, 21};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int n = 1; n < 150; n += n < 40 ? 1 : 7)
            for (int flags = 0; flags <= CASE_DACT; flags += CASE_BIAS)
                joined(k, rows[r], n, CASE_PLAIN, flags);
    joined(k, 9, 300, CASE_MOMENTUM, 0);
    joined(k, 300, 9, CASE_DECAY, 0);
    joined(k, 40, 33, CASE_ADAM, CASE_BIAS);
    joined(k, 6, 1021, CASE_PLAIN, CASE_BIAS);
    joined(k, 6, 1030, CASE_PLAIN, CASE_BIAS);
}

static void update_and_product(void **state)
{
    (void)state;
    for (int i = 0; kernels_names[i]; i++)
        if (kernels_get(kernels_names[i]))
            joined_everywhere(kernels_get(kernels_names[i]));
#ifndef REAL_DOUBLE
    struct kernels k = *kernels_get("base");
    k.isa = "tiny";
    matmul_fill_tiny(&k);
    joined_everywhere(&k);
#endif
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

#ifndef REAL_DOUBLE
/* As threads one behind the other, all of which but the last leave much to those behind them. */
static void leaving_matmul(const struct matmul *all, int tid, int nt)
{
    struct matmul mm = *all;
    mm.queues = leaving.queue;
    leaving.may = tid + 1 < nt;
    matmul(&mm, tid, nt);
    if (!leaving.may)
        help_others(&mm, tid, nt); /* even with little or nothing to do itself */
}

static void others_finish_a_part(void **state)
{
    (void)state;
    struct kernels k = *kernels_get("base");
    uint32_t seed = 11;
    k.isa = "tiny";
    matmul_fill_tiny(&k);
    k.matmul = leaving_matmul;
    for (int round = 0; round < 800; round++) {
        int m = (int)(array_random(&seed) % 70), n = (int)(array_random(&seed) % 90);
        struct matmul_case c = sample(&seed, m, n, (int)(array_random(&seed) % 30));
        case_check(&c, &k, false);
    }
    assert_true(leaving.left > 500);
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
        cmocka_unit_test(one_sample),
        cmocka_unit_test(update_and_product),
#ifndef REAL_DOUBLE
        cmocka_unit_test(tiny_blocks),
        cmocka_unit_test(others_finish_a_part),
#endif
        cmocka_unit_test(same_bits_with_fused_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
