/* winograd_points.h - Winograd's transforms on vectors, along one axis and along both.
 *
 * Points are 0 and infinity, a and -a, b and -b: three pairs. With p_j the points,
 *
 *     evaluate  n coefficients c become values sum_i p_j^i c[i]; c[n-1] at infinity
 *     collect   values v become sum_j p_j^i v[j], its transpose
 *     inputs    6 inputs become what evaluated taps, times winograd_scale, are multiplied by
 *
 * Along both axes what is at two points of one is transformed along the other before the next two
 * are computed: that much fits in the registers. Products are in the order (pair, its point, point
 * of the other axis). */
#ifndef KERNELS_WINOGRAD_POINTS_H
#define KERNELS_WINOGRAD_POINTS_H

#include "kernels/bf16.h"
#include "kernels/winograd.h"

#define POINT_A 0.625f
#define POINT_B 1.5f
#define A2      (POINT_A * POINT_A)
#define B2      (POINT_B * POINT_B)

#define PAIRS (WINOGRAD_POINTS / 2)

#ifdef __clang__
#define WINOGRAD_UNROLL _Pragma("unroll")
#else
#define WINOGRAD_UNROLL _Pragma("GCC unroll 6")
#endif

/* 1 over the product of a point's distances from the other finite ones. */
static const float winograd_scale[WINOGRAD_POINTS] = {1 / (A2 * B2),
                                                      1,
                                                      1 / (2 * A2 * (A2 - B2)),
                                                      1 / (2 * A2 * (A2 - B2)),
                                                      1 / (2 * B2 * (B2 - A2)),
                                                      1 / (2 * B2 * (B2 - A2))};

/* The scale of product k. */
INLINE float winograd_factor(const int k)
{
    return winograd_scale[k / WINOGRAD_POINTS] * winograd_scale[k % WINOGRAD_POINTS];
}

/* ---- one axis, one pair ---- */

INLINE void inputs_pair(vf o[2], const vf d[WINOGRAD_POINTS], const int pair)
{
    if (pair == 0) {
        vf both = v_set(A2 * B2), sum = v_set(-(A2 + B2));
        o[0] = v_fma(both, d[0], v_fma(sum, d[2], d[4]));
        o[1] = v_fma(both, d[1], v_fma(sum, d[3], d[5]));
        return;
    }
    vf other = v_set(pair == 1 ? -B2 : -A2), p = v_set(pair == 1 ? POINT_A : POINT_B);
    vf even = v_fma(other, d[2], d[4]), odd = v_fma(other, d[1], d[3]);
    o[0] = v_fma(p, odd, even);
    o[1] = v_fma(-p, odd, even);
}

INLINE void evaluate_pair(vf o[2], const vf *c, const int n, const int pair)
{
    if (pair == 0) {
        o[0] = c[0];
        o[1] = c[n - 1];
        return;
    }
    vf p = v_set(pair == 1 ? POINT_A : POINT_B), square = v_set(pair == 1 ? A2 : B2);
    vf even = c[0], odd = c[1];
    if (n > 4)
        even = v_fma(square, v_fma(square, c[4], c[2]), c[0]);
    else if (n > 2)
        even = v_fma(square, c[2], c[0]);
    if (n > 3)
        odd = v_fma(square, c[3], c[1]);
    o[0] = v_fma(p, odd, even);
    o[1] = v_fma(-p, odd, even);
}

/* Adds what values of a pair give; pair 0, the first one, stores. */
INLINE void collect_pair(vf *c, const int n, vf plus, vf minus, const int pair)
{
    if (pair == 0) {
        WINOGRAD_UNROLL
        for (int i = 1; i < n - 1; i++)
            c[i] = v_set(0);
        c[0] = plus;
        c[n - 1] = minus;
        return;
    }
    const float p = pair == 1 ? POINT_A : POINT_B;
    vf even = plus + minus, odd = plus - minus;
    c[0] += even;
    c[1] = v_fma(v_set(p), odd, c[1]);
    if (n > 2)
        c[2] = v_fma(v_set(p * p), even, c[2]);
    if (n > 3)
        c[3] = v_fma(v_set(p * p * p), odd, c[3]);
    if (n > 4)
        c[4] = v_fma(v_set(p * p * p * p), even, c[4]);
}

/* ---- both axes ---- */

/* One behind the other, `apart` numbers from each other: not an address in a register for each. */
INLINE float *winograd_next(float *at, size_t apart)
{
    at += apart;
    __asm__("" : "+r"(at));
    return at;
}

/* How a vector of values is put. */
enum point_form {
    POINT_FLOATS,
    POINT_ROUNDED,    /* to bfloat16 */
    POINT_NEIGHBOURS, /* half a vector, words of neighbours */
    POINT_LOWER       /* words, with the floats that stand there, which are the upper numbers */
};

INLINE void point_put(float *to, vf v, const size_t n, const enum point_form form)
{
#if VW == 16
    if (form == POINT_NEIGHBOURS) {
        _mm256_mask_storeu_epi32(to, (__mmask8)((1u << (n + 1) / 2) - 1), v_neighbours(v));
        return;
    }
    if (form == POINT_LOWER)
        v = v_words(v_load_n(to, n), v);
#endif
    v_put(to, form == POINT_ROUNDED ? v_bf16(v) : v, n);
}

/* 6 x 6 inputs, lanes n of pixels `pixel` apart in rows `row` apart, become 36 products' inputs. */
INLINE void winograd_inputs(const float *x, ptrdiff_t row, ptrdiff_t pixel, float *to, size_t apart,
                            const size_t n, const enum point_form form)
{
    WINOGRAD_UNROLL
    for (int pair = 0; pair < PAIRS; pair++) {
        vf t[WINOGRAD_POINTS][2], d[WINOGRAD_POINTS], o[2];
        const float *at = x;
        WINOGRAD_UNROLL
        for (int i = 0; i < WINOGRAD_POINTS; i++) {
            WINOGRAD_UNROLL
            for (int j = 0; j < WINOGRAD_POINTS; j++)
                if (pair == 0 || (j > 0 && j < WINOGRAD_POINTS - 1))
                    d[j] = v_load_n(at + j * pixel, n);
            inputs_pair(t[i], d, pair);
            at += row;
            __asm__("" : "+r"(at));
        }
        WINOGRAD_UNROLL
        for (int j = 0; j < 2; j++) {
            WINOGRAD_UNROLL
            for (int i = 0; i < WINOGRAD_POINTS; i++)
                d[i] = t[i][j];
            WINOGRAD_UNROLL
            for (int other = 0; other < PAIRS; other++) {
                inputs_pair(o, d, other);
                point_put(to, o[0], n, form);
                to = winograd_next(to, apart);
                point_put(to, o[1], n, form);
                to = winograd_next(to, apart);
            }
        }
    }
}

/* m x m coefficients become 36 values, times their factors if `scaled`. */
INLINE void winograd_evaluate(const float *x, ptrdiff_t row, ptrdiff_t pixel, const int m,
                              const bool scaled, float *to, size_t apart, const size_t n,
                              const enum point_form form)
{
    int k = 0;
    WINOGRAD_UNROLL
    for (int pair = 0; pair < PAIRS; pair++) {
        vf t[WINOGRAD_POINTS][2], c[WINOGRAD_POINTS], o[2];
        WINOGRAD_UNROLL
        for (int i = 0; i < m; i++) {
            WINOGRAD_UNROLL
            for (int j = 0; j < m; j++)
                c[j] = v_load_n(x + i * row + j * pixel, n);
            evaluate_pair(t[i], c, m, pair);
        }
        WINOGRAD_UNROLL
        for (int j = 0; j < 2; j++) {
            WINOGRAD_UNROLL
            for (int i = 0; i < m; i++)
                c[i] = t[i][j];
            WINOGRAD_UNROLL
            for (int other = 0; other < PAIRS; other++) {
                evaluate_pair(o, c, m, other);
                point_put(to, scaled ? o[0] * v_set(winograd_factor(k)) : o[0], VW, form);
                to = winograd_next(to, apart);
                point_put(to, scaled ? o[1] * v_set(winograd_factor(k + 1)) : o[1], VW, form);
                to = winograd_next(to, apart);
                k += 2;
            }
        }
    }
}

/* 36 values, times their factors if `scaled`, become m x m coefficients. */
INLINE void winograd_collect(const float *from, size_t apart, const int m, const bool scaled,
                             vf c[][WINOGRAD_POINTS])
{
    int k = 0;
    WINOGRAD_UNROLL
    for (int pair = 0; pair < PAIRS; pair++) {
        vf t[2][WINOGRAD_POINTS];
        WINOGRAD_UNROLL
        for (int j = 0; j < 2; j++) {
            WINOGRAD_UNROLL
            for (int other = 0; other < PAIRS; other++) {
                vf plus = v_load(from), minus;
                from += apart;
                __asm__("" : "+r"(from));
                minus = v_load(from);
                from += apart;
                __asm__("" : "+r"(from));
                if (scaled) {
                    plus *= v_set(winograd_factor(k));
                    minus *= v_set(winograd_factor(k + 1));
                }
                collect_pair(t[j], m, plus, minus, other);
                k += 2;
            }
        }
        WINOGRAD_UNROLL
        for (int i = 0; i < m; i++)
            collect_pair(c[i], m, t[0][i], t[1][i], pair);
    }
}

#endif
