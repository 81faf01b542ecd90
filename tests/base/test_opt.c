/* Tests of base/opt.c: sections read through tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/opt_table.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(a_wrong_default_is_our_error),
        cmocka_unit_test(messages_of_keys),
        cmocka_unit_test(required_keys),
        cmocka_unit_test(one_problem_one_message),
        cmocka_unit_test(unknown_keys_of_types),
        cmocka_unit_test(no_section),
        cmocka_unit_test(several_tables),
        cmocka_unit_test(the_command_line_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
