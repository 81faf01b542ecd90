/* bf16.h - products of numbers rounded to bfloat16 (8 bits of a float's mantissa), summed up as
 * floats, with the same bits on processors with and without instructions for them.
 *
 * The instruction, vdpbf16ps, takes words of two numbers, and multiplies and adds the upper ones,
 * then the lower ones, rounding each time once; what is subnormal counts as 0 (Intel, Architecture
 * Instruction Set Extensions, 2023). So without it the chain is that of v_fma over rounded floats,
 * the upper number first, while subnormal numbers are off. */
#ifndef KERNELS_BF16_H
#define KERNELS_BF16_H

#include "kernels/vec.h"

#include <stdbool.h>

#define BF16_LEAST 0x00800000u /* bits of the least normal number */
#define BF16_SIGN  0x80000000u
#define BF16_QUIET 0x00400000u
#define BF16_BITS  0xffff0000u

/* a to the nearest, of two the even one; what is subnormal to 0. */
INLINE vf v_bf16(vf a)
{
    vu u = (vu)a;
    vf even = (vf)((u + 0x7fffu + ((u >> 16) & 1u)) & BF16_BITS), zero = (vf)(u & BF16_SIGN);
    vf near = v_sel(v_ltu(u & ~BF16_SIGN, (vu){0} + BF16_LEAST), zero, even);
    return v_sel(v_nan(a), (vf)((u | BF16_QUIET) & BF16_BITS), near);
}

#if VW == 16
/* Whether the processor has what follows. */
INLINE bool bf16_has_words(void)
{
    return __builtin_cpu_supports("avx512bf16") != 0;
}

/* Words of `upper` and `lower` numbers, rounded. */
INLINE vf v_words(vf upper, vf lower)
{
    __m512i both, turn = (__m512i)(v_count() | (v_count() + 16u) << 16);
    __asm__("vcvtne2ps2bf16 %2, %1, %0" : "=v"(both) : "v"(upper), "v"(lower));
    return (vf)_mm512_permutexvar_epi16(turn, both);
}

/* Words of a's numbers 0 and 1, 2 and 3, .. */
INLINE __m256i v_neighbours(vf a)
{
    __m256i words;
    __asm__("vcvtneps2bf16 %1, %0" : "=v"(words) : "v"(a));
    return _mm256_rol_epi32(words, 16);
}

/* Adds the products of two words' upper numbers, then of the lower ones. */
INLINE vf v_dot(vf a, vf b, vf sum)
{
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
#else
INLINE bool bf16_has_words(void)
{
    return false;
}
#endif

/* Turns subnormal numbers off in this thread, and back to what it was. */
INLINE unsigned bf16_begin(void)
{
#ifdef __x86_64__
    unsigned was = _mm_getcsr();
    _mm_setcsr(was | _MM_FLUSH_ZERO_ON | 0x40); /* and those that are read */
    return was;
#else
    return 0;
#endif
}

INLINE void bf16_end(unsigned was)
{
#ifdef __x86_64__
    _mm_setcsr(was);
#else
    (void)was;
#endif
}

#endif
