/* Tests of base/io.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/mem.h"
#include "tmp.h"

#include <bzlib.h>
#include <pthread.h>
#include <zlib.h>

#define MAX ((size_t)1 << 20)

typedef int reader(const char *path, size_t max, enum err_kind kind, struct blob *b, struct err *e);

static void expect(reader *read, const char *path, const void *want, size_t n)
{
    struct err e = {0};
    struct blob b;
    if (read(path, MAX, ERR_DATA, &b, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(b.size, n);
    assert_memory_equal(b.data, want, n);
    assert_int_equal(b.data[n], 0);
    blob_free(&b);
    assert_null(b.data);
}

static void refuse(reader *read, const char *path, size_t max, const char *message)
{
    struct err e = {0};
    struct blob b = {(char *)1, 1};
    size_t live = mem_live();
    assert_int_equal(read(path, max, ERR_NET, &b, &e), -1);
    assert_int_equal(e.kind, ERR_NET);
    assert_string_equal(e.msg, message);
    assert_null(b.data);
    assert_int_equal(b.size, 0);
    assert_int_equal(mem_live(), live);
}

/* Packs n bytes; returns the packed size. */
static size_t pack_gz(void *out, size_t room, const void *p, size_t n)
{
    z_stream z = {.next_in = (unsigned char *)p,
                  .avail_in = (unsigned)n,
                  .next_out = out,
                  .avail_out = (unsigned)room};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t pack_bz(void *out, size_t room, const void *p, size_t n)
{
    unsigned size = (unsigned)room;
    assert_int_equal(BZ2_bzBuffToBuffCompress(out, &size, (char *)p, (unsigned)n, 9, 0, 0), BZ_OK);
    return size;
}

typedef size_t packer(void *out, size_t room, const void *p, size_t n);
static packer *const packers[] = {pack_gz, pack_bz};
static const char *const packer_names[] = {"gzip", "bzip2"};

static void test_plain(void **state)
{
    (void)state;
    static char big[200000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 1000);
    tmp_write("big", big, sizeof big);
    tmp_write("empty", "", 0);
    tmp_write("one", "x", 1);
    tmp_write("nul", "a\0b", 3);
    reader *const readers[] = {io_read, io_read_packed};
    for (int i = 0; i < 2; i++) {
        expect(readers[i], "big", big, sizeof big);
        expect(readers[i], "empty", "", 0);
        expect(readers[i], "one", "x", 1);
        expect(readers[i], "nul", "a\0b", 3);
    }
}

/* Files that the system calls empty though they are not. */
static void test_proc(void **state)
{
    (void)state;
    struct err e = {0};
    struct blob b;
    assert_int_equal(io_read("/proc/self/status", MAX, ERR_DATA, &b, &e), 0);
    assert_true(b.size > 100);
    blob_free(&b);
}

static void test_limit(void **state)
{
    (void)state;
    struct err e = {0};
    struct blob b;
    tmp_text("ten", "0123456789");
    assert_int_equal(io_read("ten", 10, ERR_DATA, &b, &e), 0);
    blob_free(&b);
    refuse(io_read, "ten", 9, "ten: larger than the 8.58307e-06 MiB that are allowed");
    /* a file of which only the size exists */
    FILE *f = fopen("sparse", "wb");
    assert_int_equal(ftruncate(fileno(f), (off_t)1 << 40), 0);
    fclose(f);
    size_t peak = mem_peak();
    refuse(io_read, "sparse", MAX, "sparse: larger than the 1 MiB that are allowed");
    refuse(io_read_packed, "sparse", MAX, "sparse: larger than the 2.125 MiB that are allowed");
    assert_int_equal(mem_peak(), peak);
    struct err e2 = {0};
    assert_int_equal(io_read("sparse", SIZE_MAX, ERR_DATA, &b, &e2), -1);
    assert_int_equal(e2.kind, ERR_INTERNAL); /* lack of memory */
}

static void test_not_files(void **state)
{
    (void)state;
    char want[400];
    snprintf(want, sizeof want, "cannot open no/where.gz (in %s): No such file or directory",
             tmp_dir);
    refuse(io_read, "no/where.gz", MAX, want);
    refuse(io_read_packed, "no/where.gz", MAX, want);
    refuse(io_read, "/no/where", MAX, "cannot open /no/where: No such file or directory");
    refuse(io_read, ".", MAX, ".: is a folder, not a file");
    refuse(io_read_packed, "/dev/zero", MAX, "/dev/zero: is neither a file nor a pipe");
    assert_int_equal(symlink("loop", "loop"), 0);
    snprintf(want, sizeof want, "cannot open loop (in %s): Too many levels of symbolic links",
             tmp_dir);
    refuse(io_read, "loop", MAX, want);
    tmp_text("secret", "x");
    assert_int_equal(chmod("secret", 0), 0);
    if (access("secret", R_OK) < 0) { /* root reads everything */
        snprintf(want, sizeof want, "cannot open secret (in %s): Permission denied", tmp_dir);
        refuse(io_read, "secret", MAX, want);
    }
}

static void *feed(void *arg)
{
    FILE *f = fopen("pipe", "wb");
    for (size_t i = 0; i < *(size_t *)arg; i++)
        putc((int)(i % 251), f);
    fclose(f);
    return NULL;
}

static void test_pipe(void **state)
{
    (void)state;
    static char want[300000];
    for (size_t i = 0; i < sizeof want; i++)
        want[i] = (char)(i % 251);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    size_t n = sizeof want;
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, feed, &n), 0);
    expect(io_read_packed, "pipe", want, sizeof want);
    pthread_join(t, NULL);
    /* nobody writes: no waiting for ever */
    expect(io_read, "pipe", "", 0);
    struct err e = {0};
    uint64_t size;
    uint32_t crc;
    assert_int_equal(io_fingerprint("pipe", ERR_DATA, &size, &crc, &e), -1);
    assert_string_equal(e.msg, "pipe: is a pipe, not a file");
}

static void test_packed(void **state)
{
    (void)state;
    static char text[150000], out[400000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + (i * i / 7) % 26);
    for (int k = 0; k < 2; k++) {
        size_t n = packers[k](out, sizeof out, text, sizeof text);
        tmp_write("packed", out, n);
        expect(io_read_packed, "packed", text, sizeof text);
        expect(io_read, "packed", out, n); /* as it is */
        /* members in a row, an empty one between, zeros behind */
        n = packers[k](out, sizeof out, text, 1000);
        n += packers[k](out + n, sizeof out - n, "", 0);
        n += packers[k](out + n, sizeof out - n, text + 1000, 9000);
        memset(out + n, 0, 70000);
        tmp_write("packed", out, n);
        expect(io_read_packed, "packed", text, 10000);
        tmp_write("packed", out, n + 70000);
        expect(io_read_packed, "packed", text, 10000);
        n = packers[k](out, sizeof out, "", 0);
        tmp_write("packed", out, n);
        expect(io_read_packed, "packed", "", 0);
    }
    /* what only begins like one */
    tmp_text("plain", "BZh91 is a postcode");
    expect(io_read_packed, "plain", "BZh91 is a postcode", 19);
    tmp_text("plain", "\x1f\x8b");
    expect(io_read_packed, "plain", "\x1f\x8b", 2);
}

/* Cut at every byte: refused, or read as a plain text where not even the mark is left. */
static void test_cut(void **state)
{
    (void)state;
    char out[500];
    for (int k = 0; k < 2; k++) {
        size_t n = packers[k](out, sizeof out, "some text, some more text", 25);
        for (size_t i = k == 0 ? 3 : 10; i < n; i++) {
            char want[80];
            snprintf(want, sizeof want, "packed: the %s data is cut short", packer_names[k]);
            tmp_write("packed", out, i);
            refuse(io_read_packed, "packed", MAX, want);
        }
        tmp_write("packed", out, n);
        expect(io_read_packed, "packed", "some text, some more text", 25);
    }
}

static void test_damaged(void **state)
{
    (void)state;
    char out[500], want[80];
    for (int k = 0; k < 2; k++) {
        size_t n = packers[k](out, sizeof out, "some text, some more text", 25);
        out[n] = 'x';
        tmp_write("packed", out, n + 1);
        snprintf(want, sizeof want, "packed: something else follows the %s data", packer_names[k]);
        refuse(io_read_packed, "packed", MAX, want);
        size_t caught = 0;
        for (size_t i = 0; i < n; i++) {
            struct err e = {0};
            struct blob b;
            out[i] ^= 0x10;
            tmp_write("packed", out, n);
            caught += io_read_packed("packed", MAX, ERR_DATA, &b, &e) < 0;
            assert_true(e.kind == ERR_NONE || e.kind == ERR_DATA);
            out[i] ^= 0x10;
            blob_free(&b);
        }
        assert_true(caught * 10 > n * 7); /* not so in marks, times, padding */
    }
    /* the checksum behind the data */
    size_t n = pack_gz(out, sizeof out, "some text", 9);
    out[n - 6] ^= 1;
    tmp_write("packed", out, n);
    refuse(io_read_packed, "packed", MAX, "packed: damaged gzip data");
}

static void test_bomb(void **state)
{
    (void)state;
    static char zeros[8 << 20], out[100000];
    for (int k = 0; k < 2; k++) {
        size_t n = packers[k](out, sizeof out, zeros, sizeof zeros);
        assert_true(n < sizeof out);
        tmp_write("bomb", out, n);
        size_t live = mem_live();
        refuse(io_read_packed, "bomb", 100000,
               "bomb: larger than the 0.0953674 MiB that are allowed");
        assert_int_equal(mem_live(), live);
        struct err e = {0};
        struct blob b;
        assert_int_equal(io_read_packed("bomb", sizeof zeros, ERR_DATA, &b, &e), 0);
        assert_int_equal(b.size, sizeof zeros);
        blob_free(&b);
        assert_int_equal(io_read_packed("bomb", sizeof zeros - 1, ERR_DATA, &b, &e), -1);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    char out[500];
    for (int k = 0; k < 2; k++) {
        tmp_write("packed", out, packers[k](out, sizeof out, "some text", 9));
        size_t live = mem_live();
        bool failed = true;
        for (int i = 1; failed; i++) {
            struct err e = {0};
            struct blob b;
            mem_fail_at(i);
            int r = io_read_packed("packed", MAX, ERR_DATA, &b, &e);
            failed = mem_failed();
            mem_fail_at(0);
            assert_int_equal(r, failed ? -1 : 0);
            assert_int_equal(e.kind, failed ? ERR_INTERNAL : ERR_NONE);
            blob_free(&b);
            assert_int_equal(mem_live(), live);
        }
    }
}

static void expect_file(const char *path, const char *want)
{
    expect(io_read, path, want, strlen(want));
}

static void test_write(void **state)
{
    (void)state;
    struct err e = {0};
    const struct blob parts[] = {{(char *)"first ", 6}, {NULL, 0}, {(char *)"second", 6}};
    assert_int_equal(io_mkdirs("out/a", &e), 0);
    assert_int_equal(io_write_atomic("out/a/file", parts, 3, &e), 0);
    expect_file("out/a/file", "first second");
    tmp_text("out/a/.file.tmp", "what a killed program left");
    assert_int_equal(io_write_atomic("out/a/file", parts + 2, 1, &e), 0);
    expect_file("out/a/file", "second");
    assert_false(io_exists("out/a/.file.tmp"));
    assert_int_equal(io_write_atomic("here", parts, 0, &e), 0);
    expect_file("here", "");
    /* never through a link that lies in the way of the temporary file */
    tmp_text("precious", "precious");
    assert_int_equal(symlink("precious", ".here.tmp"), 0);
    assert_int_equal(io_write_atomic("here", parts, 1, &e), 0);
    expect_file("precious", "precious");
    expect_file("here", "first ");
}

static void test_write_fails(void **state)
{
    (void)state;
    const struct blob part = {(char *)"x", 1};
    struct err e = {0};
    assert_int_equal(io_write_atomic("nowhere/file", &part, 1, &e), -1);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_string_equal(e.msg, "cannot create nowhere/.file.tmp: No such file or directory");
    /* the name is a folder's: the old thing stays, nothing is left behind */
    e = (struct err){0};
    assert_int_equal(io_mkdirs("folder/in", &e), 0);
    assert_int_equal(io_write_atomic("folder", &part, 1, &e), -1);
    assert_string_equal(e.msg, "cannot write folder: Is a directory");
    assert_true(io_is_dir("folder/in"));
    assert_false(io_exists(".folder.tmp"));
    for (int i = 1; i <= 2; i++) {
        e = (struct err){0};
        size_t live = mem_live();
        mem_fail_at(i);
        assert_int_equal(io_write_atomic("x", &part, 1, &e), -1);
        mem_fail_at(0);
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_false(io_exists("x"));
        assert_int_equal(mem_live(), live);
    }
}

static void test_mkdirs(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(io_mkdirs("d/e//f/", &e), 0);
    assert_int_equal(io_mkdirs("d/e/f", &e), 0);
    assert_int_equal(io_mkdirs(".", &e), 0);
    assert_int_equal(io_mkdirs("/", &e), 0);
    assert_true(io_is_dir("d/e/f"));
    tmp_text("d/file", "");
    assert_true(io_exists("d/file"));
    assert_false(io_is_dir("d/file"));
    assert_int_equal(io_mkdirs("d/file/g", &e), -1);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_string_equal(e.msg, "cannot create the folder d/file: File exists");
    e = (struct err){0};
    assert_int_equal(io_mkdirs("", &e), -1);
    assert_string_equal(e.msg, "cannot create a folder without a name");
}

static void test_fingerprint(void **state)
{
    (void)state;
    struct err e = {0};
    uint64_t size;
    uint32_t crc;
    tmp_text("check", "123456789");
    assert_int_equal(io_fingerprint("check", ERR_DATA, &size, &crc, &e), 0);
    assert_int_equal(size, 9);
    assert_int_equal(crc, 0xcbf43926); /* the check value of every CRC-32 catalogue */
    assert_int_equal(io_crc32(io_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(io_crc32(0, NULL, 0), 0);
    assert_int_equal(io_fingerprint("missing", ERR_DATA, &size, &crc, &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),  cmocka_unit_test(test_proc),
        cmocka_unit_test(test_limit),  cmocka_unit_test(test_not_files),
        cmocka_unit_test(test_pipe),   cmocka_unit_test(test_packed),
        cmocka_unit_test(test_cut),    cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_bomb),   cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_write),  cmocka_unit_test(test_write_fails),
        cmocka_unit_test(test_mkdirs), cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
