/* options.c - a command line read by option tables, with getopt_long underneath. */
#include "options.h"

#include "base/mem.h"
#include "base/netfile.h"
#include "base/opt.h"

#include <getopt.h>
#include <string.h>

#define MAX_OPTIONS 64
#define FIRST_VALUE 256 /* getopt's values of long options; below it are letters */

/* The tables as getopt wants them. */
struct parser {
    const struct cmd_opt *row[MAX_OPTIONS];
    void *conf[MAX_OPTIONS];
    struct option longs[MAX_OPTIONS + 1];
    const char *names[MAX_OPTIONS + 1];
    char shorts[2 * MAX_OPTIONS + 3];
    int n;
};

static void collect(struct parser *p, const struct options_target *targets, int n_targets,
                    bool stop_early)
{
    char *s = p->shorts;
    if (stop_early)
        *s++ = '+';
    *s++ = ':'; /* a missing argument is told from an unknown option */
    for (int t = 0; t < n_targets; t++) {
        for (const struct cmd_opt *o = targets[t].table; o && o->name && p->n < MAX_OPTIONS; o++) {
            p->row[p->n] = o;
            p->conf[p->n] = targets[t].conf;
            p->names[p->n] = o->name;
            p->longs[p->n] = (struct option){
                .name = o->name,
                .has_arg = o->kind == CMD_FLAG ? no_argument : required_argument,
                .val = FIRST_VALUE + p->n,
            };
            if (o->letter) {
                *s++ = o->letter;
                if (o->kind != CMD_FLAG)
                    *s++ = ':';
            }
            p->n++;
        }
    }
    *s = '\0';
}

/* The row that getopt's value stands for, or -1. */
static int row_of(const struct parser *p, int value)
{
    if (value >= FIRST_VALUE && value < FIRST_VALUE + p->n)
        return value - FIRST_VALUE;
    for (int i = 0; i < p->n; i++)
        if (value > 0 && p->row[i]->letter == value)
            return i;
    return -1;
}

static int store(const struct cmd_opt *o, void *conf, const char *arg, struct err *e)
{
    char *field = (char *)conf + o->offset;
    switch (o->kind) {
    case CMD_FLAG:
        *(bool *)field = true;
        return 0;
    case CMD_TEXT:
        *(const char **)field = arg;
        return 0;
    case CMD_INT: {
        long long v;
        if (!opt_parse_int(arg, &v) || v < o->min || v > o->max)
            return err_set(e, ERR_USAGE, "--%s %s: must be a whole number from %d to %d", o->name,
                           arg, o->min, o->max);
        *(int *)field = (int)v;
        return 0;
    }
    case CMD_REAL: {
        double v;
        if (!opt_parse_double(arg, &v) || !(v > 0) || v > o->max)
            return err_set(e, ERR_USAGE, "--%s %s: must be a number above 0 and at most %d",
                           o->name, arg, o->max);
        *(double *)field = v;
        return 0;
    }
    case CMD_LIST: {
        struct cmd_list *l = (struct cmd_list *)field;
        if (mem_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v, e))
            return -1;
        l->v[l->n++] = arg;
        return 0;
    }
    }
    return 0;
}

/* How many options the abbreviation "NAME" or "NAME=..." may stand for. */
static int abbreviates(const struct parser *p, const char *word, size_t n)
{
    int found = 0;
    for (int i = 0; i < p->n; i++)
        found += !strncmp(p->names[i], word, n);
    return found;
}

/* What getopt refused: an unknown option, an ambiguous one, or `--flag=value`. */
static int refuse(const struct parser *p, const char *word, struct err *e)
{
    int row = optopt ? row_of(p, optopt) : -1;
    if (row >= 0)
        return err_set(e, ERR_USAGE, "--%s takes no argument", p->names[row]);
    if (optopt)
        return err_set(e, ERR_USAGE, "unknown option -%c", optopt);
    const char *name = word + strspn(word, "-");
    size_t n = strcspn(name, "=");
    char clean[NETFILE_NAME_MAX + 1];
    if (n >= sizeof clean)
        n = sizeof clean - 1;
    memcpy(clean, name, n);
    clean[n] = '\0';
    if (n > 0 && abbreviates(p, clean, n) > 1)
        return err_set(e, ERR_USAGE, "option --%s is ambiguous", clean);
    const char *near = netfile_nearest(clean, p->names);
    if (near)
        return err_set(e, ERR_USAGE, "unknown option --%s; did you mean --%s?", clean, near);
    return err_set(e, ERR_USAGE, "unknown option --%s", clean);
}

int options_read(int argc, char **argv, const struct options_target *targets, int n_targets,
                 bool stop_early, int *rest, struct err *e)
{
    struct parser p = {0};
    collect(&p, targets, n_targets, stop_early);
    opterr = 0;
    optind = 0; /* GNU: start anew */
    for (;;) {
        int value = getopt_long(argc, argv, p.shorts, p.longs, NULL);
        if (value == -1)
            break;
        int row = row_of(&p, value == ':' ? optopt : value);
        if (row < 0)
            return refuse(&p, argv[optind - 1], e);
        if (value == ':')
            return err_set(e, ERR_USAGE, "option --%s needs an argument (%s)", p.names[row],
                           p.row[row]->arg);
        if (store(p.row[row], p.conf[row], optarg, e))
            return -1;
    }
    *rest = optind;
    return 0;
}

void options_free(const struct options_target *target)
{
    for (const struct cmd_opt *o = target->table; o && o->name; o++)
        if (o->kind == CMD_LIST)
            mem_free(((struct cmd_list *)((char *)target->conf + o->offset))->v);
}
