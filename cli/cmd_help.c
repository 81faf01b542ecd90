/* cmd_help.c - diynn help: the language and the commands, out of the tables that read them. */
#include "cmd.h"
#include "help.h"
#include "reference.h"
#include "topics.h"
#include "ui.h"

#include "base/netfile.h"

#include <stdio.h>
#include <string.h>

struct conf {
    bool markdown;
};

static const struct cmd_opt options[] = {{"markdown", 0, NULL,
                                          "the whole reference as Markdown (docs/REFERENCE.md)",
                                          CMD_FLAG, offsetof(struct conf, markdown), 0, 0},
                                         {.name = NULL}};

/* Every word that help knows, to find the one that was meant. */
static int unknown_topic(const char *word, struct err *e)
{
    const char *names[1024];
    size_t n = 0, max = sizeof names / sizeof *names - 1;
    int n_topics;
    const struct topic *topics = topics_all(&n_topics);
    for (int i = 0; cmd_registry[i] && n < max; i++)
        names[n++] = cmd_registry[i]->name;
    for (int k = 0; k < TOPIC_KINDS && n < max; k++)
        names[n++] = topics_group((enum topic_kind)k);
    for (const struct page *p = topics_pages; p->name && n < max; p++)
        names[n++] = p->name;
    for (int i = 0; i < n_topics && n < max; i++) {
        names[n++] = topics[i].name;
        for (int t = 0; t < TOPIC_TABLES && topics[i].tables[t]; t++)
            for (const struct opt *o = topics[i].tables[t]; o->name && n < max; o++)
                names[n++] = o->name;
    }
    names[n] = NULL;
    const char *near = netfile_nearest(word, names);
    if (near)
        return err_set(e, ERR_USAGE, "no help on '%s'; did you mean '%s'?", word, near);
    return err_set(e, ERR_USAGE, "no help on '%s' (diynn help lists what there is)", word);
}

static int show(const char *word, struct err *e)
{
    int found = 0, n;
    const struct topic *topics = topics_all(&n);
    const struct cmd *cmd = cmd_find(word);
    for (int k = 0; k < TOPIC_KINDS; k++)
        if (!strcmp(word, topics_group((enum topic_kind)k)))
            found += help_group((enum topic_kind)k);
    if (!strcmp(word, "commands"))
        found += help_commands();
    for (const struct page *p = topics_pages; p->name; p++)
        if (!strcmp(word, p->name))
            found += help_page(p, found > 0);
    for (int i = 0; i < n; i++)
        if (!strcmp(word, topics[i].name))
            found += help_topic(&topics[i], found > 0);
    if (cmd) {
        if (found > 0)
            putchar('\n');
        cmd_usage(cmd);
        found++;
    }
    found += help_key(word, found > 0);
    return found > 0 ? 0 : unknown_topic(word, e);
}

static int run(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    if (o->markdown) {
        if (c->n_args > 0)
            return err_set(e, ERR_USAGE, "help --markdown takes no topic");
        reference_print();
        return 0;
    }
    if (c->n_args > 0)
        return show(c->args[0], e);
    help_overview();
    return 0;
}

const struct cmd cmd_help = {
    .name = "help",
    .args = "[TOPIC]",
    .help = "explain any command, section, layer, loss, optimizer or key",
    .more = "A topic is a command, a section, a layer, a loss, an optimizer, a schedule, a format, "
            "a generator, a key (lr, or linear.units), or a page: file, targets, run, exit, "
            "environment.",
    .min_args = 0,
    .max_args = 1,
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
