/* netfile.h - a network file as text: sections, keys, values and where they stand.
 *
 * The grammar is inih's; what inih lacks (repeated and empty sections, line numbers, long lines,
 * strictness) is added by the line reader in netfile.c. What sections and keys mean is not known
 * here: opt.h reads values, net/ and train/ know the sections. */
#ifndef BASE_NETFILE_H
#define BASE_NETFILE_H

#include "base/diag.h"
#include "base/err.h"

#include <stddef.h>

#define NETFILE_NAME_MAX     48          /* longest key, type or name */
#define NETFILE_VALUE_MAX    (64 * 1024) /* longest value */
#define NETFILE_SIZE_MAX     (4 * 1024 * 1024)
#define NETFILE_SECTIONS_MAX 10000
#define NETFILE_ENTRIES_MAX  100000 /* in all sections together */

struct entry {
    char *key, *value; /* value: without blanks around it; "" is possible */
    int line;          /* 0: the command line */
};

/* "[type]" or "[type name]". Where a header could not be read (its problem is in the diag, its keys
 * are swallowed), a section with type "" and no entries stands in its place: something was meant to
 * be here, so what seems to be missing or not to fit because of it is not worth a message. */
struct section {
    char *type, *name; /* name: "" where the file gives none */
    int line;          /* 0: made by --set */
    struct entry *entries;
    int n_entries;
    int n_bad; /* lines of it that were refused: what seems to be missing may be one of them */
};

struct netfile {
    char *path; /* as messages name it */
    struct section *sections;
    int n_sections;
    int n_lost; /* sections of type ""; 1 for a file that is no text */
};

/* Reads and splits a file. Problems of the file's text go to *d (all of them, the rest of the file
 * is still returned); *e is for a file that cannot be read at all (ERR_NET) or lack of memory, and
 * only then the result is NULL. Free with netfile_free. */
struct netfile *netfile_load(const char *path, struct diag *d, struct err *e);

/* The same for a text in memory that messages call `path`. text[len] need not be NUL. */
struct netfile *netfile_parse(const char *path, const char *text, size_t len, struct diag *d,
                              struct err *e);

void netfile_free(struct netfile *nf);

/* Applies "section.key=value": settings sections (data, train, ...) by type, layers by name (their
 * own, or type_N). An entry of that key is replaced (a repeated one in the file stays an error);
 * a settings section that the file lacks is made. What does not parse or names an unknown section
 * goes to *d at line 0, with a suggestion. -1 only for lack of memory. */
int netfile_set(struct netfile *nf, const char *assignment, struct diag *d, struct err *e);

/* The section of a settings type, or NULL. */
const struct section *netfile_section(const struct netfile *nf, const char *type);

/* The settings sections: data, augment, loss, optimizer, schedule, train; NULL at the end. */
#define NETFILE_N_SETTINGS 6
extern const char *const netfile_settings[NETFILE_N_SETTINGS + 1];
int netfile_is_setting(const char *type); /* 1 or 0 */

/* The name a layer section goes by: its own or type_N, N counting the layers of that type from 1.
 * out has NETFILE_NAME_MAX + 16 bytes. */
void netfile_layer_name(const struct netfile *nf, int section, char *out);

/* The word of `words` (NULL at the end) nearest to `word`, or NULL if none is near
 * (Damerau-Levenshtein distance at most 2 and less than half its length; upper and lower case, '-'
 * and '_' count as equal). Where none is: one that is a part of the other, as `batch` of
 * batch_size, or its first letters, as `lr` of learning_rate. */
const char *netfile_nearest(const char *word, const char *const *words);

#endif
