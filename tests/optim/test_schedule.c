/* test_schedule.c - learning rates against PyTorch's schedulers over whole runs. */
#include "optim/schedule.h"

#include "base/mem.h"

#include "golden.h"

#define LR 0.1

static struct schedule read_text(const char *text, struct diag *d)
{
    struct schedule s;
    struct err e = {0};
    struct netfile *nf = netfile_parse("test.ini", text, strlen(text), d, &e);
    assert_non_null(nf);
    assert_int_equal(schedule_read(&s, nf, netfile_section(nf, "schedule"), d, &e), 0);
    netfile_free(nf);
    return s;
}

static struct schedule open_schedule(const char *text)
{
    struct diag d = {0};
    struct schedule s = read_text(text, &d);
    if (d.total)
        fail_msg("%s", d.msg[0].text);
    return s;
}

static struct schedule open_keys(const char *keys)
{
    char text[256];
    snprintf(text, sizeof text, "[schedule]\n%s", keys);
    return open_schedule(text);
}

static void test_golden(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        uint64_t steps, per_epoch;
    } cases[] = {
        {"constant", "", 40, 4},
        {"step", "type = step\nstep_size = 3\n", 40, 4},
        {"step_half", "type = step\nstep_size = 1\ngamma = 0.5\n", 40, 4},
        {"exponential", "type = exponential\ngamma = 0.9\n", 40, 4},
        {"multistep", "type = multistep\nmilestones = 2, 3, 7, 10\ngamma = 0.6\n", 50, 4},
        {"time", "type = time\ngamma = 0.3\n", 50, 4},
        {"poly", "type = poly\npower = 2.5\n", 50, 4},
        {"poly_line", "type = poly\n", 50, 4},
        {"poly_min", "type = poly\npower = 0.5\nmin_lr = 0.02\n", 50, 4},
        {"cosine", "type = cosine\n", 50, 4},
        {"cosine_min", "type = cosine\nmin_lr = 0.03\n", 50, 4},
        {"onecycle", "type = onecycle\n", 100, 4},
        {"onecycle_7", "type = onecycle\n", 7, 4},
        {"onecycle_2", "type = onecycle\n", 2, 4},
        {"onecycle_own",
         "type = onecycle\npct_start = 0.6\ndiv_factor = 10\nfinal_div_factor = 100\n", 33, 4},
        {"warm_constant", "warmup = 0.75\n", 50, 4},
        {"warm_step", "type = step\nstep_size = 3\nwarmup = 2\n", 50, 4},
        {"warm_step_within", "type = step\nstep_size = 2\nwarmup = 1.5\n", 50, 4},
        {"warm_multistep", "type = multistep\nmilestones = 2, 5\nwarmup = 1\n", 50, 4},
        {"warm_time", "type = time\ngamma = 1\nwarmup = 1.25\n", 50, 4},
        {"warm_cosine", "type = cosine\nmin_lr = 0.01\nwarmup = 3\n", 50, 4},
        {"warm_poly", "type = poly\npower = 2\nwarmup = 0.25\n", 50, 4},
        {"warm_onecycle", "type = onecycle\nwarmup = 2.5\n", 50, 4},
        {"sequential", "type = exponential\ngamma = 0.9\nwarmup = 8\n", 50, 1},
    };
    struct golden g = golden_load("schedule.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = open_keys(cases[i].text);
        const double *want = golden_get(&g, cases[i].name, cases[i].steps);
        for (uint64_t step = 0; step < cases[i].steps; step++) {
            const struct schedule_at at = {
                .step = step, .per_epoch = cases[i].per_epoch, .total = cases[i].steps};
            double lr = schedule_lr(&s, LR, &at);
            if (fabs(lr - want[step]) > 1e-13 * LR)
                fail_msg("%s, step %d: %.17g, not %.17g", cases[i].name, (int)step, lr, want[step]);
        }
        schedule_free(&s);
    }
    golden_free(&g);
}

static void test_plateau(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"plateau", "type = plateau\npatience = 2\ngamma = 0.5\n"},
        {"plateau_default", "type = plateau\n"},
        {"plateau_min", "type = plateau\npatience = 0\ngamma = 0.3\nmin_lr = 0.004\n"},
    };
    struct golden g = golden_load("schedule.txt");
    const double *loss = golden_get(&g, "loss", 50);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = open_keys(cases[i].text);
        struct plateau p = {0};
        const double *want = golden_get(&g, cases[i].name, 50);
        double before = LR;
        for (uint64_t epoch = 0; epoch < 50; epoch++) {
            struct schedule_at at = {.step = epoch + 1, .per_epoch = 1, .total = 50};
            bool cut = schedule_watch(&s, LR, &at, &p, loss[epoch]);
            at.cuts = p.cuts;
            double lr = schedule_lr(&s, LR, &at);
            if (fabs(lr - want[epoch]) > 1e-13 * LR)
                fail_msg("%s, %d: %.17g, not %.17g", cases[i].name, (int)epoch, lr, want[epoch]);
            assert_int_equal(cut, lr < before);
            before = lr;
        }
        assert_int_equal(p.seen, 50);
        schedule_free(&s);
    }
    golden_free(&g);
}

/* A loss that is not a number is no better; what lies in the warm-up is not looked at; cuts end
 * where they would change nothing. */
static void test_plateau_borders(void **state)
{
    (void)state;
    struct schedule s = open_keys("type = plateau\npatience = 0\nwarmup = 2\n");
    struct plateau p = {0};
    struct schedule_at at = {.per_epoch = 3, .total = 100};
    for (at.step = 1; at.step <= 6; at.step++) {
        assert_false(schedule_watch(&s, LR, &at, &p, (double)at.step));
        assert_int_equal(p.seen, 0);
    }
    assert_true(schedule_watch(&s, LR, &at, &p, (double)NAN));
    assert_false(schedule_watch(&s, LR, &at, &p, 1));
    assert_true(schedule_watch(&s, LR, &at, &p, 1 - 1e-5)); /* not enough */
    assert_false(schedule_watch(&s, LR, &at, &p, 1 - 2e-4));
    for (int i = 0; i < 20; i++)
        schedule_watch(&s, LR, &at, &p, 2);
    assert_int_equal(p.cuts, 7); /* 0.1 to 1e-8; the next one would change it by 9e-9 */
    schedule_free(&s);
    s = open_keys("type = step\nstep_size = 1\n");
    assert_false(schedule_watch(&s, LR, &at, &p, 5));
    schedule_free(&s);
}

/* A warm-up that is longer than the run. */
static void test_long_warmup(void **state)
{
    (void)state;
    for (int i = 0; schedule_types[i]; i++) {
        char text[128];
        snprintf(text, sizeof text, "type = %s\nwarmup = 5\n%s", schedule_types[i],
                 i == 1            ? "step_size = 1\n"
                 : i == 2          ? "milestones = 1\n"
                 : i <= 4 && i > 0 ? "gamma = 0.5\n"
                                   : "");
        struct schedule s = open_keys(text);
        for (uint64_t step = 0; step < 8; step++) {
            const struct schedule_at at = {.step = step, .per_epoch = 2, .total = 8};
            assert_true(fabs(schedule_lr(&s, LR, &at) - LR * (double)(step + 1) / 11) < 1e-15);
        }
        schedule_free(&s);
    }
}

/* Where PyTorch divides by zero, and past the end: still a rate of the cycle. */
static void test_onecycle_borders(void **state)
{
    (void)state;
    static const char *const starts[] = {"0", "0.3", "0.5", "1"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        char text[128];
        snprintf(text, sizeof text, "[schedule]\ntype = onecycle\npct_start = %s\n", starts[i]);
        struct schedule s = open_schedule(text);
        const double last = LR / 25 / 1e4, slack = 1e-15;
        for (uint64_t total = 0; total < 6; total++)
            for (uint64_t step = 0; step < 8; step++) {
                const struct schedule_at at = {.step = step, .per_epoch = 4, .total = total};
                double lr = schedule_lr(&s, LR, &at);
                assert_true(lr >= last - slack && lr <= LR + slack);
            }
        const struct schedule_at late = {.step = 1000, .per_epoch = 4, .total = 100};
        assert_true(fabs(schedule_lr(&s, LR, &late) - last) <= slack);
    }
}

static void test_wrong_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[schedule]\ntype = step\n", "test.ini:1: [schedule]"},
        {"[schedule]\ntype = exponential\n", "test.ini:1: [schedule]"},
        {"[schedule]\ntype = onecycel\ngamma = 2\n", "test.ini:2: [schedule] type = onecycel"},
        {"[schedule]\ntype = step\nstep_size = 0\n", "test.ini:3: [schedule] step_size = 0"},
        {"[schedule]\ntype = onecycle\ngamma = 0.5\n", "test.ini:3: [schedule] gamma"},
        {"[schedule]\ntype = onecycle\npct_start = 1.5\n",
         "test.ini:3: [schedule] pct_start = 1.5"},
        {"[schedule]\ntype = multistep\n", "test.ini:1: [schedule]"},
        {"[schedule]\ntype = multistep\nmilestones = 3, 0\n",
         "test.ini:3: [schedule] milestones = 3, 0"},
        {"[schedule]\ntype = time\n", "test.ini:1: [schedule]"},
        {"[schedule]\ntype = plateau\ngamma = 1\n", "test.ini:3: [schedule] gamma = 1"},
        {"[schedule]\nwarmup = -1\n", "test.ini:2: [schedule] warmup = -1"},
        {"[schedule]\nmin_lr = 0.1\n", "test.ini:2: [schedule] min_lr"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diag d = {0};
        struct schedule s = read_text(cases[i].text, &d);
        schedule_free(&s);
        assert_int_equal(d.total, 1);
        assert_memory_equal(d.msg[0].text, cases[i].message, strlen(cases[i].message));
    }
}

/* What is written reads back as the same. */
static void test_write(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[schedule]\n",
        "[schedule]\ntype = step\nstep_size = 7\ngamma = 0.3\n",
        "[schedule]\ntype = exponential\ngamma = 0.99\n",
        "[schedule]\ntype = onecycle\npct_start = 0.123456789012345\n",
        "[schedule]\ntype = multistep\nwarmup = 0.5\nmilestones = 3, 14, 15\ngamma = 0.2\n",
        "[schedule]\ntype = time\ngamma = 2\n",
        "[schedule]\ntype = poly\npower = 3\nmin_lr = 1e-5\n",
        "[schedule]\ntype = cosine\nwarmup = 3\nmin_lr = 0.001\n",
        "[schedule]\ntype = plateau\npatience = 4\ngamma = 0.7\nmin_lr = 0.125\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct schedule s = open_schedule(texts[i]);
        struct text t = {0};
        struct err e = {0};
        assert_int_equal(schedule_write(&s, &t, &e), 0);
        struct schedule again = open_schedule(t.s);
        struct text second = {0};
        assert_int_equal(schedule_write(&again, &second, &e), 0);
        assert_string_equal(t.s, second.s);
        const char *at = texts[i];
        for (size_t n; *at; at += n) { /* every line that was read is written */
            char line[128];
            n = strcspn(at, "\n") + 1;
            snprintf(line, sizeof line, "%.*s", (int)n, at);
            assert_non_null(strstr(t.s, line));
        }
        mem_free(t.s);
        mem_free(second.s);
        schedule_free(&s);
        schedule_free(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_plateau_borders),
        cmocka_unit_test(test_long_warmup),
        cmocka_unit_test(test_onecycle_borders),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
