/* gradcheck.c - are the gradients right?
 *
 * DESIGN. The change of a sum is the sum of the changes of its terms: terms that a coordinate does
 * not touch cancel exactly, so rounding stays as small as the terms that do change. The quick
 * difference (two points) is tried first; where it does not fit, four points with a larger step
 * (less rounding) and smaller steps (no kink between the points) have their say. A wrong gradient
 * fits none of them. */
#include "train/gradcheck.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BATCH        3 /* samples: odd, and more than one */
#define LAYER_COORDS 50
#define NET_COORDS   20
#define FLOOR        1e-6 /* gradients of a tensor below this are compared absolutely */

/* Steps relative to max(1, |x|), and by how many points. */
static const struct step {
    double h;
    int points;
} steps[] = {
#ifdef REAL_DOUBLE
    {1e-5, 2}, {1e-3, 4}, {1e-4, 4}, {1e-5, 4}, {1e-6, 2}, {1e-7, 2}};
#else
    {5e-3, 2}, {4e-2, 4}, {1e-2, 4}, {2e-3, 2}, {5e-4, 2}};
#endif
#define STEPS (int)(sizeof steps / sizeof *steps)

void gradcheck_free(struct gradcheck *g)
{
    mem_free(g->rows);
    *g = (struct gradcheck){0};
}

/* Sum of w * (f(x + a) - f(x - a)), divided by the step that was really taken. */
static double slope(const struct gradcheck_fn *f, real *x, double a, real *minus)
{
    real old = *x, hi = (real)((double)old + a), lo = (real)((double)old - a);
    *x = lo;
    f->eval(f->arg);
    memcpy(minus, f->out, f->n * sizeof *minus);
    *x = hi;
    f->eval(f->arg);
    double sum = 0;
    for (size_t i = 0; i < f->n; i++)
        sum += (double)f->w[i] * ((double)f->out[i] - (double)minus[i]);
    *x = old;
    return sum / ((double)hi - (double)lo);
}

static double numeric(const struct gradcheck_fn *f, real *x, const struct step *s, real *minus)
{
    double h = s->h * fmax(1, fabs((double)*x));
    double one = slope(f, x, h, minus);
    return s->points == 2 ? one : (4 * one - slope(f, x, 2 * h, minus)) / 3;
}

static double relative(double a, double b, double scale)
{
    return fabs(a - b) / fmax(scale, FLOOR);
}

int gradcheck_tensor(struct gradcheck *g, const char *part, const char *tensor,
                     const struct gradcheck_fn *f, real *x, const real *grad, size_t size,
                     size_t limit, struct rng *rng, struct err *e)
{
    size_t n = size < limit ? size : limit, *at = mem_alloc(n, sizeof *at, e);
    double *num = mem_alloc(n, sizeof *num, e), scale = 0, worst = 0;
    real *minus = mem_alloc(f->n, sizeof *minus, e);
    int rc = -1;
    if (!at || !num || !minus || mem_grow(&g->rows, &g->cap, g->n + 1, sizeof *g->rows, e))
        goto out;
    for (size_t i = 0; i < n; i++) {
        at[i] = size <= limit ? i : (size_t)(rng_uniform(rng) * (double)size);
        num[i] = numeric(f, &x[at[i]], &steps[0], minus);
        scale = fmax(scale, fmax(fabs((double)grad[at[i]]), fabs(num[i])));
    }
    for (size_t i = 0; i < n; i++) {
        double a = (double)grad[at[i]], best = relative(a, num[i], scale);
        for (int s = 1; s < STEPS && !(best <= GRADCHECK_LIMIT / 10); s++)
            best = fmin(best, relative(a, numeric(f, &x[at[i]], &steps[s], minus), scale));
        if (!(best <= worst) && !isnan(worst)) /* NaN comes and stays */
            worst = best;
    }
    struct gradcheck_row *r = &g->rows[g->n++];
    *r = (struct gradcheck_row){.size = size, .checked = n, .error = worst};
    snprintf(r->part, sizeof r->part, "%s", part);
    snprintf(r->tensor, sizeof r->tensor, "%s", tensor);
    r->ok = worst <= GRADCHECK_LIMIT;
    g->wrong += !r->ok;
    f->eval(f->arg); /* leaves what belongs to x as it was */
    rc = 0;
out:
    mem_free(at);
    mem_free(num);
    mem_free(minus);
    return rc;
}

static void fill_normal(real *x, size_t n, struct rng *rng)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (real)rng_normal(rng);
}

/* A net of its own with a team and the means to run it. */
struct bench {
    struct net *net;
    struct team *team;
    struct pass pass;
    struct rng rng;
};

static void bench_close(struct bench *b)
{
    net_free(b->net);
    team_free(b->team);
}

static int bench_open(struct bench *b, const struct job *job, const struct net_plan *plan,
                      uint64_t seed, struct err *e)
{
    struct diag diag = {0};
    const struct kernels *k = kernels_get(NULL);
    *b = (struct bench){.rng = rng_stream(seed, "gradcheck", "", (uint64_t)plan->fuse)};
    b->team = team_new(1, e);
    b->net = b->team ? net_build(job->nf, job->net->layers[0].out, &diag, e) : NULL;
    if (!b->net)
        return -1;
    if (diag.total > 0)
        return err_set(e, ERR_NET, "%s", diag.msg[0].text);
    if (net_allocate(b->net, plan, b->team, k, e) || net_init(b->net, seed, e))
        return -1;
    /* what starts at 0 or 1 would hide an error that is multiplied by it */
    for (int i = 1; i < b->net->n_layers; i++)
        for (int j = 0; j < b->net->layers[i].n_params; j++) {
            struct param *p = &b->net->layers[i].params[j];
            for (size_t m = 0; m < p->size && p->start != START_INIT; m++)
                if (p->kind == PARAM_TRAINED)
                    p->w[m] += (real)(0.1 * rng_normal(&b->rng));
        }
    b->pass = (struct pass){.n = plan->batch,
                            .train = true,
                            .seed = seed,
                            .k = k,
                            .team = b->team,
                            .nt = 1,
                            .scratch = b->net->slab_scratch,
                            .shared = b->net->slab_shared};
    return 0;
}

struct alone {
    struct layer *l;
    const struct pass *pass;
};

static void eval_layer(void *arg)
{
    const struct alone *a = arg;
    a->l->ops->forward(a->l, a->pass);
}

static size_t numbers(const struct layer *l)
{
    return BATCH * shape_size(l->out);
}

/* Random inputs for l: normal, or between 0 and 1 where they are the numbers of things. */
static void fill_inputs(real *x, const struct layer *l, const struct layer *reader, struct rng *rng)
{
    for (size_t i = 0; i < numbers(l) && reader->ops->flags & LAYER_INDICES; i++)
        x[i] = (real)rng_uniform(rng);
    if (!(reader->ops->flags & LAYER_INDICES))
        fill_normal(x, numbers(l), rng);
}

/* Backward of l alone, its output gradient random; then every input and parameter. */
static int check_layer(struct gradcheck *g, struct bench *b, struct layer *l, struct err *e)
{
    struct alone alone = {l, &b->pass};
    const struct gradcheck_fn f = {eval_layer, &alone, l->y, l->dy, numbers(l)};
    for (int i = 0; i < l->n_in; i++) {
        fill_inputs(l->in[i]->y, l->in[i], l, &b->rng);
        memset(l->in[i]->dy, 0, numbers(l->in[i]) * sizeof(real)); /* modes may add */
    }
    fill_normal(l->dy, numbers(l), &b->rng);
    eval_layer(&alone);
    layer_backward(l, &b->pass);
    for (int i = 0; i < l->n_in; i++) {
        char name[NETFILE_NAME_MAX + 32];
        bool again = false; /* an input named twice has one gradient */
        for (int j = 0; j < i; j++)
            again |= l->in[j] == l->in[i];
        snprintf(name, sizeof name, l->n_in > 1 ? "input %s" : "input", l->in[i]->name);
        if (!again && gradcheck_tensor(g, l->name, name, &f, l->in[i]->y, l->in[i]->dy,
                                       numbers(l->in[i]), LAYER_COORDS, &b->rng, e))
            return -1;
    }
    for (int i = 0; i < l->n_params; i++) {
        const struct param *p = &l->params[i];
        if (p->g && gradcheck_tensor(g, l->name, p->name, &f, p->w, p->g, p->size, LAYER_COORDS,
                                     &b->rng, e))
            return -1;
    }
    return 0;
}

static int check_layers(struct gradcheck *g, const struct job *job, uint64_t seed, struct err *e)
{
    struct bench b;
    const struct net_plan plan = {
        .batch = BATCH, .train = true, .keep_all = true, .input_grad = true};
    int rc = bench_open(&b, job, &plan, seed, e);
    for (int i = 1; rc == 0 && i < b.net->n_layers; i++)
        if (!b.net->layers[i].view) /* does nothing */
            rc = check_layer(g, &b, &b.net->layers[i], e);
    bench_close(&b);
    return rc;
}

/* Random targets for the loss of a job, and its rows on outputs x. */
struct targets {
    const struct loss *loss;
    struct loss_rows rows;
    int label[BATCH];
    real value[BATCH], scale[BATCH];
    real *target, *scratch;
};

static int targets_open(struct targets *t, const struct job *job, struct rng *rng, struct err *e)
{
    const struct loss *l = &job->loss;
    size_t n = BATCH * (size_t)l->k;
    *t = (struct targets){.loss = l};
    t->target = mem_alloc(n, sizeof(real), e);
    t->scratch = mem_alloc(loss_scratch(l->k), sizeof(real), e);
    if (!t->target || !t->scratch)
        return -1;
    double lo = (double)l->ops->target_min, hi = (double)l->ops->target_max, weight = 0;
    for (size_t i = 0; i < n; i++)
        t->target[i] = (real)(lo < hi ? lo + (hi - lo) * rng_uniform(rng) : rng_normal(rng));
    for (int i = 0; i < BATCH; i++) {
        t->label[i] = l->classes ? (int)rng_below(rng, (uint32_t)l->classes) : 0;
        weight += loss_weight(l, t->label[i]);
    }
    for (int i = 0; i < BATCH; i++)
        t->scale[i] = loss_scale(l, weight);
    t->rows = (struct loss_rows){.label = l->classes ? t->label : NULL,
                                 .target = l->classes ? NULL : t->target,
                                 .value = t->value,
                                 .scale = t->scale[0],
                                 .scratch = t->scratch};
    return 0;
}

static void targets_close(struct targets *t)
{
    mem_free(t->target);
    mem_free(t->scratch);
}

static void eval_loss(void *arg)
{
    struct targets *t = arg;
    t->loss->ops->rows(t->loss, &t->rows, kernels_get(NULL), 0, BATCH);
}

static int check_loss(struct gradcheck *g, const struct job *job, uint64_t seed, struct err *e)
{
    struct targets t;
    struct rng rng = rng_stream(seed, "gradcheck", "loss", 0);
    size_t n = BATCH * (size_t)job->loss.k;
    real *x = mem_alloc(n, sizeof *x, e), *dx = mem_alloc(n, sizeof *dx, e);
    int rc = targets_open(&t, job, &rng, e);
    if (rc == 0 && x && dx) {
        const struct gradcheck_fn f = {eval_loss, &t, t.value, t.scale, BATCH};
        fill_normal(x, n, &rng);
        t.rows.x = x;
        t.rows.dx = dx;
        eval_loss(&t);
        t.rows.dx = NULL;
        rc = gradcheck_tensor(g, "loss", "outputs", &f, x, dx, n, LAYER_COORDS, &rng, e);
    } else {
        rc = -1;
    }
    targets_close(&t);
    mem_free(x);
    mem_free(dx);
    return rc;
}

struct whole {
    struct bench *bench;
    struct targets *targets;
    real *input;
};

static void eval_net(void *arg)
{
    struct whole *w = arg;
    struct net *net = w->bench->net;
    /* as planned for training, the input's memory serves others later in the pass */
    memcpy(net_input(net), w->input, numbers(&net->layers[0]) * sizeof *w->input);
    net_forward(net, &w->bench->pass, false);
    w->targets->rows.x = net_logits(net)->y;
    eval_loss(w->targets);
}

/* Every parameter, through all layers above it and the loss, as training computes it. */
static int check_net(struct gradcheck *g, const struct job *job, bool fuse, uint64_t seed,
                     struct err *e)
{
    struct bench b;
    struct targets t = {0};
    struct whole whole = {&b, &t, NULL};
    const struct net_plan plan = {.batch = BATCH,
                                  .train = true,
                                  .fuse = fuse,
                                  .keep_all = !fuse,
                                  .loss_act = job_loss_act(job)};
    int rc = bench_open(&b, job, &plan, seed, e);
    if (rc || (rc = targets_open(&t, job, &b.rng, e)))
        goto out;
    const struct gradcheck_fn f = {eval_net, &whole, t.value, t.scale, BATCH};
    size_t n_input = numbers(&b.net->layers[0]);
    whole.input = mem_alloc(n_input, sizeof(real), e);
    if (!whole.input) {
        rc = -1;
        goto out;
    }
    fill_inputs(whole.input, b.net->layers, b.net->layers + 1, &b.rng);
    t.rows.dx = net_logits(b.net)->dy;
    eval_net(&whole);
    if (!t.rows.dx) /* nothing is trained */
        goto out;
    net_backward(b.net, &b.pass);
    t.rows.dx = NULL;
    for (int i = 1; rc == 0 && i < b.net->n_layers; i++) {
        const struct layer *l = &b.net->layers[i];
        for (int j = 0; rc == 0 && j < l->n_params; j++) {
            const struct param *p = &l->params[j];
            char name[2 * NETFILE_NAME_MAX + 32];
            snprintf(name, sizeof name, "%s.%s", l->name, p->name);
            if (p->g)
                rc = gradcheck_tensor(g, fuse ? "net (fused)" : "net", name, &f, p->w, p->g,
                                      p->size, NET_COORDS, &b.rng, e);
        }
    }
out:
    mem_free(whole.input);
    targets_close(&t);
    bench_close(&b);
    return rc;
}

int gradcheck_run(struct gradcheck *g, const struct job *job, uint64_t seed, struct err *e)
{
    if (check_layers(g, job, seed, e) || check_loss(g, job, seed, e) ||
        check_net(g, job, false, seed, e))
        return -1;
    return check_net(g, job, true, seed, e);
}
