/* netfile.c - reads a network file through inih, and closes what inih leaves open.
 *
 * inih as packaged merges repeated sections, never reports empty ones, tells no line numbers, cuts
 * lines at 200 bytes and names at 49, takes an indented key for more of the value above, keeps "#
 * note" in values and splits at ':' too. So it never sees the file itself: a line reader of ours
 * stands in front of it, which passes on clean lines only. `next_line` takes a line of the file,
 * `pass_header` and `pass_key` judge it, `feed` hands inih what came of it:
 *
 *     [conv2d c1]            [conv2d]
 *                            \001 = 12 c1       a made-up key: the section is here, at line 12
 *     size = 3 # note        size = \0023\004
 *     path = <300 bytes>     path = \002<first piece>\004
 *                             \003<next piece>\004   a continuation line
 *
 * Control characters are refused in files, so none of these marks can be imitated; they also keep
 * inih from trimming a piece or taking it for a comment. `take` is inih's handler and builds the
 * result. inih calls it for a line before it asks for the next, so `reader.line` is a key's line.
 */
#include "base/netfile.h"

#include "base/io.h"
#include "base/mem.h"
#include "base/netfile_line.h"
#include "base/netfile_names.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

#define MARK_SECTION "\001"
#define MARK_FIRST   '\002'
#define MARK_MORE    '\003'
#define MARK_END     '\004'

#define PIECE_ROOM (NETFILE_NAME_MAX + 16) /* what a line holds besides its piece of a value */

struct reader {
    struct netfile *nf;
    struct diag *d;
    struct err *e;
    struct span rest;                     /* of the file */
    int line;                             /* of the line taken last */
    int setting_line[NETFILE_N_SETTINGS]; /* where each settings section stands; 0: not yet */
    bool swallow;                         /* the keys that follow belong to no section */
    bool told_homeless;                   /* that keys stand before the first section */
    bool announce;                        /* the section's made-up key is due, with this name */
    struct span name;
    struct span value; /* what is left of a long value */
    size_t sections_cap, entries_cap, value_cap;
    int n_entries;
    bool failed; /* *e is set */
};

/* ---- lines of the file ---------------------------------------------------------------------- */

/* Adds a section to the result; type "" for one whose header cannot be read. */
static int add_section(struct reader *r, const char *type, const char *name)
{
    struct netfile *nf = r->nf;
    size_t n = (size_t)nf->n_sections;
    if (mem_grow(&nf->sections, &r->sections_cap, n + 1, sizeof *nf->sections, r->e))
        return -1;
    struct section *s = &nf->sections[n];
    nf->n_sections++; /* from here on netfile_free sees what it has */
    s->line = r->line;
    s->type = mem_strdup(type, r->e);
    s->name = mem_strdup(name, r->e);
    r->entries_cap = 0;
    return s->type && s->name ? 0 : -1;
}

/* Something was meant to be a section here; keys that follow it are not looked at. */
static void lose_section(struct reader *r)
{
    r->swallow = true;
    r->nf->n_lost++;
    if (add_section(r, "", ""))
        r->failed = true;
}

/* Something was meant to be a key here. */
static void lose_key(struct reader *r)
{
    if (!r->swallow)
        r->nf->sections[r->nf->n_sections - 1].n_bad++;
}

/* The next line without its ending, comment and the blanks around it; false at the end of the file.
 * A line with characters that do not belong into a text is reported and comes out empty. */
static bool next_line(struct reader *r, struct span *line)
{
    if (r->rest.s == r->rest.end)
        return false;
    const char *nl = memchr(r->rest.s, '\n', span_size(r->rest));
    *line = (struct span){r->rest.s, nl ? nl : r->rest.end};
    r->rest.s = nl ? nl + 1 : r->rest.end;
    r->line++;
    if (nl && nl > line->s && nl[-1] == '\r')
        line->end--;
    bool good = line_check_text(*line, r->nf->path, r->line, r->d);
    line->end = line_comment(*line);
    *line = line_trim(*line);
    if (!good) {
        if (span_size(*line) > 0 && *line->s == '[')
            lose_section(r);
        else
            lose_key(r);
        line->end = line->s;
    }
    return true;
}

/* A header line: writes what inih is to see, or reports what is wrong and returns false. */
static bool pass_header(struct reader *r, struct span line, char *out, size_t size)
{
    struct span type, name;
    const char *wrong = line_split_header(line, &type, &name);
    if (wrong) {
        line_complain(line, wrong, r->nf->path, r->line, r->d);
        lose_section(r);
        return false;
    }
    int setting = line_setting(type);
    if (setting >= 0 && r->setting_line[setting] > 0) {
        diag_add(r->d, r->nf->path, r->line, "[%s] is given twice (first at line %d)",
                 netfile_settings[setting], r->setting_line[setting]);
        r->swallow = true;
        return false;
    }
    if (setting >= 0)
        r->setting_line[setting] = r->line;
    r->swallow = false;
    r->name = name;
    r->announce = true;
    snprintf(out, size, "[%.*s]\n", (int)span_size(type), type.s);
    return true;
}

/* How much of a value one line for inih carries. */
static size_t piece_size(struct span value, size_t size)
{
    size_t most = size - PIECE_ROOM;
    return span_size(value) < most ? span_size(value) : most;
}

/* A line that is no header: writes what inih is to see, or returns false. */
static bool pass_key(struct reader *r, struct span line, char *out, size_t size)
{
    struct span key, value;
    const char *wrong = line_split_key(line, &key, &value);
    if (!wrong && r->nf->n_sections == 0 && !r->told_homeless) {
        wrong = "this stands before the first [section]";
        r->told_homeless = true;
    }
    if (wrong) {
        line_complain(line, wrong, r->nf->path, r->line, r->d);
        lose_key(r);
    }
    if (wrong || r->swallow)
        return false;
    size_t n = piece_size(value, size);
    snprintf(out, size, "%.*s = %c%.*s%c\n", (int)span_size(key), key.s, MARK_FIRST, (int)n,
             value.s, MARK_END);
    r->value = (struct span){value.s + n, value.end};
    return true;
}

/* ---- inih's two ends ---------------------------------------------------------------------------
 */

/* Whether the result has room for more; reports that it has not. */
static bool too_much(struct reader *r)
{
    if (r->nf->n_sections < NETFILE_SECTIONS_MAX && r->n_entries < NETFILE_ENTRIES_MAX)
        return false;
    diag_add(r->d, r->nf->path, r->line, "the file has more than %d sections or %d keys",
             NETFILE_SECTIONS_MAX, NETFILE_ENTRIES_MAX);
    return true;
}

/* inih's reader: writes the next line into out, which has room for `num` bytes; NULL: the end. */
static char *feed(char *out, int num, void *stream)
{
    struct reader *r = stream;
    size_t size = num > 0 ? (size_t)num : 0;
    if (size < 2 * PIECE_ROOM) {
        err_set(r->e, ERR_INTERNAL, "inih has been built for lines of %d bytes only", num);
        r->failed = true;
    }
    if (r->failed)
        return NULL;
    if (r->announce) {
        snprintf(out, size, MARK_SECTION " = %d %.*s\n", r->line, (int)span_size(r->name),
                 r->name.s);
        r->announce = false;
        return out;
    }
    if (r->value.s < r->value.end) {
        size_t n = piece_size(r->value, size);
        snprintf(out, size, " %c%.*s%c\n", MARK_MORE, (int)n, r->value.s, MARK_END);
        r->value.s += n;
        return out;
    }
    struct span line;
    while (!r->failed && next_line(r, &line)) {
        if (span_size(line) == 0)
            continue;
        if (too_much(r))
            return NULL;
        if (*line.s == '[' ? pass_header(r, line, out, size) : pass_key(r, line, out, size))
            return out;
    }
    return NULL;
}

/* Starts a section with the value of the made-up key, "LINE NAME". */
static int take_section(struct reader *r, const char *type, const char *value)
{
    const char *name = strchr(value, ' '); /* inih cuts a trailing blank: then there is no name */
    return add_section(r, type, name ? name + 1 : "");
}

static int take_first(struct reader *r, const char *key, const char *piece, size_t n)
{
    struct section *s = &r->nf->sections[r->nf->n_sections - 1];
    if (mem_grow(&s->entries, &r->entries_cap, (size_t)s->n_entries + 1, sizeof *s->entries, r->e))
        return -1;
    struct entry *entry = &s->entries[s->n_entries++];
    r->n_entries++;
    entry->line = r->line;
    entry->key = mem_strdup(key, r->e);
    entry->value = mem_strndup(piece, n, r->e);
    r->value_cap = n + 1;
    return entry->key && entry->value ? 0 : -1;
}

static int take_more(struct reader *r, const char *piece, size_t n)
{
    struct section *s = &r->nf->sections[r->nf->n_sections - 1];
    struct entry *entry = &s->entries[s->n_entries - 1];
    size_t old = strlen(entry->value);
    if (mem_grow(&entry->value, &r->value_cap, old + n + 1, 1, r->e))
        return -1;
    memcpy(entry->value + old, piece, n);
    entry->value[old + n] = '\0';
    return 0;
}

/* inih's handler; 0 means failure to inih. */
static int take(void *user, const char *type, const char *key, const char *value)
{
    struct reader *r = user;
    size_t n = strlen(value);
    int res;
    if (strcmp(key, MARK_SECTION) == 0)
        res = take_section(r, type, value);
    else if (n >= 2 && value[0] == MARK_FIRST && value[n - 1] == MARK_END)
        res = take_first(r, key, value + 1, n - 2);
    else if (n >= 2 && value[0] == MARK_MORE && value[n - 1] == MARK_END)
        res = take_more(r, value + 1, n - 2);
    else
        res = err_set(r->e, ERR_INTERNAL, "inih changed a line of %s", r->nf->path);
    if (res)
        r->failed = true;
    return res == 0;
}

/* ---- files ------------------------------------------------------------------------------------
 */

/* Whether this is a text at all: one message is enough for what is not. */
static bool is_text(const char *path, const char *text, size_t len, struct diag *d)
{
    const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;
    if (!nul)
        return true;
    int line = 1;
    for (const char *c = text; c < nul; c++)
        line += *c == '\n';
    diag_add(d, path, line, "a NUL byte: this is no text file in UTF-8");
    return false;
}

struct netfile *netfile_parse(const char *path, const char *text, size_t len, struct diag *d,
                              struct err *e)
{
    struct netfile *nf = mem_alloc(1, sizeof *nf, e);
    if (!nf)
        return NULL;
    nf->path = mem_strdup(path, e);
    if (!nf->path)
        goto fail;
    int problems = d->total;
    struct reader r = {.nf = nf, .d = d, .e = e, .swallow = true};
    if (len > NETFILE_SIZE_MAX)
        diag_add(d, path, -1, "a network file has at most %d bytes", NETFILE_SIZE_MAX);
    else if (is_text(path, text, len, d))
        r.rest = (struct span){text, text + len};
    nf->n_lost = d->total > problems;
    if (len >= 3 && r.rest.s && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.rest.s += 3;
    int bad_line = ini_parse_stream(feed, &r, take, &r);
    if (bad_line && !r.failed)
        r.failed = err_set(e, ERR_INTERNAL, "inih refused a line of %s", path) != 0;
    if (r.failed || netfile_check_names(nf, d, e))
        goto fail;
    return nf;
fail:
    netfile_free(nf);
    return NULL;
}

struct netfile *netfile_load(const char *path, struct diag *d, struct err *e)
{
    struct blob b = {0};
    if (io_read(path, NETFILE_SIZE_MAX, ERR_NET, &b, e))
        return NULL;
    struct netfile *nf = netfile_parse(path, b.data, b.size, d, e);
    blob_free(&b);
    return nf;
}

void netfile_free(struct netfile *nf)
{
    if (!nf)
        return;
    for (int i = 0; i < nf->n_sections; i++) {
        struct section *s = &nf->sections[i];
        for (int j = 0; j < s->n_entries; j++) {
            mem_free(s->entries[j].key);
            mem_free(s->entries[j].value);
        }
        mem_free(s->entries);
        mem_free(s->type);
        mem_free(s->name);
    }
    mem_free(nf->sections);
    mem_free(nf->path);
    mem_free(nf);
}
