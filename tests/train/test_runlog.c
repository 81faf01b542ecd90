/* Tests of train/runlog.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/mem.h"
#include "tmp.h"
#include "train/runlog.h"

#include <locale.h>
#include <math.h>

#define NONE ((double)NAN) /* clang warns of the float */

#define HEADER                                                                                     \
    "epoch,step,lr,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,test_accuracy,"       \
    "seconds,samples_per_s\n"
#define ROW1 "1,73,0.01,0.5,0.25,,,,,1.500,4861\n"
#define ROW2 "2,146,0.01,0.1,0.30000000000000004,1e-20,1,,,0.001,12\n"
#define ROW3 "3,219,0.0099999,0.1,0.5,,,inf,0,12.346,100\n"

static const struct runlog_row rows[] = {
    {1, 73, 0.01, 0.5, 0.25, NONE, NONE, NONE, NONE, 1.5, 4860.6},
    {2, 146, 0.01, 0.1, 0.1 + 0.2, 1e-20, 1, NONE, NONE, 0.001, 12.2},
    {3, 219, 0.0099999, 0.1, 0.5, NONE, NONE, (double)INFINITY, 0, 12.3456, 100},
};

static void expect(const char *want)
{
    struct err e = {0};
    struct blob b;
    if (io_read("log.csv", 1 << 20, ERR_DATA, &b, &e) < 0)
        fail_msg("%s", e.msg);
    assert_string_equal(b.data, want);
    blob_free(&b);
}

/* Opens the log and adds rows first .. last-1. */
static void write_rows(bool fresh, uint64_t step, int first, int last)
{
    struct err e = {0};
    struct runlog *l = runlog_open(".", fresh, step, &e);
    if (!l)
        fail_msg("%s", e.msg);
    for (int i = first; i < last; i++)
        assert_int_equal(runlog_add(l, &rows[i], &e), 0);
    if (fresh) /* once is enough: it is slow */
        assert_int_equal(runlog_sync(l, &e), 0);
    runlog_close(l);
}

static void test_rows(void **state)
{
    (void)state;
    write_rows(true, 0, 0, 3);
    expect(HEADER ROW1 ROW2 ROW3);
    write_rows(true, 0, 0, 0);
    expect(HEADER);
}

/* As after a kill: whatever lies behind the checkpoint's step goes, and comes again the same. */
static void test_resume(void **state)
{
    (void)state;
    const struct {
        uint64_t step;
        const char *left;
    } cases[] = {
        {0, HEADER},
        {72, HEADER},
        {73, HEADER ROW1},
        {145, HEADER ROW1},
        {146, HEADER ROW1 ROW2},
        {UINT64_MAX, HEADER ROW1 ROW2 ROW3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tmp_text("log.csv", HEADER ROW1 ROW2 ROW3);
        write_rows(false, cases[i].step, 0, 0);
        expect(cases[i].left);
    }
    tmp_text("log.csv", HEADER ROW1 ROW2 ROW3);
    write_rows(false, 100, 1, 3);
    expect(HEADER ROW1 ROW2 ROW3);
}

/* A file cut at any byte goes on as if it had not been. */
static void test_torn(void **state)
{
    (void)state;
    static const char whole[] = HEADER ROW1 ROW2;
    for (size_t n = 0; n < sizeof whole; n++) {
        size_t lines = 0;
        for (size_t i = 0; i < n; i++)
            lines += whole[i] == '\n';
        tmp_write("log.csv", whole, n);
        write_rows(false, UINT64_MAX, lines > 0 ? (int)lines - 1 : 0, 3);
        expect(HEADER ROW1 ROW2 ROW3);
    }
    tmp_write("log.csv", HEADER ROW1 "2,146,\0\0\0\0", sizeof HEADER ROW1 "2,146,\0\0\0\0" - 1);
    write_rows(false, UINT64_MAX, 1, 3);
    expect(HEADER ROW1 ROW2 ROW3);
    assert_int_equal(unlink("log.csv"), 0);
    write_rows(false, 1000, 0, 1);
    expect(HEADER ROW1);
}

static void refuse(const char *text, const char *message)
{
    struct err e = {0};
    tmp_text("log.csv", text);
    size_t live = mem_live();
    assert_null(runlog_open(".", false, UINT64_MAX, &e));
    assert_int_equal(e.kind, ERR_DATA);
    assert_string_equal(e.msg, message);
    assert_int_equal(mem_live(), live);
    expect(text); /* untouched */
}

static void test_foreign(void **state)
{
    (void)state;
    refuse("a,b\n1,2\n", "./log.csv: not the log of a training");
    refuse("\n", "./log.csv: not the log of a training");
    refuse("epoch,step\n", "./log.csv: not the log of a training");
    refuse(HEADER "hello\n" ROW1, "./log.csv:2: not a row of a training's log");
    refuse(HEADER ROW1 "\n", "./log.csv:3: not a row of a training's log");
    refuse(HEADER ROW1 "2,146,0.01,,,,,,,\n", "./log.csv:3: not a row of a training's log");
    refuse(HEADER ROW1 "2,1x6,0.01,,,,,,,,\n", "./log.csv:3: not a row of a training's log");
    refuse(HEADER ROW1 "2,99999999999999999999,0.01,,,,,,,,\n",
           "./log.csv:3: not a row of a training's log");
    refuse(HEADER ROW1 "2,146,0.01,\"\",,,,,,,\n", "./log.csv:3: not a row of a training's log");
}

static void test_cannot_write(void **state)
{
    (void)state;
    struct err e = {0};
    assert_null(runlog_open("nowhere", true, 0, &e));
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_string_equal(e.msg, "cannot write nowhere/log.csv: No such file or directory");
    e = (struct err){0};
    assert_int_equal(mkdir("dir", 0700), 0);
    assert_int_equal(mkdir("dir/log.csv", 0700), 0);
    assert_null(runlog_open("dir", true, 0, &e));
    assert_string_equal(e.msg, "cannot write dir/log.csv: Is a directory");
    runlog_close(NULL);
    /* the disk is full: rows are refused by name */
    if (access("/dev/full", W_OK) < 0)
        return;
    e = (struct err){0};
    assert_int_equal(mkdir("full", 0700), 0);
    assert_int_equal(symlink("/dev/full", "full/log.csv"), 0);
    assert_null(runlog_open("full", true, 0, &e));
    assert_int_equal(e.kind, ERR_INTERNAL);
}

static void test_no_memory(void **state)
{
    (void)state;
    tmp_text("log.csv", HEADER ROW1 ROW2);
    size_t live = mem_live();
    bool failed = true;
    for (int i = 1; failed; i++) {
        struct err e = {0};
        mem_fail_at(i);
        struct runlog *l = runlog_open(".", false, 73, &e);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(l == NULL, failed);
        assert_int_equal(e.kind, failed ? ERR_INTERNAL : ERR_NONE);
        runlog_close(l);
        assert_int_equal(mem_live(), live);
        expect(failed ? HEADER ROW1 ROW2 : HEADER ROW1);
    }
}

/* A host program's decimal comma must not get into the file. */
static void test_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE")) {
        skip();
        return;
    }
    write_rows(true, 0, 0, 3);
    setlocale(LC_ALL, "C");
    expect(HEADER ROW1 ROW2 ROW3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_resume),
        cmocka_unit_test(test_torn),         cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_cannot_write), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
