/* unpack.c - gzip and bzip2, piece by piece: a bomb of a few bytes costs no more than what the
 * caller allows. */
#include "base/unpack.h"

#include "base/mem.h"

#include <bzlib.h>
#include <string.h>
#include <zlib.h>

#define MAGIC 10 /* bytes that tell what packed a file */

enum step { STEP_MORE, STEP_END, STEP_BAD };

union stream {
    z_stream gz;
    bz_stream bz;
};

/* What packs files. A stream is started and ended for each member. */
struct codec {
    const char *name;
    bool (*starts)(const char *p, size_t n);
    bool (*start)(union stream *st,
                  struct err *e); /* memory comes from mem.h, complaints go to e */
    /* moves the source forward; *out bytes of room at `to`, then how many were put there */
    enum step (*step)(union stream *st, struct source *s, char *to, unsigned *out);
    void (*end)(union stream *st);
};

static bool gz_starts(const char *p, size_t n)
{
    return n >= 3 && memcmp(p, "\x1f\x8b\x08", 3) == 0;
}

static bool bz_starts(const char *p, size_t n)
{
    return n >= MAGIC && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' && p[3] <= '9' &&
           (memcmp(p + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
            memcmp(p + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static void *gz_alloc(void *e, unsigned n, unsigned size)
{
    return mem_alloc(n, size, e);
}

static void *bz_alloc(void *e, int n, int size)
{
    return mem_alloc((size_t)n, (size_t)size, e);
}

static void give_back(void *e, void *p)
{
    (void)e;
    mem_free(p);
}

static bool gz_start(union stream *st, struct err *e)
{
    st->gz = (z_stream){.zalloc = gz_alloc, .zfree = give_back, .opaque = e};
    return inflateInit2(&st->gz, 15 + 16) == Z_OK; /* a gzip header, nothing else */
}

static enum step gz_step(union stream *st, struct source *s, char *to, unsigned *out)
{
    st->gz.next_in = (unsigned char *)s->p;
    st->gz.avail_in = (unsigned)s->n;
    st->gz.next_out = (unsigned char *)to;
    st->gz.avail_out = *out;
    int r = inflate(&st->gz, Z_NO_FLUSH);
    s->p += s->n - st->gz.avail_in;
    s->n = st->gz.avail_in;
    *out -= st->gz.avail_out;
    return r == Z_STREAM_END ? STEP_END : r == Z_OK || r == Z_BUF_ERROR ? STEP_MORE : STEP_BAD;
}

static void gz_end(union stream *st)
{
    inflateEnd(&st->gz);
}

static bool bz_start(union stream *st, struct err *e)
{
    st->bz = (bz_stream){.bzalloc = bz_alloc, .bzfree = give_back, .opaque = e};
    return BZ2_bzDecompressInit(&st->bz, 0, 0) == BZ_OK;
}

static enum step bz_step(union stream *st, struct source *s, char *to, unsigned *out)
{
    st->bz.next_in = s->p;
    st->bz.avail_in = (unsigned)s->n;
    st->bz.next_out = to;
    st->bz.avail_out = *out;
    int r = BZ2_bzDecompress(&st->bz);
    s->p += s->n - st->bz.avail_in;
    s->n = st->bz.avail_in;
    *out -= st->bz.avail_out;
    return r == BZ_STREAM_END ? STEP_END : r == BZ_OK ? STEP_MORE : STEP_BAD;
}

static void bz_end(union stream *st)
{
    BZ2_bzDecompressEnd(&st->bz);
}

static const struct codec codecs[] = {
    {"gzip", gz_starts, gz_start, gz_step, gz_end},
    {"bzip2", bz_starts, bz_start, bz_step, bz_end},
};
#define N_CODECS (sizeof codecs / sizeof *codecs)

struct unpack {
    struct source *s;
    const struct codec *codec; /* NULL: not packed */
    union stream st;
    struct err memory; /* lack of it, as the library's own allocations find it */
    bool open, ended;  /* inside a member; behind the last one */
    uint64_t n, max;   /* bytes so far, at most */
};

struct unpack *unpack_open(struct source *s, uint64_t max, bool packed, struct err *e)
{
    struct unpack *u = mem_alloc(1, sizeof *u, e);
    if (!u)
        return NULL;
    u->s = s;
    u->max = max;
    if (packed && source_fill(s, MAGIC, e) < 0) {
        mem_free(u);
        return NULL;
    }
    for (size_t i = 0; packed && i < N_CODECS && !u->codec; i++)
        if (codecs[i].starts(s->p, s->n))
            u->codec = &codecs[i];
    return u;
}

void unpack_close(struct unpack *u)
{
    if (u && u->open)
        u->codec->end(&u->st);
    mem_free(u);
}

bool unpack_is_packed(const struct unpack *u)
{
    return u->codec != NULL;
}

static int start_member(struct unpack *u, struct err *e)
{
    if (!u->codec->start(&u->st, &u->memory))
        return u->memory.kind
               ? *e = u->memory,
                 -1 : err_set(e, ERR_INTERNAL, "out of memory while unpacking %s", u->s->path);
    u->open = true;
    return 0;
}

/* Another member follows, or nothing: zeros are padding, as gzip sees it. */
static int end_member(struct unpack *u, struct err *e)
{
    struct source *s = u->s;
    u->codec->end(&u->st);
    u->open = false;
    if (source_fill(s, MAGIC, e) < 0)
        return -1;
    if (u->codec->starts(s->p, s->n))
        return 0;
    while (s->n > 0) {
        for (; s->n > 0 && *s->p == 0; s->p++)
            s->n--;
        if (s->n > 0)
            return err_set(e, s->kind, "%s: something else follows the %s data", s->path,
                           u->codec->name);
        if (source_fill(s, 1, e) < 0)
            return -1;
    }
    u->ended = true;
    return 0;
}

/* One call of the library: *got bytes, perhaps none. */
static int step(struct unpack *u, char *to, size_t n, size_t *got, struct err *e)
{
    struct source *s = u->s;
    if (source_fill(s, 1, e) < 0 || (!u->open && start_member(u, e) < 0))
        return -1;
    size_t before = s->n;
    unsigned out = n < SOURCE_PIECE ? (unsigned)n : (unsigned)SOURCE_PIECE;
    enum step r = u->codec->step(&u->st, s, to, &out);
    if (u->memory.kind)
        return *e = u->memory, -1;
    if (r == STEP_BAD)
        return err_set(e, s->kind, "%s: damaged %s data", s->path, u->codec->name);
    if (r == STEP_MORE && s->n == before && out == 0)
        return err_set(e, s->kind, "%s: the %s data is cut short", s->path, u->codec->name);
    *got = out;
    return r == STEP_END ? end_member(u, e) : 0;
}

int unpack_read(struct unpack *u, char *to, size_t n, size_t *got, struct err *e)
{
    *got = 0;
    if (!u->codec) {
        if (source_take(u->s, to, n, got, e) < 0)
            return -1;
    } else {
        while (*got == 0 && !u->ended)
            if (step(u, to, n, got, e) < 0)
                return -1;
    }
    u->n += *got;
    return u->n > u->max ? source_too_large(u->s->path, u->s->kind, u->max, e) : 0;
}
