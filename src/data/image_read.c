/* image_read.c - decodes images in parallel.
 *
 * Threads take one image after the other. What they say does not depend on their number: the error
 * is that of the first broken image of the list, for all images before it have been tried. */
#include "data/image_read.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/par.h"
#include "data/image_cache.h"
#include "image/image.h"

#include <stdatomic.h>
#include <string.h>

#define NAMED 10 /* broken images that are named */
#define FEW   4  /* images that are not worth another thread */

/* ---- one image ---- */

/* The shape that c states, or the image's own. *exact: all images must have it. */
static int find_shape(struct shape *out, bool *exact, const struct image *im, const char *path,
                      const struct data_conf *c, struct err *e)
{
    struct shape stated = {c->shape[0], c->shape[1], c->shape[2]};
    char text[SHAPE_TEXT];
    *exact = stated.c == 0;
    *out = *exact ? (struct shape){im->channels, im->h, im->w} : stated;
    if (out->c != 1 && out->c != 3)
        return err_set(e, ERR_DATA,
                       "%s: an image is 1xHxW (grey) or 3xHxW (colour); the shape asked for is %s",
                       path, shape_text(stated, text));
    return 0;
}

/* Decodes an image into out. 1: it is sound, but of another size than all must have. */
static int decode(unsigned char *out, const char *path, const struct blob *content,
                  struct shape shape, bool exact, enum image_fit fit, struct err *e)
{
    struct image im;
    if (image_decode(&im, content, path, e))
        return -1;
    int rc = exact && (im.channels != shape.c || im.h != shape.h || im.w != shape.w);
    if (rc)
        err_set(e, ERR_DATA,
                "%s: is %dx%dx%d, and the first image %dx%dx%d; [data] shape = CxHxW brings all to "
                "one size",
                path, im.channels, im.h, im.w, shape.c, shape.h, shape.w);
    else
        rc = image_fit(out, shape, &im, fit, e);
    image_free(&im);
    return rc;
}

int image_read_one(struct samples *s, const char *path, const struct blob *b,
                   const struct data_conf *c, struct err *e)
{
    struct image im;
    struct shape shape;
    bool exact;
    if (c->target != TARGET_INPUT && !c->no_target)
        return err_set(e, ERR_DATA,
                       "%s: an image without a class: classes are the folders of images, or stand "
                       "in a list",
                       path);
    if (image_probe(&im, b, path, e) || find_shape(&shape, &exact, &im, path, c, e) ||
        samples_alloc_bytes(s, 1, shape, 0, e))
        return -1;
    if (decode(s->bytes, path, b, shape, exact, (enum image_fit)c->resize, e) == 0)
        return 0;
    samples_free(s);
    return -1;
}

/* ---- all images ---- */

struct work {
    struct image_set *set;
    bool skip;             /* broken images are left out */
    atomic_size_t next;    /* image that nobody has taken */
    atomic_size_t trouble; /* the first image that ends it all */
    struct err *e;         /* one a thread: what was wrong other than an image */
};

static int read_image(const struct image_set *set, size_t i, struct err *e)
{
    struct blob content;
    const char *path = set->list->v[i].path;
    size_t size = shape_size(set->shape);
    if (io_read(path, IMAGE_BYTES_MAX, ERR_DATA, &content, e))
        return -1;
    image_cache_print(&set->file[i], &content);
    int rc = decode(set->bytes + i * size, path, &content, set->shape, set->exact, set->fit, e);
    blob_free(&content);
    return rc;
}

/* No image behind this one counts any more. */
static void end_at(struct work *w, size_t i)
{
    size_t before = atomic_load(&w->trouble);
    while (i < before && !atomic_compare_exchange_weak(&w->trouble, &before, i))
        ;
}

static void decode_some(void *arg, int tid, int nt)
{
    struct work *w = arg;
    (void)nt;
    for (;;) {
        size_t i = atomic_fetch_add(&w->next, 1);
        struct err e = {0};
        if (i >= w->set->list->n || i > atomic_load(&w->trouble))
            return;
        int rc = read_image(w->set, i, &e);
        w->set->file[i].status = rc ? IMAGE_BROKEN : IMAGE_GOOD;
        if (rc && e.kind != ERR_DATA)
            w->e[tid] = e;
        if (rc && (e.kind != ERR_DATA || rc > 0 || !w->skip))
            end_at(w, i);
    }
}

static void stamp_some(void *arg, int tid, int nt)
{
    struct work *w = arg;
    size_t lo, hi;
    par_range(w->set->list->n, 1, tid, nt, &lo, &hi);
    for (size_t i = lo; i < hi; i++)
        folder_stamp(w->set->list->v[i].path, &w->set->file[i].stamp);
}

/* Decodes all images of the set; its bytes are there, its files stamped. */
static int decode_all(struct image_set *set, bool skip, struct team *team, struct err *e)
{
    struct work w = {.set = set, .skip = skip};
    int rc = -1;
    set->bytes = mem_alloc(mem_mul(set->list->n, shape_size(set->shape)), 1, e);
    w.e = set->bytes ? mem_alloc(PAR_MAX, sizeof *w.e, e) : NULL;
    if (!w.e)
        return -1;
    atomic_init(&w.next, 0);
    atomic_init(&w.trouble, set->list->n);
    team_run(team, decode_some, &w);
    for (int t = 0; t < PAR_MAX && e->kind == ERR_NONE; t++)
        *e = w.e[t];
    size_t i = atomic_load(&w.trouble);
    if (e->kind == ERR_NONE && i < set->list->n && read_image(set, i, e) == 0)
        err_set(e, ERR_DATA, "%s: changes while it is read", set->list->v[i].path);
    rc = e->kind == ERR_NONE ? 0 : -1;
    mem_free(w.e);
    return rc;
}

/* Names the broken images, or the first one as the error. */
static int tell_broken(const struct image_set *set, bool skip, struct err *e)
{
    size_t broken = 0;
    unsigned char *room = mem_alloc(shape_size(set->shape), 1, e);
    int rc = room ? 0 : -1;
    struct image_set one = *set; /* decodes into room, whichever image it is */
    for (size_t i = 0; rc == 0 && i < set->list->n; i++) {
        struct err why = {0};
        struct image_file file;
        struct image_list list = {.v = &set->list->v[i], .n = 1};
        if (set->file[i].status == IMAGE_GOOD || ++broken > NAMED)
            continue;
        one.list = &list;
        one.file = &file;
        one.bytes = room;
        if (read_image(&one, 0, &why) == 0)
            err_set(&why, ERR_DATA, "%s: changes while it is read", set->list->v[i].path);
        if (why.kind != ERR_DATA || !skip) {
            *e = why;
            rc = -1;
        } else {
            log_warn("%s (left out)", why.msg);
        }
    }
    if (rc == 0 && broken > NAMED)
        log_warn("%s: and %zu more broken images (left out)", set->list->path, broken - NAMED);
    if (rc == 0 && broken == set->list->n)
        rc = err_set(e, ERR_DATA, "%s: all images are broken", set->list->path);
    mem_free(room);
    return rc;
}

/* ---- samples ---- */

/* The shape of the set: stated, or that of the first image that can be read at all. */
static int choose_shape(struct image_set *set, const struct data_conf *c, struct err *e)
{
    const struct image_list *l = set->list;
    struct image im = {.w = 0};
    for (size_t i = 0; c->shape[0] == 0 && i < l->n; i++) {
        struct err why = {0};
        struct blob b = {0};
        int rc = io_read(l->v[i].path, IMAGE_BYTES_MAX, ERR_DATA, &b, &why);
        if (rc == 0)
            rc = image_probe(&im, &b, l->v[i].path, &why);
        blob_free(&b);
        if (rc == 0)
            break;
        if (why.kind != ERR_DATA || c->broken == BROKEN_FATAL || i + 1 == l->n) {
            *e = why;
            return -1;
        }
    }
    return find_shape(&set->shape, &set->exact, &im, l->path, c, e);
}

/* Checksum and size of all content, names and classes. */
static void print_all(struct samples *s, const struct image_set *set)
{
    const struct image_list *l = set->list;
    uint32_t crc = 0;
    uint64_t size = 0;
    for (size_t i = 0; i < l->n; i++) {
        const char *name = l->v[i].path + l->v[i].name;
        const struct image_file *f = &set->file[i];
        const uint64_t what[] = {f->stamp.size, f->hash, f->crc, (uint64_t)l->v[i].label};
        crc = io_crc32(io_crc32(crc, name, strlen(name) + 1), what, sizeof what);
        size += f->stamp.size;
    }
    s->print.known = true;
    s->print.size = size;
    s->print.crc = crc;
}

/* The paths of the good images, in one block. */
static int name_files(struct samples *s, const struct image_set *set, struct err *e)
{
    const struct image_list *l = set->list;
    size_t n = 0, bytes = 0;
    for (size_t i = 0; i < l->n; i++)
        bytes += sizeof *s->files + strlen(l->v[i].path) + 1;
    s->files = mem_alloc(bytes, 1, e);
    char *to = s->files ? (char *)(s->files + l->n) : NULL;
    for (size_t i = 0; to && i < l->n; i++) {
        if (set->file[i].status != IMAGE_GOOD)
            continue;
        s->files[n++] = to;
        to = stpcpy(to, l->v[i].path) + 1;
    }
    return s->files ? 0 : -1;
}

/* The good images of the set become samples, which take its bytes. */
static int take_samples(struct samples *s, struct image_set *set, struct err *e)
{
    const struct image_list *l = set->list;
    size_t size = shape_size(set->shape), n = 0;
    if (name_files(s, set, e) ||
        (l->labelled && !(s->label = mem_alloc(l->n, sizeof *s->label, e))))
        return -1;
    for (size_t i = 0; i < l->n; i++) {
        if (set->file[i].status != IMAGE_GOOD)
            continue;
        if (n < i)
            memcpy(set->bytes + n * size, set->bytes + i * size, size);
        if (s->label)
            s->label[n] = l->v[i].label;
        n++;
    }
    print_all(s, set);
    s->n = n;
    s->shape = set->shape;
    s->bytes = set->bytes;
    set->bytes = NULL;
    return 0;
}

static int add_classes(struct samples *s, struct image_list *l, const struct data_conf *c,
                       struct err *e)
{
    if (!l->labelled)
        return 0;
    char *where = mem_printf(e, "%s%s", l->path, l->unit);
    int rc = where ? labels_finish(&l->classes, s, c, where, e) : -1;
    mem_free(where);
    return rc;
}

/* From the cache, or decoded. */
static int fill(struct image_set *set, const struct data_conf *c, struct err *e)
{
    bool skip = c->broken == BROKEN_SKIP;
    struct work w = {.set = set};
    size_t worth = set->list->n / FEW + 1, most = (size_t)par_default();
    struct team *team = team_new((int)(worth < most ? worth : most), e);
    int rc = team ? 0 : -1, cached = 0;
    if (rc == 0 && c->cache) {
        set->began = folder_now();
        team_run(team, stamp_some, &w);
        cached = image_cache_load(set, e);
        rc = cached < 0 ? -1 : 0;
    }
    if (rc == 0 && !cached)
        rc = decode_all(set, skip, team, e);
    if (rc == 0)
        rc = tell_broken(set, skip, e);
    if (rc == 0 && c->cache && !cached)
        image_cache_store(set);
    team_free(team);
    return rc;
}

int image_read_list(struct samples *s, struct image_list *l, const struct data_conf *c,
                    struct err *e)
{
    struct image_set set = {.list = l, .fit = (enum image_fit)c->resize};
    int rc = -1;
    if (!l->labelled && c->target != TARGET_INPUT && !c->no_target)
        return err_set(e, ERR_DATA,
                       "%s: images without classes: classes are the folders of images, or stand "
                       "behind their names in a list",
                       l->path);
    set.file = mem_alloc(l->n, sizeof *set.file, e);
    if (set.file && choose_shape(&set, c, e) == 0 && fill(&set, c, e) == 0 &&
        take_samples(s, &set, e) == 0)
        rc = add_classes(s, l, c, e);
    if (rc)
        samples_free(s);
    mem_free(set.bytes);
    mem_free(set.file);
    return rc;
}
