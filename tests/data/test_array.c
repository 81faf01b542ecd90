/* Tests of data/formats/idx.c, data/formats/npy.c and data/array.c. What is refused is in
 * tests/files/bad_data. */
#include "data/help.h"

#include "data/array.h"
#include "tmp.h"

#include <math.h>
#include <zlib.h>

/* Bytes under construction. */
struct bytes {
    unsigned char b[4096];
    size_t n;
};

static void put(struct bytes *t, const void *p, size_t n)
{
    assert_true(t->n + n <= sizeof t->b);
    memcpy(t->b + t->n, p, n);
    t->n += n;
}

/* The low `size` bytes of a number. */
static void put_bits(struct bytes *t, uint64_t bits, int size, bool big)
{
    for (int i = 0; i < size; i++)
        put(t, &(unsigned char){(unsigned char)(bits >> 8 * (big ? size - 1 - i : i))}, 1);
}

static void put_number(struct bytes *t, double v, enum array_type type, int size, bool big)
{
    uint64_t bits = (uint64_t)(int64_t)v;
    if (type == ARRAY_FLOAT && size == 8)
        memcpy(&bits, &v, sizeof v);
    if (type == ARRAY_FLOAT && size == 4) {
        float f = (float)v;
        uint32_t word;
        memcpy(&word, &f, sizeof f);
        bits = word;
    }
    if (type == ARRAY_FLOAT && size == 2) { /* of small whole numbers */
        int e = 0;
        double m = v == 0 ? 0 : frexp(fabs(v), &e);
        bits = v == 0 ? 0 : (uint64_t)(e + 14) << 10 | (uint64_t)(m * 2048 - 1024);
        bits |= v < 0 ? 0x8000 : 0;
    }
    put_bits(t, bits, size, big);
}

static void idx_head(struct bytes *t, int type, int nd, const unsigned *dim)
{
    const unsigned char head[] = {0, 0, (unsigned char)type, (unsigned char)nd};
    t->n = 0;
    put(t, head, 4);
    for (int i = 0; i < nd; i++)
        put_bits(t, dim[i], 4, true);
}

static void npy_head(struct bytes *t, int version, const char *dictionary)
{
    char text[200];
    int prefix = version > 1 ? 12 : 10, n = (int)strlen(dictionary) + 1;
    int pad = (64 - (prefix + n) % 64) % 64;
    t->n = 0;
    put(t, "\x93NUMPY", 6);
    put_bits(t, (uint64_t)version, 2, false);
    put_bits(t, (uint64_t)(n + pad), version > 1 ? 4 : 2, false);
    snprintf(text, sizeof text, "%s%*s\n", dictionary, pad, "");
    put(t, text, (size_t)(n + pad));
}

static void write_bytes(const char *path, const struct bytes *t)
{
    tmp_write(path, t->b, t->n);
}

/* ---- idx ---- */

static struct bytes t;

/* Images of 2x3 whose pixels count, and labels of them. */
static void write_images(const char *path, unsigned n)
{
    idx_head(&t, 0x08, 3, (const unsigned[]){n, 2, 3});
    for (unsigned i = 0; i < 6 * n; i++)
        put_bits(&t, i, 1, true);
    write_bytes(path, &t);
}

static void write_labels(const char *path, const char *digits)
{
    idx_head(&t, 0x08, 1, (const unsigned[]){(unsigned)strlen(digits)});
    for (const char *c = digits; *c; c++)
        put_bits(&t, (uint64_t)(*c - '0'), 1, true);
    write_bytes(path, &t);
}

static void check_images(const struct samples *s, unsigned n)
{
    assert_true(shape_equal(s->shape, (struct shape){1, 2, 3}));
    assert_int_equal(s->n, n);
    for (unsigned i = 0; i < 6 * n; i++)
        assert_true(s->x[i] == (real)i);
}

static void test_images(void **state)
{
    struct samples s;
    (void)state;
    write_images("train-images-idx3-ubyte", 4);
    write_labels("train-labels-idx1-ubyte", "7273");
    read_well(&s, "train-images-idx3-ubyte", "");
    check_images(&s, 4);
    same_classes(&s, "2 3 7", "7 2 7 3");
    assert_string_equal(s.labels, "train-labels-idx1-ubyte");
    samples_free(&s);
    assert_int_equal(rename("train-images-idx3-ubyte", "a"), 0);
    read_well(&s, "a", "labels = train-labels-idx1-ubyte");
    check_images(&s, 4);
    same_classes(&s, "2 3 7", "7 2 7 3");
    samples_free(&s);
    read_well(&s, "a", "target = input");
    check_images(&s, 4);
    assert_true(!s.label && !s.labels && s.classes == 0);
    samples_free(&s);
    read_well(&s, "a", "target = value\nlabels = train-labels-idx1-ubyte");
    assert_true(s.k == 1 && s.target[0] == 7 && s.target[3] == 3 && !s.label);
    samples_free(&s);
    read_badly("a", "",
               "a: holds no labels; name their file with: labels = ... (test_labels for test), or "
               "learn the input itself with: target = input");
    read_well(&s, "a", "shape = 6\nlabels = train-labels-idx1-ubyte");
    assert_true(shape_equal(s.shape, (struct shape){6, 1, 1}));
    samples_free(&s);
}

static void gzip(const char *from, const char *to)
{
    struct blob b;
    struct err e = {0};
    assert_int_equal(io_read(from, SIZE_MAX / 4, ERR_DATA, &b, &e), 0);
    gzFile gz = gzopen(to, "wb");
    assert_int_equal(gzwrite(gz, b.data, (unsigned)b.size), (int)b.size);
    gzclose(gz);
    blob_free(&b);
    remove(from);
}

/* Labels are found packed or not, whatever the images are. */
static void test_packed_labels(void **state)
{
    struct samples s;
    (void)state;
    mkdir("images", 0777); /* only the file's own name counts */
    write_images("images/t10k-images-idx3-ubyte", 3);
    write_labels("images/t10k-labels-idx1-ubyte", "010");
    gzip("images/t10k-images-idx3-ubyte", "images/t10k-images-idx3-ubyte.gz");
    for (int i = 0; i < 2; i++) {
        read_well(&s, "images/t10k-images-idx3-ubyte.gz", "");
        check_images(&s, 3);
        same_classes(&s, "0 1", "0 1 0");
        samples_free(&s);
        if (i == 0)
            gzip("images/t10k-labels-idx1-ubyte", "images/t10k-labels-idx1-ubyte.gz");
    }
    remove("images/t10k-labels-idx1-ubyte.gz");
    read_badly("images/t10k-images-idx3-ubyte.gz", "",
               "images/t10k-images-idx3-ubyte.gz: its labels are not in "
               "images/t10k-labels-idx1-ubyte.gz; name their file with: labels = ... (test_labels "
               "for test)");
    read_well(&s, "images/t10k-images-idx3-ubyte.gz", "target = input");
    assert_true(!s.label && s.n == 3);
    samples_free(&s);
}

static const double numbers[] = {0, 1, 2, -1, 100, -128, 127, 64};

static void test_idx_types(void **state)
{
    static const struct {
        int code, size;
        enum array_type type;
    } types[] = {{0x09, 1, ARRAY_INT},   {0x0b, 2, ARRAY_INT},   {0x0c, 4, ARRAY_INT},
                 {0x0d, 4, ARRAY_FLOAT}, {0x0e, 8, ARRAY_FLOAT}, {0x08, 1, ARRAY_UINT}};
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct samples s;
        idx_head(&t, types[i].code, 4, (const unsigned[]){1, 2, 2, 2}); /* n, c, h, w */
        for (int j = 0; j < 8; j++)
            put_number(&t, types[i].type == ARRAY_UINT ? fabs(numbers[j]) : numbers[j],
                       types[i].type, types[i].size, true);
        write_bytes("a.idx", &t);
        read_well(&s, "a.idx", "target = input");
        assert_true(shape_equal(s.shape, (struct shape){2, 2, 2}));
        for (int j = 0; j < 8; j++) { /* memory is h, w, c */
            double want = numbers[j % 2 * 4 + j / 2];
            assert_true((double)s.x[j] == (types[i].type == ARRAY_UINT ? fabs(want) : want));
        }
        samples_free(&s);
    }
}

/* ---- npy ---- */

static void test_npy_types(void **state)
{
    static const struct {
        const char *name;
        int size;
        enum array_type type;
    } types[] = {{"|b1", 1, ARRAY_UINT},  {"|u1", 1, ARRAY_UINT},  {"<u2", 2, ARRAY_UINT},
                 {">u4", 4, ARRAY_UINT},  {"<u8", 8, ARRAY_UINT},  {"|i1", 1, ARRAY_INT},
                 {">i2", 2, ARRAY_INT},   {"<i4", 4, ARRAY_INT},   {">i8", 8, ARRAY_INT},
                 {"<f2", 2, ARRAY_FLOAT}, {">f2", 2, ARRAY_FLOAT}, {"<f4", 4, ARRAY_FLOAT},
                 {">f4", 4, ARRAY_FLOAT}, {"=f4", 4, ARRAY_FLOAT}, {"<f8", 8, ARRAY_FLOAT},
                 {">f8", 8, ARRAY_FLOAT}, {"<u1", 1, ARRAY_UINT}};
    (void)state;
    for (size_t i = 0; i < 3 * sizeof types / sizeof *types; i++) {
        struct samples s;
        char text[100];
        bool is_unsigned = types[i / 3].type == ARRAY_UINT;
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (2, 4), }",
                 types[i / 3].name);
        npy_head(&t, 1 + (int)(i % 3), text);
        for (int j = 0; j < 8; j++)
            put_number(&t, is_unsigned ? fabs(numbers[j]) : numbers[j], types[i / 3].type,
                       types[i / 3].size, types[i / 3].name[0] == '>');
        write_bytes("a", &t);
        read_well(&s, "a", "target = input");
        assert_true(shape_equal(s.shape, (struct shape){4, 1, 1}));
        for (int j = 0; j < 8; j++)
            if ((double)s.x[j] != (is_unsigned ? fabs(numbers[j]) : numbers[j]))
                fail_msg("%s: number %d is %g", types[i / 3].name, j, (double)s.x[j]);
        samples_free(&s);
    }
}

static void test_half(void **state)
{
    static const struct {
        unsigned bits;
        double v;
    } cases[] = {{0x3c00, 1},
                 {0xc000, -2},
                 {0x7bff, 65504},
                 {0x0400, 0x1p-14},
                 {0x0001, 0x1p-24},
                 {0x03ff, 1023 * 0x1p-24},
                 {0x3555, 0.333251953125},
                 {0x8000, 0}};
    struct samples s;
    (void)state;
    npy_head(&t, 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (8,), }");
    for (int i = 0; i < 8; i++)
        put_bits(&t, cases[i].bits, 2, false);
    write_bytes("a.npy", &t);
    read_well(&s, "a.npy", "target = input");
    assert_true(s.n == 8 && shape_equal(s.shape, (struct shape){1, 1, 1}));
    for (int i = 0; i < 8; i++)
        assert_true((double)s.x[i] == cases[i].v);
    samples_free(&s);
    t.b[t.n - 1] = 0x7c; /* infinite */
    t.b[t.n - 2] = 0;
    write_bytes("a.npy", &t);
    read_badly("a.npy", "target = input",
               "a.npy: sample 8: value 1 is inf: must be a finite number");
}

/* The first index runs fastest. */
static void test_fortran(void **state)
{
    struct samples s;
    (void)state;
    npy_head(&t, 1, "{'fortran_order': True, 'shape': (2, 3, 4), 'descr': '|u1'}");
    for (unsigned i = 0; i < 24; i++) { /* [a][b][c] holds 100 a + 10 b + c */
        unsigned a = i % 2, b = i / 2 % 3, c = i / 6;
        put_bits(&t, 100 * a + 10 * b + c, 1, false);
    }
    write_bytes("a.npy", &t);
    read_well(&s, "a.npy", "target = input");
    assert_true(shape_equal(s.shape, (struct shape){1, 3, 4}));
    for (int i = 0; i < 24; i++)
        assert_true(s.x[i] == (real)(100 * (i / 12) + 10 * (i / 4 % 3) + i % 4));
    samples_free(&s);
}

/* Other ways to write the same header. */
static void test_headers(void **state)
{
    static const char *const texts[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
        "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,)}",
        "{ 'shape' : ( 2L , ) , 'descr' : '<f4' , 'fortran_order' : False }",
    };
    static const char *const wrong[] = {
        "",
        "{",
        "{}",
        "'descr'",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2) x}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': <f4, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4<f4<f4<f4<f4<f4<f4<f4', 'fortran_order': False, 'shape': (2,)}"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct samples s;
        npy_head(&t, 1, texts[i]);
        put_number(&t, 5, ARRAY_FLOAT, 4, false);
        put_number(&t, -6, ARRAY_FLOAT, 4, false);
        write_bytes("a.npy", &t);
        read_well(&s, "a.npy", "target = input");
        same_x(&s, (const real[]){5, -6}, 2);
        samples_free(&s);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        npy_head(&t, 1, wrong[i]);
        put_bits(&t, 0, 8, false);
        write_bytes("a.npy", &t);
        read_badly("a.npy", "target = input", "a.npy: its NPY header is damaged");
    }
}

static void test_npy_labels(void **state)
{
    struct samples s;
    (void)state;
    npy_head(&t, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
    for (int i = 0; i < 6; i++)
        put_number(&t, i, ARRAY_FLOAT, 4, false);
    write_bytes("x.npy", &t);
    npy_head(&t, 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }");
    put_number(&t, 1000, ARRAY_INT, 8, false);
    put_number(&t, -7, ARRAY_INT, 8, false);
    put_number(&t, 1000, ARRAY_INT, 8, false);
    write_bytes("y.npy", &t);
    read_well(&s, "x.npy", "labels = y.npy");
    same_classes(&s, "-7 1000", "1000 -7 1000");
    samples_free(&s);
    read_well(&s, "x.npy", "labels = x.npy\ntarget = value");
    assert_true(s.k == 2 && s.target[3] == 3);
    samples_free(&s);
    tmp_text("y.csv", "1.5\n2\n1.5\n"); /* any format with a number a sample */
    read_well(&s, "x.npy", "labels = y.csv");
    same_classes(&s, "1.5 2", "1.5 2 1.5");
    samples_free(&s);
    char *names[] = {"2", "1.5"};
    const struct data_conf plain = {.labels = NULL};
    struct data_conf c =
        data_conf_further(&plain, (struct shape){2, 1, 1}, 2, names, (char[]){"y.csv"});
    struct err e = {0};
    assert_int_equal(data_read_file(&s, "x.npy", "", &c, &e), 0);
    same_classes(&s, "2 1.5", "1.5 2 1.5");
    samples_free(&s);
    names[1] = "3";
    assert_int_equal(data_read_file(&s, "x.npy", "", &c, &e), -1);
    assert_string_equal(e.msg,
                        "y.csv: sample 1: class '1.5' is none of the 2 that are known: 2, 3");
    c = data_conf_further(&plain, (struct shape){2, 1, 1}, 2, names, NULL);
    c.no_target = true;
    assert_int_equal(data_read_file(&s, "x.npy", "", &c, &(struct err){0}), 0);
    assert_true(!s.label && !s.target && s.classes == 0);
    samples_free(&s);
}

/* ---- hostile ---- */

static void test_prefixes(void **state)
{
    (void)state;
    write_images("a.idx", 2);
    every_prefix("a.idx", "target = input", t.b, t.n, true);
    npy_head(&t, 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
    for (int i = 0; i < 6; i++)
        put_number(&t, i, ARRAY_FLOAT, 4, false);
    every_prefix("a.npy", "target = input", t.b, t.n, true);
}

static int read_idx(struct err *e)
{
    struct samples s;
    if (read_lines(&s, "train-images-idx3-ubyte", "shape = 3x1x2", e))
        return -1;
    samples_free(&s);
    return 0;
}

static int read_npy(struct err *e)
{
    struct samples s;
    if (read_lines(&s, "x.npy", "labels = train-labels-idx1-ubyte\ntarget = value", e))
        return -1;
    samples_free(&s);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    write_images("train-images-idx3-ubyte", 2);
    write_labels("train-labels-idx1-ubyte", "10");
    npy_head(&t, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }");
    put_bits(&t, 0, 2, false);
    write_bytes("x.npy", &t);
    every_allocation(read_idx);
    every_allocation(read_npy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),    cmocka_unit_test(test_packed_labels),
        cmocka_unit_test(test_idx_types), cmocka_unit_test(test_npy_types),
        cmocka_unit_test(test_half),      cmocka_unit_test(test_fortran),
        cmocka_unit_test(test_headers),   cmocka_unit_test(test_npy_labels),
        cmocka_unit_test(test_prefixes),  cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
