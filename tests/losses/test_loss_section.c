/* test_loss_section.c - the section [loss]: read, refused, written. */
#include "net/loss.h"

#include "base/mem.h"

#include "golden.h"
#include "losses/loss_text.h"

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *type;
        int reduction;
    } cases[] = {{"[data]\n", "cross_entropy", REDUCTION_MEAN},
                 {"[loss]\n", "cross_entropy", REDUCTION_MEAN},
                 {"[loss]\nreduction = sum\n", "cross_entropy", REDUCTION_SUM},
                 {"[loss]\ntype = mse\nreduction = mean\n", "mse", REDUCTION_MEAN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diag d = {0};
        struct loss l = read_text(cases[i].text, &d);
        assert_int_equal(d.total, 0);
        assert_ptr_equal(l.ops, loss_find(cases[i].type));
        assert_int_equal(l.reduction, cases[i].reduction);
        loss_free(&l);
    }
}

static void test_wrong_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[loss]\ntype = cross_entorpy\nx = 1\n", "test.ini:2: [loss] type = cross_entorpy"},
        {"[loss]\nreduction = none\n", "test.ini:2: [loss] reduction = none"},
        {"[loss]\nredution = sum\n", "test.ini:2: [loss] redution"},
        {"[loss]\ntype = mse\ntype = mse\n", "test.ini:3: [loss] type"},
        {"[loss]\ntype = huber\ndelta = 0\n", "test.ini:3: [loss] delta = 0"},
        {"[loss]\nlabel_smoothing = 1.5\n", "test.ini:2: [loss] label_smoothing = 1.5"},
        {"[loss]\nclass_weights = 1, 0\n", "test.ini:2: [loss] class_weights = 1, 0"},
        {"[loss]\ntype = mse\nclass_weights = 1, 2\n", "test.ini:3: [loss] class_weights"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diag d = {0};
        struct loss l = read_text(cases[i].text, &d);
        assert_int_equal(d.total, 1);
        assert_memory_equal(d.msg[0].text, cases[i].message, strlen(cases[i].message));
        loss_free(&l);
    }
}

/* What is written reads back as the same. */
static void test_write(void **state)
{
    (void)state;
    for (int i = 0; loss_registry[i]; i++) {
        char text[128];
        struct diag d = {0};
        struct err e = {0};
        struct text t = {0};
        snprintf(text, sizeof text, "[loss]\ntype = %s\nreduction = sum\n", loss_registry[i]->name);
        struct loss l = read_text(text, &d);
        assert_int_equal(loss_write(&l, &t, &e), 0);
        struct loss again = read_text(t.s, &d);
        assert_int_equal(d.total, 0);
        assert_ptr_equal(again.ops, loss_registry[i]);
        assert_int_equal(again.reduction, REDUCTION_SUM);
        mem_free(t.s);
        loss_free(&l);
        loss_free(&again);
    }
}

/* Class weights need classes, one each. */
static void test_class_weights(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int k, classes;
        const char *message; /* NULL: right */
    } cases[] = {
        {"class_weights = 1, 2, 3\n", 3, 3, NULL},
        {"class_weights = 1, 2, 3\n", 3, 0, NULL},
        {"class_weights = 1, 2\n", 3, 3, "has 2 numbers, but there are 3 classes"},
        {"class_weights = 1, 2\n", 3, 0, "has 2 numbers, but there are 3 outputs"},
        {"type = binary_cross_entropy\nclass_weights = 1, 2\n", 1, 2, NULL},
        {"type = binary_cross_entropy\nclass_weights = 1, 2\n", 2, 0, "needs classes"},
        {"type = hinge\nclass_weights = 1\n", 1, 2, "has 1 numbers, but there are 2 classes"},
        {"type = hinge\nclass_weights = 1, 1\n", 1, 0, "needs classes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        struct diag d = {0};
        struct err e = {0};
        snprintf(text, sizeof text, "[loss]\n%s", cases[i].text);
        struct loss l = read_text(text, &d);
        assert_int_equal(d.total, 0);
        int r = loss_setup(&l, cases[i].k, cases[i].classes, &e);
        assert_int_equal(r, cases[i].message ? -1 : 0);
        assert_true(!cases[i].message || strstr(e.msg, cases[i].message));
        assert_true(loss_weight(&l, 1) == (r == 0 && cases[i].classes ? 2 : 1));
        loss_free(&l);
    }
}

/* Every allocation fails once: an error, and nothing is left behind. */
static void test_allocations(void **state)
{
    (void)state;
    struct diag d = {0};
    struct err e = {0};
    struct netfile *nf = netfile_parse("test.ini", "[loss]\n", 7, &d, &e);
    assert_non_null(nf);
    size_t before = mem_live();
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct loss l;
        e = (struct err){0};
        mem_fail_at(n);
        int r = loss_read(&l, nf, netfile_section(nf, "loss"), &d, &e);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(r, failed ? -1 : 0);
        assert_int_equal(e.kind, failed ? ERR_INTERNAL : ERR_NONE);
        loss_free(&l);
        assert_int_equal(mem_live(), before);
    }
    netfile_free(nf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_write),       cmocka_unit_test(test_class_weights),
        cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
