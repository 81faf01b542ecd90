/* netfile_line.c - one line of a network file. */
#include "base/netfile_line.h"

#include "base/netfile.h"
#include "base/utf8.h"

#include <string.h>

#define LAYER_NAME_MAX 32

const char *const netfile_settings[NETFILE_N_SETTINGS + 1] = {
    "data", "augment", "loss", "optimizer", "schedule", "train", NULL};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

static bool is_name(struct span a)
{
    bool ok = a.s < a.end && is_letter(*a.s);
    for (const char *c = a.s; c < a.end; c++)
        ok = ok && is_word(*c);
    return ok;
}

static bool equals(struct span a, const char *word)
{
    return strlen(word) == span_size(a) && memcmp(a.s, word, span_size(a)) == 0;
}

struct span line_trim(struct span a)
{
    while (a.s < a.end && is_blank(*a.s))
        a.s++;
    while (a.s < a.end && is_blank(a.end[-1]))
        a.end--;
    return a;
}

const char *line_comment(struct span a)
{
    const char *c = a.s;
    while (c < a.end && !((*c == '#' || *c == ';') && (c == a.s || is_blank(c[-1]))))
        c++;
    return c;
}

bool line_check_text(struct span a, const char *path, int line, struct diag *d)
{
    const unsigned char *u = (const unsigned char *)a.s;
    size_t n = span_size(a);
    for (size_t i = 0, len; i < n; i += len) {
        len = utf8_length(u + i, n - i);
        if (len == 0)
            diag_add(d, path, line, "byte 0x%02x is not UTF-8 (save the file as UTF-8)", u[i]);
        else if (u[i] == '\r')
            diag_add(d, path, line, "a carriage return stands inside the line");
        else if ((u[i] < 0x20 && u[i] != '\t') || u[i] == 0x7f)
            diag_add(d, path, line, "control character 0x%02x", u[i]);
        else if (u[i] == 0xc2 && u[i + 1] < 0xa0)
            diag_add(d, path, line, "control character U+%04X", u[i + 1]);
        else
            continue;
        return false;
    }
    return true;
}

int line_setting(struct span type)
{
    for (int i = 0; netfile_settings[i]; i++)
        if (equals(type, netfile_settings[i]))
            return i;
    return -1;
}

static const char *check_layer_name(struct span name)
{
    if (span_size(name) == 0)
        return NULL;
    if (!is_name(name))
        return "a name starts with a letter and goes on with letters, digits and '_'";
    if (span_size(name) > LAYER_NAME_MAX)
        return "a name has at most 32 characters";
    if (equals(name, "input"))
        return "the name 'input' stands for the data; choose another";
    if (line_setting(name) >= 0)
        return "a layer cannot have the name of a settings section; choose another";
    return NULL;
}

const char *line_split_header(struct span a, struct span *type, struct span *name)
{
    const char *close = memchr(a.s, ']', span_size(a));
    if (!close)
        return "the header lacks its ']'";
    if (close + 1 < a.end && (close[1] == '#' || close[1] == ';'))
        return "a comment must stand after a blank";
    if (close + 1 < a.end)
        return "only a comment may follow ']' (a key needs a line of its own)";
    struct span words = line_trim((struct span){a.s + 1, close});
    const char *c = words.s;
    while (c < words.end && !is_blank(*c))
        c++;
    *type = (struct span){words.s, c};
    *name = line_trim((struct span){c, words.end});
    if (span_size(*type) == 0)
        return "the header names no section";
    if (!is_name(*type))
        return "a type starts with a letter and goes on with letters, digits and '_'";
    if (span_size(*type) > NETFILE_NAME_MAX)
        return "a type has at most 48 characters";
    for (c = name->s; c < name->end; c++)
        if (is_blank(*c))
            return "a header is [type] or [type name]";
    if (line_setting(*type) >= 0)
        return span_size(*name) > 0 ? "a settings section takes no name" : NULL;
    return check_layer_name(*name);
}

static const char *check_key(struct span key)
{
    if (span_size(key) == 0)
        return "there is no key before the '='";
    for (const char *c = key.s; c < key.end; c++)
        if (!is_word(*c) && *c != '-' && *c != '.') /* so that weight-decay gets a suggestion */
            return "a key has letters, digits and '_' only";
    if (span_size(key) > NETFILE_NAME_MAX)
        return "a key has at most 48 characters";
    return NULL;
}

const char *line_split_key(struct span a, struct span *key, struct span *value)
{
    const char *eq = memchr(a.s, '=', span_size(a));
    if (!eq && memchr(a.s, ':', span_size(a)))
        return "this is neither [section] nor key = value (only '=' separates)";
    if (!eq)
        return "this is neither [section] nor key = value";
    *key = line_trim((struct span){a.s, eq});
    *value = line_trim((struct span){eq + 1, a.end});
    if (span_size(*value) > NETFILE_VALUE_MAX)
        return "a value has at most 65536 bytes";
    return check_key(*key);
}

void line_complain(struct span a, const char *reason, const char *path, int line, struct diag *d)
{
    char quote[DIAG_QUOTE];
    diag_add(d, path, line, "%s: %s", diag_quote(a.s, span_size(a), quote), reason);
}
