/* diag.c - a list of messages about one file. */
#include "base/diag.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void diag_add(struct diag *d, const char *file, int line, const char *fmt, ...)
{
    if (d->total++ >= DIAG_MAX)
        return;
    struct diag_msg *m = &d->msg[d->total - 1];
    m->line = line;
    int n = line > 0 ? snprintf(m->text, sizeof m->text, "%s:%d: ", file, line)
                     : snprintf(m->text, sizeof m->text, "command line: ");
    if (n >= (int)sizeof m->text)
        n = (int)sizeof m->text - 1;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(m->text + n, sizeof m->text - (size_t)n, fmt, ap);
    va_end(ap);
    err_clean(m->text);
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
