/* Tests of data/formats/libsvm.c and data/labels.c. What is refused is in tests/files/bad_data. */
#include "data/help.h"

#include "data/labels.h"
#include "tmp.h"

#include <bzlib.h>

#define TEXT                                                                                       \
    "+1 1:0.5 3:-1\n"                                                                              \
    "-1 2:2e1\n"                                                                                   \
    "1.0 1:1 2:2 3:3\n"
static const real dense[] = {(real)0.5, 0, -1, 0, 20, 0, 1, 2, 3};

static void test_layouts(void **state)
{
    static const struct {
        const char *path, *text;
    } cases[] = {
        {"a.libsvm", TEXT},
        {"usps", TEXT},
        {"a.txt", "# a comment\n" TEXT},
        {"a.svm", "1 1:.5 3:-1 # first\n-1\t2:20#second\n1 1:1 2:2 3:3\n\n# the end\n"},
        {"a.svm", "1\t1:0.5   3:-1 \r\n -1 2:20\r\n1 1:1 2:2 3:3"},
        {"a.libsvm", "1 1:0.5 2:0 3:-1\n-1 1:0 2:20 3:0\n1 1:1 2:2 3:3\n\n\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct samples s;
        tmp_text(cases[i].path, cases[i].text);
        read_well(&s, cases[i].path, "");
        same_x(&s, dense, 9);
        same_classes(&s, "-1 1", "1 -1 1");
        assert_true(shape_equal(s.shape, (struct shape){3, 1, 1}));
        samples_free(&s);
    }
}

static void test_packed(void **state)
{
    struct samples s;
    (void)state;
    BZFILE *bz = BZ2_bzopen("usps.t.bz2", "wb");
    char text[] = TEXT;
    assert_int_equal(BZ2_bzwrite(bz, text, (int)strlen(text)), (int)strlen(text));
    BZ2_bzclose(bz);
    read_well(&s, "usps.t.bz2", "");
    same_x(&s, dense, 9);
    samples_free(&s);
}

static void test_targets(void **state)
{
    struct samples s;
    (void)state;
    tmp_text("a.libsvm", "1.5 1:1\n-2 1:2\n1.5 1:3\n");
    read_well(&s, "a.libsvm", "target = value");
    assert_true(s.k == 1 && s.classes == 0 && !s.label);
    assert_true(s.target[0] == (real)1.5 && s.target[1] == -2 && s.target[2] == (real)1.5);
    samples_free(&s);
    read_well(&s, "a.libsvm", "target = input");
    same_classes(&s, "-2 1.5", "1.5 -2 1.5");
    samples_free(&s);
    read_well(&s, "a.libsvm", "");
    same_classes(&s, "-2 1.5", "1.5 -2 1.5");
    samples_free(&s);
}

static void test_shape(void **state)
{
    struct samples s;
    (void)state;
    tmp_text("a.libsvm", "1 1:1 2:2 8:8\n2 5:5\n");
    read_well(&s, "a.libsvm", "shape = 2x2x2");
    same_x(&s, (const real[]){1, 0, 2, 0, 0, 0, 0, 8, 0, 5, 0, 0, 0, 0, 0, 0}, 16);
    samples_free(&s);
    read_well(&s, "a.libsvm", "shape = 10");
    assert_int_equal(shape_size(s.shape), 10);
    assert_true(s.x[7] == 8 && s.x[9] == 0 && s.x[14] == 5);
    samples_free(&s);
    read_badly("a.libsvm", "shape = 7", "a.libsvm:1: value '8:8': a sample has 7 values");
}

/* ---- labels of further files ---- */

static int read_further(struct samples *s, const char *text, char *const *names, int classes,
                        struct err *e)
{
    const struct data_conf plain = {.labels = NULL};
    struct data_conf c = data_conf_further(&plain, (struct shape){1, 1, 1}, classes, names, NULL);
    tmp_text("a.libsvm", text);
    return data_read_file(s, "a.libsvm", "", &c, e);
}

static void test_known_classes(void **state)
{
    char *names[] = {"3", "10", "-1", "0.5"};
    struct samples s;
    struct err e = {0};
    (void)state;
    assert_int_equal(read_further(&s, "10 1:1\n-1.0 1:1\n.5 1:1\n+3 1:1\n", names, 4, &e), 0);
    same_classes(&s, "3 10 -1 0.5", "10 -1 0.5 3");
    samples_free(&s);
    assert_int_equal(read_further(&s, "10 1:1\n-1 1:1\n4 1:1\n5 1:1\n", names, 4, &e), -1);
    assert_string_equal(e.msg,
                        "a.libsvm:3: class '4' is none of the 4 that are known: 3, 10, -1, 0.5");
}

/* A net whose classes are numbered: the classes that a file lacks are counted all the same. */
static void test_numbered_classes(void **state)
{
    struct samples s;
    struct err e = {0};
    (void)state;
    assert_int_equal(read_further(&s, "9 1:1\n0 1:1\n7.0 1:1\n", NULL, 10, &e), 0);
    assert_true(s.classes == 10 && !s.names);
    assert_true(s.label[0] == 9 && s.label[1] == 0 && s.label[2] == 7);
    samples_free(&s);
    static const char *const wrong[] = {"10", "-1", "0.5", "1e30"};
    for (int i = 0; i < 4; i++) {
        char text[64], want[128];
        e = (struct err){0};
        snprintf(text, sizeof text, "1 1:1\n%s 1:1\n", wrong[i]);
        snprintf(want, sizeof want,
                 "a.libsvm:2: class '%s' is none of the 10 that are known: 0 to 9", wrong[i]);
        assert_int_equal(read_further(&s, text, NULL, 10, &e), -1);
        assert_string_equal(e.msg, want);
    }
}

/* A long list of classes is cut in a message. */
static void test_long_list(void **state)
{
    char texts[100][16], *names[100];
    struct samples s;
    struct err e = {0};
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(texts[i], sizeof texts[i], "%d", 1000000 + i);
        names[i] = texts[i];
    }
    assert_int_equal(read_further(&s, "1 1:1\n", names, 100, &e), -1);
    assert_non_null(strstr(e.msg, ": 1000000, 1000001, "));
    assert_string_equal(e.msg + strlen(e.msg) - 5, ", ...");
    assert_true(strlen(e.msg) < 400);
}

static void test_labels_alone(void **state)
{
    static const struct data_conf plain;
    struct labels l = {0};
    struct samples s;
    struct err e = {0};
    char text[16];
    (void)state;
    assert_int_equal(samples_alloc(&s, 3000, (struct shape){1, 1, 1}, 1, 0, &e), 0);
    for (int i = 0; i < 3000; i++) {
        snprintf(text, sizeof text, "w%04d", (i * 7919) % 1000);
        s.label[i] = labels_add(&l, text, 5, (size_t)i, &e);
        assert_in_range(s.label[i], 0, 999);
    }
    assert_int_equal(labels_finish(&l, &s, &plain, "here ", &e), 0);
    assert_int_equal(s.classes, 1000);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(s.label[i], (i * 7919) % 1000);
    labels_free(&l);
    samples_free(&s);
}

/* ---- hostile ---- */

static void test_prefixes(void **state)
{
    static const char text[] = "# c\n+1 1:0.5 3:-1\r\n-1 2:2e1 # x\n\n";
    (void)state;
    every_prefix("a.libsvm", "", text, sizeof text - 1, false);
    every_prefix("a.libsvm", "target = value\nshape = 3", text, sizeof text - 1, false);
}

static void test_too_sparse(void **state)
{
    static struct script text;
    size_t before = mem_peak();
    (void)state;
    text.n = 0;
    for (int i = 0; i < 1000; i++)
        say(&text, "%d 1:1\n", i & 1);
    say(&text, "1 1048576:1\n");
    tmp_text("a.libsvm", text.s);
    read_badly(
        "a.libsvm", "",
        sizeof(real) == 4
            ? "a.libsvm: too sparse: 1001 samples of 1048576 values are 4004 MiB with zeros"
            : "a.libsvm: too sparse: 1001 samples of 1048576 values are 8008 MiB with zeros");
    assert_true(mem_peak() < before + (1 << 20));
}

static int read_once(struct err *e)
{
    struct samples s;
    if (read_lines(&s, "a.libsvm", "shape = 2x1x2", e))
        return -1;
    samples_free(&s);
    return 0;
}

static int read_known(struct err *e)
{
    char *names[] = {"b", "1", "2"};
    struct samples s;
    if (read_further(&s, "1 1:1\n2 1:1\n", names, 3, e))
        return -1;
    samples_free(&s);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    tmp_text("a.libsvm", "1 1:1\n2 4:1\n");
    every_allocation(read_once);
    every_allocation(read_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),       cmocka_unit_test(test_packed),
        cmocka_unit_test(test_targets),       cmocka_unit_test(test_shape),
        cmocka_unit_test(test_known_classes), cmocka_unit_test(test_numbered_classes),
        cmocka_unit_test(test_long_list),     cmocka_unit_test(test_labels_alone),
        cmocka_unit_test(test_prefixes),      cmocka_unit_test(test_too_sparse),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
