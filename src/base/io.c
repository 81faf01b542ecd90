/* io.c - files in and out. */
#include "base/io.h"

#include "base/mem.h"
#include "base/source.h"
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

void blob_free(struct blob *b)
{
    mem_free(b->data);
    *b = (struct blob){0};
}

static int read_file(const char *path, size_t max, bool packed, enum err_kind kind, struct blob *b,
                     struct err *e)
{
    struct stream *s = stream_open(path, max, packed, kind, e);
    *b = (struct blob){0};
    int r = s ? stream_rest(s, NULL, NULL, b, e) : -1;
    stream_close(s);
    return r;
}

int io_read(const char *path, size_t max, enum err_kind kind, struct blob *b, struct err *e)
{
    return read_file(path, max, false, kind, b, e);
}

int io_read_packed(const char *path, size_t max, enum err_kind kind, struct blob *b, struct err *e)
{
    return read_file(path, max, true, kind, b, e);
}

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
