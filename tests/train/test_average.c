/* test_average.c - [optimizer] ema in a run: what is evaluated, what checkpoints hold, what
 * training goes on with. */
#include "base/mem.h"
#include "tmp.h"
#include "train/evaluate.h"
#include "train/trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STEPS 7

static const char text[] =
    "[data]\ngenerator = gaussians\nsamples = 200\nvalidation = 0.25\n"
    "[linear a]\nunits = 6\n[batchnorm n]\n[tanh]\n[linear still]\nunits = 3\n"
    "freeze = yes\n[linear b]\nunits = 2\n[softmax]\n"
    "[optimizer]\ntype = adam\nlr = 0.05\nema = %g\n"
    "[train]\nbatch = 16\nsteps = %d\neval_steps = 3\n";

static void open_job(struct job *job, double ema, int steps)
{
    char net[512];
    struct err e = {0};
    static struct diag d;
    d = (struct diag){0};
    snprintf(net, sizeof net, text, ema, steps);
    const struct job_source src = {.path = "test.ini", .text = net, .load_data = true};
    if (job_open(job, &src, &d, &e))
        fail_msg("%s: %s", e.msg, d.msg[0].text);
}

/* Trains, and opens the last checkpoint. */
static struct runlog_row train(struct checkpoint *c, double ema, int steps)
{
    struct job job;
    struct err e = {0};
    struct train_result result;
    open_job(&job, ema, steps);
    const struct train_request r = {
        .job = &job, .dir = "run", .force = true, .threads = 2, .fuse = true};
    if (train_run(&r, &result, &e) || checkpoint_read(c, "run/last.safetensors", &e))
        fail_msg("%s", e.msg);
    job_free(&job);
    return result.last;
}

static const real *tensor(const struct checkpoint *c, const char *name, size_t *n)
{
    const struct st_tensor *t = safetensors_find(&c->st, name);
    if (!t)
        fail_msg("%s is missing", name);
    *n = t->bytes / sizeof(real);
    return t->data;
}

static void check_tensors(const struct checkpoint *averaged, const struct checkpoint *plain)
{
    static const char *const names[] = {"a.weight", "a.bias",         "b.weight",
                                        "b.bias",   "n.running_mean", "n.running_var"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char raw[64];
        size_t n, m;
        snprintf(raw, sizeof raw, "optimizer.%s.raw", names[i]);
        const real *avg = tensor(averaged, names[i], &n), *w = tensor(averaged, raw, &m);
        assert_int_equal(n, m);
        assert_memory_equal(w, tensor(&plain[STEPS - 1], names[i], &m), n * sizeof *w);
        for (size_t j = 0; j < n; j++) {
            double want = (double)tensor(&plain[0], names[i], &m)[j];
            for (int s = 1; s < STEPS; s++)
                want = 0.75 * want + 0.25 * (double)tensor(&plain[s], names[i], &m)[j];
            assert_true(fabs((double)avg[j] - want) < 10 * (double)REAL_EPS);
        }
    }
    size_t n;
    assert_null(safetensors_find(&averaged->st, "optimizer.still.weight.raw"));
    assert_null(safetensors_find(&plain->st, "optimizer.a.weight.raw"));
    const real *still = tensor(averaged, "still.weight", &n);
    assert_memory_equal(still, tensor(plain, "still.weight", &n), 18 * sizeof(real));
}

/* The averages of a run against the weights of runs that end after 1, 2, .. steps. */
static void averages(void **state)
{
    (void)state;
    struct checkpoint averaged, plain[STEPS];
    for (int s = 0; s < STEPS; s++)
        train(&plain[s], 0, s + 1);
    train(&averaged, 0.75, STEPS);
    check_tensors(&averaged, plain);
    checkpoint_free(&averaged);
    for (int s = 0; s < STEPS; s++)
        checkpoint_free(&plain[s]);
}

/* What the log says of validation is what an evaluation of the checkpoint gives. */
static void evaluation(void **state)
{
    (void)state;
    double plain_loss = 0;
    static const char *const files[] = {"run/last.safetensors", "run/best.safetensors"};
    for (int i = 0; i < 3; i++) {
        struct checkpoint c;
        struct job job;
        struct err e = {0};
        struct eval_result r;
        struct runlog_row row = train(&c, i < 2 ? 0.75 : 0, STEPS);
        struct team *team = team_new(1, &e);
        checkpoint_free(&c);
        assert_int_equal(checkpoint_read(&c, files[i % 2], &e), 0);
        assert_int_equal(checkpoint_job(&c, &job, true, &e), 0);
        assert_int_equal(evaluate_prepare(&job, &c, EVALUATE_FUSED, team, kernels_get(NULL), &e),
                         0);
        assert_int_equal(evaluate_part(&job, &job.samples.val, team, NULL, &r, NULL, &e), 0);
        if (c.at.step == STEPS)
            assert_true(fabs(r.loss - row.val_loss) < 1e-6);
        else
            assert_true(i == 1 && fabs(r.accuracy - c.at.best_value) < 1e-6);
        if (i == 0)
            plain_loss = r.loss;
        if (i == 2)
            assert_true(fabs(r.loss - plain_loss) > 1e-4); /* the weights are others */
        job_free(&job);
        checkpoint_free(&c);
        team_free(team);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages),
        cmocka_unit_test(evaluation),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
