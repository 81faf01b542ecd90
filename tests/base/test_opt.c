/* Tests of base/opt*.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/opt.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const same[] = {"same", "full", NULL};
static const char *const kinds[] = {"mean", "sum", "cross_entropy", NULL};
static const char *const automatic[] = {"auto", NULL};

struct conf {
    int i, stride, any, word, pair[2], shape[3];
    uint64_t seed, count;
    double lr, rate, momentum, low, high, noise;
    bool flag;
    char *file, *needed;
    struct int_list ints;
    struct float_list floats;
    struct name_list names;
};
#define AT(f) .offset = offsetof(struct conf, f)

static const struct opt table[] = {
    {.name = "i", .type = OPT_INT, AT(i), .def = "same", .min = 0, .max = 9, .words = same},
    {.name = "stride", .type = OPT_INT, AT(stride), .def = "1", .min = 1, .max = 64},
    {.name = "any", .type = OPT_INT, AT(any)},
    {.name = "seed", .type = OPT_SIZE, AT(seed), .def = "1"},
    {.name = "count", .type = OPT_SIZE, AT(count), .def = "10", .min = 1, .max = 1e9},
    {.name = "lr",
     .type = OPT_FLOAT,
     AT(lr),
     .def = "0.01",
     .max = INFINITY,
     .flags = OPT_OPEN_MIN},
    {.name = "rate", .type = OPT_FLOAT, AT(rate), .def = "0.5", .max = 1, .flags = OPT_OPEN_MAX},
    {.name = "momentum",
     .type = OPT_FLOAT,
     AT(momentum),
     .max = 1,
     .flags = OPT_OPEN_MIN | OPT_OPEN_MAX},
    {.name = "low", .type = OPT_FLOAT, AT(low), .def = "2", .min = 1, .max = -1},
    {.name = "high", .type = OPT_FLOAT, AT(high), .min = -INFINITY, .max = 1},
    {.name = "noise",
     .type = OPT_FLOAT,
     AT(noise),
     .def = "auto",
     .max = INFINITY,
     .words = automatic},
    {.name = "flag", .type = OPT_BOOL, AT(flag), .def = "yes"},
    {.name = "kind", .type = OPT_WORD, AT(word), .def = "mean", .words = kinds},
    {.name = "file", .type = OPT_STRING, AT(file)},
    {.name = "size", .type = OPT_PAIR, AT(pair), .def = "2", .min = 1, .max = 9, .words = same},
    {.name = "shape", .type = OPT_SHAPE, AT(shape)},
    {.name = "ints", .type = OPT_INTS, AT(ints), .min = 1, .max = 100},
    {.name = "floats", .type = OPT_FLOATS, AT(floats), .def = "0.5, 1e-3"},
    {.name = "names", .type = OPT_NAMES, AT(names)},
    OPT_END};

static const struct opt needs[] = {{.name = "needed",
                                    .type = OPT_STRING,
                                    AT(needed),
                                    .flags = OPT_REQUIRED,
                                    .help = "what it is for"},
                                   OPT_END};

static struct diag diag;
static struct netfile *nf;

/* Reads the first section of a text. The caller frees by done(). */
static void read_text(const char *text, const struct opt *t, struct conf *c)
{
    struct err e = {0};
    diag = (struct diag){0};
    nf = netfile_parse("f", text, strlen(text), &diag, &e);
    assert_non_null(nf);
    struct opt_target target = {t, c};
    if (opt_read(nf, nf->sections, &target, 1, &diag, &e))
        fail_msg("%s", e.msg);
}

static void done(const struct opt *t, struct conf *c)
{
    opt_free(t, c);
    opt_free(t, c); /* twice does no harm */
    netfile_free(nf);
}

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

static void defaults(void **state)
{
    (void)state;
    struct conf c;
    memset(&c, 0xff, sizeof c);
    struct err e = {0};
    assert_int_equal(opt_defaults(table, &c, &e), 0);
    assert_int_equal(c.i, -1);
    assert_int_equal(c.stride, 1);
    assert_int_equal(c.any, 0);
    assert_int_equal(c.seed, 1);
    assert_true(c.lr == 0.01 && c.rate == 0.5 && c.momentum == 0 && c.noise == -1);
    assert_true(c.flag);
    assert_int_equal(c.word, 0);
    assert_string_equal(c.file, "");
    assert_int_equal(c.pair[0], 2);
    assert_int_equal(c.pair[1], 2);
    assert_int_equal(c.shape[0], 0);
    assert_int_equal(c.ints.n, 0);
    assert_int_equal(c.floats.n, 2);
    assert_true(c.floats.v[0] == 0.5 && c.floats.v[1] == 0.001);
    assert_int_equal(c.names.n, 0);
    opt_free(table, &c);
    assert_null(c.file);
    assert_null(c.floats.v);
    assert_int_equal(c.floats.n, 0);
}

static void a_wrong_default_is_our_error(void **state)
{
    (void)state;
    const struct opt wrong[] = {{.name = "a", .type = OPT_INT, .def = "x"}, OPT_END};
    struct err e = {0};
    int v;
    assert_int_equal(opt_defaults(wrong, &v, &e), -1);
    assert_int_equal(e.kind, ERR_INTERNAL);
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
    bad("kind = crossentropy",
        "kind = crossentropy: must be mean, sum or cross_entropy; did you mean 'cross_entropy'?");
    bad("kind = SUM", "kind = SUM: must be mean, sum or cross_entropy; did you mean 'sum'?");
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

static void messages_of_keys(void **state)
{
    (void)state;
    struct conf c;
    read_text("[conv2d c3]\nstrides = 1\nlr = 1\nxyz = 1\nlr = 2\nstride = 0\nlr = 3\n", table, &c);
    assert_int_equal(diag.total, 5);
    assert_string_equal(diag.msg[0].text,
                        "f:2: [conv2d c3] strides: unknown key; did you mean 'stride'?");
    assert_string_equal(diag.msg[1].text, "f:4: [conv2d c3] xyz: unknown key ('diynn help conv2d' "
                                          "lists them)");
    assert_string_equal(diag.msg[2].text, "f:5: [conv2d c3] lr is given twice (first at line 3)");
    assert_string_equal(diag.msg[3].text, "f:6: [conv2d c3] stride = 0: must be between 1 and 64");
    assert_string_equal(diag.msg[4].text, "f:7: [conv2d c3] lr is given twice (first at line 3)");
    assert_true(c.lr == 1);
    done(table, &c);
}

static void required_keys(void **state)
{
    (void)state;
    struct conf c;
    read_text("\n[linear]\n", needs, &c);
    assert_int_equal(diag.total, 1);
    assert_string_equal(diag.msg[0].text, "f:2: [linear] needed is missing (what it is for)");
    assert_string_equal(c.needed, "");
    done(needs, &c);
    read_text("[linear]\nneeded =\n", needs, &c);
    assert_int_equal(diag.total, 1);
    assert_string_equal(diag.msg[0].text, "f:2: [linear] needed has no value: must be a text");
    done(needs, &c);
    read_text("[linear]\nneeded = a\n", needs, &c);
    assert_int_equal(diag.total, 0);
    assert_string_equal(c.needed, "a");
    done(needs, &c);
}

/* What is wrong anyway is not said to be missing too. */
static void one_problem_one_message(void **state)
{
    (void)state;
    struct conf c;
    read_text("[linear]\nneedde = a\n", needs, &c);
    assert_int_equal(diag.total, 1);
    assert_string_equal(diag.msg[0].text,
                        "f:2: [linear] needde: unknown key; did you mean 'needed'?");
    done(needs, &c);
    read_text("[linear]\nneeded: a\n", needs, &c);
    assert_int_equal(diag.total, 1);
    done(needs, &c);
    read_text("[linear]\nneeded = a\xff\n", needs, &c);
    assert_int_equal(diag.total, 1);
    done(needs, &c);
    read_text("[linear]\ncolour = red\n", needs, &c);
    assert_int_equal(diag.total, 2);
    done(needs, &c);
}

static const struct opt typed[] = {
    {.name = "type", .type = OPT_WORD, AT(word), .def = "mean", .words = kinds}, OPT_END};

static void unknown_keys_of_types(void **state)
{
    (void)state;
    struct conf c;
    read_text("[loss]\nxyz = 1\ntype = sum\n", typed, &c);
    assert_string_equal(
        diag.msg[0].text,
        "f:2: [loss] xyz: unknown key for type = sum ('diynn help sum' lists them)");
    done(typed, &c);
    read_text("[loss]\nxyz = 1\n", typed, &c);
    assert_string_equal(diag.msg[0].text,
                        "f:2: [loss] xyz: unknown key ('diynn help loss' lists them)");
    done(typed, &c);
    read_text("[linear]\ntype = sum\n", needs, &c); /* a key like any other there */
    assert_string_equal(diag.msg[0].text,
                        "f:2: [linear] type: unknown key ('diynn help linear' lists them)");
    done(needs, &c);
    static const struct opt none[] = {OPT_END};
    read_text("[augment]\nflip = yes\n", none, &c);
    assert_string_equal(diag.msg[0].text, "f:2: [augment] flip: unknown key; the section has none");
    done(none, &c);
}

static void no_section(void **state)
{
    (void)state;
    struct conf c;
    struct err e = {0};
    read_text("[x]\n", table, &c);
    done(table, &c);
    struct opt_target t = {table, &c};
    nf = netfile_parse("f", "", 0, &diag, &e);
    assert_int_equal(opt_read(nf, NULL, &t, 1, &diag, &e), 0);
    assert_int_equal(diag.total, 0);
    assert_true(c.lr == 0.01);
    opt_free(table, &c);
    t.table = needs;
    assert_int_equal(opt_read(nf, NULL, &t, 1, &diag, &e), 0);
    assert_string_equal(diag.msg[0].text, "f: needed is missing (what it is for)");
    opt_free(needs, &c);
    netfile_free(nf);
}

static void several_tables(void **state)
{
    (void)state;
    struct conf a, b;
    struct err e = {0};
    diag = (struct diag){0};
    const char *text = "[x]\nneeded = n\nlr = 3\nneded = 1\nneeded = m\n";
    nf = netfile_parse("f", text, strlen(text), &diag, &e);
    struct opt_target t[] = {{table, &a}, {needs, &b}};
    assert_int_equal(opt_read(nf, nf->sections, t, 2, &diag, &e), 0);
    assert_true(a.lr == 3);
    assert_string_equal(b.needed, "n");
    assert_int_equal(diag.total, 2);
    assert_string_equal(diag.msg[0].text, "f:4: [x] neded: unknown key; did you mean 'needed'?");
    assert_string_equal(diag.msg[1].text, "f:5: [x] needed is given twice (first at line 2)");
    opt_free(table, &a);
    opt_free(needs, &b);
    netfile_free(nf);
}

static void the_command_line_rules(void **state)
{
    (void)state;
    struct conf c;
    struct err e = {0};
    const char *text = "[x h]\nlr = 1\nfile = a\nstride = 1\nstride = 2\n";
    const char *sets[] = {"h.lr=5", "h.file=b", "h.stride=7", "h.rate=3", "h.lrr=1", "h.flag=no"};
    diag = (struct diag){0};
    nf = netfile_parse("f", text, strlen(text), &diag, &e);
    for (int i = 0; i < 6; i++)
        assert_int_equal(netfile_set(nf, sets[i], &diag, &e), 0);
    struct opt_target t = {table, &c};
    assert_int_equal(opt_read(nf, nf->sections, &t, 1, &diag, &e), 0);
    assert_true(c.lr == 5 && c.stride == 7 && !c.flag && c.rate == 0.5);
    assert_string_equal(c.file, "b");
    assert_int_equal(diag.total, 3);
    assert_string_equal(diag.msg[0].text, "f:5: [x h] stride is given twice (first at line 4)");
    assert_string_equal(diag.msg[1].text, "command line: [x h] rate = 3: must be at least 0 and "
                                          "less than 1");
    assert_string_equal(diag.msg[2].text,
                        "command line: [x h] lrr: unknown key; did you mean 'lr'?");
    assert_true(opt_given(nf->sections, "lr"));
    assert_false(opt_given(nf->sections, "seed"));
    assert_false(opt_given(NULL, "seed"));
    assert_int_equal(opt_line(nf->sections, "lr"), 0);
    assert_int_equal(opt_line(nf->sections, "seed"), 1);
    assert_int_equal(opt_line(NULL, "seed"), -1);
    done(table, &c);
}

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
        cmocka_unit_test(defaults),
        cmocka_unit_test(a_wrong_default_is_our_error),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(sizes),
        cmocka_unit_test(numbers),
        cmocka_unit_test(truths_and_words),
        cmocka_unit_test(texts),
        cmocka_unit_test(pairs_and_shapes),
        cmocka_unit_test(lists),
        cmocka_unit_test(messages_of_keys),
        cmocka_unit_test(required_keys),
        cmocka_unit_test(one_problem_one_message),
        cmocka_unit_test(unknown_keys_of_types),
        cmocka_unit_test(no_section),
        cmocka_unit_test(several_tables),
        cmocka_unit_test(the_command_line_rules),
        cmocka_unit_test(numbers_print_as_they_were),
        cmocka_unit_test(no_locale_matters),
        cmocka_unit_test(parsers),
        cmocka_unit_test(short_buffers),
        cmocka_unit_test(descriptions),
        cmocka_unit_test(written_sections_read_back),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(random_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
