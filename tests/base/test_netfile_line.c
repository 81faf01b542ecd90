/* Tests of base/netfile_line.c and base/netfile.c: what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/netfile_show.h"

static void bad_headers(void **state)
{
    (void)state;
    expect("[linear\nunits = 1\n[tanh]\n", "[]1 [tanh]3 | f:1: [linear: the header lacks its ']'");
    expect("[]\n[ ]\n", "[]1 []2 | f:1: []: the header names no section | "
                        "f:2: [ ]: the header names no section");
    expect("[linear] units = 1\n",
           "[]1 | f:1: [linear] units = 1: only a comment may follow ']' (a "
           "key needs a line of its own)");
    expect("[linear]]\n", "[]1 | f:1: [linear]]: only a comment may follow ']' (a key needs a line "
                          "of its own)");
    expect("[tanh]# x\n", "[]1 | f:1: [tanh]# x: a comment must stand after a blank");
    expect("[a b c]\n", "[]1 | f:1: [a b c]: a header is [type] or [type name]");
    expect("[2d]\n[con-v]\n[c\xc3\xb3nv]\n[_a]\n",
           "[]1 []2 []3 []4 | "
           "f:1: [2d]: a type starts with a letter and goes on with letters, digits and '_' | "
           "f:2: [con-v]: a type starts with a letter and goes on with letters, digits and '_' | "
           "f:3: [c\xc3\xb3nv]: a type starts with a letter and goes on with letters, digits and "
           "'_' | "
           "f:4: [_a]: a type starts with a letter and goes on with letters, digits and '_'");
}

static void bad_names(void **state)
{
    (void)state;
    const char *bad[] = {"1a", "_a", "a-b", "a.b", "\xc3\xa9", "a:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100], want[200];
        snprintf(text, sizeof text, "[linear %s]\nunits = 1\n", bad[i]);
        snprintf(want, sizeof want,
                 "[]1 | f:1: [linear %s]: a name starts with a letter and goes on with letters, "
                 "digits and '_'",
                 bad[i]);
        expect(text, want);
    }
    expect("[linear input]\n",
           "[]1 | f:1: [linear input]: the name 'input' stands for the data; choose another");
    expect("[input]\n", "[input]1"); /* a type; the registry of layers knows */
    for (const char *const *w = netfile_settings; *w; w++) {
        char text[100], want[200];
        snprintf(text, sizeof text, "[linear %s]\n[%s foo]\n", *w, *w);
        snprintf(want, sizeof want,
                 "[]1 []2 | f:1: [linear %s]: a layer cannot have the name of a settings section; "
                 "choose another | f:2: [%s foo]: a settings section takes no name",
                 *w, *w);
        expect(text, want);
    }
}

static void lengths_of_names(void **state)
{
    (void)state;
    char text[300], want[500];
    const char *a48 = "a123456789b123456789c123456789d123456789e1234567";
    snprintf(text, sizeof text, "[%s %.32s]\n%s = 1\n", a48, a48, a48);
    snprintf(want, sizeof want, "[%s %.32s]1 %s=1@2", a48, a48, a48);
    expect(text, want);
    snprintf(text, sizeof text, "[%sx]\n[t %.33s]\n[t]\n%sx = 1\n", a48, a48, a48);
    snprintf(want, sizeof want,
             "[]1 []2 [t]3 | f:1: [%sx]: a type has at most 48 characters | f:2: [t %.33s]: a name "
             "has at most 32 characters | f:4: %sx = 1: a key has at most 48 characters",
             a48, a48, a48);
    expect(text, want);
    char big[2000];
    memset(big, 'k', sizeof big);
    memcpy(big, "[a]\n", 4);
    memcpy(big + sizeof big - 5, " = 1", 5);
    expect(big,
           "[a]1 | f:2: kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...: a key "
           "has at most 48 characters");
    memset(big, 'k', sizeof big);
    *big = '[';
    expect_bytes(big, sizeof big,
                 "[]1 | f:1: [kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...: the "
                 "header lacks its ']'");
}

static void bad_keys(void **state)
{
    (void)state;
    expect("[a]\nlr 0.1\nlr: 0.1\n= 3\n  =\na b = 1\n\xc3\xa9 = 1\nok = 1\n",
           "[a]1 ok=1@8 | "
           "f:2: lr 0.1: this is neither [section] nor key = value | "
           "f:3: lr: 0.1: this is neither [section] nor key = value (only '=' separates) | "
           "f:4: = 3: there is no key before the '=' | "
           "f:5: =: there is no key before the '=' | "
           "f:6: a b = 1: a key has letters, digits and '_' only | "
           "f:7: \xc3\xa9 = 1: a key has letters, digits and '_' only");
    expect("[a]\nweight-decay = 1\nx.y = 2\n", "[a]1 weight-decay=1@2 x.y=2@3");
    expect("x = 1\ny = 2\nz\n[a]\nw = 3\n",
           "[a]4 w=3@5 | f:1: x = 1: this stands before the first [section] | "
           "f:3: z: this is neither [section] nor key = value");
}

static void too_long_values(void **state)
{
    (void)state;
    static char text[NETFILE_VALUE_MAX + 100];
    snprintf(text, sizeof text, "[a]\nb = %0*d\nc = 1\n", NETFILE_VALUE_MAX + 1, 1);
    expect(text, "[a]1 c=1@3 | f:2: b = 00000000000000000000000000000000000000000000000000000000"
                 "...: a value has at most 65536 bytes");
}

static void bad_headers_swallow_their_keys(void **state)
{
    (void)state;
    expect("[a]\nx = 1\n[b\ny = 2\nz = 3\n[c]\nw = 4\n",
           "[a]1 x=1@2 []3 [c]6 w=4@7 | f:3: [b: the header lacks its ']'");
    expect("[a]\n[b\001]\ny = 2\n", "[a]1 []2 | f:2: control character 0x01");
    struct diag d;
    struct netfile *nf = parse_bytes("[a\n[b]\n[c d e]", 14, &d);
    assert_int_equal(nf->n_lost, 2);
    netfile_free(nf);
    nf = parse_bytes("[a]\n[b]\nx\n", 10, &d);
    assert_int_equal(nf->n_lost, 0);
    netfile_free(nf);
}

static void refused_lines_are_counted(void **state)
{
    (void)state;
    struct diag d;
    const char *text = "x\n[a]\nx\ny = 1\n= 2\n\001\n[b]\nz = 1\n[data]\n[data]\nx\n[c\ny\n";
    struct netfile *nf = parse_bytes(text, strlen(text), &d);
    assert_int_equal(nf->n_sections, 4);
    assert_int_equal(nf->sections[0].n_bad, 3);
    assert_int_equal(nf->sections[1].n_bad, 0);
    assert_int_equal(nf->sections[2].n_bad, 0);
    assert_int_equal(nf->sections[3].n_bad, 0);
    netfile_free(nf);
}

static void settings_once(void **state)
{
    (void)state;
    expect("[data]\nx = 1\n\n[tanh]\n[data]\nx = 2\n[train]\n[data]\n",
           "[data]1 x=1@2 [tanh]4 [train]7 | f:5: [data] is given twice (first at line 1) | "
           "f:8: [data] is given twice (first at line 1)");
    for (const char *const *w = netfile_settings; *w; w++) {
        char text[100], want[200];
        snprintf(text, sizeof text, "[%s]\n[%s]\n", *w, *w);
        snprintf(want, sizeof want, "[%s]1 | f:2: [%s] is given twice (first at line 1)", *w, *w);
        expect(text, want);
    }
}

static void layer_names_once(void **state)
{
    (void)state;
    expect("[linear a]\n[tanh]\n[relu a]\n",
           "[linear a]1 [tanh]2 [relu a]3 | f:3: [relu a] is called 'a', but so is [linear a] at "
           "line 1");
    expect(
        "[linear relu_2]\n[relu]\n[relu]\n",
        "[linear relu_2]1 [relu]2 [relu]3 | f:3: [relu] is called 'relu_2' (automatically, as it "
        "has no name), but so is [linear relu_2] at line 1");
    expect(
        "[relu]\n[linear relu_1]\n",
        "[relu]1 [linear relu_1]2 | f:2: [linear relu_1] is called 'relu_1', but so is [relu] at "
        "line 1 (automatically)");
    expect("[relu]\n[relu b]\n[relu]\n[linear relu_2]\n", /* the third relu is relu_3 */
           "[relu]1 [relu b]2 [relu]3 [linear relu_2]4");
    expect("[linear a]\n[linear a]\n[linear a]\n",
           "[linear a]1 [linear a]2 [linear a]3 | "
           "f:2: [linear a] is called 'a', but so is [linear a] at line 1 | "
           "f:3: [linear a] is called 'a', but so is [linear a] at line 1");
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    expect_bytes("[a]\nb = \0 1\n[c]\n", 16, "f:2: a NUL byte: this is no text file in UTF-8");
    char text[1000] = "[a]\nx = ";
    memset(text + 8, 'x', sizeof text - 8);
    text[400] = '\0';
    expect_bytes(text, sizeof text, "f:2: a NUL byte: this is no text file in UTF-8");
    struct diag d;
    struct netfile *nf = parse_bytes("\0", 1, &d);
    assert_int_equal(nf->n_lost, 1);
    netfile_free(nf);
    for (int c = 1; c < 0x20; c++) {
        char line[] = "[a]\nb = 1?2\nc = 1\n", want[100];
        line[9] = (char)c;
        snprintf(want, sizeof want, "[a]1 c=1@3 | f:2: control character 0x%02x", c);
        if (c != '\t' && c != '\n' && c != '\r')
            expect(line, want);
    }
    expect("[a]\nb = 1\x7f\n# \x01\n",
           "[a]1 | f:2: control character 0x7f | f:3: control character "
           "0x01");
    expect("[a]\nb = \xc2\x9b"
           "31m\n",
           "[a]1 | f:2: control character U+009B");
}

static void bytes_that_are_no_utf8(void **state)
{
    (void)state;
    const char *bad[] = {"\x80",
                         "\xbf",
                         "\xc0\x80",
                         "\xc1\xbf",
                         "\xc3",
                         "\xc3(",
                         "\xe0\x9f\xbf",
                         "\xed\xa0\x80",
                         "\xe2\x82",
                         "\xe2(\xac",
                         "\xf0\x8f\xbf\xbf",
                         "\xf4\x90\x80\x80",
                         "\xf5\x80\x80",
                         "\xff",
                         "\xfe",
                         "\xf0\x9f\x98",
                         "caf\xe9",
                         "\xc3\xa9\xe9",
                         "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        snprintf(text, sizeof text, "[a]\nb = %s\nc = 1\n", bad[i]);
        struct diag d;
        struct netfile *nf = parse_bytes(text, strlen(text), &d);
        assert_int_equal(d.total, 1);
        assert_non_null(strstr(d.msg[0].text, " is not UTF-8 (save the file as UTF-8)"));
        assert_int_equal(d.msg[0].line, 2);
        assert_int_equal(nf->sections[0].n_entries, 1);
        netfile_free(nf);
    }
    const char *good[] = {"\xc2\xa0",     "\xdf\xbf",         "\xe0\xa0\x80",    "\xed\x9f\xbf",
                          "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[100];
        snprintf(text, sizeof text, "[a]\nb = %s", good[i]);
        struct diag d;
        struct netfile *nf = parse_bytes(text, strlen(text), &d);
        assert_int_equal(d.total, 0);
        assert_string_equal(nf->sections[0].entries[0].value, good[i]);
        netfile_free(nf);
    }
    expect("[a]\nb = \xe9\n", "[a]1 | f:2: byte 0xe9 is not UTF-8 (save the file as UTF-8)");
}

static void too_much_of_everything(void **state)
{
    (void)state;
    struct diag d;
    size_t n = NETFILE_SIZE_MAX + 1;
    char *text = malloc(n);
    memset(text, '\n', n);
    struct netfile *nf = parse_bytes(text, n, &d);
    assert_string_equal(d.msg[0].text, "f: a network file has at most 4194304 bytes");
    netfile_free(nf);
    nf = parse_bytes(text, n - 1, &d);
    assert_int_equal(d.total, 0);
    netfile_free(nf);
    for (size_t i = 0; i < n; i += 4)
        memcpy(text + i, "[a]\n", n - i < 4 ? n - i : 4);
    nf = parse_bytes(text, n - 1, &d);
    assert_int_equal(nf->n_sections, NETFILE_SECTIONS_MAX);
    assert_int_equal(d.total, 1);
    assert_string_equal(d.msg[0].text,
                        "f:10001: the file has more than 10000 sections or 100000 keys");
    netfile_free(nf);
    for (size_t i = 4; i < n; i += 4)
        memcpy(text + i, "b=1\n", n - i < 4 ? n - i : 4);
    nf = parse_bytes(text, n - 1, &d);
    assert_int_equal(nf->sections[0].n_entries, NETFILE_ENTRIES_MAX);
    assert_int_equal(d.total, 1);
    netfile_free(nf);
    free(text);
}

static void all_problems_are_told_at_once(void **state)
{
    (void)state;
    char text[4000] = "";
    for (int i = 0; i < 50; i++)
        strcat(text, "[a]\nnonsense\n");
    struct diag d;
    struct netfile *nf = parse_bytes(text, strlen(text), &d);
    assert_int_equal(d.total, 50);
    assert_int_equal(diag_kept(&d), 20);
    assert_int_equal(d.msg[19].line, 40);
    assert_int_equal(nf->n_sections, 50);
    netfile_free(nf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_names),
        cmocka_unit_test(lengths_of_names),
        cmocka_unit_test(bad_keys),
        cmocka_unit_test(too_long_values),
        cmocka_unit_test(bad_headers_swallow_their_keys),
        cmocka_unit_test(refused_lines_are_counted),
        cmocka_unit_test(settings_once),
        cmocka_unit_test(layer_names_once),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(bytes_that_are_no_utf8),
        cmocka_unit_test(too_much_of_everything),
        cmocka_unit_test(all_problems_are_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
