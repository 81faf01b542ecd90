/* err.c - one error, owned by the caller. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void err_clean(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
}

static void fill(struct err *e, enum err_kind kind, const char *fmt, va_list ap)
{
    e->kind = kind;
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    err_clean(e->msg);
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    if (e->kind == ERR_NONE) {
        va_list ap;
        va_start(ap, fmt);
        fill(e, kind, fmt, ap);
        va_end(ap);
    }
    return -1;
}

int err_errno(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    int saved = errno;
    if (e->kind == ERR_NONE) {
        va_list ap;
        va_start(ap, fmt);
        fill(e, kind, fmt, ap);
        va_end(ap);
        size_t n = strlen(e->msg);
        snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(saved));
    }
    return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
    char old[sizeof e->msg];
    memcpy(old, e->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    size_t n = strlen(e->msg);
    snprintf(e->msg + n, sizeof e->msg - n, ": %s", old);
    err_clean(e->msg);
    return -1;
}
