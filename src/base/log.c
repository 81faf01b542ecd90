/* log.c - words for people, on stderr. */
#include "base/log.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum log_level current = LOG_NORMAL;
static void (*hook)(void);

void log_set_level(enum log_level level)
{
    current = level;
}

enum log_level log_level(void)
{
    return current;
}

void log_set_hook(void (*before_line)(void))
{
    hook = before_line;
}

static void line(enum log_level needed, const char *prefix, const char *fmt, va_list ap)
{
    if (current < needed)
        return;
    char text[1200];
    vsnprintf(text, sizeof text, fmt, ap);
    err_clean(text);
    if (hook)
        hook();
    fprintf(stderr, "%s%s\n", prefix, text);
}

void log_warn(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line(LOG_NORMAL, "diynn: warning: ", fmt, ap);
    va_end(ap);
}

void log_info(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line(LOG_NORMAL, "", fmt, ap);
    va_end(ap);
}

void log_debug(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line(LOG_VERBOSE, "", fmt, ap);
    va_end(ap);
}
