/* cmd_data.c - diynn data: what the readers see in a file, or in the files of a net. */
#include "cmd.h"
#include "table.h"
#include "ui.h"
#include "work.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define PARTS       3
#define CLASSES_MAX 40 /* shown in the table */

struct conf {
    struct cmd_list set;
    const char *format;
};

static const struct cmd_opt options[] = {WORK_SET_OPTION(struct conf, set),
                                         {"format", 0, "NAME",
                                          "format of a data file (default: by name and content)",
                                          CMD_TEXT, offsetof(struct conf, format), 0, 0},
                                         {.name = NULL}};

/* A part, counted. */
struct seen {
    const char *name;
    const struct part *part;
    double min, max, mean, deviation; /* of the values */
    double target_min, target_max;    /* of targets that are values */
    uint64_t *count;                  /* per class */
};

static int look(struct seen *s, int classes, struct err *e)
{
    const struct samples *of = s->part->of;
    size_t size = shape_size(of->shape);
    double sum = 0, squares = 0, n = (double)s->part->n * (double)size;
    s->min = s->target_min = (double)INFINITY;
    s->max = s->target_max = -(double)INFINITY;
    s->count = mem_alloc((size_t)classes, sizeof *s->count, e);
    if (!s->count)
        return -1;
    for (uint32_t i = 0; i < s->part->n; i++) {
        const real *x = of->x + (size_t)s->part->index[i] * size;
        for (size_t j = 0; j < size; j++) {
            double v = (double)x[j];
            sum += v;
            s->min = fmin(s->min, v);
            s->max = fmax(s->max, v);
        }
        if (of->label && classes > 0) /* labels are kept where the input is the target */
            s->count[of->label[s->part->index[i]]]++;
        for (int j = 0; of->target && j < of->k; j++) {
            double v = (double)of->target[(size_t)s->part->index[i] * (size_t)of->k + (size_t)j];
            s->target_min = fmin(s->target_min, v);
            s->target_max = fmax(s->target_max, v);
        }
    }
    s->mean = sum / n;
    for (uint32_t i = 0; i < s->part->n; i++) {
        const real *x = of->x + (size_t)s->part->index[i] * size;
        for (size_t j = 0; j < size; j++)
            squares += ((double)x[j] - s->mean) * ((double)x[j] - s->mean);
    }
    s->deviation = sqrt(squares / n);
    return 0;
}

/* Everything that is printed. */
struct view {
    const char *path; /* as given */
    struct shape shape;
    int classes, k;
    char *const *names; /* of classes; NULL: numbers */
    struct seen seen[PARTS];
    int n_seen;
    bool itself;             /* the sample is its own target: no table of targets */
    const struct data *data; /* NULL for a single file */
    const struct data_conf *conf;
};

static const char *class_name(const struct view *v, int i, char *out, size_t size)
{
    if (v->names)
        snprintf(out, size, "%s", v->names[i]);
    else
        snprintf(out, size, "%d", i);
    err_clean(out);
    return out;
}

static json_t *json_part(const struct view *v, const struct seen *s)
{
    json_t *counts = json_array();
    for (int i = 0; i < v->classes; i++)
        json_array_append_new(counts, json_integer((json_int_t)s->count[i]));
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "part", s->name, "samples",
                     (json_int_t)s->part->n, "min", ui_json_real(s->min), "max",
                     ui_json_real(s->max), "mean", ui_json_real(s->mean), "deviation",
                     ui_json_real(s->deviation), "target_min", ui_json_real(s->target_min),
                     "target_max", ui_json_real(s->target_max), "counts", counts);
}

static int print_json(const struct view *v, struct err *e)
{
    json_t *parts = json_array(), *names = json_array();
    char name[128];
    for (int i = 0; i < v->n_seen; i++)
        json_array_append_new(parts, json_part(v, &v->seen[i]));
    for (int i = 0; i < v->classes; i++)
        json_array_append_new(names, ui_json_text(class_name(v, i, name, sizeof name)));
    return ui_json_print(json_pack("{s:o, s:[i,i,i], s:i, s:o, s:i, s:o}", "file",
                                   ui_json_text(v->path), "shape", v->shape.c, v->shape.h,
                                   v->shape.w, "classes", v->classes, "names", names, "values",
                                   v->k, "parts", parts),
                         e);
}

static int print_parts(const struct view *v, struct err *e)
{
    bool targets = v->k > 0 && !v->itself;
    struct table t = {.align = targets ? "lrrrrrr" : "lrrrrr"};
    char a[4][UI_TEXT], b[2][UI_TEXT];
    int rc =
        table_row(&t, e, "part\tsamples\tmin\tmax\tmean\tdeviation%s", targets ? "\ttargets" : "");
    for (int i = 0; rc == 0 && i < v->n_seen; i++) {
        const struct seen *s = &v->seen[i];
        rc = table_row(&t, e, "%s\t%lu\t%s\t%s\t%s\t%s%s%s%s%s", s->name, (unsigned long)s->part->n,
                       ui_number(s->min, a[0]), ui_number(s->max, a[1]), ui_number(s->mean, a[2]),
                       ui_number(s->deviation, a[3]), targets ? "\t" : "",
                       targets ? ui_number(s->target_min, b[0]) : "", targets ? " .. " : "",
                       targets ? ui_number(s->target_max, b[1]) : "");
    }
    if (rc == 0)
        table_print(&t, stdout);
    table_free(&t);
    return rc;
}

static int print_classes(const struct view *v, struct err *e)
{
    static const char *const align[] = {"l", "lr", "lrr", "lrrr"};
    struct table t = {.align = align[v->n_seen]};
    char line[256] = "class", name[128];
    for (int p = 0; p < v->n_seen; p++) {
        size_t n = strlen(line);
        snprintf(line + n, sizeof line - n, "\t%s", v->seen[p].name);
    }
    int rc = table_row(&t, e, "%s", line),
        shown = v->classes < CLASSES_MAX ? v->classes : CLASSES_MAX;
    for (int c = 0; rc == 0 && c < shown; c++) {
        snprintf(line, sizeof line, "%s", class_name(v, c, name, sizeof name));
        for (int p = 0; p < v->n_seen; p++) {
            size_t n = strlen(line);
            snprintf(line + n, sizeof line - n, "\t%llu", (unsigned long long)v->seen[p].count[c]);
        }
        rc = table_row(&t, e, "%s", line);
    }
    if (rc == 0) {
        printf("\n");
        table_print(&t, stdout);
        if (shown < v->classes)
            printf("  and %d more classes (--json shows all)\n", v->classes - shown);
    }
    table_free(&t);
    return rc;
}

static int print_text(const struct view *v, struct err *e)
{
    char shape[SHAPE_TEXT], bytes[UI_TEXT];
    static const char *const role[] = {"train", "test", "validation"};
    printf("%s\n", v->path);
    for (int i = 0; v->data && i < PARTS; i++) {
        const struct data_source *s = &v->data->source[i];
        if (s->path)
            printf("  %-10s %s  (%s, crc32 %08x)\n", role[i], s->path,
                   ui_bytes((double)s->size, bytes), (unsigned)s->crc);
    }
    if (v->data && *v->conf->generator)
        printf("  generator  %s, seed %llu\n", v->conf->generator,
               (unsigned long long)v->conf->seed);
    printf("  shape      %s (%zu values)\n", shape_text(v->shape, shape), shape_size(v->shape));
    if (v->classes)
        printf("  classes    %d\n", v->classes);
    else if (v->itself)
        printf("  targets    the sample itself\n");
    else
        printf("  targets    %d value%s a sample\n", v->k, v->k == 1 ? "" : "s");
    if (v->data && v->data->n_norm)
        printf("  normalized by the training part: what follows is after it\n");
    printf("\n");
    if (print_parts(v, e))
        return -1;
    return v->classes ? print_classes(v, e) : 0;
}

static int show(struct view *v, struct call *c, struct err *e)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < v->n_seen; i++)
        rc = look(&v->seen[i], v->classes, e);
    if (rc == 0)
        rc = c->common.json ? print_json(v, e) : print_text(v, e);
    for (int i = 0; i < v->n_seen; i++)
        mem_free(v->seen[i].count);
    return rc;
}

static void add_part(struct view *v, const char *name, const struct part *part)
{
    if (part->of && part->n > 0)
        v->seen[v->n_seen++] = (struct seen){.name = name, .part = part};
}

/* The data of a network file: its [data] alone is read. */
static int show_net(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct data_conf conf = {0};
    struct data data = {0};
    int rc = -1;
    struct netfile *nf = netfile_load(c->args[0], &c->diag, e);
    if (!nf)
        return -1;
    for (size_t i = 0; i < o->set.n; i++)
        if (netfile_set(nf, o->set.v[i], &c->diag, e))
            goto out;
    if (data_read_conf(&conf, nf, netfile_section(nf, "data"), &c->diag, e))
        goto out;
    if (c->diag.total > 0) {
        err_set(e, ERR_NET, "%s has errors", nf->path);
        goto out;
    }
    if (data_load(&data, &conf, nf, e))
        goto out;
    struct view v = {.path = c->args[0],
                     .shape = data.shape,
                     .classes = data.classes,
                     .k = data.k,
                     .names = data.names,
                     .itself = conf.target == TARGET_INPUT,
                     .data = &data,
                     .conf = &conf};
    add_part(&v, "train", &data.train);
    add_part(&v, "validation", &data.val);
    add_part(&v, "test", &data.test);
    rc = show(&v, c, e);
out:
    data_free(&data);
    data_free_conf(&conf);
    netfile_free(nf);
    return rc;
}

/* One data file, as it is. */
static int show_file(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct data_conf conf = {0};
    struct samples s = {0};
    struct part part = {.of = &s};
    int rc = -1;
    if (o->set.n > 0)
        return err_set(e, ERR_USAGE, "--set is for network files, not for data files");
    if (opt_defaults(data_opts, &conf, e) ||
        data_read_file(&s, c->args[0], o->format ? o->format : "", &conf, e))
        goto out;
    part.n = (uint32_t)s.n;
    part.index = mem_alloc(s.n, sizeof *part.index, e);
    if (!part.index)
        goto out;
    for (uint32_t i = 0; i < part.n; i++)
        part.index[i] = i;
    struct view v = {.path = c->args[0],
                     .shape = s.shape,
                     .classes = s.classes,
                     .k = s.k,
                     .names = s.names,
                     .conf = &conf};
    add_part(&v, "file", &part);
    rc = show(&v, c, e);
out:
    mem_free(part.index);
    samples_free(&s);
    data_free_conf(&conf);
    return rc;
}

static int run(struct call *c, struct err *e)
{
    size_t n = strlen(c->args[0]);
    bool net = n > 4 && !strcmp(c->args[0] + n - 4, ".ini");
    return net ? show_net(c, e) : show_file(c, e);
}

const struct cmd cmd_data = {
    .name = "data",
    .args = "FILE|NET",
    .help = "show what the reader sees in a data file or in a net's data",
    .more = "A name that ends in .ini is a network file: its [data] is read, split and normalized "
            "as training does. Any other is a data file, shown as it is.",
    .min_args = 1,
    .max_args = 1,
    .missing = "a data file or a network file",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
