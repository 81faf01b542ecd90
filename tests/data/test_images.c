/* Folders and lists of images: classes, shapes, broken ones, the cache. */
#include "data/help.h"

#include "image/png.h"
#include "tmp.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

/* A picture whose pixels begin with `v` and rise by one. */
static void put(const char *path, int w, int h, int channels, int v)
{
    unsigned char pixels[3 * 32 * 32];
    struct blob png;
    struct err e = {0};
    for (int i = 0; i < channels * w * h; i++)
        pixels[i] = (unsigned char)(v + i);
    assert_int_equal(png_encode(&png, pixels, w, h, channels, &e), 0);
    tmp_write(path, png.data, png.size);
    blob_free(&png);
}

static void folder(const char *path)
{
    struct err e = {0};
    assert_int_equal(io_mkdirs(path, &e), 0);
}

static int setup(void **state)
{
    int rc = tmp_setup(state);
    char cache[512];
    snprintf(cache, sizeof cache, "%s/cache", tmp_dir);
    setenv("XDG_CACHE_HOME", cache, 1);
    return rc;
}

/* FOLDER/{b,a c}/..: four pictures of 3x2x2. */
static void make_tree(const char *name)
{
    char path[128];
    static const char *const files[] = {"b/2.png", "b/1.PNG", "b/deep/er/0.png", "a c/x.png"};
    snprintf(path, sizeof path, "%s/b/deep/er", name);
    folder(path);
    snprintf(path, sizeof path, "%s/a c", name);
    folder(path);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", name, files[i]);
        put(path, 2, 2, 3, 10 * i);
    }
    snprintf(path, sizeof path, "%s/b/notes.txt", name);
    tmp_text(path, "no image");
    snprintf(path, sizeof path, "%s/b/.hidden.png", name);
    tmp_text(path, "no image");
}

/* The first byte of each sample. */
static void same_first(const struct samples *s, const char *want)
{
    char text[256] = "";
    size_t size = shape_size(s->shape);
    for (size_t i = 0; i < s->n; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%d", i ? " " : "", s->bytes[i * size]);
    }
    assert_string_equal(text, want);
}

static void test_tree(void **state)
{
    struct samples s;
    (void)state;
    make_tree("t");
    read_well(&s, "t", "");
    same_classes(&s, "a c b", "a c b b b");
    same_first(&s, "30 10 0 20");
    assert_string_equal(s.files[0], "t/a c/x.png");
    assert_string_equal(s.files[3], "t/b/deep/er/0.png");
    assert_true(shape_equal(s.shape, (struct shape){3, 2, 2}));
    for (int i = 0; i < 12; i++)
        assert_int_equal(s.bytes[i], 30 + i); /* h, w, c */
    samples_free(&s);
    read_well(&s, "t/", "shape = 1x1x1\nformat = images");
    assert_int_equal(s.n, 4);
    assert_true(shape_equal(s.shape, (struct shape){1, 1, 1}));
    samples_free(&s);
    read_well(&s, "t", "target = value"); /* the numbers come of the classes later */
    samples_free(&s);
    read_badly("t", "shape = 2x2x2",
               "t: an image is 1xHxW (grey) or 3xHxW (colour); the shape asked for is 2x2x2");
    read_badly("t", "format = csv", "t: is a folder; format csv is a file");
}

static void test_folders(void **state)
{
    struct samples s;
    (void)state;
    folder("empty");
    read_badly("empty", "",
               "empty: neither images (png, jpg, jpeg, bmp, pgm, ppm) in this folder nor folders "
               "of classes");
    make_tree("mixed");
    put("mixed/loose.png", 2, 2, 3, 0);
    read_badly("mixed", "", "mixed: images (loose.png) beside the folders of classes");
    make_tree("hollow");
    folder("hollow/c");
    read_badly("hollow", "", "hollow/c: no images (png, jpg, jpeg, bmp, pgm, ppm) in this folder");
    folder("flat");
    put("flat/2.png", 3, 1, 1, 7);
    put("flat/1.png", 3, 1, 1, 5);
    read_badly("flat", "",
               "flat: images without classes: classes are the folders of images, or stand behind "
               "their names in a list");
    read_well(&s, "flat", "target = input");
    same_first(&s, "5 7");
    assert_true(!s.label && s.classes == 0);
    samples_free(&s);
    make_tree("sizes");
    put("sizes/b/3.png", 3, 2, 3, 0);
    read_badly("sizes", "",
               "sizes/b/3.png: is 3x2x3, and the first image 3x2x2; [data] shape = CxHxW brings "
               "all to one size");
    read_well(&s, "sizes", "shape = 3x2x2");
    assert_int_equal(s.n, 5);
    assert_int_equal(s.bytes[3 * 12 + 6], 9); /* the middle of three columns rounds down */
    samples_free(&s);
    make_tree("deep");
    folder("deep/b/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17");
    read_badly("deep", "",
               "deep/b/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17: more than 16 folders in each "
               "other");
    if (symlink("..", "mixed/round") == 0)
        read_badly("mixed", "", "mixed: images (loose.png) beside the folders of classes");
}

static void test_list(void **state)
{
    struct samples s;
    (void)state;
    make_tree("l");
    tmp_text("l/list.lst", "# first\n\nb/2.png one\r\n  a c/x.png\ttwo words \nb/1.PNG one\n");
    read_well(&s, "l/list.lst", "");
    same_classes(&s, "one two words", "one two words one");
    same_first(&s, "0 30 10");
    samples_free(&s);
    tmp_text("l/list", "b/2.png 1\nb/1.PNG 0\n"); /* found by its content */
    read_well(&s, "l/list", "");
    same_classes(&s, "0 1", "1 0");
    samples_free(&s);
    tmp_text("l/alone.lst", "a c/x.png\nb/1.PNG");
    read_well(&s, "l/alone.lst", "target = input");
    same_first(&s, "30 10");
    samples_free(&s);
    read_badly("l/alone.lst", "",
               "l/alone.lst: images without classes: classes are the folders of images, or stand "
               "behind their names in a list");
    tmp_text("l/some.lst", "b/2.png 1\nb/1.PNG\n");
    read_badly("l/some.lst", "", "l/some.lst:2: lacks a class, unlike the lines above");
    tmp_text("l/some.lst", "b/2.png\nb/1.PNG 1\n");
    read_badly("l/some.lst", "", "l/some.lst:2: gives a class, unlike the lines above");
    tmp_text("l/none.lst", "# nothing\n");
    read_badly("l/none.lst", "", "l/none.lst: names no images");
}

static void test_one(void **state)
{
    struct samples s;
    struct err e = {0};
    (void)state;
    put("one.png", 3, 2, 1, 9);
    read_badly("one.png", "",
               "one.png: an image without a class: classes are the folders of images, or stand in "
               "a list");
    read_well(&s, "one.png", "target = input\nshape = 3x2x3");
    assert_true(s.n == 1 && !s.label && s.bytes[0] == 9 && s.bytes[5] == 10);
    samples_free(&s);
    const struct data_conf c = {.no_target = true};
    assert_int_equal(data_read_file(&s, "one.png", "", &c, &e), 0);
    assert_true(shape_equal(s.shape, (struct shape){1, 2, 3}));
    samples_free(&s);
    tmp_text("text.png", "no image");
    read_badly("text.png", "target = input", "text.png: is no PNG, JPEG, BMP, PGM or PPM");
    tmp_text("zero.png", "");
    read_badly("zero.png", "target = input", "zero.png: is empty");
}

static void test_broken(void **state)
{
    struct samples s;
    (void)state;
    make_tree("k");
    tmp_text("k/b/3.png", "junk");
    tmp_text("k/b/4.png", "");
    if (symlink("nowhere", "k/b/5.png") < 0)
        fail();
    for (int i = 0; i < 2; i++) { /* the second time with a cache */
        read_badly("k", "", "k/b/3.png: is no PNG, JPEG, BMP, PGM or PPM");
        read_well(&s, "k", "broken = skip");
        same_classes(&s, "a c b", "a c b b b");
        same_first(&s, "30 10 0 20");
        samples_free(&s);
    }
    tmp_text("k/a c/x.png", "junk"); /* the first of all */
    read_well(&s, "k", "broken = skip");
    same_classes(&s, "a c b", "b b b");
    samples_free(&s);
    folder("all/a");
    tmp_text("all/a/1.png", "junk");
    read_badly("all", "broken = skip\nshape = 1x1x1", "all: all images are broken");
    read_badly("all", "broken = skip", "all/a/1.png: is no PNG, JPEG, BMP, PGM or PPM");
}

/* ---- the cache ---- */

static char cache_file[600];

/* How many caches there are; the name of the last is kept. */
static int count_caches(void)
{
    int n = 0;
    DIR *d = opendir("cache/diynn");
    for (struct dirent *f; d && (f = readdir(d));)
        if (f->d_name[0] != '.') {
            snprintf(cache_file, sizeof cache_file, "cache/diynn/%s", f->d_name);
            n++;
        }
    if (d)
        closedir(d);
    return n;
}

static void clear_caches(void)
{
    while (count_caches())
        remove(cache_file);
}

/* Lets a file look as if nothing had happened to it since long ago, but for its inode's change. */
static void age(const char *path)
{
    const struct timespec t[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static uint32_t print_of(const char *lines, const char *want)
{
    struct samples s;
    read_well(&s, "c", lines);
    same_first(&s, want);
    uint32_t crc = s.print.crc;
    samples_free(&s);
    return crc;
}

static void test_cache(void **state)
{
    (void)state;
    clear_caches();
    make_tree("c");
    uint32_t plain = print_of("cache = no", "30 10 0 20");
    assert_int_equal(count_caches(), 0);
    assert_int_equal(print_of("", "30 10 0 20"), plain);
    assert_int_equal(count_caches(), 1);
    assert_int_equal(print_of("", "30 10 0 20"), plain); /* from the cache */
    print_of("shape = 3x1x1\nresize = stretch", "35 15 5 25");
    print_of("shape = 3x1x1", "35 15 5 25");
    assert_int_equal(count_caches(), 3);
    /* same size and time of modification, other pixels */
    age("c/b/1.PNG");
    print_of("", "30 10 0 20");
    put("c/b/1.PNG", 2, 2, 3, 77);
    age("c/b/1.PNG");
    assert_true(print_of("", "30 77 0 20") != plain);
    assert_true(print_of("", "30 77 0 20") != plain);
    put("c/b/1.PNG", 2, 2, 3, 10); /* and back */
    assert_int_equal(print_of("", "30 10 0 20"), plain);
    /* other names, other order, fewer, more */
    assert_int_equal(rename("c/b/1.PNG", "c/b/3.png"), 0);
    assert_true(print_of("", "30 0 10 20") != plain);
    assert_int_equal(remove("c/b/2.png"), 0);
    print_of("", "30 10 20");
    put("c/b/9.png", 2, 2, 3, 99);
    print_of("", "30 10 99 20");
    print_of("", "30 10 99 20");
}

/* Whatever stands in the file, the samples are right. */
static void test_damaged_cache(void **state)
{
    struct blob b;
    struct err e = {0};
    (void)state;
    clear_caches();
    make_tree("c");
    remove("c/b/3.png");
    remove("c/b/9.png");
    print_of("", "30 10 0 20");
    assert_int_equal(count_caches(), 1);
    assert_int_equal(io_read(cache_file, 1 << 20, ERR_DATA, &b, &e), 0);
    for (size_t n = 0; n < b.size; n += n < 120 ? 8 : 97) {
        tmp_write(cache_file, b.data, n); /* cut */
        print_of("", "30 10 0 20");
        b.data[n] ^= 0x55; /* changed */
        tmp_write(cache_file, b.data, b.size);
        print_of("", "30 10 0 20");
        b.data[n] ^= 0x55;
    }
    struct blob now;
    assert_int_equal(io_read(cache_file, 1 << 20, ERR_DATA, &now, &e), 0);
    assert_int_equal(now.size, b.size); /* written anew */
    blob_free(&now);
    blob_free(&b);
    remove(cache_file);
    folder(cache_file); /* and nothing can be written */
    print_of("", "30 10 0 20");
    rmdir(cache_file);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", "/proc/nothing", 1);
    print_of("", "30 10 0 20");
    char cache[512];
    snprintf(cache, sizeof cache, "%s/cache", tmp_dir);
    setenv("XDG_CACHE_HOME", cache, 1);
}

static int read_once(struct err *e)
{
    struct samples s;
    if (read_lines(&s, "m", "cache = no\nbroken = skip", e))
        return -1;
    samples_free(&s);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    make_tree("m");
    tmp_text("m/b/3.png", "junk");
    tmp_text("m/list.lst", "b/2.png 1\nb/1.PNG 0\n");
    every_allocation(read_once);
    for (int cached = 0; cached < 2; cached++) /* a cache is lost, or the samples are */
        for (long n = 1;; n++) {
            struct samples s;
            struct err e = {0};
            size_t live = mem_live();
            if (!cached)
                clear_caches();
            mem_fail_at(n);
            int rc = read_lines(&s, "m/list.lst", "", &e);
            bool failed = mem_failed();
            mem_fail_at(0);
            if (rc == 0) {
                same_first(&s, "0 10");
                samples_free(&s);
            } else {
                assert_int_equal(e.kind, ERR_INTERNAL);
            }
            assert_int_equal(mem_live(), live);
            if (!failed)
                break;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),          cmocka_unit_test(test_folders),
        cmocka_unit_test(test_list),          cmocka_unit_test(test_one),
        cmocka_unit_test(test_broken),        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_damaged_cache), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, tmp_teardown);
}
