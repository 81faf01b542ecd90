/* Tests of data/formats/usps.c, of data/number.c, and of how a format is found. */
#include "data/help.h"

#include "base/par.h"
#include "base/rng.h"
#include "data/number.h"
#include "tmp.h"

#include <bzlib.h>
#include <zlib.h>

extern const struct data_format format_usps;

static const struct data_conf conf;

/* ---- numbers ---- */

static void same_number(const char *text)
{
    const char *p = text;
    char *end;
    real v = 0;
#ifdef REAL_DOUBLE
    real want = strtod(text, &end);
#else
    real want = strtof(text, &end);
#endif
    if (!number_read(&p, &v))
        fail_msg("%s was not read", text);
    assert_ptr_equal(p, end);
    if (memcmp(&v, &want, sizeof v) != 0)
        fail_msg("%s is %.17g, must be %.17g", text, (double)v, (double)want);
}

static void test_number_is_exact(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "-0.0000",
                                        "+1",
                                        "1.",
                                        ".5",
                                        "-.25",
                                        "0.6310",
                                        "-0.948",
                                        "16777216",
                                        "16777217",
                                        "16777219",
                                        "9007199254740993",
                                        "0.1",
                                        "0.30000000000000004",
                                        "123456.789012",
                                        "3.4028234e38",
                                        "1e-45",
                                        "1e-50",
                                        "1E+2",
                                        "1e-3x",
                                        "12e",
                                        "1e+",
                                        "0.00000000001",
                                        "00000000000000000000000000000000001.5",
                                        "1.00000005960464477539062500000000000000000001",
                                        "1.000000059604644775390625",
                                        "340282346638528859811704183484516925440",
                                        "0.1 0.2"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        same_number(texts[i]);
    struct rng r = rng_stream(1, "test", "number", 0);
    for (int i = 0; i < 200000; i++) {
        char text[64];
        const char *sign = rng_below(&r, 2) ? "-" : "";
        uint32_t whole = rng_u32(&r) >> rng_below(&r, 32);
        int width = (int)rng_below(&r, 14);
        snprintf(text, sizeof text, "%s%u.%0*u", sign, whole, width, rng_u32(&r) >> 8);
        same_number(text);
    }
}

static void test_number_refuses(void **state)
{
    static const char *const texts[] = {"",    "-",    ".",       "-.", "x",   "e5", "inf",
                                        "nan", "-inf", "1e99999", " 1", "--1", "+-1"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *p = texts[i];
        real v = 7;
        assert_false(number_read(&p, &v));
        assert_ptr_equal(p, texts[i]);
        assert_true(v == 7);
    }
    const char *p = "0x10"; /* a zero, and what follows is not a number's */
    real v = 7;
    assert_true(number_read(&p, &v));
    assert_string_equal(p, "x10");
}

/* ---- the two layouts ---- */

static struct script text;

static void check_samples(const struct samples *s, int n, int shift)
{
    assert_int_equal(s->n, n);
    assert_int_equal(s->classes, 10);
    assert_int_equal(s->k, 0);
    assert_null(s->target);
    assert_null(s->names);
    assert_true(shape_equal(s->shape, (struct shape){1, 16, 16}));
    for (int i = 0; i < n; i++) {
        assert_int_equal(s->label[i], i % 10);
        for (int j = 0; j < 256; j++)
            assert_true(s->x[i * 256 + j] == (real)(usps_value(i % 10, j) + shift) / 1000);
    }
}

static void read_good(const char *path, int n, int shift)
{
    struct samples s;
    struct err e = {0};
    size_t live = mem_live();
    if (data_read_file(&s, path, "", &conf, &e))
        fail_msg("%s", e.msg);
    check_samples(&s, n, shift);
    samples_free(&s);
    assert_int_equal(mem_live(), live);
}

static void zip_text(int n)
{
    text.n = 0;
    for (int i = 0; i < n; i++)
        usps_line(&text, i % 10);
}

static void jf_text(int n)
{
    text.n = 0;
    say(&text, "10 256\n");
    for (int i = 0; i < n; i++) {
        say(&text, " %d", i % 10);
        usps_values(&text, i % 10, 0, 256, 1000);
        say(&text, "\n");
    }
}

static void test_zip(void **state)
{
    (void)state;
    zip_text(12);
    tmp_text("zip.train", text.s);
    read_good("zip.train", 12, 0);
    tmp_text("by-content", text.s);
    read_good("by-content", 12, 0);
    text.s[text.n - 2] = '\0'; /* no blank and no line end at the end */
    tmp_text("zip.test", text.s);
    read_good("zip.test", 12, 0);
}

static void test_line_ends(void **state)
{
    (void)state;
    text.n = 0;
    for (int i = 0; i < 3; i++) {
        say(&text, "%d", i);
        for (int j = 0; j < 256; j++)
            say(&text, "\t%g", usps_value(i, j) / 1000.0);
        say(&text, "\r\n");
    }
    say(&text, "\r\n  \n\n");
    tmp_text("zip.train", text.s);
    read_good("zip.train", 3, 0);
}

static void test_jf(void **state)
{
    (void)state;
    jf_text(11);
    say(&text, "-1\n");
    tmp_text("usps_train.jf", text.s);
    read_good("usps_train.jf", 11, 1000);
    tmp_text("USPS_train.txt", text.s);
    read_good("USPS_train.txt", 11, 1000);
    jf_text(2);
    say(&text, " -1");
    tmp_text("a.JF", text.s);
    read_good("a.JF", 2, 1000);
}

static void test_packed(void **state)
{
    (void)state;
    zip_text(20);
    gzFile gz = gzopen("zip.train.gz", "wb");
    assert_int_equal(gzwrite(gz, text.s, (unsigned)text.n), (int)text.n);
    gzclose(gz);
    read_good("zip.train.gz", 20, 0);
    BZFILE *bz = BZ2_bzopen("zip.test.bz2", "wb");
    assert_int_equal(BZ2_bzwrite(bz, text.s, (int)text.n), (int)text.n);
    BZ2_bzclose(bz);
    read_good("zip.test.bz2", 20, 0);
    rename("zip.test.bz2", "noname"); /* packed is told by content, and the format inside too */
    read_good("noname", 20, 0);
    assert_int_equal(truncate("zip.train.gz", 500), 0);
    struct samples s;
    struct err e = {0};
    assert_int_equal(data_read_file(&s, "zip.train.gz", "", &conf, &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_non_null(strstr(e.msg, "zip.train.gz"));
    assert_null(s.x);
}

/* A file of many windows, and a mistake far behind: by one thread and by two. */
static void test_long_file(void **state)
{
    enum { TIMES = 20, LINES = 30 * TIMES };
    (void)state;
    zip_text(30);
    gzFile gz = gzopen("long.gz", "wb"), bad = gzopen("bad.gz", "wb");
    for (int i = 0; i < TIMES; i++) {
        gzwrite(gz, text.s, (unsigned)text.n);
        gzwrite(bad, text.s, (unsigned)text.n);
    }
    for (int i = 0; i < 200000; i++)
        gzputc(gz, i % 100 ? ' ' : '\n');
    gzputs(bad, "3 0.5 0.25 x\n");
    gzwrite(bad, text.s, (unsigned)text.n);
    gzclose(gz);
    gzclose(bad);
    for (int threads = 1; threads <= 2; threads++) {
        struct samples s;
        struct err e = {0};
        size_t live = mem_live();
        par_set_default(threads);
        read_good("long.gz", LINES, 0);
        assert_int_equal(data_read_file(&s, "bad.gz", "usps", &conf, &e), -1);
        assert_string_equal(e.msg, "bad.gz:601: value 3 'x': must be a number from -1 to 1");
        assert_int_equal(mem_live(), live);
    }
    par_set_default(0);
}

/* ---- wrong files ---- */

static void refuse_bytes(const char *path, const char *bytes, size_t n, const char *message)
{
    struct samples s;
    struct err e = {0};
    size_t live = mem_live();
    tmp_write(path, bytes, n);
    assert_int_equal(data_read_file(&s, path, "", &conf, &e), -1);
    assert_string_equal(e.msg, message);
    assert_int_equal(e.kind, ERR_DATA);
    assert_null(s.x);
    assert_int_equal(s.n, 0);
    assert_int_equal(mem_live(), live);
}

/* The text as zip.train, as a.jf. */
static void refuse(const char *message)
{
    refuse_bytes("zip.train", text.s, text.n, message);
}

static void refuse_jf(const char *message)
{
    refuse_bytes("a.jf", text.s, text.n, message);
}

/* Line 2 begins with `head` (the digit and some values); so many good values follow. */
static void second_line(const char *head, int values)
{
    zip_text(1);
    say(&text, "%s", head);
    usps_values(&text, 1, 256 - values, values, 0);
    say(&text, "\n");
}

static void test_bad_digit(void **state)
{
    static const struct {
        const char *head, *message;
    } cases[] = {
        {"10", "zip.train:2: digit '10': must be a whole number from 0 to 9"},
        {"-1", "zip.train:2: digit '-1': must be a whole number from 0 to 9"},
        {"1.5", "zip.train:2: digit '1.5': must be a whole number from 0 to 9"},
        {"two", "zip.train:2: digit 'two': must be a whole number from 0 to 9"},
        {"3,", "zip.train:2: digit '3,': must be a whole number from 0 to 9"},
        {"nan", "zip.train:2: digit 'nan': must be a whole number from 0 to 9"},
        {"1e99", "zip.train:2: digit '1e99': must be a whole number from 0 to 9"},
        {"5;5", "zip.train:2: digit '5;5': must be a whole number from 0 to 9"},
        {"\x01\x7f", "zip.train:2: digit '?\?': must be a whole number from 0 to 9"},
        {"a-very-long-word-that-is-cut",
         "zip.train:2: digit 'a-very-long-word-tha': must be a whole number from 0 to 9"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        second_line(cases[i].head, 256);
        refuse(cases[i].message);
    }
}

static void test_bad_value(void **state)
{
    static const struct {
        const char *head;
        int rest;
        const char *message;
    } cases[] = {
        {"1 0.5x", 255, "zip.train:2: value 1 '0.5x': must be a number from -1 to 1"},
        {"1 0.5 1.0001", 254, "zip.train:2: value 2 '1.0001': must be a number from -1 to 1"},
        {"1 -2", 255, "zip.train:2: value 1 '-2': must be a number from -1 to 1"},
        {"1 nan", 255, "zip.train:2: value 1 'nan': must be a number from -1 to 1"},
        {"1 inf", 255, "zip.train:2: value 1 'inf': must be a number from -1 to 1"},
        {"1 0x1", 255, "zip.train:2: value 1 '0x1': must be a number from -1 to 1"},
        {"1 0,5", 255, "zip.train:2: value 1 '0,5': must be a number from -1 to 1"},
        {"1 1:0.5", 255, "zip.train:2: value 1 '1:0.5': must be a number from -1 to 1"},
        {"1", 255, "zip.train:2: only 255 values after the digit, must be 256"},
        {"1", 0, "zip.train:2: only 0 values after the digit, must be 256"},
        {"1 0.5", 256, "zip.train:2: more than 256 values after the digit"},
        {"", 0, "zip.train:2: empty line"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        second_line(cases[i].head, cases[i].rest);
        usps_line(&text, 3);
        refuse(cases[i].message);
    }
    second_line("1 -0.5 -1 1 1e0 1.000 -1e-3", 250); /* all of these are good */
    tmp_text("zip.train", text.s);
    struct samples s;
    struct err e = {0};
    assert_int_equal(data_read_file(&s, "zip.train", "", &conf, &e), 0);
    assert_int_equal(s.n, 2);
    samples_free(&s);
}

static void test_bad_file(void **state)
{
    static const char html[] = "<!DOCTYPE html>\n<html>404</html>\n";
    (void)state;
    refuse_bytes("zip.train", "", 0, "zip.train: no samples");
    refuse_bytes("zip.train", "\n\n \n", 4, "zip.train: no samples");
    refuse_bytes("zip.train", html, sizeof html - 1,
                 "zip.train:1: digit '<!DOCTYPE': must be a whole number from 0 to 9");
    refuse_bytes("page", html, sizeof html - 1,
                 "page: of no known format; name it with: format = ...");
    refuse_bytes("short", "5 0.1 0.2\n", 10,
                 "short: of no known format; name it with: format = ...");
    refuse_bytes("number", "5 0.1", 5, "number: of no known format; name it with: format = ...");
    refuse_bytes("empty", "", 0, "empty: of no known format; name it with: format = ...");
    zip_text(2);
    char *value = strstr(strchr(text.s, '\n') + 700, " ") + 1;
    value[3] = '\0'; /* a NUL in the middle of a number */
    struct samples s;
    struct err e = {0};
    tmp_write("zip.train", text.s, text.n);
    assert_int_equal(data_read_file(&s, "zip.train", "", &conf, &e), -1);
    assert_memory_equal(e.msg, "zip.train:2: value ", 19);
}

static void test_bad_jf(void **state)
{
    (void)state;
    jf_text(3);
    refuse_jf("a.jf: the closing -1 is missing: cut short");
    say(&text, "-1 0.5\n");
    refuse_jf("a.jf:5: text behind the closing -1");
    jf_text(0);
    say(&text, "-1\n");
    refuse_jf("a.jf: no samples");
    jf_text(0);
    refuse_jf("a.jf: the closing -1 is missing: cut short");
    text.n--;
    refuse_jf("a.jf: the closing -1 is missing: cut short");
    jf_text(1);
    say(&text, "\n-1\n");
    refuse_jf("a.jf:3: empty line");
    text.n = 0;
    say(&text, "10 257\n5 0.5\n-1\n"); /* not that header: read as the other layout */
    refuse_jf("a.jf:1: digit '10': must be a whole number from 0 to 9");
    jf_text(1);
    say(&text, "3 -0.1");
    usps_values(&text, 3, 0, 255, 1000);
    say(&text, "\n-1\n");
    refuse_jf("a.jf:3: value 1 '-0.1': must be a number from 0 to 2");
}

static void test_hostile_sizes(void **state)
{
    (void)state;
    size_t n = (size_t)8 << 20;
    char *b = malloc(n);
    assert_non_null(b);
    memset(b, '\n', n);
    memcpy(b, "10 256\n", 7);
    size_t before = mem_peak();
    refuse_bytes("a.jf", b, n, "a.jf: the closing -1 is missing: cut short");
    /* a file of empty lines must not ask for a kilobyte for each */
    assert_true(mem_peak() < before + 8 * n);
    memset(b, '1', n);
    refuse_bytes("zip.train", b, n,
                 "zip.train:1: digit '11111111111111111111': must be a whole number from 0 to 9");
    free(b);
}

static void test_unknown_format(void **state)
{
    struct samples s;
    struct err e = {0};
    (void)state;
    zip_text(1);
    tmp_text("zip.train", text.s);
    assert_int_equal(data_read_file(&s, "zip.train", "parquet", &conf, &e), -1);
    assert_string_equal(e.msg, "zip.train: unknown format 'parquet'");
    assert_null(data_find_format("parquet"));
    assert_ptr_equal(data_find_format("usps"), &format_usps);
}

static void test_missing(void **state)
{
    struct samples s;
    struct err e = {0};
    char want[600];
    (void)state;
    assert_int_equal(data_read_file(&s, "nothing.gz", "", &conf, &e), -1);
    snprintf(want, sizeof want, "cannot open nothing.gz (in %s): No such file or directory",
             tmp_dir);
    assert_string_equal(e.msg, want);
    assert_int_equal(e.kind, ERR_DATA);
    e = (struct err){0};
    assert_int_equal(data_read_file(&s, "datasets/usps/zip.train.gz", "", &conf, &e), -1);
    snprintf(
        want, sizeof want,
        "cannot open datasets/usps/zip.train.gz (in %s): No such file or directory; to get it: "
        "scripts/get_data.sh usps",
        tmp_dir);
    assert_string_equal(e.msg, want);
    e = (struct err){0};
    assert_int_equal(data_read_file(&s, "mydatasets/usps/zip", "", &conf, &e), -1);
    assert_null(strstr(e.msg, "get_data"));
    e = (struct err){0};
    assert_int_equal(data_read_file(&s, ".", "", &conf, &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
}

static int read_once(struct err *e)
{
    struct samples s;
    if (data_read_file(&s, "zip.train", "", &conf, e))
        return -1;
    samples_free(&s);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    zip_text(3);
    tmp_text("zip.train", text.s);
    every_allocation(read_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_is_exact),
        cmocka_unit_test(test_number_refuses),
        cmocka_unit_test(test_zip),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_jf),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_long_file),
        cmocka_unit_test(test_bad_digit),
        cmocka_unit_test(test_bad_value),
        cmocka_unit_test(test_bad_file),
        cmocka_unit_test(test_bad_jf),
        cmocka_unit_test(test_hostile_sizes),
        cmocka_unit_test(test_unknown_format),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
