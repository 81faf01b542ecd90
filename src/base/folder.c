/* folder.c - folders and stamps of files. */
#include "base/folder.h"

#include "base/io.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct folder_entry *)a)->name, ((const struct folder_entry *)b)->name);
}

static int add(struct folder *f, const char *path, const struct dirent *d, struct err *e)
{
    if (mem_grow(&f->v, &f->cap, f->n + 1, sizeof *f->v, e))
        return -1;
    struct folder_entry *v = &f->v[f->n];
    *v = (struct folder_entry){mem_strdup(d->d_name, e), d->d_type == DT_DIR};
    if (!v->name)
        return -1;
    f->n++;
    if (d->d_type != DT_LNK && d->d_type != DT_UNKNOWN)
        return 0;
    char *full = mem_printf(e, "%s/%s", path, d->d_name);
    if (!full)
        return -1;
    v->folder = io_is_dir(full);
    mem_free(full);
    return 0;
}

int folder_read(struct folder *f, const char *path, enum err_kind kind, struct err *e)
{
    *f = (struct folder){.n = 0};
    DIR *dir = opendir(path);
    int rc = 0;
    if (!dir)
        return err_errno(e, kind, "cannot open the folder %s", path);
    for (;;) {
        errno = 0;
        const struct dirent *d = readdir(dir);
        if (!d) {
            if (errno)
                rc = err_errno(e, kind, "cannot read the folder %s", path);
            break;
        }
        if (d->d_name[0] != '.' && add(f, path, d, e)) {
            rc = -1;
            break;
        }
    }
    closedir(dir);
    if (rc == 0 && f->n > 1)
        qsort(f->v, f->n, sizeof *f->v, by_name);
    return rc;
}

void folder_free(struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        mem_free(f->v[i].name);
    mem_free(f->v);
    *f = (struct folder){.n = 0};
}

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int folder_stamp(const char *path, struct folder_stamp *out)
{
    struct stat st;
    *out = (struct folder_stamp){.size = 0};
    if (stat(path, &st) < 0)
        return -1;
    *out = (struct folder_stamp){(uint64_t)st.st_size, (uint64_t)st.st_ino, nanoseconds(st.st_mtim),
                                 nanoseconds(st.st_ctim)};
    return 0;
}

int64_t folder_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return nanoseconds(t);
}

char *folder_real(const char *path, struct err *e)
{
    char full[PATH_MAX];
    return realpath(path, full) ? mem_strdup(full, e) : NULL;
}
