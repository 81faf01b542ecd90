/* rng.c - Philox4x32-10 and what is drawn from it. */
#include "base/rng.h"

#include "base/fmath.h"

#include <math.h>

/* FNV-1a over a text and its closing NUL, going on from h. */
static uint64_t hash_text(uint64_t h, const char *s)
{
    do {
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    } while (*s++);
    return h;
}

/* The finaliser of splitmix64: spreads every input bit over the result. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct rng rng_stream(uint64_t seed, const char *purpose, const char *name, uint64_t index)
{
    uint64_t h = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), purpose), name);
    h = mix(h ^ mix(seed + UINT64_C(0x9e3779b97f4a7c15)));
    return (struct rng){.key = {(uint32_t)h, (uint32_t)(h >> 32)}, .index = index};
}

struct counter {
    uint32_t c0, c1, c2, c3;
};

static struct counter counter_of(const struct rng *r, uint64_t block)
{
    return (struct counter){(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)r->index,
                            (uint32_t)(r->index >> 32)};
}

/* One of the ten rounds, with its keys. */
static struct counter philox_round(struct counter c, uint32_t k0, uint32_t k1)
{
    uint64_t p0 = (uint64_t)c.c0 * 0xd2511f53u, p1 = (uint64_t)c.c2 * 0xcd9e8d57u;
    return (struct counter){(uint32_t)(p1 >> 32) ^ c.c1 ^ k0, (uint32_t)p1,
                            (uint32_t)(p0 >> 32) ^ c.c3 ^ k1, (uint32_t)p0};
}

static void put(uint32_t out[4], struct counter c)
{
    out[0] = c.c0;
    out[1] = c.c1;
    out[2] = c.c2;
    out[3] = c.c3;
}

/* Two blocks, which the processor computes side by side: a round waits for the one before it. */
static void two_blocks(const struct rng *r, uint64_t block, uint32_t out[8])
{
    struct counter a = counter_of(r, block), b = counter_of(r, block + 1);
    uint32_t k0 = r->key[0], k1 = r->key[1];
    for (int i = 0; i < 10; i++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) {
        a = philox_round(a, k0, k1);
        b = philox_round(b, k0, k1);
    }
    put(out, a);
    put(out + 4, b);
}

void rng_block(const struct rng *r, uint64_t block, uint32_t out[4])
{
    struct counter c = counter_of(r, block);
    uint32_t k0 = r->key[0], k1 = r->key[1];
    for (int i = 0; i < 10; i++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u)
        c = philox_round(c, k0, k1);
    put(out, c);
}

void rng_refill(struct rng *r)
{
    uint64_t pair = r->pos / 8;
    two_blocks(r, 2 * pair, r->out);
    r->have = pair + 1;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint32_t refuse = -n % n; /* 2^32 mod n: the values below it would be drawn too often */
    uint32_t v;
    do {
        v = rng_u32(r);
    } while (v < refuse);
    return v % n;
}

double rng_uniform(struct rng *r)
{
    uint64_t high = rng_u32(r);
    return (double)((high << 32 | rng_u32(r)) >> 11) * 0x1p-53;
}

/* Box and Muller 1958, the cosine half. */
double rng_normal(struct rng *r)
{
    double u = 1 - rng_uniform(r), s, c; /* u in (0, 1] */
    fmath_sincospi(2 * rng_uniform(r), &s, &c);
    return sqrt(-2 * fmath_log(u)) * c;
}

void rng_shuffle(struct rng *r, uint32_t *a, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = rng_below(r, i), t = a[i - 1];
        a[i - 1] = a[j];
        a[j] = t;
    }
}
