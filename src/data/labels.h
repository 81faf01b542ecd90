/* labels.h - classes as files write them, numbers or words, made into class numbers.
 *
 * A reader adds the text of each sample's label and keeps what that returns; when all are there,
 * labels_finish sorts the classes (numbers by value, words by their bytes), names them and
 * renumbers. */
#ifndef DATA_LABELS_H
#define DATA_LABELS_H

#include "data/data.h"

#define LABELS_NAME 64    /* room for a class's name: at most 63 bytes of UTF-8 */
#define LABELS_MAX  10000 /* classes; more are numbers to learn, or a wrong column */

struct labels {
    struct labels_word *words; /* the different texts, in the order they came */
    size_t n, cap;
    int *slots; /* open addressing: the number of a word plus 1, or 0 */
    size_t n_slots;
    bool full; /* there were more than LABELS_MAX */
};

/* The number of this text among the different ones, or -1: out of memory. `place` is remembered
 * from its first time: a line, or the number of a sample from 1. */
int labels_add(struct labels *l, const char *text, size_t n, size_t place, struct err *e);

/* The same for a number. */
int labels_add_number(struct labels *l, double v, size_t place, struct err *e);

/* Makes classes of s->label, s->n numbers that labels_add returned: renumbers it and sets
 * s->classes and s->names (c's where it names the classes). ERR_DATA for a class that c does not
 * know, for what can be no name, and for too many; with target = input such labels are left out
 * instead. A message begins with `where` and the place, as in "a.csv:7" (where: "a.csv:") or
 * "a.idx: sample 7". */
int labels_finish(struct labels *l, struct samples *s, const struct data_conf *c, const char *where,
                  struct err *e);

void labels_free(struct labels *l);

#endif
