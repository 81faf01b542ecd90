/* Tests of the steps of data/augment/ that change values, and of mixup. */
#include "data/augment_help.h"

/* Colours of raw values: what each key may do and what it must leave alone. */
static void colours(void **state)
{
    struct shape s = {3, 4, 4};
    static const double grey[] = {0.299, 0.587, 0.114};
    real y[MOST + 1];
    (void)state;
    make_data(s, 0.2, 0.5);
    for (uint64_t epoch = 0; epoch < 50; epoch++) {
        values[0] = 0;                  /* black */
        values[SAMPLES * 48 - 1] = 100; /* white is far away: nothing is cut off */
        const real *x = original(0);
        double ratio = 0, mean = 0, mean_after = 0;
        change("brightness = 0.5", epoch, 0, y);
        for (int i = 1; i < 48; i++) {
            double r = (double)(y[i] / x[i]);
            assert_true(r > 0.499 && r < 1.501 && (i == 1 || fabs(r - ratio) < 1e-5));
            ratio = r;
        }
        change("contrast = 0.8", epoch, 0, y);
        for (int i = 0; i < 48; i++) {
            mean += grey[i % 3] * (double)x[i] / 16;
            mean_after += grey[i % 3] * (double)y[i] / 16;
        }
        assert_true(fabs(mean_after - mean) < 0.05); /* black may be cut off */
        change("saturation = 1", epoch, 0, y);
        for (int i = 3; i < 48; i += 3) {
            double before = 0, after = 0;
            for (int j = 0; j < 3; j++) {
                before += grey[j] * (double)x[i + j];
                after += grey[j] * (double)y[i + j];
            }
            assert_true(fabs(before - after) < 1e-5);
        }
        change("hue = 0.05", epoch, 0, y);
        for (int i = 3; i < 48; i += 3)
            assert_true(fabs((double)(y[i] + y[i + 1] + y[i + 2] - x[i] - x[i + 1] - x[i + 2])) <
                        1e-5);
    }
    /* grey stays grey under hue and saturation; normalization makes no difference */
    for (int n = 0; n < 2; n++) {
        make_data(s, 0, 1);
        for (int i = 0; i < 48; i++)
            values[i] = values[i / 3 * 3];
        if (n)
            normalize(NORMALIZE_CHANNEL);
        for (uint64_t epoch = 0; epoch < 20; epoch++) {
            change("hue = 0.5\nsaturation = 1", epoch, 0, y);
            for (int i = 0; i < 48; i++)
                assert_true(fabs((double)(y[i] - original(0)[i])) < 2e-5);
        }
        release_data();
    }
}

/* The same image, normalized or not, gets the same colours; and they stay between black and white.
 */
static void colours_of_normalized(void **state)
{
    static const char text[] = "brightness = 1\ncontrast = 1\nsaturation = 1\nhue = 0.5";
    static const int how[] = {NORMALIZE_UNIT, NORMALIZE_CHANNEL, NORMALIZE_STANDARD};
    struct shape s = {3, 4, 4};
    real raw[MOST + 1], y[MOST + 1];
    (void)state;
    for (size_t n = 0; n < 3; n++)
        for (uint64_t epoch = 0; epoch < 30; epoch++) {
            make_data(s, 10, 200);
            change(text, epoch, 4, raw);
            normalize(how[n]);
            change(text, epoch, 4, y);
            for (int i = 0; i < 48; i++) {
                int g = data.n_norm == 1 ? 0 : data.n_norm == 3 ? i % 3 : i % 3 * 16 + i / 3;
                double back = (double)y[i] * (double)data.std[g] + (double)data.mean[g];
                assert_true(raw[i] >= 10 && raw[i] <= 200);
                assert_true(fabs(back - (double)raw[i]) < 1e-3);
            }
            release_data();
        }
}

static void blur(void **state)
{
    struct shape s = {2, 9, 9};
    real y[MOST + 1];
    double most = 0;
    (void)state;
    make_data(s, 0, 1);
    memset(values, 0, sizeof values);
    values[40 * 2] = 1; /* a point in the middle of channel 0 */
    for (uint64_t epoch = 0; epoch < 60; epoch++) {
        double sum = 0, square = 0;
        change("blur = 1.2", epoch, 0, y);
        for (int i = 0; i < 81; i++) {
            assert_true(y[2 * i + 1] == 0);
            sum += (double)y[2 * i];
            square += (double)y[2 * i] * pow(i % 9 - 4, 2);
            assert_true(fabs((double)(y[2 * i] - y[2 * (80 - i)])) < 1e-7);
        }
        assert_true(fabs(sum - 1) < 1e-5);
        assert_true(sqrt(square) < 1.2);
        most = fmax(most, sqrt(square));
    }
    assert_true(most > 1);
}

static void cutout(void **state)
{
    struct shape s = {3, 10, 8};
    real y[MOST + 1];
    int touched[80] = {0};
    (void)state;
    make_data(s, 1, 2);
    for (uint64_t epoch = 0; epoch < 300; epoch++) {
        int area = 0;
        change("cutout = 4\nfill = mean", epoch, 5, y);
        for (int i = 0; i < 80; i++) {
            bool hole = memcmp(y + i * 3, original(5) + i * 3, 3 * sizeof *y) != 0;
            area += hole;
            touched[i] += hole;
        }
        assert_int_equal(area, 16);
    }
    for (int i = 0; i < 80; i++)
        assert_true(touched[i] > 0);
    assert_true(fabs((double)y[0] - (double)original(5)[0]) < 1);
}

static void noise(void **state)
{
    struct shape s = {3, 12, 12};
    real y[MOST + 1];
    double sum = 0, square = 0, cube = 0, fourth = 0, n = 0;
    (void)state;
    make_data(s, 0, 1);
    for (uint64_t epoch = 0; epoch < 300; epoch++) {
        change("noise = 0.5", epoch, 1, y);
        for (int i = 0; i < 432; i++, n++) {
            double d = (double)(y[i] - original(1)[i]) * 2;
            sum += d;
            square += d * d;
            cube += d * d * d;
            fourth += d * d * d * d;
        }
    }
    assert_true(fabs(sum / n) < 0.02 && fabs(square / n - 1) < 0.02);
    assert_true(fabs(cube / n) < 0.05 && fabs(fourth / n - 3) < 0.1);
    /* quantiles by the error function */
    for (double p = 1e-9; p < 1; p = p < 0.5 ? p * 1.7 : p + (1 - p) / 2 + 1e-12)
        assert_true(fabs(erfc(-noise_quantile(p) / sqrt(2)) / 2 / p - 1) < 1e-7);
}

static void mixup(void **state)
{
    struct err e = {0};
    struct augment a;
    (void)state;
    make_data((struct shape){4, 1, 1}, 0, 1);
    static const double alphas[] = {0.01, 0.2, 1, 5};
    for (size_t k = 0; k < 4; k++) {
        char text[40];
        int seen[SAMPLES] = {0};
        double square = 0;
        snprintf(text, sizeof text, "mixup = %g", alphas[k]);
        const struct augment_conf c = settings(text);
        assert_int_equal(augment_new(&a, &c, &data, 3, &e), 0);
        for (uint64_t epoch = 0; epoch < 4000; epoch++) {
            uint32_t other = 99;
            double share = (double)augment_partner(&a, epoch, 2, SAMPLES, &other);
            assert_true(share >= 0.5 && share <= 1 && other < SAMPLES);
            seen[other]++;
            square += pow(share - 0.5, 2) / 4000;
        }
        for (int i = 0; i < SAMPLES; i++)
            assert_in_range(seen[i], 540, 800);
        /* the variance of Beta(a, a) is 1 / (4 (2 a + 1)) */
        assert_true(fabs(square * 4 * (2 * alphas[k] + 1) - 1) < 0.1);
        augment_free(&a);
    }
    const struct augment_conf c = settings("mixup = 0.5\nmixup_off_epoch = 3");
    assert_int_equal(augment_new(&a, &c, &data, 3, &e), 0);
    for (uint64_t epoch = 0; epoch < 3000; epoch++) {
        uint32_t other;
        assert_int_equal(augment_partner(&a, epoch, 2, SAMPLES, &other) < 1, epoch < 3);
    }
    augment_free(&a);
    real y[] = {1, 2}, z[] = {3, 6};
    augment_mix(y, z, (real)0.75, 2);
    assert_true(y[0] == (real)1.5 && y[1] == 3);
}

/* What a sample becomes depends on (seed, epoch, sample) alone; a further key moves no draw. */
static void streams(void **state)
{
    real a[MOST + 1], b[MOST + 1];
    (void)state;
    make_data((struct shape){3, 12, 12}, 0, 1);
    static const char text[] = "rotate = 20\npad = 2\nflip = random\nhue = 0.2\nnoise = 0.1";
    change(text, 5, 3, a);
    change(text, 5, 3, b);
    assert_true(same(a, b));
    change(text, 6, 3, b);
    assert_false(same(a, b));
    memcpy(values + 4 * 432, values + 3 * 432, 432 * sizeof *values);
    change(text, 5, 4, b);
    assert_false(same(a, b));
    for (uint64_t epoch = 0; epoch < 10; epoch++) {
        change("pad = 2\nflip = random", epoch, 0, a);
        change("pad = 2\nflip = random\ncutout = 1", epoch, 0, b);
        int differ = 0;
        for (int i = 0; i < 144; i++)
            differ += memcmp(a + 3 * i, b + 3 * i, 3 * sizeof *a) != 0;
        assert_in_range(differ, 0, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours), cmocka_unit_test(colours_of_normalized),
        cmocka_unit_test(blur),    cmocka_unit_test(cutout),
        cmocka_unit_test(noise),   cmocka_unit_test(mixup),
        cmocka_unit_test(streams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
