/* topics.h - what help knows: every section, layer, loss, optimizer, schedule, format and
 * generator, with its keys, out of the tables that read them; and pages of words. */
#ifndef TOPICS_H
#define TOPICS_H

#include "data/data.h"
#include "net/layer.h"
#include "net/loss.h"
#include "optim/optim.h"

#define TOPIC_TABLES 4

enum topic_kind {
    TOPIC_SECTION,
    TOPIC_LAYER,
    TOPIC_LOSS,
    TOPIC_OPTIMIZER,
    TOPIC_SCHEDULE,
    TOPIC_FORMAT,
    TOPIC_GENERATOR,
    TOPIC_KINDS
};

struct topic {
    enum topic_kind kind;
    const char *name;
    const char *help;                       /* one line; "" */
    const struct opt *tables[TOPIC_TABLES]; /* its keys; NULL behind the last table */
    struct opt own[OPTIM_OPTS];             /* an optimizer's rates with its defaults */
    const struct layer_example *examples;   /* layers */
};

/* All of them, by kind and in the order of the registries; *n of them. Not thread-safe. */
const struct topic *topics_all(int *n);

/* "section", "layer", ...; and "sections", "layers", ... */
const char *topics_kind(enum topic_kind kind);
const char *topics_group(enum topic_kind kind);

/* What stands in a file: "[train]", "[linear]", "[loss] type = mse", "format = idx". Returns out.
 */
#define TOPIC_PLACE 96
const char *topics_place(const struct topic *t, char *out);

/* A page of words. A line of text is a paragraph; lines that start with four blanks are shown as
 * they are. */
struct page {
    const char *name, *title, *text;
};
extern const struct page topics_pages[]; /* ends with a NULL name */

#endif
