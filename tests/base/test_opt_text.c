/* Tests of base/opt_text.c and base/opt_number.c: values as text, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/opt_table.h"

#include <locale.h>

static void numbers_print_as_they_were(void **state)
{
    (void)state;
    uint64_t seed = 7;
    char out[64];
    const struct opt o[] = {{.name = "a", .type = OPT_FLOAT}, OPT_END};
    for (int i = 0; i < 50000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        double v, back = 0;
        uint64_t bits = seed ^ seed >> 31;
        memcpy(&v, &bits, sizeof v);
        if (i % 3 == 0)
            v = (double)(float)v;
        if (i % 3 == 1)
            v = (double)(int64_t)(bits >> 40) / 1000;
        if (!isfinite(v))
            continue;
        int n = opt_print(o, &v, out, sizeof out);
        assert_true(n > 0 && n < 30);
        assert_true(opt_parse_double(out, &back));
        assert_memory_equal(&back, &v, sizeof v);
    }
    const struct {
        double v;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {-0.0, "-0"},
                 {100000, "100000"},
                 {123456789, "123456789"},
                 {1e15, "1e15"},
                 {1e-5, "1e-5"},
                 {1.5e-10, "1.5e-10"},
                 {0.0001, "0.0001"},
                 {1e100, "1e100"},
                 {2.5e-300, "2.5e-300"},
                 {1e22, "1e22"},
                 {0.1 + 0.2, "0.30000000000000004"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opt_print(o, &cases[i].v, out, sizeof out);
        assert_string_equal(out, cases[i].text);
    }
}

static void no_locale_matters(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",
                                        "fr_FR.UTF-8", "nl_NL.UTF-8", NULL};
    const char *found = NULL;
    for (int i = 0; names[i] && !found; i++)
        found = setlocale(LC_ALL, names[i]);
    double v = 0;
    assert_true(opt_parse_double("0.25", &v));
    assert_true(v == 0.25);
    assert_false(opt_parse_double("0,25", &v));
    char out[20];
    const struct opt o = {.name = "a", .type = OPT_FLOAT};
    opt_print(&o, &v, out, sizeof out);
    assert_string_equal(out, "0.25");
    setlocale(LC_ALL, "C");
}

static void short_buffers(void **state)
{
    (void)state;
    struct conf c;
    char out[8];
    read_text("[x]\nfile = abcdefghijkl\n", table, &c);
    const struct opt *o = table;
    while (strcmp(o->name, "file") != 0)
        o++;
    assert_int_equal(opt_print(o, &c, out, sizeof out), 12);
    assert_string_equal(out, "abcdefg");
    assert_int_equal(opt_print(o, &c, NULL, 0), 12);
    assert_int_equal(opt_print(o, &c, out, 1), 12);
    assert_string_equal(out, "");
    done(table, &c);
}

static void descriptions(void **state)
{
    (void)state;
    const struct {
        const char *key, *text;
    } cases[] = {
        {"i", "a whole number between 0 and 9 or 'same' or 'full', default same"},
        {"stride", "a whole number between 1 and 64, default 1"},
        {"any", "a whole number"},
        {"lr", "a number greater than 0, default 0.01"},
        {"noise", "a number of at least 0 or 'auto', default auto"},
        {"flag", "yes or no, default yes"},
        {"kind", "mean, sum or cross_entropy, default mean"},
        {"file", "a text"},
        {"floats", "numbers, separated by commas, default 0.5, 1e-3"},
    };
    char out[300];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct opt *o = table;
        while (strcmp(o->name, cases[i].key) != 0)
            o++;
        assert_int_equal(opt_describe(o, out, sizeof out), strlen(cases[i].text));
        assert_string_equal(out, cases[i].text);
    }
    opt_describe(needs, out, sizeof out);
    assert_string_equal(out, "a text, required");
}

static const char full[] = "[x h]\ni = 3\nstride = 2\nany = -5\nseed = 18446744073709551615\n"
                           "lr = 0.30000000000000004\nmomentum = 0.9\nhigh = -2\nnoise = 0.25\n"
                           "flag = no\nkind = sum\nfile =#x;y\nsize = 3x5\nshape = 3x32x32\n"
                           "ints = 1, 2\nfloats = 1e-7, 3\nnames = a, b\n";

static void written_sections_read_back(void **state)
{
    (void)state;
    size_t live = mem_live();
    struct conf c;
    struct err e = {0};
    struct text first = {0}, second = {0};
    struct opt_target t = {table, &c};
    for (int i = 0; i < 2; i++) {
        read_text(i ? first.s : full, table, &c);
        assert_int_equal(diag.total, 0);
        assert_string_equal(c.file, "#x;y");
        assert_int_equal(opt_write(i ? &second : &first, "x", "h", &t, 1, &e), 0);
        done(table, &c);
    }
    assert_string_equal(first.s, second.s);
    assert_string_equal(first.s,
                        "[x h]\ni = 3\nstride = 2\nany = -5\nseed = 18446744073709551615\ncount = "
                        "10\nlr = 0.30000000000000004\nrate = 0.5\nmomentum = 0.9\nlow = 2\nhigh = "
                        "-2\nnoise = 0.25\nflag = no\nkind = sum\nfile =#x;y\nsize = 3x5\nshape = "
                        "3x32x32\nints = 1, 2\nfloats = 1e-7, 3\nnames = a, b\n");
    assert_int_equal(first.n, strlen(first.s));
    assert_int_equal(opt_defaults(table, &c, &e), 0);
    assert_int_equal(opt_write(&second, "y", "", &t, 1, &e), 0);
    assert_string_equal(second.s + first.n, /* what is empty or not allowed is left out */
                        "\n[y]\ni = same\nstride = 1\nany = 0\nseed = 1\ncount = 10\nlr = 0.01\n"
                        "rate = 0.5\nlow = 2\nhigh = 0\nnoise = auto\nflag = yes\nkind = mean\n"
                        "size = 2\nfloats = 0.5, 0.001\n");
    opt_free(table, &c);
    mem_free(first.s);
    mem_free(second.s);
    assert_int_equal(mem_live(), live);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t live = mem_live();
    for (long n = 1;; n++) {
        struct conf c;
        struct err e = {0};
        struct text out = {0};
        struct opt_target t = {table, &c};
        diag = (struct diag){0};
        nf = netfile_parse("f", full, strlen(full), &diag, &e);
        assert_non_null(nf);
        mem_fail_at(n);
        bool ok = opt_read(nf, nf->sections, &t, 1, &diag, &e) == 0 &&
                  opt_write(&out, "x", "h", &t, 1, &e) == 0;
        opt_free(table, &c);
        mem_free(out.s);
        netfile_free(nf);
        assert_int_equal(mem_live(), live);
        if (!mem_failed()) {
            assert_true(ok);
            assert_true(n > 20);
            break;
        }
        assert_false(ok);
        assert_int_equal(e.kind, ERR_INTERNAL);
    }
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_print_as_they_were),
        cmocka_unit_test(no_locale_matters),
        cmocka_unit_test(short_buffers),
        cmocka_unit_test(descriptions),
        cmocka_unit_test(written_sections_read_back),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
