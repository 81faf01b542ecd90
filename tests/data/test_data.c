/* Tests of data/data.c: the section [data]. */
#include "data/help.h"

static struct diag diag;

static int conf_fields(const char *ini, struct data_conf *c)
{
    struct netfile *nf = NULL;
    struct err e = {0};
    memset(&diag, 0, sizeof diag);
    assert_int_equal(conf_of(ini, &nf, c, &diag, &e), 0);
    netfile_free(nf);
    return diag.total;
}

static void test_defaults(void **state)
{
    struct data_conf c;
    size_t live = mem_live();
    (void)state;
    assert_int_equal(conf_fields("[data]\ntrain = a\n", &c), 0);
    assert_string_equal(c.train, "a");
    assert_string_equal(c.test, "");
    assert_string_equal(c.validation, "0");
    assert_string_equal(c.format, "");
    assert_string_equal(c.generator, "");
    assert_int_equal(c.samples, 1000);
    assert_int_equal(c.test_samples, -1);
    assert_true(c.noise == -1);
    assert_int_equal(c.seed, 1);
    assert_int_equal(c.target, TARGET_CLASS);
    assert_int_equal(c.shape[0], 0);
    assert_int_equal(c.classes, 0);
    assert_int_equal(c.normalize, NORMALIZE_NONE);
    assert_int_equal(c.mean.n + c.std.n, 0);
    assert_int_equal(c.limit + c.limit_test, 0);
    data_free_conf(&c);
    assert_int_equal(mem_live(), live);
}

/* The resolved section, with all its defaults, reads back as the same. */
static void test_write_and_read(void **state)
{
    static const char *const inis[] = {
        "[data]\ntrain = a\ntest = b\nvalidation = 0.1\nshape = 1x16x16\nclasses = 10\n",
        "[data]\ntrain = a\nvalidation = c\nlimit = 5\nmean = 1, 2\nstd = 2, 4\nformat = usps\n",
        "[data]\ngenerator = digits\nsamples = 30\ntest_samples = 0\nnoise = 0.5\nseed = 9\n",
        "[data]\ngenerator = gaussians\nnormalize = channel\ntarget = input\n",
        "[data]\nalpha = 2.5\ngenerator = line\ntarget = value\n"};
    (void)state;
    for (size_t i = 0; i < sizeof inis / sizeof *inis; i++) {
        struct data_conf a, b;
        struct text t[2] = {{0}};
        struct err e = {0};
        assert_int_equal(conf_fields(inis[i], &a), 0);
        struct opt_target of_a[2], of_b[2];
        int n = data_targets(&a, of_a);
        assert_int_equal(opt_write(&t[0], "data", "", of_a, n, &e), 0);
        if (conf_fields(t[0].s, &b))
            fail_msg("%s", diag.msg[0].text);
        assert_int_equal(data_targets(&b, of_b), n);
        assert_int_equal(opt_write(&t[1], "data", "", of_b, n, &e), 0);
        assert_string_equal(t[0].s, t[1].s);
        for (int k = 0; k < 2; k++)
            mem_free(t[k].s);
        data_free_conf(&a);
        data_free_conf(&b);
    }
}

static void test_help_texts(void **state)
{
    (void)state;
    for (const struct opt *o = data_opts; o->name; o++) {
        assert_non_null(o->help);
        assert_true(strlen(o->help) > 10 && o->help[strlen(o->help) - 1] != '.');
    }
    for (int i = 0; format_registry[i]; i++)
        assert_non_null(format_registry[i]->help);
    for (int i = 0; generator_registry[i]; i++)
        assert_non_null(generator_registry[i]->help);
}

/* One wrong section and the one message about it. */
static const struct {
    const char *ini, *message;
} wrong[] = {
    {"[data]\n", "net.ini:1: [data] needs train = FILE or generator = NAME"},
    {"[linear]\nunits = 1\n", "net.ini: there is no section [data]"},
    {"[data]\ntrain = a\ngenerator = digits\n",
     "net.ini:3: [data] generator = digits: train = a is given too; only one of them can be"},
    {"[data]\ngenerator = digit\n",
     "net.ini:2: [data] generator = digit: unknown; did you mean 'digits'?"},
    {"[data]\ngenerator = mnist\n", "net.ini:2: [data] generator = mnist: unknown"},
    {"[data]\ntrain = a\nformat = upss\n",
     "net.ini:3: [data] format = upss: unknown; did you mean 'usps'?"},
    {"[data]\ngenerator = digits\nformat = usps\n",
     "net.ini:3: [data] format = usps: there is no file"},
    {"[data]\ngenerator = digits\nlimit = 5\n",
     "net.ini:3: [data] limit = 5: is for a file; a generator has samples"},
    {"[data]\ngenerator = digits\ntest = b\ntest_samples = 7\n",
     "net.ini:4: [data] test_samples = 7: test = b is given too; only one of them can be"},
    {"[data]\ntrain = a\nsamples = 5\n",
     "net.ini:3: [data] samples = 5: is for a generator; a file has limit"},
    {"[data]\ntrain = a\ntest_samples = 5\n",
     "net.ini:3: [data] test_samples = 5: is for a generator; a file has limit_test"},
    {"[data]\ntrain = a\nnoise = 0.5\n", "net.ini:3: [data] noise = 0.5: is for a generator"},
    {"[data]\ngenerator = digits\nnoise = -0.5\n",
     "net.ini:3: [data] noise = -0.5: must be 0 or more, or -1 for the generator's own"},
    {"[data]\ngenerator = digits\nnoise = 5\n",
     "net.ini:3: [data] noise = 5: generator digits takes at most 4"},
    {"[data]\ntrain = a\nvalidation = 1\n",
     "net.ini:3: [data] validation = 1: must be at least 0 and below 1, or a file"},
    {"[data]\ntrain = a\nvalidation = -0.1\n",
     "net.ini:3: [data] validation = -0.1: must be at least 0 and below 1, or a file"},
    {"[data]\ntrain = a\nclasses = 1\n", "net.ini:3: [data] classes = 1: must be at least 2"},
    {"[data]\ntrain = a\nclasses = 3\ntarget = value\n",
     "net.ini:3: [data] classes = 3: target = value has no classes"},
    {"[data]\ntrain = a\nlimit_test = 3\n",
     "net.ini:3: [data] limit_test = 3: there is no test = FILE"},
    {"[data]\ntrain = a\nnormalize = unit\nmean = 3\n",
     "net.ini:4: [data] mean: normalize = unit is given too; only one of them can be"},
    {"[data]\ntrain = a\nstd = 3\nnormalize = channel\n",
     "net.ini:3: [data] std: normalize = channel is given too; only one of them can be"},
    {"[data]\ngenerator = digits\nlabels = b\n",
     "net.ini:3: [data] labels = b: there is no train = FILE"},
    {"[data]\ntrain = a\ntest_labels = b\n",
     "net.ini:3: [data] test_labels = b: there is no test = FILE"},
    {"[data]\ntrain = a\nvalidation = 0.1\nvalidation_labels = b\n",
     "net.ini:4: [data] validation_labels = b: there is no validation = FILE"},
    {"[data]\ntrain = a\nmean = 1,2,3\nstd = 3,4\n",
     "net.ini:4: [data] std has 2 numbers, but mean has 3"},
};

static void test_wrong_sections(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct data_conf c;
        size_t live = mem_live();
        if (conf_fields(wrong[i].ini, &c) != 1)
            fail_msg("%d problems of: %s", diag.total, wrong[i].ini);
        assert_string_equal(diag.msg[0].text, wrong[i].message);
        data_free_conf(&c);
        assert_int_equal(mem_live(), live);
    }
}

/* What the table itself refuses. */
static void test_wrong_values(void **state)
{
    static const char *const lines[] = {"samples = 0",       "samples = 2000000000",
                                        "samples = many",    "test_samples = -1",
                                        "noise = -2",        "noise = nan",
                                        "seed = -1",         "target = digit",
                                        "shape = 0x3x3",     "shape = 3x3x3x3",
                                        "classes = -1",      "normalize = yes",
                                        "mean = 1, x",       "std = 0",
                                        "std = -1",          "limit = -1",
                                        "limit_test = 1.5",  "trian = a",
                                        "seed = 1\nseed = 2"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char ini[200];
        struct data_conf c;
        snprintf(ini, sizeof ini, "[data]\ntrain = a\ntest = b\n%s\n", lines[i]);
        if (conf_fields(ini, &c) != 1)
            fail_msg("%d problems of: %s", diag.total, ini);
        data_free_conf(&c);
    }
}

/* The keys of a generator belong to it alone. */
static void test_own_keys(void **state)
{
    static const struct {
        const char *ini, *message;
    } own[] = {
        {"[data]\ngenerator = xor\nalpha = 2\n",
         "net.ini:3: [data] alpha: unknown key ('diynn help data' lists them)"},
        {"[data]\ngenerator = line\nalpa = 2\n",
         "net.ini:3: [data] alpa: unknown key; did you mean 'alpha'?"},
        {"[data]\ngenerator = circles\nfactor = 2\n",
         "net.ini:3: [data] factor = 2: must be between 0 and 1"},
        {"[data]\ngenerator = line\ngenerator = xor\nalpha = 2\n",
         "net.ini:3: [data] generator is given twice (first at line 2)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        struct data_conf c;
        size_t live = mem_live();
        assert_int_equal(conf_fields(own[i].ini, &c), 1);
        assert_string_equal(diag.msg[0].text, own[i].message);
        data_free_conf(&c);
        assert_int_equal(mem_live(), live);
    }
}

static void test_all_at_once(void **state)
{
    struct data_conf c;
    (void)state;
    assert_int_equal(conf_fields("[data]\ntrain = a\nsamples = 5\nnoise = 1\nvalidation = 2\n", &c),
                     3);
    data_free_conf(&c);
    assert_int_equal(conf_fields("[data]\ngenerator = digits\nsamples = x\nclases = 3\n", &c), 2);
    data_free_conf(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_help_texts),   cmocka_unit_test(test_wrong_sections),
        cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_own_keys),
        cmocka_unit_test(test_all_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
