/* CIFAR's binary files: read, joined, exported, refused. */
#include "data/help.h"

#include "data/export.h"
#include "tmp.h"

#include <zlib.h>

#define VALUES 3072
#define ROW    3073

static unsigned char rows[5 * ROW];
static const int classes[] = {3, 0, 9, 3, 7};

static unsigned char value(int i, int c, int p)
{
    return (unsigned char)(i * 31 + c * 85 + p * 7 % 251);
}

/* Five rows, planes of red, green, blue. */
static void make_rows(void)
{
    for (int i = 0; i < 5; i++) {
        rows[i * ROW] = (unsigned char)classes[i];
        for (int j = 0; j < VALUES; j++)
            rows[i * ROW + 1 + j] = value(i, j / 1024, j % 1024);
    }
}

static int setup(void **state)
{
    make_rows();
    return tmp_setup(state);
}

/* Files of a folder of their own each, or batches.meta.txt of one would name all. */
static void folder(const char *name, const char *names)
{
    char path[64];
    mkdir(name, 0777);
    snprintf(path, sizeof path, "%s/batches.meta.txt", name);
    if (names)
        tmp_text(path, names);
}

static void same_content(const struct samples *s, int first, size_t n)
{
    assert_int_equal(s->n, n);
    assert_true(shape_equal(s->shape, (struct shape){3, 32, 32}));
    assert_null(s->x);
    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < VALUES; j++)
            if (s->bytes[i * VALUES + (size_t)j] != value(first + (int)i, j % 3, j / 3))
                fail_msg("value %d of sample %zu", j, i);
}

static void test_numbers(void **state)
{
    struct samples s;
    (void)state;
    folder("a", NULL);
    tmp_write("a/data.bin", rows, sizeof rows);
    read_well(&s, "a/data.bin", "");
    same_content(&s, 0, 5);
    assert_int_equal(s.classes, 10);
    assert_null(s.names);
    for (int i = 0; i < 5; i++)
        assert_int_equal(s.label[i], classes[i]);
    samples_free(&s);
    read_well(&s, "a/data.bin", "classes = 12");
    assert_int_equal(s.classes, 12);
    samples_free(&s);
    /* the same numbers in another shape: in the file they are in c, h, w order */
    read_well(&s, "a/data.bin", "shape = 6x16x32");
    assert_true(shape_equal(s.shape, (struct shape){6, 16, 32}));
    assert_int_equal(s.bytes[5], value(0, 2, 512));
    assert_int_equal(s.bytes[6], value(0, 0, 1));
    samples_free(&s);
    read_badly("a/data.bin", "classes = 9", "a/data.bin: sample 3: class 9: must be 0 to 8");
    tmp_write("a/data", rows, ROW); /* no name that tells */
    read_well(&s, "a/data", "format = cifar");
    same_content(&s, 0, 1);
    samples_free(&s);
}

static void test_packed(void **state)
{
    struct samples s;
    (void)state;
    folder("p", NULL);
    gzFile f = gzopen("p/data.bin.gz", "wb");
    assert_true(gzwrite(f, rows, sizeof rows) == sizeof rows && gzclose(f) == Z_OK);
    read_well(&s, "p/data.bin.gz", "");
    same_content(&s, 0, 5);
    samples_free(&s);
}

static void test_names(void **state)
{
    static const char names[] = "a\nb\nc\nd d\ne\nf\ng\nh\ni\r\nj\n\n";
    char *known[] = {"j", "h", "d d", "a"}, *less[] = {"j", "h"};
    struct samples s;
    struct err e = {0};
    (void)state;
    folder("n", names);
    tmp_write("n/data.bin", rows, sizeof rows);
    read_well(&s, "n/data.bin", "");
    same_classes(&s, "a b c d d e f g h i j", "d d a j d d h");
    assert_int_equal(s.label[0], 3);
    samples_free(&s);
    /* as a further file: classes are found by their names */
    struct data_conf c = {.target = TARGET_CLASS};
    c = data_conf_further(&c, (struct shape){3, 32, 32}, 4, known, NULL);
    assert_int_equal(data_read_file(&s, "n/data.bin", "", &c, &e), 0);
    same_classes(&s, "j h d d a", "d d a j d d h");
    assert_int_equal(s.label[0], 2);
    samples_free(&s);
    c = data_conf_further(&c, (struct shape){3, 32, 32}, 2, less, NULL);
    assert_int_equal(data_read_file(&s, "n/data.bin", "", &c, &e), -1);
    assert_string_equal(e.msg, "n/data.bin: sample 1: class 'd d' is none of the 2 that are known");
    c = data_conf_further(&c, (struct shape){3, 32, 32}, 10, NULL, NULL);
    e = (struct err){0};
    assert_int_equal(data_read_file(&s, "n/data.bin", "", &c, &e), 0);
    assert_null(s.names);
    assert_int_equal(s.label[2], 9);
    samples_free(&s);
}

static void test_bad_names(void **state)
{
    static char many[2048];
    (void)state;
    folder("b", "a\nb\n");
    tmp_write("b/data.bin", rows, sizeof rows);
    read_badly("b/data.bin", "", "b/data.bin: sample 1: class 3: must be 0 to 1");
    folder("b", "a\n\nb\n");
    read_badly("b/data.bin", "",
               "b/batches.meta.txt:2: must be the name of a class: 1 to 63 bytes of UTF-8");
    folder("b", "a\n\xff\n");
    read_badly("b/data.bin", "",
               "b/batches.meta.txt:2: must be the name of a class: 1 to 63 bytes of UTF-8");
    folder("b", "\n");
    read_badly("b/data.bin", "", "b/batches.meta.txt: no names of classes");
    for (int i = 0; i < 257; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%d\n", i);
    folder("b", many);
    read_badly("b/data.bin", "", "b/batches.meta.txt:257: a byte has no more than 256 classes");
}

static void test_bad(void **state)
{
    (void)state;
    folder("w", NULL);
    tmp_write("w/x.bin", rows, 0);
    read_badly("w/x.bin", "", "w/x.bin: 0 bytes: must be rows of 3073, a class and 3x32x32 values");
    tmp_write("w/x.bin", rows, ROW + 1);
    read_badly("w/x.bin", "",
               "w/x.bin: 3074 bytes: must be rows of 3073, a class and 3x32x32 values");
    static unsigned char other[ROW];
    memset(other, 200, sizeof other);
    tmp_write("w/x.bin", other, ROW);
    read_badly("w/x.bin", "", "w/x.bin: sample 1: class 200: must be 0 to 9");
}

static void test_joined(void **state)
{
    struct samples s, one;
    struct err e = {0};
    uint64_t size, size_one;
    uint32_t crc, crc_one;
    (void)state;
    folder("j", NULL);
    tmp_write("j/1.bin", rows, 2 * ROW);
    tmp_write("j/2.bin", rows + 2 * ROW, 3 * ROW);
    tmp_write("j/a, b.bin", rows, ROW);
    read_well(&s, "j/1.bin, j/2.bin", "");
    same_content(&s, 0, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(s.label[i], classes[i]);
    assert_int_equal(data_fingerprint(&s, "j/1.bin, j/2.bin", &size, &crc, &e), 0);
    assert_int_equal(size, 5 * ROW);
    read_well(&one, "j/2.bin,j/1.bin", "");
    assert_int_equal(data_fingerprint(&one, "", &size_one, &crc_one, &e), 0);
    assert_true(size_one == size && crc_one != crc);
    samples_free(&one);
    samples_free(&s);
    read_well(&s, "j/a, b.bin", ""); /* a name with a comma */
    same_content(&s, 0, 1);
    samples_free(&s);
    read_badly("j/1.bin, , j/2.bin", "",
               "j/1.bin, , j/2.bin: there is an empty name between the commas");
    read_badly("j/1.bin, j/2.bin", "labels = x",
               "j/1.bin, j/2.bin: a file of labels is for one file, and these are 2");
    tmp_text("j/t.csv", "1,2,0\n3,4,1\n");
    tmp_text("j/u.csv", "5,6,0\n");
    tmp_text("j/v.csv", "5,0\n");
    read_badly("j/t.csv, j/1.bin", "", "j/1.bin: sample 1: class 3: must be 0 to 1");
    read_well(&s, "j/t.csv, j/u.csv", "");
    const real x[] = {1, 2, 3, 4, 5, 6};
    same_x(&s, x, 6);
    same_classes(&s, "0 1", "0 1 0");
    samples_free(&s);
    read_well(&s, "j/t.csv, j/u.csv", "target = value");
    assert_true(s.k == 1 && s.target[1] == 1 && s.target[2] == 0);
    samples_free(&s);
}

static void test_export(void **state)
{
    static const char names[] = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
    uint32_t order[] = {4, 0, 1, 2, 3};
    struct samples s;
    struct err e = {0};
    struct blob b;
    (void)state;
    folder("e", names);
    folder("f", NULL);
    tmp_write("e/data.bin", rows, sizeof rows);
    read_well(&s, "e/data.bin", "");
    const struct part p = {&s, order, 5};
    assert_int_equal(export_cifar("f/out.bin", &p, false, &e), 0);
    assert_int_equal(io_read("f/out.bin", 1 << 20, ERR_DATA, &b, &e), 0);
    assert_int_equal(b.size, sizeof rows);
    assert_memory_equal(b.data, rows + 4 * ROW, ROW);
    assert_memory_equal(b.data + ROW, rows, 4 * ROW);
    blob_free(&b);
    assert_int_equal(io_read("f/batches.meta.txt", 1 << 20, ERR_DATA, &b, &e), 0);
    assert_string_equal(b.data, names);
    blob_free(&b);
    assert_int_equal(export_cifar("f/again.bin", &p, false, &e), 0); /* the same names */
    folder("f", "other\n");
    assert_int_equal(export_cifar("f/again.bin", &p, false, &e), -1);
    assert_string_equal(e.msg, "f/batches.meta.txt names other classes; --force overwrites it");
    assert_int_equal(e.kind, ERR_USAGE);
    e = (struct err){0};
    assert_int_equal(export_cifar("f/again.bin", &p, true, &e), 0);
    const real mean = 0, std = 255;
    assert_int_equal(data_normalize_with(&s, &mean, &std, 1, &e), 0);
    assert_int_equal(export_cifar("f/again.bin", &p, true, &e), -1);
    assert_non_null(strstr(e.msg, "a CIFAR file holds whole numbers from 0 to 255"));
    samples_free(&s);
    e = (struct err){0};
    assert_int_equal(samples_alloc_bytes(&s, 1, (struct shape){1, 32, 32}, 2, &e), 0);
    const struct part q = {&s, order + 1, 1};
    assert_int_equal(export_cifar("f/again.bin", &q, true, &e), -1);
    assert_string_equal(e.msg, "a CIFAR file holds images of 3x32x32, and samples are 1x32x32");
    samples_free(&s);
    e = (struct err){0};
    assert_int_equal(samples_alloc_bytes(&s, 1, (struct shape){3, 32, 32}, 0, &e), 0);
    assert_int_equal(export_cifar("f/again.bin", &q, true, &e), -1);
    assert_string_equal(e.msg, "a CIFAR file holds a class from 0 to 255 for each image, and the "
                               "samples have none");
    samples_free(&s);
}

static int read_once(struct err *e)
{
    struct samples s;
    int rc = read_lines(&s, "m/data.bin, m/data.bin", "", e);
    if (rc)
        return -1;
    uint32_t order[] = {0, 1, 2};
    const struct part p = {&s, order, 3};
    rc = export_cifar("m/out.bin", &p, true, e);
    samples_free(&s);
    return rc;
}

static void test_no_memory(void **state)
{
    (void)state;
    folder("m", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    tmp_write("m/data.bin", rows, 2 * ROW);
    every_allocation(read_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_packed),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_bad),     cmocka_unit_test(test_joined),
        cmocka_unit_test(test_export),  cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, tmp_teardown);
}
