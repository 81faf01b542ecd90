/* netfile_names.c - what sections are called, and what a misspelt word was meant to be. */
#include "base/netfile_names.h"

#include "base/mem.h"
#include "base/netfile.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int netfile_is_setting(const char *type)
{
    for (int i = 0; netfile_settings[i]; i++)
        if (strcmp(type, netfile_settings[i]) == 0)
            return 1;
    return 0;
}

const struct section *netfile_section(const struct netfile *nf, const char *type)
{
    for (int i = 0; i < nf->n_sections; i++)
        if (strcmp(nf->sections[i].type, type) == 0)
            return &nf->sections[i];
    return NULL;
}

void netfile_layer_name(const struct netfile *nf, int section, char *out)
{
    const struct section *s = &nf->sections[section];
    int n = 1;
    for (int i = 0; i < section && !*s->name; i++)
        n += strcmp(nf->sections[i].type, s->type) == 0;
    if (*s->name)
        snprintf(out, NETFILE_NAME_MAX + 16, "%s", s->name);
    else
        snprintf(out, NETFILE_NAME_MAX + 16, "%s_%d", s->type, n);
}

struct named {
    char name[NETFILE_NAME_MAX + 16];
    const struct section *s;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->s->line - y->s->line;
}

/* "[type name]" as the file has it */
static void header(const struct section *s, char *out, size_t size)
{
    snprintf(out, size, *s->name ? "[%s %s]" : "[%s]", s->type, s->name);
}

static void clash(const struct netfile *nf, const struct named *a, const struct named *b,
                  struct diag *d)
{
    char first[2 * NETFILE_NAME_MAX + 4], second[2 * NETFILE_NAME_MAX + 4];
    header(a->s, first, sizeof first);
    header(b->s, second, sizeof second);
    const char *how = *b->s->name ? "" : " (automatically, as it has no name)";
    const char *how_first = *a->s->name ? "" : " (automatically)";
    diag_add(d, nf->path, b->s->line, "%s is called '%s'%s, but so is %s at line %d%s", second,
             b->name, how, first, a->s->line, how_first);
}

int netfile_check_names(const struct netfile *nf, struct diag *d, struct err *e)
{
    struct named *v = mem_alloc((size_t)nf->n_sections, sizeof *v, e);
    if (!v)
        return -1;
    size_t n = 0;
    for (int i = 0; i < nf->n_sections; i++) {
        if (!*nf->sections[i].type || netfile_is_setting(nf->sections[i].type))
            continue;
        v[n].s = &nf->sections[i];
        netfile_layer_name(nf, i, v[n++].name);
    }
    qsort(v, n, sizeof *v, by_name);
    size_t first = 0; /* of the layers with this name */
    for (size_t i = 1; i < n; i++) {
        if (strcmp(v[first].name, v[i].name) == 0)
            clash(nf, &v[first], &v[i], d);
        else
            first = i;
    }
    mem_free(v);
    return 0;
}

/* Upper case as lower case, '-' as '_': what people mix up is no difference. */
static int fold(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c == '-' ? '_' : (unsigned char)c;
}

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that make a out of b (the restricted
 * Damerau-Levenshtein distance). Three rows of the table are enough: a swap looks two rows back. */
static int distance(const char *a, size_t na, const char *b, size_t nb)
{
    int rows[3][NETFILE_NAME_MAX + 1];
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            bool same = fold(a[i - 1]) == fold(b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
            bool swapped = i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                           fold(a[i - 2]) == fold(b[j - 1]);
            if (swapped && above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[na % 3][nb];
}

/* Whether `part` is one of the words that '_' and '-' make of `whole`, or their first letters:
 * batch and batch_size, lr and learning_rate. */
static bool is_part(const char *part, const char *whole)
{
    size_t n = strlen(part), letters = 0, right = 0;
    if (n < 2 || strlen(whole) > NETFILE_NAME_MAX)
        return false;
    for (const char *c = whole; *c;) {
        size_t len = strcspn(c, "_-");
        if (len == n && strncasecmp(c, part, n) == 0)
            return true;
        right += letters < n && len > 0 && fold(part[letters]) == fold(*c);
        letters++;
        c += len + (c[len] != '\0');
    }
    return letters == n && right == n;
}

const char *netfile_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    size_t n = strnlen(word, NETFILE_NAME_MAX + 1);
    int least = 3;
    for (const char *const *w = words; n <= NETFILE_NAME_MAX && *w; w++) {
        size_t m = strlen(*w);
        int far = m > NETFILE_NAME_MAX ? least : distance(word, n, *w, m);
        if (far < least && 2 * (size_t)far < n) {
            least = far;
            best = *w;
        }
    }
    for (const char *const *w = words; n <= NETFILE_NAME_MAX && *w && !best; w++)
        if (is_part(*w, word) || is_part(word, *w))
            best = *w;
    return best;
}
