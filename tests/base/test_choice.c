/* test_choice.c - the key `type`, read ahead of its section. */
#include "base/choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct conf {
    double other;
    int type;
};

static const char *const words[] = {"first", "second", "third", NULL};
static const struct opt table[] = {
    {.name = "other", .type = OPT_FLOAT, .offset = offsetof(struct conf, other), .def = "1"},
    {.name = "type",
     .type = OPT_WORD,
     .offset = offsetof(struct conf, type),
     .def = "second",
     .words = words},
    OPT_END};

/* The type that choice_read finds in this section of a file; *total: messages. */
static int type_of(const char *text, struct diag *d)
{
    struct err e = {0};
    int type;
    struct netfile *nf = netfile_parse("f", text, strlen(text), d, &e);
    assert_non_null(nf);
    assert_int_equal(choice_read(nf, netfile_section(nf, "loss"), table, &type, d, &e), 0);
    netfile_free(nf);
    return type;
}

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int type, total;
    } cases[] = {
        {"[data]\n", 1, 0},
        {"[loss]\n", 1, 0},
        {"[loss]\ntype = third\n", 2, 0},
        {"[loss]\nother = 3\nunknown = x\ntype = first\n", 0, 0},
        {"[loss]\ntype = third\ntype = first\n", 2, 0}, /* the second one is opt_read's to refuse */
        {"[loss]\ntype = thrid\n", -1, 1},
        {"[loss]\ntype =\n", -1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diag d = {0};
        assert_int_equal(type_of(cases[i].text, &d), cases[i].type);
        assert_int_equal(d.total, cases[i].total);
    }
}

static void test_suggestion(void **state)
{
    (void)state;
    struct diag d = {0};
    type_of("[loss]\n\ntype = thrid\n", &d);
    assert_int_equal(d.msg[0].line, 3);
    assert_non_null(strstr(d.msg[0].text, "[loss] type = thrid"));
    assert_non_null(strstr(d.msg[0].text, "'third'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_suggestion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
