/* Tests of base/stream.c: the same bytes and the same errors, whoever unpacks them. */
#include "base/stream.h"

#include "base/mem.h"
#include "base/par.h"
#include "tmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#define SIZE ((size_t)1 << 20)

static char text[SIZE + 1], packed[SIZE + 100];
static size_t n_packed;

static int setup(void **state)
{
    uint32_t v = 1;
    for (size_t i = 0; i < SIZE; i++) {
        v = v * 1664525 + 1013904223;
        text[i] = (char)(v >> 29 ? ' ' + (v >> 24) % 90 : 0);
    }
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)text;
    z.avail_in = SIZE;
    z.next_out = (unsigned char *)packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    n_packed = z.total_out;
    deflateEnd(&z);
    return tmp_setup(state);
}

static struct stream *open_with(const char *path, size_t max, int threads, struct err *e)
{
    par_set_default(threads);
    struct stream *s = stream_open(path, max, true, ERR_DATA, e);
    if (s && stream_ahead(s, e)) {
        stream_close(s);
        s = NULL;
    }
    par_set_default(0);
    return s;
}

/* Reads at least `want` bytes at a time and leaves a third of them for the next time. Returns how
 * many were right before the end or the error. */
static size_t read_all(struct stream *s, size_t want, struct err *e)
{
    const char *p = NULL, *end = NULL;
    size_t at = 0;
    for (;;) {
        if (stream_more(s, &p, &end, want, e))
            return at + (p ? (size_t)(end - p) : 0);
        size_t n = (size_t)(end - p), take = n >= want ? n - want / 3 : n;
        assert_true(at + n <= SIZE && *end == '\0');
        assert_memory_equal(p, text + at, n);
        if (n == 0)
            return at;
        p += take;
        at += take;
    }
}

static void bytes_are_the_same(void **state)
{
    (void)state;
    static const size_t wants[] = {1, 100, 65536, 65537, 300000, 2 * SIZE};
    const struct blob b = {text, SIZE};
    tmp_write("plain", text, SIZE);
    tmp_write("packed", packed, n_packed);
    for (int i = 0; i < 5; i++)
        for (size_t w = 0; w < sizeof wants / sizeof *wants; w++) {
            struct err e = {0};
            size_t live = mem_live();
            struct stream *s = i == 4 ? stream_of(&b, &e)
                                      : open_with(i % 2 ? "packed" : "plain", SIZE, 1 + i / 2, &e);
            assert_non_null(s);
            assert_int_equal(read_all(s, wants[w], &e), SIZE);
            assert_int_equal(e.kind, ERR_NONE);
            stream_close(s);
            assert_int_equal(mem_live(), live);
        }
}

static void rest_is_one_block(void **state)
{
    (void)state;
    const struct blob all = {text, SIZE};
    for (int i = 0; i < 5; i++)
        for (size_t head = 0; head < 200000; head += 99999) {
            struct err e = {0};
            struct blob b;
            const char *p = NULL, *end = NULL;
            struct stream *s = i == 4 ? stream_of(&all, &e)
                                      : open_with(i % 2 ? "packed" : "plain", SIZE, 1 + i / 2, &e);
            assert_non_null(s);
            if (head)
                assert_int_equal(stream_more(s, &p, &end, head, &e), 0);
            size_t gone = head / 2;
            assert_int_equal(stream_rest(s, head ? p + gone : NULL, end, &b, &e), 0);
            assert_int_equal(b.size, SIZE - gone);
            assert_memory_equal(b.data, text + gone, SIZE - gone);
            assert_int_equal(b.data[b.size], '\0');
            blob_free(&b);
            stream_close(s);
        }
}

/* What comes before a fault is read before it is heard of. */
static void errors_come_behind_the_bytes(void **state)
{
    (void)state;
    size_t before[2];
    for (int threads = 1; threads <= 2; threads++) {
        struct err e = {0};
        tmp_write("cut", packed, n_packed / 2);
        struct stream *s = open_with("cut", SIZE, threads, &e);
        assert_non_null(s);
        before[threads - 1] = read_all(s, 1, &e);
        assert_string_equal(e.msg, "cut: the gzip data is cut short");
        assert_int_equal(e.kind, ERR_DATA);
        stream_close(s);

        e = (struct err){0};
        s = open_with("packed", SIZE - 1, threads, &e);
        assert_non_null(s);
        read_all(s, 1, &e);
        assert_non_null(strstr(e.msg, "packed: larger than the"));
        stream_close(s);
    }
    assert_int_equal(before[0], before[1]);
    assert_true(before[0] > SIZE / 3 && before[0] < SIZE);
}

static void closed_before_the_end(void **state)
{
    (void)state;
    size_t live = mem_live();
    for (size_t want = 0; want < SIZE; want += SIZE / 7) {
        struct err e = {0};
        const char *p = NULL, *end = NULL;
        struct stream *s = open_with("packed", SIZE, 2, &e);
        assert_non_null(s);
        if (want)
            assert_int_equal(stream_more(s, &p, &end, want, &e), 0);
        stream_close(s);
    }
    stream_close(NULL);
    assert_int_equal(mem_live(), live);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    size_t live = mem_live();
    for (int n = 1; failed; n++) {
        struct err e = {0};
        mem_fail_at(n);
        struct stream *s = open_with("packed", SIZE, 1 + n % 2, &e);
        size_t got = s ? read_all(s, 300000, &e) : 0;
        stream_close(s);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(e.kind, failed ? ERR_INTERNAL : ERR_NONE);
        assert_true(failed || got == SIZE);
        assert_int_equal(mem_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_the_same),           cmocka_unit_test(rest_is_one_block),
        cmocka_unit_test(errors_come_behind_the_bytes), cmocka_unit_test(closed_before_the_end),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, tmp_teardown);
}
