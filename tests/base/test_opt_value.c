/* Tests of base/opt_value.c: what each type of value takes and refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/opt_table.h"

/* One line "key = value" must be understood; `want`: how it is printed again. */
static void good(const char *line, const char *want)
{
    char text[300], out[300];
    size_t live = mem_live();
    struct conf c;
    snprintf(text, sizeof text, "[x]\n%s\n", line);
    read_text(text, table, &c);
    if (diag.total)
        fail_msg("%s", diag.msg[0].text);
    const struct opt *o = table;
    while (strncmp(o->name, line, strlen(o->name)) != 0 || line[strlen(o->name)] != ' ')
        o++;
    assert_int_equal(opt_print(o, &c, out, sizeof out), strlen(want));
    assert_string_equal(out, want);
    done(table, &c);
    assert_int_equal(mem_live(), live);
}

/* One line must be refused with this message and leave its default. */
static void bad(const char *line, const char *want)
{
    char text[300], all[700], before[300], after[300];
    size_t live = mem_live();
    struct conf c, d;
    struct err e = {0};
    snprintf(text, sizeof text, "[x]\n%s\n", line);
    read_text(text, table, &c);
    assert_int_equal(diag.total, 1);
    snprintf(all, sizeof all, "f:2: [x] %s", want);
    assert_string_equal(diag.msg[0].text, all);
    assert_int_equal(opt_defaults(table, &d, &e), 0);
    for (const struct opt *o = table; o->name; o++) {
        opt_print(o, &c, after, sizeof after);
        opt_print(o, &d, before, sizeof before);
        assert_string_equal(after, before);
    }
    opt_free(table, &d);
    done(table, &c);
    assert_int_equal(mem_live(), live);
}

static void whole_numbers(void **state)
{
    (void)state;
    good("stride = 1", "1");
    good("stride = 64", "64");
    good("stride = +7", "7");
    good("stride = 007", "7");
    good("any = -2147483648", "-2147483648");
    good("any = 2147483647", "2147483647");
    good("i = 0", "0");
    good("i = same", "same");
    good("i = full", "full");
    bad("stride = 0", "stride = 0: must be between 1 and 64");
    bad("stride = 65", "stride = 65: must be between 1 and 64");
    bad("stride = -1", "stride = -1: must be between 1 and 64");
    bad("stride = 4294967297", "stride = 4294967297: must be between 1 and 64");
    const char * not [] = {"1x",    "1.0",     "1e1", "x",   "0x10", "1 2",
                           "--1",   "+",       "-",   "1,2", "same", "99999999999999999999",
                           "1'000", "\xc2\xb2"};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++) {
        char line[100], want[200];
        snprintf(line, sizeof line, "stride = %s", not [i]);
        snprintf(want, sizeof want, "%s: must be a whole number between 1 and 64", line);
        bad(line, want);
    }
    bad("any = 2147483648", "any = 2147483648: must be between -2147483648 and 2147483647");
    bad("any = x", "any = x: must be a whole number");
    bad("stride =", "stride has no value: must be a whole number between 1 and 64");
    bad("i = 10", "i = 10: must be between 0 and 9 or 'same' or 'full'");
    bad("i = -1", "i = -1: must be between 0 and 9 or 'same' or 'full'");
    bad("i = Same", "i = Same: must be a whole number between 0 and 9 or 'same' or 'full'; did you "
                    "mean 'same'?");
}

static void sizes(void **state)
{
    (void)state;
    good("seed = 0", "0");
    good("seed = 18446744073709551615", "18446744073709551615");
    good("seed = +5", "5");
    good("count = 1000000000", "1000000000");
    bad("seed = 18446744073709551616", "seed = 18446744073709551616: must be at most "
                                       "18446744073709551615");
    bad("seed = -1", "seed = -1: must be at least 0");
    bad("seed = 1.5", "seed = 1.5: must be a whole number");
    bad("seed = x", "seed = x: must be a whole number");
    bad("seed = +", "seed = +: must be a whole number");
    bad("count = 0", "count = 0: must be between 1 and 1e9");
    bad("count = -3", "count = -3: must be between 1 and 1e9");
    bad("count = 1000000001", "count = 1000000001: must be between 1 and 1e9");
    bad("count = 1e3", "count = 1e3: must be a whole number between 1 and 1e9");
    bad("count = 99999999999999999999999",
        "count = 99999999999999999999999: must be between 1 and 1e9");
    bad("count =", "count has no value: must be a whole number between 1 and 1e9");
}

static void numbers(void **state)
{
    (void)state;
    good("lr = 0.1", "0.1");
    good("lr = 1e-3", "0.001");
    good("lr = .5", "0.5");
    good("lr = 5.", "5");
    good("lr = +1E+2", "100");
    good("lr = 1e-5", "1e-5");
    good("lr = 1e20", "1e20");
    good("lr = 4.9406564584124654e-324", "5e-324");
    good("rate = 0", "0");
    good("rate = 0.99999999999999994", "0.9999999999999999");
    good("low = 1", "1");
    good("high = -1e300", "-1e300");
    good("noise = 0", "0");
    good("noise = auto", "auto");
    bad("lr = 0", "lr = 0: must be greater than 0");
    bad("lr = -0.1", "lr = -0.1: must be greater than 0");
    bad("rate = 1", "rate = 1: must be at least 0 and less than 1");
    bad("momentum = 0", "momentum = 0: must be greater than 0 and less than 1");
    bad("momentum = 1", "momentum = 1: must be greater than 0 and less than 1");
    bad("low = 0.5", "low = 0.5: must be at least 1");
    bad("high = 1.5", "high = 1.5: must be at most 1");
    const char * not [] = {"nan", "inf",  "-inf", "infinity", "NAN",   "0x1p3",
                           "1e",  "1e+",  ".",    "-",        "1,5",   "1.2.3",
                           "1f",  "1e5x", "e5",   "1e400",    "1 000", "1_000"};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++) {
        char line[100], want[200];
        snprintf(line, sizeof line, "lr = %s", not [i]);
        snprintf(want, sizeof want, "%s: must be a number greater than 0", line);
        bad(line, want);
    }
    bad("lr =", "lr has no value: must be a number greater than 0");
    bad("low = x", "low = x: must be a number of at least 1");
    bad("high = x", "high = x: must be a number of at most 1");
    bad("rate = x", "rate = x: must be a number of at least 0 and less than 1");
    bad("noise = -1", "noise = -1: must be at least 0 or 'auto'");
}

static void truths_and_words(void **state)
{
    (void)state;
    const char *yes[] = {"yes", "true", "on", "1"}, *no[] = {"no", "false", "off", "0"};
    for (int i = 0; i < 4; i++) {
        char line[50];
        snprintf(line, sizeof line, "flag = %s", yes[i]);
        good(line, "yes");
        snprintf(line, sizeof line, "flag = %s", no[i]);
        good(line, "no");
    }
    bad("flag = maybe", "flag = maybe: must be yes or no");
    bad("flag = 2", "flag = 2: must be yes or no");
    bad("flag =", "flag has no value: must be yes or no");
    good("kind = sum", "sum");
    bad("kind = avg", "kind = avg: must be mean, sum or cross_entropy");
    bad("kind = crossentropy", "kind = crossentropy: unknown word; did you mean 'cross_entropy'?");
    bad("kind = SUM", "kind = SUM: unknown word; did you mean 'sum'?");
}

static void texts(void **state)
{
    (void)state;
    good("file = a b/c.gz", "a b/c.gz");
    good("file =", "");
    good("file = # nothing", "");
    char line[600], text[700];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\0';
    snprintf(text, sizeof text, "[x]\nstride = %s\n", line);
    struct conf c;
    read_text(text, table, &c);
    assert_string_equal(
        diag.msg[0].text,
        "f:2: [x] stride = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "...: must be a whole number between 1 and 64");
    done(table, &c);
}

static void pairs_and_shapes(void **state)
{
    (void)state;
    good("size = 3", "3");
    good("size = 3x3", "3");
    good("size = 3x5", "3x5");
    good("size = 3 x 5", "3x5");
    good("size = full", "full");
    bad("size = 0", "size = 0: each must be between 1 and 9 or 'same' or 'full'");
    bad("size = 3x10", "size = 3x10: each must be between 1 and 9 or 'same' or 'full'");
    const char * not [] = {"x", "3x", "x3", "3x3x3", "3*3", "3 3", "a"};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++) {
        char line[100], want[200];
        snprintf(line, sizeof line, "size = %s", not [i]);
        snprintf(want, sizeof want,
                 "%s: must be a whole number between 1 and 9, or two as in 3x5 (height x width) or "
                 "'same' or 'full'",
                 line);
        bad(line, want);
    }
    good("shape = 256", "256");
    good("shape = 16x100", "16x100");
    good("shape = 3x32x32", "3x32x32");
    good("shape = 3x32x1", "3x32x1");
    good("shape = 1x1x7", "1x7");
    good("shape = 7x1x1", "7");
    struct conf c;
    read_text("[x]\nshape = 16x100\n", table, &c);
    assert_true(c.shape[0] == 16 && c.shape[1] == 1 && c.shape[2] == 100);
    done(table, &c);
    bad("shape = 0", "shape = 0: each must be at least 1");
    bad("shape = 3x0x2", "shape = 3x0x2: each must be at least 1");
    bad("shape = 3x-1x2", "shape = 3x-1x2: each must be at least 1");
    bad("shape = 2147483647x2147483647x2147483647",
        "shape = 2147483647x2147483647x2147483647: this is more than 2147483647 numbers a sample");
    bad("shape = 1x2x3x4", "shape = 1x2x3x4: must be C, CxW or CxHxW, such as 256, 16x100 or "
                           "3x32x32");
    bad("shape =", "shape has no value: must be C, CxW or CxHxW, such as 256, 16x100 or 3x32x32");
}

static void lists(void **state)
{
    (void)state;
    good("ints = 1", "1");
    good("ints = 1,2 , 3", "1, 2, 3");
    good("ints =", "");
    good("floats = 1, .5, -1e-9", "1, 0.5, -1e-9");
    good("floats =", "");
    good("names = a, b_2,input", "a, b_2, input");
    good("names =", "");
    bad("ints = 1, 101", "ints = 1, 101: each must be between 1 and 100");
    bad("ints = 1,", "ints = 1,: must be whole numbers between 1 and 100, separated by commas");
    bad("ints = ,", "ints = ,: must be whole numbers between 1 and 100, separated by commas");
    bad("ints = 1 2", "ints = 1 2: must be whole numbers between 1 and 100, separated by commas");
    bad("floats = 1, nan", "floats = 1, nan: must be numbers, separated by commas");
    bad("names = a,,b", "names = a,,b: must be names, separated by commas");
    bad("names = a, b,", "names = a, b,: must be names, separated by commas");
    char text[20000] = "[x]\nnames = a0";
    for (int i = 1; i < 2000; i++)
        snprintf(text + strlen(text), 20, ", a%d", i);
    struct conf c;
    read_text(text, table, &c);
    assert_int_equal(c.names.n, 2000);
    assert_string_equal(c.names.v[1999], "a1999");
    done(table, &c);
}

static void parsers(void **state)
{
    (void)state;
    double v = 7;
    long long n = 7;
    assert_false(opt_parse_double("", &v));
    assert_false(opt_parse_double(" 1", &v));
    assert_false(opt_parse_double("1 ", &v));
    assert_false(opt_parse_double("0x1", &v));
    assert_false(opt_parse_double("-nan", &v));
    assert_false(opt_parse_double("1e999", &v));
    assert_true(v == 7);
    assert_true(opt_parse_double("1e-999", &v));
    assert_true(v == 0);
    assert_false(opt_parse_int("", &n));
    assert_false(opt_parse_int(" 1", &n));
    assert_false(opt_parse_int("1.", &n));
    assert_false(opt_parse_int("9223372036854775808", &n));
    assert_false(opt_parse_int("-9223372036854775809", &n));
    assert_int_equal(n, 7);
    assert_true(opt_parse_int("9223372036854775807", &n));
    assert_true(n == INT64_MAX);
    assert_true(opt_parse_int("-9223372036854775808", &n));
    assert_true(n == INT64_MIN);
}

/* Any text as the value of any key: read or refused, and what is read prints and reads back. */
static void random_values(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789+-.eExX, samefulyno\xc3\xa9#;=";
    uint64_t seed = 3;
    size_t live = mem_live();
    for (int i = 0; i < 20000; i++) {
        const struct opt *o = &table[i % (sizeof table / sizeof *table - 1)];
        char text[400], printed[200], again[200];
        int n = snprintf(text, sizeof text, "[x]\n%s = ", o->name);
        for (int k = 1 + i % 7; k > 0; k--) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[n++] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
        }
        text[n] = '\0';
        struct conf c;
        read_text(text, table, &c);
        assert_true(diag.total <= 1);
        if (diag.total == 0) {
            opt_print(o, &c, printed, sizeof printed);
            done(table, &c);
            snprintf(text, sizeof text, "[x]\n%s =%s%s\n", o->name,
                     *printed == '#' || *printed == ';' ? "" : " ", printed);
            read_text(text, table, &c);
            assert_true(diag.total == 0 || !*printed);
            opt_print(o, &c, again, sizeof again);
            assert_string_equal(again, printed);
        }
        done(table, &c);
    }
    assert_int_equal(mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers), cmocka_unit_test(sizes),
        cmocka_unit_test(numbers),       cmocka_unit_test(truths_and_words),
        cmocka_unit_test(texts),         cmocka_unit_test(pairs_and_shapes),
        cmocka_unit_test(lists),         cmocka_unit_test(parsers),
        cmocka_unit_test(random_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
