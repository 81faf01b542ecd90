/* schedule.c - PyTorch's learning rate schedulers as closed formulas. */
#include "optim/schedule.h"

#include "base/choice.h"
#include "base/fmath.h"

#include <math.h>

#define THRESHOLD 1e-4 /* plateau: a better loss is better by this share */
#define LEAST_CUT 1e-8 /* plateau: and smaller changes of the rate are none */

enum {
    SCHEDULE_CONSTANT,
    SCHEDULE_STEP,
    SCHEDULE_MULTISTEP,
    SCHEDULE_EXPONENTIAL,
    SCHEDULE_TIME,
    SCHEDULE_POLY,
    SCHEDULE_COSINE,
    SCHEDULE_ONECYCLE,
    SCHEDULE_PLATEAU
};

const char *const schedule_types[] = {"constant", "step",   "multistep", "exponential", "time",
                                      "poly",     "cosine", "onecycle",  "plateau",     NULL};

const char *const schedule_help[] = {
    "the rate stays what it is",
    "the rate falls by a factor every so many epochs",
    "the rate falls by a factor at each of a list of epochs",
    "the rate falls by a factor every epoch",
    "lr / (1 + gamma * epoch)",
    "the rate falls step by step along a power of what is left of the run",
    "the rate falls step by step along half a cosine, over the run",
    "the rate rises, then falls to nearly nothing, step by step, over the run",
    "the rate falls by a factor when the loss on validation (or else on training) gets no better"};

#define FIELD(f) offsetof(struct schedule, f)

const struct opt schedule_opts[] = {
    {.name = "type",
     .type = OPT_WORD,
     .offset = FIELD(type),
     .def = "constant",
     .words = schedule_types,
     .help = "how the learning rate changes in the course of training"},
    {.name = "warmup",
     .type = OPT_FLOAT,
     .offset = FIELD(warmup),
     .def = "0",
     .min = 0,
     .max = 1e6,
     .help = "epochs (0.5: half of one) in which the rate rises step by step from nearly nothing "
             "to lr; the schedule begins behind them and counts its epochs from there"},
    OPT_END};

static const struct opt constant_opts[] = {OPT_END};

#define GAMMA                                                                                      \
    .name = "gamma", .type = OPT_FLOAT, .offset = FIELD(gamma), .min = 0, .max = 10,               \
    .flags = OPT_OPEN_MIN

#define MIN_LR                                                                                     \
    .name = "min_lr", .type = OPT_FLOAT, .offset = FIELD(min_lr), .def = "0", .min = 0, .max = 1000

static const struct opt step_opts[] = {{.name = "step_size",
                                        .type = OPT_INT,
                                        .offset = FIELD(step_size),
                                        .min = 1,
                                        .max = 1000000000,
                                        .flags = OPT_REQUIRED,
                                        .help = "epochs between two changes"},
                                       {GAMMA, .def = "0.1", .help = "factor of each change"},
                                       OPT_END};

static const struct opt multistep_opts[] = {
    {.name = "milestones",
     .type = OPT_INTS,
     .offset = FIELD(milestones),
     .min = 1,
     .max = 1000000000,
     .flags = OPT_REQUIRED,
     .help = "epochs after which the rate changes: 30, 60, 80"},
    {GAMMA, .def = "0.1", .help = "factor of each change"},
    OPT_END};

static const struct opt exponential_opts[] = {{.name = "gamma",
                                               .type = OPT_FLOAT,
                                               .offset = FIELD(gamma),
                                               .min = 0,
                                               .max = 10,
                                               .flags = OPT_OPEN_MIN | OPT_REQUIRED,
                                               .help = "factor of each epoch"},
                                              OPT_END};

static const struct opt time_opts[] = {
    {.name = "gamma",
     .type = OPT_FLOAT,
     .offset = FIELD(gamma),
     .min = 0,
     .max = 1000,
     .flags = OPT_OPEN_MIN | OPT_REQUIRED,
     .help = "how fast the rate falls: after 1 / gamma epochs it is half of lr"},
    OPT_END};

static const struct opt poly_opts[] = {{.name = "power",
                                        .type = OPT_FLOAT,
                                        .offset = FIELD(power),
                                        .def = "1",
                                        .min = 0,
                                        .max = 100,
                                        .flags = OPT_OPEN_MIN,
                                        .help = "1: a straight line; larger: falls early"},
                                       {MIN_LR, .help = "the rate at the end of the run"},
                                       OPT_END};

static const struct opt cosine_opts[] = {{MIN_LR, .help = "the rate at the end of the run"},
                                         OPT_END};

static const struct opt onecycle_opts[] = {
    {.name = "pct_start",
     .type = OPT_FLOAT,
     .offset = FIELD(pct_start),
     .def = "0.3",
     .min = 0,
     .max = 1,
     .help = "share of the steps in which the rate rises to the optimizer's lr"},
    {.name = "div_factor",
     .type = OPT_FLOAT,
     .offset = FIELD(div_factor),
     .def = "25",
     .min = 0,
     .max = 1e12,
     .flags = OPT_OPEN_MIN,
     .help = "the first rate is lr / div_factor"},
    {.name = "final_div_factor",
     .type = OPT_FLOAT,
     .offset = FIELD(final_div_factor),
     .def = "1e4",
     .min = 0,
     .max = 1e12,
     .flags = OPT_OPEN_MIN,
     .help = "the last rate is the first / final_div_factor"},
    OPT_END};

static const struct opt plateau_opts[] = {
    {.name = "patience",
     .type = OPT_INT,
     .offset = FIELD(patience),
     .def = "10",
     .min = 0,
     .max = 1 << 24,
     .help = "evaluations in a row without a better loss that are borne; the next one lowers the "
             "rate"},
    {.name = "gamma",
     .type = OPT_FLOAT,
     .offset = FIELD(gamma),
     .def = "0.1",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MIN | OPT_OPEN_MAX,
     .help = "factor of each change"},
    {MIN_LR, .help = "the rate does not fall below"},
    OPT_END};

const struct opt *const schedule_type_opts[] = {constant_opts,    step_opts,     multistep_opts,
                                                exponential_opts, time_opts,     poly_opts,
                                                cosine_opts,      onecycle_opts, plateau_opts};

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

void schedule_free(struct schedule *s)
{
    opt_free(schedule_type_opts[s->type], s);
    *s = (struct schedule){0};
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

static double poly_lr(const struct schedule *s, double lr, double step, double total)
{
    double left = step < total ? 1 - step / total : 0;
    return left > 0 ? s->min_lr + (lr - s->min_lr) * fmath_pow(left, s->power) : s->min_lr;
}

/* How often milestones at or before this epoch lower the rate. */
static int passed(const struct schedule *s, uint64_t epoch)
{
    int n = 0;
    for (int i = 0; i < s->milestones.n; i++)
        n += (uint64_t)s->milestones.v[i] <= epoch;
    return n;
}

static double plateau_lr(const struct schedule *s, double lr, uint64_t cuts)
{
    double low = lr * fmath_pow(s->gamma, (double)cuts);
    return cuts > 0 && low < s->min_lr ? s->min_lr : low;
}

/* Steps of the warm-up. */
static uint64_t warmup_steps(const struct schedule *s, uint64_t per_epoch)
{
    return (uint64_t)(s->warmup * (double)per_epoch + 0.5);
}

double schedule_lr(const struct schedule *s, double lr, const struct schedule_at *at)
{
    uint64_t warm = warmup_steps(s, at->per_epoch);
    if (at->step < warm)
        return lr * (double)(at->step + 1) / (double)(warm + 1);
    uint64_t step = at->step - warm, epoch = step / at->per_epoch;
    double total = at->total > warm ? (double)(at->total - warm) : 0;
    switch (s->type) {
    case SCHEDULE_STEP:
        return lr * fmath_pow(s->gamma, (double)(epoch / (uint64_t)s->step_size));
    case SCHEDULE_MULTISTEP:
        return lr * fmath_pow(s->gamma, passed(s, epoch));
    case SCHEDULE_EXPONENTIAL:
        return lr * fmath_pow(s->gamma, (double)epoch);
    case SCHEDULE_TIME:
        return lr / (1 + s->gamma * (double)epoch);
    case SCHEDULE_POLY:
        return poly_lr(s, lr, (double)step, total);
    case SCHEDULE_COSINE:
        return anneal(lr, s->min_lr, (double)step, 0, total);
    case SCHEDULE_ONECYCLE:
        return onecycle_lr(s, lr, (double)step, total);
    case SCHEDULE_PLATEAU:
        return plateau_lr(s, lr, at->cuts);
    default:
        return lr;
    }
}

bool schedule_uses_total(const struct schedule *s)
{
    return s->type == SCHEDULE_POLY || s->type == SCHEDULE_COSINE || s->type == SCHEDULE_ONECYCLE;
}

bool schedule_watches(const struct schedule *s)
{
    return s->type == SCHEDULE_PLATEAU;
}

bool schedule_watch(const struct schedule *s, double lr, const struct schedule_at *at,
                    struct plateau *p, double loss)
{
    if (!schedule_watches(s) || at->step <= warmup_steps(s, at->per_epoch))
        return false;
    if (p->seen++ == 0)
        p->best = (double)INFINITY;
    if (loss < p->best * (1 - THRESHOLD)) {
        p->best = loss;
        p->bad = 0;
        return false;
    }
    if (++p->bad <= (uint64_t)s->patience)
        return false;
    p->bad = 0;
    if (plateau_lr(s, lr, p->cuts) - plateau_lr(s, lr, p->cuts + 1) <= LEAST_CUT)
        return false;
    p->cuts++;
    return true;
}
