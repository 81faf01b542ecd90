/* test_golden_nets.c - whole nets from network files against PyTorch: outputs, loss and every
 * gradient of the first step, then the losses of all steps and the weights they end with.
 *
 * Gradients are held to GOLDEN_TOLERANCE. Over a training rounding errors grow (Adam divides by the
 * root of small squares), so what comes after the first step has a wider band. */
#include "net/net.h"

#include "base/mem.h"
#include "net/loss.h"
#include "optim/optim.h"
#include "optim/schedule.h"

#include "golden.h"

#include <glob.h>

#ifdef REAL_DOUBLE
#define BAND 1e-9
#else
#define BAND 1e-3
#endif

#define FEW 8 /* steps, at most what any of the nets trains */

struct conf {
    int shape[3], classes, target, batch;
    uint64_t steps;
};

static const char *const targets[] = {"class", "value", NULL};
#define FIELD(f) offsetof(struct conf, f)
static const struct opt data_keys[] = {
    {.name = "shape", .type = OPT_SHAPE, .offset = FIELD(shape), .flags = OPT_REQUIRED},
    {.name = "classes", .type = OPT_INT, .offset = FIELD(classes), .def = "0"},
    {.name = "target", .type = OPT_WORD, .offset = FIELD(target), .def = "class", .words = targets},
    OPT_END};
static const struct opt train_keys[] = {
    {.name = "batch", .type = OPT_INT, .offset = FIELD(batch), .flags = OPT_REQUIRED},
    {.name = "steps", .type = OPT_SIZE, .offset = FIELD(steps), .flags = OPT_REQUIRED},
    OPT_END};

/* How to run it. isa NULL: the best this processor has. */
struct way {
    int threads;
    bool fuse;
    int chunk; /* samples in a piece of a batch; 0: the whole batch */
    const char *isa;
};

struct run {
    const char *name;
    struct golden g;
    struct netfile *nf;
    struct conf conf;
    struct loss loss;
    struct optim optim;
    struct schedule schedule;
    struct net *net;
    struct team *team;
    struct way way;
    bool again; /* a second look at the batch, for [optimizer] sam */
    int samples, k;
    real *x; /* n, h, w, c */
    int *label;
    real *target, *value, *scratch, *losses;
    uint64_t step;
};

static void check(const struct run *r, const char *what, const real *a, size_t n, double tolerance)
{
    double error = golden_error(a, golden_get(&r->g, what, n), n);
    if (!(error <= tolerance))
        fail_msg("%s (%s, %d threads, fuse %d, chunk %d): %s: error %g, more than %g", r->name,
                 r->net->k->isa, r->way.threads, r->way.fuse, r->way.chunk, what, error, tolerance);
}

/* Calls fn for every parameter with its name in golden files. */
static void each_param(struct run *r, void (*fn)(struct run *r, struct param *p, const char *name))
{
    for (int i = 1; i < r->net->n_layers; i++)
        for (int j = 0; j < r->net->layers[i].n_params; j++) {
            struct param *p = &r->net->layers[i].params[j];
            char name[128];
            snprintf(name, sizeof name, "%s.%s", r->net->layers[i].name, p->name);
            fn(r, p, name);
        }
}

static void load_param(struct run *r, struct param *p, const char *name)
{
    char what[160];
    snprintf(what, sizeof what, "w.%s", name);
    const double *w = golden_get(&r->g, what, p->size);
    for (size_t i = 0; i < p->size; i++)
        p->w[param_index(p, i)] = (real)w[i];
}

/* Compares w or g, in the order of files. */
static void check_tensor(struct run *r, const struct param *p, const real *a, const char *what,
                         double tolerance)
{
    real *file = malloc(p->size * sizeof *file);
    assert_non_null(file);
    for (size_t i = 0; i < p->size; i++)
        file[i] = a[param_index(p, i)];
    check(r, what, file, p->size, tolerance);
    free(file);
}

static void check_gradient(struct run *r, struct param *p, const char *name)
{
    char what[160];
    snprintf(what, sizeof what, "first.g.%s", name);
    assert_true(!p->g == !golden_find(&r->g, "%s", what));
    if (p->g)
        check_tensor(r, p, p->g, what, GOLDEN_TOLERANCE);
}

static void check_end(struct run *r, struct param *p, const char *name)
{
    char what[160];
    snprintf(what, sizeof what, "end.%s", name);
    check_tensor(r, p, p->w, what, BAND);
}

/* The samples, from c,h,w to h,w,c, and the targets. */
static void load_samples(struct run *r)
{
    struct shape s = r->net->layers[0].out;
    size_t size = shape_size(s), plane = (size_t)s.h * (size_t)s.w;
    const struct golden_array *x = golden_find(&r->g, "x");
    assert_non_null(x);
    r->samples = (int)(x->n / size);
    r->x = malloc(x->n * sizeof *r->x);
    r->label = malloc((size_t)r->samples * sizeof *r->label);
    assert_true(r->x && r->label);
    for (size_t i = 0; i < x->n; i++) {
        size_t at = i % size, c = at / plane;
        r->x[i - at + at % plane * (size_t)s.c + c] = (real)x->v[i];
    }
    if (r->conf.classes) {
        const double *label = golden_get(&r->g, "label", (size_t)r->samples);
        for (int i = 0; i < r->samples; i++)
            r->label[i] = (int)label[i];
    } else {
        r->target = golden_reals(&r->g, "target", (size_t)(r->samples * r->k));
    }
}

static void read_file(struct run *r)
{
    struct err e = {0};
    struct diag d = {0};
    char path[256];
    snprintf(path, sizeof path, "tests/golden/nets/%s.ini", r->name);
    r->nf = netfile_load(path, &d, &e);
    if (!r->nf)
        fail_msg("%s", e.msg);
    const struct section *data = netfile_section(r->nf, "data");
    const struct section *train = netfile_section(r->nf, "train");
    opt_read(r->nf, data, &(struct opt_target){data_keys, &r->conf}, 1, &d, &e);
    opt_read(r->nf, train, &(struct opt_target){train_keys, &r->conf}, 1, &d, &e);
    loss_read(&r->loss, r->nf, netfile_section(r->nf, "loss"), &d, &e);
    optim_read(&r->optim, r->nf, netfile_section(r->nf, "optimizer"), &d, &e);
    schedule_read(&r->schedule, r->nf, netfile_section(r->nf, "schedule"), &d, &e);
    struct shape in = {r->conf.shape[0], r->conf.shape[1], r->conf.shape[2]};
    r->net = net_build(r->nf, in, &d, &e);
    if (d.total || e.kind)
        fail_msg("%s", d.total ? d.msg[0].text : e.msg);
    r->k = (int)shape_size(r->net->output->out);
    if (loss_setup(&r->loss, r->k, r->conf.classes, &e))
        fail_msg("%s", e.msg);
}

static struct run open_run(const char *name, struct way way)
{
    struct run r = {.name = name, .way = way};
    struct err e = {0};
    char file[256];
    snprintf(file, sizeof file, "nets/%s.txt", name);
    r.g = golden_load(file);
    read_file(&r);
    r.team = team_new(way.threads, &e);
    assert_non_null(r.team);
    struct net_plan plan = {.batch = way.chunk ? way.chunk : r.conf.batch,
                            .train = true,
                            .slots = optim_slots(&r.optim),
                            .fuse = way.fuse,
                            .loss_act = r.loss.ops->act};
    if (net_allocate(r.net, &plan, r.team, kernels_get(way.isa), &e) ||
        optim_allocate(&r.optim, r.net, &e))
        fail_msg("%s", e.msg);
    load_samples(&r);
    each_param(&r, load_param);
    r.value = calloc((size_t)r.conf.batch, sizeof *r.value);
    r.losses = calloc(r.conf.steps, sizeof *r.losses);
    r.scratch = calloc(loss_scratch(r.k) * (size_t)way.threads, sizeof *r.scratch);
    assert_true(r.value && r.losses && r.scratch);
    return r;
}

static void close_run(struct run *r)
{
    net_free(r->net);
    loss_free(&r->loss);
    optim_free(&r->optim);
    schedule_free(&r->schedule);
    team_free(r->team);
    netfile_free(r->nf);
    golden_free(&r->g);
    free(r->x);
    free(r->label);
    free(r->target);
    free(r->value);
    free(r->losses);
    free(r->scratch);
}

/* Of the batch of n samples from `at` on. */
static real scale_of(const struct run *r, int at, int n)
{
    double weight = 0;
    for (int i = at; i < at + n; i++)
        weight += r->conf.classes ? loss_weight(&r->loss, r->label[i]) : 1;
    return loss_scale(&r->loss, weight);
}

/* One piece of a batch that starts at sample `at` and has n samples: samples first .. first+size.
 */
static void run_piece(struct run *r, int at, int n, int first, int size, int tid, int nt)
{
    struct pass p = {.n = size,
                     .first = first,
                     .train = true,
                     .accumulate = first > 0,
                     .again = r->again,
                     .step = r->step,
                     .seed = 1,
                     .k = r->net->k,
                     .team = r->team,
                     .tid = tid,
                     .nt = nt};
    struct layer *logits = net_logits(r->net);
    size_t in = shape_size(r->net->layers[0].out), k = (size_t)r->k;
    size_t row = (size_t)(at + first), lo, hi;
    if (tid == 0)
        memcpy(net_input(r->net), r->x + row * in, (size_t)size * in * sizeof(real));
    team_barrier(r->team, tid);
    net_forward(r->net, &p, true);
    struct loss_rows rows = {.x = logits->y,
                             .label = r->conf.classes ? r->label + row : NULL,
                             .target = r->conf.classes ? NULL : r->target + row * k,
                             .value = r->value + first,
                             .dx = logits->dy,
                             .scale = scale_of(r, at, n),
                             .scratch = r->scratch + (size_t)tid * loss_scratch(r->k)};
    par_range((size_t)size, 1, tid, nt, &lo, &hi);
    r->loss.ops->rows(&r->loss, &rows, r->net->k, (int)lo, (int)hi);
    team_barrier(r->team, tid);
    if (tid == 0 && r->step == 0 && !r->again && !r->way.chunk)
        check(r, "first.output", r->net->output->y, (size_t)n * k, GOLDEN_TOLERANCE);
    team_barrier(r->team, tid); /* backward may use the memory of outputs */
    net_backward(r->net, &p);
}

static int batch_of_step(const struct run *r, int *at)
{
    int per_epoch = (r->samples + r->conf.batch - 1) / r->conf.batch;
    *at = (int)(r->step % (uint64_t)per_epoch) * r->conf.batch;
    return r->samples - *at < r->conf.batch ? r->samples - *at : r->conf.batch;
}

static void run_batch(void *arg, int tid, int nt)
{
    struct run *r = arg;
    int at, n = batch_of_step(r, &at), chunk = r->way.chunk ? r->way.chunk : n;
    for (int first = 0; first < n; first += chunk) {
        if (first > 0) /* the last piece's samples are done with */
            team_barrier(r->team, tid);
        run_piece(r, at, n, first, n - first < chunk ? n - first : chunk, tid, nt);
    }
}

static void run_update(void *arg, int tid, int nt)
{
    struct run *r = arg;
    double lr = golden_get(&r->g, "lr", r->conf.steps)[r->step];
    optim_step(&r->optim, r->net, false, r->step + 1, lr, r->team, tid, nt);
}

static void run_ascend(void *arg, int tid, int nt)
{
    struct run *r = arg;
    optim_ascend(&r->optim, r->net, r->team, tid, nt);
}

static void run_descend(void *arg, int tid, int nt)
{
    struct run *r = arg;
    optim_descend(&r->optim, r->net, tid, nt);
}

static void look_again(struct run *r)
{
    team_run(r->team, run_ascend, r);
    r->again = true;
    team_run(r->team, run_batch, r);
    r->again = false;
    team_run(r->team, run_descend, r);
}

/* The first `steps` steps; r->losses. */
static void train(struct run *r, uint64_t steps)
{
    uint64_t per_epoch = (uint64_t)((r->samples + r->conf.batch - 1) / r->conf.batch);
    const double *lr = golden_get(&r->g, "lr", r->conf.steps);
    for (r->step = 0; r->step < steps; r->step++) {
        int at, n = batch_of_step(r, &at);
        const struct schedule_at where = {
            .step = r->step, .per_epoch = per_epoch, .total = r->conf.steps};
        double own = schedule_lr(&r->schedule, r->optim.common.lr, &where);
        assert_true(fabs(own - lr[r->step]) <= 1e-12 * r->optim.common.lr);
        team_run(r->team, run_batch, r);
        double sum = 0;
        for (int i = 0; i < n; i++)
            sum += (double)r->value[i];
        r->losses[r->step] = (real)(sum * (double)scale_of(r, at, n));
        if (r->step == 0)
            each_param(r, check_gradient);
        if (optim_is_sharp(&r->optim, r->step, per_epoch, r->conf.steps))
            look_again(r);
        team_run(r->team, run_update, r);
    }
}

static void check_training(struct run *r)
{
    train(r, r->conf.steps);
    const double *loss = golden_get(&r->g, "loss", r->conf.steps);
    if (!(golden_error(r->losses, loss, 1) <= GOLDEN_TOLERANCE))
        fail_msg("%s: first loss %.9g, not %.9g", r->name, (double)r->losses[0], loss[0]);
    check(r, "loss", r->losses, r->conf.steps, BAND);
    each_param(r, check_end);
}

/* Calls fn with the name of every golden net. */
static void each_net(void (*fn)(const char *name))
{
    glob_t found;
    assert_int_equal(glob("tests/golden/nets/*.ini", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 9);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s", strrchr(found.gl_pathv[i], '/') + 1);
        *strrchr(name, '.') = '\0';
        fn(name);
    }
    globfree(&found);
}

/* On every instruction set; those with fused multiply-add give the same bits. */
static void check_net(const char *name)
{
    struct run fused = {0};
    for (int i = 0; kernels_names[i]; i++) {
        const char *isa = kernels_names[i];
        if (!kernels_supported(isa))
            continue;
        struct run r = open_run(name, (struct way){1, true, 0, isa});
        check_training(&r);
        if (strncmp(isa, "avx", 3) == 0 && fused.name &&
            memcmp(r.losses, fused.losses, r.conf.steps * sizeof *r.losses) != 0)
            fail_msg("%s: %s gives other bits than %s", name, isa, fused.way.isa);
        if (strncmp(isa, "avx", 3) == 0 && !fused.name)
            fused = r;
        else
            close_run(&r);
    }
    if (fused.name)
        close_run(&fused);
}

static void test_training(void **state)
{
    (void)state;
    each_net(check_net);
}

static bool mixes(const struct net *net)
{
    for (int i = 1; i < net->n_layers; i++)
        if (net->layers[i].ops->flags & LAYER_MIXES)
            return true;
    return false;
}

/* Whether gradients are summed in slices of samples, which chunks must not cut. */
static bool has_convolution(const struct net *net)
{
    for (int i = 1; i < net->n_layers; i++)
        if (strncmp(net->layers[i].ops->name, "conv", 4) == 0)
            return true;
    return false;
}

/* Threads, fusion and chunks change no bit: a few steps tell. */
static void check_ways(const char *name)
{
    static const struct way ways[] = {
        {3, true, 0, NULL}, {1, false, 0, NULL},   {2, false, 2, NULL},
        {1, true, 1, NULL}, {2, false, 3, "base"}, {3, false, 1, "ref"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (ways[i].isa && !kernels_supported(ways[i].isa))
            continue;
        struct way way = ways[i];
        struct run base = open_run(name, (struct way){1, true, 0, way.isa});
        if (mixes(base.net)) /* chunks are batches of their own to it */
            way.chunk = 0;
        else if (way.chunk && has_convolution(base.net))
            way.chunk = CONV_SLICE;
        struct run r = open_run(name, way);
        train(&base, FEW);
        train(&r, FEW);
        if (memcmp(r.losses, base.losses, FEW * sizeof *r.losses) != 0)
            fail_msg("%s: %d threads, fuse %d, chunk %d on %s: other bits", name, r.way.threads,
                     r.way.fuse, r.way.chunk, r.net->k->isa);
        close_run(&r);
        close_run(&base);
    }
}

static void test_any_way(void **state)
{
    (void)state;
    each_net(check_ways);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_any_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
