/* labels.c - classes as files write them, made into class numbers. */
#include "data/labels.h"

#include "base/mem.h"
#include "base/opt_value.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_LIKELY 100 /* more classes than this, with fractions, are values */

struct labels_word {
    char *text; /* n bytes and a NUL */
    size_t n, place;
    double value;
    bool is_number;
    int number; /* its class, when that is known */
};

static size_t hash(const char *text, size_t n)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32);
}

/* The slot of this text, or the free one where it belongs. */
static int *find(const struct labels *l, const char *text, size_t n)
{
    for (size_t i = hash(text, n);; i++) {
        int *slot = &l->slots[i & (l->n_slots - 1)];
        if (*slot == 0)
            return slot;
        const struct labels_word *w = &l->words[*slot - 1];
        if (w->n == n && memcmp(w->text, text, n) == 0)
            return slot;
    }
}

static int make_slots(struct labels *l, size_t n_slots, struct err *e)
{
    int *slots = mem_alloc(n_slots, sizeof *slots, e);
    if (!slots)
        return -1;
    mem_free(l->slots);
    l->slots = slots;
    l->n_slots = n_slots;
    for (size_t i = 0; i < l->n; i++)
        *find(l, l->words[i].text, l->words[i].n) = (int)i + 1;
    return 0;
}

int labels_add(struct labels *l, const char *text, size_t n, size_t place, struct err *e)
{
    if (2 * (l->n + 1) > l->n_slots && make_slots(l, l->n_slots ? 2 * l->n_slots : 64, e))
        return -1;
    int *slot = find(l, text, n);
    if (*slot)
        return *slot - 1;
    if (l->n == LABELS_MAX) {
        l->full = true;
        return 0;
    }
    if (mem_grow(&l->words, &l->cap, l->n + 1, sizeof *l->words, e))
        return -1;
    struct labels_word *w = &l->words[l->n];
    *w = (struct labels_word){.text = mem_strndup(text, n, e), .n = n, .place = place};
    if (!w->text)
        return -1;
    w->is_number = strlen(w->text) == n && opt_parse_double(w->text, &w->value);
    *slot = (int)++l->n;
    return *slot - 1;
}

int labels_add_number(struct labels *l, double v, size_t place, struct err *e)
{
    char text[OPT_NUMBER];
    opt_print_double(v, text);
    return labels_add(l, text, strlen(text), place, e);
}

void labels_free(struct labels *l)
{
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->words[i].text);
    mem_free(l->words);
    mem_free(l->slots);
    *l = (struct labels){0};
}

/* ---- classes ---- */

static int by_value(const void *a, const void *b)
{
    double x = (*(struct labels_word *const *)a)->value,
           y = (*(struct labels_word *const *)b)->value;
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
    return strcmp((*(struct labels_word *const *)a)->text, (*(struct labels_word *const *)b)->text);
}

/* A number as classes are named by it: "+1", "1.0" and "1" are one class. */
static void name_number(double v, char out[OPT_NUMBER])
{
    opt_print_double(v == 0 ? 0 : v, out); /* no -0 */
}

static int check_word(const struct labels_word *w, const char *where, struct err *e)
{
    if (w->n == 0)
        return err_set(e, ERR_DATA, "%s%zu: the class is missing", where, w->place);
    if (w->n >= LABELS_NAME && utf8_is_plain(w->text, w->n))
        return err_set(e, ERR_DATA, "%s%zu: class '%.20s...' has %zu bytes: at most %d", where,
                       w->place, w->text, w->n, LABELS_NAME - 1);
    if (!utf8_is_plain(w->text, w->n))
        return err_set(e, ERR_DATA, "%s%zu: the class is no plain text in UTF-8", where, w->place);
    return 0;
}

static int check_words(const struct labels *l, const char *where, struct err *e)
{
    size_t fractions = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct labels_word *w = &l->words[i];
        if (check_word(w, where, e))
            return -1;
        fractions += w->is_number && w->value != floor(w->value);
    }
    if (l->full || (fractions > 0 && l->n > VALUES_LIKELY))
        return err_set(
            e, ERR_DATA,
            "%s%zu: more than %d different classes; numbers to learn need target = value", where,
            l->words[0].place, l->full ? LABELS_MAX : VALUES_LIKELY);
    return 0;
}

/* Puts the classes' names, and as many of them as there is room for, into out. */
static void list_names(char *const *names, int n, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (int i = 0; i < n; i++) {
        size_t need = strlen(names[i]) + 2;
        if (used + need + 6 > size) {
            snprintf(out + used, size - used, ", ...");
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", names[i]);
    }
}

static int number_of(char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

/* The class that c knows by this word, or -1. */
static int known_class(const struct labels_word *w, const struct data_conf *c)
{
    char name[OPT_NUMBER];
    if (c->numbered)
        return w->is_number && w->value >= 0 && w->value < c->classes && w->value == (int)w->value
                   ? (int)w->value
                   : -1;
    int number = number_of(c->names, c->classes, w->text);
    if (number >= 0 || !w->is_number)
        return number;
    name_number(w->value, name);
    return number_of(c->names, c->classes, name);
}

/* Every word is a class that c knows. */
static int take_known(struct labels *l, struct samples *s, const struct data_conf *c,
                      const char *where, struct err *e)
{
    char list[300];
    for (size_t i = 0; i < l->n; i++) {
        struct labels_word *w = &l->words[i];
        w->number = known_class(w, c);
        if (w->number >= 0)
            continue;
        if (c->numbered)
            snprintf(list, sizeof list, "0 to %d", c->classes - 1);
        else
            list_names(c->names, c->classes, list, sizeof list);
        return err_set(e, ERR_DATA, "%s%zu: class '%s' is none of the %d that are known: %s", where,
                       w->place, w->text, c->classes, list);
    }
    s->names = c->numbered ? NULL : mem_alloc((size_t)c->classes, sizeof *s->names, e);
    if (!s->names && !c->numbered)
        return -1;
    s->classes = c->classes;
    for (int k = 0; s->names && k < c->classes; k++) {
        s->names[k] = mem_strdup(c->names[k], e);
        if (!s->names[k])
            return -1;
    }
    return 0;
}

/* The different words, sorted, are the classes. */
static int make_classes(struct labels *l, struct samples *s, struct err *e)
{
    int rc = -1;
    bool numbers = true;
    struct labels_word **sorted = mem_alloc(l->n, sizeof *sorted, e);
    s->names = mem_alloc(l->n, sizeof *s->names, e);
    if (!sorted || !s->names)
        goto out;
    s->classes = (int)l->n; /* so that samples_free sees all names */
    for (size_t i = 0; i < l->n; i++) {
        sorted[i] = &l->words[i];
        numbers = numbers && l->words[i].is_number;
    }
    qsort(sorted, l->n, sizeof *sorted, numbers ? by_value : by_text);
    int k = 0;
    for (size_t i = 0; i < l->n; i++) {
        char name[OPT_NUMBER];
        sorted[i]->number = k;
        if (numbers && i + 1 < l->n && sorted[i + 1]->value == sorted[i]->value)
            continue;
        if (numbers)
            name_number(sorted[i]->value, name);
        s->names[k] = mem_strdup(numbers ? name : sorted[i]->text, e);
        if (!s->names[k++])
            goto out;
    }
    s->classes = k;
    rc = 0;
out:
    mem_free(sorted);
    return rc;
}

/* What the labels of a file are for where the input itself is to be learnt is analysis alone. */
static void leave_out(struct samples *s)
{
    struct samples labels = {.label = s->label, .names = s->names, .classes = s->classes};
    samples_free(&labels);
    s->label = NULL;
    s->names = NULL;
    s->classes = 0;
}

int labels_finish(struct labels *l, struct samples *s, const struct data_conf *c, const char *where,
                  struct err *e)
{
    struct err wrong = {0};
    int rc = check_words(l, where, &wrong);
    if (rc == 0)
        rc = c->names || c->numbered ? take_known(l, s, c, where, &wrong)
                                     : make_classes(l, s, &wrong);
    if (rc && wrong.kind == ERR_DATA && c->target == TARGET_INPUT) {
        leave_out(s);
        return 0;
    }
    if (rc) {
        *e = e->kind == ERR_NONE ? wrong : *e;
        return -1;
    }
    for (size_t i = 0; i < s->n; i++)
        s->label[i] = l->words[s->label[i]].number;
    return 0;
}
