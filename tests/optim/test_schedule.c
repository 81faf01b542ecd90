/* test_schedule.c - learning rates against PyTorch's schedulers over whole runs. */
#include "optim/schedule.h"

#include "base/mem.h"

#include "golden.h"

#define LR        0.1
#define PER_EPOCH 4

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

static void test_golden(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        uint64_t steps;
    } cases[] = {
        {"constant", "[data]\n", 40},
        {"constant", "[schedule]\n", 40},
        {"step", "[schedule]\ntype = step\nstep_size = 3\n", 40},
        {"step_half", "[schedule]\ntype = step\nstep_size = 1\ngamma = 0.5\n", 40},
        {"exponential", "[schedule]\ntype = exponential\ngamma = 0.9\n", 40},
        {"onecycle", "[schedule]\ntype = onecycle\n", 100},
        {"onecycle_7", "[schedule]\ntype = onecycle\n", 7},
        {"onecycle_2", "[schedule]\ntype = onecycle\n", 2},
        {"onecycle_own",
         "[schedule]\ntype = onecycle\npct_start = 0.6\ndiv_factor = 10\nfinal_div_factor = 100\n",
         33},
    };
    struct golden g = golden_load("schedule.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = open_schedule(cases[i].text);
        const double *want = golden_get(&g, cases[i].name, cases[i].steps);
        for (uint64_t step = 0; step < cases[i].steps; step++) {
            double lr = schedule_lr(&s, LR, step / PER_EPOCH, step, cases[i].steps);
            if (fabs(lr - want[step]) > 1e-13 * LR)
                fail_msg("%s, step %d: %.17g, not %.17g", cases[i].name, (int)step, lr, want[step]);
        }
    }
    golden_free(&g);
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
                double lr = schedule_lr(&s, LR, 0, step, total);
                assert_true(lr >= last - slack && lr <= LR + slack);
            }
        assert_true(fabs(schedule_lr(&s, LR, 0, 1000, 100) - last) <= slack);
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
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diag d = {0};
        read_text(cases[i].text, &d);
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
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct schedule s = open_schedule(texts[i]);
        struct text t = {0};
        struct err e = {0};
        assert_int_equal(schedule_write(&s, &t, &e), 0);
        struct schedule again = open_schedule(t.s);
        assert_memory_equal(&s, &again, sizeof s);
        mem_free(t.s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_onecycle_borders),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
