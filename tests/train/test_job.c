/* Tests of train/job.c: whole network files, and the tables of keys of everything registered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "train/job.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Opens a text as a job; 0 or job_open's -1. The caller frees the job. */
static int open_text(struct job *job, const char *text, bool load, struct diag *d, struct err *e)
{
    const struct job_source source = {.path = "net.ini", .text = text, .load_data = load};
    *d = (struct diag){0};
    *e = (struct err){0};
    return job_open(job, &source, d, e);
}

static void fail_with(const struct diag *d, const struct err *e)
{
    fail_msg("%s / %s", e->msg, d->total ? d->msg[0].text : "");
}

/* ---- the resolved file ------------------------------------------------------------------------
 */

static void resolve(const char *path, const char *text, struct text *out)
{
    struct diag d = {0};
    struct err e = {0};
    struct job job;
    const struct job_source source = {.path = path, .text = text};
    if (job_open(&job, &source, &d, &e) || job_write(&job, out, &e))
        fail_with(&d, &e);
    job_free(&job);
}

static void expect_fixed_point(const char *path)
{
    size_t live = mem_live();
    struct text first = {0}, second = {0};
    resolve(path, NULL, &first);
    resolve("resolved", first.s, &second);
    assert_string_equal(first.s, second.s);
    mem_free(first.s);
    mem_free(second.s);
    assert_int_equal(mem_live(), live);
}

static void resolved_files_resolve_to_themselves(void **state)
{
    (void)state;
    const char *folders[] = {"tests/files/good", "nets"};
    int n = 0;
    for (int i = 0; i < 2; i++) {
        DIR *dir = opendir(folders[i]);
        struct dirent *entry;
        while (dir && (entry = readdir(dir))) {
            char path[600];
            size_t len = strlen(entry->d_name);
            if (len < 5 || strcmp(entry->d_name + len - 4, ".ini") != 0)
                continue;
            snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
            expect_fixed_point(path);
            n++;
        }
        if (dir)
            closedir(dir);
    }
    assert_true(n >= 10);
}

static void every_key_survives(void **state)
{
    (void)state;
    struct text first = {0}, second = {0};
    static const char text[] =
        "[data]\ntrain =#odd;name\ntest = t.gz\nvalidation = 0.25\nformat = usps\nseed = "
        "12345678901234567890\nshape = 2x3x4\nclasses = 3\nlimit = 5\nlimit_test = 6\nmean = 0.1, "
        "1e-7\nstd = 3, 0.30000000000000004\n[linear a]\nunits = 7\nfrom = input\ninit = "
        "he_normal\ninit_scale = 0.3\nbias = no\nfreeze = yes\nlr_mult = 0.125\ndecay = no\n"
        "[relu]\nthreshold = 0.1\n[dropout]\nrate = 0.123456789\n[linear]\nunits = 3\n[softmax]\n"
        "[loss]\nreduction = sum\n[optimizer]\ntype = adam\nlr = 3e-4\nbeta1 = 0.8\nbeta2 = "
        "0.99\neps = 1e-10\nweight_decay = 0.01\n[schedule]\ntype = onecycle\npct_start = "
        "0.2\ndiv_factor = 10\nfinal_div_factor = 1000\n[train]\nbatch = all\nepochs = 7\nsteps = "
        "9\nchunk = 3\nshuffle = no\ndrop_last = yes\nseed = 3\neval_every = 0\neval_train = "
        "yes\nlog_every = 4\nsave_every = 0.5\nmetric = loss\n";
    resolve("net.ini", text, &first);
    resolve("resolved", first.s, &second);
    assert_string_equal(first.s, second.s);
    const char *lines[] = {"train =#odd;name\n",   "test = t.gz\n",
                           "validation = 0.25\n",  "seed = 12345678901234567890\n",
                           "shape = 2x3x4\n",      "limit_test = 6\n",
                           "mean = 0.1, 1e-7\n",   "std = 3, 0.30000000000000004\n",
                           "[linear a]\n",         "from = input\n",
                           "init = he_normal\n",   "freeze = yes\n",
                           "lr_mult = 0.125\n",    "threshold = 0.1\n",
                           "rate = 0.123456789\n", "[linear]\n",
                           "reduction = sum\n",    "lr = 0.0003\n",
                           "eps = 1e-10\n",        "pct_start = 0.2\n",
                           "batch = all\n",        "save_every = 0.5\n",
                           "metric = loss\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(first.s, lines[i]))
            fail_msg("%s is missing in\n%s", lines[i], first.s);
    mem_free(first.s);
    mem_free(second.s);
}

/* A batch is cut into equal pieces where nobody says how, and where that changes nothing. */
static void passes_of_a_batch(void **state)
{
    (void)state;
    static const uint32_t passes[][2] = {{1, 1},     {255, 255}, {256, 256},  {257, 160},
                                         {512, 256}, {513, 192}, {1000, 256}, {7291, 256}};
    struct job job;
    struct diag d;
    struct err e;
    const char *plain = "[data]\ntrain = t.gz\nshape = 4\nclasses = 3\n[linear]\nunits = 3\n"
                        "[softmax]\n";
    assert_int_equal(open_text(&job, plain, false, &d, &e), 0);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        assert_int_equal(job_pass(&job, passes[i][0]), passes[i][1]);
    job.train.chunk = 100;
    assert_int_equal(job_pass(&job, 99), 99);
    assert_int_equal(job_pass(&job, 7291), 100);
    job_free(&job);
    const char *mixing = "[data]\ntrain = t.gz\nshape = 4\nclasses = 3\n[linear]\nunits = 3\n"
                         "[batchnorm]\n[softmax]\n";
    assert_int_equal(open_text(&job, mixing, false, &d, &e), 0);
    assert_int_equal(job_pass(&job, 7291), 7291);
    job_free(&job);
}

/* ---- what is wrong ----------------------------------------------------------------------------
 */

static void expect_problem(const char *text, bool load, const char *want)
{
    struct job job;
    struct diag d;
    struct err e;
    size_t live = mem_live();
    assert_int_equal(open_text(&job, text, load, &d, &e), -1);
    assert_int_equal(e.kind, ERR_NET);
    diag_sort(&d);
    assert_string_equal(d.total ? d.msg[0].text : e.msg, want);
    job_free(&job);
    assert_int_equal(mem_live(), live);
}

static void data_that_differ_from_what_is_stated(void **state)
{
    (void)state;
    const char *net = "[data]\ngenerator = digits\nsamples = 20\n%s\n[linear]\nunits = 10\n"
                      "[softmax]\n";
    char text[300];
    snprintf(text, sizeof text, net, "shape = 1x8x8");
    expect_problem(text, true,
                   "net.ini:4: [data] shape = 1x8x8, but generator digits gives 1x16x16");
    snprintf(text, sizeof text, net, "classes = 7");
    expect_problem(text, true, "net.ini:4: [data] classes = 7, but generator digits gives 10");
    snprintf(text, sizeof text, net, "shape = 1x16x16\nclasses = 10");
    struct job job;
    struct diag d;
    struct err e;
    if (open_text(&job, text, true, &d, &e))
        fail_with(&d, &e);
    assert_true(job.loaded);
    job_free(&job);
    if (open_text(&job, text, false, &d, &e))
        fail_with(&d, &e);
    assert_false(job.loaded);
    job_free(&job);
}

static void a_summary_counts_them(void **state)
{
    (void)state;
    struct job job;
    struct diag d;
    struct err e;
    assert_int_equal(open_text(&job, "[data\n", false, &d, &e), -1);
    assert_string_equal(e.msg, "net.ini has 1 error");
    job_free(&job);
    assert_int_equal(open_text(&job, "x\ny\n", false, &d, &e), -1);
    assert_string_equal(e.msg, "net.ini has 4 errors");
    job_free(&job);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] =
        "[data]\ngenerator = gaussians\nsamples = 8\nvalidation = 0.5\nmean = "
        "1\nstd = 2\n[linear a]\nunits = 3\n[relu]\n[add]\nfrom = a, relu_1\n"
        "[dropout]\n[linear]\nunits = 2\n[softmax]\n[optimizer]\ntype = "
        "adam\n[schedule]\ntype = exponential\ngamma = 0.9\n";
    size_t live = mem_live();
    for (long n = 1;; n++) {
        struct job job;
        struct diag d;
        struct err e;
        struct text out = {0};
        const char *sets[] = {"a.units=5", "train.batch=2"};
        const struct job_source source = {
            .path = "net.ini", .text = text, .sets = sets, .n_sets = 2, .load_data = true};
        d = (struct diag){0};
        e = (struct err){0};
        mem_fail_at(n);
        bool ok = job_open(&job, &source, &d, &e) == 0 && job_write(&job, &out, &e) == 0;
        job_free(&job);
        mem_free(out.s);
        assert_int_equal(mem_live(), live);
        if (!mem_failed()) {
            mem_fail_at(0);
            if (!ok)
                fail_with(&d, &e);
            assert_true(n > 100);
            break;
        }
        assert_false(ok);
        assert_int_equal(d.total, 0);
        if (e.kind != ERR_INTERNAL)
            fail_msg("allocation %ld: %s", n, e.msg);
    }
}

/* ---- tables -----------------------------------------------------------------------------------
 */

/* A row that says what a reader needs and whose default is a value that it allows. */
/* Which parameters weight decay reaches: weight, then bias. */
static void expect_decay(const char *line, bool weight, bool bias)
{
    struct diag d;
    struct err e;
    struct job job;
    char text[256];
    snprintf(text, sizeof text, "[data]\ngenerator = gaussians\n[linear]\nunits = 2\n%s[softmax]\n",
             line);
    if (open_text(&job, text, false, &d, &e))
        fail_with(&d, &e);
    assert_int_equal(job.net->layers[1].params[0].decay, weight);
    assert_int_equal(job.net->layers[1].params[1].decay, bias);
    job_free(&job);
}

static void decay_may_spare_biases(void **state)
{
    (void)state;
    expect_decay("", true, true);
    expect_decay("decay = no\n", false, false);
    expect_decay("decay = weights\n", true, false);
}

static void check_row(const char *owner, const struct opt *o)
{
    _Alignas(16) char conf[4096] = {0};
    struct err e = {0};
    struct diag d = {0};
    char text[300], value[200];
    if (!o->help || !*o->help || o->help[strlen(o->help) - 1] == '.')
        fail_msg("%s: %s: help is missing or ends with a full stop", owner, o->name);
    if (strlen(o->name) > NETFILE_NAME_MAX ||
        strspn(o->name, "abcdefghijklmnopqrstuvwxyz_0123456789") != strlen(o->name))
        fail_msg("%s: %s is no name of a key", owner, o->name);
    if (o->flags & OPT_REQUIRED && o->def)
        fail_msg("%s: %s is required and has a default", owner, o->name);
    struct opt row[] = {*o, OPT_END};
    row[0].offset = 0;
    row[0].flags &= ~OPT_REQUIRED;
    if (opt_defaults(row, conf, &e))
        fail_msg("%s: %s: %s", owner, o->name, e.msg);
    assert_true((size_t)opt_print(row, conf, value, sizeof value) < sizeof value);
    opt_free(row, conf);
    if (o->flags & OPT_REQUIRED || !*value)
        return;
    snprintf(text, sizeof text, "[x]\n%s = %s\n", o->name, value);
    struct netfile *nf = netfile_parse("f", text, strlen(text), &d, &e);
    assert_non_null(nf);
    assert_int_equal(opt_read(nf, nf->sections, &(struct opt_target){row, conf}, 1, &d, &e), 0);
    if (d.total)
        fail_msg("%s: the default: %s", owner, d.msg[0].text);
    opt_free(row, conf);
    netfile_free(nf);
}

static int check_table(const char *owner, const struct opt *table)
{
    int n = 0;
    for (const struct opt *o = table; o && o->name; o++) {
        check_row(owner, o);
        for (const struct opt *other = table; other < o; other++)
            if (strcmp(other->name, o->name) == 0)
                fail_msg("%s: %s stands twice in its table", owner, o->name);
        n++;
    }
    return n;
}

static void tables_are_sound(void **state)
{
    (void)state;
    int n = check_table("data", data_opts) + check_table("train", train_opts) +
            check_table("schedule", schedule_opts) + check_table("layers", layer_common_opts) +
            check_table("layers", layer_param_opts);
    for (int i = 0; layer_registry[i]; i++)
        n += check_table(layer_registry[i]->name, layer_registry[i]->opts);
    for (int i = 0; loss_registry[i]; i++)
        n += check_table(loss_registry[i]->name, loss_registry[i]->opts);
    for (int i = 0; optim_registry[i]; i++)
        n += check_table(optim_registry[i]->name, optim_registry[i]->opts);
    for (int i = 0; schedule_types[i]; i++)
        n += check_table(schedule_types[i], schedule_type_opts[i]);
    assert_true(n > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolved_files_resolve_to_themselves),
        cmocka_unit_test(every_key_survives),
        cmocka_unit_test(passes_of_a_batch),
        cmocka_unit_test(data_that_differ_from_what_is_stated),
        cmocka_unit_test(a_summary_counts_them),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(decay_may_spare_biases),
        cmocka_unit_test(tables_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
