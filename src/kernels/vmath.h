/* vmath.h - exp, log, tanh, the logistic function, sine and cosine, and what elu, gelu and normal
 * random numbers need, on vectors.
 *
 * Ranges are reduced as Cody and Waite 1980 do; the polynomials are minimax fits (Remez) of our
 * own, rounded to float. Every lane is computed alike, so a value has the same bits wherever it
 * stands, and AVX2 and AVX-512 agree bit by bit.
 *
 * Largest error in units in the last place, measured over all floats (in brackets base, whose
 * multiply-add rounds twice): exp 0.92 (1.21), log 0.82 (0.83), tanh 2.58 (2.62), sigmoid 2.41.
 * Below stay elu (1.5), silu (3.2; where it is above 2^-119) and gelu (7; 70 on base for arguments
 * far below 0; above 2^-122). Sine and cosine are within 1.5e-7 for arguments up to 8192 and 3e-7
 * up to 1e8; beyond, still between -1 and 1. Infinities, NaN, overflow to infinity, results in the
 * denormal range and underflow to 0 are as IEEE wants them; denormal arguments count in full;
 * tanh(-0) is -0; log of a negative is NaN. */
#ifndef KERNELS_VMATH_H
#define KERNELS_VMATH_H

#include "kernels/vec.h"

#include <math.h>

/* 2^k for k in -126 .. 127; bits are shifted unsigned, for NaN gives any k */
INLINE vf vmath_pow2(vi k)
{
    return (vf)(((vu)k + 127) << 23);
}

/* x = k ln 2 + r, |r| <= ln 2 / 2: returns r; |x| < 2^20. */
INLINE vf vmath_reduce(vf x, vi *k)
{
    vf magic = v_set(0x1.8p23f); /* adding it rounds to an integer, which then stands in the bits */
    vf shifted = v_fma(x, v_set(0x1.715476p+0f), magic);
    vf kf = shifted - magic;
    *k = (vi)((vu)shifted - (vu)magic);
    vf r = v_fma(kf, v_set(-0x1.63p-1f), x); /* ln 2 in two parts, the first one of nine bits */
    return v_fma(kf, v_set(0x1.bd0106p-13f), r);
}

/* q of e^r = 1 + r + r^2 q(r) */
INLINE vf vmath_exp_tail(vf r)
{
    vf q = v_set(0x1.6db4eap-10f);
    q = v_fma(q, r, v_set(0x1.123bdep-7f));
    q = v_fma(q, r, v_set(0x1.55545ep-5f));
    q = v_fma(q, r, v_set(0x1.55548ep-3f));
    return v_fma(q, r, v_set(0.5f));
}

INLINE vf vmath_exp(vf x)
{
    vi k;
    x = v_sel(v_lt(v_set(89), x), v_set(89), x); /* beyond: infinity; NaN stays */
    vf r = vmath_reduce(x, &k);
    vf y = v_fma(v_fma(vmath_exp_tail(r), r, v_set(1)), r, v_set(1));
    vi half = k >> 1; /* 2^k itself may be no normal number; the last product rounds, once */
    y = y * vmath_pow2(half) * vmath_pow2(k - half);
    return v_sel(v_lt(x, v_set(-104)), v_set(0), y); /* chosen, for to underflow takes time */
}

/* x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)); ln(1 + f) = f - f^2/2 + f^3 q(f) */
INLINE vf vmath_log(vf x)
{
    vm tiny = v_lt(x, v_set(0x1p-126f));
    vi bits = (vi)((vu)v_sel(tiny, x * 0x1p24f, x) - 0x3f3504f3); /* less sqrt(1/2) */
    vf k = __builtin_convertvector(bits >> 23, vf) - v_sel(tiny, v_set(24), v_set(0));
    vf f = (vf)((bits & 0x7fffff) + 0x3f3504f3) - 1;
    vf f2 = f * f;
    vf q = v_set(0x1.1c26d8p-4f);
    q = v_fma(q, f, v_set(-0x1.e54282p-4f));
    q = v_fma(q, f, v_set(0x1.e6f96p-4f));
    q = v_fma(q, f, v_set(-0x1.fafac8p-4f));
    q = v_fma(q, f, v_set(0x1.232a76p-3f));
    q = v_fma(q, f, v_set(-0x1.55641cp-3f));
    q = v_fma(q, f, v_set(0x1.99a514p-3f));
    q = v_fma(q, f, v_set(-0x1.ffffeap-3f));
    q = v_fma(q, f, v_set(0x1.555548p-2f));
    vf low = v_fma(k, v_set(-0x1.bd0106p-13f), q * f2 * f);
    low = v_fma(f2, v_set(-0.5f), low);
    vf y = v_fma(k, v_set(0x1.63p-1f), f + low);
    y = v_sel(v_lt(x, v_set(INFINITY)), y, x); /* infinity and NaN */
    y = v_sel(v_le(x, v_set(0)), v_set(-INFINITY), y);
    return v_sel(v_lt(x, v_set(0)), v_set(NAN), y);
}

INLINE vf vmath_abs(vf x)
{
    return (vf)((vi)x & 0x7fffffff);
}

/* tanh |x| = d / (d + 2), d = e^(2|x|) - 1; from 9.1 on it is 1 */
INLINE vf vmath_tanh(vf x)
{
    vi k;
    vf z = vmath_abs(x);
    z = v_sel(v_lt(v_set(10), z), v_set(10), z);
    vf r = vmath_reduce(z + z, &k), two_k = vmath_pow2(k);
    vf d = v_fma(r * r, vmath_exp_tail(r), r); /* e^r - 1, all digits of it for small r too */
    d = v_fma(d, two_k, two_k - 1);
    vf y = d / (d + 2);
    return (vf)((vi)y | ((vi)x & INT32_MIN));
}

/* 1 / (1 + e^-x), and e^x / (1 + e^x) for x < 0, where 1 + e^-x may overflow */
INLINE vf vmath_sigmoid(vf x)
{
    vf e = vmath_exp(-vmath_abs(x));
    return v_sel(v_lt(x, v_set(0)), e, v_set(1)) / (1 + e);
}

/* e^x - 1 for x <= 0 */
INLINE vf vmath_expm1_negative(vf x)
{
    vi k;
    x = v_sel(v_lt(x, v_set(-30)), v_set(-30), x); /* beyond: -1 */
    vf r = vmath_reduce(x, &k), two_k = vmath_pow2(k);
    vf d = v_fma(r * r, vmath_exp_tail(r), r);
    return v_fma(d, two_k, two_k - 1);
}

/* e^(-z^2 / 2) for 0 <= z <= 15. The part of z^2 that rounding loses comes back in as a factor
 * (on base it is lost). */
INLINE vf vmath_bell(vf z)
{
    vf square = z * z, lost = v_fma(z, z, -square), e = vmath_exp(square * -0.5f);
    return v_fma(e, lost * -0.5f, e);
}

/* The probability that a normal number exceeds z, given bell = e^(-z^2 / 2), 0 <= z <= 15: bell
 * times a polynomial in (z - 2.5) / (z + 2.5), over z + 2.5. */
INLINE vf vmath_normal_tail(vf z, vf bell)
{
    vf t = 1 / (z + 2.5f), u = v_fma(t, v_set(-5), v_set(1));
    vf q = v_set(-0x1.4ab9c2p-13f);
    q = v_fma(q, u, v_set(-0x1.46c296p-12f));
    q = v_fma(q, u, v_set(0x1.66d45p-11f));
    q = v_fma(q, u, v_set(0x1.4ad12p-9f));
    q = v_fma(q, u, v_set(-0x1.a3a5e2p-10f));
    q = v_fma(q, u, v_set(-0x1.0c78a4p-6f));
    q = v_fma(q, u, v_set(0x1.2ea424p-7f));
    q = v_fma(q, u, v_set(0x1.0e4f3p-3f));
    q = v_fma(q, u, v_set(-0x1.bc19c2p-2f));
    q = v_fma(q, u, v_set(0x1.69cee6p-1f));
    return bell * (q * t);
}

/* cos(k pi/2 + r), |r| <= pi/4; with k - 1 the sine */
INLINE vf vmath_cos_quarter(vi k, vf r)
{
    vf t = r * r;
    vf s = v_set(-0x1.993d72p-13f);
    s = v_fma(s, t, v_set(0x1.11072ep-7f));
    s = v_fma(s, t, v_set(-0x1.555546p-3f));
    s = v_fma(s * t, r, r);
    vf c = v_set(0x1.99f2dep-16f);
    c = v_fma(c, t, v_set(-0x1.6c0c58p-10f));
    c = v_fma(c, t, v_set(0x1.55554ap-5f));
    c = v_fma(c * t, t, v_fma(t, v_set(-0.5f), v_set(1)));
    vf odd = (vf)((vu)k << 31 | 0x3f800000); /* -1 where k is odd */
    vf y = v_sel(v_lt(odd, v_set(0)), s, c);
    return (vf)((vu)y ^ (((vu)k + 1) & 2) << 30);
}

#define VMATH_NEAR 8192.0f /* quarter turns up to here are numbers of 13 bits */

/* Numbers beyond VMATH_NEAR less whole turns, one by one, which is rare: remainder is exact. */
INLINE vf vmath_less_turns(vf x)
{
    vm far = v_lt(v_set(VMATH_NEAR), vmath_abs(x));
    if (__builtin_expect(v_any(far), 0))
        for (int i = 0; i < VW; i++)
            if (fabsf(x[i]) > VMATH_NEAR)
                x[i] = (float)remainder((double)x[i], 0x1.921fb54442d18p+2);
    return x;
}

/* x = k pi/2 + r, |r| <= pi/4: returns r. pi/2 is four parts, the first three of eleven bits. */
INLINE vf vmath_reduce_quarter(vf x, vi *k)
{
    vf magic = v_set(0x1.8p23f);
    x = vmath_less_turns(x);
    vf shifted = v_fma(x, v_set(0x1.45f306p-1f), magic);
    vf kf = shifted - magic;
    *k = (vi)((vu)shifted - (vu)magic);
    vf r = v_fma(kf, v_set(-0x1.92p+0f), x);
    r = v_fma(kf, v_set(-0x1.fb4p-12f), r);
    r = v_fma(kf, v_set(-0x1.444p-24f), r);
    return v_fma(kf, v_set(-0x1.68c234p-39f), r);
}

INLINE vf vmath_cos(vf x)
{
    vi k;
    vf r = vmath_reduce_quarter(x, &k);
    return vmath_cos_quarter(k, r);
}

INLINE vf vmath_sin(vf x)
{
    vi k;
    vf r = vmath_reduce_quarter(x, &k);
    return vmath_cos_quarter(k - 1, r);
}

/* kernels.h's normal: u and v are the upper 24 bits of its numbers. */
INLINE vf vmath_normal(vi u, vi v)
{
    vf p = __builtin_convertvector(u + 1, vf) * 0x1p-24f; /* (0, 1], exact */
    vf turn = __builtin_convertvector(v, vf) * 0x1p-22f, magic = v_set(0x1.8p23f);
    vf shifted = turn + magic, k = shifted - magic; /* quarters of a turn */
    vf r = (turn - k) * 0x1.921fb6p+0f;
    return v_sqrt(vmath_log(p) * -2) * vmath_cos_quarter((vi)((vu)shifted - (vu)magic), r);
}

#endif
