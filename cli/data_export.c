/* data_export.c - which file gets which part. */
#include "data_export.h"

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/export.h"

#include <string.h>
#include <strings.h>

static const char *const kinds[] = {"csv", "npy", "png", "cifar", NULL};

int data_export_kind(const char *kind, struct err *e)
{
    for (int i = 0; kinds[i]; i++)
        if (!strcmp(kind, kinds[i]))
            return 0;
    return err_set(e, ERR_USAGE, "--export %s: must be csv, npy, png or cifar", kind);
}

/* Shortens a name of n bytes by one of the endings. */
static size_t cut(const char *name, size_t n, const char *const *endings)
{
    for (; *endings; endings++) {
        size_t m = strlen(*endings);
        if (n > m && !strncasecmp(name + n - m, *endings, m))
            return n - m;
    }
    return n;
}

/* The name of a path without its folder, packing and well-known ending. */
static char *base_name(const char *path, struct err *e)
{
    static const char *const packed[] = {".gz", ".bz2", NULL};
    static const char *const plain[] = {".ini", ".csv", ".tsv", ".txt", ".npy", ".jf",
                                        ".bin", ".png", ".jpg", ".bmp", NULL};
    size_t end = strlen(path), start;
    while (end > 1 && path[end - 1] == '/') /* a folder */
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--)
        ;
    if (start == end || !strcmp(path, "-"))
        return mem_strdup("stdin", e);
    size_t n = cut(path + start, end - start, packed);
    return mem_strndup(path + start, cut(path + start, n, plain), e);
}

/* FOLDER/NAME[_PART][_labels].KIND, which must not exist. */
static char *file_name(const char *folder, const char *name, const char *part, const char *more,
                       const char *kind, bool force, struct err *e)
{
    bool whole = !strcmp(part, "file");
    char *path = mem_printf(e, "%s/%s%s%s%s.%s", folder, name, whole ? "" : "_", whole ? "" : part,
                            more, kind);
    if (path && !force && io_exists(path)) {
        err_set(e, ERR_USAGE, "%s exists; --force overwrites it", path);
        mem_free(path);
        return NULL;
    }
    return path;
}

static int export_part(const struct part *p, const char *kind, const char *path, const char *labels,
                       bool force, struct err *e)
{
    if (!strcmp(kind, "csv"))
        return export_csv(path, p, "x", EXPORT_TARGETS, e);
    if (!strcmp(kind, "png"))
        return export_png(path, p, e);
    if (!strcmp(kind, "cifar"))
        return export_cifar(path, p, force, e);
    if (export_npy(path, p, e))
        return -1;
    return labels ? export_npy_targets(labels, p, e) : 0;
}

int data_export(const struct inspect *q, const char *kind, const char *path, const char *folder,
                bool force, struct err *e)
{
    const char *ending = strcmp(kind, "cifar") ? kind : "bin";
    char *name = base_name(path, e);
    int r = name ? io_mkdirs(folder, e) : -1;
    for (int i = 0; r == 0 && i < q->n; i++) {
        const struct part *p = q->part[i].part;
        bool beside = !strcmp(kind, "npy") && (p->of->label || p->of->target);
        char *labels = NULL;
        char *file = file_name(folder, name, q->part[i].name, "", ending, force, e);
        if (file && beside)
            labels = file_name(folder, name, q->part[i].name, "_labels", kind, force, e);
        r = file && (labels || !beside) ? export_part(p, kind, file, labels, force, e) : -1;
        if (r == 0)
            log_info("written: %s%s%s", file, labels ? ", " : "", labels ? labels : "");
        mem_free(file);
        mem_free(labels);
    }
    mem_free(name);
    return r;
}
