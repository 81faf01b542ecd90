/* stream.c - a window over a file's unpacked bytes, and the thread that may unpack ahead of it.
 *
 * The thread fills blocks in turn and waits where all are full; the reader empties them in the same
 * turn. So the reader sees the same bytes, and the same error behind them, with it and without. */
#include "base/stream.h"

#include "base/mem.h"
#include "base/par.h"
#include "base/unpack.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#define WINDOW       ((size_t)64 * 1024) /* bytes */
#define BLOCK        ((size_t)32 * 1024)
#define BLOCKS       4
#define PACKED_SPARE (1 << 20) /* what packing may add to a file, besides an eighth */

struct ahead {
    struct unpack *u;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    unsigned made, taken; /* blocks; BLOCKS of them at most lie between */
    bool ended, quit;
    struct err failure; /* behind the last block */
    size_t at;          /* bytes that the reader took of the block it is in */
    size_t size[BLOCKS];
    char block[BLOCKS][BLOCK];
};

struct stream {
    struct source source;
    struct unpack *u;          /* NULL: */
    const struct blob *memory; /* all there is */
    struct ahead *ahead;       /* NULL: none */
    char *window;
    size_t cap;
};

/* ---- ahead ----------------------------------------------------------------------------------- */

static void *work(void *arg)
{
    struct ahead *a = arg;
    bool ended = false;
    while (!ended) {
        pthread_mutex_lock(&a->lock);
        while (a->made - a->taken == BLOCKS && !a->quit)
            pthread_cond_wait(&a->change, &a->lock);
        bool quit = a->quit;
        pthread_mutex_unlock(&a->lock);
        if (quit)
            break;
        char *to = a->block[a->made % BLOCKS];
        size_t n = 0, got = 1;
        struct err e = {0};
        while (n < BLOCK && got > 0 && !e.kind) {
            unpack_read(a->u, to + n, BLOCK - n, &got, &e);
            n += e.kind ? 0 : got;
        }
        pthread_mutex_lock(&a->lock);
        a->size[a->made % BLOCKS] = n;
        a->made += n > 0;
        a->failure = e;
        a->ended = ended = e.kind || got == 0;
        pthread_cond_signal(&a->change);
        pthread_mutex_unlock(&a->lock);
    }
    return NULL;
}

int stream_ahead(struct stream *s, struct err *e)
{
    if (s->ahead || !s->u || !unpack_is_packed(s->u) || par_default() < 2)
        return 0;
    struct ahead *a = mem_alloc(1, sizeof *a, e);
    if (!a)
        return -1;
    a->u = s->u;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->change, NULL);
    sigset_t all, old; /* signals are for the threads there were */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&a->thread, NULL, work, a);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (r == 0)
        s->ahead = a;
    else
        mem_free(a); /* it goes without, too */
    return 0;
}

static void ahead_close(struct ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->quit = true;
    pthread_cond_signal(&a->change);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    pthread_cond_destroy(&a->change);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

static int ahead_read(struct ahead *a, char *to, size_t n, size_t *got, struct err *e)
{
    pthread_mutex_lock(&a->lock);
    while (a->made == a->taken && !a->ended)
        pthread_cond_wait(&a->change, &a->lock);
    bool none = a->made == a->taken;
    pthread_mutex_unlock(&a->lock);
    *got = 0;
    if (none)
        return a->failure.kind ? *e = a->failure, -1 : 0;
    size_t left = a->size[a->taken % BLOCKS] - a->at;
    *got = n < left ? n : left;
    memcpy(to, a->block[a->taken % BLOCKS] + a->at, *got);
    a->at += *got;
    if (*got == left) {
        a->at = 0;
        pthread_mutex_lock(&a->lock);
        a->taken++;
        pthread_cond_signal(&a->change);
        pthread_mutex_unlock(&a->lock);
    }
    return 0;
}

/* ---- the stream ------------------------------------------------------------------------------ */

struct stream *stream_open(const char *path, size_t max, bool packed, enum err_kind kind,
                           struct err *e)
{
    struct stream *s = mem_alloc(1, sizeof *s, e);
    if (!s)
        return NULL;
    max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4;
    uint64_t limit = max + (packed ? max / 8 + PACKED_SPARE : 0);
    if (source_open(&s->source, path, limit, kind, e) == 0)
        s->u = unpack_open(&s->source, max, packed, e);
    if (s->u)
        return s;
    stream_close(s);
    return NULL;
}

struct stream *stream_of(const struct blob *b, struct err *e)
{
    struct stream *s = mem_alloc(1, sizeof *s, e);
    if (!s)
        return NULL;
    s->memory = b;
    return s;
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    ahead_close(s->ahead);
    unpack_close(s->u);
    if (!s->memory)
        source_close(&s->source);
    mem_free(s->window);
    mem_free(s);
}

static int next(struct stream *s, char *to, size_t n, size_t *got, struct err *e)
{
    return s->ahead ? ahead_read(s->ahead, to, n, got, e) : unpack_read(s->u, to, n, got, e);
}

int stream_more(struct stream *s, const char **p, const char **end, size_t want, struct err *e)
{
    size_t n = *p ? (size_t)(*end - *p) : 0, at = *p && s->window ? (size_t)(*p - s->window) : 0;
    if (s->memory) {
        *p = *p ? *p : s->memory->data;
        *end = s->memory->data + s->memory->size;
        return 0;
    }
    if (*p && n >= want)
        return 0;
    if (mem_grow(&s->window, &s->cap, (want > WINDOW ? want : WINDOW) + 1, 1, e) < 0)
        return -1;
    memmove(s->window, s->window + at, n);
    for (size_t got = 1; n < want && got > 0; n += got)
        if (next(s, s->window + n, s->cap - 1 - n, &got, e) < 0)
            return -1;
    s->window[n] = '\0';
    *p = s->window;
    *end = s->window + n;
    return 0;
}

int stream_rest(struct stream *s, const char *p, const char *end, struct blob *b, struct err *e)
{
    char *data = NULL;
    size_t n = p ? (size_t)(end - p) : 0, cap = 0, got = 1;
    /* the size is bounded already, by the caller's limit */
    size_t room = s->memory ? s->memory->size : unpack_is_packed(s->u) ? 0 : s->source.size;
    *b = (struct blob){0};
    if (s->memory && !p) {
        p = s->memory->data;
        n = s->memory->size;
    }
    if (mem_grow(&data, &cap, n + room + WINDOW + 1, 1, e) < 0)
        return -1;
    if (n)
        memcpy(data, p, n);
    while (!s->memory && got > 0) {
        if (mem_grow(&data, &cap, n + 2, 1, e) < 0 || next(s, data + n, cap - 1 - n, &got, e) < 0) {
            mem_free(data);
            return -1;
        }
        n += got;
    }
    data[n] = '\0'; /* unpackers may have left something there */
    *b = (struct blob){data, n};
    return 0;
}
