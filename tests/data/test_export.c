/* Tests of data/export.c and of how data/number.c prints: csv and npy byte by byte, and read back.
 */
#include "data/help.h"
#include "tmp.h"

#include "data/export.h"
#include "data/number.h"

#include <math.h>

/* ---- numbers ---- */

static void prints(real v, const char *want)
{
    char text[NUMBER_TEXT];
    assert_int_equal(number_print(v, text), strlen(want));
    assert_string_equal(text, want);
}

static void test_known_numbers(void **state)
{
    (void)state;
    prints(0, "0");
    prints(-(real)0, "-0");
    prints(1, "1");
    prints(-12, "-12");
    prints((real)0.1, "0.1");
    prints((real)-0.5, "-0.5");
    prints((real)0.05, "0.05");
    prints((real)1234.5, "1234.5");
    prints((real)0.3333, "0.3333");
    prints((real)1e-5, "1e-5");
    prints((real)2.5e20, "2.5e20");
    prints((real)-1.25e-30, "-1.25e-30");
    prints((real)16777216, "16777216");
    prints((real)NAN, "nan");
    prints((real)INFINITY, "inf");
    prints(-(real)INFINITY, "-inf");
#ifndef REAL_DOUBLE
    prints(FLT_MAX, "3.4028235e38");
    prints(FLT_MIN, "1.1754944e-38");
    prints(0x1p-149f, "1e-45");
    prints(1.0f / 3, "0.33333334");
    prints(16777218, "16777218");
    prints(0x1.fffffep+23f, "16777215");
#endif
}

static real back(const char *text)
{
    real v = 0;
    const char *p = text;
    assert_true(number_read(&p, &v));
    assert_int_equal(*p, '\0');
    return v;
}

/* Digits of a decimal, without the zeros around them. */
static int digits_of(const char *s)
{
    int n = 0, zeros = 0;
    for (; *s && *s != 'e'; s++) {
        if (*s < '0' || *s > '9' || (n == 0 && *s == '0'))
            continue;
        n++;
        zeros = *s == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

/* The same bits come back, and no shorter decimal gives them. */
static void check_number(real v)
{
    char text[NUMBER_TEXT], shorter[64];
    number_print(v, text);
    real again = back(text);
    if (memcmp(&again, &v, sizeof v) != 0)
        fail_msg("%a is written as %s", (double)v, text);
    int n = digits_of(text);
    if (n < 2)
        return;
    snprintf(shorter, sizeof shorter, "%.*e", n - 2, (double)v);
    if (back(shorter) == v)
        fail_msg("%s is longer than %s", text, shorter);
}

static void test_all_kinds_of_numbers(void **state)
{
    (void)state;
#ifndef REAL_DOUBLE
    for (uint32_t bits = 0; bits < 0x7f800000; bits += 65521) {
        real v;
        memcpy(&v, &bits, sizeof v);
        check_number(v);
        check_number(-v);
    }
#endif
    for (int i = 0; i < 20000; i++) { /* short decimals, as data has them */
        check_number((real)i / 100);
        check_number((real)i / 1000000);
        check_number((real)i * 1000);
    }
}

/* ---- samples ---- */

/* Two images of 2 x 1 x 2 (c, h, w), of the classes "b,c" and "a". */
static struct samples images(void)
{
    struct err e = {0};
    struct samples s;
    assert_int_equal(samples_alloc(&s, 2, (struct shape){2, 1, 2}, 2, 0, &e), 0);
    for (int i = 0; i < 8; i++)
        s.x[i] = (real)i / 4;
    s.label[0] = 1;
    s.names = mem_alloc(2, sizeof *s.names, &e);
    s.names[0] = mem_strdup("a", &e);
    s.names[1] = mem_strdup("b,\"c", &e);
    return s;
}

static uint32_t reversed[] = {1, 0};

static char *content(const char *path, size_t *n)
{
    static struct blob b;
    struct err e = {0};
    blob_free(&b);
    assert_int_equal(io_read(path, 1 << 20, ERR_DATA, &b, &e), 0);
    *n = b.size;
    return b.data;
}

static void has_text(const char *path, const char *want)
{
    size_t n;
    assert_string_equal(content(path, &n), want);
}

static void test_csv(void **state)
{
    (void)state;
    struct err e = {0};
    struct samples s = images();
    const struct part p = {&s, reversed, 2};
    assert_int_equal(export_csv("a.csv", &p, "x", EXPORT_TARGETS, &e), 0);
    has_text("a.csv", "x1,x2,x3,x4,class\n1,1.5,1.25,1.75,a\n0,0.5,0.25,0.75,\"b,\"\"c\"\n");
    assert_int_equal(export_csv("a.csv", &p, "a_", EXPORT_NO_TARGETS, &e), 0);
    has_text("a.csv", "a_1,a_2,a_3,a_4\n1,1.5,1.25,1.75\n0,0.5,0.25,0.75\n");
    samples_free(&s);

    assert_int_equal(samples_alloc(&s, 2, (struct shape){1, 1, 1}, 0, 2, &e), 0);
    s.target[1] = (real)0.5;
    s.target[2] = -3;
    assert_int_equal(export_csv("a.csv", &p, "x", EXPORT_TARGETS, &e), 0);
    has_text("a.csv", "x1,target1,target2\n0,-3,0\n0,0,0.5\n");
    s.n_columns = 2;
    s.columns = mem_alloc(2, sizeof *s.columns, &e);
    s.columns[0] = mem_strdup("length, cm", &e);
    s.columns[1] = mem_strdup("age", &e);
    assert_int_equal(export_csv("a.csv", &p, "x", EXPORT_TARGETS, &e), 0);
    has_text("a.csv", "\"length, cm\",age,target2\n0,-3,0\n0,0,0.5\n");
    s.k = 1;
    assert_int_equal(export_csv("a.csv", &p, "x", EXPORT_NO_TARGETS, &e), 0);
    has_text("a.csv", "\"length, cm\"\n0\n0\n");
    assert_int_equal(export_csv("a.csv", &p, "x", EXPORT_TARGETS, &e), 0);
    has_text("a.csv", "\"length, cm\",age\n0,0.5\n0,0\n");
    samples_free(&s);
}

static void test_fields(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"a", "a"},         {"", "\"\""},         {"a b", "a b"},
        {" a", "\" a\""},   {"a ", "\"a \""},     {"a,b", "\"a,b\""},
        {"\"", "\"\"\"\""}, {"a\nb", "\"a\nb\""}, {"\xc3\xa4", "\xc3\xa4"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct err e = {0};
        struct text t = {0};
        assert_int_equal(export_field(&t, pairs[i][0], &e), 0);
        assert_string_equal(t.s, pairs[i][1]);
        mem_free(t.s);
    }
}

/* The header is 64 bytes or a multiple, ends in a newline, and says this. */
static const char *npy_data(const char *path, const char *dict, size_t *size)
{
    size_t n, header;
    const char *s = content(path, &n);
    assert_true(n >= 64);
    assert_memory_equal(s, "\x93NUMPY\1\0", 8);
    header = 10 + (unsigned char)s[8] + 256 * (size_t)(unsigned char)s[9];
    assert_int_equal(header % 64, 0);
    assert_int_equal(s[header - 1], '\n');
    assert_memory_equal(s + 10, dict, strlen(dict));
    for (size_t i = 10 + strlen(dict); i < header - 1; i++)
        assert_int_equal(s[i], ' ');
    *size = n - header;
    return s + header;
}

#ifdef REAL_DOUBLE
#define NPY_REAL "<f8"
#else
#define NPY_REAL "<f4"
#endif

static void test_npy(void **state)
{
    (void)state;
    struct err e = {0};
    struct samples s = images();
    const struct part p = {&s, reversed, 2};
    size_t n;
    const real want[] = {1, (real)1.5, (real)1.25, (real)1.75,
                         0, (real)0.5, (real)0.25, (real)0.75};
    const int64_t labels[] = {0, 1};
    assert_int_equal(export_npy("a.npy", &p, &e), 0);
    assert_memory_equal(
        npy_data("a.npy", "{'descr': '" NPY_REAL "', 'fortran_order': False, 'shape': (2, 2, 2), }",
                 &n),
        want, sizeof want);
    assert_int_equal(n, sizeof want);
    assert_int_equal(export_npy_targets("b.npy", &p, &e), 0);
    assert_memory_equal(
        npy_data("b.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", &n), labels,
        sizeof labels);
    assert_int_equal(n, sizeof labels);
    samples_free(&s);

    assert_int_equal(samples_alloc(&s, 2, (struct shape){3, 2, 2}, 0, 2, &e), 0);
    assert_int_equal(export_npy("a.npy", &p, &e), 0);
    npy_data("a.npy", "{'descr': '" NPY_REAL "', 'fortran_order': False, 'shape': (2, 3, 2, 2), }",
             &n);
    assert_int_equal(n, 24 * sizeof(real));
    assert_int_equal(export_npy_targets("b.npy", &p, &e), 0);
    npy_data("b.npy", "{'descr': '" NPY_REAL "', 'fortran_order': False, 'shape': (2, 2), }", &n);
    assert_int_equal(n, 4 * sizeof(real));
    samples_free(&s);
    assert_int_equal(samples_alloc(&s, 2, (struct shape){5, 1, 1}, 0, 0, &e), 0);
    assert_int_equal(export_npy("a.npy", &p, &e), 0);
    npy_data("a.npy", "{'descr': '" NPY_REAL "', 'fortran_order': False, 'shape': (2, 5), }", &n);
    samples_free(&s);
}

/* What a generator makes, written and read by the program's own readers, is the same. */
static void test_read_back(void **state)
{
    (void)state;
    struct err e = {0};
    struct data data = {0};
    struct samples s = {0};
    struct data_conf c = {0};
    assert_int_equal(load_text(&data, "[data]\ngenerator = digits\nsamples = 30\n", &e), 0);
    const struct samples *from = &data.train_file;
    assert_int_equal(opt_defaults(data_opts, &c, &e), 0);
    c.shape[0] = 1;
    c.shape[1] = c.shape[2] = 16;
    assert_int_equal(export_csv("d.csv", &data.train, "x", EXPORT_TARGETS, &e), 0);
    assert_int_equal(data_read_file(&s, "d.csv", "", &c, &e), 0);
    assert_int_equal(s.n, 30);
    assert_true(shape_equal(s.shape, from->shape));
    assert_memory_equal(s.x, from->x, 30 * 256 * sizeof *s.x);
    assert_memory_equal(s.label, from->label, 30 * sizeof *s.label);
    samples_free(&s);
    assert_int_equal(export_npy("d.npy", &data.train, &e), 0);
    assert_int_equal(export_npy_targets("l.npy", &data.train, &e), 0);
    mem_free(c.labels);
    c.labels = mem_strdup("l.npy", &e);
    assert_int_equal(data_read_file(&s, "d.npy", "", &c, &e), 0);
    assert_int_equal(s.n, 30);
    assert_memory_equal(s.x, from->x, 30 * 256 * sizeof *s.x);
    assert_memory_equal(s.label, from->label, 30 * sizeof *s.label);
    samples_free(&s);
    data_free_conf(&c);
    data_free(&data);
}

/* ---- what goes wrong ---- */

static int write_all(struct err *e)
{
    static uint32_t index[] = {0, 1, 2};
    struct samples s = {0};
    if (samples_alloc(&s, 3, (struct shape){1, 2, 3}, 3, 0, e))
        return -1;
    const struct part p = {&s, index, 3};
    int r = export_csv("m.csv", &p, "x", EXPORT_TARGETS, e) || export_npy("m.npy", &p, e) ||
                    export_npy_targets("l.npy", &p, e) || export_png("m.png", &p, e)
                ? -1
                : 0;
    samples_free(&s);
    return r;
}

static void test_no_memory(void **state)
{
    (void)state;
    every_allocation(write_all);
}

static void test_no_folder(void **state)
{
    (void)state;
    struct samples s = images();
    const struct part p = {&s, reversed, 2};
    for (int i = 0; i < 3; i++) {
        struct err e = {0};
        int r = i == 0   ? export_csv("no/a.csv", &p, "x", EXPORT_TARGETS, &e)
                : i == 1 ? export_npy("no/a.npy", &p, &e)
                         : export_npy_targets("no/a.npy", &p, &e);
        assert_int_equal(r, -1);
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_non_null(strstr(e.msg, "no/"));
    }
    samples_free(&s);
}

static void test_no_images(void **state)
{
    (void)state;
    static const struct shape shapes[] = {{256, 1, 1}, {1, 1, 256}, {2, 4, 4}, {4, 4, 4}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct err e = {0};
        struct samples s;
        assert_int_equal(samples_alloc(&s, 2, shapes[i], 0, 0, &e), 0);
        const struct part p = {&s, reversed, 2};
        assert_int_equal(export_png("no.png", &p, &e), -1);
        assert_int_equal(e.kind, ERR_DATA);
        assert_non_null(strstr(e.msg, "no images"));
        assert_false(io_exists("no.png"));
        samples_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_numbers), cmocka_unit_test(test_all_kinds_of_numbers),
        cmocka_unit_test(test_csv),           cmocka_unit_test(test_fields),
        cmocka_unit_test(test_npy),           cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_no_memory),     cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_no_images),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
