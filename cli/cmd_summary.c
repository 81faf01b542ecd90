/* cmd_summary.c - diynn summary: the layers of a net, their shapes and what they cost. */
#include "cmd.h"
#include "table.h"
#include "ui.h"
#include "work.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

struct conf {
    struct cmd_list set;
    bool dot;
};

static const struct cmd_opt options[] = {
    WORK_SET_OPTION(struct conf, set),
    {"dot", 0, NULL, "the graph for Graphviz: diynn summary --dot NET | dot -Tsvg", CMD_FLAG,
     offsetof(struct conf, dot), 0, 0},
    {.name = NULL}};

static double params_of(const struct layer *l)
{
    double n = 0;
    for (int i = 0; i < l->n_params; i++)
        n += (double)l->params[i].size;
    return n;
}

/* Bytes of the outputs of one sample; a view has none of its own. */
static double bytes_of(const struct layer *l)
{
    return l->view ? 0 : (double)shape_size(l->out) * sizeof(real);
}

static double flops_of(const struct net *net)
{
    double n = 0;
    for (int i = 1; i < net->n_layers; i++)
        n += (double)net->layers[i].flops;
    return n;
}

/* Names of the inputs, where they are not simply the layer above. */
static const char *inputs(const struct layer *l, char *out, size_t size)
{
    out[0] = '\0';
    for (int i = 0; i < l->n_in && (l->n_in > 1 || l->in[0] != l - 1); i++) {
        size_t n = strlen(out);
        snprintf(out + n, size - n, "%s%s", i ? ", " : "", l->in[i]->name);
    }
    return out;
}

/* What training this net takes, planned as training plans it; all 0 where it does not fit. */
struct memory {
    int batch;
    double params, grads, slots, acts, work;
};

static struct memory plan_memory(const struct job *job)
{
    struct err e = {0};
    struct diag d = {0};
    struct memory m = {0};
    struct team *team = team_new(1, &e);
    struct net *net = team ? net_build(job->nf, job->net->layers[0].out, &d, &e) : NULL;
    uint32_t batch = job->train.batch > 0 ? (uint32_t)job->train.batch : JOB_CHUNK;
    const struct net_plan plan = {.batch = (int)job_pass(job, batch),
                                  .train = true,
                                  .slots = optim_slots(&job->optim),
                                  .fuse = true,
                                  .loss_act = job_loss_act(job)};
    if (net && d.total == 0 && !net_allocate(net, &plan, team, kernels_get(NULL), &e))
        m = (struct memory){plan.batch,
                            (double)net->bytes_params,
                            (double)net->bytes_grads,
                            (double)net->bytes_slots + (double)optim_bytes(&job->optim, net),
                            (double)net->bytes_acts,
                            (double)net->bytes_work};
    net_free(net);
    team_free(team);
    return m;
}

static int add_rows(struct table *t, const struct net *net, bool graph, struct err *e)
{
    char shape[SHAPE_TEXT], flops[UI_TEXT], bytes[UI_TEXT], from[256];
    if (table_row(t, e, "layer\ttype\t%soutput\tparameters\tFLOPs\tmemory", graph ? "from\t" : ""))
        return -1;
    for (int i = 0; i < net->n_layers; i++) {
        const struct layer *l = &net->layers[i];
        inputs(l, from, sizeof from);
        if (table_row(t, e, "%s\t%s\t%s%s%s\t%.0f\t%s\t%s", l->name, l->ops ? l->ops->name : "",
                      graph ? from : "", graph ? "\t" : "", shape_text(l->out, shape), params_of(l),
                      ui_short((double)l->flops, flops), ui_bytes(bytes_of(l), bytes)))
            return -1;
    }
    return 0;
}

static void print_totals(const struct job *job)
{
    char a[UI_TEXT], b[UI_TEXT], c[UI_TEXT], d[UI_TEXT], f[UI_TEXT], g[UI_TEXT];
    const struct net *net = job->net;
    struct memory m = plan_memory(job);
    printf("\nparameters %zu", net->n_trained);
    if (net->n_buffers)
        printf(", and %zu running statistics", net->n_buffers);
    printf("\nFLOPs      %s forward a sample\n", ui_short(flops_of(net), a));
    printf("loss       %s (%s)\n", job->loss.ops->name, job->loss.reduction ? "sum" : "mean");
    printf("optimizer  %s\n", job->optim.ops->name);
    if (m.batch > 0)
        printf("training   %s with %d samples at once: parameters %s, gradients %s,\n"
               "           optimizer %s, activations %s, workspace of a thread %s\n",
               ui_bytes(m.params + m.grads + m.slots + m.acts + m.work, a), m.batch,
               ui_bytes(m.params, b), ui_bytes(m.grads, c), ui_bytes(m.slots, d),
               ui_bytes(m.acts, f), ui_bytes(m.work, g));
}

static int print_table(const struct job *job, struct err *e)
{
    bool graph = false;
    char from[256];
    for (int i = 1; i < job->net->n_layers; i++)
        graph |= *inputs(&job->net->layers[i], from, sizeof from) != '\0';
    struct table t = {.align = graph ? "lllrrrr" : "llrrrr"};
    int rc = add_rows(&t, job->net, graph, e);
    if (rc == 0) {
        table_print(&t, stdout);
        print_totals(job);
    }
    table_free(&t);
    return rc;
}

static json_t *json_layer(const struct layer *l)
{
    json_t *from = json_array();
    for (int i = 0; i < l->n_in; i++)
        json_array_append_new(from, json_string(l->in[i]->name));
    return json_pack("{s:s, s:s, s:o, s:[i,i,i], s:I, s:I, s:I}", "name", l->name, "type",
                     l->ops ? l->ops->name : "", "from", from, "output", l->out.c, l->out.h,
                     l->out.w, "parameters", (json_int_t)params_of(l), "flops",
                     (json_int_t)l->flops, "bytes", (json_int_t)bytes_of(l));
}

static int print_json(const struct job *job, struct err *e)
{
    const struct net *net = job->net;
    json_t *layers = json_array();
    struct memory m = plan_memory(job);
    for (int i = 0; i < net->n_layers; i++)
        json_array_append_new(layers, json_layer(&net->layers[i]));
    json_t *memory = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I}", "batch", m.batch, "parameters",
                               (json_int_t)m.params, "gradients", (json_int_t)m.grads, "optimizer",
                               (json_int_t)m.slots, "activations", (json_int_t)m.acts, "workspace",
                               (json_int_t)m.work);
    return ui_json_print(json_pack("{s:o, s:I, s:I, s:I, s:s, s:s, s:o}", "layers", layers,
                                   "parameters", (json_int_t)net->n_trained, "buffers",
                                   (json_int_t)net->n_buffers, "flops", (json_int_t)flops_of(net),
                                   "loss", job->loss.ops->name, "optimizer", job->optim.ops->name,
                                   "training_bytes", memory),
                         e);
}

static void print_dot(const struct job *job)
{
    const struct net *net = job->net;
    char shape[SHAPE_TEXT];
    printf("digraph net {\n"
           "    node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    for (int i = 0; i < net->n_layers; i++) {
        const struct layer *l = &net->layers[i];
        printf("    n%d [label=\"%s", i, l->name);
        if (l->ops && strncmp(l->name, l->ops->name, strlen(l->ops->name)) != 0)
            printf("\\n%s", l->ops->name);
        if (l->n_params)
            printf("\\n%.0f parameters", params_of(l));
        printf("\"];\n");
        for (int j = 0; j < l->n_in; j++)
            printf("    n%d -> n%d [label=\"%s\"];\n", (int)(l->in[j] - net->layers), i,
                   shape_text(l->in[j]->out, shape));
    }
    printf("    loss [label=\"%s\", shape=ellipse];\n    n%d -> loss [label=\"%s\"];\n}\n",
           job->loss.ops->name, net->n_layers - 1, shape_text(net->output->out, shape));
}

static int open_job(struct job *job, struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct checkpoint point = {0};
    int rc = -1;
    if (!work_is_trained(c->args[0]))
        return work_open_net(job, c->args[0], &o->set, c, e);
    if (o->set.n > 0)
        return err_set(e, ERR_USAGE, "--set is for network files, not for checkpoints");
    char *path = checkpoint_find(c->args[0], e);
    if (path && !checkpoint_read(&point, path, e))
        rc = checkpoint_job(&point, job, false, e);
    if (rc == 0)
        log_debug("%s: epoch %llu, step %llu", path, (unsigned long long)point.at.epoch,
                  (unsigned long long)point.at.step);
    checkpoint_free(&point);
    mem_free(path);
    return rc;
}

static int run(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct job job = {0};
    int rc = open_job(&job, c, e);
    if (rc == 0 && o->dot)
        print_dot(&job);
    else if (rc == 0)
        rc = c->common.json ? print_json(&job, e) : print_table(&job, e);
    job_free(&job);
    return rc;
}

const struct cmd cmd_summary = {
    .name = "summary",
    .args = "NET|CKPT|RUN",
    .help = "list the layers: shapes, parameters, FLOPs, memory",
    .more = "FLOPs (multiply and add count 2) and memory of the outputs are those of one sample "
            "going forward. A file that states shape and classes needs no data.",
    .min_args = 1,
    .max_args = 1,
    .missing = "a network file or checkpoint",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
