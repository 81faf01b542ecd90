/* Tests of data/generators: what holds for all of them, and what each promises. */
#include "data/help.h"

#include <math.h>

static struct data_conf with(double noise, uint64_t seed)
{
    return (struct data_conf){.noise = noise, .seed = seed};
}

static struct samples make(const char *name, size_t n, double noise, uint64_t seed,
                           const char *part)
{
    const struct data_generator *g = data_find_generator(name);
    struct data_conf c = with(noise, seed);
    struct samples s = {0};
    struct err e = {0};
    assert_non_null(g);
    if (g->make(&s, n, &c, part, &e))
        fail_msg("%s: %s", name, e.msg);
    return s;
}

static bool same(const struct samples *a, const struct samples *b, size_t n)
{
    size_t size = shape_size(a->shape);
    return memcmp(a->x, b->x, n * size * sizeof *a->x) == 0 &&
           (!a->label || memcmp(a->label, b->label, n * sizeof *a->label) == 0) &&
           (!a->target || memcmp(a->target, b->target, n * (size_t)a->k * sizeof(real)) == 0);
}

/* Sample i depends on (seed, part, i) only. */
static void test_streams(void **state)
{
    (void)state;
    for (int i = 0; generator_registry[i]; i++) {
        const char *name = generator_registry[i]->name;
        size_t live = mem_live();
        struct samples a = make(name, 53, -1, 1, "train"), b = make(name, 106, -1, 1, "train");
        struct samples c = make(name, 53, -1, 2, "train"), d = make(name, 53, -1, 1, "test");
        struct samples f = make(name, 53, generator_registry[i]->noise, 1, "train");
        assert_int_equal(a.n, 53);
        assert_true(same(&a, &b, 53));
        assert_false(same(&a, &c, 53));
        assert_false(same(&a, &d, 53));
        assert_true(same(&a, &f, 53)); /* the noise it says is the noise it takes */
        samples_free(&a);
        samples_free(&b);
        samples_free(&c);
        samples_free(&d);
        samples_free(&f);
        assert_int_equal(mem_live(), live);
    }
}

static void test_values_are_finite(void **state)
{
    static const double noises[] = {-1, 0, 0.5, 4};
    (void)state;
    for (int i = 0; generator_registry[i]; i++) {
        for (int j = 0; j < 4; j++) {
            struct samples s = make(generator_registry[i]->name, 500, noises[j], 3, "train");
            size_t n = s.n * shape_size(s.shape);
            for (size_t k = 0; k < n; k++)
                assert_true(isfinite(s.x[k]));
            for (size_t k = 0; s.label && k < s.n; k++)
                assert_in_range(s.label[k], 0, s.classes - 1);
            samples_free(&s);
        }
    }
}

/* Every class the same number of times, in every block of `block` samples. */
static void check_balance(const struct samples *s, size_t block)
{
    for (size_t i = 0; i < s->n; i += block) {
        int count[10] = {0};
        for (size_t j = i; j < i + block; j++)
            count[s->label[j]]++;
        for (int k = 0; k < s->classes; k++)
            assert_int_equal(count[k], (int)block / s->classes);
    }
}

static void test_gaussians(void **state)
{
    struct samples s = make("gaussians", 4000, -1, 1, "train");
    double mean[2][2] = {{0}}, square = 0;
    (void)state;
    assert_true(shape_equal(s.shape, (struct shape){2, 1, 1}));
    assert_int_equal(s.classes, 2);
    check_balance(&s, 4);
    for (size_t i = 0; i < s.n; i++) {
        double x = (double)s.x[2 * i], y = (double)s.x[2 * i + 1];
        assert_int_equal(s.label[i], x * y > 0); /* 1 on the main diagonal */
        mean[x > 0][y > 0]++;
        square += (fabs(x) - 1) * (fabs(x) - 1) + (fabs(y) - 1) * (fabs(y) - 1);
    }
    for (int i = 0; i < 4; i++)
        assert_true(mean[i / 2][i % 2] == 1000);
    /* 0.1 and then 0.02, on 8000 numbers: within four deviations of the estimate */
    double sigma = sqrt(square / 8000), want = sqrt(0.1 * 0.1 + 0.02 * 0.02);
    assert_true(fabs(sigma / want - 1) < 4 / sqrt(2 * 8000.0));
    samples_free(&s);
    s = make("gaussians", 4000, 0, 1, "train");
    for (size_t i = 0; i < 2 * s.n; i++)
        assert_true(fabs(fabs((double)s.x[i]) - 1) < 0.12);
    samples_free(&s);
}

/* Ink at the border, or a sample without any, would be a wrong drawing. */
static void test_digits(void **state)
{
    struct samples s = make("digits", 2000, -1, 1, "train");
    double centre[10][256] = {{0}};
    (void)state;
    assert_true(shape_equal(s.shape, (struct shape){1, 16, 16}));
    assert_int_equal(s.classes, 10);
    check_balance(&s, 10);
    for (size_t i = 0; i < s.n; i++) {
        int ink = 0;
        for (int j = 0; j < 256; j++) {
            real v = s.x[i * 256 + j];
            assert_true(v >= -1 && v <= 1);
            ink += v > 0;
            centre[s.label[i]][j] += (double)v / 200;
        }
        assert_in_range(ink, 6, 140);
    }
    /* the nearest mean of a class is the right one for most: they are digits and not noise */
    struct samples t = make("digits", 1000, -1, 1, "test");
    int right = 0;
    for (size_t i = 0; i < t.n; i++) {
        int best = 0;
        double least = 1e9;
        for (int k = 0; k < 10; k++) {
            double d = 0;
            for (int j = 0; j < 256; j++)
                d += pow((double)t.x[i * 256 + j] - centre[k][j], 2);
            best = d < least ? k : best;
            least = d < least ? d : least;
        }
        right += best == t.label[i];
    }
    assert_in_range(right, 750, 970);
    samples_free(&s);
    samples_free(&t);
}

/* Stored runs name their data by seed alone, so these bits must never change. */
static void test_bits(void **state)
{
#ifdef REAL_DOUBLE
    (void)state;
    skip();
#else
    static const struct {
        const char *name;
        uint32_t crc;
    } known[] = {{"digits", 0xcd890583}, {"gaussians", 0x0ab90202}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct samples s = make(known[i].name, 100, -1, 1, "train");
        uint32_t crc = io_crc32(0, s.x, s.n * shape_size(s.shape) * sizeof *s.x);
        crc = io_crc32(crc, s.label, s.n * sizeof *s.label);
        if (crc != known[i].crc)
            fail_msg("%s: 0x%08x", known[i].name, crc);
        samples_free(&s);
    }
#endif
}

static const struct data_generator *failing;

static int make_once(struct err *e)
{
    struct data_conf c = with(-1, 1);
    struct samples s = {0};
    if (failing->make(&s, 10, &c, "train", e)) {
        assert_null(s.x);
        return -1;
    }
    samples_free(&s);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int i = 0; (failing = generator_registry[i]); i++)
        every_allocation(make_once);
}

static void test_hostile_size(void **state)
{
    (void)state;
    for (int i = 0; generator_registry[i]; i++) {
        struct data_conf c = with(-1, 1);
        struct samples s = {0};
        struct err e = {0};
        assert_int_equal(generator_registry[i]->make(&s, SIZE_MAX / 2, &c, "train", &e), -1);
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_null(s.x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),      cmocka_unit_test(test_values_are_finite),
        cmocka_unit_test(test_gaussians),    cmocka_unit_test(test_digits),
        cmocka_unit_test(test_bits),         cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_hostile_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
