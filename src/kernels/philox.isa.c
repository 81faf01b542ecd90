/* philox.isa.c - Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), one block per 64-bit lane. */
#include "kernels/fill.h"
#include "kernels/vec.h"

#define BLOCKS (VW / 2) /* a vector */

/* c[0 .. 3]: the counter's words, in the low halves of the lanes; the high halves hold whatever the
 * products leave there and never reach a low half. */
INLINE void rounds(vul c[4], const uint32_t key[2])
{
    uint32_t k0 = key[0], k1 = key[1];
    vul zero = {0};
    for (int i = 0; i < 10; i++) {
        vul p0 = v_mul32(c[0], zero + 0xd2511f53u), p1 = v_mul32(c[2], zero + 0xcd9e8d57u);
        c[0] = (p1 >> 32) ^ c[1] ^ k0;
        c[1] = p1;
        c[2] = (p0 >> 32) ^ c[3] ^ k1;
        c[3] = p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
}

/* 4 BLOCKS numbers from block number `first` on. */
INLINE void blocks(uint64_t *out, const uint32_t key[2], uint64_t index, uint64_t first)
{
    vul zero = {0}, number;
    for (int i = 0; i < BLOCKS; i++)
        number[i] = first + (uint64_t)i;
    vul c[4] = {number, number >> 32, zero + index, zero + (index >> 32)};
    rounds(c, key);
    vul low = (c[0] & UINT32_MAX) | c[1] << 32, high = (c[2] & UINT32_MAX) | c[3] << 32;
    for (int i = 0; i < BLOCKS; i++) {
        out[2 * i] = low[i];
        out[2 * i + 1] = high[i];
    }
}

/* Words of a block follow each other in memory, so pairs are put together by their bytes' order. */
static void philox(uint32_t *out, const uint32_t key[2], uint64_t index, uint64_t pos, size_t n)
{
    uint64_t pairs[2 * BLOCKS];
    for (size_t i = 0; i < n; i += 4 * BLOCKS) {
        size_t left = n - i < 4 * BLOCKS ? n - i : 4 * BLOCKS;
        blocks(pairs, key, index, (pos + i) / 4);
        memcpy(out + i, pairs, left * sizeof *out);
    }
}

void ISA_NAME(philox_fill)(struct kernels *k)
{
    k->philox = philox;
}
