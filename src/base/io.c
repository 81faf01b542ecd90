/* io.c - files in and out.
 *
 * Reading is a source (a file descriptor behind a small buffer) and a sink (a growing block that
 * refuses to pass its limit), so that a file is unpacked piece by piece and a bomb of a few bytes
 * costs no more than what the caller allows. */
#include "base/io.h"

#include "base/mem.h"

#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PIECE         ((size_t)64 * 1024)
#define MAGIC         10        /* bytes that tell what packed a file */
#define WRITER_WAIT   1000      /* milliseconds that a pipe may be without anybody to write to it */
#define SILENCE_WAIT  60000     /* milliseconds that a pipe's writer may say nothing */
#define PACKED_EXCESS (1 << 20) /* what packing may add to a file, besides an eighth */

struct source {
    const char *path;
    enum err_kind kind;
    int fd;
    bool pipe, eof;
    uint64_t size; /* as the system says; 0 for a pipe */
    uint64_t left; /* bytes that may still be read */
    bool any;      /* something has been read */
    char *buf, *p; /* PIECE bytes; the n unused ones are at p */
    size_t n;
};

struct sink {
    char *data;
    size_t n, cap, max;
};

void blob_free(struct blob *b)
{
    mem_free(b->data);
    *b = (struct blob){0};
}

static int cannot_open(const char *path, enum err_kind kind, struct err *e)
{
    int saved = errno;
    char cwd[512];
    bool place = path[0] != '/' && getcwd(cwd, sizeof cwd);
    errno = saved;
    if (place)
        return err_errno(e, kind, "cannot open %s (in %s)", path, cwd);
    return err_errno(e, kind, "cannot open %s", path);
}

static int too_large(const char *path, enum err_kind kind, uint64_t max, struct err *e)
{
    return err_set(e, kind, "%s: larger than the %.6g MiB that are allowed", path,
                   (double)max / 1048576);
}

static void source_close(struct source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    mem_free(s->buf);
}

/* Non-blocking, or opening a pipe that nobody writes to would hang. */
static int source_open(struct source *s, const char *path, uint64_t limit, enum err_kind kind,
                       struct err *e)
{
    struct stat st;
    *s = (struct source){.path = path, .kind = kind, .left = limit};
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (s->fd < 0 || fstat(s->fd, &st) < 0)
        return cannot_open(path, kind, e);
    if (S_ISDIR(st.st_mode))
        return err_set(e, kind, "%s: is a folder, not a file", path);
    s->pipe = S_ISFIFO(st.st_mode);
    if (!S_ISREG(st.st_mode) && !s->pipe)
        return err_set(e, kind, "%s: is neither a file nor a pipe", path);
    s->size = s->pipe ? 0 : (uint64_t)st.st_size;
    if (s->size > limit)
        return too_large(path, kind, limit, e);
    s->buf = s->p = mem_alloc(PIECE, 1, e);
    return s->buf ? 0 : -1;
}

/* 1: there is something to read (or the end); 0: nothing came in time. */
static int source_wait(const struct source *s, int ms)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    int r;
    do
        r = poll(&p, 1, ms);
    while (r < 0 && errno == EINTR);
    return r != 0;
}

/* One read of at most n bytes; *got = 0 at the end. */
static int source_read(struct source *s, char *to, size_t n, size_t *got, struct err *e)
{
    bool waited = false;
    for (;;) {
        ssize_t r = read(s->fd, to, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && errno == EAGAIN) {
            if (!source_wait(s, SILENCE_WAIT))
                return err_set(e, s->kind,
                               "%s: the program at the other end of this pipe says nothing",
                               s->path);
            continue;
        }
        if (r < 0)
            return err_errno(e, s->kind, "cannot read %s", s->path);
        if (r == 0 && s->pipe && !s->any && !waited) {
            waited = true;
            if (source_wait(s, WRITER_WAIT))
                continue;
        }
        *got = (size_t)r;
        s->any = s->any || r > 0;
        return 0;
    }
}

/* Tops the buffer up until `want` bytes (at most PIECE) lie there or the file ends. */
static int source_fill(struct source *s, size_t want, struct err *e)
{
    if (s->n >= want)
        return 0;
    memmove(s->buf, s->p, s->n);
    s->p = s->buf;
    while (s->n < want && !s->eof) {
        size_t got = 0;
        if (source_read(s, s->buf + s->n, PIECE - s->n, &got, e) < 0)
            return -1;
        if (got > s->left)
            return err_set(e, s->kind, "%s: more bytes than are allowed", s->path);
        s->left -= got;
        s->n += got;
        s->eof = got == 0;
    }
    return 0;
}

/* Room for `need` more bytes and a NUL. */
static int sink_room(struct sink *k, size_t need, struct err *e)
{
    return mem_grow(&k->data, &k->cap, k->n + need + 1, 1, e);
}

static int copy(struct source *s, struct sink *k, struct err *e)
{
    /* the hint is the caller's to bound: source_open has held the size against the limit */
    if (sink_room(k, (size_t)s->size + PIECE, e) < 0)
        return -1;
    for (;;) {
        if (source_fill(s, 1, e) < 0)
            return -1;
        if (s->n == 0)
            return 0;
        if (s->n > k->max - k->n)
            return too_large(s->path, s->kind, k->max, e);
        if (sink_room(k, s->n, e) < 0)
            return -1;
        memcpy(k->data + k->n, s->p, s->n);
        k->n += s->n;
        s->n = 0;
    }
}

/* ---- unpacking ------------------------------------------------------------------------------- */

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
    enum step (*step)(union stream *st, struct source *s, struct sink *k);
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

static enum step gz_step(union stream *st, struct source *s, struct sink *k)
{
    size_t room = k->cap - k->n - 1;
    unsigned out = room > PIECE ? (unsigned)PIECE : (unsigned)room;
    st->gz.next_in = (unsigned char *)s->p;
    st->gz.avail_in = (unsigned)s->n;
    st->gz.next_out = (unsigned char *)k->data + k->n;
    st->gz.avail_out = out;
    int r = inflate(&st->gz, Z_NO_FLUSH);
    s->p += s->n - st->gz.avail_in;
    s->n = st->gz.avail_in;
    k->n += out - st->gz.avail_out;
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

static enum step bz_step(union stream *st, struct source *s, struct sink *k)
{
    size_t room = k->cap - k->n - 1;
    unsigned out = room > PIECE ? (unsigned)PIECE : (unsigned)room;
    st->bz.next_in = s->p;
    st->bz.avail_in = (unsigned)s->n;
    st->bz.next_out = k->data + k->n;
    st->bz.avail_out = out;
    int r = BZ2_bzDecompress(&st->bz);
    s->p += s->n - st->bz.avail_in;
    s->n = st->bz.avail_in;
    k->n += out - st->bz.avail_out;
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

/* One member, from the source's position to its end. */
static int unpack_member(struct source *s, struct sink *k, const struct codec *c, struct err *e)
{
    union stream st;
    enum step step = STEP_MORE;
    if (!c->start(&st, e))
        return err_set(e, ERR_INTERNAL, "out of memory while unpacking %s", s->path);
    while (step == STEP_MORE) {
        if (source_fill(s, 1, e) < 0 || sink_room(k, 1, e) < 0)
            break;
        size_t in = s->n, out = k->n;
        step = c->step(&st, s, k);
        if (step == STEP_BAD)
            err_set(e, s->kind, "%s: damaged %s data", s->path, c->name);
        else if (k->n > k->max)
            too_large(s->path, s->kind, k->max, e);
        else if (step == STEP_MORE && s->n == in && k->n == out)
            err_set(e, s->kind, "%s: the %s data is cut short", s->path, c->name);
        if (e->kind)
            break;
    }
    c->end(&st);
    return e->kind ? -1 : 0;
}

/* Members in a row; zeros behind the last one are padding, as gzip sees it. */
static int unpack(struct source *s, struct sink *k, const struct codec *c, struct err *e)
{
    do {
        if (unpack_member(s, k, c, e) < 0 || source_fill(s, MAGIC, e) < 0)
            return -1;
    } while (c->starts(s->p, s->n));
    while (s->n > 0) {
        for (; s->n > 0 && *s->p == 0; s->p++)
            s->n--;
        if (s->n > 0)
            return err_set(e, s->kind, "%s: something else follows the %s data", s->path, c->name);
        if (source_fill(s, 1, e) < 0)
            return -1;
    }
    return 0;
}

static int read_file(const char *path, size_t max, bool packed, enum err_kind kind, struct blob *b,
                     struct err *e)
{
    struct source s;
    struct sink k = {.max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4};
    uint64_t limit = k.max + (packed ? k.max / 8 + PACKED_EXCESS : 0);
    int r = source_open(&s, path, limit, kind, e);
    *b = (struct blob){0};
    if (r == 0 && packed)
        r = source_fill(&s, MAGIC, e);
    if (r == 0) {
        const struct codec *c = codecs, *end = codecs + (packed ? N_CODECS : 0);
        while (c < end && !c->starts(s.p, s.n))
            c++;
        r = packed && c < end ? unpack(&s, &k, c, e) : copy(&s, &k, e);
    }
    if (r == 0)
        r = sink_room(&k, 0, e);
    source_close(&s);
    if (r != 0) {
        mem_free(k.data);
        return -1;
    }
    k.data[k.n] = '\0'; /* unpackers may have left something there */
    *b = (struct blob){k.data, k.n};
    return 0;
}

int io_read(const char *path, size_t max, enum err_kind kind, struct blob *b, struct err *e)
{
    return read_file(path, max, false, kind, b, e);
}

int io_read_packed(const char *path, size_t max, enum err_kind kind, struct blob *b, struct err *e)
{
    return read_file(path, max, true, kind, b, e);
}

/* ---- the rest -------------------------------------------------------------------------------- */

uint32_t io_crc32(uint32_t crc, const void *p, size_t n)
{
    return (uint32_t)crc32_z(crc, p ? p : "", n);
}

int io_fingerprint(const char *path, enum err_kind kind, uint64_t *size, uint32_t *crc,
                   struct err *e)
{
    struct source s;
    int r = source_open(&s, path, UINT64_MAX, kind, e);
    if (r == 0 && s.pipe)
        r = err_set(e, kind, "%s: is a pipe, not a file", path);
    *size = 0;
    *crc = 0;
    while (r == 0 && (r = source_fill(&s, 1, e)) == 0 && s.n > 0) {
        *size += s.n;
        *crc = io_crc32(*crc, s.p, s.n);
        s.n = 0;
    }
    source_close(&s);
    return r;
}

bool io_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool io_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int io_mkdirs(const char *path, struct err *e)
{
    char *p = mem_strdup(path, e);
    if (!p)
        return -1;
    int r = 0;
    for (size_t i = 1, n = strlen(path); r == 0 && i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        p[i] = '\0';
        if (mkdir(p, 0777) < 0 && !io_is_dir(p))
            r = err_errno(e, ERR_INTERNAL, "cannot create the folder %s", p);
        p[i] = path[i];
    }
    if (!*path)
        r = err_set(e, ERR_INTERNAL, "cannot create a folder without a name");
    mem_free(p);
    return r;
}

static int write_all(int fd, const struct blob *parts, int n_parts)
{
    for (int i = 0; i < n_parts; i++) {
        const char *p = parts[i].data;
        size_t left = parts[i].size;
        while (left > 0) {
            ssize_t w = write(fd, p, left);
            if (w < 0 && errno == EINTR)
                continue;
            if (w < 0)
                return -1;
            p += w;
            left -= (size_t)w;
        }
    }
    return 0;
}

/* So that the new name is on the disk too. Some file systems have no fsync for folders. */
static int sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int r = fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
    int saved = errno;
    close(fd);
    errno = saved;
    return r;
}

int io_write_atomic(const char *path, const struct blob *parts, int n_parts, struct err *e)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n_dir = (size_t)(name - path);
    char *dir = n_dir ? mem_strndup(path, n_dir, e) : mem_strdup(".", e);
    char *tmp = mem_printf(e, "%.*s.%s.tmp", (int)n_dir, path, name);
    int fd = -1, r = -1;
    if (!dir || !tmp)
        goto out;
    unlink(tmp); /* one that a killed program left */
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        err_errno(e, ERR_INTERNAL, "cannot create %s", tmp);
        goto out;
    }
    r = write_all(fd, parts, n_parts);
    if (r == 0)
        r = fsync(fd);
    if (close(fd) < 0)
        r = -1;
    if (r == 0)
        r = rename(tmp, path);
    if (r == 0) {
        if (sync_folder(dir) < 0)
            r = err_errno(e, ERR_INTERNAL, "cannot write the folder %s to the disk", dir);
    } else {
        err_errno(e, ERR_INTERNAL, "cannot write %s", path);
        unlink(tmp);
    }
out:
    mem_free(dir);
    mem_free(tmp);
    return r;
}
