/* Tests of data/load.c: what is loaded for a section [data]. */
#include "data/help.h"

#include "tmp.h"

#include <math.h>

static struct script text;

/* A file of n USPS lines, the digits in turn. */
static void write_usps(const char *path, int n)
{
    text.n = 0;
    for (int i = 0; i < n; i++)
        usps_line(&text, i % 10);
    tmp_text(path, text.s);
}

static void load_good(struct data *d, const char *ini)
{
    struct err e = {0};
    if (load_text(d, ini, &e))
        fail_msg("%s", e.msg);
}

static void check_whole(const struct part *p, const struct samples *of, uint32_t n)
{
    assert_ptr_equal(p->of, n ? of : NULL);
    assert_int_equal(p->n, n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(p->index[i], i);
}

static void test_files(void **state)
{
    struct data d;
    size_t live = mem_live();
    (void)state;
    load_good(&d, "[data]\ntrain = zip.train\ntest = zip.test\nshape = 1x16x16\nclasses = 10\n");
    check_whole(&d.train, &d.train_file, 20);
    check_whole(&d.test, &d.test_file, 10);
    check_whole(&d.val, NULL, 0);
    assert_true(shape_equal(d.shape, (struct shape){1, 16, 16}));
    assert_int_equal(d.classes, 10);
    assert_int_equal(d.k, 0);
    assert_null(d.mean);
    assert_null(d.names);
    assert_int_equal(d.train_file.label[13], 3);
    struct err e = {0};
    for (int i = 0; i < 3; i++) {
        static const char *const paths[] = {"zip.train", "zip.test", NULL};
        uint64_t size = 0;
        uint32_t crc = 0;
        if (!paths[i]) {
            assert_null(d.source[i].path);
            continue;
        }
        assert_string_equal(d.source[i].path, paths[i]);
        assert_int_equal(io_fingerprint(paths[i], ERR_DATA, &size, &crc, &e), 0);
        assert_int_equal(d.source[i].size, size);
        assert_int_equal(d.source[i].crc, crc);
    }
    data_free(&d);
    data_free(&d); /* a second time does nothing */
    assert_int_equal(mem_live(), live);
}

static void test_limits(void **state)
{
    struct data d;
    (void)state;
    load_good(&d, "[data]\ntrain = zip.train\ntest = zip.test\nlimit = 12\nlimit_test = 3\n"
                  "validation = 0.5\n");
    assert_int_equal(d.train.n + d.val.n, 12);
    assert_int_equal(d.val.n, 10); /* one of two, and a half of one rounded up */
    assert_int_equal(d.test.n, 3);
    data_free(&d);
    load_good(&d, "[data]\ntrain = zip.train\nlimit = 50\n");
    assert_int_equal(d.train.n, 20);
    data_free(&d);
}

static void test_validation(void **state)
{
    struct data d;
    (void)state;
    load_good(&d, "[data]\ntrain = zip.train\nvalidation = zip.test\n");
    check_whole(&d.train, &d.train_file, 20);
    check_whole(&d.val, &d.val_file, 10);
    assert_string_equal(d.source[2].path, "zip.test");
    data_free(&d);
    load_good(&d, "[data]\ntrain = zip.train\nvalidation = 0.5\nseed = 3\n");
    assert_int_equal(d.train.n, 10);
    assert_int_equal(d.val.n, 10);
    assert_ptr_equal(d.val.of, &d.train_file);
    for (int i = 0; i < 10; i++) { /* one of each digit on either side */
        int digit = d.train_file.label[d.val.index[i]];
        for (int j = 0; j < i; j++)
            assert_int_not_equal(d.train_file.label[d.val.index[j]], digit);
    }
    data_free(&d);
}

static void test_generated(void **state)
{
    struct data d;
    (void)state;
    load_good(&d, "[data]\ngenerator = digits\nsamples = 52\n");
    assert_int_equal(d.train.n, 52);
    assert_int_equal(d.test.n, 10); /* a fifth, rounded */
    assert_int_equal(d.classes, 10);
    assert_null(d.source[0].path);
    data_free(&d);
    load_good(&d,
              "[data]\ngenerator = gaussians\nsamples = 40\ntest_samples = 0\nvalidation = 0.1\n");
    assert_int_equal(d.train.n, 36);
    assert_int_equal(d.val.n, 4);
    assert_int_equal(d.test.n, 0);
    assert_null(d.test.of);
    data_free(&d);
    load_good(&d, "[data]\ngenerator = digits\nsamples = 10\ntest = zip.test\n");
    assert_int_equal(d.test.n, 10);
    assert_string_equal(d.source[1].path, "zip.test");
    data_free(&d);
}

static void test_targets(void **state)
{
    struct data d;
    (void)state;
    load_good(&d, "[data]\ntrain = zip.train\ntarget = input\nvalidation = 0.5\n");
    assert_int_equal(d.classes, 0);
    assert_int_equal(d.k, 256);
    assert_null(d.train_file.target);
    assert_int_equal(d.train_file.classes, 10);
    assert_int_equal(d.train_file.label[7], 7); /* kept */
    data_free(&d);
    load_good(&d, "[data]\ntrain = zip.train\ntest = zip.test\ntarget = value\n");
    assert_int_equal(d.classes, 0);
    assert_int_equal(d.k, 1);
    assert_null(d.train_file.label);
    assert_true(d.train_file.target[17] == 7 && d.test_file.target[4] == 4);
    data_free(&d);
}

/* The training part alone decides. */
static void test_normalized(void **state)
{
    struct data d, plain;
    (void)state;
    load_good(&plain, "[data]\ntrain = zip.train\nlimit = 1\ntest = zip.test\n");
    load_good(&d, "[data]\ntrain = zip.train\nlimit = 1\ntest = zip.test\nnormalize = unit\n");
    real lo = 2, hi = -2;
    for (int j = 0; j < 256; j++) {
        lo = plain.train_file.x[j] < lo ? plain.train_file.x[j] : lo;
        hi = plain.train_file.x[j] > hi ? plain.train_file.x[j] : hi;
    }
    assert_int_equal(d.n_norm, 1);
    assert_true(d.mean[0] == lo);
    assert_true(d.std[0] == (real)((double)hi - (double)lo));
    for (int j = 0; j < 2560; j++)
        assert_true(d.test_file.x[j] == (plain.test_file.x[j] - lo) / d.std[0]);
    data_free(&d);
    data_free(&plain);
}

static void refuse(enum err_kind kind, const char *ini, const char *message)
{
    struct data d;
    struct err e = {0};
    size_t live = mem_live();
    assert_int_equal(load_text(&d, ini, &e), -1);
    assert_string_equal(e.msg, message);
    assert_int_equal(e.kind, kind);
    assert_null(d.train_file.x);
    assert_int_equal(mem_live(), live);
}

static void test_refused(void **state)
{
    char want[700];
    (void)state;
    refuse(ERR_NET, "[data]\ntrain = zip.train\nshape = 1x8x8\n",
           "net.ini:3: [data] shape = 1x8x8, but zip.train has 1x16x16");
    refuse(ERR_NET, "[data]\nshape = 256\ntrain = zip.train\n",
           "net.ini:2: [data] shape = 256, but zip.train has 1x16x16");
    refuse(ERR_NET, "[data]\ngenerator = digits\nsamples = 10\nshape = 784\n",
           "net.ini:4: [data] shape = 784, but generator digits gives 1x16x16");
    refuse(ERR_NET, "[data]\ntrain = zip.train\n\n# ten\nclasses = 9\n",
           "net.ini:5: [data] classes = 9, but zip.train has 10");
    refuse(ERR_NET, "[data]\ngenerator = gaussians\nclasses = 4\n",
           "net.ini:3: [data] classes = 4, but generator gaussians gives 2");
    refuse(ERR_NET, "[data]\ntrain = zip.train\nmean = 1,2,3\n",
           "net.ini:3: [data] mean has 3 numbers, but zip.train has 1x16x16: must be 1 or 256");
    refuse(ERR_NET, "[data]\ngenerator = gaussians\nsamples = 8\nstd = 1,2,3\n",
           "net.ini:4: [data] std has 3 numbers, but generator gaussians gives 2: must be 1 or 2");
    refuse(ERR_NET, "[data]\ntrain = zip.train\nvalidation = 0.1\n",
           "net.ini:3: [data] validation = 0.1 of 20 samples leaves none to validate on");
    refuse(ERR_NET, "[data]\ntrain = zip.train\nvalidation = 0.9\n",
           "net.ini:3: [data] validation = 0.9 of 20 samples leaves none to train on");
    refuse(ERR_DATA, "[data]\ngenerator = gaussians\ntest = zip.test\n",
           "zip.test has 1x16x16, but generator gaussians gives 2");
    snprintf(want, sizeof want,
             "cannot open datasets/usps/a.gz (in %s): No such file or directory; to get it: "
             "scripts/get_data.sh usps",
             tmp_dir);
    refuse(ERR_DATA, "[data]\ntrain = datasets/usps/a.gz\n", want);
    snprintf(want, sizeof want, "cannot open nowhere (in %s): No such file or directory", tmp_dir);
    refuse(ERR_DATA, "[data]\ntrain = zip.train\ntest = nowhere\n", want);
    refuse(ERR_DATA, "[data]\ntrain = zip.train\nvalidation = nowhere\n", want);
    tmp_text("page", "<html>\n");
    refuse(ERR_DATA, "[data]\ntrain = zip.train\ntest = page\n",
           "page: of no known format; name it with: format = ...");
    refuse(ERR_DATA, "[data]\ntrain = page\nformat = usps\n",
           "page:1: digit '<html>': must be a whole number from 0 to 9");
}

/* ---- tables ---- */

#define TABLE                                                                                      \
    "a,one,b,kind\n"                                                                               \
    "1,5,-1,x\n"                                                                                   \
    "3,5,-1,y\n"                                                                                   \
    "5,5,2,z\n"

/* Classes are numbered as train's are, whichever of them a file has. */
static void test_tables(void **state)
{
    struct data d;
    (void)state;
    tmp_text("train.csv", TABLE);
    tmp_text("test.csv", "7,5,0,z\n9,6,1,x\n");
    tmp_text("val.csv", "a\tone\tb\tkind\n0\t0\t0\ty\n");
    load_good(&d, "[data]\ntrain = train.csv\ntest = test.csv\nvalidation = val.csv\n");
    assert_int_equal(d.classes, 3);
    assert_string_equal(d.names[1], "y");
    assert_true(d.test_file.label[0] == 2 && d.test_file.label[1] == 0);
    assert_int_equal(d.val_file.label[0], 1);
    assert_string_equal(d.train_file.columns[1], "one");
    /* columns are found by their names, and others are left out */
    tmp_text("test.csv", "extra,kind,b,a,one,a b\nx,z,0,7,5,4\ny,x,1,9,6,\n");
    struct data again;
    load_good(&again, "[data]\ntrain = train.csv\ntest = test.csv\n");
    assert_memory_equal(again.test_file.x, d.test_file.x, 6 * sizeof(real));
    assert_memory_equal(again.test_file.label, d.test_file.label, 2 * sizeof(int));
    data_free(&again);
    data_free(&d);
    load_good(&d, "[data]\ntrain = train.csv\ntest = test.csv\nlimit = 1\n");
    assert_int_equal(d.classes, 3); /* of the whole file */
    data_free(&d);
    load_good(&d, "[data]\ntrain = train.csv\ntest = test.csv\ntarget = input\nignore = 4\n");
    assert_true(d.classes == 0 && d.k == 3 && !d.test_file.label && d.test_file.x[0] == 7);
    data_free(&d);
}

/* A column that never changes is no division by zero: it becomes 0. */
static void test_constant_columns(void **state)
{
    static const char *const how[] = {"minmax", "standard", "channel"};
    static const double want[][6] = {
        {0, 0, 0, 1, 0, 1},
        {-1.224744871391589, 0, -0.7071067811865476, 1.224744871391589, 0, 1.414213562373095},
        {-1.224744871391589, 0, -0.7071067811865476, 1.224744871391589, 0, 1.414213562373095}};
    struct data d;
    char ini[128];
    (void)state;
    for (int i = 0; i < 3; i++) {
        snprintf(ini, sizeof ini, "[data]\ntrain = train.csv\ntest = test.csv\nnormalize = %s\n",
                 how[i]);
        load_good(&d, ini);
        for (int j = 0; j < 6; j++) /* the first and the last sample */
            assert_true(fabs((double)d.train_file.x[j < 3 ? j : j + 3] - want[i][j]) < 1e-6);
        assert_true(d.test_file.x[1] == 0 && d.test_file.x[4] == 1); /* 6 - 5, by a std of 1 */
        data_free(&d);
    }
    load_good(&d, "[data]\ntrain = train.csv\nmean = 1, 5, 0\nstd = 2, 1, 1\n");
    assert_true(d.train_file.x[3] == 1 && d.train_file.x[4] == 0 && d.train_file.x[5] == -1);
    data_free(&d);
}

/* Files of samples that number their classes, beside files that name them. */
static void test_numbered(void **state)
{
    struct data d;
    static struct script row;
    (void)state;
    row.n = 0;
    usps_values(&row, 3, 0, 256, 0);
    for (char *c = row.s; *c; c++)
        *c = *c == ' ' ? ',' : *c;
    say(&row, ",7\n");
    tmp_text("seven.csv", row.s + 1);
    load_good(&d, "[data]\ntrain = zip.train\ntest = seven.csv\n");
    assert_int_equal(d.test_file.label[0], 7); /* though it is the only class there */
    assert_true(shape_equal(d.test_file.shape, (struct shape){1, 16, 16}));
    data_free(&d);
    row.s[row.n - 2] = 'x';
    tmp_text("seven.csv", row.s + 1);
    refuse(ERR_DATA, "[data]\ntrain = zip.train\ntest = seven.csv\n",
           "seven.csv:1: class 'x' is none of the 10 that are known: 0 to 9");
    tmp_text("train.csv", row.s + 1);
    refuse(ERR_DATA, "[data]\ntrain = train.csv\ntest = zip.test\nshape = 1x16x16\n",
           "train.csv has only one class, 'x': there is nothing to tell apart");
    tmp_text("train.csv", TABLE);
}

/* A changed file of labels is a changed source. */
static void test_labels_count(void **state)
{
    struct data d;
    uint32_t crc = 0;
    (void)state;
    tmp_write("x.idx", "\0\0\x08\x02\0\0\0\x02\0\0\0\x01\x05\x06", 14);
    for (int i = 0; i < 3; i++) {
        tmp_text("y.csv", i == 1 ? "8\n7\n" : "7\n8\n");
        load_good(&d, "[data]\ntrain = x.idx\nlabels = y.csv\ntest = x.idx\n"
                      "test_labels = y.csv\n");
        assert_int_equal(d.source[0].size, 14 + 4);
        assert_int_equal(d.source[0].crc, d.source[1].crc);
        assert_true(i == 0 || (d.source[0].crc == crc) == (i == 2));
        crc = i == 0 ? d.source[0].crc : crc;
        assert_int_equal(d.test_file.label[0], i == 1);
        data_free(&d);
    }
}

static void test_set_target(void **state)
{
    struct data_conf c = {.target = TARGET_CLASS};
    struct samples s;
    struct err e = {0};
    (void)state;
    assert_int_equal(samples_alloc(&s, 3, (struct shape){2, 1, 1}, 0, 1, &e), 0);
    assert_int_equal(data_set_target(&s, &c, "a.csv has", &e), -1);
    assert_string_equal(e.msg, "[data] target = class, but a.csv has values");
    assert_int_equal(e.kind, ERR_NET);
    c.target = TARGET_VALUE;
    e = (struct err){0};
    assert_int_equal(data_set_target(&s, &c, "a.csv has", &e), 0);
    assert_int_equal(s.k, 1);
    samples_free(&s);
}

static void test_hostile_samples(void **state)
{
    struct samples s;
    struct err e = {0};
    size_t live = mem_live();
    (void)state;
    assert_int_equal(
        samples_alloc(&s, 3, (struct shape){INT32_MAX, INT32_MAX, INT32_MAX}, 2, 0, &e), -1);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_null(s.x);
    e = (struct err){0};
    assert_int_equal(samples_alloc(&s, SIZE_MAX, (struct shape){1, 1, 1}, 0, 1, &e), -1);
    assert_int_equal(mem_live(), live);
    samples_free(&s);
}

static int load_once(struct err *e)
{
    struct data d = {0};
    if (load_text(&d,
                  "[data]\ntrain = zip.train\ntest = zip.test\nvalidation = 0.5\nlimit = 12\n"
                  "normalize = channel\ntarget = value\n",
                  e))
        return -1;
    data_free(&d);
    return 0;
}

static int load_tables(struct err *e)
{
    struct data d = {0};
    if (load_text(&d, "[data]\ntrain = train.csv\ntest = test.csv\nvalidation = val.csv\n", e))
        return -1;
    data_free(&d);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    every_allocation(load_once);
    every_allocation(load_tables);
}

static int setup(void **state)
{
    if (tmp_setup(state))
        return -1;
    write_usps("zip.train", 20);
    write_usps("zip.test", 10);
    return 0;
}

/* ---- the real files, where they are ---- */

static char root[512];

static void test_usps(void **state)
{
    static const int train[] = {1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644};
    static const int test[] = {359, 264, 198, 166, 200, 160, 170, 147, 166, 177};
    struct data d;
    (void)state;
    assert_int_equal(chdir(root), 0);
    bool there = io_exists("datasets/usps/zip.train.gz") && io_exists("datasets/usps/zip.test.gz");
    if (!there) {
        print_message("no datasets/usps here: scripts/get_data.sh usps gets it\n");
        assert_int_equal(chdir(tmp_dir), 0);
        skip();
    }
    load_good(&d, "[data]\ntrain = datasets/usps/zip.train.gz\ntest = datasets/usps/zip.test.gz\n"
                  "shape = 1x16x16\nclasses = 10\nvalidation = 0.1\n");
    assert_int_equal(chdir(tmp_dir), 0);
    assert_int_equal(d.train_file.n, 7291);
    assert_int_equal(d.test.n, 2007);
    int count[3][10] = {{0}};
    for (uint32_t i = 0; i < d.train.n; i++)
        count[0][d.train_file.label[d.train.index[i]]]++;
    for (uint32_t i = 0; i < d.val.n; i++)
        count[1][d.train_file.label[d.val.index[i]]]++;
    for (uint32_t i = 0; i < d.test.n; i++)
        count[2][d.test_file.label[i]]++;
    for (int k = 0; k < 10; k++) {
        assert_int_equal(count[0][k] + count[1][k], train[k]);
        assert_int_equal(count[1][k], (int)(train[k] * 0.1 + 0.5));
        assert_int_equal(count[2][k], test[k]);
    }
    data_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_validation),
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_normalized),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_constant_columns),
        cmocka_unit_test(test_numbered),
        cmocka_unit_test(test_labels_count),
        cmocka_unit_test(test_set_target),
        cmocka_unit_test(test_hostile_samples),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_usps),
    };
    return getcwd(root, sizeof root) ? cmocka_run_group_tests(tests, setup, tmp_teardown) : 1;
}
