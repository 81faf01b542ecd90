/* cmd_time.c - diynn time: where the time of a training step goes. */
#include "cmd.h"
#include "table.h"
#include "ui.h"
#include "work.h"

#include "base/log.h"
#include "train/profile.h"

#include <math.h>

struct conf {
    struct cmd_list set;
    double seconds;
};

static const struct cmd_opt options[] = {WORK_SET_OPTION(struct conf, set),
                                         {"seconds", 0, "N", "how long to measure (default: 1)",
                                          CMD_REAL, offsetof(struct conf, seconds), 0, 3600},
                                         {.name = NULL}};

static const char *flops_text(double flops, double seconds, char *out, size_t size)
{
    *out = '\0';
    if (flops > 0 && seconds > 0)
        snprintf(out, size, "%.1f", flops / seconds / 1e9);
    return out;
}

/* A line of the table: what, milliseconds, share of the step, GFLOP/s, share of the peak. */
static int line(struct table *t, const struct profile *p, const char *what, const char *how,
                double seconds, double flops, struct err *e)
{
    char rate[32], share[32] = "";
    if (flops > 0 && seconds > 0)
        snprintf(share, sizeof share, "%.1f", 100 * flops / seconds / p->peak);
    return table_row(t, e, "%s\t%s\t%.4f\t%.1f\t%s\t%s", what, how, 1e3 * seconds,
                     100 * seconds / p->step, flops_text(flops, seconds, rate, sizeof rate), share);
}

/* Element-wise work is bound by memory: its operations are no measure of speed. */
static double counted(const struct profile_layer *l, double flops)
{
    return l->layer->n_params ? flops : 0;
}

static int print_text(const struct profile *p, struct err *e)
{
    struct table t = {.align = "llrrrr"};
    double flops = 0;
    int rc = table_row(&t, e, "part\t\tms\t%% of step\tGFLOP/s\t%% of peak");
    rc = rc ? rc : line(&t, p, "batch", "gather", p->gather, 0, e);
    for (int i = 0; rc == 0 && i < p->n_layers; i++) {
        const struct profile_layer *l = &p->layers[i];
        if (l->forward > 0)
            rc =
                line(&t, p, l->layer->name, "forward", l->forward, counted(l, l->forward_flops), e);
        flops += counted(l, l->forward_flops + l->backward_flops);
    }
    rc = rc ? rc : line(&t, p, "loss", "both", p->loss, 0, e);
    for (int i = p->n_layers - 1; rc == 0 && i >= 0; i--) {
        const struct profile_layer *l = &p->layers[i];
        if (l->backward > 0)
            rc = line(&t, p, l->layer->name, "backward", l->backward, counted(l, l->backward_flops),
                      e);
    }
    rc = rc ? rc : line(&t, p, "optimizer", "update", p->optimizer, 0, e);
    rc = rc ? rc : line(&t, p, "rest", "", p->rest, 0, e);
    rc = rc ? rc : line(&t, p, "step", "", p->step, flops, e);
    if (rc == 0) {
        table_print(&t, stdout);
        printf("\n%.0f samples/s at batch %d (%llu steps measured)\n", p->batch / p->step, p->batch,
               (unsigned long long)p->steps);
    }
    table_free(&t);
    return rc;
}

static json_t *json_part(const char *name, const char *how, double seconds, double flops)
{
    return json_pack("{s:o, s:s, s:f, s:f}", "part", ui_json_text(name), "direction", how, "ms",
                     1e3 * seconds, "gflops", flops > 0 && seconds > 0 ? flops / seconds / 1e9 : 0);
}

static int print_json(const struct profile *p, struct err *e)
{
    json_t *parts = json_array();
    json_array_append_new(parts, json_part("batch", "gather", p->gather, 0));
    for (int i = 0; i < p->n_layers; i++) {
        const struct profile_layer *l = &p->layers[i];
        if (l->forward > 0)
            json_array_append_new(parts, json_part(l->layer->name, "forward", l->forward,
                                                   counted(l, l->forward_flops)));
        if (l->backward > 0)
            json_array_append_new(parts, json_part(l->layer->name, "backward", l->backward,
                                                   counted(l, l->backward_flops)));
    }
    json_array_append_new(parts, json_part("loss", "both", p->loss, 0));
    json_array_append_new(parts, json_part("optimizer", "update", p->optimizer, 0));
    json_array_append_new(parts, json_part("rest", "", p->rest, 0));
    return ui_json_print(json_pack("{s:o, s:f, s:f, s:i, s:f}", "parts", parts, "step_ms",
                                   1e3 * p->step, "samples_per_s", p->batch / p->step, "batch",
                                   p->batch, "peak_gflops", p->peak / 1e9),
                         e);
}

static int run(struct call *c, struct err *e)
{
    const struct conf *o = c->conf;
    struct job job = {0};
    struct profile p = {0};
    struct team *team = NULL;
    int rc = -1;
    const struct kernels *k = kernels_get(c->common.isa);
    if (work_open_net(&job, c->args[0], &o->set, c, e))
        goto out;
    team = team_new(c->common.threads ? c->common.threads : par_default(), e);
    if (!team || profile_run(&p, &job, team, k, c->common.fuse, o->seconds > 0 ? o->seconds : 1, e))
        goto out;
    log_info("%s: %d thread%s, %s, peak %.0f GFLOP/s", c->args[0], team_size(team),
             team_size(team) > 1 ? "s" : "", k->isa, p.peak / 1e9);
    rc = c->common.json ? print_json(&p, e) : print_text(&p, e);
out:
    profile_free(&p);
    team_free(team);
    job_free(&job);
    return rc;
}

const struct cmd cmd_time = {
    .name = "time",
    .args = "NET",
    .help = "where the time of a training step goes",
    .more = "Trains on the net's data or, where the file states shape and classes, on random "
            "numbers, and shows for each layer and direction the milliseconds, the share of the "
            "step, GFLOP/s and the share of the peak that a loop of multiply-adds reaches on this "
            "machine. A fused activation is timed with the layer that computes it. The operations "
            "are those of direct sums, so a convolution that takes fewer can pass the peak.",
    .min_args = 1,
    .max_args = 1,
    .missing = "a network file",
    .options = options,
    .conf_size = sizeof(struct conf),
    .run = run,
};
