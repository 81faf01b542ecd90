/* Tests of train/profile.c: operations by hand, parts that add up; never how fast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "train/profile.h"

#include <math.h>
#include <string.h>

static const char net[] = "[data]\ntrain = nowhere\nshape = 7\nclasses = 3\n"
                          "[linear a]\nunits = 5\n[tanh]\n[linear b]\nunits = 3\n[softmax]\n"
                          "[train]\nbatch = 10\n";

static int open_job(struct job *job, const char *text, const char *set, struct err *e)
{
    static struct diag d;
    memset(&d, 0, sizeof d);
    const struct job_source source = {
        .path = "net.ini", .text = text, .sets = &set, .n_sets = set != NULL};
    int r = job_open(job, &source, &d, e);
    if (d.total)
        fail_msg("%s", d.msg[0].text);
    return r;
}

/* Profiles a net with `threads` for no longer than it must. */
static int profile(struct profile *p, struct job *job, const char *text, const char *set,
                   int threads, bool fuse, struct err *e)
{
    *p = (struct profile){0};
    struct team *team = NULL;
    int r = open_job(job, text, set, e);
    if (r == 0 && !(team = team_new(threads, e)))
        r = -1;
    if (r == 0)
        r = profile_run(p, job, team, kernels_get(NULL), fuse, 0, e);
    team_free(team);
    return r;
}

static void adds_up(const struct profile *p)
{
    double sum = p->gather + p->loss + p->optimizer + p->rest;
    assert_true(p->step > 0 && p->gather > 0 && p->loss > 0 && p->optimizer > 0 && p->rest >= 0);
    for (int i = 0; i < p->n_layers; i++) {
        assert_true(p->layers[i].forward >= 0 && p->layers[i].backward >= 0);
        sum += p->layers[i].forward + p->layers[i].backward;
    }
    if (fabs(sum - p->step) > 1e-6 * p->step)
        fail_msg("the parts take %g s, the step %g s", sum, p->step);
    assert_true(p->steps >= 3);
    assert_true(p->peak > 1e6);
}

static const struct profile_layer *layer(const struct profile *p, const char *name)
{
    for (int i = 0; i < p->n_layers; i++)
        if (!strcmp(p->layers[i].layer->name, name))
            return &p->layers[i];
    fail_msg("there is no layer %s", name);
    return NULL;
}

static void test_operations(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads += 2) {
        struct err e = {0};
        struct profile p;
        struct job job;
        assert_int_equal(profile(&p, &job, net, NULL, threads, threads == 1, &e), 0);
        adds_up(&p);
        assert_int_equal(p.batch, 10);
        assert_int_equal(p.n_layers, 4);
        /* 2 operations for each weight and sample; a gives no gradient to the data */
        assert_true(layer(&p, "a")->forward_flops == 2 * 7 * 5 * 10);
        assert_true(layer(&p, "a")->backward_flops == 2 * 7 * 5 * 10);
        assert_true(layer(&p, "b")->forward_flops == 2 * 5 * 3 * 10);
        assert_true(layer(&p, "b")->backward_flops == 2 * 2 * 5 * 3 * 10);
        assert_true(layer(&p, "a")->forward > 0 && layer(&p, "a")->backward > 0);
        /* fused: done in a's place; apart: on its own */
        assert_int_equal(layer(&p, "tanh_1")->forward > 0, threads != 1);
        assert_true(layer(&p, "softmax_1")->forward == 0); /* in the loss */
        profile_free(&p);
        job_free(&job);
    }
}

static void test_kinds_of_jobs(void **state)
{
    (void)state;
    static const char *const sets[] = {"train.chunk=3", "train.batch=all", "a.freeze=yes",
                                       "optimizer.sam=0.1", "data.generator=gaussians"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct err e = {0};
        struct profile p;
        struct job job;
        const char *text = i < 4 ? net
                                 : "[data]\n[linear a]\nunits = 5\n[linear b]\nunits = 1\n"
                                   "[loss]\ntype = mse\n[train]\nbatch = all\n";
        assert_int_equal(profile(&p, &job, text, sets[i], 2, true, &e), 0);
        adds_up(&p);
        assert_int_equal(p.batch, i == 1 || i == 4 ? 1000 : 10);
        if (i == 2) {
            assert_true(layer(&p, "a")->backward_flops == 0);
            assert_true(layer(&p, "b")->backward_flops == 2 * 5 * 3 * 10); /* to nobody */
        }
        if (i == 3) /* two looks at each batch */
            assert_true(layer(&p, "a")->forward_flops == 2 * 2 * 7 * 5 * 10);
        profile_free(&p);
        job_free(&job);
    }
}

/* Values and auto-encoders need no data either. */
static void test_targets(void **state)
{
    (void)state;
    static const char *const text[] = {
        "[data]\ntrain = nowhere\nshape = 7\ntarget = value\n[linear]\nunits = 2\n"
        "[loss]\ntype = mse\n",
        "[data]\ntrain = nowhere\nshape = 2x3x3\ntarget = input\n[flatten]\n[linear]\nunits = 18\n"
        "[sigmoid]\n[loss]\ntype = binary_cross_entropy\n"};
    for (int i = 0; i < 2; i++) {
        struct err e = {0};
        struct profile p;
        struct job job;
        assert_int_equal(profile(&p, &job, text[i], NULL, 2, true, &e), 0);
        adds_up(&p);
        assert_int_equal(p.batch, 32);
        profile_free(&p);
        job_free(&job);
    }
}

static void test_peak(void **state)
{
    (void)state;
    struct err e = {0};
    struct team *team = team_new(1, &e);
    assert_non_null(team);
    double peak = profile_peak(team, kernels_get(NULL));
    assert_true(isfinite(peak) && peak > 1e6);
    team_free(team);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct err e = {0};
        struct profile p;
        struct job job;
        size_t live = mem_live();
        mem_fail_at(n);
        int r = profile(&p, &job, net, NULL, 1, true, &e);
        bool failed = mem_failed();
        mem_fail_at(0);
        profile_free(&p);
        job_free(&job);
        assert_int_equal(mem_live(), live);
        assert_int_equal(r, failed ? -1 : 0);
        if (!failed)
            break;
        assert_int_equal(e.kind, ERR_INTERNAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations), cmocka_unit_test(test_kinds_of_jobs),
        cmocka_unit_test(test_targets),    cmocka_unit_test(test_peak),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
