/* Tests of base/netfile_names.c and base/netfile_set.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/netfile_show.h"

static void names_of_sections(void **state)
{
    (void)state;
    struct diag d;
    const char *text = "[data]\n[linear]\n[tanh]\n[linear h]\n[linear]\n[tanh]\n[train]\n";
    struct netfile *nf = parse_bytes(text, strlen(text), &d);
    const char *want[] = {NULL, "linear_1", "tanh_1", "h", "linear_3", "tanh_2"};
    char name[NETFILE_NAME_MAX + 16];
    for (int i = 1; i < 6; i++) {
        netfile_layer_name(nf, i, name);
        assert_string_equal(name, want[i]);
    }
    assert_ptr_equal(netfile_section(nf, "data"), &nf->sections[0]);
    assert_ptr_equal(netfile_section(nf, "train"), &nf->sections[6]);
    assert_null(netfile_section(nf, "loss"));
    assert_true(netfile_is_setting("loss"));
    assert_false(netfile_is_setting("linear"));
    assert_false(netfile_is_setting(""));
    netfile_free(nf);
}

static void expect_set(const char *text, const char *assignment, const char *want)
{
    size_t live = mem_live();
    struct diag d;
    struct err e = {0};
    struct netfile *nf = parse_bytes(text, strlen(text), &d);
    assert_int_equal(netfile_set(nf, assignment, &d, &e), 0);
    assert_string_equal(describe(nf, &d), want);
    netfile_free(nf);
    assert_int_equal(mem_live(), live);
}

static void set_changes_values(void **state)
{
    (void)state;
    const char *net = "[data]\nx = 1\n[linear h]\nunits = 2\n[tanh]\n";
    expect_set(net, "data.x=5", "[data]1 x=5@0 [linear h]3 units=2@4 [tanh]5");
    expect_set(net, "data.y= a b ", "[data]1 x=1@2 y=a b@0 [linear h]3 units=2@4 [tanh]5");
    expect_set(net, "h.units=500", "[data]1 x=1@2 [linear h]3 units=500@0 [tanh]5");
    expect_set(net, "tanh_1.from=h", "[data]1 x=1@2 [linear h]3 units=2@4 [tanh]5 from=h@0");
    expect_set(net, "train.lr=a=b",
               "[data]1 x=1@2 [linear h]3 units=2@4 [tanh]5 [train]0 lr=a=b@0");
    expect_set(net, "data.x=", "[data]1 x=@0 [linear h]3 units=2@4 [tanh]5");
    expect_set(net, "data.x=./a.b;c#d", "[data]1 x=./a.b;c#d@0 [linear h]3 units=2@4 [tanh]5");
    expect_set("", "loss.type=mse", "[loss]0 type=mse@0");
    expect_set("[data]\nx = 1\nx = 2\n", "data.x=3", "[data]1 x=1@2 x=2@3 x=3@0");
}

static void set_twice_takes_the_last(void **state)
{
    (void)state;
    const char *files_[] = {"[a h]\n", "[a h]\nx = 1\n", "[a h]\nx = 1\nx = 2\n"};
    const char *want[] = {"[a h]1 x=9@0", "[a h]1 x=9@0", "[a h]1 x=1@2 x=2@3 x=9@0"};
    for (int i = 0; i < 3; i++) {
        struct diag d;
        struct err e = {0};
        struct netfile *nf = parse_bytes(files_[i], strlen(files_[i]), &d);
        assert_int_equal(netfile_set(nf, "h.x=8", &d, &e), 0);
        assert_int_equal(netfile_set(nf, "h.x=9", &d, &e), 0);
        assert_string_equal(describe(nf, &d), want[i]);
        netfile_free(nf);
    }
}

static void set_refuses_nonsense(void **state)
{
    (void)state;
    const char *form[] = {"", "x", "data", "data.x", "x=1", "=", ".", "x=a.b"};
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        char want[200];
        snprintf(want, sizeof want, "[a h]1 | command line: %s: this is not section.key=value",
                 form[i]);
        expect_set("[a h]\n", form[i], want);
    }
    expect_set("[a h]\n", "data.=1",
               "[a h]1 | command line: data.=1: there is no key before the '='");
    expect_set("[a h]\n", "data.a b=1",
               "[a h]1 | command line: data.a b=1: a key has letters, digits and '_' only");
    expect_set("[a h]\n", "data.x=\xe9",
               "[a h]1 | command line: byte 0xe9 is not UTF-8 (save the file as UTF-8)");
    expect_set("[a h]\n", "data.x=a\nb", "[a h]1 | command line: control character 0x0a");
    expect_set("[a h]\n", "data.x=a #b",
               "[a h]1 | command line: data.x=a #b: a value cannot hold a blank with '#' or ';' "
               "behind it (a file could not)");
    expect_set(
        "[linear hidden]\n", "hiden.units=3",
        "[linear hidden]1 | command line: no section or layer is called 'hiden'; did you mean "
        "'hidden'?");
    expect_set("[linear]\n", "linear1.units=3",
               "[linear]1 | command line: no section or layer is called 'linear1'; did you mean "
               "'linear_1'?");
    expect_set("[tanh]\n", "optimiser.lr=3",
               "[tanh]1 | command line: no section or layer is called 'optimiser'; did you mean "
               "'optimizer'?");
    expect_set("[tanh\n", "tanh_1.x=3",
               "[]1 | f:1: [tanh: the header lacks its ']' | command line: no section or layer is "
               "called 'tanh_1'");
    expect_set("[tanh]\n", ".x=3", "[tanh]1 | command line: no section or layer is called ''");
}

static void nearest_words(void **state)
{
    (void)state;
    const char *const words[] = {"filters", "stride",       "padding", "lr", "momentum",
                                 "batch",   "weight_decay", "units",   NULL};
    const struct {
        const char *word, *near;
    } cases[] = {
        {"filers", "filters"},
        {"fliters", "filters"},
        {"filtersss", "filters"},
        {"filtersxyz", NULL},
        {"Stride", "stride"},
        {"STRIDE", "stride"},
        {"sride", "stride"},
        {"weight-decay", "weight_decay"},
        {"LR", "lr"},
        {"ls", NULL},
        {"l", NULL},
        {"", NULL},
        {"unit", "units"},
        {"bach", "batch"},
        {"btach", "batch"},
        {"momentun", "momentum"},
        {"filters", "filters"},
        {"pad", NULL},
        {"xyzzy", NULL},
        {"learning_rate", "lr"},
        {"batch_size", "batch"},
        {"wd", "weight_decay"},
        {"num-filters", "filters"},
        {"weight", "weight_decay"},
        {"l_r", "lr"},
        {"learning", NULL},
        {"learning_rate_decay", NULL},
        {"_", NULL},
        {"__", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *near = netfile_nearest(cases[i].word, words);
        if (!cases[i].near)
            assert_null(near);
        else
            assert_string_equal(near, cases[i].near);
    }
    char big[NETFILE_NAME_MAX + 2];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    const char *const long_words[] = {big, NULL};
    assert_null(netfile_nearest(big, long_words));
    assert_ptr_equal(netfile_nearest(big + 1, (const char *const[]){big + 1, NULL}), big + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_sections),
        cmocka_unit_test(set_changes_values),
        cmocka_unit_test(set_twice_takes_the_last),
        cmocka_unit_test(set_refuses_nonsense),
        cmocka_unit_test(nearest_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
