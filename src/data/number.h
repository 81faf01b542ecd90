/* number.h - decimal numbers of data files, fast and exact. */
#ifndef DATA_NUMBER_H
#define DATA_NUMBER_H

#include "base/real.h"

#include <stdbool.h>

/* Reads the decimal number at *p ("-0.6310", "7", "1.5e-3"; no blanks in front, no hexadecimal, inf
 * or nan) and moves *p behind it. The bits are those of strtof (strtod in the double build) in the
 * C locale, whatever the locale is. The text must end in a NUL somewhere. false, with *p and *v as
 * they were, where there is no number or where it is too large for a real. */
bool number_read(const char **p, real *v);

/* The shortest decimal that number_read turns into the same bits, "nan", "inf" or "-inf", with a
 * NUL behind it; the same text in every locale. Returns its length. */
#define NUMBER_TEXT 32
int number_print(real v, char out[NUMBER_TEXT]);

#endif
