/* rng.h - random numbers by counter: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011,
 * "Parallel random numbers: as easy as 1, 2, 3").
 *
 * There is no global generator. A stream is named by (seed, purpose, name) and numbered by `index`
 * (an epoch, a step, a sample); inside a stream, numbers are reached by position. So any thread can
 * compute any number, and a new layer does not move the numbers of the others. The same bits on
 * every machine: integers, and + - * / sqrt only (fmath.h). */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
    uint32_t key[2];
    uint64_t index; /* upper half of the counter */
    uint64_t pos;   /* next 32-bit number; its block of four is pos / 4 */
    uint32_t out[8];
    uint64_t have; /* pair of blocks held in out, plus 1; 0: none */
};

/* The stream (seed, purpose, name, index) at position 0. name may be "". */
struct rng rng_stream(uint64_t seed, const char *purpose, const char *name, uint64_t index);

/* Four numbers: block `block` of the stream. Touches nothing else, so threads may share *r. */
void rng_block(const struct rng *r, uint64_t block, uint32_t out[4]);

void rng_refill(struct rng *r); /* makes out hold the number at pos */

/* Uniform over 32 bits. */
static inline uint32_t rng_u32(struct rng *r)
{
    if (r->have != r->pos / 8 + 1)
        rng_refill(r);
    return r->out[r->pos++ % 8];
}

uint32_t rng_below(struct rng *r, uint32_t n); /* uniform in 0 .. n-1, unbiased; n > 0 */
double rng_uniform(struct rng *r);             /* uniform in [0, 1), 53 bits */
double rng_normal(struct rng *r);              /* mean 0, deviation 1; uses two uniforms */

/* Fisher-Yates shuffle of n numbers. */
void rng_shuffle(struct rng *r, uint32_t *a, uint32_t n);

#endif
