/* test_optim.c - every optimizer against PyTorch over 50 steps, and how a step is dealt out. */
#include "optim/optim.h"

#include "base/mem.h"
#include "base/rng.h"

#include "golden.h"

#define STEPS 50
#define SIZE  4

/* Rounding errors of a float training add up over its steps. */
#define TOLERANCE (sizeof(real) == 8 ? GOLDEN_TOLERANCE : 1e-4)

static struct netfile *parse(const char *text, struct diag *d)
{
    struct err e = {0};
    struct netfile *nf = netfile_parse("test.ini", text, strlen(text), d, &e);
    assert_non_null(nf);
    return nf;
}

static int read_text(struct optim *o, const char *text, struct diag *d)
{
    struct err e = {0};
    struct netfile *nf = parse(text, d);
    int r = optim_read(o, nf, netfile_section(nf, "optimizer"), d, &e);
    netfile_free(nf);
    return r;
}

/* An optimizer from the keys of its section. */
static struct optim open_optim(const char *keys)
{
    struct optim o;
    struct diag d = {0};
    char text[256];
    snprintf(text, sizeof text, "[optimizer]\n%s", keys);
    assert_int_equal(read_text(&o, text, &d), 0);
    if (d.total)
        fail_msg("%s", d.msg[0].text);
    return o;
}

/* One layer with n_params parameters of these sizes, filled with numbers. */
static struct net make_net(struct param *params, const size_t *sizes, int n_params, int slots)
{
    struct err e = {0};
    struct net net = {.n_layers = 2, .k = kernels_get("ref")};
    struct rng r = rng_stream(1, "test", "optim", 0);
    net.layers = mem_alloc(2, sizeof *net.layers, &e);
    assert_non_null(net.layers);
    net.layers[1].params = params;
    net.layers[1].n_params = n_params;
    for (int i = 0; i < n_params; i++) {
        struct param *p = &params[i];
        *p = (struct param){.size = sizes[i], .decay = true, .lr_mult = 1};
        p->w = mem_alloc(p->size, sizeof(real), &e);
        p->g = mem_alloc(p->size, sizeof(real), &e);
        for (int s = 0; s < slots; s++)
            p->slot[s] = mem_alloc(p->size, sizeof(real), &e);
        for (size_t j = 0; j < p->size; j++) {
            p->w[j] = (real)(rng_uniform(&r) - 0.5);
            p->g[j] = (real)(rng_uniform(&r) + 0.5);
        }
    }
    return net;
}

static void free_net(struct net *net)
{
    for (int i = 0; i < net->layers[1].n_params; i++) {
        struct param *p = &net->layers[1].params[i];
        mem_free(p->w);
        mem_free(p->g);
        for (int s = 0; s < PARAM_SLOTS; s++)
            mem_free(p->slot[s]);
    }
    mem_free(net->layers);
}

static void check_golden(const struct golden *g, const char *name, const char *keys)
{
    struct optim o = open_optim(keys);
    struct param p;
    struct net net = make_net(&p, &(size_t){SIZE}, 1, optim_slots(&o));
    const double *start = golden_get(g, "start", SIZE), *slope = golden_get(g, "slope", SIZE);
    const double *centre = golden_get(g, "centre", SIZE);
    real after[STEPS * SIZE];
    for (int i = 0; i < SIZE; i++)
        p.w[i] = (real)start[i];
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < SIZE; i++)
            p.g[i] = (real)slope[i] * (p.w[i] - (real)centre[i]) * (real)(1 + step % 3);
        optim_step(&o, &net, (uint64_t)step + 1, o.common.lr, 0, 1);
        memcpy(after + step * SIZE, p.w, SIZE * sizeof(real));
    }
    golden_check(g, name, after, STEPS * SIZE, TOLERANCE);
    free_net(&net);
    optim_free(&o);
}

static void test_golden(void **state)
{
    (void)state;
    static const struct {
        const char *name, *keys;
    } cases[] = {
        {"sgd", ""},
        {"sgd_decay", "type = sgd\nlr = 0.02\nweight_decay = 0.1\n"},
        {"sgd_momentum", "momentum = 0.9\n"},
        {"sgd_momentum_decay", "momentum = 0.5\nweight_decay = 0.2\n"},
        {"sgd_nesterov", "momentum = 0.9\nnesterov = yes\n"},
        {"sgd_nesterov_decay", "momentum = 0.8\nnesterov = yes\nweight_decay = 0.1\n"},
        {"adam", "type = adam\n"},
        {"adam_decay", "type = adam\nlr = 0.02\nweight_decay = 0.1\n"},
        {"adam_betas", "type = adam\nlr = 0.05\nbeta1 = 0.5\nbeta2 = 0.9\neps = 1e-3\n"},
        {"adamw", "type = adamw\n"},
        {"adamw_decay", "type = adamw\nlr = 0.02\nweight_decay = 0.3\n"},
    };
    struct golden g = golden_load("optim.txt");
    assert_int_equal(g.n, 3 + sizeof cases / sizeof *cases);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_golden(&g, cases[i].name, cases[i].keys);
    golden_free(&g);
}

/* Every element is updated once, whatever the number of threads: the same bits. */
static void test_any_threads(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 63, 64, 65, 3, 700, 128};
    enum { PARAMS = sizeof sizes / sizeof *sizes };
    for (int i = 0; optim_registry[i]; i++) {
        char keys[64];
        snprintf(keys, sizeof keys, "type = %s\nweight_decay = 0.5\n", optim_registry[i]->name);
        struct optim o = open_optim(keys);
        for (int nt = 2; nt < 30; nt += 3) {
            struct param a[PARAMS], b[PARAMS];
            struct net one = make_net(a, sizes, PARAMS, optim_slots(&o));
            struct net many = make_net(b, sizes, PARAMS, optim_slots(&o));
            for (uint64_t t = 1; t < 4; t++) {
                optim_step(&o, &one, t, 0.1, 0, 1);
                for (int tid = 0; tid < nt; tid++)
                    optim_step(&o, &many, t, 0.1, tid, nt);
            }
            for (int p = 0; p < PARAMS; p++)
                assert_memory_equal(a[p].w, b[p].w, sizes[p] * sizeof(real));
            free_net(&one);
            free_net(&many);
        }
        optim_free(&o);
    }
}

/* Threads get equal shares, also where parameters are of very different sizes. */
static void test_even_shares(void **state)
{
    (void)state;
    static const size_t sizes[] = {6400, 1, 6400};
    struct optim o = open_optim("");
    for (int tid = 0; tid < 3; tid++) {
        struct param p[3], q[3];
        struct net net = make_net(p, sizes, 3, 0), old = make_net(q, sizes, 3, 0);
        size_t changed = 0;
        optim_step(&o, &net, 1, 0.1, tid, 3);
        for (int i = 0; i < 3; i++)
            for (size_t j = 0; j < sizes[i]; j++)
                changed += p[i].w[j] != q[i].w[j];
        assert_true(changed > 4200 && changed < 4400);
        free_net(&net);
        free_net(&old);
    }
    optim_free(&o);
}

static void test_marks_of_params(void **state)
{
    (void)state;
    static const size_t sizes[] = {3, 3, 3, 3, 3, 3};
    struct param p[6], q[6];
    struct optim o = open_optim("lr = 0.25\nweight_decay = 0.5\n");
    struct net net = make_net(p, sizes, 6, 0), old = make_net(q, sizes, 6, 0);
    p[0].frozen = true;
    p[1].kind = PARAM_BUFFER;
    p[2].decay = false;
    p[3].lr_mult = 2;
    real *g = p[4].g;
    p[4].g = NULL;
    optim_step(&o, &net, 1, 0.25, 0, 1);
    p[4].g = g;
    for (int i = 0; i < 3; i++) {
        const double quarter = 0.25, half = 0.5;
        assert_true(p[0].w[i] == q[0].w[i]);
        assert_true(p[1].w[i] == q[1].w[i]);
        double w2 = (double)q[2].w[i] - quarter * (double)q[2].g[i];
        double w3 = (double)q[3].w[i] - half * ((double)q[3].g[i] + half * (double)q[3].w[i]);
        double w5 = (double)q[5].w[i] - quarter * ((double)q[5].g[i] + half * (double)q[5].w[i]);
        assert_true(fabs((double)p[2].w[i] - w2) < 4 * (double)REAL_EPS);
        assert_true(fabs((double)p[3].w[i] - w3) < 4 * (double)REAL_EPS);
        assert_true(p[4].w[i] == q[4].w[i]);
        assert_true(fabs((double)p[5].w[i] - w5) < 4 * (double)REAL_EPS);
    }
    free_net(&net);
    free_net(&old);
    optim_free(&o);
}

static void test_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        double lr, weight_decay;
        int slots;
    } cases[] = {{"", 0.01, 0, 0},
                 {"momentum = 0.9\n", 0.01, 0, 1},
                 {"type = adam\n", 0.001, 0, 2},
                 {"type = adamw\n", 0.001, 0.01, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct optim o = open_optim(cases[i].keys);
        assert_true(o.common.lr == cases[i].lr);
        assert_true(o.common.weight_decay == cases[i].weight_decay);
        assert_int_equal(optim_slots(&o), cases[i].slots);
        optim_free(&o);
    }
    struct optim o;
    struct diag d = {0};
    assert_int_equal(read_text(&o, "[data]\n", &d), 0); /* no section at all */
    assert_int_equal(d.total, 0);
    assert_ptr_equal(o.ops, optim_find("sgd"));
    assert_true(o.common.lr == 0.01);
    optim_free(&o);
}

static void test_wrong_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int total;
    } cases[] = {
        {"[optimizer]\nnesterov = yes\n", "test.ini:2: [optimizer] nesterov = yes: needs momentum",
         1},
        {"[optimizer]\ntype = adma\nbeta1 = 0.5\n", "test.ini:2: [optimizer] type = adma", 1},
        {"[optimizer]\nbeta1 = 0.5\n", "test.ini:2: [optimizer] beta1", 1},
        {"[optimizer]\nlr = 0\n", "test.ini:2: [optimizer] lr = 0", 1},
        {"[optimizer]\nmomentum = 1\nnesterov = yes\n", "test.ini:2: [optimizer] momentum = 1", 1},
        {"[optimizer]\ntype = adam\ntype = sgd\n", "test.ini:3: [optimizer] type", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct optim o;
        struct diag d = {0};
        assert_int_equal(read_text(&o, cases[i].text, &d), 0);
        assert_int_equal(d.total, cases[i].total);
        assert_memory_equal(d.msg[0].text, cases[i].message, strlen(cases[i].message));
        optim_free(&o);
    }
}

/* What is written reads back as the same. */
static void test_write(void **state)
{
    (void)state;
    for (int i = 0; optim_registry[i]; i++) {
        char keys[64];
        snprintf(keys, sizeof keys, "type = %s\nlr = 0.1234567\n", optim_registry[i]->name);
        struct optim o = open_optim(keys), again;
        struct text first = {0}, second = {0};
        struct err e = {0};
        struct diag d = {0};
        assert_int_equal(optim_write(&o, &first, &e), 0);
        assert_int_equal(read_text(&again, first.s, &d), 0);
        assert_int_equal(d.total, 0);
        assert_int_equal(optim_write(&again, &second, &e), 0);
        assert_string_equal(first.s, second.s);
        assert_non_null(strstr(first.s, "lr = 0.1234567\n"));
        mem_free(first.s);
        mem_free(second.s);
        optim_free(&o);
        optim_free(&again);
    }
}

/* Every allocation fails once: an error, and nothing is left behind. */
static void test_allocations(void **state)
{
    (void)state;
    struct diag d = {0};
    struct netfile *nf = parse("[optimizer]\ntype = adam\nlr = 0.1\n", &d);
    size_t before = mem_live();
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct optim o;
        struct err e = {0};
        mem_fail_at(n);
        int r = optim_read(&o, nf, netfile_section(nf, "optimizer"), &d, &e);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(r, failed ? -1 : 0);
        assert_int_equal(e.kind, failed ? ERR_INTERNAL : ERR_NONE);
        optim_free(&o);
        assert_int_equal(mem_live(), before);
    }
    netfile_free(nf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),      cmocka_unit_test(test_any_threads),
        cmocka_unit_test(test_even_shares), cmocka_unit_test(test_marks_of_params),
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_write),       cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
