/* topics.c - what help knows, collected from the registries. */
#include "topics.h"

#include "optim/schedule.h"
#include "train/job.h"

#include <stdio.h>
#include <string.h>

#define MAX_TOPICS 256

static struct topic all[MAX_TOPICS];
static int n_all;

const char *topics_kind(enum topic_kind kind)
{
    static const char *const names[] = {"section",  "layer",  "loss",     "optimizer",
                                        "schedule", "format", "generator"};
    return names[kind];
}

const char *topics_group(enum topic_kind kind)
{
    static const char *const names[] = {"sections",  "layers",  "losses",    "optimizers",
                                        "schedules", "formats", "generators"};
    return names[kind];
}

const char *topics_place(const struct topic *t, char *out)
{
    static const char *const shape[] = {"[%s]",
                                        "[%s]",
                                        "[loss] type = %s",
                                        "[optimizer] type = %s",
                                        "[schedule] type = %s",
                                        "[data] format = %s",
                                        "[data] generator = %s"};
    /* one of the constants above, each with one %s */
    const char *mark = strstr(shape[t->kind], "%s");
    snprintf(out, TOPIC_PLACE, "%.*s%s%s", (int)(mark - shape[t->kind]), shape[t->kind], t->name,
             mark + 2);
    return out;
}

static struct topic *add(enum topic_kind kind, const char *name, const char *help)
{
    struct topic *t = &all[n_all < MAX_TOPICS - 1 ? n_all++ : n_all];
    *t = (struct topic){.kind = kind, .name = name, .help = help ? help : ""};
    return t;
}

static void add_sections(void)
{
    add(TOPIC_SECTION, "data", "where the samples come from")->tables[0] = data_opts;
    add(TOPIC_SECTION, "augment",
        "random changes of training samples, in this order: rotate, scale, translate, elastic, "
        "crop, flip (one resampling), colours, blur, cutout, noise, mixup; and views of test "
        "samples")
        ->tables[0] = augment_opts;
    add(TOPIC_SECTION, "loss", "what training minimises")->tables[0] = loss_opts;
    struct topic *t = add(TOPIC_SECTION, "optimizer", "how parameters follow their gradients");
    t->tables[0] = optim_type_opts;
    t->tables[1] = optim_shared_opts;
    add(TOPIC_SECTION, "schedule", "the learning rate in the course of training")->tables[0] =
        schedule_opts;
    add(TOPIC_SECTION, "train", "how long, in which pieces, and what is written")->tables[0] =
        train_opts;
}

static void add_layer(const struct layer_ops *ops)
{
    struct topic *t = add(TOPIC_LAYER, ops->name, ops->help);
    int n = 0;
    if (ops->opts)
        t->tables[n++] = ops->opts;
    if (ops->flags & LAYER_INIT)
        t->tables[n++] = layer_init_opts;
    if (ops->flags & LAYER_PARAMS)
        t->tables[n++] = layer_param_opts;
    t->tables[n] = layer_common_opts;
    t->examples = ops->examples;
}

const struct topic *topics_all(int *n)
{
    if (n_all == 0) {
        add_sections();
        for (int i = 0; layer_registry[i]; i++)
            add_layer(layer_registry[i]);
        for (int i = 0; loss_registry[i]; i++)
            add(TOPIC_LOSS, loss_registry[i]->name, loss_registry[i]->help)->tables[0] =
                loss_registry[i]->opts;
        for (int i = 0; optim_registry[i]; i++) {
            struct topic *t =
                add(TOPIC_OPTIMIZER, optim_registry[i]->name, optim_registry[i]->help);
            optim_opts(optim_registry[i], t->own);
            int k = 0;
            t->tables[k++] = t->own;
            if (optim_registry[i]->opts)
                t->tables[k++] = optim_registry[i]->opts;
            t->tables[k] = optim_shared_opts;
        }
        for (int i = 0; schedule_types[i]; i++)
            add(TOPIC_SCHEDULE, schedule_types[i], schedule_help[i])->tables[0] =
                schedule_type_opts[i];
        for (int i = 0; format_registry[i]; i++)
            add(TOPIC_FORMAT, format_registry[i]->name, format_registry[i]->help);
        for (int i = 0; generator_registry[i]; i++)
            add(TOPIC_GENERATOR, generator_registry[i]->name, generator_registry[i]->help)
                ->tables[0] = generator_registry[i]->opts;
    }
    *n = n_all;
    return all;
}
