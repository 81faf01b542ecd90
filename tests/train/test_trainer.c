/* test_trainer.c - runs without a folder; on invented samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/mem.h"
#include "tmp.h"
#include "train/invent.h"
#include "train/trainer.h"

#include <string.h>

static const char text[] = "[data]\ngenerator = gaussians\nsamples = 40\nvalidation = 0.2\n"
                           "[linear a]\nunits = 5\n[tanh]\n[linear b]\nunits = 2\n[softmax]\n"
                           "[train]\nbatch = 8\nepochs = 3\nsave_every = 0\n";

static void open_job(struct job *job, const char *net, const char *set, bool load)
{
    struct err e = {0};
    static struct diag d;
    d = (struct diag){0};
    const struct job_source src = {
        .path = "test.ini", .text = net, .sets = &set, .n_sets = set != NULL, .load_data = load};
    if (job_open(job, &src, &d, &e))
        fail_msg("%s: %s", e.msg, d.msg[0].text);
}

static void test_no_folder(void **state)
{
    (void)state;
    struct job with, without;
    struct train_result a, b;
    struct err e = {0};
    open_job(&with, text, NULL, true);
    open_job(&without, text, NULL, true);
    struct train_request r = {.job = &with, .dir = "run", .threads = 2, .fuse = true};
    assert_int_equal(train_run(&r, &a, &e), 0);
    assert_true(io_exists("run/last.safetensors"));
    r = (struct train_request){.job = &without, .resume = true, .threads = 2, .fuse = true};
    assert_int_equal(train_run(&r, &b, &e), 0);
    assert_int_equal(a.step, 12);
    assert_int_equal(b.step, a.step);
    assert_true(b.has_best && b.best_epoch == a.best_epoch && b.best_value == a.best_value);
    const struct layer *l = &with.net->layers[1], *m = &without.net->layers[1];
    assert_memory_equal(l->params[0].w, m->params[0].w, l->params[0].size * sizeof(real));
    job_free(&with);
    job_free(&without);
}

static void stop_soon(void *arg, const struct progress *p)
{
    *(volatile sig_atomic_t *)arg = p->epoch >= 1;
}

static void test_ends_without_a_folder(void **state)
{
    (void)state;
    struct job job;
    struct train_result result;
    struct err e = {0};
    volatile sig_atomic_t stop = 0;
    open_job(&job, text, "train.epochs=1000", true);
    struct train_request r = {.job = &job, .fuse = true, .progress = stop_soon, .stop = &stop};
    r.arg = (void *)&stop;
    assert_int_equal(train_run(&r, &result, &e), -1);
    assert_int_equal(e.kind, ERR_INTERRUPTED);
    assert_string_equal(e.msg, "interrupted");
    assert_true(result.step > 0 && result.step < 4000);
    job_free(&job);

    e = (struct err){0};
    open_job(&job,
             "[data]\ngenerator = gaussians\n[linear]\nunits = 2\n[loss]\ntype = mse\n"
             "[train]\nepochs = 1000\n",
             "optimizer.lr=1000", true);
    r = (struct train_request){.job = &job, .fuse = true};
    assert_int_equal(train_run(&r, &result, &e), -1);
    assert_int_equal(e.kind, ERR_DIVERGED);
    job_free(&job);
}

static void test_invented(void **state)
{
    (void)state;
    static const char *const sets[] = {"data.classes=3", "data.target=value", "data.target=input"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct job job;
        struct train_result result;
        struct err e = {0};
        open_job(&job,
                 "[data]\ntrain = nowhere\nshape = 1x1x3\n[linear]\nunits = 3\n"
                 "[loss]\ntype = mse\n[train]\nbatch = all\nsteps = 3\n",
                 sets[i], false);
        assert_int_equal(invent_samples(&job, 7, &e), 0);
        assert_int_equal(job_batch(&job), 7);
        assert_true((job.samples.train_file.label != NULL) == (i == 0));
        assert_true((job.samples.train_file.target != NULL) == (i == 1));
        const struct train_request r = {.job = &job, .fuse = true};
        assert_int_equal(train_run(&r, &result, &e), 0);
        assert_int_equal(result.step, 3);
        job_free(&job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_folder),
                                       cmocka_unit_test(test_ends_without_a_folder),
                                       cmocka_unit_test(test_invented)};
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
