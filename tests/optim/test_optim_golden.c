/* test_optim_golden.c - every optimizer against PyTorch over 50 steps. */
#include "optim/help.h"

#define STEPS 50
#define SIZE  4

/* Rounding errors of a float training add up over its steps. */
#define TOLERANCE (sizeof(real) == 8 ? GOLDEN_TOLERANCE : 1e-4)

/* Golden values behind every step, or (average) of what is kept for use. */
static void check_golden(const struct golden *g, const char *name, const char *keys, bool averages)
{
    struct err e = {0};
    struct optim o = open_optim(keys);
    struct param p;
    struct net net = make_net(&p, &(size_t){SIZE}, 1, optim_slots(&o));
    struct steps s = {.o = &o, .net = &net, .team = team_new(1, &e), .lr = o.common.lr};
    assert_non_null(s.team);
    assert_int_equal(optim_allocate(&o, &net, &e), 0);
    const double *start = golden_get(g, "start", SIZE), *slope = golden_get(g, "slope", SIZE);
    const double *centre = golden_get(g, "centre", SIZE);
    real after[STEPS * SIZE];
    for (int i = 0; i < SIZE; i++)
        p.w[i] = (real)start[i];
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < SIZE; i++)
            p.g[i] = (real)slope[i] * (p.w[i] - (real)centre[i]) * (real)(1 + step % 3);
        s.t = (uint64_t)step + 1;
        team_run(s.team, one_step, &s);
        if (averages)
            optim_swap(&o, &net);
        memcpy(after + step * SIZE, p.w, SIZE * sizeof(real));
        if (averages)
            optim_swap(&o, &net);
    }
    golden_check(g, name, after, STEPS * SIZE, TOLERANCE);
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
        {"adagrad", "type = adagrad\n"},
        {"adagrad_own", "type = adagrad\nlr = 0.1\nlr_decay = 0.05\nweight_decay = 0.1\n"
                        "initial_accumulator_value = 0.5\neps = 1e-3\n"},
        {"adadelta", "type = adadelta\n"},
        {"adadelta_own", "type = adadelta\nlr = 0.7\nrho = 0.8\neps = 1e-4\nweight_decay = 0.1\n"},
        {"rmsprop", "type = rmsprop\n"},
        {"rmsprop_own", "type = rmsprop\nlr = 0.02\nalpha = 0.8\neps = 1e-3\nweight_decay = 0.1\n"},
        {"rmsprop_momentum", "type = rmsprop\nmomentum = 0.5\n"},
        {"rmsprop_centered", "type = rmsprop\nalpha = 0.9\ncentered = yes\n"},
        {"rmsprop_both", "type = rmsprop\nlr = 0.005\ncentered = yes\nmomentum = 0.9\n"},
        {"adamax", "type = adamax\n"},
        {"adamax_own", "type = adamax\nlr = 0.03\nbeta1 = 0.7\nbeta2 = 0.9\neps = 1e-3\n"
                       "weight_decay = 0.2\n"},
        {"nadam", "type = nadam\n"},
        {"nadam_own", "type = nadam\nlr = 0.02\nbeta1 = 0.7\nbeta2 = 0.95\neps = 1e-4\n"
                      "weight_decay = 0.1\nmomentum_decay = 0.3\n"},
        {"nadam_constant", "type = nadam\nlr = 0.01\nbeta1 = 0.99\nmomentum_decay = 0\n"},
        {"rprop", "type = rprop\n"},
        {"rprop_own", "type = rprop\nlr = 0.1\netaminus = 0.3\netaplus = 1.5\n"
                      "step_size_min = 0.01\nstep_size_max = 0.3\n"},
        {"l1", "lr = 0.05\nl1 = 0.3\n"},
        {"clip_value", "lr = 0.05\nclip_value = 0.5\n"},
        {"clip_norm", "type = adam\nlr = 0.02\nclip_norm = 0.75\n"},
        {"clip_all", "type = rmsprop\nlr = 0.01\nmomentum = 0.5\nweight_decay = 0.1\nl1 = 0.2\n"
                     "clip_value = 2.5\nclip_norm = 1.5\n"},
    };
    struct golden g = golden_load("optim.txt");
    assert_int_equal(g.n, 4 + sizeof cases / sizeof *cases);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_golden(&g, cases[i].name, cases[i].keys, false);
    check_golden(&g, "ema", "momentum = 0.9\nema = 0.875\n", true);
    check_golden(&g, "sgd_momentum", "momentum = 0.9\nema = 0.875\n", false);
    golden_free(&g);
}

/* The product of nadam's momenta has a closed form here: far steps against a plain loop. */
static void test_nadam_late(void **state)
{
    (void)state;
    static const char *const decays[] = {"0", "1e-9", "0.004", "0.5", "1000"};
    static const uint64_t steps[] = {1, 2, 3, 17, 40, 1000};
    for (size_t i = 0; i < sizeof decays / sizeof *decays; i++) {
        char keys[128];
        snprintf(keys, sizeof keys, "type = nadam\nbeta1 = 0.999\nmomentum_decay = %s\n",
                 decays[i]);
        struct optim o = open_optim(keys);
        for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
            struct update u = {0};
            double all = 1, mu = 0, next = 0, decay = strtod(decays[i], NULL);
            for (uint64_t t = 1; t <= steps[j]; t++) {
                mu = 0.999 * (1 - 0.5 * pow(0.96, (double)t * decay));
                next = 0.999 * (1 - 0.5 * pow(0.96, (double)(t + 1) * decay));
                all *= mu;
            }
            o.ops->begin(&o, steps[j], 0.1, &u);
            const double slack = sizeof(real) == 8 ? 1e-11 : 1e-6;
            double correct = (1 - all) / (1 - mu), momentum = next / (1 - all * mu * next);
            assert_true(fabs((double)u.correct1 - correct) < slack * correct);
            assert_true(fabs((double)u.momentum - momentum) < slack * momentum);
        }
        optim_free(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_nadam_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
