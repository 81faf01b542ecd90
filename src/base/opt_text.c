/* opt_text.c - values and tables written as text. */
#include "base/mem.h"
#include "base/opt_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text written as far as it fits, and counted as far as it goes. */
struct writer {
    char *out;
    size_t size, n;
};

static void put(struct writer *w, const char *s)
{
    size_t n = strlen(s);
    if (w->n < w->size) {
        size_t room = w->size - w->n - 1;
        size_t fits = n < room ? n : room;
        memcpy(w->out + w->n, s, fits);
        w->out[w->n + fits] = '\0';
    }
    w->n += n;
}

static void put_int(struct writer *w, const char *before, int v)
{
    char text[OPT_NUMBER];
    snprintf(text, sizeof text, "%s%d", before, v);
    put(w, text);
}

/* A number, or the word it stands for; nothing for one that the row does not allow. */
static void put_number(struct writer *w, const struct opt *o, double v)
{
    char text[OPT_NUMBER];
    if (v < 0 && o->words)
        for (int i = 0; o->words[i]; i++)
            if (v == -1 - i) {
                put(w, o->words[i]);
                return;
            }
    if (!opt_in_range(o, v))
        return;
    opt_print_double(v, text);
    put(w, text);
}

static void put_size(struct writer *w, const struct opt *o, uint64_t v)
{
    char text[OPT_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, v);
    if (opt_in_range(o, (double)v))
        put(w, text);
}

static void put_product(struct writer *w, const struct opt *o, const int *v)
{
    if (o->type == OPT_PAIR && v[0] == v[1]) {
        put_number(w, o, v[0]);
    } else if (o->type == OPT_PAIR) {
        put_int(w, "", v[0]);
        put_int(w, "x", v[1]);
    } else if (v[0] > 0) {
        put_int(w, "", v[0]);
        if (v[1] > 1)
            put_int(w, "x", v[1]);
        if (v[1] > 1 || v[2] > 1)
            put_int(w, "x", v[2]);
    }
}

static void put_list(struct writer *w, const struct opt *o, const void *f)
{
    const struct int_list *ints = f;
    const struct float_list *floats = f;
    const struct name_list *names = f;
    char text[OPT_NUMBER];
    int n = o->type == OPT_INTS ? ints->n : o->type == OPT_FLOATS ? floats->n : names->n;
    for (int i = 0; i < n; i++) {
        bool tight = o->type == OPT_NAMES && strchr("#;", *names->v[i]); /* no comment */
        put(w, i == 0 ? "" : tight ? "," : ", ");
        if (o->type == OPT_NAMES) {
            put(w, names->v[i]);
        } else if (o->type == OPT_INTS) {
            put_int(w, "", ints->v[i]);
        } else {
            opt_print_double(floats->v[i], text);
            put(w, text);
        }
    }
}

int opt_print(const struct opt *o, const void *conf, char *out, size_t size)
{
    const void *f = opt_field(o, conf);
    struct writer w = {out, size, 0};
    if (size > 0)
        *out = '\0';
    switch (o->type) {
    case OPT_INT:
        put_number(&w, o, *(const int *)f);
        break;
    case OPT_SIZE:
        put_size(&w, o, *(const uint64_t *)f);
        break;
    case OPT_FLOAT:
        put_number(&w, o, *(const double *)f);
        break;
    case OPT_BOOL:
        put(&w, *(const bool *)f ? "yes" : "no");
        break;
    case OPT_WORD:
        put(&w, o->words[*(const int *)f]);
        break;
    case OPT_STRING:
        put(&w, *(char *const *)f ? *(char *const *)f : "");
        break;
    case OPT_PAIR:
    case OPT_SHAPE:
        put_product(&w, o, f);
        break;
    default:
        put_list(&w, o, f);
    }
    return (int)w.n;
}

int opt_describe(const struct opt *o, char *out, size_t size)
{
    char rule[OPT_TEXT];
    opt_rule(o, rule);
    struct writer w = {out, size, 0};
    if (size > 0)
        *out = '\0';
    put(&w, rule);
    if (o->flags & OPT_REQUIRED) {
        put(&w, ", required");
    } else if (o->def && *o->def) {
        put(&w, ", default ");
        put(&w, o->def);
    }
    return (int)w.n;
}

int text_add(struct text *t, struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return err_set(e, ERR_INTERNAL, "a text cannot be formatted");
    if (mem_grow(&t->s, &t->cap, t->n + (size_t)n + 1, 1, e))
        return -1;
    va_start(ap, fmt);
    vsnprintf(t->s + t->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->n += (size_t)n;
    return 0;
}

static int write_key(struct text *t, const struct opt *o, const void *conf, struct err *e)
{
    char first[2]; /* is there a value, and would it begin a comment? */
    int n = opt_print(o, conf, first, sizeof first);
    if (n == 0)
        return 0;
    bool comment = *first == '#' || *first == ';';
    if (text_add(t, e, "%s =%s", o->name, comment ? "" : " ") ||
        mem_grow(&t->s, &t->cap, t->n + (size_t)n + 1, 1, e))
        return -1;
    opt_print(o, conf, t->s + t->n, t->cap - t->n);
    t->n += (size_t)n;
    return text_add(t, e, "\n");
}

int opt_write(struct text *t, const char *type, const char *name, const struct opt_target *targets,
              int n_targets, struct err *e)
{
    if (text_add(t, e, "%s[%s%s%s]\n", t->n ? "\n" : "", type, *name ? " " : "", name))
        return -1;
    for (int i = 0; i < n_targets; i++)
        for (const struct opt *o = targets[i].table; o->name; o++)
            if (write_key(t, o, targets[i].conf, e))
                return -1;
    return 0;
}
