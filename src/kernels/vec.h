/* vec.h - vectors of the native width of the instruction set that a *.isa.c is compiled for.
 *
 * VW floats a vector: 16 (AVX-512), 8 (AVX2), 4 (base: SSE2, NEON, or plain C). + - * / and the
 * bitwise operators are the compiler's own on these types; here is what it lacks. v_fma rounds once
 * where the set has a fused multiply-add, and twice on base. */
#ifndef KERNELS_VEC_H
#define KERNELS_VEC_H

#include "base/real.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef REAL_DOUBLE
#error "the double build has the reference kernels only"
#endif

/* NAME_ISA: what a file exports is named after the set. */
#define VEC_JOIN(a, b)  a##_##b
#define VEC_JOIN2(a, b) VEC_JOIN(a, b)
#define ISA_NAME(name)  VEC_JOIN2(name, ISA)

#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define VW 16
#elif defined(__AVX2__) && defined(__FMA__)
#define VW 8
#else
#define VW 4
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#else
#include <math.h>
#endif

typedef float vf __attribute__((vector_size(4 * VW)));
typedef int32_t vi __attribute__((vector_size(4 * VW)));
typedef uint32_t vu __attribute__((vector_size(4 * VW)));
typedef uint64_t vul __attribute__((vector_size(4 * VW)));

/* the same types anywhere in memory */
typedef float vf_any __attribute__((vector_size(4 * VW), aligned(4), may_alias));
typedef uint32_t vu_any __attribute__((vector_size(4 * VW), aligned(4), may_alias));

INLINE vf v_load(const float *p)
{
    return *(const vf_any *)p;
}

INLINE void v_store(float *p, vf a)
{
    *(vf_any *)p = a;
}

/* vm: one truth value per lane. v_set: x in every lane. v_lt, v_le, v_nan: a < b, a <= b, a is NaN.
 * v_sel: m ? a : b. v_max: a > b ? a : b. v_any: whether any lane is true. v_ltu: unsigned a < b.
 * v_mul32: products of the low halves of 64-bit lanes. v_load_pad: p[0 .. n-1], n <= VW, then
 * `pad`; v_store_n: the first n lanes to p. */
#if VW == 16
typedef __mmask16 vm;

INLINE vf v_set(float x)
{
    return (vf)_mm512_set1_ps(x);
}

INLINE vf v_fma(vf a, vf b, vf c)
{
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

INLINE vf v_sqrt(vf a)
{
    return (vf)_mm512_sqrt_ps((__m512)a);
}

INLINE vm v_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
}

INLINE vm v_le(vf a, vf b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LE_OQ);
}

INLINE vm v_nan(vf a)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
}

INLINE vm v_ltu(vu a, vu b)
{
    return _mm512_cmplt_epu32_mask((__m512i)a, (__m512i)b);
}

INLINE int v_any(vm m)
{
    return m != 0;
}

INLINE vf v_sel(vm m, vf a, vf b)
{
    return (vf)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a);
}

INLINE vf v_max(vf a, vf b)
{
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}

INLINE vul v_mul32(vul a, vul b)
{
    return (vul)_mm512_mul_epu32((__m512i)a, (__m512i)b);
}

INLINE vf v_load_pad(const float *p, size_t n, float pad)
{
    return (vf)_mm512_mask_loadu_ps(_mm512_set1_ps(pad), (__mmask16)((1u << n) - 1), p);
}

INLINE void v_store_n(float *p, vf a, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)a);
}

#else /* 8 or 4 lanes */
typedef vi vm;

INLINE vm v_lt(vf a, vf b)
{
    return (vm)(a < b);
}

INLINE vm v_le(vf a, vf b)
{
    return (vm)(a <= b);
}

INLINE vm v_nan(vf a)
{
    return (vm)(a != a);
}

INLINE vm v_ltu(vu a, vu b)
{
    return (vm)(a < b);
}

#if VW == 8
INLINE vf v_set(float x)
{
    return (vf)_mm256_set1_ps(x);
}

INLINE vf v_fma(vf a, vf b, vf c)
{
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

INLINE vf v_sqrt(vf a)
{
    return (vf)_mm256_sqrt_ps((__m256)a);
}

INLINE int v_any(vm m)
{
    return _mm256_movemask_ps((__m256)m) != 0;
}

INLINE vf v_sel(vm m, vf a, vf b)
{
    return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m);
}

INLINE vf v_max(vf a, vf b)
{
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}

INLINE vul v_mul32(vul a, vul b)
{
    return (vul)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}

INLINE __m256i v_first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE vf v_load_pad(const float *p, size_t n, float pad)
{
    __m256i first = v_first(n);
    vf loaded = (vf)_mm256_maskload_ps(p, first); /* 0 elsewhere */
    if (__builtin_constant_p(pad == 0) && pad == 0)
        return loaded;
    return v_sel((vm)first, loaded, v_set(pad));
}

INLINE void v_store_n(float *p, vf a, size_t n)
{
    __m128 x = _mm256_castps256_ps128((__m256)a); /* masked stores are slow on some processors */
    if (n & 8)
        _mm256_storeu_ps(p, (__m256)a);
    if (n & 4) {
        _mm_storeu_ps(p, x);
        p += 4;
        x = _mm256_extractf128_ps((__m256)a, 1);
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, x);
        p += 2;
        x = _mm_movehl_ps(x, x);
    }
    if (n & 1)
        _mm_store_ss(p, x);
}

#else /* 4 lanes */
INLINE vf v_set(float x)
{
    return (vf){x, x, x, x};
}

INLINE vf v_fma(vf a, vf b, vf c)
{
    return a * b + c;
}

INLINE vf v_sqrt(vf a)
{
#if defined(__x86_64__)
    return (vf)_mm_sqrt_ps((__m128)a);
#else
    return (vf){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])};
#endif
}

INLINE vf v_sel(vm m, vf a, vf b)
{
    return (vf)((m & (vi)a) | (~m & (vi)b));
}

INLINE vf v_max(vf a, vf b)
{
#if defined(__x86_64__)
    return (vf)_mm_max_ps((__m128)a, (__m128)b);
#else
    return v_sel(v_lt(b, a), a, b);
#endif
}

INLINE int v_any(vm m)
{
    return (m[0] | m[1] | m[2] | m[3]) != 0;
}

INLINE vul v_mul32(vul a, vul b)
{
#if defined(__x86_64__)
    return (vul)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

INLINE vf v_load_pad(const float *p, size_t n, float pad)
{
    return (vf){n > 0 ? p[0] : pad, n > 1 ? p[1] : pad, n > 2 ? p[2] : pad, n > 3 ? p[3] : pad};
}

INLINE void v_store_n(float *p, vf a, size_t n)
{
    memcpy(p, &a, n * sizeof *p);
}
#endif
#endif

/* 0, 1, 2, .. */
INLINE vu v_count(void)
{
    vu c = {0};
    for (int i = 0; i < VW; i++)
        c[i] = (uint32_t)i;
    return c;
}

INLINE vi vi_set(int32_t x)
{
    return (vi){0} + x;
}

/* Lane i is lane from[i] of a, 0 <= from[i] < VW. */
INLINE vf v_permute(vf a, vi from)
{
#if VW == 16
    return (vf)_mm512_permutexvar_ps((__m512i)from, (__m512)a);
#elif VW == 8
    return (vf)_mm256_permutevar8x32_ps((__m256)a, (__m256i)from);
#else
    vf r;
    for (int i = 0; i < VW; i++)
        r[i] = a[from[i]];
    return r;
#endif
}

/* The first n <= VW numbers of p, then 0; with a constant n = VW one plain load. AVX-512 masks cost
 * nothing, elsewhere the usual whole vector is worth a branch. */
INLINE vf v_load_n(const float *p, size_t n)
{
    if (VW == 16 ? __builtin_constant_p(n) && n == VW : n == VW)
        return v_load(p);
    return v_load_pad(p, n, 0);
}

INLINE void v_put(float *p, vf a, size_t n)
{
    if (VW == 16 ? __builtin_constant_p(n) && n == VW : n == VW)
        v_store(p, a);
    else
        v_store_n(p, a, n);
}

#endif
