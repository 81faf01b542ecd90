/* Convolutions of every instruction set: sizes, strides over the edge, padding, dilation, groups,
 * epilogues, any number of threads. */
#include "kernels/conv_cases.h"

/* The case on every set that this processor has; but where these do products at points and the
 * reference, by far the slowest, direct sums as ever, not on that. */
static void check_all(const struct conv *cv, bool bias)
{
    const struct kernels *ref = kernels_get("ref");
    bool skip_ref = winograd_takes(cv) && kernels_get(NULL) != ref;
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        if (k && !(k == ref && skip_ref))
            conv_check(cv, k, bias);
    }
}

static void known_shapes(void **state)
{
    (void)state;
    /* n h w c, oc, kh kw, stride pad dilation groups */
    static const int shapes[][11] = {
        {2, 8, 8, 3, 32, 5, 5, 1, 2, 1, 1},   {9, 8, 8, 32, 33, 3, 3, 1, 1, 1, 1},
        {3, 7, 5, 16, 16, 3, 3, 2, 1, 1, 1},  {17, 1, 16, 16, 32, 1, 3, 1, 0, 1, 1},
        {2, 9, 9, 4, 6, 3, 2, 2, 0, 2, 2},    {2, 6, 7, 20, 20, 3, 3, 1, 1, 1, 20},
        {1, 6, 6, 5, 10, 3, 3, 2, 1, 1, 5},   {8, 1, 1, 40, 50, 1, 1, 1, 0, 1, 1},
        {2, 2, 2, 3, 4, 5, 5, 1, 4, 1, 1},    {2, 4, 4, 8, 8, 1, 1, 3, 2, 1, 1},
        {1, 12, 13, 1, 17, 3, 3, 1, 1, 3, 1}, {0, 5, 5, 2, 2, 3, 3, 1, 1, 1, 1},
        {9, 9, 8, 1, 50, 7, 3, 1, 2, 1, 1},   {9, 11, 9, 3, 20, 9, 1, 2, 3, 1, 1},
        {3, 6, 20, 4, 7, 2, 7, 1, 6, 1, 1},   {4, 3, 40, 2, 35, 3, 9, 2, 3, 1, 1},
        {9, 8, 9, 70, 70, 3, 3, 1, 1, 1, 70}, {3, 9, 17, 33, 33, 5, 3, 2, 2, 2, 33}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int *s = shapes[i];
        struct conv cv =
            conv_make(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10]);
        check_all(&cv, true);
        cv.dx_mode = cv.dw_mode = GRAD_ADD;
        cv.act = cv.dx_act = ACT_RELU;
        check_all(&cv, false);
    }
}

/* Convolutions by products at points, but for the last ones, which look like them. */
static void winograd_shapes(void **state)
{
    (void)state;
    /* n h w c, oc, k pad */
    static const int shapes[][7] = {
        {9, 9, 8, 16, 37, 3, 1},    {3, 8, 8, 32, 64, 5, 2},   {17, 7, 9, 50, 16, 3, 0},
        {2, 9, 11, 21, 19, 5, 0},   {2, 8, 8, 32, 32, 5, 3},   {2, 8, 7, 16, 90, 3, 3},
        {0, 6, 6, 16, 16, 3, 1},    {1, 12, 5, 130, 18, 3, 1}, {9, 18, 18, 24, 32, 5, 2},
        {41, 4, 4, 160, 192, 3, 1}, {9, 3, 3, 40, 40, 3, 1},   {3, 8, 8, 16, 15, 3, 1},
        {3, 8, 8, 20, 20, 4, 1}};
    const int n = sizeof shapes / sizeof *shapes;
    for (int i = 0; i < n; i++) {
        const int *s = shapes[i];
        struct conv cv = conv_make(s[0], s[1], s[2], s[3], s[4], s[5], s[5], 1, s[6], 1, 1);
        assert_int_equal(winograd_takes(&cv), i < n - 3);
        check_all(&cv, true);
        cv.oh--; /* as a padding of other sizes below and right may have it */
        cv.ow--;
        cv.dx_mode = cv.dw_mode = GRAD_ADD;
        cv.act = ACT_TANH;
        cv.act_param = cv.dx_act_param = (real)0.5;
        cv.dx_act = ACT_LEAKY_RELU;
        check_all(&cv, false);
        cv.bf16 = true;
        check_all(&cv, false);
    }
}

/* Root of the mean squared error of y, dx or dw against sums in double. */
static double error_of(const struct conv_arrays *t, double *want[CONV_ARRAYS], int array)
{
    double sum = 0;
    for (size_t i = 0; i < t->size[array]; i++) {
        double d = (double)t->a[array][i] - want[array][i];
        sum += d * d;
    }
    return sqrt(sum / (double)t->size[array]);
}

/* Products at points are hardly less exact than direct sums. */
static void winograd_errors(void **state)
{
    (void)state;
    if (sizeof(real) == sizeof(double))
        skip(); /* there is the reference alone: direct sums */
    for (int k = 3; k <= 5; k += 2) {
        struct conv cv = conv_make(9, 12, 12, 40, 40, k, k, 1, k / 2, 1, 1);
        struct conv_arrays direct, points;
        double *want[CONV_ARRAYS];
        conv_arrays_new(&cv, &direct);
        conv_arrays_new(&cv, &points);
        struct conv r = conv_on(&cv, &direct, true);
        assert_true(winograd_takes(&cv));
        conv_double(&r, &direct, want);
        conv_run(&r, kernels_get("ref"), 1);
        r = conv_on(&cv, &points, true);
        conv_run(&r, kernels_get(NULL), 1);
        for (int a = CONV_Y; a <= CONV_DW; a++)
            assert_true(error_of(&points, want, a) < 4 * error_of(&direct, want, a));
        conv_arrays_free(&direct);
        conv_arrays_free(&points);
        for (int a = CONV_Y; a < CONV_ARRAYS; a++)
            free(want[a]);
    }
}

/* Root of the mean square of what is wanted of an array. */
static double size_of(const struct conv_arrays *t, double *want[CONV_ARRAYS], int array)
{
    double sum = 0;
    for (size_t i = 0; i < t->size[array]; i++)
        sum += want[array][i] * want[array][i];
    return sqrt(sum / (double)t->size[array]);
}

/* Factors of 8 bits: errors of some hundredth, and no less, or nothing was rounded. */
static void bf16_errors(void **state)
{
    (void)state;
    for (int size = 3; size <= 5; size += 2) {
        struct conv cv = conv_make(9, 12, 12, 40, 40, size, size, 1, size / 2, 1, 1);
        struct conv_arrays t;
        double *want[CONV_ARRAYS];
        cv.bf16 = true;
        conv_arrays_new(&cv, &t);
        struct conv r = conv_on(&cv, &t, false);
        conv_double(&r, &t, want);
        for (int i = 0; kernels_names[i]; i++) {
            const struct kernels *k = kernels_get(kernels_names[i]);
            if (!k || strcmp(k->isa, "ref") == 0)
                continue;
            conv_run(&r, k, 1);
            for (int a = CONV_Y; a <= CONV_DW; a++) {
                double share = error_of(&t, want, a) / size_of(&t, want, a);
                assert_true(share > 5e-3 && share < 2e-2);
            }
        }
        conv_arrays_free(&t);
        for (int a = CONV_Y; a < CONV_ARRAYS; a++)
            free(want[a]);
    }
}

/* Products of the least numbers, and what is not a number: the same bits everywhere, though an
 * instruction that takes what is subnormal as 0 may be at work; elsewhere it stays what it is. */
static void bf16_of_tiny_numbers(void **state)
{
    (void)state;
    if (sizeof(real) == sizeof(double))
        skip(); /* there is the reference alone */
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        if (!k || !conv_is_fused(k) || strcmp(k->isa, "ref") == 0)
            continue;
        struct conv_arrays t[2];
        struct conv cv = conv_make(3, 8, 8, 32, 32, 3, 3, 1, 1, 1, 1);
        cv.bf16 = true;
        for (int j = 0; j < 2; j++) {
            conv_arrays_new(&cv, &t[j]);
            uint32_t seed = 5;
            for (int a = CONV_X; a <= CONV_DY; a++)
                for (size_t e = 0; e < t[j].size[a]; e++)
                    t[j].a[a][e] *= (real)ldexp(1, -50 - (int)(array_random(&seed) % 90));
            t[j].a[CONV_X][3] = (real)NAN;
            t[j].a[CONV_DY][40] = (real)INFINITY;
            struct conv r = conv_on(&cv, &t[j], false);
            conv_run(&r, j ? k : kernels_get("avx2"), 1);
        }
        struct conv r = conv_on(&cv, &t[1], false);
        conv_compare_bits(&r, k->isa, &t[1], &t[0]);
        volatile float least = FLT_MIN;
        assert_true(least / 2 > 0);
        conv_arrays_free(&t[0]);
        conv_arrays_free(&t[1]);
    }
}

static int lot(uint32_t *seed, int most)
{
    return 1 + (int)(array_random(seed) % (uint32_t)most);
}

/* A convolution drawn by lot; false where it has no output. */
static bool draw(struct conv *cv, uint32_t *seed)
{
    static const int groups[] = {1, 1, 1, 2, 3};
    int g = groups[array_random(seed) % 5], c = g * lot(seed, 9), oc = g * lot(seed, 37);
    if (array_random(seed) % 8 == 0) { /* depthwise */
        g = c = lot(seed, 40);
        oc = g * lot(seed, 2);
    }
    *cv = conv_make(lot(seed, 18), lot(seed, 9), lot(seed, 12), c, oc, lot(seed, 4), lot(seed, 4),
                    1, 0, 1, g);
    cv->stride_h = lot(seed, 3);
    cv->stride_w = lot(seed, 3);
    cv->dilation_h = lot(seed, 2);
    cv->dilation_w = lot(seed, 2);
    cv->pad_h = lot(seed, 4) - 1;
    cv->pad_w = lot(seed, 4) - 1;
    int below = lot(seed, 3) - 1, right = lot(seed, 3) - 1; /* as `same` may have it */
    int room_h = cv->h + cv->pad_h + below - cv->dilation_h * (cv->kh - 1) - 1;
    int room_w = cv->w + cv->pad_w + right - cv->dilation_w * (cv->kw - 1) - 1;
    cv->oh = room_h / cv->stride_h + 1;
    cv->ow = room_w / cv->stride_w + 1;
    cv->act = (enum act)(array_random(seed) % ACT_SOFTMAX);
    cv->dx_act = (enum act)(array_random(seed) % ACT_SOFTMAX);
    cv->act_param = cv->dx_act_param = (real)0.5;
    cv->dx_mode = (enum grad_mode)(array_random(seed) % 2);
    cv->dw_mode = (enum grad_mode)(array_random(seed) % 2);
    return room_h >= 0 && room_w >= 0;
}

static void drawn_shapes(void **state)
{
    (void)state;
    uint32_t seed = 11;
    for (int round = 0; round < 150;) {
        struct conv cv;
        if (!draw(&cv, &seed))
            continue;
        check_all(&cv, round % 3 != 0);
        round++;
    }
}

/* One by products at points: padding on any side may be wider than the filter. */
static void draw_winograd(struct conv *cv, uint32_t *seed)
{
    do {
        int k = array_random(seed) % 2 ? 3 : 5;
        *cv = conv_make(lot(seed, 10), lot(seed, 10), lot(seed, 10), 15 + lot(seed, 25),
                        15 + lot(seed, 40), k, k, 1, 0, 1, 1);
        cv->pad_h = lot(seed, k + 2) - 1;
        cv->pad_w = lot(seed, k + 2) - 1;
        cv->oh = cv->h + cv->pad_h + lot(seed, k + 2) - k;
        cv->ow = cv->w + cv->pad_w + lot(seed, k + 2) - k;
    } while (cv->oh < 1 || cv->ow < 1 || !winograd_takes(cv));
    cv->act = (enum act)(array_random(seed) % ACT_SOFTMAX);
    cv->dx_act = (enum act)(array_random(seed) % ACT_SOFTMAX);
    /* of relu 0: it has no jump there */
    cv->act_param = cv->act == ACT_RELU ? 0 : (real)0.5;
    cv->dx_act_param = (real)0.5;
    cv->dx_mode = (enum grad_mode)(array_random(seed) % 2);
    cv->dw_mode = (enum grad_mode)(array_random(seed) % 2);
    cv->bf16 = array_random(seed) % 2;
}

static void drawn_winograd_shapes(void **state)
{
    (void)state;
    if (sizeof(real) == sizeof(double))
        skip(); /* there is the reference alone: direct sums */
    uint32_t seed = 7;
    for (int round = 0; round < 14; round++) {
        struct conv cv;
        draw_winograd(&cv, &seed);
        check_all(&cv, round % 3 != 0);
    }
}

/* Relu leaves NaN, and makes 0 of -0, which sums of products too small to be told from 0 may be. */
static void relu_of_nan_and_of_minus_zero(void **state)
{
    (void)state;
    const real tiny = sizeof(real) == sizeof(double) ? (real)DBL_MIN : (real)FLT_MIN;
    for (int i = 0; kernels_names[i]; i++)
        for (int bias = 0; bias < 2; bias++) {
            const struct kernels *k = kernels_get(kernels_names[i]);
            struct conv cv = conv_make(1, 3, 5, 2, 40, 3, 3, 1, 1, 1, 1);
            struct conv_arrays t;
            if (!k)
                continue;
            conv_arrays_new(&cv, &t);
            cv.act = ACT_RELU;
            cv = conv_on(&cv, &t, bias);
            for (size_t j = 0; j < t.size[CONV_X]; j++)
                t.a[CONV_X][j] = tiny;
            for (size_t j = 0; j < t.size[CONV_W]; j++)
                t.a[CONV_W][j] = -tiny;
            for (int j = 0; j < 40; j++)
                t.a[CONV_B][j] = -(real)0;
            t.a[CONV_X][0] = (real)NAN;
            conv_run(&cv, k, 1);
            for (int j = 0; j < 3 * 5 * 40; j++) {
                real y = t.a[CONV_Y][j];
                if (j / 40 % 5 < 2 && j < 2 * 5 * 40)
                    assert_true(isnan(y));
                else
                    assert_true(y == 0 && !signbit(y));
            }
            conv_arrays_free(&t);
        }
}

/* What stands outside of the image is not there: no infinity becomes NaN, no NaN spreads by it. */
static void padding_is_not_multiplied(void **state)
{
    (void)state;
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        struct conv cv = conv_make(1, 3, 3, 2, 40, 3, 3, 1, 1, 1, 1);
        struct conv_arrays t;
        if (!k)
            continue;
        conv_arrays_new(&cv, &t);
        cv = conv_on(&cv, &t, true);
        for (int j = 0; j < 2 * 40; j++) /* the tap above and left */
            t.a[CONV_W][j] = (real)INFINITY;
        conv_run(&cv, k, 1);
        for (int j = 0; j < 3 * 3 * 40; j++) {
            bool inside = j >= (3 + 1) * 40 && j / 40 % 3 > 0;
            assert_true(inside == !isfinite((double)t.a[CONV_Y][j]));
        }
        conv_arrays_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_shapes),
        cmocka_unit_test(winograd_shapes),
        cmocka_unit_test(winograd_errors),
        cmocka_unit_test(bf16_errors),
        cmocka_unit_test(bf16_of_tiny_numbers),
        cmocka_unit_test(drawn_shapes),
        cmocka_unit_test(drawn_winograd_shapes),
        cmocka_unit_test(relu_of_nan_and_of_minus_zero),
        cmocka_unit_test(padding_is_not_multiplied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
