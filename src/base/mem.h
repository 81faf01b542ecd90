/* mem.h - the one place that allocates.
 *
 * Blocks are zeroed and aligned to 64 bytes (a cache line, an AVX-512 vector). Sizes are products
 * checked for overflow. The sum of live blocks is held against a limit (DIYNN_MEMORY in MiB, or
 * nine tenths of the machine's memory): what does not fit is refused with an error before the
 * system has to kill anybody. Thread-safe. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define MEM_ALIGN 64

/* n * size zeroed bytes, never NULL for 0; NULL and ERR_INTERNAL on overflow or lack of memory.
 * Free with mem_free. */
void *mem_alloc(size_t n, size_t size, struct err *e);

/* For a block of mem_alloc that will be written from end to end at once: where it holds pages of
 * megabytes it gets them, each for one fault instead of hundreds. The content is kept; NULL is
 * allowed. */
void mem_use_whole(void *p);

/* Makes room for `need` elements of `size` bytes behind *p, which holds *cap of them, at least
 * doubling it. Old content is kept, new room is zero. 0, or -1 with *p and *cap as they were. */
int mem_grow(void *p, size_t *cap, size_t need, size_t size, struct err *e);

/* A copy of the first n bytes of s with a NUL behind them. Free with mem_free. */
char *mem_strndup(const char *s, size_t n, struct err *e);
char *mem_strdup(const char *s, struct err *e);

/* A formatted string. Free with mem_free. */
char *mem_printf(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void mem_free(void *p); /* NULL is allowed */

/* a * b, or SIZE_MAX where that overflows (which every allocation refuses). */
size_t mem_mul(size_t a, size_t b);
size_t mem_add(size_t a, size_t b); /* a + b alike */

/* Bytes in live blocks now, and the highest such sum so far. */
size_t mem_live(void);
size_t mem_peak(void);

/* For tests: lets the n-th allocation from now fail, once (n = 1: the next); 0 switches it off.
 * mem_failed tells whether it has happened. */
void mem_fail_at(long n);
bool mem_failed(void);

#endif
