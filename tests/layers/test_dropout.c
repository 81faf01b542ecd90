/* Dropout of whole channels: what it drops, how often, and that evaluation drops nothing. */
#include "net/net.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BATCH     64
#define CHANNELS  6
#define POSITIONS 12

struct fixture {
    struct net *net;
    struct team *team;
};

static void run(void *arg, int tid, int nt)
{
    struct fixture *f = arg;
    struct pass p = {
        .n = BATCH, .train = true, .seed = 1, .team = f->team, .tid = tid, .nt = nt, .step = 7};
    net_forward(f->net, &p, true);
}

static void run_evaluation(void *arg, int tid, int nt)
{
    struct fixture *f = arg;
    struct pass p = {.n = BATCH, .seed = 1, .team = f->team, .tid = tid, .nt = nt};
    net_forward(f->net, &p, true);
}

static struct fixture open_fixture(const char *text)
{
    struct fixture f;
    struct err e = {0};
    struct diag d = {0};
    const struct net_plan plan = {.batch = BATCH, .train = true, .keep_all = true};
    struct netfile *nf = netfile_parse("test", text, strlen(text), &d, &e);
    f.team = team_new(2, &e);
    assert_true(nf && f.team);
    f.net = net_build(nf, (struct shape){CHANNELS, 3, 4}, &d, &e);
    netfile_free(nf);
    assert_non_null(f.net);
    assert_int_equal(d.total, 0);
    assert_int_equal(net_allocate(f.net, &plan, f.team, kernels_get(NULL), &e), 0);
    for (size_t i = 0; i < BATCH * CHANNELS * POSITIONS; i++)
        net_input(f.net)[i] = 1;
    return f;
}

static void close_fixture(struct fixture *f)
{
    net_free(f->net);
    team_free(f->team);
}

static void channels_are_dropped_whole(void **state)
{
    (void)state;
    struct fixture f = open_fixture("[dropout]\nrate = 0.25\nchannels = yes\n");
    int kept = 0, mixed = 0;
    team_run(f.team, run, &f);
    for (int n = 0; n < BATCH; n++) {
        const real *y = f.net->output->y + n * CHANNELS * POSITIONS;
        int before = kept;
        for (int c = 0; c < CHANNELS; c++) {
            for (int i = 0; i < POSITIONS; i++)
                assert_true(y[i * CHANNELS + c] == y[c]);
            assert_true(y[c] == 0 || fabs((double)y[c] - 4 / 3.) < 1e-6);
            kept += y[c] > 0;
        }
        mixed += kept > before && kept < before + CHANNELS;
    }
    assert_true(kept > 0.65 * BATCH * CHANNELS && kept < 0.85 * BATCH * CHANNELS);
    assert_true(mixed > BATCH / 2); /* not whole samples */
    team_run(f.team, run_evaluation, &f);
    for (int i = 0; i < BATCH * CHANNELS * POSITIONS; i++)
        assert_true(f.net->output->y[i] == 1);
    close_fixture(&f);
}

static void without_it_values_are_dropped(void **state)
{
    (void)state;
    struct fixture f = open_fixture("[dropout]\nrate = 0.25\n");
    int differ = 0;
    team_run(f.team, run, &f);
    for (int n = 0; n < BATCH; n++)
        for (int i = 1; i < POSITIONS; i++)
            differ += f.net->output->y[(n * POSITIONS + i) * CHANNELS] !=
                      f.net->output->y[n * POSITIONS * CHANNELS];
    assert_true(differ > BATCH);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(channels_are_dropped_whole),
                                       cmocka_unit_test(without_it_values_are_dropped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
