/* schedule.c - PyTorch's StepLR, ExponentialLR and OneCycleLR as closed formulas. */
#include "optim/schedule.h"

#include "base/choice.h"
#include "base/fmath.h"

enum { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_EXPONENTIAL, SCHEDULE_ONECYCLE };

const char *const schedule_types[] = {"constant", "step", "exponential", "onecycle", NULL};

const struct opt schedule_opts[] = {
    {.name = "type",
     .type = OPT_WORD,
     .offset = offsetof(struct schedule, type),
     .def = "constant",
     .words = schedule_types,
     .help = "how the learning rate changes in the course of training"},
    OPT_END};

static const struct opt constant_opts[] = {OPT_END};

#define GAMMA                                                                                      \
    .name = "gamma", .type = OPT_FLOAT, .offset = offsetof(struct schedule, gamma), .min = 0,      \
    .max = 10

static const struct opt step_opts[] = {
    {.name = "step_size",
     .type = OPT_INT,
     .offset = offsetof(struct schedule, step_size),
     .min = 1,
     .max = 1000000000,
     .flags = OPT_REQUIRED,
     .help = "epochs between two changes"},
    {GAMMA, .def = "0.1", .flags = OPT_OPEN_MIN, .help = "factor of each change"},
    OPT_END};

static const struct opt exponential_opts[] = {
    {GAMMA, .flags = OPT_OPEN_MIN | OPT_REQUIRED, .help = "factor of each epoch"}, OPT_END};

static const struct opt onecycle_opts[] = {
    {.name = "pct_start",
     .type = OPT_FLOAT,
     .offset = offsetof(struct schedule, pct_start),
     .def = "0.3",
     .min = 0,
     .max = 1,
     .help = "share of the steps in which the rate rises to the optimizer's lr"},
    {.name = "div_factor",
     .type = OPT_FLOAT,
     .offset = offsetof(struct schedule, div_factor),
     .def = "25",
     .min = 0,
     .max = 1e12,
     .flags = OPT_OPEN_MIN,
     .help = "the first rate is lr / div_factor"},
    {.name = "final_div_factor",
     .type = OPT_FLOAT,
     .offset = offsetof(struct schedule, final_div_factor),
     .def = "1e4",
     .min = 0,
     .max = 1e12,
     .flags = OPT_OPEN_MIN,
     .help = "the last rate is the first / final_div_factor"},
    OPT_END};

const struct opt *const schedule_type_opts[] = {constant_opts, step_opts, exponential_opts,
                                                onecycle_opts};

int schedule_read(struct schedule *s, const struct netfile *nf, const struct section *sec,
                  struct diag *d, struct err *e)
{
    int type;
    *s = (struct schedule){0};
    if (choice_read(nf, sec, schedule_opts, &type, d, e) < 0)
        return -1;
    if (type < 0) /* whose keys these are is unknown: nothing more to say about them */
        return 0;
    struct opt_target targets[] = {{schedule_opts, s}, {schedule_type_opts[type], s}};
    return opt_read(nf, sec, targets, 2, d, e);
}

int schedule_write(const struct schedule *s, struct text *t, struct err *e)
{
    struct schedule copy = *s;
    struct opt_target targets[] = {{schedule_opts, &copy}, {schedule_type_opts[s->type], &copy}};
    return opt_write(t, "schedule", "", targets, 2, e);
}

/* From `start` to `end` along half a cosine, at `at` between first and last. */
static double anneal(double start, double end, double at, double first, double last)
{
    double part = last > first && at < last ? (at - first) / (last - first) : 1, sine, cosine;
    fmath_sincospi(part, &sine, &cosine);
    return end + (start - end) / 2 * (cosine + 1);
}

/* Smith and Topin 2018, two phases: up to lr, then down to nearly nothing. Borders as in PyTorch:
 * the first phase starts at step 0 and the second where the first ends, both between steps. */
static double onecycle_lr(const struct schedule *s, double lr, double step, double total)
{
    double initial = lr / s->div_factor, top = s->pct_start * total - 1;
    if (step <= top)
        return anneal(initial, lr, step, 0, top);
    return anneal(lr, initial / s->final_div_factor, step, top, total - 1);
}

double schedule_lr(const struct schedule *s, double lr, uint64_t epoch, uint64_t step,
                   uint64_t total)
{
    switch (s->type) {
    case SCHEDULE_STEP:
        return lr * fmath_pow(s->gamma, (double)(epoch / (uint64_t)s->step_size));
    case SCHEDULE_EXPONENTIAL:
        return lr * fmath_pow(s->gamma, (double)epoch);
    case SCHEDULE_ONECYCLE:
        return onecycle_lr(s, lr, (double)step, (double)total);
    default:
        return lr;
    }
}

bool schedule_uses_total(const struct schedule *s)
{
    return s->type == SCHEDULE_ONECYCLE;
}
