/* choice.c - the key `type`, read ahead of its section. */
#include "base/choice.h"

#include <string.h>

int choice_read(const struct netfile *nf, const struct section *s, const struct opt *table,
                int *type, struct diag *d, struct err *e)
{
    while (strcmp(table->name, "type") != 0)
        table++;
    struct opt row[] = {*table, OPT_END};
    row[0].offset = 0;
    struct section only = {0};
    if (s) {
        only = *s;
        only.n_entries = 0;
        for (int i = 0; i < s->n_entries && only.n_entries == 0; i++) {
            if (strcmp(s->entries[i].key, "type") == 0) {
                only.entries = &s->entries[i];
                only.n_entries = 1;
            }
        }
    }
    int before = d->total;
    *type = 0;
    if (opt_read(nf, s ? &only : NULL, &(struct opt_target){row, type}, 1, d, e) < 0)
        return -1;
    if (d->total > before)
        *type = -1;
    return 0;
}
