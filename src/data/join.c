/* join.c - several files that are read as one. */
#include "data/join.h"

#include "base/mem.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int join_split(struct join *j, const char *text, struct err *e)
{
    *j = (struct join){.n = 0};
    if (!strchr(text, ',') || io_exists(text)) {
        j->path[0] = mem_strdup(text, e);
        return j->path[j->n++] ? 0 : -1;
    }
    for (const char *p = text, *end; p; p = end ? end + 1 : NULL) {
        end = strchr(p, ',');
        size_t n = end ? (size_t)(end - p) : strlen(p);
        while (n > 0 && is_blank(*p)) {
            p++;
            n--;
        }
        while (n > 0 && is_blank(p[n - 1]))
            n--;
        if (n == 0)
            return err_set(e, ERR_DATA, "%s: there is an empty name between the commas", text);
        if (j->n == JOIN_MAX)
            return err_set(e, ERR_DATA, "%.60s...: more than %d files", text, JOIN_MAX);
        j->path[j->n] = mem_strndup(p, n, e);
        if (!j->path[j->n++])
            return -1;
    }
    return 0;
}

void join_free(struct join *j)
{
    for (int i = 0; i < j->n; i++)
        mem_free(j->path[i]);
    j->n = 0;
}

static int check_alike(const struct samples *a, const struct samples *b, const char *path_a,
                       const char *path_b, struct err *e)
{
    char x[SHAPE_TEXT], y[SHAPE_TEXT];
    if (!shape_equal(a->shape, b->shape))
        return err_set(e, ERR_DATA, "%s has samples of %s, but %s of %s", path_b,
                       shape_text(b->shape, y), path_a, shape_text(a->shape, x));
    if (!a->x != !b->x || !a->label != !b->label || a->classes != b->classes || a->k != b->k)
        return err_set(e, ERR_DATA, "%s is of another kind than %s: they cannot be joined", path_b,
                       path_a);
    return 0;
}

/* Room for the samples of all sets, of the kind of the first. */
static int allocate(struct samples *s, const struct samples *sets, int n, struct err *e)
{
    size_t all = 0;
    for (int i = 0; i < n; i++)
        all = mem_add(all, sets[i].n);
    if (sets->bytes)
        return samples_alloc_bytes(s, all, sets->shape, sets->label ? sets->classes : 0, e);
    return samples_alloc(s, all, sets->shape, sets->label ? sets->classes : 0, sets->k, e);
}

static void append(struct samples *s, size_t at, const struct samples *from)
{
    size_t size = shape_size(s->shape), k = (size_t)s->k;
    if (s->bytes)
        memcpy(s->bytes + at * size, from->bytes, from->n * size);
    else
        memcpy(s->x + at * size, from->x, from->n * size * sizeof *s->x);
    if (s->label)
        memcpy(s->label + at, from->label, from->n * sizeof *s->label);
    if (s->target)
        memcpy(s->target + at * k, from->target, from->n * k * sizeof *s->target);
}

/* Names and columns of the first set become those of all. */
static void take_names(struct samples *s, struct samples *first)
{
    s->names = first->names;
    s->columns = first->columns;
    s->n_columns = first->n_columns;
    s->classes = first->classes;
    first->names = first->columns = NULL;
    first->n_columns = 0;
}

int join_samples(struct samples *s, struct samples *sets, char *const *path, int n, struct err *e)
{
    size_t at = 0;
    int rc = 0;
    for (int i = 1; rc == 0 && i < n; i++)
        rc = check_alike(&sets[0], &sets[i], path[0], path[i], e);
    if (rc == 0)
        rc = allocate(s, sets, n, e);
    if (rc == 0)
        take_names(s, &sets[0]);
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            append(s, at, &sets[i]);
        at += sets[i].n;
        samples_free(&sets[i]);
    }
    return rc;
}
