/* netfile_set.c - "--set section.key=value". */
#include "base/mem.h"
#include "base/netfile.h"
#include "base/netfile_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void complain(const struct netfile *nf, const char *assignment, const char *reason,
                     struct diag *d)
{
    struct span a = {assignment, assignment + strlen(assignment)};
    line_complain(a, reason, nf->path, 0, d);
}

/* "section.key=value" into three; false after a message. */
static bool split(const struct netfile *nf, const char *assignment, struct span *section,
                  struct span *key, struct span *value, struct diag *d)
{
    struct span a = {assignment, assignment + strlen(assignment)};
    if (!line_check_text(a, nf->path, 0, d))
        return false;
    const char *eq = strchr(assignment, '='), *dot = strchr(assignment, '.');
    if (!eq || !dot || dot > eq) {
        complain(nf, assignment, "this is not section.key=value", d);
        return false;
    }
    *section = line_trim((struct span){assignment, dot});
    const char *wrong = line_split_key((struct span){dot + 1, a.end}, key, value);
    if (!wrong && line_comment(*value) > value->s && line_comment(*value) < value->end)
        wrong = "a value cannot hold a blank with '#' or ';' behind it (a file could not)";
    if (wrong)
        complain(nf, assignment, wrong, d);
    return !wrong;
}

/* Whether section number i goes by this name; `name` holds it then or not. */
static bool goes_by(const struct netfile *nf, int i, const char *wanted, char *name)
{
    const struct section *s = &nf->sections[i];
    if (!*s->type)
        return false;
    if (netfile_is_setting(s->type))
        snprintf(name, NETFILE_NAME_MAX + 16, "%s", s->type);
    else
        netfile_layer_name(nf, i, name);
    return strcmp(name, wanted) == 0;
}

/* Says that nothing is called so, with the most similar name. */
static void unknown(const struct netfile *nf, const char *wanted, struct diag *d)
{
    char name[NETFILE_NAME_MAX + 16], quote[DIAG_QUOTE];
    const char *best = netfile_nearest(wanted, netfile_settings);
    char kept[sizeof name] = "";
    for (int i = 0; i < nf->n_sections && !best; i++) {
        goes_by(nf, i, wanted, name);
        const char *const one[] = {name, NULL};
        if (*nf->sections[i].type && netfile_nearest(wanted, one)) {
            memcpy(kept, name, sizeof kept);
            best = kept;
        }
    }
    diag_quote(wanted, strlen(wanted), quote);
    if (best)
        diag_add(d, nf->path, 0, "no section or layer is called '%s'; did you mean '%s'?", quote,
                 best);
    else
        diag_add(d, nf->path, 0, "no section or layer is called '%s'", quote);
}

static struct section *new_section(struct netfile *nf, const char *type, struct err *e)
{
    size_t n = (size_t)nf->n_sections;
    struct section *grown = mem_alloc(n + 1, sizeof *grown, e);
    if (!grown)
        return NULL;
    struct section *s = &grown[n];
    s->type = mem_strdup(type, e);
    s->name = mem_strdup("", e);
    if (!s->type || !s->name) {
        mem_free(s->type);
        mem_free(s->name);
        mem_free(grown);
        return NULL;
    }
    if (n > 0)
        memcpy(grown, nf->sections, n * sizeof *grown);
    mem_free(nf->sections);
    nf->sections = grown;
    nf->n_sections++;
    return s;
}

/* Gives the key its value: in the entry there is, or in a new one. Where the file repeats the key
 * both entries stay, to be reported, and the new one rules. */
static int assign(struct section *s, struct span key, struct span value, struct err *e)
{
    int found = 0, at = -1;
    for (int i = 0; i < s->n_entries; i++)
        if (strlen(s->entries[i].key) == span_size(key) &&
            memcmp(s->entries[i].key, key.s, span_size(key)) == 0) {
            found++;
            at = i;
        }
    char *v = mem_strndup(value.s, span_size(value), e);
    if (!v)
        return -1;
    if (found == 1 || (found > 1 && s->entries[at].line == 0)) {
        mem_free(s->entries[at].value);
        s->entries[at].value = v;
        s->entries[at].line = 0;
        return 0;
    }
    size_t n = (size_t)s->n_entries;
    char *k = mem_strndup(key.s, span_size(key), e);
    struct entry *grown = k ? mem_alloc(n + 1, sizeof *grown, e) : NULL;
    if (!grown) {
        mem_free(k);
        mem_free(v);
        return -1;
    }
    if (n > 0)
        memcpy(grown, s->entries, n * sizeof *grown);
    grown[n] = (struct entry){.key = k, .value = v, .line = 0};
    mem_free(s->entries);
    s->entries = grown;
    s->n_entries++;
    return 0;
}

int netfile_set(struct netfile *nf, const char *assignment, struct diag *d, struct err *e)
{
    struct span section, key, value;
    if (!split(nf, assignment, &section, &key, &value, d))
        return 0;
    char name[NETFILE_NAME_MAX + 16];
    char *wanted = mem_strndup(section.s, span_size(section), e);
    if (!wanted)
        return -1;
    struct section *s = NULL;
    int res = 0;
    for (int i = 0; i < nf->n_sections && !s; i++)
        if (goes_by(nf, i, wanted, name))
            s = &nf->sections[i];
    if (!s && netfile_is_setting(wanted)) {
        s = new_section(nf, wanted, e);
        res = s ? 0 : -1;
    }
    if (s)
        res = assign(s, key, value, e);
    else if (res == 0)
        unknown(nf, wanted, d);
    mem_free(wanted);
    return res;
}
