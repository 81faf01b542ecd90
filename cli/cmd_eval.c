/* cmd_eval.c - diynn eval: how good is a trained net? */
#include "cmd.h"
#include "table.h"
#include "trained.h"
#include "ui.h"

#include "base/log.h"

#include <string.h>

#define MATRIX_MAX   12 /* classes of a confusion matrix that fits in 80 columns */
#define CONFUSED_MAX 20 /* pairs listed in the place of a matrix */

#define TOP_DEFAULT 5  /* top-k where nothing is said, and */
#define TOP_CLASSES 10 /* from how many classes on */

struct conf {
    const char *split, *data, *format, *labels;
    int top;
};

static const struct cmd_opt options[] = {
    {"split", 0, "PART", "train, validation or test (default: test if there is one)", CMD_TEXT,
     offsetof(struct conf, split), 0, 0},
    {"data", 0, "FILE",
     "evaluate on this file, normalized as the net's data was; -: csv from "
     "standard input",
     CMD_TEXT, offsetof(struct conf, data), 0, 0},
    TRAINED_FORMAT_OPTION(struct conf, format),
    {"labels", 0, "FILE", "labels of the data file, where they stand apart (idx, npy)", CMD_TEXT,
     offsetof(struct conf, labels), 0, 0},
    {"top", 0, "K",
     "also tell how often the true class is among the K likeliest (default: 5 from "
     "10 classes on)",
     CMD_INT, offsetof(struct conf, top), 1, 1 << 20},
    {.name = NULL}};

/* What is evaluated, and what came out. */
struct eval {
    char *const *names; /* of the nets */
    int nets;
    struct trained net; /* the last one, evaluated as the mean of all */
    int top;            /* 0: not told */
    struct eval_result result;
    struct confusion confusion;
};

static const char *class_name(const struct eval *v, int i, char *out)
{
    return trained_class(&v->net, i, out);
}

/* Net i, on its data. */
static int evaluate_net(struct eval *v, int i, struct call *c, struct ensemble *m, struct err *e)
{
    const struct conf *o = c->conf;
    struct trained *net = &v->net;
    struct job *job = &net->job;
    trained_free(net);
    if (trained_open(net, v->names[i], !o->data, e))
        return -1;
    if (o->data ? trained_read(net, o->data, o->format, o->labels, true, e)
                : trained_choose(net, o->split, e))
        return -1;
    if (v->nets > 1 && ensemble_join(m, job, &net->part, net->path, e))
        return -1;
    if (o->top && !job->classes)
        return err_set(e, ERR_USAGE, "--top %d: the net gives values, not classes", o->top);
    v->top = o->top ? o->top : job->classes >= TOP_CLASSES ? TOP_DEFAULT : 0;
    bool count = job->classes && i == v->nets - 1;
    if (trained_prepare(net, c, EVALUATE_FUSED, e) ||
        (count && confusion_new(&v->confusion, job->classes, e)))
        return -1;
    return evaluate_part(job, &net->part, net->team, v->nets > 1 ? m : NULL, &v->result,
                         count ? &v->confusion : NULL, e);
}

static int evaluate(struct eval *v, struct call *c, struct err *e)
{
    struct ensemble m = {0};
    int rc = 0;
    for (int i = 0; rc == 0 && i < v->nets; i++)
        rc = evaluate_net(v, i, c, &m, e);
    ensemble_free(&m);
    return rc;
}

/* ---- what came out ---- */

static json_t *json_classes(const struct eval *v)
{
    json_t *classes = json_array();
    char name[64];
    for (int i = 0; i < v->net.job.classes; i++) {
        json_t *row = json_array();
        for (int j = 0; j < v->net.job.classes; j++)
            json_array_append_new(
                row, json_integer((json_int_t)v->confusion.count[i * v->net.job.classes + j]));
        json_array_append_new(
            classes,
            json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", ui_json_text(class_name(v, i, name)),
                      "precision", ui_json_real(confusion_precision(&v->confusion, i)), "recall",
                      ui_json_real(confusion_recall(&v->confusion, i)), "f1",
                      ui_json_real(confusion_f1(&v->confusion, i)), "predicted_as", row));
    }
    return classes;
}

/* What was evaluated. */
static json_t *json_source(const struct eval *v)
{
    if (v->nets == 1)
        return json_pack("{s:o, s:I}", "checkpoint", ui_json_text(v->net.path), "epoch",
                         (json_int_t)v->net.point.at.epoch);
    json_t *nets = json_array();
    for (int i = 0; i < v->nets; i++)
        json_array_append_new(nets, ui_json_text(v->names[i]));
    return json_pack("{s:o}", "nets", nets);
}

static int print_json(const struct eval *v, struct err *e)
{
    const struct eval_result *r = &v->result;
    json_t *j = json_source(v);
    json_object_set_new(j, "part", ui_json_text(v->net.part_name));
    json_object_set_new(j, "samples", json_integer((json_int_t)r->n));
    json_object_set_new(j, "loss", ui_json_real(r->loss));
    if (j && v->net.job.classes) {
        json_object_set_new(j, "accuracy", ui_json_real(r->accuracy));
        if (v->top)
            json_object_set_new(j, "top",
                                json_pack("{s:i, s:o}", "k", v->top, "accuracy",
                                          ui_json_real(confusion_top(&v->confusion, v->top))));
        json_object_set_new(j, "classes", json_classes(v));
    } else if (j) {
        json_object_set_new(j, "rmse", ui_json_real(r->rmse));
        json_object_set_new(j, "mae", ui_json_real(r->mae));
        json_object_set_new(j, "r2", ui_json_real(r->r2));
    }
    return ui_json_print(j, e);
}

static int print_matrix(const struct eval *v, struct err *e)
{
    int k = v->net.job.classes, rc = 0;
    char align[MATRIX_MAX + 2] = "l", line[512] = "true", name[64];
    struct table t = {.align = align};
    for (int j = 0; j < k; j++) {
        size_t n = strlen(line);
        align[j + 1] = 'r';
        snprintf(line + n, sizeof line - n, "\t%.4s", class_name(v, j, name));
    }
    rc = table_row(&t, e, "%s", line);
    for (int i = 0; rc == 0 && i < k; i++) {
        snprintf(line, sizeof line, "%.12s", class_name(v, i, name));
        for (int j = 0; j < k; j++) {
            size_t n = strlen(line);
            snprintf(line + n, sizeof line - n, "\t%llu",
                     (unsigned long long)v->confusion.count[i * k + j]);
        }
        rc = table_row(&t, e, "%s", line);
    }
    if (rc == 0) {
        printf("\nHow often each true class (row) was taken for which (column)\n");
        table_print(&t, stdout);
    }
    table_free(&t);
    return rc;
}

/* The most frequent mistakes, one after the other. */
static int print_confused(const struct eval *v, struct err *e)
{
    int k = v->net.job.classes, rc = 0;
    char a[64], b[64];
    uint64_t below = UINT64_MAX;
    size_t after = 0; /* place of the last one printed, among those of its count */
    struct table t = {.align = "llr"};
    rc = table_row(&t, e, "true\ttaken for\ttimes");
    for (int shown = 0; rc == 0 && shown < CONFUSED_MAX; shown++) {
        uint64_t best = 0;
        size_t at = 0;
        for (size_t i = 0; i < (size_t)k * (size_t)k; i++) {
            uint64_t n = v->confusion.count[i];
            bool open = n < below || (n == below && i > after);
            if (i / (size_t)k != i % (size_t)k && open && n > best) {
                best = n;
                at = i;
            }
        }
        if (best == 0)
            break;
        below = best;
        after = at;
        rc = table_row(&t, e, "%s\t%s\t%llu", class_name(v, (int)(at / (size_t)k), a),
                       class_name(v, (int)(at % (size_t)k), b), (unsigned long long)best);
    }
    if (rc == 0) {
        printf("\nThe most frequent mistakes\n");
        table_print(&t, stdout);
    }
    table_free(&t);
    return rc;
}

static int print_classes(const struct eval *v, struct err *e)
{
    int k = v->net.job.classes;
    char name[64], a[UI_TEXT], b[UI_TEXT], c[UI_TEXT];
    struct table t = {.align = "lrrrr"};
    int rc = table_row(&t, e, "class\tprecision\trecall\tF1\tsamples");
    for (int i = 0; rc == 0 && i < k; i++) {
        uint64_t n = 0;
        for (int j = 0; j < k; j++)
            n += v->confusion.count[i * k + j];
        rc = table_row(&t, e, "%s\t%s\t%s\t%s\t%llu", class_name(v, i, name),
                       ui_number(confusion_precision(&v->confusion, i), a),
                       ui_number(confusion_recall(&v->confusion, i), b),
                       ui_number(confusion_f1(&v->confusion, i), c), (unsigned long long)n);
    }
    if (rc == 0) {
        printf("\n");
        table_print(&t, stdout);
    }
    table_free(&t);
    return rc;
}

static int print_text(const struct eval *v, struct err *e)
{
    const struct eval_result *r = &v->result;
    char text[UI_TEXT];
    if (v->nets == 1)
        log_info("%s, epoch %llu, on %s (%llu samples)", v->net.path,
                 (unsigned long long)v->net.point.at.epoch, v->net.part_name,
                 (unsigned long long)r->n);
    else
        log_info("%d nets as one, on %s (%llu samples)", v->nets, v->net.part_name,
                 (unsigned long long)r->n);
    printf("loss %s\n", ui_number(r->loss, text));
    if (!v->net.job.classes) {
        printf("rmse %s\n", ui_number(r->rmse, text));
        printf("mae %s\n", ui_number(r->mae, text));
        printf("r2 %s\n", ui_number(r->r2, text));
        return 0;
    }
    printf("accuracy %s\n", ui_number(r->accuracy, text));
    if (v->top)
        printf("top%d %s\n", v->top, ui_number(confusion_top(&v->confusion, v->top), text));
    if (v->net.job.classes <= MATRIX_MAX ? print_matrix(v, e) : print_confused(v, e))
        return -1;
    return print_classes(v, e);
}

static int run(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct eval v = {.names = c->args, .nets = c->n_args};
    if (o->split && o->data)
        return err_set(e, ERR_USAGE, "--split and --data exclude each other");
    if ((o->format || o->labels) && !o->data)
        return err_set(e, ERR_USAGE, "--%s is for a file: --data FILE",
                       o->format ? "format" : "labels");
    if (v.nets > 1 && o->data && !strcmp(o->data, "-"))
        return err_set(e, ERR_USAGE, "--data -: standard input can be read once, not by %d nets",
                       v.nets);
    int rc = evaluate(&v, c, e);
    if (rc == 0)
        rc = c->common.json ? print_json(&v, e) : print_text(&v, e);
    confusion_free(&v.confusion);
    trained_free(&v.net);
    return rc;
}

const struct cmd cmd_eval = {
    .name = "eval",
    .args = "RUN|CKPT..",
    .help = "evaluate a trained net, or several as one",
    .more = "Takes the best checkpoint of a run's folder if there is one, otherwise the last. "
            "Prints the loss and the accuracy (for values: rmse, mae, r2) on lines of their own, "
            "then the confusion matrix (with many classes: the most frequent mistakes), and "
            "precision, recall and F1 of each class. Several nets, trained on the same data (with "
            "other seeds, say), count as one: the mean of what they say before softmax or "
            "sigmoid, which is mostly right more often than one of them.",
    .min_args = 1,
    .max_args = 1 << 20,
    .missing = "a run's folder or a checkpoint",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
