/* diag.c - a list of messages about one file. */
#include "base/diag.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "FILE:LINE: " and the like. Of a very long path the end is kept: it is what tells files apart,
 * and the reason behind it must still fit. */
static int place(char *out, size_t size, const char *file, int line)
{
    const size_t most = 200;
    size_t n = strlen(file);
    const char *dots = n > most ? "..." : "";
    const char *tail = n > most ? file + n - most : file;
    int len;
    if (line == 0)
        len = snprintf(out, size, "command line: ");
    else if (line < 0)
        len = snprintf(out, size, "%s%s: ", dots, tail);
    else
        len = snprintf(out, size, "%s%s:%d: ", dots, tail, line);
    return len;
}

void diag_add(struct diag *d, const char *file, int line, const char *fmt, ...)
{
    if (d->total++ >= DIAG_MAX)
        return;
    struct diag_msg *m = &d->msg[d->total - 1];
    m->line = line;
    size_t n = (size_t)place(m->text, sizeof m->text, file, line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(m->text + n, sizeof m->text - n, fmt, ap);
    va_end(ap);
    err_clean(m->text);
}

const char *diag_quote(const char *s, size_t n, char *out)
{
    const size_t most = DIAG_QUOTE - 1;
    if (n <= most) {
        memcpy(out, s, n);
        out[n] = '\0';
        return out;
    }
    size_t keep = most - 3;
    while (keep > 0 && ((unsigned char)s[keep] & 0xc0) == 0x80) /* inside a UTF-8 sequence */
        keep--;
    memcpy(out, s, keep);
    memcpy(out + keep, "...", 4);
    return out;
}

int diag_kept(const struct diag *d)
{
    return d->total < DIAG_MAX ? d->total : DIAG_MAX;
}

void diag_sort(struct diag *d)
{
    for (int i = 1; i < diag_kept(d); i++) { /* insertion: stable, and the list is short */
        struct diag_msg m = d->msg[i];
        int j = i;
        for (; j > 0 && d->msg[j - 1].line > m.line; j--)
            d->msg[j] = d->msg[j - 1];
        d->msg[j] = m;
    }
}
