/* cmd_eval.c - diynn eval: how good is a trained net? */
#include "cmd.h"
#include "table.h"
#include "ui.h"
#include "work.h"

#include "base/log.h"
#include "base/mem.h"
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

#define MATRIX_MAX   12 /* classes of a confusion matrix that fits in 80 columns */
#define CONFUSED_MAX 20 /* pairs listed in the place of a matrix */

struct conf {
    const char *split, *data;
};

static const struct cmd_opt options[] = {
    {"split", 0, "PART", "train, validation or test (default: test if there is one)", CMD_TEXT,
     offsetof(struct conf, split), 0, 0},
    {"data", 0, "FILE", "evaluate on this file, normalized as the net's data was", CMD_TEXT,
     offsetof(struct conf, data), 0, 0},
    {.name = NULL}};

/* What is evaluated on what, and what came out. */
struct eval {
    struct checkpoint point;
    char *path; /* of the checkpoint */
    struct job job;
    struct part part; /* of the job's data */
    const char *part_name;
    struct team *team;
    struct eval_result result;
    struct confusion confusion;
};

static const char *class_name(const struct eval *v, int i, char *out)
{
    checkpoint_class_name(&v->point, i, out);
    err_clean(out);
    return out;
}

/* ---- what to evaluate on ---- */

static int choose_part(struct eval *v, const char *wish, struct err *e)
{
    const struct data *d = &v->job.samples;
    const struct {
        const char *name;
        const struct part *part;
    } parts[] = {{"test", &d->test}, {"validation", &d->val}, {"train", &d->train}};
    const char *const names[] = {"test", "validation", "train", NULL};
    bool known = false;
    for (int i = 0; i < 3; i++) {
        bool there = parts[i].part->of && parts[i].part->n > 0;
        known |= wish && !strcmp(wish, parts[i].name);
        if (!there || (wish && strcmp(wish, parts[i].name) != 0))
            continue;
        v->part = *parts[i].part;
        v->part_name = parts[i].name;
        return 0;
    }
    if (known)
        return err_set(e, ERR_USAGE, "--split %s: the net's data has no such part", wish);
    const char *near = netfile_nearest(wish, names);
    return err_set(e, ERR_USAGE, "--split %s: must be train, validation or test%s%s%s", wish,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int evaluate(struct eval *v, struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct job *job = &v->job;
    if (!(v->path = checkpoint_find(c->args[0], e)) || checkpoint_read(&v->point, v->path, e) ||
        checkpoint_job(&v->point, job, !o->data, e))
        return -1;
    if (o->data && evaluate_file(job, &v->point, o->data, e))
        return -1;
    if (choose_part(v, o->data ? "test" : o->split, e))
        return -1;
    if (o->data)
        v->part_name = o->data;
    v->team = team_new(c->common.threads ? c->common.threads : par_default(), e);
    if (!v->team || evaluate_prepare(job, &v->point, v->team, kernels_get(c->common.isa), e))
        return -1;
    if (job->classes && confusion_new(&v->confusion, job->classes, e))
        return -1;
    return evaluate_part(job, &v->part, v->team, &v->result, job->classes ? &v->confusion : NULL,
                         e);
}

/* ---- what came out ---- */

static json_t *json_classes(const struct eval *v)
{
    json_t *classes = json_array();
    char name[64];
    for (int i = 0; i < v->job.classes; i++) {
        json_t *row = json_array();
        for (int j = 0; j < v->job.classes; j++)
            json_array_append_new(
                row, json_integer((json_int_t)v->confusion.count[i * v->job.classes + j]));
        json_array_append_new(
            classes,
            json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", ui_json_text(class_name(v, i, name)),
                      "precision", ui_json_real(confusion_precision(&v->confusion, i)), "recall",
                      ui_json_real(confusion_recall(&v->confusion, i)), "f1",
                      ui_json_real(confusion_f1(&v->confusion, i)), "predicted_as", row));
    }
    return classes;
}

static int print_json(const struct eval *v, struct err *e)
{
    const struct eval_result *r = &v->result;
    json_t *j = json_pack("{s:o, s:o, s:I, s:I, s:o}", "checkpoint", ui_json_text(v->path), "part",
                          ui_json_text(v->part_name), "samples", (json_int_t)r->n, "epoch",
                          (json_int_t)v->point.at.epoch, "loss", ui_json_real(r->loss));
    if (j && v->job.classes) {
        json_object_set_new(j, "accuracy", ui_json_real(r->accuracy));
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
    int k = v->job.classes, rc = 0;
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
    int k = v->job.classes, rc = 0;
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
    int k = v->job.classes;
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
    log_info("%s, epoch %llu, on %s (%llu samples)", v->path, (unsigned long long)v->point.at.epoch,
             v->part_name, (unsigned long long)r->n);
    printf("loss %s\n", ui_number(r->loss, text));
    if (!v->job.classes) {
        printf("rmse %s\n", ui_number(r->rmse, text));
        printf("mae %s\n", ui_number(r->mae, text));
        printf("r2 %s\n", ui_number(r->r2, text));
        return 0;
    }
    printf("accuracy %s\n", ui_number(r->accuracy, text));
    if (v->job.classes <= MATRIX_MAX ? print_matrix(v, e) : print_confused(v, e))
        return -1;
    return print_classes(v, e);
}

static int run(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct eval v = {0};
    if (o->split && o->data)
        return err_set(e, ERR_USAGE, "--split and --data exclude each other");
    int rc = evaluate(&v, c, e);
    if (rc == 0)
        rc = c->common.json ? print_json(&v, e) : print_text(&v, e);
    confusion_free(&v.confusion);
    job_free(&v.job);
    team_free(v.team);
    checkpoint_free(&v.point);
    mem_free(v.path);
    return rc;
}

const struct cmd cmd_eval = {
    .name = "eval",
    .args = "RUN|CKPT",
    .help = "evaluate a trained net",
    .more = "Takes the best checkpoint of a run's folder if there is one, otherwise the last. "
            "Prints the loss and the accuracy (for values: rmse, mae, r2) on lines of their own, "
            "then the confusion matrix, and precision, recall and F1 of each class.",
    .min_args = 1,
    .max_args = 1,
    .missing = "a run's folder or a checkpoint",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
