/* cmd_predict.c - diynn predict: what a trained net says of the samples of files. */
#include "cmd.h"
#include "trained.h"
#include "ui.h"

#include "base/log.h"
#include "base/mem.h"
#include "data/export.h"
#include "train/forward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct conf {
    const char *format;
    int top;
};

static const struct cmd_opt options[] = {TRAINED_FORMAT_OPTION(struct conf, format),
                                         {"top", 0, "K",
                                          "the K likeliest classes of each sample (default: 1)",
                                          CMD_INT, offsetof(struct conf, top), 1, 1 << 20},
                                         {.name = NULL}};

/* A class and what the net gives for it. */
struct guess {
    int class_;
    real key;   /* what decides: the greatest is the net's decision */
    real value; /* probability or score */
};

struct predict {
    struct trained net;
    bool probabilities; /* the last layer makes them */
    int top;
    struct guess *guess; /* of one sample, one a class */
    struct text text;    /* a line */
    json_t *json;        /* NULL: csv */
    uint64_t right, known;
    bool begun;    /* the header is printed */
    struct err *e; /* what went wrong behind a piece */
};

/* ---- one sample ---- */

/* The file of sample `at` of the part. */
static const char *file_of(const struct predict *v, size_t at)
{
    const struct samples *s = v->net.part.of;
    return s->files ? s->files[v->net.part.index[at]] : v->net.part_name;
}

static int by_key(const void *a, const void *b)
{
    const struct guess *p = a, *q = b;
    if (p->key > q->key || p->key < q->key)
        return p->key > q->key ? -1 : 1;
    if (isnan(p->key) != isnan(q->key))
        return isnan(q->key) ? -1 : 1;
    return p->class_ < q->class_ ? -1 : 1;
}

/* The classes of sample i of the piece in the net, the likeliest first. A single output speaks for
 * class 1; class 0 stands opposite, on the other side of the threshold. */
static void rank_classes(struct predict *v, size_t i)
{
    const struct job *job = &v->net.job;
    const struct loss *loss = &job->loss;
    size_t k = (size_t)loss->k;
    const real *x = net_logits(job->net)->y + i * k, *y = job->net->output->y + i * k;
    if (k == 1) {
        int says = loss_decide(loss, x);
        real other = v->probabilities ? 1 - y[0] : 2 * loss->ops->threshold - y[0];
        v->guess[0] = (struct guess){says, 1, says ? y[0] : other};
        v->guess[1] = (struct guess){!says, 0, says ? other : y[0]};
        return;
    }
    for (size_t j = 0; j < k; j++)
        v->guess[j] = (struct guess){(int)j, x[j], y[j]};
    qsort(v->guess, k, sizeof *v->guess, by_key);
}

/* ---- csv ---- */

static void print_header(const struct predict *v)
{
    const char *word = v->probabilities ? "probability" : "score";
    int k = v->net.job.loss.k;
    fputs("file,index", stdout);
    if (v->net.job.classes) {
        printf(",class,%s", word);
        for (int i = 2; i <= v->top; i++)
            printf(",class%d,%s%d", i, word, i);
    } else if (k == 1) {
        fputs(",value", stdout);
    } else {
        for (int i = 1; i <= k; i++)
            printf(",value%d", i);
    }
    putchar('\n');
}

/* Value j of sample i in the order c, h, w. */
static real output_value(const struct net *net, size_t i, size_t j)
{
    const struct layer *out = net->output;
    size_t c = (size_t)out->out.c, hw = shape_size(out->out) / c;
    return out->y[i * c * hw + j % hw * c + j / hw];
}

static int print_line(struct predict *v, size_t at, size_t i)
{
    struct err *e = v->e;
    char name[64];
    v->text.n = 0;
    if (export_field(&v->text, file_of(v, at), e) || text_add(&v->text, e, ",%zu", at))
        return -1;
    for (int j = 0; v->net.job.classes && j < v->top; j++)
        if (text_add(&v->text, e, ",") ||
            export_field(&v->text, trained_class(&v->net, v->guess[j].class_, name), e) ||
            text_add(&v->text, e, ",") || export_number(&v->text, v->guess[j].value, e))
            return -1;
    for (int j = 0; !v->net.job.classes && j < v->net.job.loss.k; j++)
        if (text_add(&v->text, e, ",") ||
            export_number(&v->text, output_value(v->net.job.net, i, (size_t)j), e))
            return -1;
    fwrite(v->text.s, 1, v->text.n, stdout);
    putchar('\n');
    return 0;
}

/* ---- JSON ---- */

static int add_json(struct predict *v, size_t at, size_t i)
{
    char name[64];
    json_t *list = json_array();
    json_t *sample = json_pack("{s:o, s:I, s:O}", "file", ui_json_text(file_of(v, at)), "index",
                               (json_int_t)at, v->net.job.classes ? "classes" : "values", list);
    for (int j = 0; v->net.job.classes && j < v->top; j++)
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "class",
                            ui_json_text(trained_class(&v->net, v->guess[j].class_, name)),
                            v->probabilities ? "probability" : "score",
                            ui_json_real((double)v->guess[j].value)));
    for (int j = 0; !v->net.job.classes && j < v->net.job.loss.k; j++)
        json_array_append_new(list,
                              ui_json_real((double)output_value(v->net.job.net, i, (size_t)j)));
    json_decref(list);
    if (!sample || json_array_append_new(v->json, sample))
        return err_set(v->e, ERR_INTERNAL, "out of memory");
    return 0;
}

/* ---- all samples ---- */

static void each_piece(void *arg, size_t first, int n)
{
    struct predict *v = arg;
    const struct part *part = &v->net.part;
    for (size_t i = 0; v->e->kind == ERR_NONE && i < (size_t)n; i++) {
        if (v->net.job.classes) {
            rank_classes(v, i);
            v->known += part->of->label != NULL;
            v->right +=
                part->of->label && part->of->label[part->index[first + i]] == v->guess[0].class_;
        }
        if (v->json)
            add_json(v, first + i, i);
        else
            print_line(v, first + i, i);
    }
}

static int predict_file(struct predict *v, const char *path, const char *format, struct err *e)
{
    struct trained *net = &v->net;
    if (trained_read(net, path, format, NULL, false, e))
        return -1;
    if (!v->json && !v->begun)
        print_header(v);
    v->begun = true;
    v->known = v->right = 0;
    forward_part(&net->job, &net->part, net->team, each_piece, v);
    if (v->known > 0)
        log_info("%s: %llu of %llu samples are of the class the file gives", path,
                 (unsigned long long)v->right, (unsigned long long)v->known);
    return e->kind == ERR_NONE ? 0 : -1;
}

static int predict(struct predict *v, struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct job *job = &v->net.job;
    real param;
    if (trained_open(&v->net, c->args[0], false, e))
        return -1;
    if (o->top && !job->classes)
        return err_set(e, ERR_USAGE, "--top %d: the net gives values, not classes", o->top);
    if (trained_prepare(&v->net, c, EVALUATE_FUSED, e))
        return -1;
    const struct layer *out = job->net->output;
    enum act act = out->ops->act ? out->ops->act(out, &param) : ACT_NONE;
    v->probabilities = act == ACT_SOFTMAX || act == ACT_SIGMOID;
    v->top = o->top ? o->top : 1;
    v->top = v->top < job->classes ? v->top : job->classes;
    v->guess = mem_alloc((size_t)job->classes, sizeof *v->guess, e);
    if (!v->guess)
        return -1;
    for (int i = 1; i < c->n_args; i++)
        if (predict_file(v, c->args[i], o->format, e))
            return -1;
    return 0;
}

static int run(struct call *c, struct err *e)
{
    struct predict v = {.e = e, .json = c->common.json ? json_array() : NULL};
    int rc = predict(&v, c, e);
    if (rc == 0 && v.json) {
        rc = ui_json_print(
            json_pack("{s:o, s:O}", "checkpoint", ui_json_text(v.net.path), "predictions", v.json),
            e);
    }
    json_decref(v.json);
    mem_free(v.text.s);
    mem_free(v.guess);
    trained_free(&v.net);
    return rc;
}

const struct cmd cmd_predict = {
    .name = "predict",
    .args = "RUN|CKPT FILE..",
    .help = "what a trained net says of the samples of files",
    .more =
        "Prints a line of csv for each sample: the file, the number of the sample (from 0), "
        "the class and its probability (score, where the last layer gives no probabilities), or "
        "the values. The files are of any format that the net can be trained on (diynn help "
        "formats), pictures and folders of them among these, with or without targets, and are "
        "normalized as the net's data was; - is csv "
        "from standard input. Where a file has classes too, how often they agree is told on "
        "standard error.",
    .min_args = 2,
    .max_args = 1 << 20,
    .missing = "a run's folder or a checkpoint, and files",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
