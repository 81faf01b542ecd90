/* mem.c - aligned, zeroed, counted allocation.
 *
 * A header of one alignment unit in front of each block holds its size. Large blocks come from the
 * system page by page: zeroed already, without memory until something is written, grown without a
 * copy, and given back at once. Very large ones ask for huge pages: rows of a matrix that lie a
 * page apart find more of them in the processor's table of pages. */
#include "base/mem.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifdef WATCHED
#define LARGE SIZE_MAX /* for the sanitizer knows malloc's blocks only */
#else
#define LARGE ((size_t)256 << 10) /* bytes; below, page faults would cost time */
#endif
#define HUGE_PAGES ((size_t)16 << 20) /* bytes; from here on always in pages of megabytes */

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

static void huge_pages(void *p, size_t whole)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(p, whole, MADV_HUGEPAGE); /* only faster */
#else
    (void)p, (void)whole;
#endif
}

/* `whole` zeroed bytes, or NULL. */
static void *system_alloc(size_t whole)
{
    if (whole >= LARGE) {
        void *p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return NULL;
        if (whole >= HUGE_PAGES)
            huge_pages(p, whole);
        return p;
    }
    void *p = aligned_alloc(MEM_ALIGN, whole);
    if (p)
        memset(p, 0, whole);
    return p;
}

/* A block of this many bytes with its header, a multiple of the alignment; SIZE_MAX: none. */
static size_t with_header(size_t bytes)
{
    if (bytes > SIZE_MAX - 2 * MEM_ALIGN)
        return SIZE_MAX;
    return (bytes + 2 * MEM_ALIGN - 1) & ~(size_t)(MEM_ALIGN - 1);
}

static size_t size_of_block(const unsigned char *head)
{
    size_t whole;
    memcpy(&whole, head, sizeof whole);
    return whole;
}

void *mem_alloc(size_t n, size_t size, struct err *e)
{
    size_t bytes = mem_mul(n, size), whole = with_header(bytes);
    if (whole == SIZE_MAX)
        return no_memory(SIZE_MAX, e);
    if (!reserve(whole))
        return no_memory(bytes, e);
    unsigned char *p = system_alloc(whole);
    if (!p) {
        release(whole);
        return no_memory(bytes, e);
    }
    memcpy(p, &whole, sizeof whole);
    return p + MEM_ALIGN;
}

void mem_use_whole(void *p)
{
    unsigned char *head = p ? (unsigned char *)p - MEM_ALIGN : NULL;
    if (head && size_of_block(head) >= LARGE)
        huge_pages(head, size_of_block(head));
}

void mem_free(void *p)
{
    if (!p)
        return;
    unsigned char *head = (unsigned char *)p - MEM_ALIGN;
    size_t whole = size_of_block(head);
    release(whole);
    if (whole >= LARGE)
        munmap(head, whole);
    else
        free(head);
}

/* The block `old` of cap elements (or NULL) made one of n; NULL, with old as it was, where there is
 * no memory. */
static void *enlarge(void *old, size_t cap, size_t n, size_t size, struct err *e)
{
#ifdef MREMAP_MAYMOVE
    unsigned char *head = old ? (unsigned char *)old - MEM_ALIGN : NULL;
    size_t bytes = mem_mul(n, size), whole = with_header(bytes);
    size_t have = old ? size_of_block(head) : 0;
    if (old && have >= LARGE && whole != SIZE_MAX) {
        if (!reserve(whole - have))
            return no_memory(bytes, e);
        head = mremap(head, have, whole, MREMAP_MAYMOVE);
        if (head == MAP_FAILED) {
            release(whole - have);
            return no_memory(bytes, e);
        }
        memcpy(head, &whole, sizeof whole);
        return head + MEM_ALIGN;
    }
#endif
    void *new = mem_alloc(n, size, e);
    if (new &&old) {
        memcpy(new, old, cap * size);
        mem_free(old);
    }
    return new;
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
    void *block;
    memcpy(&block, p, sizeof block);
    block = enlarge(block, *cap, n, size, e);
    if (!block)
        return -1;
    memcpy(p, &block, sizeof block);
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
