/* help.h - help as text on stdout, 80 columns wide. Those with a result say how many things they
 * showed; `more`: something stands above, an empty line comes first. */
#ifndef HELP_H
#define HELP_H

#include "topics.h"

void help_overview(void);
int help_commands(void);
int help_group(enum topic_kind kind);
int help_page(const struct page *p, bool more);
int help_topic(const struct topic *t, bool more);

/* A key wherever it stands, or in one place: "lr", "linear.units". */
int help_key(const char *word, bool more);

#endif
