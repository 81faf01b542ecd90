/* format.c - the formats and generators there are, and files read by them. */
#include "data/data.h"
#include "data/join.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define UNPACKED_MAX ((size_t)4 << 30) /* bytes of a file's content */

#define X(n) extern const struct data_format format_##n;
#include "gen/formats.def"
#undef X
#define X(n) extern const struct data_generator generator_##n;
#include "gen/generators.def"
#undef X

const struct data_format *const format_registry[] = {
#define X(n) &format_##n,
#include "gen/formats.def"
#undef X
    NULL};

const struct data_generator *const generator_registry[] = {
#define X(n) &generator_##n,
#include "gen/generators.def"
#undef X
    NULL};

const struct data_format *data_find_format(const char *name)
{
    for (int i = 0; format_registry[i]; i++) {
        if (strcmp(format_registry[i]->name, name) == 0)
            return format_registry[i];
    }
    return NULL;
}

const struct data_generator *data_find_generator(const char *name)
{
    for (int i = 0; generator_registry[i]; i++) {
        if (strcmp(generator_registry[i]->name, name) == 0)
            return generator_registry[i];
    }
    return NULL;
}

/* The formats that a file looks like: the first of them, and whether there is another. */
static const struct data_format *look(const char *name, const char *head, size_t n,
                                      const struct data_format **second)
{
    const struct data_format *found = NULL;
    *second = NULL;
    for (int i = 0; format_registry[i] && !*second; i++) {
        if (!format_registry[i]->detect(name, head, n))
            continue;
        *second = found ? format_registry[i] : NULL;
        found = found ? found : format_registry[i];
    }
    return found;
}

/* The only format that the file looks like: by its name, or else by its content. */
static const struct data_format *detect(const char *path, const char *p, const char *end,
                                        struct err *e)
{
    size_t len = strlen(path), n = end - p < DATA_HEAD ? (size_t)(end - p) : DATA_HEAD;
    const struct data_format *found = NULL, *second = NULL;
    if (len > 3 && strcasecmp(path + len - 3, ".gz") == 0)
        len -= 3;
    else if (len > 4 && strcasecmp(path + len - 4, ".bz2") == 0)
        len -= 4;
    char *name = mem_strndup(path, len, e), *head = name ? mem_strndup(p, n, e) : NULL;
    if (!name || !head)
        goto out;
    found = look(name, "", 0, &second);
    if (!found)
        found = look("", head, n, &second);
    if (!found) {
        err_set(e, ERR_DATA, "%s: of no known format; name it with: format = ...", path);
    } else if (second) {
        err_set(e, ERR_DATA, "%s: looks like %s and like %s; say which with: format = ...", path,
                found->name, second->name);
        found = NULL;
    }
out:
    mem_free(name);
    mem_free(head);
    return found;
}

/* Puts the command that gets datasets/NAME/... behind the message. */
static void add_hint(const char *path, struct err *e)
{
    static const char folder[] = "datasets/";
    const char *name = strstr(path, folder);
    if (!name || (name > path && name[-1] != '/'))
        return;
    name += sizeof folder - 1;
    size_t len = strcspn(name, "/"), used = strlen(e->msg);
    if (name[len] == '/' && len > 0)
        snprintf(e->msg + used, sizeof e->msg - used, "; to get it: scripts/get_data.sh %.*s",
                 (int)(len < 64 ? len : 64), name);
    err_clean(e->msg);
}

/* What is left of the file, as the format takes it. */
static int read_as(const struct data_format *f, struct samples *s, const char *path,
                   struct stream *in, const char *p, const char *end, const struct data_conf *c,
                   struct err *e)
{
    struct blob b;
    if (f->read_stream)
        return stream_ahead(in, e) ? -1 : f->read_stream(s, path, in, p, end, c, e);
    int rc = stream_rest(in, p, end, &b, e);
    if (rc == 0)
        rc = f->read(s, path, &b, c, e);
    blob_free(&b);
    return rc;
}

/* The format that reads a folder: the named one, or the first that can. */
static const struct data_format *of_folder(const char *path, const char *name, struct err *e)
{
    for (int i = 0; format_registry[i]; i++) {
        const struct data_format *f = format_registry[i];
        if (f->folders && (!*name || strcmp(f->name, name) == 0))
            return f;
    }
    if (*name)
        err_set(e, ERR_DATA, "%s: is a folder; format %s is a file", path, name);
    else
        err_set(e, ERR_DATA, "%s: is a folder, not a file", path);
    return NULL;
}

static int read_folder(struct samples *s, const char *path, const char *format,
                       const struct data_conf *c, struct err *e)
{
    const struct blob none = {NULL, 0};
    const struct data_format *f = of_folder(path, format, e);
    return f ? f->read(s, path, &none, c, e) : -1;
}

static int read_one(struct samples *s, const char *path, const char *format,
                    const struct data_conf *c, struct err *e)
{
    int rc = -1;
    const char *p = NULL, *end = NULL;
    struct stream *in = NULL;
    memset(s, 0, sizeof *s);
    if (*format && !data_find_format(format))
        return err_set(e, ERR_DATA, "%s: unknown format '%s'", path, format);
    if (io_is_dir(path)) {
        rc = read_folder(s, path, format, c, e);
    } else {
        in = stream_open(path, UNPACKED_MAX, true, ERR_DATA, e);
        if (!in && !io_exists(path))
            add_hint(path, e);
        if (!in || stream_more(in, &p, &end, DATA_HEAD, e))
            goto out;
        const struct data_format *f = *format ? data_find_format(format) : detect(path, p, end, e);
        rc = f ? read_as(f, s, path, in, p, end, c, e) : -1;
    }
    if (rc == 0 && s->n > DATA_SAMPLES_MAX) {
        rc = err_set(e, ERR_DATA, "%s: %zu samples are too many", path, s->n);
        samples_free(s);
    }
out:
    stream_close(in);
    return rc;
}

/* The prints of several files as one; files that cannot be read twice leave none. */
static int join_prints(struct samples *to, const struct samples *from, const char *path,
                       struct err *e)
{
    struct err why = {0};
    uint64_t size;
    uint32_t crc;
    if (data_fingerprint(from, path, &size, &crc, &why)) {
        to->print.known = false;
        return why.kind == ERR_DATA ? 0 : err_set(e, why.kind, "%s", why.msg);
    }
    to->print.size += size;
    to->print.crc = io_crc32(to->print.crc, &crc, sizeof crc);
    return 0;
}

/* The files of a list, read one by one: all after the first as further ones of its kind. */
static int read_list(struct samples *s, const struct join *j, const char *format,
                     const struct data_conf *c, struct err *e)
{
    struct samples *sets = mem_alloc((size_t)j->n, sizeof *sets, e), all = {.print.known = true};
    int rc = sets ? 0 : -1;
    for (int i = 0; rc == 0 && i < j->n; i++) {
        struct data_conf further = *c;
        if (i > 0) {
            further = data_conf_further(c, sets->shape, sets->classes, sets->names, c->labels);
            further.columns = sets->columns;
            further.n_columns = sets->n_columns;
        }
        rc = read_one(&sets[i], j->path[i], format, &further, e);
        if (rc == 0)
            rc = join_prints(&all, &sets[i], j->path[i], e);
    }
    if (rc == 0) {
        rc = join_samples(s, sets, j->path, j->n, e);
        s->print = rc == 0 ? all.print : s->print;
    }
    for (int i = 0; sets && i < j->n; i++)
        samples_free(&sets[i]);
    mem_free(sets);
    return rc;
}

int data_read_file(struct samples *s, const char *path, const char *format,
                   const struct data_conf *c, struct err *e)
{
    struct join j;
    memset(s, 0, sizeof *s);
    int rc = join_split(&j, path, e);
    if (rc == 0 && j.n > 1 && c->labels && *c->labels)
        rc = err_set(e, ERR_DATA, "%s: a file of labels is for one file, and these are %d", path,
                     j.n);
    if (rc == 0)
        rc = j.n == 1 ? read_one(s, j.path[0], format, c, e) : read_list(s, &j, format, c, e);
    join_free(&j);
    return rc;
}

int data_fingerprint(const struct samples *s, const char *path, uint64_t *size, uint32_t *crc,
                     struct err *e)
{
    uint64_t more;
    uint32_t labels;
    if (s->print.known) {
        *size = s->print.size;
        *crc = s->print.crc;
        return 0;
    }
    if (io_fingerprint(path, ERR_DATA, size, crc, e))
        return -1;
    if (!s->labels)
        return 0;
    if (io_fingerprint(s->labels, ERR_DATA, &more, &labels, e))
        return -1;
    *size += more;
    *crc = io_crc32(*crc, &labels, sizeof labels);
    return 0;
}
