/* progress.c - how a training goes, on stderr. */
#include "progress.h"

#include "ui.h"

#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REDRAW  0.1 /* seconds */
#define BAR_MAX 30
#define BAR_MIN 8

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void clear_line(void)
{
    fputs("\r\033[K", stderr);
}

void progress_start(struct progress_view *v, const struct job *job)
{
    bool quiet = log_level() == LOG_QUIET;
    *v = (struct progress_view){.metric = (double)NAN, .per_epoch = job_steps_per_epoch(job)};
    v->bar = !quiet && ui_can_redraw();
    v->rows = !quiet && (!v->bar || log_level() == LOG_VERBOSE);
    if (v->bar)
        log_set_hook(clear_line);
}

void progress_end(struct progress_view *v)
{
    if (v->bar)
        clear_line();
    log_set_hook(NULL);
}

/* Appends ", NAME LOSS ACCURACY", as far as they were measured. */
static void add(char *line, size_t size, const char *name, double loss, double metric)
{
    char text[UI_TEXT];
    size_t n = strlen(line);
    if (!isnan(loss))
        snprintf(line + n, size - n, ", %s %s", name, ui_number(loss, text));
    n = strlen(line);
    if (!isnan(loss) && !isnan(metric))
        snprintf(line + n, size - n, " %s", ui_number(metric, text));
}

/* "epoch 3/50: loss 0.3120, accuracy 0.9120, validation 0.2870 0.9210, test 0.3010 0.9180" */
static void show_row(const struct progress_view *v, const struct progress *p)
{
    const struct runlog_row *r = p->row;
    char line[320], text[UI_TEXT];
    bool whole = r->step % v->per_epoch == 0;
    double loss = isnan(r->train_loss) ? p->loss : r->train_loss; /* the running one */
    snprintf(line, sizeof line, "%s %llu/%llu: loss %s", whole ? "epoch" : "step",
             (unsigned long long)(whole ? r->epoch : r->step),
             (unsigned long long)(whole ? p->epochs : p->steps), ui_number(loss, text));
    size_t n = strlen(line);
    if (!isnan(r->train_metric))
        snprintf(line + n, sizeof line - n, ", accuracy %s", ui_number(r->train_metric, text));
    add(line, sizeof line, "validation", r->val_loss, r->val_metric);
    add(line, sizeof line, "test", r->test_loss, r->test_metric);
    if (v->bar)
        clear_line();
    fprintf(stderr, "%s\n", line);
}

/* The words behind the bar, most important first: what does not fit is left out from the end. */
static void words(const struct progress_view *v, const struct progress *p, int room, char *out,
                  size_t size)
{
    char part[4][64], text[UI_TEXT];
    snprintf(part[0], sizeof part[0], "epoch %llu/%llu",
             (unsigned long long)(p->epoch < p->epochs ? p->epoch + 1 : p->epochs),
             (unsigned long long)p->epochs);
    if (p->epochs == 0)
        snprintf(part[0], sizeof part[0], "step %llu/%llu", (unsigned long long)p->step,
                 (unsigned long long)p->steps);
    snprintf(part[1], sizeof part[1], "  loss %s", ui_number(p->loss, text));
    size_t n = strlen(part[1]);
    if (!isnan(v->metric))
        snprintf(part[1] + n, sizeof part[1] - n, " %s %s", v->metric_name,
                 ui_number(v->metric, text));
    snprintf(part[2], sizeof part[2], "  %s left", ui_duration(p->seconds_left, text));
    snprintf(part[3], sizeof part[3], "  %s/s", ui_short(p->samples_per_s, text));
    out[0] = '\0';
    for (int i = 0; i < 4; i++) {
        n = strlen(out);
        if ((int)(n + strlen(part[i])) > room)
            break;
        snprintf(out + n, size - n, "%s", part[i]);
    }
}

static void draw(const struct progress_view *v, const struct progress *p)
{
    char text[256], bar[BAR_MAX + 1];
    int columns = ui_columns() - 1; /* the last column would wrap the line */
    double done = p->steps > 0 ? (double)p->step / (double)p->steps : 0;
    done = done < 0 ? 0 : done > 1 ? 1 : done;
    words(v, p, columns - 5, text, sizeof text); /* behind " 24% " */
    int width = columns - 5 - (int)strlen(text) - 3;
    if (width > BAR_MAX)
        width = BAR_MAX;
    if (width < BAR_MIN) {
        if (columns >= 4)
            fprintf(stderr, "\r%3d%% %s\033[K", (int)(100 * done), text);
        return;
    }
    int full = (int)(done * width);
    memset(bar, '=', (size_t)full);
    memset(bar + full, '-', (size_t)(width - full));
    bar[width] = '\0';
    fprintf(stderr, "\r[%s] %3d%% %s\033[K", bar, (int)(100 * done), text);
}

void progress_show(void *arg, const struct progress *p)
{
    struct progress_view *v = arg;
    if (p->row) {
        bool accuracy = !isnan(p->row->val_metric);
        v->metric = accuracy ? p->row->val_metric : p->row->val_loss;
        v->metric_name = accuracy ? "accuracy" : "validation";
        if (v->rows)
            show_row(v, p);
    }
    double t = now();
    if (v->bar && t - v->drawn >= REDRAW) {
        v->drawn = t;
        draw(v, p);
        fflush(stderr);
    }
}
