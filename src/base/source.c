/* source.c - the bytes of a file as they are. */
#include "base/source.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITER_WAIT  1000  /* milliseconds that a pipe may be without anybody to write to it */
#define SILENCE_WAIT 60000 /* milliseconds that a pipe's writer may say nothing */

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

int source_too_large(const char *path, enum err_kind kind, uint64_t max, struct err *e)
{
    return err_set(e, kind, "%s: larger than the %.6g MiB that are allowed", path,
                   (double)max / 1048576);
}

void source_close(struct source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    mem_free(s->buf);
}

/* Non-blocking, or opening a pipe that nobody writes to would hang. */
int source_open(struct source *s, const char *path, uint64_t limit, enum err_kind kind,
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
        return source_too_large(path, kind, limit, e);
    s->buf = s->p = mem_alloc(SOURCE_PIECE, 1, e);
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

/* Counts what has been read against what may be. */
static int count(struct source *s, size_t got, struct err *e)
{
    if (got > s->left)
        return err_set(e, s->kind, "%s: more bytes than are allowed", s->path);
    s->left -= got;
    return 0;
}

int source_fill(struct source *s, size_t want, struct err *e)
{
    if (s->n >= want)
        return 0;
    memmove(s->buf, s->p, s->n);
    s->p = s->buf;
    while (s->n < want && !s->eof) {
        size_t got = 0;
        if (source_read(s, s->buf + s->n, SOURCE_PIECE - s->n, &got, e) < 0)
            return -1;
        if (count(s, got, e) < 0)
            return -1;
        s->n += got;
        s->eof = got == 0;
    }
    return 0;
}

int source_take(struct source *s, char *to, size_t n, size_t *got, struct err *e)
{
    *got = 0;
    if (s->n == 0 && n >= SOURCE_PIECE && !s->eof) { /* no need of the buffer */
        if (source_read(s, to, n, got, e) < 0)
            return -1;
        s->eof = *got == 0;
        return count(s, *got, e);
    }
    if (source_fill(s, 1, e) < 0)
        return -1;
    *got = n < s->n ? n : s->n;
    memcpy(to, s->p, *got);
    s->p += *got;
    s->n -= *got;
    return 0;
}
