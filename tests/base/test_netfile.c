/* Tests of base/netfile*.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/netfile.h"
#include "tmp.h"

#include <stdbool.h>

static char shown[1 << 18];

static void show(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void show(const char *fmt, ...)
{
    size_t n = strlen(shown);
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(shown + n, sizeof shown - n, fmt, ap);
    va_end(ap);
    assert_true(len >= 0 && (size_t)len < sizeof shown - n);
}

/* Everything of a file as one line: "[type name]LINE key=value@LINE ... | messages" */
static const char *describe(const struct netfile *nf, const struct diag *d)
{
    *shown = '\0';
    for (int i = 0; i < nf->n_sections; i++) {
        const struct section *s = &nf->sections[i];
        show("%s[%s%s%s]%d", i ? " " : "", s->type, *s->name ? " " : "", s->name, s->line);
        for (int j = 0; j < s->n_entries; j++)
            show(" %s=%s@%d", s->entries[j].key, s->entries[j].value, s->entries[j].line);
    }
    for (int i = 0; i < diag_kept(d); i++)
        show("%s%s", i || nf->n_sections ? " | " : "", d->msg[i].text);
    return shown;
}

static struct netfile *parse_bytes(const char *text, size_t n, struct diag *d)
{
    struct err e = {0};
    char *copy = malloc(n + 1); /* exactly as long as the text: a sanitizer sees what is past it */
    if (n)
        memcpy(copy, text, n);
    *d = (struct diag){0};
    struct netfile *nf = netfile_parse("f", copy, n, d, &e);
    free(copy);
    if (!nf)
        fail_msg("%s", e.msg);
    return nf;
}

static void expect_bytes(const char *text, size_t n, const char *want)
{
    size_t live = mem_live();
    struct diag d;
    struct netfile *nf = parse_bytes(text, n, &d);
    assert_string_equal(describe(nf, &d), want);
    netfile_free(nf);
    assert_int_equal(mem_live(), live);
}

static void expect(const char *text, const char *want)
{
    expect_bytes(text, strlen(text), want);
}

/* ---- what is right ----------------------------------------------------------------------------
 */

static void sections_and_keys(void **state)
{
    (void)state;
    expect("", "");
    expect("\n\n# nothing\n", "");
    expect("[data]\ntrain = a.gz\nshape=1x16x16\n\n[linear hidden]\nunits\t=  10 \n",
           "[data]1 train=a.gz@2 shape=1x16x16@3 [linear hidden]5 units=10@6");
    expect("[tanh]", "[tanh]1");
    expect("[ linear\t h_1 ]\nx = 1", "[linear h_1]1 x=1@2");
    expect("[linear]\nunits =\n", "[linear]1 units=@2");
    expect("[a]\nb = c = d", "[a]1 b=c = d@2");
    expect("[a]\nb = [c]\nd = \"quoted\"", "[a]1 b=[c]@2 d=\"quoted\"@3");
    expect("[a]\nb : c = d", "[a]1 | f:2: b : c = d: a key has letters, digits and '_' only");
    expect("[a]\nb = c : d", "[a]1 b=c : d@2");
    expect("[a]\npath = d\xc3\xa9j\xc3\xa0/\xf0\x9f\x98\x80", /* UTF-8 of 2 and 4 bytes */
           "[a]1 path=d\xc3\xa9j\xc3\xa0/\xf0\x9f\x98\x80@2");
}

static void repeated_and_empty_sections(void **state)
{
    (void)state;
    expect("[conv2d]\n[conv2d]\n[conv2d]\nsize = 3\n[conv2d]\nsize = 5\n[tanh]",
           "[conv2d]1 [conv2d]2 [conv2d]3 size=3@4 [conv2d]5 size=5@6 [tanh]7");
    expect("[linear a]\n[linear b]\n[linear]", "[linear a]1 [linear b]2 [linear]3");
}

static void indented_keys(void **state)
{
    (void)state;
    expect("[conv2d]\n  size = 3\n\tstride = 2\n   \n  [tanh]\n",
           "[conv2d]1 size=3@2 stride=2@3 [tanh]5");
    expect("[conv2d]\nsize =\n  stride = 2\n", "[conv2d]1 size=@2 stride=2@3");
}

static void comments(void **state)
{
    (void)state;
    expect("# a\n; b\n  # c\n[tanh] # d\n[relu]\t; e\nx = 1 # f\ny = 2 ; g\nz = 3\t#h\n",
           "[tanh]4 [relu]5 x=1@6 y=2@7 z=3@8");
    expect("[a]\nx = a#b\ny = a;b\nz = #\nw =;c\n", "[a]1 x=a#b@2 y=a;b@3 z=@4 w=;c@5");
    expect("[a]\n#b = 1\n;c = 1\n# [d]\n", "[a]1");
    expect("[a]\nx = 1 # y = 2\nb # = 1\n",
           "[a]1 x=1@2 | f:3: b: this is neither [section] nor key = value");
    expect("[a # ]\n", "[]1 | f:1: [a: the header lacks its ']'");
}

static void byte_order_mark_and_line_ends(void **state)
{
    (void)state;
    expect("\xef\xbb\xbf[a]\nb = 1\n", "[a]1 b=1@2");
    expect("\xef\xbb\xbf", "");
    expect("\xef\xbb\xbf# x\r\n[a]\r\nb = 1\r\n\r\n[c]\r\n", "[a]2 b=1@3 [c]5");
    expect("[a]\nb = 1\xef\xbb\xbf\n", "[a]1 b=1\xef\xbb\xbf@2");
    expect("[a]\n\xef\xbb\xbf"
           "b = 1\n",
           "[a]1 | f:2: \xef\xbb\xbf"
           "b = 1: a key has letters, digits and '_' only");
    expect("[a]\nb = 1\r", "[a]1 | f:2: a carriage return stands inside the line");
    expect("[a]\nb = 1\r2\n", "[a]1 | f:2: a carriage return stands inside the line");
    expect("[a]\nb = 1\r\r\n", "[a]1 | f:2: a carriage return stands inside the line");
}

/* Values of all lengths around inih's line, made so that a lost or doubled byte shows. */
static void long_values_arrive_whole(void **state)
{
    (void)state;
    static char text[NETFILE_VALUE_MAX + 100], value[NETFILE_VALUE_MAX + 2];
    const char *pattern = "1 ;2, #x[3]=\xc3\xa9 y: ";
    for (size_t n = 1; n <= NETFILE_VALUE_MAX; n = n < 1300 ? n + 1 : 2 * n) {
        for (size_t i = 0; i < n; i++)
            value[i] = pattern[i % strlen(pattern)];
        value[n] = '\0';
        for (char *c = value + 1; *c; c++) /* no comment may begin in it */
            if ((*c == ';' || *c == '#') && c[-1] == ' ')
                *c = '_';
        if (value[n - 1] == ' ')
            value[n - 1] = '.';
        if (value[n - 1] == '\xc3')
            value[n - 1] = '.';
        int len = snprintf(text, sizeof text, "[a]\nkey = %s\nb = 1\n", value);
        struct diag d;
        struct netfile *nf = parse_bytes(text, (size_t)len, &d);
        assert_int_equal(d.total, 0);
        assert_int_equal(nf->sections[0].n_entries, 2);
        assert_string_equal(nf->sections[0].entries[0].value, value);
        assert_int_equal(nf->sections[0].entries[0].line, 2);
        assert_int_equal(nf->sections[0].entries[1].line, 3);
        netfile_free(nf);
    }
}

/* Blanks, '#' and ';' at every place where a value is cut into pieces. */
static void pieces_keep_blanks_and_marks(void **state)
{
    (void)state;
    char text[1200], value[1001];
    const char *fill[] = {"a    ", "a\t \tb", "a#;", "[x]=", "\xe2\x82\xac"};
    for (size_t f = 0; f < sizeof fill / sizeof *fill; f++) {
        *value = '\0';
        while (strlen(value) + 10 < sizeof value)
            strcat(value, fill[f]);
        strcat(value, "z");
        int len = snprintf(text, sizeof text, "[a]\nk=%s", value);
        struct diag d;
        struct netfile *nf = parse_bytes(text, (size_t)len, &d);
        assert_int_equal(d.total, 0);
        assert_string_equal(nf->sections[0].entries[0].value, value);
        netfile_free(nf);
    }
}

static void lines_are_true_behind_long_values(void **state)
{
    (void)state;
    char text[2000];
    snprintf(text, sizeof text, "[a]\nx = %0900d\ny = 1\n[b]\nz = %0300d # c\n\n[c]\nw = 1\n", 1,
             2);
    struct diag d;
    struct netfile *nf = parse_bytes(text, strlen(text), &d);
    assert_int_equal(nf->n_sections, 3);
    assert_int_equal(nf->sections[0].entries[1].line, 3);
    assert_int_equal(nf->sections[1].line, 4);
    assert_int_equal(strlen(nf->sections[1].entries[0].value), 300);
    assert_int_equal(nf->sections[2].line, 7);
    assert_int_equal(nf->sections[2].entries[0].line, 8);
    netfile_free(nf);
}

/* ---- what is wrong ----------------------------------------------------------------------------
 */

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

/* ---- files ------------------------------------------------------------------------------------
 */

static void files(void **state)
{
    (void)state;
    struct diag d = {0};
    struct err e = {0};
    tmp_text("net.ini", "[data]\n[tanh\n");
    struct netfile *nf = netfile_load("net.ini", &d, &e);
    assert_non_null(nf);
    assert_string_equal(nf->path, "net.ini");
    assert_string_equal(d.msg[0].text, "net.ini:2: [tanh: the header lacks its ']'");
    netfile_free(nf);
    assert_null(netfile_load("none.ini", &d, &e));
    assert_int_equal(e.kind, ERR_NET);
    assert_non_null(strstr(e.msg, "none.ini"));
    assert_non_null(strstr(e.msg, tmp_dir));
    e = (struct err){0};
    assert_null(netfile_load(".", &d, &e));
    assert_int_equal(e.kind, ERR_NET);
    e = (struct err){0};
    static char big[NETFILE_SIZE_MAX + 1];
    memset(big, '\n', sizeof big);
    tmp_write("big.ini", big, sizeof big);
    assert_null(netfile_load("big.ini", &d, &e));
    assert_int_equal(e.kind, ERR_NET);
    netfile_free(NULL);
}

/* ---- names and --set --------------------------------------------------------------------------
 */

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

/* ---- endurance --------------------------------------------------------------------------------
 */

static const char sample[] =
    "\xef\xbb\xbf# One hidden layer\r\n[data]\ntrain = a/b.gz # file\n"
    "shape=1x16x16\nmean = 0.1, 0.2, 0.3\n\n[linear hidden]\n units = 100\n"
    "[tanh]\n[linear]\nunits = 10\n[softmax] ; out\n[loss]\n"
    "type = cross_entropy\n[train]\nbatch = all\n[bad\nx = 1\n[data]\n";

static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t live = mem_live();
    char text[2000];
    snprintf(text, sizeof text, "%s[augment]\nlong = %0600d\n", sample, 1);
    for (long n = 1;; n++) {
        struct diag d = {0};
        struct err e = {0};
        mem_fail_at(n);
        struct netfile *nf = netfile_parse("f", text, strlen(text), &d, &e);
        bool ok = nf && netfile_set(nf, "hidden.units=3", &d, &e) == 0 &&
                  netfile_set(nf, "hidden.bias=no", &d, &e) == 0 &&
                  netfile_set(nf, "schedule.type=step", &d, &e) == 0;
        netfile_free(nf);
        assert_int_equal(mem_live(), live);
        if (!mem_failed()) {
            assert_true(ok);
            assert_true(n > 50);
            break;
        }
        assert_false(ok);
        assert_int_equal(e.kind, ERR_INTERNAL);
    }
    mem_fail_at(0);
}

static uint32_t next_random(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*s >> 33);
}

/* Whatever stands in a file, the parser ends, leaks nothing, and what it returns is well formed. */
static void mutated_files(void **state)
{
    (void)state;
    uint64_t seed = 1;
    size_t live = mem_live();
    const char *pieces[] = {"[",     "]",    "=",  "\n", "#",    ";",    " ",    "\t",      "\r\n",
                            "[a]\n", "\001", "\0", ":",  "x = ", "\xc3", "\xa9", "[data]\n"};
    for (int i = 0; i < 4000; i++) {
        char text[3000];
        size_t n = sizeof sample - 1;
        memcpy(text, sample, n);
        for (uint32_t k = next_random(&seed) % 12; k > 0; k--) {
            size_t at = next_random(&seed) % (n + 1);
            switch (next_random(&seed) % 4) {
            case 0: /* another byte */
                text[at < n ? at : 0] = (char)next_random(&seed);
                break;
            case 1: { /* something of meaning in between */
                const char *p = pieces[next_random(&seed) % (sizeof pieces / sizeof *pieces)];
                size_t len = *p ? strlen(p) : 1;
                memmove(text + at + len, text + at, n - at);
                memcpy(text + at, p, len);
                n += len;
                break;
            }
            case 2: /* the rest is missing */
                n = at > 100 ? at : n;
                break;
            default: { /* a stretch twice */
                size_t len = next_random(&seed) % 200;
                len = len > n - at ? n - at : len;
                memmove(text + at + len, text + at, n - at);
                n = n + len > 2500 ? 2500 : n + len;
            }
            }
        }
        struct diag d;
        struct netfile *nf = parse_bytes(text, n, &d);
        int last = 0;
        for (int j = 0; j < nf->n_sections; j++) {
            const struct section *s = &nf->sections[j];
            assert_true(s->line > last);
            last = s->line;
            for (int m = 0; m < s->n_entries; m++) {
                assert_true(s->entries[m].line > last);
                last = s->entries[m].line;
                assert_true(*s->entries[m].key);
            }
        }
        netfile_free(nf);
        assert_int_equal(mem_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_keys),
        cmocka_unit_test(repeated_and_empty_sections),
        cmocka_unit_test(indented_keys),
        cmocka_unit_test(comments),
        cmocka_unit_test(byte_order_mark_and_line_ends),
        cmocka_unit_test(long_values_arrive_whole),
        cmocka_unit_test(pieces_keep_blanks_and_marks),
        cmocka_unit_test(lines_are_true_behind_long_values),
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
        cmocka_unit_test(files),
        cmocka_unit_test(names_of_sections),
        cmocka_unit_test(set_changes_values),
        cmocka_unit_test(set_twice_takes_the_last),
        cmocka_unit_test(set_refuses_nonsense),
        cmocka_unit_test(nearest_words),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(mutated_files),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
