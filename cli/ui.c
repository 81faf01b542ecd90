/* ui.c - words, numbers and colours for people and programs. */
#include "ui.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool color_out, color_err, redraw;

void ui_init(bool no_color)
{
    const char *term = getenv("TERM"), *wish = getenv("NO_COLOR");
    bool dumb = !term || !*term || !strcmp(term, "dumb");
    bool plain = no_color || dumb || (wish && *wish);
    color_out = !plain && isatty(STDOUT_FILENO);
    color_err = !plain && isatty(STDERR_FILENO);
    redraw = !dumb && isatty(STDERR_FILENO);
}

bool ui_can_redraw(void)
{
    return redraw;
}

int ui_columns(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col == 0)
        return UI_WIDTH;
    return w.ws_col;
}

static bool colored(FILE *f)
{
    return f == stdout ? color_out : color_err;
}

const char *ui_on(FILE *f, enum ui_style style)
{
    static const char *const code[] = {
        [UI_BOLD] = "\033[1m",
        [UI_DIM] = "\033[2m",
        [UI_RED] = "\033[31m",
        [UI_GREEN] = "\033[32m",
    };
    return colored(f) ? code[style] : "";
}

const char *ui_off(FILE *f)
{
    return colored(f) ? "\033[0m" : "";
}

int ui_text_width(const char *s, size_t n)
{
    int c = 0;
    for (size_t i = 0; i < n; i++)
        c += ((unsigned char)s[i] & 0xc0) != 0x80;
    return c;
}

void ui_wrap(FILE *f, int column, int indent, const char *text)
{
    int at = column;
    bool fresh = true; /* no word on this line yet */
    while (*text) {
        size_t blanks = strspn(text, " "), n = strcspn(text + blanks, " \n");
        int width = ui_text_width(text + blanks, n);
        if (n > 0 && !fresh && at + 1 + width > UI_WIDTH) {
            fprintf(f, "\n%*s", indent, "");
            at = indent;
            fresh = true;
        }
        if (n > 0) {
            fprintf(f, "%s%.*s", fresh ? "" : " ", (int)n, text + blanks);
            at += width + !fresh;
            fresh = false;
        }
        text += blanks + n;
        if (*text == '\n') {
            fprintf(f, "\n%*s", text[1] && text[1] != '\n' ? indent : 0, "");
            at = indent;
            fresh = true;
            text++;
        }
    }
    fputc('\n', f);
}

void ui_title(FILE *f, const char *text)
{
    fprintf(f, "%s%s%s\n", ui_on(f, UI_BOLD), text, ui_off(f));
}

void ui_error(const struct err *e)
{
    fprintf(stderr, "%sdiynn:%s %s\n", ui_on(stderr, UI_RED), ui_off(stderr), e->msg);
}

void ui_diag(struct diag *d)
{
    diag_sort(d);
    for (int i = 0; i < diag_kept(d); i++)
        fprintf(stderr, "%s\n", d->msg[i].text);
    if (d->total > DIAG_MAX)
        fprintf(stderr, "diynn: %d problems, of which the first %d found are shown\n", d->total,
                DIAG_MAX);
}

const char *ui_number(double x, char *out)
{
    if (isnan(x))
        snprintf(out, UI_TEXT, "-");
    else if (x == 0 || (fabs(x) >= 1e-3 && fabs(x) < 1e6))
        snprintf(out, UI_TEXT, "%.4f", x);
    else
        snprintf(out, UI_TEXT, "%.4g", x);
    return out;
}

const char *ui_duration(double seconds, char *out)
{
    if (!(seconds >= 0 && seconds < 1e9)) {
        snprintf(out, UI_TEXT, "?");
        return out;
    }
    if (seconds < 9.95) {
        snprintf(out, UI_TEXT, "%.1f s", seconds);
        return out;
    }
    long s = lround(seconds);
    if (s < 60)
        snprintf(out, UI_TEXT, "%ld s", s);
    else if (s < 3600)
        snprintf(out, UI_TEXT, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(out, UI_TEXT, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return out;
}

static const char *scaled(double n, double base, const char *const *units, char *out)
{
    int u = 0;
    for (; n >= base * 0.9995 && units[u + 1]; u++)
        n /= base;
    snprintf(out, UI_TEXT,
             u == 0      ? "%.0f%s"
             : n < 9.995 ? "%.2f%s"
             : n < 99.95 ? "%.1f%s"
                         : "%.0f%s",
             n, units[u]);
    return out;
}

const char *ui_bytes(double n, char *out)
{
    static const char *const units[] = {" B", " kB", " MB", " GB", " TB", NULL};
    return scaled(n, 1000, units, out);
}

const char *ui_short(double n, char *out)
{
    static const char *const units[] = {"", " k", " M", " G", " T", " P", NULL};
    return scaled(n, 1000, units, out);
}

json_t *ui_json_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *ui_json_text(const char *s)
{
    json_t *j = json_string(s);
    if (j)
        return j;
    struct err e = {0};
    char *clean = mem_strdup(s, &e);
    if (!clean)
        return NULL;
    for (char *c = clean; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    j = json_string(clean);
    mem_free(clean);
    return j;
}

int ui_json_print(json_t *value, struct err *e)
{
    if (!value)
        return err_set(e, ERR_INTERNAL, "out of memory");
    /* a write that fails is found when stdout is closed */
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', stdout);
    json_decref(value);
    return 0;
}
