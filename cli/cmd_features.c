/* cmd_features.c - diynn features: what a layer of a trained net makes of the samples. */
#include "cmd.h"
#include "trained.h"
#include "ui.h"

#include "base/log.h"
#include "base/mem.h"
#include "data/export.h"
#include "train/forward.h"

#include <string.h>
#include <strings.h>

struct conf {
    const char *layer, *split, *format, *output;
    bool labels;
};

static const struct cmd_opt options[] = {
    {"layer", 0, "NAME",
     "whose outputs, or input (default: what the last layer with parameters gets)", CMD_TEXT,
     offsetof(struct conf, layer), 0, 0},
    {"split", 0, "PART",
     "train, validation or test of the net's own data (default: test if there "
     "is one)",
     CMD_TEXT, offsetof(struct conf, split), 0, 0},
    TRAINED_FORMAT_OPTION(struct conf, format),
    {"output", 'o', "FILE",
     "write to this file, NAME.npy or NAME.csv (default: csv on standard "
     "output)",
     CMD_TEXT, offsetof(struct conf, output), 0, 0},
    {"with-labels", 0, NULL,
     "classes or values of the samples too: the last columns of csv, or "
     "NAME_labels.npy",
     CMD_FLAG, offsetof(struct conf, labels), 0, 0},
    {.name = NULL}};

struct features {
    struct trained net;
    const struct layer *layer;
    struct samples out; /* the outputs, beside targets that belong to the net's data */
    struct part part;   /* all of them */
};

static bool ends_with(const char *s, const char *ending)
{
    size_t n = strlen(s), m = strlen(ending);
    return n > m && strcasecmp(s + n - m, ending) == 0;
}

/* What the last layer with parameters gets, unless that is the data itself: then the output. */
static const struct layer *default_layer(const struct net *net)
{
    const struct layer *l = net->output;
    while (l > net->layers && l->n_params == 0)
        l--;
    return l > net->layers && l->in[0] > net->layers ? l->in[0] : net->output;
}

static int find_layer(struct features *f, const char *name, struct err *e)
{
    const struct net *net = f->net.job.net;
    if (!name || strcmp(name, "input") == 0) {
        f->layer = name ? net->layers : default_layer(net);
        return 0;
    }
    f->layer = net_layer(net, name);
    if (f->layer)
        return 0;
    const char **names = mem_alloc((size_t)net->n_layers + 1, sizeof *names, e);
    if (!names)
        return -1;
    names[0] = "input";
    for (int i = 1; i < net->n_layers; i++)
        names[i] = net->layers[i].name;
    const char *near = netfile_nearest(name, names);
    err_set(e, ERR_USAGE, "--layer %s: the net has no such layer%s%s%s", name,
            near ? "; did you mean '" : " (diynn summary lists them)", near ? near : "",
            near ? "'?" : "");
    mem_free(names);
    return -1;
}

static int copy_names(struct samples *s, const struct samples *of, struct err *e)
{
    if (!of->label || !of->names)
        return 0;
    s->names = mem_alloc((size_t)of->classes, sizeof *s->names, e);
    for (int i = 0; s->names && i < of->classes; i++)
        if (!(s->names[i] = mem_strdup(of->names[i], e)))
            return -1;
    return s->names ? 0 : -1;
}

/* Room for the outputs, and the samples' own targets beside them, in the order of the part. */
static int make_room(struct features *f, struct err *e)
{
    const struct part *from = &f->net.part;
    const struct samples *of = from->of;
    bool values = of->target != NULL;
    if (samples_alloc(&f->out, from->n, f->layer->out, of->label ? of->classes : 0,
                      values ? of->k : 0, e))
        return -1;
    f->part = (struct part){.of = &f->out, .n = from->n};
    f->part.index = mem_alloc(from->n, sizeof *f->part.index, e);
    if (!f->part.index)
        return -1;
    size_t k = (size_t)of->k;
    for (uint32_t i = 0; i < from->n; i++) {
        f->part.index[i] = i;
        if (of->label)
            f->out.label[i] = of->label[from->index[i]];
        if (values)
            memcpy(f->out.target + i * k, of->target + from->index[i] * k, k * sizeof(real));
    }
    return copy_names(&f->out, of, e);
}

static void each_piece(void *arg, size_t first, int n)
{
    struct features *f = arg;
    size_t size = shape_size(f->layer->out);
    memcpy(f->out.x + first * size, f->layer->y, (size_t)n * size * sizeof(real));
}

/* ---- out ---- */

static int print_csv(const struct features *f, const char *prefix, enum export_targets targets,
                     struct err *e)
{
    struct text t = {0};
    int r = export_csv_header(&t, &f->out, prefix, targets, e);
    for (size_t i = 0; r == 0 && i <= f->out.n; i++) {
        fwrite(t.s, 1, t.n, stdout);
        t.n = 0;
        if (i < f->out.n)
            r = export_csv_line(&t, &f->out, i, targets, e);
    }
    mem_free(t.s);
    return r;
}

static int print_json(const struct features *f, struct err *e)
{
    char shape[SHAPE_TEXT];
    size_t c = (size_t)f->out.shape.c, hw = shape_size(f->out.shape) / c;
    json_t *rows = json_array();
    for (size_t i = 0; i < f->out.n; i++) {
        json_t *row = json_array();
        for (size_t j = 0; j < c * hw; j++)
            json_array_append_new(row,
                                  ui_json_real((double)f->out.x[i * c * hw + j % hw * c + j / hw]));
        json_array_append_new(rows, row);
    }
    json_t *labels = json_array();
    for (size_t i = 0; f->out.label && i < f->out.n; i++)
        json_array_append_new(labels, json_integer(f->out.label[i]));
    return ui_json_print(
        json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "checkpoint", ui_json_text(f->net.path), "part",
                  ui_json_text(f->net.part_name), "layer",
                  ui_json_text(f->layer->ops ? f->layer->name : "input"), "shape",
                  shape_text(f->out.shape, shape), "features", rows, "labels", labels),
        e);
}

static int write_files(const struct features *f, const char *path, const char *prefix,
                       enum export_targets targets, struct err *e)
{
    if (ends_with(path, ".csv"))
        return export_csv(path, &f->part, prefix, targets, e);
    if (export_npy(path, &f->part, e))
        return -1;
    if (targets == EXPORT_NO_TARGETS)
        return 0;
    char *labels = mem_printf(e, "%.*s_labels.npy", (int)strlen(path) - 4, path);
    int r = labels ? export_npy_targets(labels, &f->part, e) : -1;
    mem_free(labels);
    return r;
}

static int give_out(const struct features *f, const struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    char shape[SHAPE_TEXT];
    const char *name = f->layer->ops ? f->layer->name : "input";
    enum export_targets targets = o->labels ? EXPORT_TARGETS : EXPORT_NO_TARGETS;
    if (o->labels && !f->out.label && !f->out.target)
        return err_set(e, ERR_DATA, "--with-labels: %s has none", f->net.part_name);
    char *prefix = mem_printf(e, "%s_", name);
    if (!prefix)
        return -1;
    log_info("%s of %s, on %s: %zu samples of %s", name, f->net.path, f->net.part_name, f->out.n,
             shape_text(f->out.shape, shape));
    int r = o->output        ? write_files(f, o->output, prefix, targets, e)
            : c->common.json ? print_json(f, e)
                             : print_csv(f, prefix, targets, e);
    mem_free(prefix);
    return r;
}

static int features(struct features *f, struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    const char *file = c->n_args > 1 ? c->args[1] : NULL;
    if (o->output && !ends_with(o->output, ".npy") && !ends_with(o->output, ".csv"))
        return err_set(e, ERR_USAGE, "-o %s: its name must end in .npy or .csv", o->output);
    if (o->output && c->common.json)
        return err_set(e, ERR_USAGE, "-o and --json exclude each other");
    if (file && o->split)
        return err_set(e, ERR_USAGE, "--split is for the net's own data, not for a file");
    if (!file && o->format)
        return err_set(e, ERR_USAGE, "--format is for a file");
    if (trained_open(&f->net, c->args[0], !file, e) || find_layer(f, o->layer, e))
        return -1;
    if (file ? trained_read(&f->net, file, o->format, NULL, false, e)
             : trained_choose(&f->net, o->split, e))
        return -1;
    if (trained_prepare(&f->net, c, EVALUATE_KEEP_ALL, e) || make_room(f, e))
        return -1;
    forward_part(&f->net.job, &f->net.part, f->net.team, each_piece, f);
    return give_out(f, c, e);
}

static int run(struct call *c, struct err *e)
{
    struct features f = {0};
    int rc = features(&f, c, e);
    mem_free(f.part.index);
    samples_free(&f.out);
    trained_free(&f.net);
    return rc;
}

const struct cmd cmd_features = {
    .name = "features",
    .args = "RUN|CKPT [FILE]",
    .help = "the outputs of any layer of a trained net",
    .more = "Runs the net over its own data, or over a file (- is csv from standard input), and "
            "gives what a layer makes of each sample: latent codes, class scores. Images are in "
            "the order channels, rows, columns. Without --layer it is what the last layer with "
            "parameters gets: the last hidden layer of most nets.",
    .min_args = 1,
    .max_args = 2,
    .missing = "a run's folder or a checkpoint",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
