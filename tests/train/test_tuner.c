/* The choice of threads, on a clock of our own: what is faster wins, what becomes slow is left, and
 * trials cost little. */
#include "train/tuner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Seconds a step of 10 samples takes on so many threads. */
struct machine {
    double step[5];
    double clock;
    int threads;
    long used[5]; /* steps on so many threads */
};

static void train(struct tuner *t, struct machine *m, double seconds)
{
    for (int k = 0; k < 5; k++)
        m->used[k] = 0;
    for (double end = m->clock + seconds; m->clock < end;) {
        m->used[m->threads]++;
        m->clock += m->step[m->threads];
        m->threads = tuner_next(t, 10, m->clock);
        assert_in_range(m->threads, 1, 4);
    }
}

static double share(const struct machine *m, int threads)
{
    double all = 0;
    for (int k = 1; k < 5; k++)
        all += (double)m->used[k] * m->step[k];
    return (double)m->used[threads] * m->step[threads] / all;
}

static void the_fastest_wins(void **state)
{
    (void)state;
    static const double steps[][5] = {
        {0, 1e-5, 2e-5, 0, 4e-5}, {0, 4e-5, 2e-5, 0, 1e-5}, {0, 4e-5, 1e-5, 0, 3e-5}};
    static const int best[] = {1, 4, 2};
    for (int i = 0; i < 3; i++) {
        struct machine m = {.threads = 4};
        struct tuner t;
        for (int k = 0; k < 5; k++)
            m.step[k] = steps[i][k];
        tuner_start(&t, 4, 0);
        train(&t, &m, 1);
        train(&t, &m, 10);
        assert_true(share(&m, best[i]) > 0.95);
    }
}

/* A processor goes to somebody else for two seconds. */
static void a_team_that_waits_is_left(void **state)
{
    (void)state;
    struct machine m = {.step = {0, 2e-5, 1.1e-5}, .threads = 2};
    struct tuner t;
    tuner_start(&t, 2, 0);
    train(&t, &m, 1);
    m.step[2] = 4e-3;
    train(&t, &m, 2);
    assert_true(share(&m, 1) > 0.8);
    m.step[2] = 1.1e-5;
    train(&t, &m, 2);
    assert_true(share(&m, 2) > 0.4);
    train(&t, &m, 2);
    assert_true(share(&m, 2) > 0.9);
}

/* Steps as long as those of a convolutional net: hardly any is given to a trial. */
static void long_steps_are_left_alone(void **state)
{
    (void)state;
    struct machine m = {.step = {0, 0.08, 0.04}, .threads = 2};
    struct tuner t;
    tuner_start(&t, 2, 0);
    train(&t, &m, 2);
    assert_true(share(&m, 2) == 1);
    train(&t, &m, 100);
    assert_true(share(&m, 2) > 0.94);
}

/* A pause is no part of a step. */
static void pauses_do_not_count(void **state)
{
    (void)state;
    struct machine m = {.step = {0, 2e-5, 1e-5}, .threads = 2};
    struct tuner t;
    tuner_start(&t, 2, 0);
    for (int i = 0; i < 2000; i++) {
        m.used[m.threads]++;
        m.clock += m.step[m.threads];
        m.threads = tuner_next(&t, 10, m.clock);
        m.clock += 0.01;
        tuner_pause(&t, 0.01);
    }
    assert_int_equal(t.threads[t.home], 2);
    assert_true(t.rate[0] > 0.99e6 && t.rate[0] < 1.01e6);
}

static void one_thread_stays(void **state)
{
    (void)state;
    struct tuner t;
    tuner_start(&t, 1, 0);
    for (int i = 1; i < 100; i++)
        assert_int_equal(tuner_next(&t, 10, i * 0.01), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_wins),          cmocka_unit_test(a_team_that_waits_is_left),
        cmocka_unit_test(long_steps_are_left_alone), cmocka_unit_test(pauses_do_not_count),
        cmocka_unit_test(one_thread_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
