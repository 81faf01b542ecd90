/* Tests of base/netfile.c: what is read, and that nothing breaks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/netfile_show.h"
#include "tmp.h"

#include <stdbool.h>

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
        cmocka_unit_test(files),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(mutated_files),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
