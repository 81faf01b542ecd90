/* cmd_data.c - diynn data: what the readers see in a file, or in the files of a net. */
#include "cmd.h"
#include "data_augmented.h"
#include "data_export.h"
#include "table.h"
#include "ui.h"
#include "work.h"

#include "base/mem.h"
#include "train/job.h"

#include <string.h>

#define PARTS        3
#define CLASSES_MAX  40 /* shown in the table */
#define CONSTANT_MAX 8  /* constant values named */
#define VALUES_MAX   40 /* values of a sample that get a line each */

struct conf {
    struct cmd_list set;
    const char *format, *labels, *export, *output;
    bool force, augmented;
};

static const struct cmd_opt options[] = {
    WORK_SET_OPTION(struct conf, set),
    {"format", 0, "NAME", "format of a data file (default: by name and content)", CMD_TEXT,
     offsetof(struct conf, format), 0, 0},
    {"labels", 0, "FILE", "labels of a data file, where they stand apart (idx, npy)", CMD_TEXT,
     offsetof(struct conf, labels), 0, 0},
    {"export", 0, "KIND", "also write the samples as csv, npy, cifar, or png (a grid of the first)",
     CMD_TEXT, offsetof(struct conf, export), 0, 0},
    {"output", 'o', "DIR", "folder of what is exported (default: the current one)", CMD_TEXT,
     offsetof(struct conf, output), 0, 0},
    {"augmented", 0, NULL,
     "export training samples as [augment] changes them (png: ten, each as it is and in nine "
     "epochs)",
     CMD_FLAG, offsetof(struct conf, augmented), 0, 0},
    {"force", 0, NULL, "overwrite what was exported before", CMD_FLAG, offsetof(struct conf, force),
     0, 0},
    {.name = NULL}};

/* Everything that is printed. */
struct view {
    const char *path; /* as given */
    struct shape shape;
    int classes, k;
    char *const *names; /* of classes; NULL: numbers */
    struct inspect q;
    bool counted;            /* there are classes and labels */
    bool itself;             /* the sample is its own target: no table of targets */
    const struct data *data; /* NULL for a single file */
    const struct data_conf *conf;
    const struct part *augmented; /* what is exported; NULL: the parts themselves */
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

static json_t *json_part(const struct view *v, const struct inspect_part *s)
{
    json_t *counts = json_array();
    for (int i = 0; i < v->classes; i++)
        json_array_append_new(counts, json_integer(s->count ? (json_int_t)s->count[i] : 0));
    json_t *shared = json_object();
    for (int i = 0; i < v->q.n && &v->q.part[i] != s; i++)
        json_object_set_new(shared, v->q.part[i].name, json_integer((json_int_t)s->shared[i]));
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "part",
                     s->name, "samples", (json_int_t)s->part->n, "min", ui_json_real(s->all.min),
                     "max", ui_json_real(s->all.max), "mean", ui_json_real(s->all.mean),
                     "deviation", ui_json_real(s->all.deviation), "target_min",
                     ui_json_real(s->target_min), "target_max", ui_json_real(s->target_max),
                     "not_finite", (json_int_t)s->not_finite, "repeated", (json_int_t)s->repeated,
                     "contradicting", (json_int_t)s->contradicting, "shared_with", shared, "counts",
                     counts);
}

static int print_json(const struct view *v, struct err *e)
{
    json_t *parts = json_array(), *names = json_array(), *constant = json_array(),
           *columns = json_array();
    char *const *column = v->q.part[0].part->of->columns;
    char name[128];
    for (int i = 0; i < v->q.n; i++)
        json_array_append_new(parts, json_part(v, &v->q.part[i]));
    for (int i = 0; i < v->classes; i++)
        json_array_append_new(names, ui_json_text(class_name(v, i, name, sizeof name)));
    for (size_t i = 0; i < shape_size(v->shape); i++) {
        const struct inspect_value *q = &v->q.value[i];
        json_t *j = json_pack("{s:o, s:o, s:o, s:o}", "min", ui_json_real(q->min), "max",
                              ui_json_real(q->max), "mean", ui_json_real(q->mean), "deviation",
                              ui_json_real(q->deviation));
        if (column)
            json_object_set_new(j, "name", ui_json_text(column[i]));
        json_array_append_new(columns, j);
    }
    for (size_t i = 0; i < v->q.n_constant; i++)
        json_array_append_new(constant, json_integer((json_int_t)v->q.constant[i] + 1));
    return ui_json_print(json_pack("{s:o, s:[i,i,i], s:i, s:o, s:i, s:o, s:o, s:o}", "file",
                                   ui_json_text(v->path), "shape", v->shape.c, v->shape.h,
                                   v->shape.w, "classes", v->classes, "names", names, "values",
                                   v->k, "columns", columns, "constant", constant, "parts", parts),
                         e);
}

static int print_parts(const struct view *v, struct err *e)
{
    bool targets = v->k > 0 && !v->itself;
    struct table t = {.align = targets ? "lrrrrrr" : "lrrrrr"};
    char a[4][UI_TEXT], b[2][UI_TEXT];
    int rc =
        table_row(&t, e, "part\tsamples\tmin\tmax\tmean\tdeviation%s", targets ? "\ttargets" : "");
    for (int i = 0; rc == 0 && i < v->q.n; i++) {
        const struct inspect_part *s = &v->q.part[i];
        rc = table_row(&t, e, "%s\t%lu\t%s\t%s\t%s\t%s%s%s%s%s", s->name, (unsigned long)s->part->n,
                       ui_number(s->all.min, a[0]), ui_number(s->all.max, a[1]),
                       ui_number(s->all.mean, a[2]), ui_number(s->all.deviation, a[3]),
                       targets ? "\t" : "", targets ? ui_number(s->target_min, b[0]) : "",
                       targets ? " .. " : "", targets ? ui_number(s->target_max, b[1]) : "");
    }
    if (rc == 0)
        table_print(&t, stdout);
    table_free(&t);
    return rc;
}

/* A line for each number of a sample, where these have names or are few. */
static int print_values(const struct view *v, struct err *e)
{
    const struct part *p = v->q.part[0].part;
    struct table t = {.align = "lrrrr"};
    char name[UI_TEXT], a[4][UI_TEXT];
    size_t n = shape_size(v->shape);
    if (!shape_is_vector(v->shape) || n > VALUES_MAX)
        return 0;
    int rc = table_row(&t, e, "value (%s)\tmin\tmax\tmean\tdeviation", v->q.part[0].name);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct inspect_value *q = &v->q.value[i];
        snprintf(name, sizeof name, "%zu", i + 1);
        rc = table_row(&t, e, "%s\t%s\t%s\t%s\t%s", p->of->columns ? p->of->columns[i] : name,
                       ui_number(q->min, a[0]), ui_number(q->max, a[1]), ui_number(q->mean, a[2]),
                       ui_number(q->deviation, a[3]));
    }
    if (rc == 0) {
        printf("\n");
        table_print(&t, stdout);
    }
    table_free(&t);
    return rc;
}

static int print_classes(const struct view *v, struct err *e)
{
    static const char *const align[] = {"l", "lr", "lrr", "lrrr"};
    struct table t = {.align = align[v->q.n]};
    char line[256] = "class", name[128];
    for (int p = 0; p < v->q.n; p++) {
        size_t n = strlen(line);
        snprintf(line + n, sizeof line - n, "\t%s", v->q.part[p].name);
    }
    int rc = table_row(&t, e, "%s", line),
        shown = v->classes < CLASSES_MAX ? v->classes : CLASSES_MAX;
    for (int c = 0; rc == 0 && c < shown; c++) {
        snprintf(line, sizeof line, "%s", class_name(v, c, name, sizeof name));
        for (int p = 0; p < v->q.n; p++) {
            size_t n = strlen(line);
            snprintf(line + n, sizeof line - n, "\t%llu",
                     (unsigned long long)v->q.part[p].count[c]);
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

/* What is odd: values that say nothing or are no numbers, samples that occur twice. */
static void print_oddities(const struct view *v)
{
    const struct inspect *q = &v->q;
    char *const *columns = q->part[0].part->of->columns;
    char text[64];
    printf("\n  constant   %zu of %zu values", q->n_constant, shape_size(v->shape));
    for (size_t i = 0; i < q->n_constant && i < CONSTANT_MAX; i++) {
        snprintf(text, sizeof text, "%.16s", columns ? columns[q->constant[i]] : "");
        err_clean(text);
        printf("%s", i == 0 ? ": " : ", ");
        columns ? fputs(text, stdout) : printf("%u", q->constant[i] + 1);
    }
    puts(q->n_constant > CONSTANT_MAX ? ", .." : "");
    for (int i = 0; i < q->n; i++) {
        const struct inspect_part *p = &q->part[i];
        if (p->not_finite)
            printf("  missing    %s: %llu values are NaN or infinite\n", p->name,
                   (unsigned long long)p->not_finite);
        if (p->repeated)
            printf("  repeated   %s: %u of %u samples equal an earlier one\n", p->name, p->repeated,
                   p->part->n);
        if (p->contradicting)
            printf("             %s: %u of these have another %s than that one\n", p->name,
                   p->contradicting, v->classes ? "class" : "target");
        for (int j = 0; j < i; j++)
            if (p->shared[j])
                printf("  shared     %s: %u of %u samples occur in %s too\n", p->name, p->shared[j],
                       p->part->n, q->part[j].name);
    }
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
    else if (v->k == 0)
        printf("  targets    none\n");
    else
        printf("  targets    %d value%s a sample\n", v->k, v->k == 1 ? "" : "s");
    if (v->data && v->data->n_norm)
        printf("  normalized by the training part: what follows is after it\n");
    printf("\n");
    if (print_parts(v, e) || print_values(v, e) || (v->counted && print_classes(v, e)))
        return -1;
    print_oddities(v);
    return 0;
}

static int show(struct view *v, struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    v->q.classes = v->classes;
    int rc = inspect_run(&v->q, e);
    v->counted = v->classes && v->q.part[0].count;
    if (rc == 0)
        rc = c->common.json ? print_json(v, e) : print_text(v, e);
    const struct inspect changed = {.part = {{.name = "augmented", .part = v->augmented}}, .n = 1};
    if (rc == 0 && o->export)
        rc = data_export(v->augmented ? &changed : &v->q, o->export, v->path,
                         o->output ? o->output : ".", o->force, e);
    inspect_free(&v->q);
    return rc;
}

static void add_part(struct view *v, const char *name, const struct part *part)
{
    if (part->of && part->n > 0)
        v->q.part[v->q.n++] = (struct inspect_part){.name = name, .part = part};
}

/* Reads [augment], and [train] for the seed, against the data. */
static int read_augment(struct augment_conf *augment, uint64_t *seed, const struct netfile *nf,
                        struct shape shape, struct call *c, struct err *e)
{
    struct train_conf train;
    const struct opt_target t[] = {{train_opts, &train}};
    const struct section *s = netfile_section(nf, "augment");
    if (augment_read(augment, nf, s, &c->diag, e) ||
        opt_read(nf, netfile_section(nf, "train"), t, 1, &c->diag, e))
        return -1;
    augment_check(augment, shape, nf, s, &c->diag);
    *seed = train.seed;
    if (c->diag.total > 0)
        return err_set(e, ERR_NET, "%s has errors", nf->path);
    if (!augment_changes(augment))
        return err_set(e, ERR_USAGE, "--augmented: %s has no [augment] that changes samples",
                       nf->path);
    return 0;
}

/* Shows and exports; with --augmented, the changed training samples. */
static int show_data(struct view *v, const struct netfile *nf, struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct augment_conf augment;
    struct samples s = {0};
    struct part changed = {0};
    uint64_t seed;
    int rc = -1;
    if (!o->augmented)
        return show(v, c, e);
    if (read_augment(&augment, &seed, nf, v->shape, c, e) == 0 &&
        data_augmented(&s, &changed, &augment, v->data, seed, !strcmp(o->export, "png"), e) == 0) {
        v->augmented = &changed;
        rc = show(v, c, e);
        v->augmented = NULL;
    }
    mem_free(changed.index);
    samples_free(&s);
    return rc;
}

/* The data of a network file: its [data] alone is read, and with --augmented its [augment]. */
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
    rc = show_data(&v, nf, c, e);
out:
    data_free(&data);
    data_free_conf(&conf);
    netfile_free(nf);
    return rc;
}

/* What --set says of a data file: [data] of a network file that has no more than that. */
static int file_conf(struct data_conf *conf, struct call *c, struct err *e)
{
    static const char text[] = "[data]\ntrain = FILE\n";
    const struct conf *o = c->conf;
    int rc = -1;
    struct netfile *nf = netfile_parse(c->args[0], text, sizeof text - 1, &c->diag, e);
    if (!nf)
        return -1;
    for (size_t i = 0; i < o->set.n; i++)
        if (netfile_set(nf, o->set.v[i], &c->diag, e))
            goto out;
    if (data_read_conf(conf, nf, netfile_section(nf, "data"), &c->diag, e))
        goto out;
    if (c->diag.total > 0)
        err_set(e, ERR_NET, "%s: wrong settings", nf->path);
    else
        rc = 0;
out:
    netfile_free(nf);
    return rc;
}

/* Reads a data file, with or without targets. */
static int read_file(struct samples *s, struct data_conf *conf, struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    const char *path = c->args[0], *format = o->format ? o->format : conf->format;
    char giver[600], *labels = mem_strdup(o->labels ? o->labels : conf->labels, e);
    if (!labels)
        return -1;
    if (!strcmp(path, "-")) {
        path = "/dev/stdin";
        format = *format ? format : "csv";
    }
    struct data_conf lax = *conf; /* shares its lists */
    lax.no_target = true;
    lax.labels = labels;
    snprintf(giver, sizeof giver, "%s has", path);
    int rc = data_read_file(s, path, format, &lax, e);
    if (rc == 0 && (s->label || s->target))
        rc = data_set_target(s, conf, giver, e);
    mem_free(labels);
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
    if (o->format && !data_find_format(o->format))
        return err_set(e, ERR_USAGE, "--format %s: unknown (diynn help formats lists them)",
                       o->format);
    if (file_conf(&conf, c, e) || read_file(&s, &conf, c, e))
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
    const struct conf *o = c->conf;
    size_t n = strlen(c->args[0]);
    bool net = n > 4 && !strcmp(c->args[0] + n - 4, ".ini");
    if (o->export && data_export_kind(o->export, e))
        return -1;
    if ((o->output || o->force) && !o->export)
        return err_set(e, ERR_USAGE, "--%s is for --export", o->output ? "output" : "force");
    if (o->augmented && !o->export)
        return err_set(e, ERR_USAGE, "--augmented is for --export");
    if (o->augmented && !net)
        return err_set(e, ERR_USAGE, "--augmented is for a network file");
    if (net && (o->format || o->labels))
        return err_set(e, ERR_USAGE, "--%s is for a data file; a network file has [data] %s",
                       o->format ? "format" : "labels", o->format ? "format" : "labels");
    return net ? show_net(c, e) : show_file(c, e);
}

const struct cmd cmd_data = {
    .name = "data",
    .args = "FILE|NET",
    .help = "show what the reader sees in a data file or in a net's data",
    .more = "A name that ends in .ini is a network file: its [data] is read, split and normalized "
            "as training does. Any other is a data file, shown as it is; - is csv from standard "
            "input, and --set data.target=value and the like say how to read it. Shown are shape, "
            "ranges, samples of each class, values that never change or "
            "are no numbers, and samples that occur twice, in a part or in two of them.\n"
            "--export writes NAME_train.csv and so on (a file: NAME.csv), in the order channels, "
            "rows, columns; npy has the classes beside it in NAME_train_labels.npy. With "
            "--augmented it is NAME_augmented.csv alone: the training samples as the net sees them "
            "in the first epoch.",
    .min_args = 1,
    .max_args = 1,
    .missing = "a data file or a network file",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
