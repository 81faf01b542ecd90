/* Tests of data/augment.c and of the steps that move pixels, on small images. */
#include "data/augment_help.h"

#include "base/fmath.h"

static void identity(void **state)
{
    static const char *const none[] = {"",           "flip = none\n",  "pad = 0\n",
                                       "rotate = 0", "fill = reflect", "crop = 9x7\n"};
    real y[MOST + 1];
    (void)state;
    for (int c = 1; c <= 4; c++)
        for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
            make_data((struct shape){c, 9, 7}, -1, 1);
            change(none[i], 3, 2, y);
            assert_true(same(y, original(2)));
        }
}

/* Whether y shows x moved by (right, down), with `outside` where nothing is. */
static bool moved(const real *y, const real *x, int right, int down, bool mirrored, double outside)
{
    struct shape s = data.shape;
    for (int i = 0; i < s.h; i++)
        for (int k = 0; k < s.w; k++)
            for (int j = 0; j < s.c; j++) {
                int from_x = (mirrored ? s.w - 1 - k : k) - right, from_y = i - down;
                bool in = from_x >= 0 && from_x < s.w && from_y >= 0 && from_y < s.h;
                real want = in ? x[(from_y * s.w + from_x) * s.c + j] : (real)outside;
                if (y[(i * s.w + k) * s.c + j] != want)
                    return false;
            }
    return true;
}

/* Counts how often each shift by up to `most` occurs in many epochs; every one must. */
static void all_shifts(const char *text, int most, bool flips)
{
    real y[MOST + 1];
    int seen[2][11][11] = {{{0}}}, found = 0, side = 2 * most + 1;
    for (uint64_t epoch = 0; epoch < 800; epoch++) {
        change(text, epoch, 1, y);
        int hits = 0;
        for (int m = 0; m <= flips; m++)
            for (int r = -most; r <= most; r++)
                for (int d = -most; d <= most; d++)
                    if (moved(y, original(1), r, d, m == 1, -1)) {
                        seen[m][r + most][d + most]++;
                        hits++;
                    }
        assert_int_equal(hits, 1);
    }
    for (int m = 0; m <= flips; m++)
        for (int r = 0; r < side; r++)
            for (int d = 0; d < side; d++)
                found += seen[m][r][d] > 0;
    assert_int_equal(found, side * side * (1 + flips));
}

static void whole_pixels(void **state)
{
    (void)state;
    make_data((struct shape){3, 8, 6}, -1, 1);
    all_shifts("pad = 3\n", 3, false);
    all_shifts("translate = 2\n", 2, false);
    all_shifts("pad = 2\nflip = random\n", 2, true);
    make_data((struct shape){1, 8, 8}, -1, 1);
    all_shifts("translate = 0.25\n", 2, false);
}

/* The least value of the data before normalization fills, however they were normalized. */
static void background(void **state)
{
    static const int how[] = {NORMALIZE_NONE, NORMALIZE_UNIT, NORMALIZE_CHANNEL,
                              NORMALIZE_STANDARD};
    struct shape s = {3, 6, 5};
    real y[MOST + 1];
    (void)state;
    for (size_t n = 0; n < sizeof how / sizeof *how; n++) {
        make_data(s, 2, 9);
        normalize(how[n]);
        change("pad = 40\nfill = black", n, 0, y);
        int black = 0;
        for (int i = 0; i < 30; i++)
            for (int j = 0; j < 3; j++) {
                int g = data.n_norm == 1 ? 0 : data.n_norm == 3 ? j : j * 30 + i;
                double mean = data.n_norm ? (double)data.mean[g] : 0;
                double std = data.n_norm ? (double)data.std[g] : 1;
                black += fabs((double)y[i * 3 + j] * std + mean - 2) < 1e-5;
            }
        assert_int_equal(black, 90);
        release_data();
    }
}

/* Samples in bytes are changed as the same numbers are. */
static void bytes(void **state)
{
    static const int how[] = {NORMALIZE_NONE, NORMALIZE_UNIT, NORMALIZE_CHANNEL,
                              NORMALIZE_STANDARD};
    static const char *const text[] = {"crop = 5x4\nflip = random\ntranslate = 2",
                                       "rotate = 20\nfill = mean\ncutout = 2",
                                       "pad = 2\nbrightness = 0.3\nhue = 0.1\ncontrast = 0.5"};
    struct shape s = {3, 6, 5};
    unsigned char b[SAMPLES * 90];
    real y[MOST + 1], z[MOST + 1];
    (void)state;
    for (size_t n = 0; n < 12; n++)
        for (uint64_t epoch = 0; epoch < 8; epoch++) {
            make_data(s, 0, 255);
            for (size_t i = 0; i < sizeof b; i++) {
                b[i] = (unsigned char)(i < 180 ? i % 90 < 45 ? 0 : 255 : (int)values[i]);
                values[i] = (real)b[i];
            }
            normalize(how[n % 4]);
            change(text[n / 4], epoch, 4, y);
            release_data();
            memset(&data.train_file, 0, sizeof data.train_file);
            data.mean = data.std = NULL;
            data.n_norm = 0;
            data.train_file = (struct samples){.n = SAMPLES, .shape = s, .bytes = b};
            normalize(how[n % 4]);
            change(text[n / 4], epoch, 4, z);
            for (int i = 0; i < (n < 4 ? 60 : 90); i++)
                assert_true(fabs((double)(y[i] - z[i])) < 2e-5 * fmax(1, fabs((double)y[i])));
            mem_free(data.train_file.scale);
            release_data();
        }
}

/* Per-value normalization: a moved image is the raw one moved, and normalized where it now lies. */
static void per_value(void **state)
{
    real raw[MOST], y[MOST + 1];
    struct shape s = {2, 5, 5};
    int fits = 0;
    (void)state;
    make_data(s, 0, 1);
    memcpy(raw, values, shape_size(s) * sizeof *raw);
    normalize(NORMALIZE_MINMAX);
    for (uint64_t epoch = 0; epoch < 60; epoch++) {
        change("translate = 1\nfill = edge", epoch, 0, y);
        for (int r = -1; r <= 1; r++)
            for (int d = -1; d <= 1; d++) {
                double worst = 0;
                for (int i = 0; i < s.h; i++)
                    for (int k = 0; k < s.w; k++)
                        for (int j = 0; j < s.c; j++) {
                            int a = i - d, b = k - r, g = (j * s.h + i) * s.w + k;
                            a = a < 0 ? 0 : a >= s.h ? s.h - 1 : a;
                            b = b < 0 ? 0 : b >= s.w ? s.w - 1 : b;
                            double v = (double)raw[(a * s.w + b) * s.c + j];
                            v = (v - (double)data.mean[g]) / (double)data.std[g];
                            worst = fmax(worst, fabs(v - (double)y[(i * s.w + k) * s.c + j]));
                        }
                fits += worst < 1e-5;
            }
    }
    assert_int_equal(fits, 60);
    release_data();
}

static void flips(void **state)
{
    real first[MOST + 1], y[MOST + 1], back[MOST + 1];
    int mirrored = 0;
    (void)state;
    make_data((struct shape){3, 4, 7}, 0, 1);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        change("flip = alternating", 0, i, first);
        bool is = !same(first, original(i));
        mirrored += is;
        assert_true(moved(first, original(i), 0, 0, is, 0));
        for (uint64_t epoch = 1; epoch < 6; epoch++) {
            change("flip = alternating", epoch, i, y);
            assert_true(moved(y, original(i), 0, 0, is != (epoch % 2 == 1), 0));
        }
    }
    assert_in_range(mirrored, 1, SAMPLES - 1);
    /* twice is not at all */
    const struct window w = {0, 0, true};
    warp_copy(y, data.shape, original(0), data.shape, &w, FILL_EDGE, NULL);
    warp_copy(back, data.shape, y, data.shape, &w, FILL_EDGE, NULL);
    assert_false(same(y, original(0)));
    assert_true(same(back, original(0)));
    mirrored = 0;
    for (uint64_t epoch = 0; epoch < 1000; epoch++) {
        change("flip = random", epoch, 0, y);
        mirrored += !same(y, original(0));
    }
    assert_in_range(mirrored, 430, 570);
}

static void crops(void **state)
{
    real y[MOST + 1], centre[MOST];
    int seen[4][3] = {{0}}, found = 0;
    struct shape in = {2, 7, 6}, out = {2, 4, 4};
    (void)state;
    make_data(in, 0, 1);
    const struct augment_conf c = settings("crop = 4");
    assert_true(shape_equal(augment_shape(&c, in), out));
    for (uint64_t epoch = 0; epoch < 300; epoch++) {
        change("crop = 4", epoch, 0, y);
        for (int top = 0; top < 4; top++)
            for (int left = 0; left < 3; left++) {
                bool is = true;
                for (int i = 0; i < 4; i++)
                    is &= memcmp(y + i * 8, original(0) + ((top + i) * 6 + left) * 2,
                                 8 * sizeof *y) == 0;
                seen[top][left] += is;
            }
    }
    for (int i = 0; i < 12; i++)
        found += seen[i / 3][i % 3] > 0;
    assert_int_equal(found, 12);
    augment_centre(centre, out, &data.train_file, 0);
    for (int i = 0; i < 4; i++)
        assert_memory_equal(centre + i * 8, original(0) + ((1 + i) * 6 + 1) * 2, 8 * sizeof *y);
}

/* Continuations beyond the border, on a row of 1 2 3 4. */
static void fills(void **state)
{
    static const real row[] = {1, 2, 3, 4}, pixel[] = {9};
    static const real want[][12] = {{9, 9, 9, 9, 1, 2, 3, 4, 9, 9, 9, 9},
                                    {9, 9, 9, 9, 1, 2, 3, 4, 9, 9, 9, 9},
                                    {1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 4},
                                    {3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2}};
    const struct window w = {-4, 0, false};
    const struct map m = {.xx = 1, .x0 = -4, .yy = 1}, half = {.xx = 1, .x0 = -4.5, .yy = 1};
    real y[12], padded[18];
    (void)state;
    assert_int_equal(warp_room((struct shape){1, 1, 4}), 18);
    for (int f = FILL_BLACK; f <= FILL_REFLECT; f++) {
        warp_copy(y, (struct shape){1, 1, 12}, row, (struct shape){1, 1, 4}, &w,
                  (enum augment_fill)f, pixel);
        assert_memory_equal(y, want[f], sizeof y);
        warp_resample(y, (struct shape){1, 1, 12}, row, (struct shape){1, 1, 4}, &m,
                      (enum augment_fill)f, pixel, padded);
        assert_memory_equal(y, want[f], sizeof y);
        warp_resample(y, (struct shape){1, 1, 12}, row, (struct shape){1, 1, 4}, &half,
                      (enum augment_fill)f, pixel, padded);
        for (int i = 1; i < 12; i++)
            assert_true(y[i] == (want[f][i] + want[f][i - 1]) / 2);
    }
}

/* A quarter turn and a half turn, to the left, of a square image: exact. */
static void turns(void **state)
{
    struct shape s = {3, 5, 5};
    real y[MOST], padded[200];
    (void)state;
    make_data(s, 0, 1);
    for (int quarter = 1; quarter <= 3; quarter++) {
        double sin, cos;
        fmath_sincospi(quarter / 2.0, &sin, &cos);
        const struct map m = {cos,  -sin, 2 - cos * 2 + sin * 2, sin, cos, 2 - sin * 2 - cos * 2,
                              NULL, NULL};
        warp_resample(y, s, original(0), s, &m, FILL_EDGE, NULL, padded);
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 5; k++) {
                int a = i, b = k; /* to the left: what is now at row i, column k was in row k .. */
                for (int t = 0; t < quarter; t++) {
                    int old = a;
                    a = b;
                    b = 4 - old;
                }
                assert_memory_equal(y + (i * 5 + k) * 3, original(0) + (a * 5 + b) * 3,
                                    3 * sizeof *y);
            }
    }
}

/* Linear functions of the place stay what they are under interpolation, and tell where pixels come
 * from: the middle stays, distances change by the scale, angles stay within bounds. */
static void plane(void **state)
{
    struct shape s = {1, 12, 12};
    real across[MOST + 1], down[MOST + 1];
    double least = 1e9, most = 0, right = 0, left = 0;
    (void)state;
    for (uint64_t epoch = 0; epoch < 200; epoch++) {
        make_data(s, 0, 1);
        for (int i = 0; i < 144; i++) {
            values[i] = (real)(i % 12);
            values[144 + i] = (real)(i / 12);
        }
        static const char text[] = "rotate = 30\nscale = 0.25\nfill = edge";
        change(text, epoch, 0, across);
        memcpy(values, values + 144, 144 * sizeof *values);
        change(text, epoch, 0, down);
        double xx = (double)(across[6 * 12 + 6] - across[6 * 12 + 5]);
        double yx = (double)(down[6 * 12 + 6] - down[6 * 12 + 5]);
        double mid = (double)(across[5 * 12 + 5] + across[6 * 12 + 6]) / 2;
        double size = 1 / sqrt(xx * xx + yx * yx), angle = atan2(yx, xx) * 180 / M_PI;
        assert_true(fabs(mid - 5.5) < 1e-4);
        assert_true(size > 0.7499 && size < 1.2501 && fabs(angle) < 30.001);
        least = fmin(least, size);
        most = fmax(most, size);
        left = fmax(left, angle);
        right = fmin(right, angle);
    }
    assert_true(least < 0.78 && most > 1.22 && left > 28 && right < -28);
}

static void elastic(void **state)
{
    struct shape s = {1, 12, 12};
    real field[2 * 144], room[2000];
    struct err e = {0};
    struct augment a;
    double square = 0, change_square = 0;
    (void)state;
    make_data(s, 0, 1);
    const struct augment_conf c = settings("elastic = 1.5\nelastic_sigma = 3");
    assert_int_equal(augment_new(&a, &c, &data, 1, &e), 0);
    assert_true(smooth_room(s, a.elastic_r) <= 2000);
    for (uint64_t epoch = 0; epoch < 400; epoch++) {
        elastic_draw(&a, field, epoch, 3, room);
        for (int i = 0; i < 288; i++)
            square += (double)(field[i] * field[i]);
        for (int i = 0; i < 143; i++)
            change_square += pow((double)(field[i + 1] - field[i]), 2);
    }
    augment_free(&a);
    assert_true(fabs(sqrt(square / (288 * 400)) - 1.5) < 0.1);
    /* neighbours move alike: for a smoothed field, deviation of the difference = 1.5 / sigma / sqrt
     * 2, and more between the rows' ends */
    assert_true(sqrt(change_square / (143 * 400)) < 0.8);
}

static void views(void **state)
{
    static const char *const names[] = {"test_views = none", "test_views = flip",
                                        "test_views = flip_translate",
                                        "test_views = flip_diagonals"};
    static const int count[] = {1, 2, 6, 10};
    struct shape s = {2, 5, 4};
    real y[MOST];
    (void)state;
    make_data(s, 0, 1);
    for (int v = 0; v < 4; v++) {
        const struct augment_conf c = settings(names[v]);
        int n = augment_views(&c);
        double sum = 0;
        assert_int_equal(n, count[v]);
        for (int i = 0; i < n; i++)
            sum += (double)augment_view_weight(&c, i);
        assert_true(fabs(sum - 1) < 1e-7);
        assert_true(augment_view_weight(&c, n - 1) == (real)(n == 6 ? 0.125 : 1.0 / n));
        augment_view(0, y, s, &data.train_file, 0, NULL);
        assert_true(same(y, original(0)));
        if (n > 1) {
            augment_view(1, y, s, &data.train_file, 0, NULL);
            assert_true(moved(y, original(0), 0, 0, true, 0));
        }
        if (n > 2) { /* a pixel right and down; the border is mirrored in */
            augment_view(2, y, s, &data.train_file, 0, NULL);
            assert_memory_equal(y + (5 + 1) * 2 - 2, original(0), 2 * sizeof *y);
            assert_memory_equal(y, original(0) + (4 + 1) * 2, 2 * sizeof *y);
        }
        if (n > 6) { /* a pixel left and down, then right and up; its mirror image */
            augment_view(6, y, s, &data.train_file, 0, NULL);
            assert_memory_equal(y + 4 * 2, original(0) + 1 * 2, 3 * 2 * sizeof *y);
            augment_view(8, y, s, &data.train_file, 0, NULL);
            assert_memory_equal(y + 1 * 2, original(0) + 4 * 2, 3 * 2 * sizeof *y);
            augment_view(9, y, s, &data.train_file, 0, NULL);
            assert_memory_equal(y, original(0) + (4 + 2) * 2, 2 * sizeof *y);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes),      cmocka_unit_test(identity),  cmocka_unit_test(whole_pixels),
        cmocka_unit_test(background), cmocka_unit_test(per_value), cmocka_unit_test(flips),
        cmocka_unit_test(crops),      cmocka_unit_test(fills),     cmocka_unit_test(turns),
        cmocka_unit_test(plane),      cmocka_unit_test(elastic),   cmocka_unit_test(views)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
