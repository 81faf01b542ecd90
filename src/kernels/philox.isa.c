/* philox.isa.c - Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), one block per 64-bit lane. */
#include "kernels/fill.h"
#include "kernels/vec.h"

#define BLOCKS (VW / 2) /* a vector */
#define WAYS   2        /* vectors at once: a block's rounds wait for each other */
#define CHUNK  (4 * BLOCKS * WAYS)

/* a0 b0 a1 b1 ... of the lower and the upper half */
#if VW == 16
#define ZIP_LOW  0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif VW == 8
#define ZIP_LOW  0, 4, 1, 5
#define ZIP_HIGH 2, 6, 3, 7
#else
#define ZIP_LOW  0, 2
#define ZIP_HIGH 1, 3
#endif

typedef uint64_t vul_any __attribute__((vector_size(4 * VW), aligned(4), may_alias));

/* c[.][0 .. 3]: the counter's words, in the low halves of the lanes; the high halves hold whatever
 * products and sums leave there and never reach a low half. */
INLINE void rounds(vul c[WAYS][4], const uint32_t key[2])
{
    vul zero = {0}, k0 = zero + key[0], k1 = zero + key[1];
    for (int i = 0; i < 10; i++) {
        for (int w = 0; w < WAYS; w++) {
            vul p0 = v_mul32(c[w][0], zero + 0xd2511f53u);
            vul p1 = v_mul32(c[w][2], zero + 0xcd9e8d57u);
            c[w][0] = (p1 >> 32) ^ c[w][1] ^ k0;
            c[w][1] = p1;
            c[w][2] = (p0 >> 32) ^ c[w][3] ^ k1;
            c[w][3] = p0;
        }
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
}

/* CHUNK numbers from block number `first` on, in the order of little-endian memory. */
INLINE void chunk(uint32_t *out, const uint32_t key[2], uint64_t index, uint64_t first)
{
    vul zero = {0}, count = {0};
    for (int i = 0; i < BLOCKS; i++)
        count[i] = (uint64_t)i;
    vul c[WAYS][4];
    for (int w = 0; w < WAYS; w++) {
        vul number = count + (first + (uint64_t)(w * BLOCKS));
        c[w][0] = number;
        c[w][1] = number >> 32;
        c[w][2] = zero + index;
        c[w][3] = zero + (index >> 32);
    }
    rounds(c, key);
    for (int w = 0; w < WAYS; w++, out += 4 * BLOCKS) {
        vul a = (c[w][0] & UINT32_MAX) | c[w][1] << 32, b = (c[w][2] & UINT32_MAX) | c[w][3] << 32;
        *(vul_any *)out = __builtin_shufflevector(a, b, ZIP_LOW);
        *(vul_any *)(out + 2 * BLOCKS) = __builtin_shufflevector(a, b, ZIP_HIGH);
    }
}

static void philox(uint32_t *out, const uint32_t key[2], uint64_t index, uint64_t pos, size_t n)
{
    size_t i = 0;
    for (; i + CHUNK <= n; i += CHUNK)
        chunk(out + i, key, index, (pos + i) / 4);
    if (i < n) {
        uint32_t last[CHUNK];
        chunk(last, key, index, (pos + i) / 4);
        memcpy(out + i, last, (n - i) * sizeof *out);
    }
}

void ISA_NAME(philox_fill)(struct kernels *k)
{
    k->philox = philox;
}
