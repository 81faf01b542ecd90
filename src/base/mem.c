/* mem.c - aligned, zeroed, counted allocation.
 *
 * A header of one alignment unit in front of each block holds its size. */
#include "base/mem.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t live, peak, limit;
static long fail_in;
static bool failed;

/* Called with the lock held. */
static size_t memory_limit(void)
{
    const char *s = getenv("DIYNN_MEMORY");
    char *end;
    unsigned long long mib = s ? strtoull(s, &end, 10) : 0;
    if (s && *s && *end == '\0' && mib > 0 && mib < SIZE_MAX >> 20)
        return (size_t)mib << 20;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0)
        return SIZE_MAX;
    return mem_mul((size_t)pages, (size_t)page) / 10 * 9;
}

/* Counts `bytes` in, or says no. */
static bool reserve(size_t bytes)
{
    bool ok = true;
    pthread_mutex_lock(&lock);
    if (limit == 0)
        limit = memory_limit();
    if (fail_in > 0 && --fail_in == 0) {
        failed = true;
        ok = false;
    } else if (live > limit || bytes > limit - live) {
        ok = false;
    } else {
        live += bytes;
        if (live > peak)
            peak = live;
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

static void release(size_t bytes)
{
    pthread_mutex_lock(&lock);
    live -= bytes;
    pthread_mutex_unlock(&lock);
}

size_t mem_mul(size_t a, size_t b)
{
    size_t r;
    return __builtin_mul_overflow(a, b, &r) ? SIZE_MAX : r;
}

size_t mem_add(size_t a, size_t b)
{
    size_t r;
    return __builtin_add_overflow(a, b, &r) ? SIZE_MAX : r;
}

static void *no_memory(size_t bytes, struct err *e)
{
    if (bytes == SIZE_MAX)
        err_set(e, ERR_INTERNAL, "out of memory: a size overflows");
    else
        err_set(e, ERR_INTERNAL, "out of memory: %.1f MiB more wanted, %.1f MiB in use",
                (double)bytes / 1048576, (double)mem_live() / 1048576);
    return NULL;
}

void *mem_alloc(size_t n, size_t size, struct err *e)
{
    size_t bytes = mem_mul(n, size);
    if (bytes > SIZE_MAX - 2 * MEM_ALIGN)
        return no_memory(SIZE_MAX, e);
    size_t whole = (bytes + 2 * MEM_ALIGN - 1) & ~(size_t)(MEM_ALIGN - 1);
    if (!reserve(whole))
        return no_memory(bytes, e);
    unsigned char *p = aligned_alloc(MEM_ALIGN, whole);
    if (!p) {
        release(whole);
        return no_memory(bytes, e);
    }
    memset(p, 0, whole);
    memcpy(p, &whole, sizeof whole);
    return p + MEM_ALIGN;
}

void mem_free(void *p)
{
    if (!p)
        return;
    unsigned char *head = (unsigned char *)p - MEM_ALIGN;
    size_t whole;
    memcpy(&whole, head, sizeof whole);
    release(whole);
    free(head);
}

int mem_grow(void *p, size_t *cap, size_t need, size_t size, struct err *e)
{
    if (need <= *cap)
        return 0;
    size_t n = *cap > SIZE_MAX / 2 ? need : *cap * 2;
    if (n < need)
        n = need;
    if (n < 8)
        n = 8;
    void *old, *new = mem_alloc(n, size, e);
    if (!new)
        return -1;
    memcpy(&old, p, sizeof old);
    if (old)
        memcpy(new, old, *cap * size);
    mem_free(old);
    memcpy(p, &new, sizeof new);
    *cap = n;
    return 0;
}

char *mem_strndup(const char *s, size_t n, struct err *e)
{
    char *p = mem_alloc(n < SIZE_MAX ? n + 1 : n, 1, e); /* SIZE_MAX is refused with its reason */
    if (p)
        memcpy(p, s, n);
    return p;
}

char *mem_strdup(const char *s, struct err *e)
{
    return mem_strndup(s, strlen(s), e);
}

char *mem_printf(struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = n < 0 ? NULL : mem_alloc((size_t)n + 1, 1, e);
    if (s) {
        va_start(ap, fmt);
        vsnprintf(s, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    return s;
}

size_t mem_live(void)
{
    pthread_mutex_lock(&lock);
    size_t n = live;
    pthread_mutex_unlock(&lock);
    return n;
}

size_t mem_peak(void)
{
    pthread_mutex_lock(&lock);
    size_t n = peak;
    pthread_mutex_unlock(&lock);
    return n;
}

void mem_fail_at(long n)
{
    pthread_mutex_lock(&lock);
    fail_in = n;
    failed = false;
    pthread_mutex_unlock(&lock);
}

bool mem_failed(void)
{
    pthread_mutex_lock(&lock);
    bool f = failed;
    pthread_mutex_unlock(&lock);
    return f;
}
