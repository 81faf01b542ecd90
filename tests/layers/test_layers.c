/* test_layers.c - every example of every registered layer: gradients against central differences,
 * and what must not change a bit: threads, fusion, memory plans, how a batch is cut.
 *
 * An example ends in outputs y; the "loss" is sum(r y) with random r, so dy = r. In double the
 * gradient check is strict; in float it only finds gross errors. */
#include "net/net.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BATCH   13 /* enough for each of three threads to keep samples of its own */
#define CHECKED 7  /* samples of gradient checks */

#ifdef REAL_DOUBLE
#define STEP      1e-5
#define TOLERANCE 1e-6
#define KINK      1e-3
#else
#define STEP      1e-2
#define TOLERANCE 2e-2
#define KINK      3e-2
#endif

static const char *isa; /* the kernels under test */

/* A net made from an example, with what a pass needs. */
struct bench {
    const struct layer_ops *ops;
    const char *text;
    struct net *net;
    struct team *team;
    struct pass pass;
    real *x, *r; /* BATCH samples: the input, and dy */
    size_t in, out;
    bool backward;
};

static struct shape parse_shape(const char *text)
{
    struct shape s = {1, 1, 1};
    int n = sscanf(text, "%dx%dx%d", &s.c, &s.h, &s.w);
    assert_true(n >= 1 && n <= 3);
    if (n == 2)
        s = (struct shape){s.c, 1, s.h};
    return s;
}

/* Parses, builds, allocates, initialises. -1: out of memory, then nothing is left. */
static int try_open(struct bench *b, const struct layer_ops *ops, const struct layer_example *ex,
                    const struct net_plan *plan, int nt, struct err *e)
{
    struct diag d = {0};
    *b = (struct bench){.ops = ops, .text = ex->text};
    struct netfile *nf = netfile_parse("example", ex->text, strlen(ex->text), &d, e);
    b->team = nf ? team_new(nt, e) : NULL;
    if (b->team)
        b->net = net_build(nf, parse_shape(ex->shape), &d, e);
    netfile_free(nf);
    if (d.total)
        fail_msg("[%s] example: %s", ops->name, d.msg[0].text);
    if (b->net && net_allocate(b->net, plan, b->team, kernels_get(isa), e) == 0 &&
        net_init(b->net, 1, e) == 0)
        return 0;
    net_free(b->net);
    team_free(b->team);
    return -1;
}

static void close_bench(struct bench *b)
{
    net_free(b->net);
    team_free(b->team);
    free(b->x);
    free(b->r);
}

static void fill(real *a, size_t n, const char *name)
{
    struct rng r = rng_stream(1, "test", name, 0);
    for (size_t i = 0; i < n; i++)
        a[i] = (real)(2 * rng_uniform(&r) - 1);
}

/* Numbers for the input, dy and the parameters that start at 0 or 1. */
static struct bench open_bench(const struct layer_ops *ops, const struct layer_example *ex,
                               const struct net_plan *plan, int nt)
{
    struct bench b;
    struct err e = {0};
    if (try_open(&b, ops, ex, plan, nt, &e))
        fail_msg("[%s] example: %s", ops->name, e.msg);
    b.in = shape_size(b.net->layers[0].out);
    b.out = shape_size(b.net->output->out);
    b.x = malloc(BATCH * b.in * sizeof *b.x);
    b.r = malloc(BATCH * b.out * sizeof *b.r);
    assert_true(b.x && b.r);
    fill(b.x, BATCH * b.in, "x");
    fill(b.r, BATCH * b.out, "dy");
    for (size_t i = 0; i < BATCH * b.in && b.net->layers[1].ops->flags & LAYER_INDICES; i++)
        b.x[i] = (real)fabs((double)b.x[i]);
    for (int i = 1; i < b.net->n_layers; i++)
        for (int j = 0; j < b.net->layers[i].n_params; j++) {
            struct param *p = &b.net->layers[i].params[j];
            if (p->start != START_INIT && p->kind == PARAM_TRAINED)
                fill(p->w, p->size, p->name);
        }
    b.pass = (struct pass){.n = BATCH, .train = true, .step = 3, .seed = 5, .team = b.team};
    b.backward = true;
    return b;
}

static void run_thread(void *arg, int tid, int nt)
{
    struct bench *b = arg;
    struct pass p = b->pass;
    p.tid = tid;
    p.nt = nt;
    net_forward(b->net, &p, true);
    if (!b->backward)
        return;
    if (tid == 0 && b->net->output->dy)
        memcpy(b->net->output->dy, b->r + (size_t)p.first * b->out,
               (size_t)p.n * b->out * sizeof(real));
    team_barrier(p.team, tid);
    net_backward(b->net, &p);
}

/* Forward, and backward where wanted, of pass.n samples from pass.first on. */
static void run(struct bench *b)
{
    memcpy(net_input(b->net), b->x + (size_t)b->pass.first * b->in,
           (size_t)b->pass.n * b->in * sizeof(real));
    team_run(b->team, run_thread, b);
}

static double loss(struct bench *b)
{
    b->backward = false;
    run(b);
    double sum = 0;
    for (size_t i = 0; i < (size_t)b->pass.n * b->out; i++)
        sum += (double)b->r[i] * (double)b->net->output->y[i];
    return sum;
}

static bool has_flag(const struct net *net, unsigned flag)
{
    for (int i = 1; i < net->n_layers; i++)
        if (net->layers[i].ops->flags & flag)
            return true;
    return false;
}

/* Compares g with the slopes of the loss along each of the n numbers at v. Where the slopes to both
 * sides differ there is a kink between: not compared, but that may not happen often. */
static void check_slopes(struct bench *b, real *v, const real *g, size_t n, const char *what)
{
    size_t skipped = 0;
    bool kinked = has_flag(b->net, LAYER_KINKED);
    double top = 0, middle = loss(b);
    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs((double)g[i]));
    for (size_t i = 0; i < n; i++) {
        real at = v[i];
        v[i] = (real)((double)at + STEP);
        double up = loss(b);
        v[i] = (real)((double)at - STEP);
        double down = loss(b);
        v[i] = at;
        double slope = (up - down) / (2 * STEP), bend = (up + down - 2 * middle) / STEP;
        if (kinked && fabs(bend) > KINK * (1 + top)) {
            skipped++;
            continue;
        }
        if (!(fabs(slope - (double)g[i]) <= TOLERANCE * (1 + top)))
            fail_msg("[%s] %s[%zu]: gradient %g, but %g by differences, in\n%s", b->ops->name, what,
                     i, (double)g[i], slope, b->text);
    }
    if (skipped > n / 4 + 1)
        fail_msg("[%s] %s: %zu of %zu at kinks", b->ops->name, what, skipped, n);
}

static real *copy_of(const real *a, size_t n)
{
    real *c = malloc((n + 1) * sizeof *c);
    assert_non_null(c);
    memcpy(c, a, n * sizeof *c);
    return c;
}

static const struct net_plan full_plan = {
    .batch = BATCH, .train = true, .fuse = true, .input_grad = true};

static void check_gradient(const struct layer_ops *ops, const struct layer_example *ex, int n)
{
    struct bench b = open_bench(ops, ex, &full_plan, 1);
    b.pass.n = n;
    run(&b);
    real *dx = copy_of(b.net->layers[0].dy, (size_t)n * b.in);
    check_slopes(&b, b.x, dx, (size_t)n * b.in, "input");
    free(dx);
    for (int i = 1; i < b.net->n_layers; i++)
        for (int j = 0; j < b.net->layers[i].n_params; j++) {
            struct param *p = &b.net->layers[i].params[j];
            if (p->g) /* loss() runs no backward: g stays */
                check_slopes(&b, p->w, p->g, p->size, p->name);
        }
    close_bench(&b);
}

static void check_gradients(const struct layer_ops *ops, const struct layer_example *ex)
{
    check_gradient(ops, ex, 1);
    check_gradient(ops, ex, CHECKED);
}

/* What a forward and a backward gave. */
struct result {
    real *y, *dx, *g,
        *b; /* g, b: all parameters' gradients and all buffers, one behind the other */
    size_t n_g, n_b;
};

static void append_gradients(const struct bench *b, struct result *r)
{
    r->g = malloc((b->net->n_trained + 1) * sizeof *r->g);
    r->b = malloc((b->net->n_buffers + 1) * sizeof *r->b);
    assert_true(r->g && r->b);
    for (int i = 1; i < b->net->n_layers; i++)
        for (int j = 0; j < b->net->layers[i].n_params; j++) {
            const struct param *p = &b->net->layers[i].params[j];
            if (p->kind == PARAM_BUFFER) {
                memcpy(r->b + r->n_b, p->w, p->size * sizeof *p->w);
                r->n_b += p->size;
            }
            if (!p->g)
                continue;
            memcpy(r->g + r->n_g, p->g, p->size * sizeof *p->g);
            r->n_g += p->size;
        }
}

/* Outputs are taken before backward, which may use their memory. */
static struct result result_of(struct bench *b)
{
    struct result r = {0};
    b->backward = false;
    run(b);
    r.y = copy_of(b->net->output->y, BATCH * b->out);
    b->backward = true;
    run(b);
    r.dx = copy_of(b->net->layers[0].dy, BATCH * b->in);
    append_gradients(b, &r);
    return r;
}

static void free_result(struct result *r)
{
    free(r->y);
    free(r->dx);
    free(r->g);
    free(r->b);
}

static void check_bits(const struct bench *b, const real *x, const real *y, size_t n,
                       const char *what, const char *way)
{
    if (memcmp(x, y, n * sizeof *x) != 0)
        fail_msg("[%s] %s, %s: other %s, in\n%s", b->ops->name, isa, way, what, b->text);
}

/* Threads, fusion and memory plans change no bit. */
static void check_same_bits(const struct layer_ops *ops, const struct layer_example *ex)
{
    static const struct {
        const char *name;
        int nt;
        bool fuse, keep_all;
    } ways[] = {{"three threads", 3, true, false},
                {"unfused", 1, false, false},
                {"all kept", 1, true, true},
                {"unfused, all kept, two threads", 2, false, true}};
    struct bench base = open_bench(ops, ex, &full_plan, 1);
    struct result want = result_of(&base);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct net_plan plan = full_plan;
        plan.fuse = ways[i].fuse;
        plan.keep_all = ways[i].keep_all;
        struct bench b = open_bench(ops, ex, &plan, ways[i].nt);
        struct result r = result_of(&b);
        check_bits(&b, r.y, want.y, BATCH * b.out, "outputs", ways[i].name);
        check_bits(&b, r.dx, want.dx, BATCH * b.in, "input gradients", ways[i].name);
        assert_true(r.n_g == want.n_g);
        check_bits(&b, r.g, want.g, r.n_g, "parameter gradients", ways[i].name);
        check_bits(&b, r.b, want.b, r.n_b, "buffers", ways[i].name);
        free_result(&r);
        close_bench(&b);
    }
    free_result(&want);
    close_bench(&base);
}

/* A batch in pieces gives the bits of the whole batch, dropout's included; parameter gradients add
 * up to the same within rounding. Not so where samples of a pass are mixed. */
static void check_chunks(const struct layer_ops *ops, const struct layer_example *ex)
{
    struct bench b = open_bench(ops, ex, &full_plan, 1);
    if (has_flag(b.net, LAYER_MIXES)) {
        close_bench(&b);
        return;
    }
    struct result want = result_of(&b), pieces = {0};
    for (int first = 0; first < BATCH; first += b.pass.n) {
        b.pass.first = first;
        b.pass.n = first + 3 <= BATCH ? 3 : BATCH - first;
        size_t n = (size_t)b.pass.n, at = (size_t)first;
        b.pass.accumulate = first > 0;
        b.backward = false;
        run(&b);
        check_bits(&b, b.net->output->y, want.y + at * b.out, n * b.out, "outputs", "in pieces");
        b.backward = true;
        run(&b);
        check_bits(&b, b.net->layers[0].dy, want.dx + at * b.in, n * b.in, "input gradients",
                   "in pieces");
    }
    append_gradients(&b, &pieces);
    for (size_t i = 0; i < want.n_g; i++)
        assert_true(fabs((double)(pieces.g[i] - want.g[i])) <=
                    100 * (double)REAL_EPS * (1 + fabs((double)want.g[i])));
    free_result(&want);
    free_result(&pieces);
    close_bench(&b);
}

/* The same pass again, accumulating: every parameter gradient twice. */
static void check_accumulation(const struct layer_ops *ops, const struct layer_example *ex)
{
    struct bench b = open_bench(ops, ex, &full_plan, 2);
    struct result once = {0}, twice = {0};
    run(&b);
    append_gradients(&b, &once);
    b.pass.accumulate = true;
    run(&b);
    append_gradients(&b, &twice);
    for (size_t i = 0; i < once.n_g; i++)
        assert_true(fabs((double)twice.g[i] - 2 * (double)once.g[i]) <=
                    100 * (double)REAL_EPS * (1 + fabs((double)once.g[i])));
    free_result(&once);
    free_result(&twice);
    close_bench(&b);
}

/* In evaluation nothing is random, and a net planned for evaluation gives the same. */
static void check_evaluation(const struct layer_ops *ops, const struct layer_example *ex)
{
    const struct net_plan eval_plan = {.batch = BATCH, .fuse = true};
    struct bench a = open_bench(ops, ex, &full_plan, 1);
    struct bench b = open_bench(ops, ex, &eval_plan, 2);
    a.pass.train = b.pass.train = false;
    b.pass.step = 77;
    b.pass.seed = 78;
    a.backward = b.backward = false;
    run(&a);
    run(&b);
    check_bits(&a, a.net->output->y, b.net->output->y, BATCH * a.out, "outputs", "evaluation");
    assert_int_equal(b.net->bytes_grads, 0);
    close_bench(&a);
    close_bench(&b);
}

/* Every allocation fails once: an error and nothing left behind, until all succeed. */
static void check_allocations(const struct layer_ops *ops, const struct layer_example *ex)
{
    size_t before = mem_live();
    for (long n = 1;; n++) {
        struct bench b;
        struct err e = {0};
        assert_true(n < 10000);
        mem_fail_at(n);
        int r = try_open(&b, ops, ex, &full_plan, 1, &e);
        bool failed = mem_failed();
        mem_fail_at(0);
        if (r == 0)
            close_bench(&b);
        if (mem_live() != before)
            fail_msg("[%s] %zu bytes left when allocation %ld failed", ops->name,
                     mem_live() - before, n);
        if (failed != (r != 0) || (failed && e.kind != ERR_INTERNAL))
            fail_msg("[%s] allocation %ld failed: result %d, error %d \"%s\"", ops->name, n, r,
                     (int)e.kind, e.msg);
        if (!failed)
            return;
    }
}

/* Every example on every instruction set that this processor has. */
static void each_example(void (*check)(const struct layer_ops *ops, const struct layer_example *ex))
{
    int n = 0;
    for (int i = 0; kernels_names[i]; i++) {
        if (!kernels_supported(kernels_names[i]))
            continue;
        isa = kernels_names[i];
        for (const struct layer_ops *const *ops = layer_registry; *ops; ops++)
            for (const struct layer_example *ex = (*ops)->examples; ex->text; ex++, n++)
                check(*ops, ex);
    }
    assert_true(n > 0);
}

/* Every layer is registered by its name, in order, and shows itself. */
static void test_registry(void **state)
{
    (void)state;
    for (int i = 0; layer_registry[i]; i++) {
        const struct layer_ops *ops = layer_registry[i];
        char header[64];
        assert_ptr_equal(layer_find(ops->name), ops);
        assert_true(i == 0 || strcmp(layer_registry[i - 1]->name, ops->name) < 0);
        assert_true(ops->help && *ops->help);
        snprintf(header, sizeof header, "[%s", ops->name);
        assert_true(ops->examples && ops->examples[0].text);
        for (const struct layer_example *ex = ops->examples; ex->text; ex++)
            assert_non_null(strstr(ex->text, header));
    }
    assert_null(layer_find("nothing"));
}

static void test_gradients(void **state)
{
    (void)state;
    each_example(check_gradients);
}

static void test_same_bits(void **state)
{
    (void)state;
    each_example(check_same_bits);
}

static void test_chunks(void **state)
{
    (void)state;
    each_example(check_chunks);
}

static void test_accumulation(void **state)
{
    (void)state;
    each_example(check_accumulation);
}

static void test_evaluation(void **state)
{
    (void)state;
    each_example(check_evaluation);
}

static void test_allocations(void **state)
{
    (void)state;
    each_example(check_allocations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),     cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_same_bits),    cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_accumulation), cmocka_unit_test(test_evaluation),
        cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
