/* Tests of data/load.c: what is loaded for a section [data]. */
#include "data/help.h"

#include "tmp.h"

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

static void test_no_memory(void **state)
{
    (void)state;
    every_allocation(load_once);
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
        cmocka_unit_test(test_set_target),
        cmocka_unit_test(test_hostile_samples),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_usps),
    };
    return getcwd(root, sizeof root) ? cmocka_run_group_tests(tests, setup, tmp_teardown) : 1;
}
