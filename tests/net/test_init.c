/* test_init.c - initial weights: every word's distribution, and what moves them and what does not.
 */
#include "base/mem.h"
#include "train/job.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define IN  60
#define OUT 40

struct fixture {
    struct job job;
    struct team *team;
};

/* Builds and initialises a net over 60 inputs. */
static void open_net(struct fixture *f, const char *layers, uint64_t seed)
{
    char text[1024];
    static struct diag d;
    struct err e = {0};
    snprintf(text, sizeof text,
             "[data]\ntrain = x\nshape = %d\ntarget = input\n%s[loss]\ntype = mse\n", IN, layers);
    const struct job_source source = {.path = "net.ini", .text = text};
    d = (struct diag){0};
    if (job_open(&f->job, &source, &d, &e))
        fail_msg("%s / %s", e.msg, d.msg[0].text);
    f->team = team_new(1, &e);
    const struct net_plan plan = {.batch = 1};
    assert_int_equal(net_allocate(f->job.net, &plan, f->team, kernels_get("ref"), &e), 0);
    assert_int_equal(net_init(f->job.net, seed, &e), 0);
}

static void close_net(struct fixture *f)
{
    job_free(&f->job);
    team_free(f->team);
}

static const struct param *weight(const struct fixture *f, const char *layer)
{
    return &net_layer(f->job.net, layer)->params[0];
}

/* Mean, deviation and largest absolute value. */
static void moments(const struct param *p, double *mean, double *deviation, double *most)
{
    double sum = 0, square = 0;
    *most = 0;
    for (size_t i = 0; i < p->size; i++) {
        double w = (double)p->w[i];
        sum += w;
        square += w * w;
        *most = fmax(*most, fabs(w));
    }
    *mean = sum / (double)p->size;
    *deviation = sqrt(square / (double)p->size - *mean * *mean);
}

/* The words with a distribution: its deviation for 60 inputs and 40 outputs; uniform ones end at
 * sqrt(3) deviations. */
static void distributions(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        double deviation;
        bool uniform;
    } cases[] = {{"xavier_uniform", 0.14142135, true}, {"xavier_normal", 0.14142135, false},
                 {"he_uniform", 0.18257419, true},     {"he_normal", 0.18257419, false},
                 {"lecun_uniform", 0.12909944, true},  {"lecun_normal", 0.12909944, false},
                 {"uniform", 0.57735027, true},        {"normal", 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int scale = 1; scale <= 2; scale++) {
            struct fixture f;
            char layers[256];
            double mean, deviation, most, want = cases[i].deviation * scale;
            snprintf(layers, sizeof layers,
                     "[linear a]\nunits = %d\ninit = %s\ninit_scale = %d\n[linear]\nunits = %d\n",
                     OUT, cases[i].word, scale, IN);
            open_net(&f, layers, 1);
            moments(weight(&f, "a"), &mean, &deviation, &most);
            assert_true(fabs(mean) < 4 * want / sqrt(IN * OUT));
            assert_true(fabs(deviation / want - 1) < 0.06);
            if (cases[i].uniform)
                assert_true(most <= 1.7320509 * want && most > 1.72 * want);
            else
                assert_true(most > 2.8 * want && most < 5 * want);
            const struct param *bias = &net_layer(f.job.net, "a")->params[1];
            for (size_t j = 0; j < bias->size; j++)
                assert_true(bias->w[j] == 0);
            close_net(&f);
        }
}

static void constant(void **state)
{
    (void)state;
    struct fixture f;
    open_net(&f, "[linear a]\nunits = 60\ninit = constant\ninit_scale = -0.25\n", 1);
    for (size_t i = 0; i < weight(&f, "a")->size; i++)
        assert_true(weight(&f, "a")->w[i] == (real)-0.25);
    close_net(&f);
}

/* Rows (or, where there are more of them, columns) are orthonormal. */
static void orthogonal(void **state)
{
    (void)state;
    static const int units[] = {40, 60, 90};
    for (int u = 0; u < 3; u++) {
        struct fixture f;
        char layers[256];
        snprintf(layers, sizeof layers,
                 "[linear a]\nunits = %d\ninit = orthogonal\n[linear]\nunits = 60\n", units[u]);
        open_net(&f, layers, 1);
        const struct param *p = weight(&f, "a");
        int rows = units[u], n = rows < IN ? rows : IN, len = rows < IN ? IN : rows;
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) {
                double dot = 0;
                for (int t = 0; t < len; t++) {
                    int a = rows < IN ? i * IN + t : t * IN + i;
                    int b = rows < IN ? j * IN + t : t * IN + j;
                    dot += (double)p->w[param_index(p, (size_t)a)] *
                           (double)p->w[param_index(p, (size_t)b)];
                }
                assert_true(fabs(dot - (i == j)) < 1e-5);
            }
        close_net(&f);
    }
}

/* The first outputs are the inputs, of each group; the others are random. */
static void dirac(void **state)
{
    (void)state;
    struct fixture f;
    open_net(&f,
             "[reshape]\nshape = 6x2x5\n[conv2d a]\nfilters = 9\nsize = 3x2\npadding = 1\n"
             "init = dirac\ninit_scale = 0.5\n[conv2d b]\nfrom = reshape_1\nfilters = 6\n"
             "size = 1x3\ngroups = 3\ninit = dirac\n[linear c]\nfrom = a\nunits = 70\n"
             "init = dirac\n[linear d]\nfrom = b\nunits = 60\n[flatten]\nfrom = c\n[linear]\n"
             "units = 60\n[add]\nfrom = d, linear_3\n",
             1);
    const struct param *a = weight(&f, "a"), *b = weight(&f, "b"), *c = weight(&f, "c");
    for (size_t o = 0; o < 9; o++)
        for (size_t i = 0; i < 36; i++) {
            double v = (double)a->w[param_index(a, o * 36 + i)];
            /* channel o, row 1 of 3, column 1 of 2 */
            assert_true(o < 6 ? v == (i == o * 6 + 3 ? 0.5 : 0) : v != 0 && fabs(v) < 0.5);
        }
    for (size_t o = 0; o < 6; o++)
        for (size_t i = 0; i < 6; i++)
            assert_true((double)b->w[param_index(b, o * 6 + i)] == (i == o % 2 * 3 + 1));
    size_t in = c->size / 70;
    for (size_t o = 0; o < 70; o++)
        for (size_t i = 0; i < in; i++)
            assert_true((double)c->w[param_index(c, o * in + i)] == (i == o));
    close_net(&f);
}

static bool same_weights(const struct fixture *a, const char *x, const struct fixture *b,
                         const char *y)
{
    const struct param *p = weight(a, x), *q = weight(b, y);
    return p->size == q->size && memcmp(p->w, q->w, p->size * sizeof *p->w) == 0;
}

/* Weights depend on the seed, the layer's name and the tensor, and on nothing else. */
static void what_moves_them(void **state)
{
    (void)state;
    struct fixture f, again, seed, inserted;
    open_net(&f, "[linear a]\nunits = 60\n[linear b]\nunits = 60\n", 1);
    open_net(&again, "[linear a]\nunits = 60\n[linear b]\nunits = 60\n", 1);
    open_net(&seed, "[linear a]\nunits = 60\n[linear b]\nunits = 60\n", 2);
    open_net(&inserted,
             "[linear c]\nunits = 60\n[tanh]\n[linear a]\nunits = 60\n[linear b]\nunits = 60\n", 1);
    assert_true(same_weights(&f, "a", &again, "a"));
    assert_false(same_weights(&f, "a", &f, "b"));
    assert_false(same_weights(&f, "a", &seed, "a"));
    assert_true(same_weights(&f, "a", &inserted, "a"));
    assert_true(same_weights(&f, "b", &inserted, "b"));
    close_net(&f);
    close_net(&again);
    close_net(&seed);
    close_net(&inserted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distributions), cmocka_unit_test(constant),
                                       cmocka_unit_test(orthogonal), cmocka_unit_test(dirac),
                                       cmocka_unit_test(what_moves_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
