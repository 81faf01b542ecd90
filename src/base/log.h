/* log.h - words for people, on stderr. The only place below cli/ that prints.
 *
 * A line is written by one call, so lines of several threads never mix. While a progress bar stands
 * on the terminal the command line installs a hook that clears it first. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);
enum log_level log_level(void);

/* Called before each line, e.g. to clear a progress bar; NULL: none. */
void log_set_hook(void (*before_line)(void));

/* "diynn: warning: ..." unless quiet. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A plain line, unless quiet. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A plain line, only with -v. */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
