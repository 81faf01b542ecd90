/* ui.h - words, numbers and colours for people and programs.
 *
 * Colour is used on a terminal only, told for stdout and stderr apart, and never with --no-color,
 * NO_COLOR or TERM=dumb. Text is laid out for 80 columns wherever it goes, so that what is piped or
 * compared does not depend on a window. One thread only. */
#ifndef UI_H
#define UI_H

#include "base/diag.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define UI_WIDTH 80

enum ui_style { UI_BOLD, UI_DIM, UI_RED, UI_GREEN };

/* Looks at the streams and the environment. */
void ui_init(bool no_color);

/* Whether stderr is a terminal on which a line can be drawn again; its width in columns. */
bool ui_can_redraw(void);
int ui_columns(void);

/* Escape sequences, or "" where there is no colour. */
const char *ui_on(FILE *f, enum ui_style style);
const char *ui_off(FILE *f);

/* Prints text from column `column` on, broken between words before UI_WIDTH, further lines indented
 * by `indent`, ending in a newline. '\n' in the text breaks too. */
void ui_wrap(FILE *f, int column, int indent, const char *text);

/* Columns that n bytes of UTF-8 take: code points, as if none were wide. */
int ui_text_width(const char *s, size_t n);

/* A heading in bold. */
void ui_title(FILE *f, const char *text);

/* "diynn: MESSAGE" on stderr. */
void ui_error(const struct err *e);

/* The messages of a list on stderr, one a line, and how many there are where not all were kept. */
void ui_diag(struct diag *d);

/* "0.1534", "1.2e-05", "-" for NaN; "1:02:03"; "12.3 MB"; "1.6 M". out has UI_TEXT bytes and is
 * returned. */
#define UI_TEXT 32
const char *ui_number(double x, char *out);
const char *ui_duration(double seconds, char *out);
const char *ui_bytes(double n, char *out);
const char *ui_short(double n, char *out);

/* JSON: a number (null where it is not finite); a string (bytes that are not UTF-8 become '?'). */
json_t *ui_json_real(double x);
json_t *ui_json_text(const char *s);

/* Prints a value on stdout and drops the reference. NULL stands for lack of memory. */
int ui_json_print(json_t *value, struct err *e);

#endif
