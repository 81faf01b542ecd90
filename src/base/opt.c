/* opt.c - sections read through typed tables. */
#include "base/opt.h"

#include "base/mem.h"
#include "base/opt_value.h"

#include <stdio.h>
#include <string.h>

/* Most rows that the tables of one section have together; more are not looked at for suggestions.
 */
#define NEAR_MAX 250

/* One section while it is read. */
struct reading {
    const struct netfile *nf;
    const struct section *s;
    const struct opt_target *targets;
    int n_targets;
    struct diag *d;
    struct err *e;
    char label[2 * NETFILE_NAME_MAX + 5]; /* "[type name] " */
};

static void forget(const struct opt *table, void *conf)
{
    for (const struct opt *o = table; o->name; o++)
        opt_clear(o, conf);
}

static int fill(const struct opt *table, void *conf, struct err *e)
{
    char why[OPT_TEXT];
    for (const struct opt *o = table; o->name; o++) {
        const char *def = o->flags & OPT_REQUIRED ? NULL : o->def;
        if (!def && o->type != OPT_STRING)
            continue;
        int res = opt_set(o, conf, def ? def : "", false, why, e);
        if (res > 0)
            return err_set(e, ERR_INTERNAL, "default of key %s %s", o->name, why);
        if (res < 0)
            return -1;
    }
    return 0;
}

int opt_defaults(const struct opt *table, void *conf, struct err *e)
{
    forget(table, conf);
    return fill(table, conf, e);
}

void opt_free(const struct opt *table, void *conf)
{
    for (const struct opt *o = table; o->name; o++)
        opt_release(o, conf);
}

/* The row of a key, its conf, and its number among all rows; NULL if no table has it. */
static const struct opt *find(const struct reading *r, const char *key, void **conf, size_t *number)
{
    *number = 0;
    for (int t = 0; t < r->n_targets; t++)
        for (const struct opt *o = r->targets[t].table; o->name; o++, ++*number)
            if (strcmp(o->name, key) == 0) {
                *conf = r->targets[t].conf;
                return o;
            }
    return NULL;
}

/* The entry that rules: the last one. */
static const struct entry *entry_of(const struct section *s, const char *key)
{
    for (int i = s ? s->n_entries - 1 : -1; i >= 0; i--)
        if (strcmp(s->entries[i].key, key) == 0)
            return &s->entries[i];
    return NULL;
}

/* Reports a key that no table has; returns the key that it was probably meant to be, or NULL. */
static const char *unknown_key(const struct reading *r, const struct entry *entry)
{
    const char *names[NEAR_MAX + 1];
    int n = 0;
    for (int t = 0; t < r->n_targets; t++)
        for (const struct opt *o = r->targets[t].table; o->name && n < NEAR_MAX; o++)
            names[n++] = o->name;
    names[n] = NULL;
    const char *near = netfile_nearest(entry->key, names);
    void *conf;
    size_t number;
    const struct entry *type = find(r, "type", &conf, &number) ? entry_of(r->s, "type") : NULL;
    char quote[DIAG_QUOTE];
    if (near)
        diag_add(r->d, r->nf->path, entry->line, "%s%s: unknown key; did you mean '%s'?", r->label,
                 entry->key, near);
    else if (type) /* which decides what keys there are, and is a right word: it was read first */
        diag_add(r->d, r->nf->path, entry->line,
                 "%s%s: unknown key for type = %s ('diynn help %s' lists them)", r->label,
                 entry->key, diag_quote(type->value, strlen(type->value), quote), quote);
    else if (n == 0)
        diag_add(r->d, r->nf->path, entry->line, "%s%s: unknown key; the section has none",
                 r->label, entry->key);
    else
        diag_add(r->d, r->nf->path, entry->line, "%s%s: unknown key ('diynn help %s' lists them)",
                 r->label, entry->key, r->s->type);
    return near;
}

/* Reads one entry. `first`: the earlier entry of the same row, where there is one. -1: no memory.
 */
static int read_entry(const struct reading *r, const struct entry *entry, const struct opt *o,
                      void *conf, const struct entry *first)
{
    char why[OPT_TEXT], quote[DIAG_QUOTE];
    if (first && entry->line > 0) { /* what --set gives replaces what the file gives */
        diag_add(r->d, r->nf->path, entry->line, "%s%s is given twice (first at line %d)", r->label,
                 entry->key, first->line);
        return 0;
    }
    int res = opt_set(o, conf, entry->value, true, why, r->e);
    if (res > 0 && !*entry->value)
        diag_add(r->d, r->nf->path, entry->line, "%s%s has no value: %s", r->label, entry->key,
                 why);
    else if (res > 0)
        diag_add(r->d, r->nf->path, entry->line, "%s%s = %s: %s", r->label, entry->key,
                 diag_quote(entry->value, strlen(entry->value), quote), why);
    return res < 0 ? -1 : 0;
}

/* What the section says about one row. */
struct seen {
    const struct entry *first;
    bool meant; /* an unknown key is probably this one */
};

/* Reports required keys that no entry gives, unless what was meant to give it has been reported. */
static void check_missing(const struct reading *r, const struct seen *seen)
{
    size_t number = 0;
    for (int t = 0; t < r->n_targets; t++)
        for (const struct opt *o = r->targets[t].table; o->name; o++, number++)
            if (o->flags & OPT_REQUIRED && !seen[number].first && !seen[number].meant)
                diag_add(r->d, r->nf->path, r->s ? r->s->line : -1, "%s%s is missing (%s)",
                         r->label, o->name, o->help);
}

static int read_entries(const struct reading *r, struct seen *seen)
{
    for (int i = 0; r->s && i < r->s->n_entries; i++) {
        const struct entry *entry = &r->s->entries[i];
        void *conf;
        size_t number;
        const struct opt *o = find(r, entry->key, &conf, &number);
        if (!o) {
            const char *meant = unknown_key(r, entry);
            if (meant && find(r, meant, &conf, &number))
                seen[number].meant = true;
            continue;
        }
        if (read_entry(r, entry, o, conf, seen[number].first))
            return -1;
        if (!seen[number].first)
            seen[number].first = entry;
    }
    if (!r->s || r->s->n_bad == 0)
        check_missing(r, seen);
    return 0;
}

int opt_read(const struct netfile *nf, const struct section *s, const struct opt_target *targets,
             int n_targets, struct diag *d, struct err *e)
{
    struct reading r = {nf, s, targets, n_targets, d, e, ""};
    size_t rows = 0;
    for (int t = 0; t < n_targets; t++) {
        forget(targets[t].table, targets[t].conf);
        for (const struct opt *o = targets[t].table; o->name; o++)
            rows++;
    }
    for (int t = 0; t < n_targets; t++)
        if (fill(targets[t].table, targets[t].conf, e))
            return -1;
    if (s)
        snprintf(r.label, sizeof r.label, *s->name ? "[%s %s] " : "[%s] ", s->type, s->name);
    struct seen *seen = mem_alloc(rows, sizeof *seen, e);
    int res = seen ? read_entries(&r, seen) : -1;
    mem_free(seen);
    return res;
}

bool opt_given(const struct section *s, const char *key)
{
    return entry_of(s, key) != NULL;
}

int opt_line(const struct section *s, const char *key)
{
    const struct entry *entry = entry_of(s, key);
    return entry ? entry->line : s ? s->line : -1;
}
