/* image_list.c - image files in folders and in lists. */
#include "data/image_list.h"

#include "base/folder.h"
#include "base/mem.h"
#include "image/image.h"

#include <string.h>

#define DEPTH_MAX 16 /* folders in folders; links may go round */

void image_list_free(struct image_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->v[i].path);
    mem_free(l->v);
    labels_free(&l->classes);
    *l = (struct image_list){.n = 0};
}

/* Takes the path, which may be NULL: out of memory. */
static int add(struct image_list *l, char *path, size_t name, int label, struct err *e)
{
    if (!path || mem_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v, e)) {
        mem_free(path);
        return -1;
    }
    l->v[l->n++] = (struct image_source){path, name, label};
    return 0;
}

/* ---- folders ---- */

/* The images below `path`, at any depth. */
static int collect(struct image_list *l, const char *path, int label, int depth, struct err *e)
{
    struct folder f;
    size_t name = strlen(l->path) + 1;
    int rc = folder_read(&f, path, ERR_DATA, e);
    if (rc == 0 && depth > DEPTH_MAX)
        rc = err_set(e, ERR_DATA, "%s: more than %d folders in each other", path, DEPTH_MAX);
    for (size_t i = 0; rc == 0 && i < f.n; i++) {
        if (!f.v[i].folder && !image_is_name(f.v[i].name))
            continue;
        char *full = mem_printf(e, "%s/%s", path, f.v[i].name);
        if (full && f.v[i].folder) {
            rc = collect(l, full, label, depth + 1, e);
            mem_free(full);
        } else {
            rc = add(l, full, name, label, e);
        }
    }
    folder_free(&f);
    return rc;
}

/* A class: the folder of that name. */
static int add_class(struct image_list *l, const char *class, struct err *e)
{
    size_t before = l->n;
    char *path = mem_printf(e, "%s/%s", l->path, class);
    int label = path ? labels_add(&l->classes, class, strlen(class), l->n + 1, e) : -1;
    int rc = label < 0 ? -1 : collect(l, path, label, 0, e);
    if (rc == 0 && l->n == before)
        rc = err_set(e, ERR_DATA, "%s: no images (png, jpg, jpeg, bmp, pgm, ppm) in this folder",
                     path);
    mem_free(path);
    return rc;
}

int image_list_folder(struct image_list *l, const char *path, struct err *e)
{
    struct folder f;
    *l = (struct image_list){.path = path, .unit = ": image "};
    int rc = folder_read(&f, path, ERR_DATA, e);
    const char *loose = NULL;
    for (size_t i = 0; rc == 0 && i < f.n; i++) {
        l->labelled = l->labelled || f.v[i].folder;
        if (!loose && !f.v[i].folder && image_is_name(f.v[i].name))
            loose = f.v[i].name;
    }
    if (rc == 0 && l->labelled && loose)
        rc = err_set(e, ERR_DATA, "%s: images (%s) beside the folders of classes", path, loose);
    for (size_t i = 0; rc == 0 && i < f.n; i++)
        if (l->labelled && f.v[i].folder)
            rc = add_class(l, f.v[i].name, e);
    folder_free(&f);
    if (rc == 0 && !l->labelled)
        rc = collect(l, path, 0, 0, e);
    if (rc == 0 && l->n == 0)
        rc = err_set(e, ERR_DATA,
                     "%s: neither images (png, jpg, jpeg, bmp, pgm, ppm) in this folder nor "
                     "folders of classes",
                     path);
    return rc;
}

/* ---- lists ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks at both ends off. */
static void trim(const char **p, size_t *n)
{
    while (*n > 0 && is_blank(**p)) {
        (*p)++;
        (*n)--;
    }
    while (*n > 0 && is_blank((*p)[*n - 1]))
        (*n)--;
}

/* Whether n characters end as the names of images do. */
static bool is_image(const char *p, size_t n)
{
    char end[8] = "";
    size_t keep = n < sizeof end - 1 ? n : sizeof end - 1;
    memcpy(end, p + n - keep, keep);
    return image_is_name(end);
}

/* Parts a trimmed line: the length of the path in front, and the class, if any, behind it. */
static size_t part_line(const char *p, size_t n, const char **class, size_t *n_class)
{
    const char *tab = memrchr(p, '\t', n), *cut = tab ? tab : memrchr(p, ' ', n);
    *class = NULL;
    *n_class = 0;
    if (!cut || (!tab && is_image(p, n)))
        return n;
    *class = cut + 1;
    *n_class = n - (size_t)(*class - p);
    trim(class, n_class);
    n = (size_t)(cut - p);
    trim(&p, &n);
    return n;
}

static int add_line(struct image_list *l, const char *p, size_t n, size_t line, struct err *e)
{
    const char *class, *slash = strrchr(l->path, '/');
    size_t n_class, n_path = part_line(p, n, &class, &n_class);
    size_t folder = slash && *p != '/' ? (size_t)(slash - l->path) + 1 : 0;
    if (l->n == 0)
        l->labelled = class != NULL;
    if (l->labelled != (class != NULL))
        return err_set(e, ERR_DATA, "%s:%zu: %s a class, unlike the lines above", l->path, line,
                       class ? "gives" : "lacks");
    int label = class ? labels_add(&l->classes, class, n_class, line, e) : 0;
    if (label < 0)
        return -1;
    char *path = mem_printf(e, "%.*s%.*s", (int)folder, l->path, (int)n_path, p);
    return add(l, path, folder, label, e);
}

/* The next line of a text, trimmed; false at its end. */
static bool next_line(const char **at, const char *end, const char **p, size_t *n)
{
    if (*at >= end)
        return false;
    const char *nl = memchr(*at, '\n', (size_t)(end - *at));
    *p = *at;
    *n = (size_t)((nl ? nl : end) - *at);
    *at = nl ? nl + 1 : end;
    trim(p, n);
    return true;
}

int image_list_text(struct image_list *l, const char *path, const struct blob *b, struct err *e)
{
    const char *at = b->data, *end = at + b->size, *p;
    size_t n, line = 0;
    *l = (struct image_list){.path = path, .unit = ":"};
    if (memchr(b->data, '\0', b->size))
        return err_set(e, ERR_DATA, "%s: is neither an image nor a list of images", path);
    while (next_line(&at, end, &p, &n)) {
        line++;
        if (n > 4096)
            return err_set(e, ERR_DATA, "%s:%zu: a line of %zu bytes", path, line, n);
        if (n > 0 && *p != '#' && add_line(l, p, n, line, e))
            return -1;
    }
    if (l->n == 0)
        return err_set(e, ERR_DATA, "%s: names no images", path);
    return 0;
}

bool image_list_look(const char *text, size_t n)
{
    const char *at = text, *end = text + n, *p, *class;
    size_t n_class;
    if (memchr(text, '\0', n))
        return false;
    while (next_line(&at, end, &p, &n))
        if (n > 0 && *p != '#')
            return is_image(p, part_line(p, n, &class, &n_class));
    return false;
}
