/* Tests of image/: pictures are decoded again by a small reader of PNG (RFC 2083). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "image/grid.h"
#include "image/png.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct picture {
    int w, h, c;
    unsigned char *pixels;
};

static uint32_t word(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int paeth(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

static void unfilter(struct picture *q, const unsigned char *rows)
{
    size_t line = (size_t)q->w * (size_t)q->c, c = (size_t)q->c;
    for (size_t y = 0; y < (size_t)q->h; y++, rows += line + 1) {
        unsigned char *to = q->pixels + y * line;
        assert_true(rows[0] <= 4);
        for (size_t x = 0; x < line; x++) {
            int a = x >= c ? to[x - c] : 0, b = y ? to[x - line] : 0;
            int ab = x >= c && y ? to[x - line - c] : 0;
            int add[] = {0, a, b, (a + b) / 2, paeth(a, b, ab)};
            to[x] = (unsigned char)(rows[1 + x] + add[rows[0]]);
        }
    }
}

static struct picture decode(const struct blob *png)
{
    const unsigned char *p = (const unsigned char *)png->data;
    struct picture q;
    assert_memory_equal(p, "\x89PNG\r\n\x1a\n", 8);
    assert_int_equal(word(p + 8), 13);
    assert_memory_equal(p + 12, "IHDR", 4);
    q.w = (int)word(p + 16);
    q.h = (int)word(p + 20);
    assert_int_equal(p[24], 8);
    assert_true(p[25] == 0 || p[25] == 2);
    q.c = p[25] ? 3 : 1;
    for (size_t at = 8; at < png->size; at += 12 + word(p + at)) {
        uint32_t n = word(p + at);
        assert_true(at + 12 + n <= png->size);
        assert_int_equal(word(p + at + 8 + n), crc32(0, p + at + 4, n + 4));
    }
    assert_memory_equal(p + png->size - 8, "IEND", 4);
    size_t line = (size_t)q.w * (size_t)q.c;
    uLongf size = (line + 1) * (size_t)q.h;
    unsigned char *rows = malloc(size);
    q.pixels = malloc(line * (size_t)q.h);
    assert_memory_equal(p + 37, "IDAT", 4);
    assert_int_equal(uncompress(rows, &size, p + 41, word(p + 33)), Z_OK);
    assert_int_equal(size, (line + 1) * (size_t)q.h);
    unfilter(&q, rows);
    free(rows);
    return q;
}

/* Pixels of any kind come back, whatever filters they get. */
static void test_png(void **state)
{
    (void)state;
    for (int kind = 0; kind < 12; kind++) {
        int w = 1 + kind * 7, h = 1 + kind % 5 * 11, c = kind % 2 ? 3 : 1;
        size_t n = (size_t)w * (size_t)h * (size_t)c;
        unsigned char *pixels = malloc(n);
        for (size_t i = 0; i < n; i++)
            pixels[i] = (unsigned char)(kind < 4 ? i * i * 31 >> 3 : kind < 8 ? i : i / 7 * 3);
        struct err e = {0};
        struct blob png;
        size_t live = mem_live();
        assert_int_equal(png_encode(&png, pixels, w, h, c, &e), 0);
        struct picture q = decode(&png);
        assert_int_equal(q.w, w);
        assert_int_equal(q.h, h);
        assert_int_equal(q.c, c);
        assert_memory_equal(q.pixels, pixels, n);
        blob_free(&png);
        assert_int_equal(mem_live(), live);
        free(q.pixels);
        free(pixels);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const int bad[][3] = {{0, 1, 1}, {1, 0, 1}, {-1, 1, 1}, {PNG_SIDE_MAX + 1, 1, 1},
                                 {1, 1, 2}, {1, 1, 4}};
    const unsigned char pixel[4] = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        struct blob png;
        assert_int_equal(png_encode(&png, pixel, bad[i][0], bad[i][1], bad[i][2], &e), -1);
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_null(png.data);
    }
}

static unsigned char pixel(const struct picture *q, int x, int y, int c)
{
    return q->pixels[(y * q->w + x) * q->c + c];
}

/* Three grey images of 2 rows and 3 columns: where each value stands, and how it is shaded. */
static void test_grid(void **state)
{
    (void)state;
    const real a[] = {0, 1, 2, 3, 4, 5}, b[] = {5, 4, 3, 2, 1, 0},
               c[] = {-9, 99, (real)NAN, (real)INFINITY, (real)2.5, 0};
    const real *const images[] = {a, b, c};
    const struct shape shape = {1, 2, 3};
    struct err e = {0};
    struct blob png;
    assert_true(grid_shows(shape));
    assert_int_equal(grid_png(&png, images, 3, shape, 0, 5, &e), 0);
    struct picture q = decode(&png);
    assert_int_equal(q.c, 1);
    int columns = 2, zoom = ((q.w - 1) / columns - 1) / 3; /* about square: 2 rows of 2 */
    assert_int_equal(q.w, columns * (3 * zoom + 1) + 1);
    assert_int_equal(q.h, 2 * (2 * zoom + 1) + 1);
    assert_true(zoom > 50);
    static const int want[3][6] = {
        {0, 51, 102, 153, 204, 255}, {255, 204, 153, 102, 51, 0}, {0, 255, 0, 255, 128, 0}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 6; j++) {
            int x = i % 2 * (3 * zoom + 1) + 1 + j % 3 * zoom;
            int y = i / 2 * (2 * zoom + 1) + 1 + j / 3 * zoom;
            assert_int_equal(pixel(&q, x, y, 0), want[i][j]);
            assert_int_equal(pixel(&q, x + zoom - 1, y + zoom - 1, 0), want[i][j]);
        }
    for (int x = 0; x < q.w; x++)
        assert_int_equal(pixel(&q, x, 0, 0), pixel(&q, 0, q.h - 1, 0)); /* a line around it */
    free(q.pixels);
    blob_free(&png);
}

static void test_colours(void **state)
{
    (void)state;
    const real a[] = {0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1}; /* h, w, c: green, red, blue, white */
    const real *const images[] = {a};
    struct err e = {0};
    struct blob png;
    assert_int_equal(grid_png(&png, images, 1, (struct shape){3, 2, 2}, 0, 1, &e), 0);
    struct picture q = decode(&png);
    int zoom = (q.w - 2) / 2;
    for (int i = 0; i < 12; i++)
        assert_int_equal(pixel(&q, 1 + i / 3 % 2 * zoom, 1 + i / 6 * zoom, i % 3),
                         a[i] > 0 ? 255 : 0);
    free(q.pixels);
    blob_free(&png);
}

/* How many fit, down to none. */
static void test_most(void **state)
{
    (void)state;
    assert_int_equal(grid_most((struct shape){1, 16, 16}), 100);
    assert_int_equal(grid_most((struct shape){1, 3000, 3000}), 25);
    assert_int_equal(grid_most((struct shape){3, 16000, 16000}), 1);
    assert_int_equal(grid_most((struct shape){1, 20000, 2}), 0);
    assert_false(grid_shows((struct shape){256, 1, 1}));
    assert_false(grid_shows((struct shape){1, 1, 256}));
    assert_false(grid_shows((struct shape){2, 8, 8}));
}

static void test_no_memory(void **state)
{
    (void)state;
    const real a[] = {0, 1, 2, 3};
    const real *const images[] = {a};
    for (long n = 1;; n++) {
        struct err e = {0};
        struct blob png;
        size_t live = mem_live();
        mem_fail_at(n);
        int r = grid_png(&png, images, 1, (struct shape){1, 2, 2}, 0, 3, &e);
        bool failed = mem_failed();
        mem_fail_at(0);
        blob_free(&png);
        assert_int_equal(mem_live(), live);
        assert_int_equal(r, failed ? -1 : 0);
        if (!failed)
            break;
        assert_int_equal(e.kind, ERR_INTERNAL);
        assert_true(n < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_grid), cmocka_unit_test(test_colours),
        cmocka_unit_test(test_most), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
