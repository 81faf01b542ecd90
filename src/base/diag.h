/* diag.h - a list of messages about one file, so that a user sees all its errors at once.
 *
 * Reading a network file never stops at its first error: `netfile`, `opt` and `net_build` append
 * here. The struct holds its own storage; it starts as `{0}`; one thread only. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stddef.h>

#define DIAG_MAX 20 /* messages kept; the rest is counted */

struct diag_msg {
    int line;       /* 0: the command line, negative: the whole file */
    char text[512]; /* complete: "FILE:LINE: [section] key = value: reason" */
};

struct diag {
    int total; /* messages added, kept or not: 0 means all is well */
    struct diag_msg msg[DIAG_MAX];
};

/* Appends "FILE:LINE: " and the formatted text; line 0 gives "command line: " instead, a negative
 * line "FILE: " (what concerns the whole file). */
void diag_add(struct diag *d, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Sorts the kept messages by line, those of one line in the order in which they came. */
void diag_sort(struct diag *d);

/* Number of kept messages. */
int diag_kept(const struct diag *d);

/* The first n bytes of s as a message may quote them: whole if they are short, otherwise cut at the
 * end of a character, with "..." behind. out has DIAG_QUOTE bytes; returns out. */
#define DIAG_QUOTE 64
const char *diag_quote(const char *s, size_t n, char *out);

#endif
