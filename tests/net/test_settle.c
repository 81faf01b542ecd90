/* test_settle.c - updates that wait for the next forward give the weights and the outputs of
 * updates that do not, however passes and settling follow each other. */
#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define IN  90
#define OUT 7

/* wide enough to be worth it in its first two layers */
static const char text[] =
    "[linear a]\nunits = 101\n[tanh]\n[linear b]\nunits = 83\nlr_mult = 0.5\n[relu]\n"
    "[linear c]\nunits = 7\n";

struct fixture {
    struct net *net;
    struct team *team;
    struct step_update update;
    uint64_t step;
};

static void open_fixture(struct fixture *f, const char *isa, const struct update *u)
{
    struct err e = {0};
    struct diag d = {0};
    const struct net_plan plan = {.batch = 3, .train = true, .slots = 2, .fuse = true};
    struct netfile *nf = netfile_parse("test", text, strlen(text), &d, &e);
    *f = (struct fixture){.update = {.u = *u, .lr = 0.25, .weight_decay = 0.125}};
    f->team = team_new(1, &e);
    assert_true(nf && f->team);
    f->net = net_build(nf, (struct shape){IN, 1, 1}, &d, &e);
    netfile_free(nf);
    assert_non_null(f->net);
    assert_int_equal(net_allocate(f->net, &plan, f->team, kernels_get(isa), &e), 0);
    assert_int_equal(net_init(f->net, 1, &e), 0);
}

static void close_fixture(struct fixture *f)
{
    net_free(f->net);
    team_free(f->team);
}

static real number(uint64_t step, int i)
{
    return (real)((step * 37 + (uint64_t)i * 91) % 101) / 101 - (real)0.5;
}

static struct pass begin(struct fixture *f, int n, bool train)
{
    for (int i = 0; i < n * IN; i++)
        net_input(f->net)[i] = number(f->step, i);
    return (struct pass){.n = n, .train = train, .team = f->team, .nt = 1};
}

/* A step; the gradient of the outputs follows from them. */
static void step(struct fixture *f, int n, bool postpone)
{
    struct pass p = begin(f, n, true);
    struct layer *out = net_logits(f->net);
    p.update = &f->update;
    p.postpone = postpone;
    net_forward(f->net, &p, true);
    for (int i = 0; i < n * OUT; i++)
        out->dy[i] = (out->y[i] - number(f->step, i + 5)) / 8;
    net_backward(f->net, &p);
    f->step++;
}

static const real *evaluate(struct fixture *f)
{
    struct pass p = begin(f, 1, false);
    net_forward(f->net, &p, true);
    return f->net->output->y;
}

static const struct param *weight(const struct fixture *f, int layer, int i)
{
    return &net_layer(f->net, layer == 0 ? "a" : layer == 1 ? "b" : "c")->params[i];
}

static void same_weights(const struct fixture *a, const struct fixture *b)
{
    for (int l = 0; l < 3; l++)
        for (int i = 0; i < 2; i++) {
            const struct param *p = weight(a, l, i), *q = weight(b, l, i);
            assert_memory_equal(p->w, q->w, p->size * sizeof *p->w);
            for (int s = 0; s < 2; s++)
                assert_memory_equal(p->slot[s], q->slot[s], p->size * sizeof *p->w);
        }
}

static const struct update rules[] = {
    {.rule = UPDATE_SGD},
    {.rule = UPDATE_SGD, .momentum = (real)0.5},
    {.rule = UPDATE_ADAM,
     .beta1 = (real)0.5,
     .beta2 = (real)0.5,
     .rest1 = (real)0.5,
     .rest2 = (real)0.5,
     .correct1 = (real)0.5,
     .correct2 = (real)0.5,
     .eps = (real)0.01},
};

static void the_same_bits(const char *isa, const struct update *rule, double weight_decay)
{
    struct fixture now, later;
    open_fixture(&now, isa, rule);
    open_fixture(&later, isa, rule);
    now.update.weight_decay = later.update.weight_decay = weight_decay;
    static const int samples[] = {1, 1, 1, 2, 1, 3, 3, 1, 1, 1};
    for (int i = 0; i < 10; i++) {
        step(&now, samples[i], false);
        step(&later, samples[i], i != 8);
        assert_memory_equal(now.net->output->y, later.net->output->y,
                            (size_t)samples[i] * OUT * sizeof(real));
        if (i % 3 == 1) {
            net_settle(later.net);
            same_weights(&now, &later);
            assert_memory_equal(evaluate(&now), evaluate(&later), OUT * sizeof(real));
        }
        now.update.lr = later.update.lr *= 0.75;
    }
    net_settle(later.net);
    net_settle(later.net);
    same_weights(&now, &later);
    close_fixture(&now);
    close_fixture(&later);
}

static void any_order(void **state)
{
    (void)state;
    for (int k = 0; kernels_names[k]; k++)
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
            for (int decay = 0; decay < 2 && kernels_supported(kernels_names[k]); decay++)
                the_same_bits(kernels_names[k], &rules[r], 0.125 * decay);
}

/* Large weights wait, small ones and biases do not; nor does anything that is not asked to. */
static void what_waits(void **state)
{
    (void)state;
    struct fixture f, start;
    open_fixture(&f, NULL, &rules[0]);
    open_fixture(&start, NULL, &rules[0]);
    step(&f, 1, true);
    for (int l = 0; l < 3; l++)
        for (int i = 0; i < 2; i++) {
            const struct param *p = weight(&f, l, i), *q = weight(&start, l, i);
            bool same = memcmp(p->w, q->w, p->size * sizeof *p->w) == 0;
            assert_int_equal(same, l < 2 && i == 0);
        }
    net_settle(f.net);
    assert_memory_not_equal(weight(&f, 0, 0)->w, weight(&start, 0, 0)->w, sizeof(real) * IN);
    close_fixture(&f);
    close_fixture(&start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_order), cmocka_unit_test(what_waits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
