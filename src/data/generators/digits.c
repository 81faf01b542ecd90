/* digits.c - the embedded data set: handwritten-looking digits, 1x16x16, grey in [-1, 1] as the
 * USPS digits are (-1 paper, 1 ink), ten classes.
 *
 * A digit is one of a few ways to write it: strokes through hand-placed points. Points are moved
 * one by one and by a smooth warp, the whole is slanted, stretched, turned, joined by a Catmull-Rom
 * spline, fitted into the image and drawn by a pen of random width with a blurred edge. Any ten
 * neighbours (samples 10b .. 10b+9) hold each digit once, in random order. */
#include "data/data.h"

#include "base/fmath.h"
#include "base/par.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SIDE        16
#define PIXELS      (SIDE * SIDE)
#define POINTS_MAX  40 /* of a glyph */
#define STROKES_MAX 4
#define GRAIN       64 /* digits that are worth a thread */
#define STEPS       4  /* straight pieces between two points */

/* Points are x, y pairs in a box of 100 x 100, y downwards. UP lifts the pen; a stroke that goes on
 * where the one before it ended makes a corner. */
#define UP       -1
#define END      -2
#define WAYS_MAX 4

static const signed char *const glyph[10][WAYS_MAX] = {
    {(const signed char[]){50, 4, 25, 16, 14, 50, 24, 84, 50, 97, 76, 82, 86, 50, 76, 17, 50, 4,
                           END},
     (const signed char[]){70, 12, 42, 5,  20, 24, 14, 56, 27, 88, 53, 96,
                           77, 80, 85, 48, 74, 17, 50, 7,  36, 14, END}},
    {(const signed char[]){50, 3, 50, 50, 50, 97, END},
     (const signed char[]){54, 3, 52, 35, 48, 65, 46, 97, END},
     (const signed char[]){30, 26, 42, 16, 54, 3, UP, 54, 3, 53, 50, 52, 97, END},
     (const signed char[]){34, 22, 53, 4, UP, 53, 4, 52, 50, 52, 96, UP, 32, 97, 74, 96, END}},
    {(const signed char[]){16, 28, 28, 8,  52, 3,  76, 14, 78, 36, 60, 60,
                           36, 80, 14, 96, UP, 14, 96, 50, 94, 86, 95, END},
     (const signed char[]){18, 26, 34, 6,  60, 4,  78, 22, 72, 46, 52, 70, 28, 92,
                           13, 90, 16, 78, 30, 76, 52, 90, 70, 97, 90, 86, END},
     (const signed char[]){18, 14, 46, 4,  74, 10, 72, 32, 48, 62,
                           18, 94, UP, 18, 94, 50, 92, 84, 94, END}},
    {(const signed char[]){18, 14, 40, 3,  68, 8,  74, 26, 60, 42, 40, 48, UP,
                           40, 48, 66, 54, 80, 72, 68, 92, 42, 98, 16, 86, END},
     (const signed char[]){18, 6,  50, 5,  78, 5,  UP, 78, 5,  60, 24, 42, 42, UP,
                           42, 42, 68, 48, 80, 70, 66, 92, 40, 97, 14, 86, END},
     (const signed char[]){20, 18, 44, 4,  70, 14, 68, 36, 48, 49, 42, 46,
                           52, 47, 76, 62, 74, 86, 46, 97, 16, 84, END}},
    {(const signed char[]){28, 4,  22, 30, 14, 60, UP, 14, 60, 50, 60,
                           88, 57, UP, 66, 26, 64, 60, 60, 97, END},
     (const signed char[]){64, 4,  38, 36, 10, 66, UP, 10, 66, 50, 66,
                           90, 64, UP, 64, 4,  64, 50, 62, 98, END},
     (const signed char[]){20, 5, 17, 38, 32, 56, 56, 54, 77, 38, UP, 80, 4, 76, 50, 70, 97, END}},
    {(const signed char[]){76, 5,  50, 6,  28, 8,  UP, 28, 8,  24, 26, 20, 44, UP, 20,
                           44, 45, 36, 72, 46, 82, 68, 70, 90, 44, 98, 16, 88, END},
     (const signed char[]){30, 12, 27, 28, 24, 46, UP, 24, 46, 50, 42, 74, 54, 78, 76,
                           62, 94, 38, 97, 16, 90, UP, 30, 10, 58, 9,  86, 4,  END},
     (const signed char[]){82, 8, 56, 4, 33, 14, 29, 34, 52, 46, 74, 60, 76, 82, 50, 97, 18, 90,
                           END}},
    {(const signed char[]){68, 4,  42, 20, 22, 48, 16, 74, 30, 94, 56, 97,
                           76, 84, 76, 64, 56, 54, 34, 60, 20, 76, END},
     (const signed char[]){56, 3,  34, 30, 22, 62, 26, 88, 48, 98, 70,
                           88, 72, 70, 52, 60, 32, 70, 26, 82, END}},
    {(const signed char[]){14, 8, 48, 8, 84, 6, UP, 84, 6, 64, 38, 46, 70, 36, 97, END},
     (const signed char[]){14, 9,  48, 8,  84, 6,  UP, 84, 6,  66, 38,
                           50, 68, 40, 97, UP, 32, 52, 74, 48, END},
     (const signed char[]){15, 26, 18, 9, UP, 18, 9, 50, 11, 85, 6, UP, 85, 6, 64, 46, 54, 97,
                           END}},
    {(const signed char[]){72, 16, 50, 3,  26, 14, 30, 36, 52, 50, 74, 66, 78, 86,
                           50, 98, 22, 86, 28, 66, 50, 50, 72, 36, 74, 16, END},
     (const signed char[]){50, 4,  30, 14, 32, 38, 50, 46, 70, 36, 70, 14, 50, 4,  UP,
                           50, 46, 24, 60, 22, 86, 50, 98, 78, 86, 76, 60, 50, 46, END},
     (const signed char[]){84, 8,  54, 4,  30, 18, 40, 40, 66, 60, 74, 84,
                           48, 97, 24, 84, 34, 62, 60, 42, 82, 12, END}},
    {(const signed char[]){76, 16, 52, 4,  26, 14, 20, 36, 40, 50, 66,
                           42, 78, 16, UP, 78, 16, 74, 50, 68, 97, END},
     (const signed char[]){74, 22, 54, 4,  28, 14, 24, 38, 46, 50, 70, 38,
                           78, 12, UP, 78, 12, 77, 50, 64, 82, 36, 97, END},
     (const signed char[]){72, 24, 50, 5,  26, 18, 26, 40, 48, 50, 70, 36,
                           77, 16, 80, 50, 70, 86, 46, 98, 20, 88, END}},
};

struct point {
    double x, y;
};

struct drawing {
    struct point p[POINTS_MAX];
    int begin[STROKES_MAX + 1]; /* stroke k has the points begin[k] .. begin[k+1]-1 */
    int strokes;
};

/* Mean 0, deviation 1, never beyond +-3: the sum of three uniforms. */
static double wobble(struct rng *r)
{
    double sum = rng_uniform(r) + rng_uniform(r);
    return 2 * (sum + rng_uniform(r) - 1.5);
}

/* The points of one way to write the digit, around (0, 0). */
static void choose(struct drawing *d, int digit, struct rng *r)
{
    uint32_t ways = 0;
    while (ways < WAYS_MAX && glyph[digit][ways])
        ways++;
    const signed char *g = glyph[digit][rng_below(r, ways)];
    int n = 0;
    memset(d, 0, sizeof *d);
    for (; *g != END; g++) {
        if (*g == UP) {
            d->begin[++d->strokes] = n;
        } else {
            d->p[n].x = *g++ - 50.0;
            d->p[n++].y = *g - 50.0;
        }
    }
    d->begin[++d->strokes] = n;
}

/* What a hand does to the model: a smooth warp, an uneven path, slant, width, turn. */
static void deform(struct drawing *d, double strength, struct rng *r)
{
    const int n = d->begin[d->strokes];
    double warp[2][4];
    for (int k = 0; k < 2; k++) {
        warp[k][0] = 6.5 * strength * wobble(r);       /* how far */
        warp[k][1] = 0.006 + 0.009 * rng_uniform(r);   /* half waves per unit, along the axis ... */
        warp[k][2] = 0.006 * (2 * rng_uniform(r) - 1); /* ... and across it */
        warp[k][3] = 2 * rng_uniform(r);               /* where it begins */
    }
    double slant = -0.12 * strength + 0.22 * strength * wobble(r);
    double width = 0.72 * fmath_exp(0.18 * strength * wobble(r)), s, c;
    fmath_sincospi(0.04 * strength * wobble(r), &s, &c);
    double wave[POINTS_MAX][2]; /* in a loop of its own: the processor computes several at once */
    for (int i = 0; i < n; i++) {
        double x = d->p[i].x, y = d->p[i].y;
        const double at[] = {warp[0][1] * y + warp[0][2] * x + warp[0][3],
                             warp[1][1] * x + warp[1][2] * y + warp[1][3]};
        fmath_sinpi2(at, wave[i]);
    }
    for (int i = 0; i < n; i++) {
        double x = d->p[i].x, y = d->p[i].y;
        x += warp[0][0] * wave[i][0] + 2.4 * strength * wobble(r);
        y += warp[1][0] * wave[i][1] + 2.4 * strength * wobble(r);
        x = width * (x + slant * y);
        d->p[i] = (struct point){c * x - s * y, s * x + c * y};
    }
}

/* Centres the drawing and scales it to pixels: about 12 high, never beyond the image. */
static void fit(struct drawing *d, double strength, struct rng *r)
{
    struct point lo = d->p[0], hi = d->p[0];
    for (int i = 0; i < d->begin[d->strokes]; i++) {
        lo.x = d->p[i].x < lo.x ? d->p[i].x : lo.x;
        lo.y = d->p[i].y < lo.y ? d->p[i].y : lo.y;
        hi.x = d->p[i].x > hi.x ? d->p[i].x : hi.x;
        hi.y = d->p[i].y > hi.y ? d->p[i].y : hi.y;
    }
    double w = hi.x - lo.x, h = hi.y - lo.y, most = 13.5 / (w > h ? w : h);
    double scale = 12.4 / h * (1 + 0.07 * strength * wobble(r));
    double shift_x = 7.5 + 0.5 * strength * wobble(r), shift_y = 7.5 + 0.4 * strength * wobble(r);
    scale = scale < most ? scale : most;
    for (int i = 0; i < d->begin[d->strokes]; i++) {
        d->p[i].x = (d->p[i].x - (lo.x + hi.x) / 2) * scale + shift_x;
        d->p[i].y = (d->p[i].y - (lo.y + hi.y) / 2) * scale + shift_y;
    }
}

/* Two pixels side by side, computed as one would be. */
typedef double pair __attribute__((vector_size(16)));

static inline pair least(pair a, pair b)
{
#ifdef __SSE2__
    return (pair)_mm_min_pd((__m128d)a, (__m128d)b);
#else
    return (pair){a[0] < b[0] ? a[0] : b[0], a[1] < b[1] ? a[1] : b[1]};
#endif
}

static inline pair most(pair a, pair b)
{
#ifdef __SSE2__
    return (pair)_mm_max_pd((__m128d)a, (__m128d)b);
#else
    return (pair){a[0] > b[0] ? a[0] : b[0], a[1] > b[1] ? a[1] : b[1]};
#endif
}

/* Squared distances of pixels to what is drawn: rows with room for four that begin in them. Only
 * columns left .. right-1 are nearer than what they began with. */
struct canvas {
    double dist2[SIDE][SIDE + 4];
    int left, right;
};

/* The least whole number that is not below x > 0. */
static inline int round_up(double x)
{
    int n = (int)x;
    return n + (n < x);
}

/* Lowers those of two pixels, px and py away from where a straight piece along d starts. */
static inline void lower(double *dist2, pair px, pair py, struct point d, double inverse)
{
    pair t = (px * d.x + py * d.y) * inverse, d2;
    t = least(most(t, (pair){0, 0}), (pair){1, 1});
    px -= t * d.x;
    py -= t * d.y;
    memcpy(&d2, dist2, sizeof d2);
    d2 = least(px * px + py * py, d2);
    memcpy(dist2, &d2, sizeof d2);
}

/* Lowers those of the pixels within `reach` to the straight piece a - b, and looks at some more at
 * the right and the bottom, which are too far away to change: a piece is about four columns wide,
 * and a loop of one turn is foreseen. */
static void draw_piece(struct canvas *v, struct point a, struct point b, double reach)
{
    double x0 = (a.x < b.x ? a.x : b.x) - reach, x1 = (a.x > b.x ? a.x : b.x) + reach;
    double y0 = (a.y < b.y ? a.y : b.y) - reach, y1 = (a.y > b.y ? a.y : b.y) + reach;
    struct point d = {b.x - a.x, b.y - a.y};
    double len2 = d.x * d.x + d.y * d.y, inverse = len2 > 1e-12 ? 1 / len2 : 0;
    int left = x0 > 0 ? round_up(x0) : 0, right = x1 < SIDE ? (int)x1 + 1 : SIDE;
    int top = y0 > 0 ? round_up(y0) : 0, bottom = y1 < SIDE ? (int)y1 + 1 : SIDE;
    v->left = left < v->left ? left : v->left;
    v->right = right > v->right ? right : v->right;
    for (int x = left; x < right; x += 4) {
        pair p0 = (pair){x, x + 1} - a.x, p1 = (pair){x + 2, x + 3} - a.x;
        for (int y = top; y < bottom; y++) {
            pair py = (pair){y, y} - a.y;
            lower(&v->dist2[y][x], p0, py, d, inverse);
            lower(&v->dist2[y][x + 2], p1, py, d, inverse);
        }
    }
}

/* One coordinate of the Catmull-Rom spline between b and c (Catmull and Rom 1974). */
static double spline(double a, double b, double c, double d, double t)
{
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

static void draw_stroke(struct canvas *v, const struct point *p, int n, double reach)
{
    for (int i = 0; i + 1 < n; i++) {
        struct point a = p[i > 0 ? i - 1 : 0], d = p[i + 2 < n ? i + 2 : n - 1], from = p[i];
        for (int k = 1; k <= STEPS; k++) {
            double t = (double)k / STEPS;
            struct point to = {spline(a.x, p[i].x, p[i + 1].x, d.x, t),
                               spline(a.y, p[i].y, p[i + 1].y, d.y, t)};
            draw_piece(v, from, to, reach);
            from = to;
        }
    }
}

static void make_digit(real *x, int digit, double strength, struct rng *r)
{
    struct drawing d;
    struct canvas v;
    choose(&d, digit, r);
    deform(&d, strength, r);
    fit(&d, strength, r);
    double pen = 0.70 + 0.16 * strength * wobble(r); /* from the middle to half grey, in pixels */
    double blur = 1.1 + 0.4 * (2 * rng_uniform(r) - 1); /* from ink to paper */
    pen = pen < 0.35 ? 0.35 : pen > 1.4 ? 1.4 : pen;
    double reach = pen + blur / 2;
    for (int y = 0; y < SIDE; y++)
        for (int i = 0; i < SIDE + 4; i++)
            v.dist2[y][i] = reach * reach;
    v.left = SIDE;
    v.right = 0;
    for (int k = 0; k < d.strokes; k++)
        draw_stroke(&v, d.p + d.begin[k], d.begin[k + 1] - d.begin[k], reach);
    for (int i = 0; i < PIXELS; i++)
        x[i] = -1;
    for (int y = 0; y < SIDE; y++, x += SIDE)
        for (int i = v.left / 2 * 2; i < v.right; i += 2) {
            pair far = {sqrt(v.dist2[y][i]), sqrt(v.dist2[y][i + 1])};
            pair ink = least((reach - far) / blur, (pair){1, 1});
            x[i] = (real)(2 * ink[0] - 1);
            x[i + 1] = (real)(2 * ink[1] - 1);
        }
}

struct work {
    struct samples *s;
    const struct data_conf *c;
    const char *part;
};

/* The digits 10b .. 10b+9 show. */
static void shuffle_ten(uint32_t order[10], const struct work *w, size_t b)
{
    for (uint32_t k = 0; k < 10; k++)
        order[k] = k;
    struct rng r = rng_stream(w->c->seed, "digits-order", w->part, b);
    rng_shuffle(&r, order, 10);
}

static void make_some(void *arg, size_t lo, size_t hi)
{
    const struct work *w = arg;
    double strength = w->c->noise >= 0 ? w->c->noise : 1;
    uint32_t order[10];
    for (size_t i = lo; i < hi; i++) {
        if (i == lo || i % 10 == 0)
            shuffle_ten(order, w, i / 10);
        w->s->label[i] = (int)order[i % 10];
        struct rng r = rng_stream(w->c->seed, "digits", w->part, i);
        make_digit(w->s->x + i * PIXELS, w->s->label[i], strength, &r);
    }
}

static int digits_make(struct samples *s, size_t n, const struct data_conf *c, const char *part,
                       struct err *e)
{
    struct work w = {s, c, part};
    if (samples_alloc(s, n, (struct shape){1, SIDE, SIDE}, 10, 0, e))
        return -1;
    par_for(n, GRAIN, make_some, &w);
    return 0;
}

const struct data_generator generator_digits = {
    .name = "digits",
    .help =
        "handwritten-looking digits, 1x16x16, values in [-1, 1], 10 classes; noise: how strongly "
        "they are deformed, from 0 to 4",
    .noise = 1,
    .noise_max = 4,
    .make = digits_make,
};
