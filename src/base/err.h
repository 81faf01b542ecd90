/* err.h - how a function says what went wrong.
 *
 * A function that can fail takes `struct err *e` last and returns -1 (or NULL) after filling it.
 * The caller owns the struct; it starts as `{0}`. The first error stays: setting another one is
 * ignored, so cleaning up cannot hide the cause. Callers add context in front. Not thread-safe:
 * one struct belongs to one thread. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* The kind is the exit code of the program. */
enum err_kind {
    ERR_NONE = 0,
    ERR_INTERNAL = 1,     /* internal error, out of memory, disk full */
    ERR_USAGE = 2,        /* command line */
    ERR_NET = 3,          /* network file */
    ERR_DATA = 4,         /* data file or checkpoint */
    ERR_DIVERGED = 5,     /* training diverged */
    ERR_INTERRUPTED = 130 /* interrupted, checkpoint written */
};

struct err {
    enum err_kind kind;
    char msg[1024]; /* one complete sentence, without a full stop or a newline at its end */
};

/* Fills *e unless it already holds an error. Control characters from user input are replaced by
 * '?', so a message never spoils a terminal. Always returns -1. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the text of errno behind the message. */
int err_errno(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts context in front of the message: "CONTEXT: message". Always returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Replaces bytes of s below 0x20, and 0x7f, by '?'. */
void err_clean(char *s);

#endif
