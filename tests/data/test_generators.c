/* Tests of data/generators: what holds for all of them, and what each promises. */
#include "data/help.h"

#include "base/par.h"

#include <math.h>

static struct data_conf with(const struct data_generator *g, double noise, uint64_t seed)
{
    struct data_conf c = {.noise = noise, .seed = seed};
    struct err e = {0};
    assert_non_null(g);
    if (g->opts) {
        c.own = mem_alloc(1, g->conf_size, &e);
        assert_non_null(c.own);
        assert_int_equal(opt_defaults(g->opts, c.own, &e), 0);
    }
    return c;
}

static struct samples make(const char *name, size_t n, double noise, uint64_t seed,
                           const char *part)
{
    const struct data_generator *g = data_find_generator(name);
    struct data_conf c = with(g, noise, seed);
    struct samples s = {0};
    struct err e = {0};
    if (g->make(&s, n, &c, part, &e))
        fail_msg("%s: %s", name, e.msg);
    mem_free(c.own);
    return s;
}

/* The training samples of a section [data]. */
static struct samples train_of(const char *ini)
{
    struct data d;
    struct err e = {0};
    if (load_text(&d, ini, &e))
        fail_msg("%s", e.msg);
    struct samples s = d.train_file;
    d.train_file = (struct samples){0};
    data_free(&d);
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

static void test_two_gaussians(void **state)
{
    struct samples s = train_of("[data]\ngenerator = gaussians\nclouds = 2\ncentre = 2.5\nnoise = "
                                "0.5\nsamples = 2000\ntest_samples = 0\n");
    double mean[2][2] = {{0}};
    (void)state;
    assert_int_equal(s.classes, 2);
    check_balance(&s, 2);
    for (size_t i = 0; i < s.n; i++)
        for (int k = 0; k < 2; k++)
            mean[s.label[i]][k] += (double)s.x[2 * i + k] / 1000;
    for (int k = 0; k < 2; k++) {
        assert_true(fabs(mean[1][k] - 2.5) < 4 * 0.5 / sqrt(1000));
        assert_true(fabs(mean[0][k] + 2.5) < 4 * 0.5 / sqrt(1000));
    }
    samples_free(&s);
}

/* The noise is uniform in [-noise, noise), and what remains is the line. */
static void test_line(void **state)
{
    struct samples s = make("line", 4000, -1, 1, "train");
    double sum = 0, square = 0;
    (void)state;
    assert_true(shape_equal(s.shape, (struct shape){1, 1, 1}));
    assert_int_equal(s.classes, 0);
    assert_int_equal(s.k, 1);
    for (size_t i = 0; i < s.n; i++) {
        double x = (double)s.x[i], rest = (double)s.target[i] - 97.28 * x;
        assert_true(x >= 0 && x < 1 && fabs(rest) <= 50.001);
        sum += rest / 4000;
        square += rest * rest / 4000;
    }
    assert_true(fabs(sum) < 4 * 50 / sqrt(3 * 4000.0));
    assert_true(fabs(square / (2500 / 3.0) - 1) < 0.06);
    samples_free(&s);
    s = train_of("[data]\ngenerator = line\ntarget = value\nalpha = -3\nnoise = 0\n");
    for (size_t i = 0; i < s.n; i++)
        assert_true(fabs((double)s.target[i] + 3 * (double)s.x[i]) < 1e-6);
    samples_free(&s);
}

static void test_checkerboard(void **state)
{
    struct samples s = make("checkerboard", 6400, 0, 1, "train");
    int fields[8][8] = {{0}};
    (void)state;
    assert_int_equal(s.classes, 2);
    for (size_t i = 0; i < s.n; i++) {
        double x = (double)s.x[2 * i], y = (double)s.x[2 * i + 1];
        assert_true(x >= -4 && x < 4 && y >= -4 && y < 4);
        assert_int_equal(s.label[i], ((int)ceil(x) + (int)ceil(y)) & 1);
        fields[(int)floor(x) + 4][(int)floor(y) + 4]++;
    }
    for (int i = 0; i < 64; i++)
        assert_in_range(fields[i / 8][i % 8], 50, 150);
    samples_free(&s);
    /* a move of 0.02 carries about 4 * 0.02 * E|N| / 2 = 3% of the points over a border */
    s = make("checkerboard", 6400, -1, 1, "train");
    int wrong = 0;
    for (size_t i = 0; i < s.n; i++)
        wrong +=
            s.label[i] != (((int)ceil((double)s.x[2 * i]) + (int)ceil((double)s.x[2 * i + 1])) & 1);
    assert_in_range(wrong, 130, 270);
    samples_free(&s);
}

static void test_circles(void **state)
{
    struct samples s = train_of("[data]\ngenerator = circles\nnoise = 0\nfactor = 0.5\n");
    double turn[2] = {0};
    (void)state;
    check_balance(&s, 2);
    for (size_t i = 0; i < s.n; i++) {
        double x = (double)s.x[2 * i], y = (double)s.x[2 * i + 1];
        assert_true(fabs(sqrt(x * x + y * y) - (s.label[i] ? 0.5 : 1)) < 1e-6);
        turn[0] += x > 0;
        turn[1] += y > 0;
    }
    for (int k = 0; k < 2; k++)
        assert_true(fabs(turn[k] - 500) < 80);
    samples_free(&s);
    s = make("circles", 4000, -1, 1, "train");
    double square = 0;
    for (size_t i = 0; i < s.n; i++)
        square += (double)s.x[2 * i] * (double)s.x[2 * i] / 4000 +
                  (double)s.x[2 * i + 1] * (double)s.x[2 * i + 1] / 4000;
    assert_true(fabs(square - (1 + 0.75 * 0.75) / 2 - 2 * 0.09 * 0.09) < 0.02);
    samples_free(&s);
}

static void test_xor(void **state)
{
    struct samples s = make("xor", 4000, -1, 1, "train");
    int quadrant[2][2] = {{0}};
    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        double x = (double)s.x[2 * i], y = (double)s.x[2 * i + 1];
        assert_true(fabs(x) <= 1 && fabs(y) <= 1);
        assert_int_equal(s.label[i], (x >= 0) == (y >= 0));
        quadrant[x >= 0][y >= 0]++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(quadrant[i / 2][i % 2], 890, 1110);
    samples_free(&s);
}

/* The petal is known from the angle; without noise only the agreed labels are wrong. */
static void test_flower(void **state)
{
    struct samples s = make("flower", 800, 0, 1, "train");
    int points[8] = {0}, ones[8] = {0};
    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        double x = (double)s.x[2 * i], y = (double)s.x[2 * i + 1];
        int best = 0;
        double most = -1e9;
        for (int p = 0; p < 8; p++) {
            double along = x * cos(p * M_PI / 4) + y * sin(p * M_PI / 4);
            double across = y * cos(p * M_PI / 4) - x * sin(p * M_PI / 4);
            double in = 1 - pow((along - 3.5) / 3.5, 2) - pow(across / 0.7, 2);
            best = in > most ? p : best;
            most = in > most ? in : most;
        }
        assert_true(most > -1e-5);
        points[best]++;
        ones[best] += s.label[i];
    }
    for (int p = 0; p < 8; p++) { /* next to the origin petals overlap a little */
        assert_in_range(points[p], 90, 110);
        assert_in_range(ones[p], (p & 1 ? 86 : 14) - 8, (p & 1 ? 86 : 14) + 8);
    }
    int sum = 0;
    for (size_t i = 0; i < 400; i++)
        sum += s.label[i];
    assert_int_equal(sum, 200);
    samples_free(&s);
}

static void test_spirals(void **state)
{
    struct samples s =
        train_of("[data]\ngenerator = spirals\narms = 3\nturns = 0.25\nnoise = 0\nsamples = 300\n");
    (void)state;
    assert_int_equal(s.classes, 3);
    check_balance(&s, 3);
    for (size_t i = 0; i < s.n; i++) {
        double x = (double)s.x[2 * i], y = (double)s.x[2 * i + 1], radius = sqrt(x * x + y * y);
        double turn = atan2(y, x) / (2 * M_PI) - radius * 0.25 - s.label[i] / 3.0;
        assert_true(radius < 1.000001);
        assert_true(radius < 1e-3 || fabs(turn - round(turn)) < 1e-3);
    }
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
    } known[] = {{"checkerboard", 0x0369095d}, {"circles", 0x9394eea2},   {"digits", 0xcd890583},
                 {"flower", 0x2416c543},       {"gaussians", 0x0ab90202}, {"line", 0x9e61bcf1},
                 {"spirals", 0x3f2028b3},      {"xor", 0x85455c87}};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct samples s = make(known[i].name, 100, -1, 1, "train");
        uint32_t crc = io_crc32(0, s.x, s.n * shape_size(s.shape) * sizeof *s.x);
        if (s.label)
            crc = io_crc32(crc, s.label, s.n * sizeof *s.label);
        else
            crc = io_crc32(crc, s.target, s.n * (size_t)s.k * sizeof *s.target);
        if (crc != known[i].crc)
            fail_msg("%s: 0x%08x", known[i].name, crc);
        samples_free(&s);
    }
#endif
}

/* Whatever makes them at once. */
static void test_threads(void **state)
{
    (void)state;
    for (int i = 0; generator_registry[i]; i++) {
        const char *name = generator_registry[i]->name;
        struct samples one = {0};
        for (int nt = 1; nt <= 5; nt++) {
            par_set_default(nt);
            struct samples s = make(name, 1001, -1, 3, "train");
            size_t size = s.n * shape_size(s.shape) * sizeof *s.x;
            if (nt == 1) {
                one = s;
                continue;
            }
            if (memcmp(s.x, one.x, size) != 0 ||
                (s.label && memcmp(s.label, one.label, s.n * sizeof *s.label) != 0))
                fail_msg("%s: other bits by %d threads", name, nt);
            samples_free(&s);
        }
        samples_free(&one);
    }
    par_set_default(0);
}

static const struct data_generator *failing;
static struct data_conf failing_conf;

static int make_once(struct err *e)
{
    struct samples s = {0};
    if (failing->make(&s, 10, &failing_conf, "train", e)) {
        assert_null(s.x);
        return -1;
    }
    samples_free(&s);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int i = 0; (failing = generator_registry[i]); i++) {
        failing_conf = with(failing, -1, 1);
        every_allocation(make_once);
        mem_free(failing_conf.own);
    }
}

static void test_hostile_size(void **state)
{
    (void)state;
    for (int i = 0; generator_registry[i]; i++) {
        struct data_conf c = with(generator_registry[i], -1, 1);
        struct samples s = {0};
        struct err e = {0};
        assert_int_equal(generator_registry[i]->make(&s, SIZE_MAX / 2, &c, "train", &e), -1);
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_null(s.x);
        mem_free(c.own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),       cmocka_unit_test(test_values_are_finite),
        cmocka_unit_test(test_gaussians),     cmocka_unit_test(test_digits),
        cmocka_unit_test(test_two_gaussians), cmocka_unit_test(test_line),
        cmocka_unit_test(test_checkerboard),  cmocka_unit_test(test_circles),
        cmocka_unit_test(test_xor),           cmocka_unit_test(test_flower),
        cmocka_unit_test(test_spirals),       cmocka_unit_test(test_bits),
        cmocka_unit_test(test_threads),       cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_hostile_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
