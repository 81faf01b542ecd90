/* table.c - a table of text in columns, within 80 columns. */
#include "table.h"

#include "base/mem.h"
#include "ui.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define INDENT 2
#define GAP    2

int table_row(struct table *t, struct err *e, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *c = text; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            *c = '?';
    if (mem_grow(&t->rows, &t->cap, t->n + 1, sizeof *t->rows, e))
        return -1;
    char *row = mem_strdup(text, e);
    if (!row)
        return -1;
    t->rows[t->n++] = row;
    return 0;
}

static void measure(const struct table *t, int columns, int *width)
{
    for (size_t r = 0; r < t->n; r++) {
        const char *cell = t->rows[r];
        for (int c = 0; c < columns; c++) {
            size_t n = strcspn(cell, "\t");
            int w = ui_text_width(cell, n);
            if (w > width[c])
                width[c] = w;
            cell += n + (cell[n] == '\t');
        }
    }
    int total = INDENT, widest = -1;
    for (int c = 0; c < columns; c++) {
        total += width[c] + (c ? GAP : 0);
        if (t->align[c] == 'l' && (widest < 0 || width[c] > width[widest]))
            widest = c;
    }
    if (total > UI_WIDTH && widest >= 0) {
        width[widest] -= total - UI_WIDTH;
        if (width[widest] < 4)
            width[widest] = 4;
    }
}

/* The bytes of the first `columns` code points of s[0 .. n-1]. */
static size_t bytes_of(const char *s, size_t n, int columns)
{
    size_t i = 0;
    for (; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80 && columns-- == 0)
            break;
    return i;
}

static void print_cell(FILE *f, const char *cell, size_t n, int width, char align, bool last)
{
    int pad = width - ui_text_width(cell, n);
    bool cut = pad < 0;
    if (cut)
        n = bytes_of(cell, n, width - 2);
    if (align == 'r' && pad > 0)
        fprintf(f, "%*s", pad, "");
    fprintf(f, "%.*s%s", (int)n, cell, cut ? ".." : "");
    if (align == 'l' && pad > 0 && !last)
        fprintf(f, "%*s", pad, "");
}

void table_print(const struct table *t, FILE *f)
{
    int width[TABLE_COLUMNS] = {0}, columns = (int)strlen(t->align);
    measure(t, columns, width);
    for (size_t r = 0; r < t->n; r++) {
        const char *cell = t->rows[r];
        fprintf(f, "%*s%s", INDENT, "", r == 0 ? ui_on(f, UI_BOLD) : "");
        for (int c = 0; c < columns; c++) {
            size_t n = strcspn(cell, "\t");
            bool last = cell[n] != '\t' || c == columns - 1;
            print_cell(f, cell, n, width[c], t->align[c], last);
            cell += n + (cell[n] == '\t');
            if (last)
                break;
            fprintf(f, "%*s", GAP, "");
        }
        fprintf(f, "%s\n", r == 0 ? ui_off(f) : "");
    }
}

void table_free(struct table *t)
{
    for (size_t r = 0; r < t->n; r++)
        mem_free(t->rows[r]);
    mem_free(t->rows);
    t->rows = NULL;
    t->n = t->cap = 0;
}
