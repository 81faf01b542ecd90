/* plain_locale.h - the C locale, in which a number's point is a point, whatever the program that
 * uses the library has set. */
#ifndef BASE_PLAIN_LOCALE_H
#define BASE_PLAIN_LOCALE_H

#include <locale.h>

/* For strtod_l and the like. Lives as long as the process. Thread-safe. */
locale_t plain_locale(void);

#endif
