/* netfile_line.h - one line of a network file: what it may hold and how it splits. For netfile*.c.
 *
 * Texts are [s, end), not terminated. What is wrong is returned as a reason that goes behind the
 * quoted text, NULL when all is well; the reasons are constants. */
#ifndef BASE_NETFILE_LINE_H
#define BASE_NETFILE_LINE_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

struct span {
    const char *s, *end;
};

static inline size_t span_size(struct span a)
{
    return (size_t)(a.end - a.s);
}

/* Without the blanks (space, tab) around it. */
struct span line_trim(struct span a);

/* Where a comment starts: '#' or ';' at the start or after a blank; end if there is none. */
const char *line_comment(struct span a);

/* Reports the first byte that does not belong into a line: not UTF-8 (RFC 3629), or a control
 * character (a tab is none). false if there is one. */
bool line_check_text(struct span a, const char *path, int line, struct diag *d);

/* "[type]" or "[type name]", trimmed, into its words (name: empty where there is none). Type and
 * name are right when this returns NULL, and settings sections have no name. */
const char *line_split_header(struct span a, struct span *type, struct span *name);

/* "key = value" into its trimmed halves. */
const char *line_split_key(struct span a, struct span *key, struct span *value);

/* Index in netfile_settings, or -1. */
int line_setting(struct span type);

/* Adds "FILE:LINE: QUOTE: REASON". */
void line_complain(struct span a, const char *reason, const char *path, int line, struct diag *d);

#endif
