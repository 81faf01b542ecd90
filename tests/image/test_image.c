/* Image files decoded and fitted, against an independent reader (tests/golden/make_images.py), and
 * what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "image/image.h"
#include "image/png.h"

#define FOLDER "tests/files/images/"

static void load(struct blob *b, const char *name)
{
    char path[128];
    struct err e = {0};
    snprintf(path, sizeof path, FOLDER "%s", name);
    if (io_read(path, 1 << 20, ERR_DATA, b, &e))
        fail_msg("%s", e.msg);
}

static void open_image(struct image *im, const char *name)
{
    struct blob b;
    struct err e = {0};
    load(&b, name);
    if (image_decode(im, &b, name, &e))
        fail_msg("%s", e.msg);
    blob_free(&b);
}

/* Pixels of two images, at most `most` apart. */
static void near(const unsigned char *a, const unsigned char *b, size_t n, int most,
                 const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (abs(a[i] - b[i]) > most)
            fail_msg("%s: byte %zu is %d, must be %d", name, i, a[i], b[i]);
}

static void same(const char *name, const char *like, int most)
{
    struct image a, b;
    open_image(&a, name);
    open_image(&b, like);
    assert_true(a.w == b.w && a.h == b.h && a.channels == b.channels);
    near(a.pixels, b.pixels, (size_t)a.w * (size_t)a.h * (size_t)a.channels, most, name);
    image_free(&a);
    image_free(&b);
}

static void test_decode(void **state)
{
    static const char *const colour[] = {"rgb.png", "rgb.bmp", "palette.png", "palette.bmp",
                                         "alpha.png"};
    static const char *const grey[] = {"grey.png", "grey_alpha.png", "deep.png"};
    static const char *const jpeg[] = {"plain.jpg", "half.jpg", "progressive.jpg", "grey.jpg"};
    (void)state;
    for (size_t i = 0; i < sizeof colour / sizeof *colour; i++)
        same(colour[i], "rgb.ppm", 0);
    for (size_t i = 0; i < sizeof grey / sizeof *grey; i++)
        same(grey[i], "grey.pgm", 0);
    for (size_t i = 0; i < sizeof jpeg / sizeof *jpeg; i++) {
        char like[64];
        snprintf(like, sizeof like, "%s.ppm", jpeg[i]);
        same(jpeg[i], like, i == 1 ? 6 : 3); /* halved colours are interpolated */
    }
}

static void fits(const char *name, enum image_fit how, int w, int h)
{
    struct image from, want;
    struct err e = {0};
    unsigned char out[3 * 27 * 27];
    open_image(&from, "rgb.png");
    open_image(&want, name);
    assert_int_equal(image_fit(out, (struct shape){3, h, w}, &from, how, &e), 0);
    assert_true(want.w == w && want.h == h);
    near(out, want.pixels, (size_t)(3 * w * h), 1, name);
    image_free(&from);
    image_free(&want);
}

static void test_fit(void **state)
{
    (void)state;
    fits("fit_stretch_5x4.ppm", IMAGE_STRETCH, 5, 4);
    fits("fit_stretch_26x18.ppm", IMAGE_STRETCH, 26, 18);
    fits("fit_crop_6x6.ppm", IMAGE_CROP, 6, 6);
    fits("fit_crop_20x27.ppm", IMAGE_CROP, 20, 27);
    fits("fit_crop_9x9.ppm", IMAGE_CROP, 9, 9);
    fits("rgb.ppm", IMAGE_CROP, 13, 9);
    fits("rgb.ppm", IMAGE_STRETCH, 13, 9);
}

static void test_colours(void **state)
{
    struct image rgb, grey;
    struct err e = {0};
    unsigned char out[3 * 13 * 9];
    (void)state;
    open_image(&rgb, "rgb.png");
    open_image(&grey, "grey.pgm");
    assert_int_equal(image_fit(out, (struct shape){1, 9, 13}, &rgb, IMAGE_CROP, &e), 0);
    assert_memory_equal(out, grey.pixels, 13 * 9);
    assert_int_equal(image_fit(out, (struct shape){3, 9, 13}, &grey, IMAGE_CROP, &e), 0);
    for (int i = 0; i < 3 * 13 * 9; i++)
        assert_int_equal(out[i], grey.pixels[i / 3]);
    image_free(&rgb);
    image_free(&grey);
}

/* An image of one colour keeps it in every size. */
static void test_flat(void **state)
{
    static unsigned char pixels[3 * 50 * 40], out[3 * 97 * 97];
    const struct image im = {50, 40, 3, pixels};
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)(i % 3 * 100 + 55);
    for (int w = 1; w < 98; w += 3)
        for (int h = 1; h < 98; h += 4)
            for (int how = IMAGE_CROP; how <= IMAGE_STRETCH; how++) {
                memset(out, 0, sizeof out);
                assert_int_equal(
                    image_fit(out, (struct shape){3, h, w}, &im, (enum image_fit)how, &e), 0);
                near(out, pixels, (size_t)(3 * w * h) < sizeof pixels ? (size_t)(3 * w * h) : 3, 0,
                     "flat");
            }
}

static void refused(const void *bytes, size_t n, const char *why)
{
    struct image im;
    struct err e = {0};
    size_t live = mem_live();
    struct blob b = {mem_strndup(bytes, n, &e), n};
    assert_int_equal(image_decode(&im, &b, "x", &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
    if (!strstr(e.msg, why))
        fail_msg("'%s' does not say '%s'", e.msg, why);
    blob_free(&b);
    assert_int_equal(mem_live(), live);
}

static void set_big(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * (3 - i));
}

/* rgb.png with another size in its header, and the checksum of that. */
static void resized_png(uint32_t w, uint32_t h, const char *why)
{
    struct blob b;
    load(&b, "rgb.png");
    unsigned char *p = (unsigned char *)b.data;
    set_big(p + 16, w);
    set_big(p + 20, h);
    set_big(p + 29, io_crc32(0, p + 12, 17));
    refused(b.data, b.size, why);
    blob_free(&b);
}

static void test_sizes(void **state)
{
    static const char bmp[] = "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff\xff\0\0\xff\xff\0\0\1\0"
                              "\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    (void)state;
    resized_png(0, 9, "an image of 0 x 9 pixels");
    resized_png(20000, 9, "20000 x 9 pixels are too many");
    resized_png(16000, 16000, "16000 x 16000 pixels are too many");
    resized_png(0xffffffff, 0xffffffff, "are too many");
    resized_png(8000, 8000, "cut short"); /* more than the file can unpack to */
    resized_png(13, 10, "damaged");       /* and a little more than it does */
    refused(bmp, sizeof bmp - 1, "65535 x 65535 pixels are too many");
    refused("P5 99999 1 255\n", 15, "99999 x 1 pixels are too many");
    refused("P5 999999999999 1 255\n", 22, "no header of a PGM");
    refused("P5 100 100 255\n\1\2", 17, "cut short");
    refused("P5 0 1 255\n\1", 12, "an image of 0 x 1");
    refused("P5 1 1 65535\n\1\1", 15, "values up to 65535: only 255 can be read");
    refused("P5 # nothing but a comment", 26, "no header of a PGM");
    refused("\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0\xff\xd9", 17,
            "65535 x 65535 pixels are too many");
    refused("\xff\xd8\xff\xc3\0\x0b\x08\0\1\0\1\1\1\x11\0\xff\xd9", 17, "of a rare kind");
    refused(
        "\xff\xd8\xff\xc4\0\x13\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        23, "a wrong Huffman table");
    refused("\xff\xd8\xff\xd9\0\2", 6, "without a frame header");
    refused("\xff\xd8\xff\xe0\0\1\0\0\0\0\0\0", 12, "cut short");
    refused("\xff\xd8\xff\xe0\0\2pppp", 10, "no marker at byte 6");
}

static void test_signatures(void **state)
{
    struct blob b;
    (void)state;
    refused("", 0, "x: is empty");
    refused("GIF89a", 6, "is no PNG, JPEG, BMP, PGM or PPM");
    refused("<html>", 6, "is no PNG, JPEG, BMP, PGM or PPM");
    refused("P2 1 1 255 7 ", 13, "is no PNG");
    refused("\x89PNG\r\n\x1a\n", 8, "cut short");
    load(&b, "rgb.png");
    b.data[60] ^= 1;
    refused(b.data, b.size, "damaged: a wrong checksum at byte");
    b.data[12] = 'X';
    refused(b.data, b.size, "no header of a PNG");
    blob_free(&b);
    assert_true(image_is_name("a/b.JPG") && image_is_name("x.pgm") && !image_is_name("png") &&
                !image_is_name("a.png.txt"));
}

/* No beginning of a file is taken for the whole, and none leaks or crashes. */
static void test_prefixes(void **state)
{
    static const char *const names[] = {"rgb.png", "deep.png",  "palette.png",
                                        "rgb.bmp", "plain.jpg", "progressive.jpg",
                                        "rgb.ppm", "half.jpg",  "grey.jpg"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct blob b;
        load(&b, names[i]);
        for (size_t n = 0; n < b.size; n++) {
            struct image im;
            struct err e = {0};
            size_t live = mem_live();
            struct blob part = {b.data, n};
            if (image_decode(&im, &part, names[i], &e) == 0)
                fail_msg("%s: %zu of %zu bytes are an image", names[i], n, b.size);
            assert_int_equal(e.kind, ERR_DATA);
            assert_int_equal(mem_live(), live);
        }
        blob_free(&b);
    }
}

/* Any byte may be another: an image or an error comes of it. */
static void test_flips(void **state)
{
    static const char *const names[] = {"palette.bmp", "plain.jpg", "progressive.jpg", "rgb.ppm"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct blob b;
        load(&b, names[i]);
        for (size_t n = 0; n < b.size; n++) {
            struct image im;
            struct err e = {0};
            size_t live = mem_live();
            b.data[n] ^= (char)(n % 7 == 0 ? 0xff : 1 << n % 8);
            if (image_decode(&im, &b, names[i], &e) == 0)
                image_free(&im);
            else
                assert_int_equal(e.kind, ERR_DATA);
            assert_int_equal(mem_live(), live);
            b.data[n] ^= (char)(n % 7 == 0 ? 0xff : 1 << n % 8);
        }
        blob_free(&b);
    }
}

static void test_no_memory(void **state)
{
    static const char *const names[] = {"deep.png", "palette.png", "progressive.jpg", "rgb.bmp"};
    unsigned char out[3 * 7 * 7];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct blob b;
        load(&b, names[i]);
        for (long n = 1;; n++) {
            struct err e = {0};
            struct image im;
            size_t live = mem_live();
            mem_fail_at(n);
            int rc = image_decode(&im, &b, names[i], &e);
            if (rc == 0) {
                rc = image_fit(out, (struct shape){4 - im.channels, 7, 7}, &im, IMAGE_CROP, &e);
                image_free(&im);
            }
            bool failed = mem_failed();
            mem_fail_at(0);
            assert_int_equal(mem_live(), live);
            assert_int_equal(rc, failed ? -1 : 0);
            assert_int_equal(e.kind, failed ? ERR_INTERNAL : ERR_NONE);
            if (!failed)
                break;
        }
        blob_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),    cmocka_unit_test(test_fit),
        cmocka_unit_test(test_colours),   cmocka_unit_test(test_flat),
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_prefixes),  cmocka_unit_test(test_flips),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
