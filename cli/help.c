/* help.c - help as text on stdout. */
#include "help.h"

#include "cmd.h"
#include "ui.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 18 /* where explanations start */

/* "  NAME   text", the text wrapped in its column. */
static void row(const char *name, const char *text)
{
    printf("  %s%s%s", ui_on(stdout, UI_BOLD), name, ui_off(stdout));
    int at = 2 + ui_text_width(name, strlen(name));
    if (at >= COLUMN - 1) {
        printf("\n%*s", COLUMN, "");
        at = COLUMN;
    }
    printf("%*s", COLUMN - at, "");
    ui_wrap(stdout, COLUMN, COLUMN, text);
}

static void key(const struct opt *o)
{
    char text[1024];
    row(o->name, o->help);
    opt_describe(o, text, sizeof text);
    printf("%*s%s", COLUMN, "", ui_on(stdout, UI_DIM));
    ui_wrap(stdout, COLUMN, COLUMN, text);
    fputs(ui_off(stdout), stdout);
}

static void paragraphs(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n == 0 || !strncmp(text, "    ", 4)) {
            printf("%.*s\n", (int)n, text);
        } else {
            char line[1024];
            snprintf(line, sizeof line, "%.*s", (int)n, text);
            ui_wrap(stdout, 0, 0, line);
        }
        text += n + (text[n] == '\n');
    }
}

int help_commands(void)
{
    ui_title(stdout, "Commands");
    for (int i = 0; cmd_registry[i]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s %s", cmd_registry[i]->name, cmd_registry[i]->args);
        row(name, cmd_registry[i]->help);
    }
    return 1;
}

static void show_options(const char *title, const struct cmd_opt *o)
{
    if (!o || !o->name)
        return;
    printf("\n");
    ui_title(stdout, title);
    for (; o->name; o++) {
        char name[64];
        snprintf(name, sizeof name, "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->arg ? " " : "",
                 o->arg ? o->arg : "");
        printf("  %s%-20s%s  ", ui_on(stdout, UI_BOLD), name, ui_off(stdout));
        ui_wrap(stdout, 24, 24, o->help);
    }
}

void cmd_usage(const struct cmd *cmd)
{
    printf("Usage: diynn %s%s%s\n\n", cmd->name, *cmd->args ? " [options] " : " [options]",
           cmd->args);
    ui_wrap(stdout, 0, 0, cmd->help);
    if (cmd->more) {
        printf("\n");
        paragraphs(cmd->more);
    }
    show_options("Options", cmd->options);
    show_options("Options of every command", common_opts);
}

/* The names of a group, in one paragraph. */
static void names(enum topic_kind kind)
{
    char text[1024] = "";
    int n;
    const struct topic *t = topics_all(&n);
    for (int i = 0; i < n; i++) {
        size_t at = strlen(text);
        if (t[i].kind == kind)
            snprintf(text + at, sizeof text - at, "%s ", t[i].name);
    }
    if (*text)
        row(topics_group(kind), text);
}

void help_overview(void)
{
    char pages[256] = "";
    printf("diynn %s - trains and runs neural networks that a text file describes\n\n",
           DIYNN_VERSION);
    printf("Usage: diynn COMMAND [options] FILE\n\n");
    help_commands();
    show_options("Options of every command", common_opts);
    printf("\n");
    ui_title(stdout, "What a network file may hold");
    for (int k = 0; k < TOPIC_KINDS; k++)
        names((enum topic_kind)k);
    printf("\n");
    ui_title(stdout, "More");
    for (const struct page *p = topics_pages; p->name; p++) {
        size_t at = strlen(pages);
        snprintf(pages + at, sizeof pages - at, "%s ", p->name);
    }
    row("help TOPIC", "on any word above, on any key (diynn help lr), and on the pages:");
    printf("%*s", COLUMN, "");
    ui_wrap(stdout, COLUMN, COLUMN, pages);
    row("COMMAND --help", "the options of a command");
}

int help_group(enum topic_kind kind)
{
    int n;
    const struct topic *t = topics_all(&n);
    ui_title(stdout, topics_group(kind));
    for (int i = 0; i < n; i++)
        if (t[i].kind == kind)
            row(t[i].name, t[i].help);
    return 1;
}

int help_page(const struct page *p, bool more)
{
    printf("%s", more ? "\n" : "");
    ui_title(stdout, p->title);
    printf("\n");
    paragraphs(p->text);
    return 1;
}

static void show_examples(const struct layer_example *x)
{
    if (!x || !x->text)
        return;
    printf("\n");
    ui_title(stdout, x[1].text ? "Examples" : "Example");
    for (; x->text; x++) {
        printf("    # on an input of %s\n", x->shape);
        for (const char *s = x->text; *s;) {
            size_t n = strcspn(s, "\n");
            printf("    %.*s\n", (int)n, s);
            s += n + (s[n] == '\n');
        }
        if (x[1].text)
            printf("\n");
    }
}

/* The row `name` of a topic, or NULL. */
static const struct opt *find_row(const struct topic *t, const char *name)
{
    for (int i = 0; i < TOPIC_TABLES && t->tables[i]; i++)
        for (const struct opt *o = t->tables[i]; o->name; o++)
            if (!strcmp(o->name, name))
                return o;
    return NULL;
}

int help_topic(const struct topic *t, bool more)
{
    char place[TOPIC_PLACE], title[TOPIC_PLACE + 32];
    printf("%s", more ? "\n" : "");
    snprintf(title, sizeof title, "%s   (%s)", topics_place(t, place), topics_kind(t->kind));
    ui_title(stdout, title);
    if (*t->help) {
        printf("  ");
        ui_wrap(stdout, 2, 2, t->help);
    }
    if (t->tables[0] && t->tables[0]->name) {
        printf("\n");
        ui_title(stdout, "Keys");
    }
    for (int i = 0; i < TOPIC_TABLES && t->tables[i]; i++)
        for (const struct opt *o = t->tables[i]; o->name; o++)
            key(o);
    show_examples(t->examples);
    if (t->kind == TOPIC_SECTION && find_row(t, "type")) {
        printf("\n");
        ui_wrap(stdout, 0, 0, "Each type has keys of its own: diynn help TYPE.");
    }
    return 1;
}

static bool same_row(const struct opt *a, const struct opt *b)
{
    return a->help == b->help && a->def == b->def;
}

/* Whether the n bytes of `word` mean this topic: its own name, or the section it is a type of. */
static bool means(const struct topic *t, const char *word, size_t n)
{
    const char *section = t->kind == TOPIC_LOSS        ? "loss"
                          : t->kind == TOPIC_OPTIMIZER ? "optimizer"
                          : t->kind == TOPIC_SCHEDULE  ? "schedule"
                                                       : t->name;
    return (strlen(t->name) == n && !strncmp(t->name, word, n)) ||
           (strlen(section) == n && !strncmp(section, word, n));
}

int help_key(const char *word, bool more)
{
    const char *dot = strrchr(word, '.'), *name = dot ? dot + 1 : word;
    int n, found = 0;
    const struct topic *t = topics_all(&n);
    for (int i = 0; i < n; i++) {
        const struct opt *o = find_row(&t[i], name);
        bool here = !dot || means(&t[i], word, (size_t)(dot - word));
        bool shown = false;
        for (int j = 0; j < i && o && !dot; j++) {
            const struct opt *above = find_row(&t[j], name);
            shown |= above && same_row(above, o);
        }
        if (!o || !here || shown)
            continue;
        char places[1024] = "", place[TOPIC_PLACE];
        for (int j = i; j < n; j++) { /* all places of the same row */
            const struct opt *other = find_row(&t[j], name);
            size_t at = strlen(places);
            if (j == i || (!dot && other && same_row(other, o)))
                snprintf(places + at, sizeof places - at, "%s%s", at ? ", " : "",
                         topics_place(&t[j], place));
        }
        printf("%s", more || found ? "\n" : "");
        printf("Key of ");
        ui_wrap(stdout, 7, 2, places);
        key(o);
        found++;
    }
    return found;
}
