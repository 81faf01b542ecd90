/* test_losses.c - every loss of the registry: value, gradient, targets, reduction, large logits;
 * and PyTorch's values. */
#include "net/loss.h"

#include "base/mem.h"
#include "base/rng.h"

#include "golden.h"
#include "losses/loss_text.h"

#define N 5
#define K 4

/* A loss with the defaults of its keys, for k outputs; -1 where it does not take that. */
static int try_make(struct loss *l, const struct loss_ops *ops, int k, int classes, int reduction,
                    struct err *e)
{
    *l = (struct loss){.ops = ops, .reduction = reduction};
    l->conf = mem_alloc(1, ops->conf_size, e);
    assert_non_null(l->conf);
    if (ops->opts)
        assert_int_equal(opt_defaults(ops->opts, l->conf, e), 0);
    return loss_setup(l, k, classes, e);
}

static bool make(struct loss *l, const struct loss_ops *ops, int k, int classes, int reduction)
{
    struct err e = {0};
    return try_make(l, ops, k, classes, reduction, &e) == 0;
}

struct batch {
    real x[N * K], target[N * K], value[N], dx[N * K], scratch[4 * K];
    int label[N];
};

static void fill(struct batch *b, int classes)
{
    struct rng r = rng_stream(1, "test", "losses", 0);
    memset(b, 0, sizeof *b);
    for (int i = 0; i < N * K; i++) {
        b->x[i] = (real)(4 * rng_uniform(&r) - 2);
        b->target[i] = (real)rng_uniform(&r);
    }
    for (int i = 0; i < N; i++)
        b->label[i] = (int)rng_below(&r, (uint32_t)classes);
}

/* Runs all rows; the reduced value. */
static double run(const struct loss *l, struct batch *b, bool labels, bool gradient)
{
    struct loss_rows r = {.x = b->x,
                          .label = labels ? b->label : NULL,
                          .target = labels ? NULL : b->target,
                          .value = b->value,
                          .dx = gradient ? b->dx : NULL,
                          .scale = loss_scale(l, N),
                          .scratch = b->scratch};
    assert_true(loss_scratch(l->k) <= sizeof b->scratch / sizeof *b->scratch);
    l->ops->rows(l, &r, kernels_get("ref"), 0, N);
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += (double)b->value[i];
    return sum * (double)r.scale;
}

static void check_gradient(const struct loss *l, bool labels)
{
    const double h = sizeof(real) == 8 ? 1e-4 : 1e-2, tolerance = sizeof(real) == 8 ? 1e-6 : 1e-3;
    struct batch b;
    fill(&b, l->classes ? l->classes : 1);
    run(l, &b, labels, true);
    for (int i = 0; i < N * l->k; i++) {
        real x = b.x[i];
        b.x[i] = (real)((double)x + h);
        double up = run(l, &b, labels, false);
        b.x[i] = (real)((double)x - h);
        double down = run(l, &b, labels, false);
        b.x[i] = x;
        double slope = (up - down) / (2 * h), error = fabs(slope - (double)b.dx[i]);
        if (!(error <= tolerance * (1 + fabs(slope))))
            fail_msg("loss %s, %d outputs, %s: dx[%d] = %g, but %g by differences", l->ops->name,
                     l->k, labels ? "classes" : "values", i, (double)b.dx[i], slope);
    }
}

/* Calls check for every loss with every kind of target it takes. */
static void for_all(void (*check)(const struct loss *l, bool labels))
{
    static const struct {
        int k, classes;
    } kinds[] = {{K, K}, {2, 2}, {1, 2}, {K, 0}, {1, 0}};
    int ran = 0;
    for (int i = 0; loss_registry[i]; i++)
        for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
            for (int reduction = 0; reduction < 2; reduction++) {
                struct loss l;
                if (make(&l, loss_registry[i], kinds[j].k, kinds[j].classes, reduction)) {
                    check(&l, kinds[j].classes > 0);
                    ran++;
                }
                loss_free(&l);
            }
    assert_true(ran >= 10);
}

static void test_gradients(void **state)
{
    (void)state;
    for_all(check_gradient);
}

/* Asking for the gradient does not change the value, and each row is on its own. */
static void check_rows(const struct loss *l, bool labels)
{
    struct batch b, c;
    fill(&b, l->classes ? l->classes : 1);
    c = b;
    run(l, &b, labels, false);
    for (int i = N - 1; i >= 0; i--) {
        struct loss_rows r = {.x = c.x,
                              .label = labels ? c.label : NULL,
                              .target = labels ? NULL : c.target,
                              .value = c.value,
                              .dx = c.dx,
                              .scale = loss_scale(l, N),
                              .scratch = c.scratch};
        l->ops->rows(l, &r, kernels_get("ref"), i, i + 1);
    }
    assert_memory_equal(b.value, c.value, sizeof b.value);
    run(l, &b, labels, true);
    assert_memory_equal(b.dx, c.dx, sizeof b.dx);
}

static void test_rows(void **state)
{
    (void)state;
    for_all(check_rows);
}

/* Where a loss takes values too: a class is the same as 1 among 0, or 0 and 1 of one output, or
 * the ends of its range. */
static void check_onehot(const struct loss *l, bool labels)
{
    struct loss values;
    bool takes = make(&values, l->ops, l->k, 0, l->reduction);
    loss_free(&values);
    if (!labels || !takes)
        return;
    struct batch b, c;
    real low = l->ops->target_min;
    fill(&b, l->classes);
    c = b;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < l->k; j++)
            c.target[i * l->k + j] = (l->k == 1 ? b.label[i] == 1 : b.label[i] == j) ? 1 : low;
    assert_true(run(l, &b, true, true) == run(l, &c, false, true));
    for (int i = 0; i < N * l->k; i++)
        assert_true(b.dx[i] == c.dx[i]);
}

static void test_class_is_onehot(void **state)
{
    (void)state;
    for_all(check_onehot);
}

static void test_reduction(void **state)
{
    (void)state;
    for (int i = 0; loss_registry[i]; i++) {
        struct loss mean, sum;
        struct batch a, b;
        double n = N * (loss_registry[i]->per_element ? K : 1);
        assert_true(make(&mean, loss_registry[i], K, K, REDUCTION_MEAN));
        assert_true(make(&sum, loss_registry[i], K, K, REDUCTION_SUM));
        assert_true(loss_scale(&sum, N) == 1);
        fill(&a, K);
        b = a;
        double m = run(&mean, &a, true, true), s = run(&sum, &b, true, true);
        assert_true(fabs(m - s / n) <= 4 * (double)REAL_EPS * s);
        for (int j = 0; j < N * K; j++)
            assert_true(fabs((double)a.dx[j] - (double)b.dx[j] / n) <=
                        4 * (double)REAL_EPS * fabs((double)b.dx[j]));
        loss_free(&mean);
        loss_free(&sum);
    }
}

/* Losses that stand on logits: huge ones give the right value, never an infinite one. */
static void test_extreme_logits(void **state)
{
    (void)state;
    static const real x[N * K] = {(real)1e4,  (real)-1e4, 0,          0, (real)-1e4,
                                  (real)-1e4, (real)-1e4, (real)-1e4, 0};
    for (int i = 0; loss_registry[i]; i++) {
        struct loss l;
        struct batch b;
        if (loss_registry[i]->act == ACT_NONE)
            continue;
        assert_true(make(&l, loss_registry[i], K, K, REDUCTION_SUM));
        for (int label = 0; label < K; label++) {
            memcpy(b.x, x, sizeof x);
            for (int j = 0; j < N; j++)
                b.label[j] = label;
            run(&l, &b, true, true);
            for (int j = 0; j < N; j++)
                assert_true(b.value[j] >= 0 && b.value[j] <= (real)4e4);
            for (int j = 0; j < N * K; j++)
                assert_true(b.dx[j] >= -1 && b.dx[j] <= 1);
        }
        loss_free(&l);
    }
}

static void test_cross_entropy_extremes(void **state)
{
    (void)state;
    struct loss l;
    struct batch b = {.x = {(real)1e4,  (real)-1e4, 0,         0, (real)1e4, (real)-1e4, 0,
                            0,          (real)1e4,  (real)1e4, 0, 0,         (real)-1e4, (real)-1e4,
                            (real)-1e4, (real)-1e4, 0,         0, 0,         0},
                      .label = {0, 1, 1, 2, 3}};
    assert_true(make(&l, loss_find("cross_entropy"), K, K, REDUCTION_SUM));
    run(&l, &b, true, true);
    const double value[N] = {0, 2e4, log(2), log(4), log(4)};
    for (int i = 0; i < N; i++)
        assert_true(fabs((double)b.value[i] - value[i]) <= 4 * (double)REAL_EPS * value[i]);
    const real dx[12] = {0, 0, 0, 0, 1, -1, 0, 0, (real)0.5, (real)-0.5, 0, 0};
    assert_memory_equal(b.dx, dx, sizeof dx);
    loss_free(&l);
}

static void test_binary_extremes(void **state)
{
    (void)state;
    struct loss l;
    struct batch b = {.x = {(real)1e4, (real)1e4, (real)-1e4, (real)-1e4, -20},
                      .label = {0, 1, 0, 1, 0}};
    assert_true(make(&l, loss_find("binary_cross_entropy"), 1, 2, REDUCTION_SUM));
    run(&l, &b, true, true);
    const double value[N] = {1e4, 0, 0, 1e4, log1p(exp(-20))};
    const double dx[N] = {1, 0, 0, -1, 1 / (1 + exp(20))};
    for (int i = 0; i < N; i++) {
        assert_true(fabs((double)b.value[i] - value[i]) <= 8 * (double)REAL_EPS * value[i]);
        assert_true(fabs((double)b.dx[i] - dx[i]) <= 8 * (double)REAL_EPS * fabs(dx[i]));
    }
    loss_free(&l);
}

/* A net that diverged must not look sane. */
static void check_nan(const struct loss *l, bool labels)
{
    for (int bad = 0; bad < l->k; bad++) {
        struct batch b;
        fill(&b, l->classes ? l->classes : 1);
        b.x[bad] = (real)NAN;
        assert_true(isnan(run(l, &b, labels, true)));
    }
}

static void test_nan_stays(void **state)
{
    (void)state;
    for_all(check_nan);
}

/* A section of [loss], and what of it the golden file has. */
struct golden_case {
    const char *name, *keys;
    bool classes, soft, single; /* targets: classes, values, classes of one output */
};

enum { ROWS = 6 };

/* For both reductions: values, the reduced value, gradients. kind: "class", "soft", "single". */
static void check_golden(const struct golden *g, const struct golden_case *c, const char *kind)
{
    static const char *const reductions[] = {"mean", "sum"};
    bool single = strcmp(kind, "single") == 0, labels = strcmp(kind, "soft") != 0;
    int k = single ? 1 : K, label[ROWS];
    char name[128];
    real value[ROWS], dx[ROWS * K], scratch[4 * K];
    real *x = golden_reals(g, single ? "x1" : "x", (size_t)(ROWS * k));
    real *soft = golden_reals(g, "soft", ROWS * K);
    for (int reduction = 0; reduction < 2; reduction++) {
        struct diag d = {0};
        struct err e = {0};
        char text[256];
        snprintf(text, sizeof text, "[loss]\nreduction = %s\n%s", reductions[reduction], c->keys);
        struct loss l = read_text(text, &d);
        assert_int_equal(d.total, 0);
        assert_int_equal(loss_setup(&l, k, !labels ? 0 : single ? 2 : K, &e), 0);
        double weight = 0, sum = 0;
        for (int i = 0; i < ROWS; i++) {
            label[i] = (int)golden_get(g, single ? "label1" : "label", ROWS)[i];
            weight += loss_weight(&l, label[i]);
        }
        struct loss_rows r = {.x = x,
                              .label = labels ? label : NULL,
                              .target = labels ? NULL : soft,
                              .value = value,
                              .dx = dx,
                              .scale = loss_scale(&l, weight),
                              .scratch = scratch};
        l.ops->rows(&l, &r, kernels_get(NULL), 0, ROWS);
        snprintf(name, sizeof name, "%s.%s.value", c->name, kind);
        golden_check(g, name, value, ROWS, GOLDEN_TOLERANCE);
        for (int i = 0; i < ROWS; i++)
            sum += (double)value[i];
        real reduced = (real)(sum * (double)r.scale);
        snprintf(name, sizeof name, "%s.%s.%s", c->name, kind, reductions[reduction]);
        golden_check(g, name, &reduced, 1, GOLDEN_TOLERANCE);
        strcat(name, ".dx");
        golden_check(g, name, dx, (size_t)(ROWS * k), GOLDEN_TOLERANCE);
        loss_free(&l);
    }
    free(x);
    free(soft);
}

static const struct golden_case golden_cases[] = {
    {"cross_entropy", "", true, true, false},
    {"ce_smooth", "label_smoothing = 0.125\n", true, true, false},
    {"ce_weights", "class_weights = 0.5, 2, 3.25, 1\n", true, true, false},
    {"ce_both", "label_smoothing = 0.25\nclass_weights = 0.5, 2, 3.25, 1\n", true, true, false},
    {"binary_cross_entropy", "type = binary_cross_entropy\n", true, true, true},
    {"bce_weights", "type = binary_cross_entropy\nclass_weights = 0.5, 3\n", false, false, true},
    {"mse", "type = mse\n", true, true, true},
    {"mae", "type = mae\n", true, true, true},
    {"huber", "type = huber\n", true, true, true},
    {"huber_wide", "type = huber\ndelta = 2.5\n", true, true, true},
    {"hinge", "type = hinge\n", true, false, true},
    {"hinge_squared", "type = hinge\nsquared = yes\n", true, false, true},
    {"hinge_weights", "type = hinge\nclass_weights = 0.5, 2, 3.25, 1\n", true, false, false},
};

static void test_golden(void **state)
{
    (void)state;
    struct golden g = golden_load("losses.txt");
    for (size_t i = 0; i < sizeof golden_cases / sizeof *golden_cases; i++) {
        const struct golden_case *c = &golden_cases[i];
        if (c->classes)
            check_golden(&g, c, "class");
        if (c->soft)
            check_golden(&g, c, "soft");
        if (c->single)
            check_golden(&g, c, "single");
    }
    golden_free(&g);
    for (int i = 0; loss_registry[i]; i++) { /* none is forgotten */
        bool found = false;
        for (size_t j = 0; j < sizeof golden_cases / sizeof *golden_cases; j++)
            found |= strcmp(golden_cases[j].name, loss_registry[i]->name) == 0;
        assert_true(found);
    }
}

static void test_outputs_and_classes(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int k, classes;
        bool ok;
    } cases[] = {
        {"cross_entropy", 3, 3, true},
        {"cross_entropy", 3, 0, true},
        {"cross_entropy", 1, 2, false},
        {"cross_entropy", 1, 0, false},
        {"cross_entropy", 4, 3, false},
        {"binary_cross_entropy", 1, 2, true},
        {"binary_cross_entropy", 2, 2, true},
        {"binary_cross_entropy", 5, 5, true},
        {"binary_cross_entropy", 1, 3, false},
        {"binary_cross_entropy", 9, 0, true},
        {"mse", 1, 0, true},
        {"mse", 1, 2, true},
        {"mse", 2, 3, false},
        {"mse", 1, 1, true},
        {"hinge", 3, 3, true},
        {"hinge", 1, 2, true},
        {"hinge", 1, 0, true},
        {"hinge", 3, 0, false},
        {"mae", 2, 0, true},
        {"huber", 1, 2, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        struct loss l;
        int r = try_make(&l, loss_find(cases[i].type), cases[i].k, cases[i].classes, 0, &e);
        loss_free(&l);
        assert_int_equal(r, cases[i].ok ? 0 : -1);
        assert_int_equal(e.kind, cases[i].ok ? ERR_NONE : ERR_NET);
        assert_true(cases[i].ok || strncmp(e.msg, cases[i].type, strlen(cases[i].type)) == 0);
    }
}

static void test_decide(void **state)
{
    (void)state;
    struct loss l = {.ops = loss_find("cross_entropy"), .k = 4};
    assert_int_equal(loss_decide(&l, (real[]){1, 3, 3, 2}), 1);
    assert_int_equal(loss_decide(&l, (real[]){-4, -3, -2, -1}), 3);
    l = (struct loss){.ops = loss_find("binary_cross_entropy"), .k = 1};
    assert_int_equal(loss_decide(&l, (real[]){(real)0.1}), 1);
    assert_int_equal(loss_decide(&l, (real[]){(real)-0.1}), 0);
    l = (struct loss){.ops = loss_find("mse"), .k = 1};
    assert_int_equal(loss_decide(&l, (real[]){(real)0.4}), 0);
    assert_int_equal(loss_decide(&l, (real[]){(real)0.6}), 1);
    l = (struct loss){.ops = loss_find("hinge"), .k = 1};
    assert_int_equal(loss_decide(&l, (real[]){(real)0.4}), 1);
    assert_int_equal(loss_decide(&l, (real[]){(real)-0.4}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),       cmocka_unit_test(test_rows),
        cmocka_unit_test(test_class_is_onehot), cmocka_unit_test(test_reduction),
        cmocka_unit_test(test_extreme_logits),  cmocka_unit_test(test_cross_entropy_extremes),
        cmocka_unit_test(test_binary_extremes), cmocka_unit_test(test_nan_stays),
        cmocka_unit_test(test_golden),          cmocka_unit_test(test_outputs_and_classes),
        cmocka_unit_test(test_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
