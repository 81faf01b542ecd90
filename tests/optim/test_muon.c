/* test_muon.c - muon on matrices against its formulas in PyTorch, and which parameters are some. */
#include "optim/help.h"

#define STEPS     10
#define SIZE_MOST 24

/* The iteration stretches small singular values, and rounding errors with them. */
#define TOLERANCE (sizeof(real) == 8 ? 1e-10 : 1e-4)

struct shape_case {
    const char *name;
    int nd, dim[PARAM_DIMS];
};

static const struct shape_case shapes[] = {
    {"wide", 2, {3, 7}}, {"square", 2, {4, 4}}, {"tall", 3, {6, 2, 2}}};

static const double *numbers(const struct golden *g, const char *shape, const char *what, size_t n)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", shape, what);
    return golden_get(g, name, n);
}

/* Outputs lie first in memory, or (as in layers) last. */
static void check(const struct golden *g, const struct shape_case *c, const char *name,
                  const char *keys, bool outputs_last, int nt)
{
    struct err e = {0};
    struct optim o = open_optim(keys);
    struct param p;
    real after[STEPS * SIZE_MOST];
    size_t n = 1;
    for (int i = 0; i < c->nd; i++)
        n *= (size_t)c->dim[i];
    struct net net = make_net(&p, &n, 1, optim_slots(&o));
    p.nd = c->nd;
    for (int i = 0; i < c->nd; i++) {
        p.dim[i] = c->dim[i];
        p.order[i] = (signed char)(outputs_last ? (i + 1) % c->nd : i);
    }
    p.hidden = true;
    o.work = mem_alloc(o.ops->work(&p), sizeof(real), &e);
    assert_non_null(o.work);
    struct steps s = {.o = &o, .net = &net, .team = team_new(nt, &e), .lr = o.common.lr};
    const double *start = numbers(g, c->name, "start", n), *slope = numbers(g, c->name, "slope", n);
    const double *centre = numbers(g, c->name, "centre", n);
    for (size_t i = 0; i < n; i++)
        p.w[param_index(&p, i)] = (real)start[i];
    for (int step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < n; i++) {
            size_t at = param_index(&p, i);
            p.g[at] = (real)slope[i] * (p.w[at] - (real)centre[i]) * (real)(1 + step % 3);
        }
        s.t = (uint64_t)step + 1;
        team_run(s.team, one_step, &s);
        for (size_t i = 0; i < n; i++)
            after[(size_t)step * n + i] = p.w[param_index(&p, i)];
    }
    char full[64];
    snprintf(full, sizeof full, "%s_%s", c->name, name);
    golden_check(g, full, after, STEPS * n, TOLERANCE);
    free_net(&net);
    optim_free(&o);
    team_free(s.team);
}

static void test_golden(void **state)
{
    (void)state;
    static const struct {
        const char *name, *keys;
    } cases[] = {
        {"default", "type = muon\n"},
        {"own", "type = muon\nlr = 0.1\nmomentum = 0.6\nnesterov = no\nns_steps = 4\n"
                "weight_decay = 0.3\n"},
        {"normalize", "type = muon\nlr = 0.2\nmomentum = 0.5\nns_steps = 3\nnormalize = yes\n"},
    };
    struct golden g = golden_load("muon.txt");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t j = 0; j < sizeof cases / sizeof *cases; j++)
            for (int last = 0; last < 2; last++)
                check(&g, &shapes[i], cases[j].name, cases[j].keys, last, 1 + last);
    golden_free(&g);
}

/* Matrices between the first layer, be it frozen, and the last are hidden; vectors are not. */
static void test_hidden(void **state)
{
    (void)state;
    static const char text[] =
        "[linear first]\nunits = 5\nfreeze = yes\n[tanh]\n[linear second]\nunits = 4\n"
        "[batchnorm]\n[linear third]\nunits = 6\n[tanh]\n[linear last]\nunits = 2\n[tanh]\n";
    struct diag d = {0};
    struct err e = {0};
    struct optim o = open_optim("type = muon\n");
    struct netfile *nf = parse(text, &d);
    struct net *net = net_build(nf, (struct shape){3, 1, 1}, &d, &e);
    struct team *team = team_new(1, &e);
    const struct net_plan plan = {
        .batch = 2, .train = true, .slots = optim_slots(&o), .fuse = true};
    assert_non_null(net);
    assert_non_null(team);
    assert_int_equal(d.total, 0);
    assert_int_equal(net_allocate(net, &plan, team, kernels_get("ref"), &e), 0);
    assert_int_equal(optim_allocate(&o, net, &e), 0);
    for (int i = 1; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++) {
            const char *name = net->layers[i].name;
            bool hidden = j == 0 && (!strcmp(name, "second") || !strcmp(name, "third"));
            assert_int_equal(net->layers[i].params[j].hidden, hidden);
        }
    net_free(net);
    team_free(team);
    netfile_free(nf);
    optim_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
