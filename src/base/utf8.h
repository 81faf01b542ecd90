/* utf8.h - text from outside: UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the sequence at s, of which n > 0 bytes are there; 0 if there is none: cut, overlong, a
 * surrogate, too high. */
size_t utf8_length(const unsigned char *s, size_t n);

/* Whether n bytes are UTF-8 without control characters (a tab is one here). */
bool utf8_is_plain(const char *s, size_t n);

#endif
