/* test_optim.c - how a step is dealt out, what is done to gradients and weights around it, and the
 * section [optimizer]. */
#include "optim/help.h"

static void three_steps(const struct optim *o, struct net *net, int nt)
{
    struct err e = {0};
    struct steps s = {.o = o, .net = net, .team = team_new(nt, &e), .lr = 0.1};
    assert_non_null(s.team);
    for (s.t = 1; s.t < 4; s.t++)
        team_run(s.team, one_step, &s);
    team_free(s.team);
}

/* Every element is updated once, whatever the number of threads: the same bits. */
static void test_any_threads(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 63, 64, 65, 3, 700, 128};
    static const char *const more[] = {"weight_decay = 0.5\n",
                                       "l1 = 0.01\nclip_value = 1.2\nclip_norm = 3\nema = 0.9\n"};
    enum { PARAMS = sizeof sizes / sizeof *sizes };
    for (int i = 0; optim_registry[i]; i++)
        for (int j = 0; j < 2; j++) {
            char keys[128];
            struct err e = {0};
            snprintf(keys, sizeof keys, "type = %s\n%s", optim_registry[i]->name, more[j]);
            struct optim o = open_optim(keys);
            struct param a[PARAMS], b[PARAMS];
            struct net one = make_net(a, sizes, PARAMS, optim_slots(&o));
            assert_int_equal(optim_allocate(&o, &one, &e), 0);
            three_steps(&o, &one, 1);
            for (int nt = 2; nt < 20; nt += 5) {
                struct net many = make_net(b, sizes, PARAMS, optim_slots(&o));
                three_steps(&o, &many, nt);
                for (int p = 0; p < PARAMS; p++) {
                    assert_memory_equal(a[p].w, b[p].w, sizes[p] * sizeof(real));
                    for (int s = 0; s < optim_slots(&o); s++)
                        assert_memory_equal(a[p].slot[s], b[p].slot[s], sizes[p] * sizeof(real));
                }
                free_net(&many);
            }
            free_net(&one);
            optim_free(&o);
        }
}

/* The norm is that of all parameters together, those that are not trained left out. */
static void test_clip_norm(void **state)
{
    (void)state;
    static const size_t sizes[] = {70, 5, 300, 20};
    struct param p[4], q[4];
    struct err e = {0};
    struct optim o = open_optim("lr = 1\nclip_norm = 2\n");
    struct net net = make_net(p, sizes, 4, 0), old = make_net(q, sizes, 4, 0);
    double square = 0, moved = 0;
    p[3].frozen = true;
    assert_int_equal(optim_allocate(&o, &net, &e), 0);
    for (int i = 0; i < 3; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            square += (double)q[i].g[j] * (double)q[i].g[j];
    struct steps s = {.o = &o, .net = &net, .team = team_new(2, &e), .t = 1, .lr = 1};
    assert_non_null(s.team);
    team_run(s.team, one_step, &s);
    team_free(s.team);
    for (int i = 0; i < 3; i++)
        for (size_t j = 0; j < sizes[i]; j++) {
            const double scale = 2 / (sqrt(square) + 1e-6), g = (double)q[i].g[j] * scale;
            assert_true(fabs((double)p[i].g[j] - g) < 8 * (double)REAL_EPS);
            moved += g * g;
        }
    assert_true(fabs(sqrt(moved) - 2) < 1e-5);
    free_net(&net);
    free_net(&old);
    optim_free(&o);
}

/* The average starts as the first weights and follows them, buffers too; use and training see
 * different ones. */
static void test_average(void **state)
{
    (void)state;
    static const size_t sizes[] = {130, 3, 5};
    struct param p[3];
    struct err e = {0};
    struct optim o = open_optim("type = adam\nema = 0.75\n");
    struct net net = make_net(p, sizes, 3, 0);
    real slots[3][130] = {{0}}, *w[3] = {p[0].w, p[1].w, p[2].w};
    double average[130] = {0}, running = 0;
    p[1].frozen = true;
    p[2].kind = PARAM_BUFFER;
    for (int s = 0; s < 3; s++)
        p[0].slot[s] = slots[s];
    assert_int_equal(optim_slots(&o), 3);
    assert_int_equal(optim_allocate(&o, &net, &e), 0);
    assert_true(optim_weights(&o, &p[0]) == slots[2] && optim_weights(&o, &p[1]) == w[1]);
    for (uint64_t t = 1; t < 30; t++) {
        p[2].w[4] = (real)(t * t) / 1024;
        optim_step(&o, &net, false, t, 0.1, NULL, 0, 1);
        for (int i = 0; i < 130; i++)
            average[i] = t == 1 ? (double)p[0].w[i] : 0.75 * average[i] + 0.25 * (double)p[0].w[i];
        running = t == 1 ? (double)p[2].w[4] : 0.75 * running + 0.25 * (double)p[2].w[4];
    }
    optim_swap(&o, &net);
    assert_true(p[0].w == slots[2] && p[0].slot[2] == w[0]);
    assert_true(p[1].w == w[1] && p[2].w != w[2] && p[2].slot[2] == w[2]);
    for (int i = 0; i < 130; i++)
        assert_true(fabs((double)p[0].w[i] - average[i]) < 20 * (double)REAL_EPS);
    assert_true(fabs((double)p[2].w[4] - running) < 20 * (double)REAL_EPS);
    optim_swap(&o, &net);
    for (int i = 0; i < 3; i++)
        assert_true(p[i].w == w[i]);
    for (int s = 0; s < 3; s++)
        p[0].slot[s] = p[2].slot[s] = NULL; /* not free_net's */
    free_net(&net);
    optim_free(&o);
}

/* State by what the settings need, in order. */
static void test_slots(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *names;
    } cases[] = {
        {"", ""},
        {"momentum = 0.5\n", "momentum_buffer"},
        {"ema = 0.5\n", "raw"},
        {"type = rmsprop\n", "square_avg"},
        {"type = rmsprop\nmomentum = 0.5\n", "square_avg momentum_buffer"},
        {"type = rmsprop\ncentered = yes\nema = 0.9\n", "square_avg grad_avg raw"},
        {"type = rmsprop\ncentered = yes\nmomentum = 0.5\nema = 0.5\n",
         "square_avg grad_avg momentum_buffer raw"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct optim o = open_optim(cases[i].keys);
        char names[128] = "";
        const struct param trained = {0}, still = {.frozen = true}, buffer = {.kind = PARAM_BUFFER};
        for (int s = 0; s < optim_slots(&o); s++) {
            size_t n = strlen(names);
            bool raw = !strcmp(optim_state_name(&o, s), "raw");
            assert_true(optim_has_state(&o, &trained, s));
            assert_false(optim_has_state(&o, &still, s));
            assert_int_equal(optim_has_state(&o, &buffer, s), raw);
            snprintf(names + n, sizeof names - n, "%s%s", n ? " " : "", optim_state_name(&o, s));
        }
        assert_string_equal(names, cases[i].names);
        optim_free(&o);
    }
    for (int i = 0; optim_registry[i]; i++)
        assert_true(optim_registry[i]->n_slots <= OPTIM_OWN_SLOTS);
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
        optim_step(&o, &net, false, 1, 0.1, NULL, tid, 3);
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
    struct optim o = open_optim("lr = 0.25\nweight_decay = 0.5\n"), l = open_optim("l1 = 0.5\n");
    struct net net = make_net(p, sizes, 6, 0), old = make_net(q, sizes, 6, 0);
    p[0].frozen = true;
    p[1].kind = PARAM_BUFFER;
    p[2].decay = false;
    p[3].lr_mult = 2;
    real *g = p[4].g;
    p[4].g = NULL;
    optim_step(&o, &net, false, 1, 0.25, NULL, 0, 1);
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
    p[2].g[0] = 1;
    p[3].g[0] = -1;
    p[3].w[0] = 2;
    optim_step(&l, &net, false, 1, 0.25, NULL, 0, 1);
    assert_true(p[2].g[0] == 1); /* l1 as weight_decay: not where decay = no */
    assert_true(p[3].g[0] == (real)-0.5);
    free_net(&net);
    free_net(&old);
    optim_free(&o);
    optim_free(&l);
}

/* decay = weights: not to vectors, whatever their layers say */
static void test_decay_of_weights(void **state)
{
    (void)state;
    static const size_t sizes[] = {3, 3, 3};
    struct err e = {0};
    struct param p[3], q[3];
    struct optim o = open_optim("lr = 0.25\nweight_decay = 0.5\ndecay = weights\nl1 = 0.125\n");
    struct net net = make_net(p, sizes, 3, 0), old = make_net(q, sizes, 3, 0);
    p[0].nd = 1;
    p[1].nd = 2;
    p[2].nd = 2;
    p[2].decay = false;
    assert_int_equal(optim_allocate(&o, &net, &e), 0);
    optim_step(&o, &net, false, 1, 0.25, NULL, 0, 1);
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++) {
            double w = (double)q[j].w[i], sign = (w > 0) - (w < 0);
            double g = (double)q[j].g[i] + (j == 1 ? 0.5 * w + 0.125 * sign : 0);
            assert_true(fabs((double)p[j].w[i] - (w - 0.25 * g)) < 4 * (double)REAL_EPS);
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
                 {"type = adamw\n", 0.001, 0.01, 2},
                 {"type = adagrad\n", 0.01, 0, 1},
                 {"type = adadelta\n", 1, 0, 2},
                 {"type = rmsprop\n", 0.01, 0, 1},
                 {"type = adamax\n", 0.002, 0, 2},
                 {"type = nadam\n", 0.002, 0, 2},
                 {"type = rprop\n", 0.01, 0, 2}};
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
        {"[optimizer]\nema = 1\n", "test.ini:2: [optimizer] ema = 1", 1},
        {"[optimizer]\nclip_norm = -1\n", "test.ini:2: [optimizer] clip_norm = -1", 1},
        {"[optimizer]\ntype = rprop\nstep_size_min = 2\nstep_size_max = 1\n",
         "test.ini:3: [optimizer] step_size_min = 2 is above step_size_max = 1", 1},
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
        cmocka_unit_test(test_any_threads),      cmocka_unit_test(test_clip_norm),
        cmocka_unit_test(test_average),          cmocka_unit_test(test_slots),
        cmocka_unit_test(test_even_shares),      cmocka_unit_test(test_marks_of_params),
        cmocka_unit_test(test_decay_of_weights), cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_wrong_keys),       cmocka_unit_test(test_write),
        cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
