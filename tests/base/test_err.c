/* Tests of base/err.c and base/diag.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/diag.h"
#include "base/err.h"

#include <errno.h>
#include <string.h>

static void first_error_stays(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_set(&e, ERR_DATA, "%s: line %d", "a.csv", 3), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_string_equal(e.msg, "a.csv: line 3");
    assert_int_equal(err_set(&e, ERR_INTERNAL, "cleaning up failed"), -1);
    errno = ENOENT;
    assert_int_equal(err_errno(&e, ERR_INTERNAL, "cleaning up failed"), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_string_equal(e.msg, "a.csv: line 3");
}

static void errno_is_named(void **state)
{
    (void)state;
    struct err e = {0};
    errno = ENOSPC;
    assert_int_equal(err_errno(&e, ERR_INTERNAL, "%s", "log.csv"), -1);
    assert_string_equal(e.msg, "log.csv: No space left on device");
}

static void context_stands_in_front(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_NET, "bad value");
    assert_int_equal(err_prefix(&e, "file %d", 7), -1);
    assert_int_equal(err_prefix(&e, "run"), -1);
    assert_string_equal(e.msg, "run: file 7: bad value");
    assert_int_equal(e.kind, ERR_NET);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    char big[3000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    struct err e = {0};
    err_set(&e, ERR_NET, "%s", big);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    err_prefix(&e, "%s", big);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    struct err f = {0};
    errno = EIO;
    err_errno(&f, ERR_NET, "%s", big);
    assert_int_equal(strlen(f.msg), sizeof f.msg - 1);
}

static void control_characters_become_marks(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_NET, "a\033[31mb\nc\x7f");
    assert_string_equal(e.msg, "a?[31mb?c?");
    err_prefix(&e, "\t\xc3\xa9");
    assert_string_equal(e.msg, "?\xc3\xa9: a?[31mb?c?");
}

static void messages_name_their_place(void **state)
{
    (void)state;
    struct diag d = {0};
    diag_add(&d, "net.ini", 14, "[%s] stride = %d", "conv2d", 0);
    diag_add(&d, "net.ini", 0, "bad");
    diag_add(&d, "net.ini", -1, "no layers\033");
    assert_int_equal(d.total, 3);
    assert_string_equal(d.msg[0].text, "net.ini:14: [conv2d] stride = 0");
    assert_string_equal(d.msg[1].text, "command line: bad");
    assert_string_equal(d.msg[2].text, "net.ini: no layers?");
    assert_int_equal(d.msg[0].line, 14);
}

static void sorting_keeps_the_order_of_a_line(void **state)
{
    (void)state;
    struct diag d = {0};
    const int lines[] = {9, 3, 3, 0, 12, 3, -1};
    const char *want[] = {"f: 6",   "command line: 3", "f:3: 1", "f:3: 2",
                          "f:3: 5", "f:9: 0",          "f:12: 4"};
    for (int i = 0; i < 7; i++)
        diag_add(&d, "f", lines[i], "%d", i);
    diag_sort(&d);
    for (int i = 0; i < 7; i++)
        assert_string_equal(d.msg[i].text, want[i]);
}

static void twenty_are_kept_all_are_counted(void **state)
{
    (void)state;
    struct diag d = {0};
    for (int i = 1; i <= DIAG_MAX; i++) {
        diag_add(&d, "f", i, "m");
        assert_int_equal(diag_kept(&d), i);
    }
    for (int i = 0; i < 100; i++)
        diag_add(&d, "f", 1, "one more");
    assert_int_equal(d.total, DIAG_MAX + 100);
    assert_int_equal(diag_kept(&d), DIAG_MAX);
    diag_sort(&d);
    assert_string_equal(d.msg[DIAG_MAX - 1].text, "f:20: m");
}

static void a_long_path_leaves_room_for_the_reason(void **state)
{
    (void)state;
    char path[5000];
    memset(path, 'd', sizeof path);
    memcpy(path + sizeof path - 9, "/net.ini", 9);
    const int lines[] = {-1, 7};
    for (int i = 0; i < 2; i++) {
        struct diag d = {0};
        diag_add(&d, path, lines[i], "the reason");
        assert_memory_equal(d.msg[0].text, "...ddd", 6);
        assert_non_null(
            strstr(d.msg[0].text, i ? "d/net.ini:7: the reason" : "/net.ini: the reason"));
    }
    struct diag d = {0};
    char big[3000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    diag_add(&d, path, 1, "%s", big);
    assert_int_equal(strlen(d.msg[0].text), sizeof d.msg[0].text - 1);
}

static void quotes_end_between_characters(void **state)
{
    (void)state;
    char out[DIAG_QUOTE], text[200];
    assert_string_equal(diag_quote("abc", 2, out), "ab");
    assert_string_equal(diag_quote("", 0, out), "");
    memset(text, 'a', sizeof text);
    diag_quote(text, DIAG_QUOTE - 1, out);
    assert_int_equal(strlen(out), DIAG_QUOTE - 1);
    assert_null(strstr(out, "..."));
    for (int shift = 0; shift < 4; shift++) { /* a character of four bytes across the cut */
        memset(text, 'a', sizeof text);
        for (size_t i = (size_t)shift; i + 4 <= sizeof text; i += 4)
            memcpy(text + i, "\xf0\x9f\x98\x80", 4);
        diag_quote(text, sizeof text, out);
        size_t n = strlen(out);
        assert_true(n < DIAG_QUOTE && n > DIAG_QUOTE - 8);
        assert_string_equal(out + n - 3, "...");
        assert_int_equal((n - 3 - (size_t)shift) % 4, 0);
    }
    memset(text, 0x80, sizeof text); /* no characters at all */
    assert_string_equal(diag_quote(text, sizeof text, out), "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_stays),
        cmocka_unit_test(errno_is_named),
        cmocka_unit_test(context_stands_in_front),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(control_characters_become_marks),
        cmocka_unit_test(messages_name_their_place),
        cmocka_unit_test(sorting_keeps_the_order_of_a_line),
        cmocka_unit_test(twenty_are_kept_all_are_counted),
        cmocka_unit_test(a_long_path_leaves_room_for_the_reason),
        cmocka_unit_test(quotes_end_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
