/* reference.c - docs/REFERENCE.md. */
#include "reference.h"

#include "cmd.h"
#include "topics.h"

#include <stdio.h>
#include <string.h>

/* Text inside a cell of a table. */
static void cell(const char *s)
{
    for (; *s; s++) {
        if (strchr("|<*_\\", *s))
            putchar('\\');
        putchar(*s);
    }
}

static void keys(const struct opt *table)
{
    for (const struct opt *o = table; o && o->name; o++) {
        char text[1024];
        opt_describe(o, text, sizeof text);
        printf("| `%s` | ", o->name);
        cell(o->help);
        printf(" | ");
        cell(text);
        printf(" |\n");
    }
}

static void keys_head(void)
{
    printf("\n| key | meaning | value |\n|---|---|---|\n");
}

static bool has(const struct topic *t, const struct opt *table)
{
    for (int i = 0; i < TOPIC_TABLES; i++)
        if (t->tables[i] == table)
            return true;
    return false;
}

static void topic(const struct topic *t)
{
    char place[TOPIC_PLACE];
    printf("\n### `%s`\n", topics_place(t, place));
    if (*t->help)
        printf("\n%s\n", t->help);
    bool any = false;
    for (int i = 0; i < TOPIC_TABLES && t->tables[i]; i++) {
        /* what all layers share stands once, above them */
        if (t->tables[i] == layer_init_opts || t->tables[i] == layer_param_opts ||
            t->tables[i] == layer_common_opts || !t->tables[i]->name ||
            (t->tables[i] == optim_shared_opts && t->kind == TOPIC_OPTIMIZER))
            continue;
        if (!any)
            keys_head();
        any = true;
        keys(t->tables[i]);
    }
    if (t->kind == TOPIC_LAYER) {
        printf("\nAlso ");
        if (has(t, layer_init_opts))
            printf("the keys of all layers with random weights, ");
        if (has(t, layer_param_opts))
            printf("the keys of all layers with parameters, and ");
        printf("`from`.\n");
    }
    if (t->kind == TOPIC_OPTIMIZER)
        printf("\nAlso the keys of `[optimizer]`.\n");
    for (const struct layer_example *x = t->examples; x && x->text; x++)
        printf("\n```ini\n# on an input of %s\n%s```\n", x->shape, x->text);
}

static void group(enum topic_kind kind, const char *title)
{
    int n;
    const struct topic *t = topics_all(&n);
    printf("\n## %s\n", title);
    if (kind == TOPIC_LAYER) {
        printf("\nKeys of every layer:\n");
        keys_head();
        keys(layer_common_opts);
        printf("\nKeys of every layer with random weights:\n");
        keys_head();
        keys(layer_init_opts);
        printf("\nKeys of every layer with parameters:\n");
        keys_head();
        keys(layer_param_opts);
    }
    for (int i = 0; i < n; i++)
        if (t[i].kind == kind)
            topic(&t[i]);
}

static void options(const struct cmd_opt *o)
{
    printf("\n| option | meaning |\n|---|---|\n");
    for (; o->name; o++) {
        printf("| `");
        if (o->letter)
            printf("-%c`, `", o->letter);
        printf("--%s%s%s` | ", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        cell(o->help);
        printf(" |\n");
    }
}

static void commands(void)
{
    printf("\n## Commands\n\nOptions of every command:\n");
    options(common_opts);
    for (int i = 0; cmd_registry[i]; i++) {
        const struct cmd *c = cmd_registry[i];
        printf("\n### `diynn %s%s%s`\n\n%s\n", c->name, *c->args ? " " : "", c->args, c->help);
        if (c->more)
            printf("\n%s\n", c->more);
        if (c->options && c->options->name)
            options(c->options);
    }
}

void reference_print(void)
{
    static const char *const title[] = {"Settings",  "Layers",       "Losses",    "Optimizers",
                                        "Schedules", "Data formats", "Generators"};
    printf("# Reference\n\nWritten by `diynn help --markdown` out of the tables that read network "
           "files and command lines;\nnot to be edited by hand (`make reference`).\n");
    for (const struct page *p = topics_pages; p->name; p++)
        printf("\n## %s\n\n%s", p->title, p->text);
    for (int k = 0; k < TOPIC_KINDS; k++)
        group((enum topic_kind)k, title[k]);
    commands();
}
