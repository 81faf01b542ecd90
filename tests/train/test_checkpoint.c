/* test_checkpoint.c - jobs and checkpoints: what is written comes back, what is altered is refused.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
    "[data]\n"
    "generator = gaussians\nsamples = 60\ntest_samples = 20\n"
    "normalize = standard\n"
    "[linear a]\nunits = 4\n[batchnorm n]\n[tanh]\n[linear b]\nunits = 4\n[tanh]\n"
    "[linear c]\nunits = 2\n[softmax]\n"
    "[optimizer]\ntype = adam\n";

static const struct position at = {
    .epoch = 3,
    .step = 7,
    .epoch_step = 1,
    .running = {.n = 5, .weight = 0x1.8p2, .loss_sum = 0x1.23456789abcdep-3, .hits = 2},
    .best_epoch = 2,
    .best_step = 5,
    .best_value = 0.1};

struct fixture {
    struct job job;
    struct team *team;
    struct blob bytes; /* a checkpoint of the job, with optimizer state */
};

static void open_job(struct job *job, const char *source)
{
    struct err e = {0};
    static struct diag d;
    d = (struct diag){0};
    const struct job_source src = {.path = "test.ini", .text = source, .load_data = true};
    if (job_open(job, &src, &d, &e))
        fail_msg("%s: %s", e.msg, d.msg[0].text);
}

static int set_up(void **state)
{
    struct err e = {0};
    struct fixture *f = mem_alloc(1, sizeof *f, &e);
    open_job(&f->job, text);
    f->team = team_new(2, &e);
    const struct net_plan plan = {.batch = 8,
                                  .train = true,
                                  .slots = optim_slots(&f->job.optim),
                                  .fuse = true,
                                  .loss_act = job_loss_act(&f->job)};
    assert_int_equal(net_allocate(f->job.net, &plan, f->team, kernels_get("ref"), &e), 0);
    assert_int_equal(net_init(f->job.net, 1, &e), 0);
    struct rng r = rng_stream(1, "test", "", 0);
    for (size_t i = 0; i < f->job.net->bytes_slots / sizeof(real); i++)
        ((real *)f->job.net->slab_slots)[i] = (real)rng_uniform(&r);
    struct layer *norm = net_layer(f->job.net, "n");
    for (int i = 0; i < norm->n_params; i++) /* buffers too */
        for (size_t j = 0; j < norm->params[i].size; j++)
            norm->params[i].w[j] = (real)rng_uniform(&r);
    assert_int_equal(checkpoint_make(&f->bytes, &f->job, &at, true, &e), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    blob_free(&f->bytes);
    team_free(f->team);
    job_free(&f->job);
    mem_free(f);
    return 0;
}

static struct blob copy_of(const struct blob *b, size_t size)
{
    struct err e = {0};
    struct blob c = {mem_strndup(b->data, size, &e), size};
    assert_non_null(c.data);
    return c;
}

/* Parses a copy; the message of the refusal, or "" */
static const char *refusal(const struct blob *b)
{
    static struct err e;
    struct checkpoint c;
    struct blob bytes = copy_of(b, b->size);
    e = (struct err){0};
    if (checkpoint_parse(&c, "x", &bytes, &e) == 0) {
        checkpoint_free(&c);
        return "";
    }
    assert_int_equal(e.kind, ERR_DATA);
    return e.msg;
}

static void comes_back(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct checkpoint c;
    struct job job;
    struct blob bytes = copy_of(&f->bytes, f->bytes.size), again;
    assert_int_equal(checkpoint_parse(&c, "x", &bytes, &e), 0);
    assert_memory_equal(&c.at, &at, sizeof at);
    assert_true(c.has_optimizer);
    assert_int_equal(checkpoint_job(&c, &job, true, &e), 0);
    const struct net_plan plan = {.batch = 3, .train = true, .slots = 2};
    assert_int_equal(net_allocate(job.net, &plan, f->team, kernels_get("ref"), &e), 0);
    assert_int_equal(checkpoint_load(&c, &job, true, &e), 0);
    assert_int_equal(checkpoint_make(&again, &job, &c.at, true, &e), 0);
    assert_int_equal(again.size, f->bytes.size);
    assert_memory_equal(again.data, f->bytes.data, again.size);
    blob_free(&again);
    job_free(&job);
    checkpoint_free(&c);
}

static void names_and_shapes(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct safetensors st;
    struct blob bytes = copy_of(&f->bytes, f->bytes.size);
    assert_int_equal(safetensors_parse(&st, "x", &bytes, &e), 0);
    const struct st_tensor *w = safetensors_find(&st, "a.weight");
    assert_non_null(w);
    assert_int_equal(w->nd, 2);
    assert_int_equal(w->dim[0], 4); /* out, in */
    assert_int_equal(w->dim[1], 2);
    assert_non_null(safetensors_find(&st, "c.bias"));
    assert_non_null(safetensors_find(&st, "optimizer.a.weight.exp_avg_sq"));
    assert_non_null(safetensors_find(&st, "data.mean"));
    assert_non_null(safetensors_find(&st, "data.std"));
    /* batch statistics have no optimizer state */
    assert_non_null(safetensors_find(&st, "n.running_mean"));
    assert_null(safetensors_find(&st, "optimizer.n.running_var.exp_avg"));
    assert_int_equal(st.n_tensors, 8 * 3 + 2 + 2);
    safetensors_free(&st);
}

/* Every byte of the tensors and of the metadata counts. */
static void altered_bytes(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->bytes.size; i++) {
        char *c = &f->bytes.data[i], old = *c;
        *c = (char)(old ^ 1);
        const char *why = refusal(&f->bytes);
        bool padding = old == ' '; /* at the header's end, and between JSON tokens */
        if (!*why && !padding)
            fail_msg("byte %zu (%c) may be altered", i, old);
        *c = old;
    }
}

static void cut_short(void **state)
{
    struct fixture *f = *state;
    for (size_t n = 0; n < f->bytes.size; n++) {
        struct blob b = copy_of(&f->bytes, n);
        assert_string_not_equal(refusal(&b), "");
        blob_free(&b);
    }
}

/* Two tensors of one shape exchanged: nothing but the checksum can tell. */
static void swapped_tensors(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct safetensors st;
    struct blob bytes = copy_of(&f->bytes, f->bytes.size);
    assert_int_equal(safetensors_parse(&st, "x", &bytes, &e), 0);
    const struct st_tensor *a = safetensors_find(&st, "b.weight");
    const struct st_tensor *b = safetensors_find(&st, "optimizer.b.weight.exp_avg");
    char tmp[16 * sizeof(real)];
    assert_int_equal(a->bytes, sizeof tmp);
    size_t at_a = (size_t)((const char *)a->data - st.file.data);
    size_t at_b = (size_t)((const char *)b->data - st.file.data);
    memcpy(tmp, f->bytes.data + at_a, sizeof tmp);
    memcpy(f->bytes.data + at_a, f->bytes.data + at_b, sizeof tmp);
    memcpy(f->bytes.data + at_b, tmp, sizeof tmp);
    assert_non_null(strstr(refusal(&f->bytes), "checksum"));
    safetensors_free(&st);
}

/* A checkpoint whose checksum is right, but which lacks or adds something, or lies. */
static const char *load_refusal(struct fixture *f, void (*change)(struct safetensors *))
{
    static struct err e;
    struct safetensors st;
    struct checkpoint c;
    struct job job = {0};
    struct blob bytes = copy_of(&f->bytes, f->bytes.size), made;
    e = (struct err){0};
    assert_int_equal(safetensors_parse(&st, "x", &bytes, &e), 0);
    change(&st);
    assert_int_equal(checkpoint_seal(&made, st.tensors, st.n_tensors, st.meta, st.n_meta, &e), 0);
    safetensors_free(&st);
    int r = checkpoint_parse(&c, "x", &made, &e);
    if (r == 0) {
        r = checkpoint_job(&c, &job, false, &e);
        job_free(&job);
        checkpoint_free(&c);
    }
    assert_int_equal(r, -1);
    assert_int_equal(e.kind, ERR_DATA);
    return e.msg;
}

static struct st_meta *meta(struct safetensors *st, const char *key)
{
    for (int i = 0; i < st->n_meta; i++)
        if (strcmp(st->meta[i].key, key) == 0)
            return &st->meta[i];
    fail_msg("no %s", key);
    return NULL;
}

static struct st_tensor *tensor(struct safetensors *st, const char *name)
{
    for (int i = 0; i < st->n_tensors; i++)
        if (strcmp(st->tensors[i].name, name) == 0)
            return &st->tensors[i];
    fail_msg("no %s", name);
    return NULL;
}

static void drop_tensor(struct safetensors *st)
{
    *tensor(st, "b.weight") = st->tensors[--st->n_tensors];
}
static void rename_tensor(struct safetensors *st)
{
    tensor(st, "b.weight")->name = "z.weight";
}
static void turn_tensor(struct safetensors *st)
{
    struct st_tensor *t = tensor(st, "a.weight");
    t->dim[0] = 2;
    t->dim[1] = 4;
}
static void flatten_tensor(struct safetensors *st)
{
    struct st_tensor *t = tensor(st, "a.weight");
    t->nd = 1;
    t->dim[0] = 8;
}
static void retype_tensor(struct safetensors *st)
{
    tensor(st, "a.bias")->dtype = sizeof(real) == 4 ? ST_I32 : ST_I64;
}
static void other_format(struct safetensors *st)
{
    meta(st, "format")->value = "pt";
}
static void other_version(struct safetensors *st)
{
    meta(st, "version")->value = "99";
}
static void no_net(struct safetensors *st)
{
    *meta(st, "net") = st->meta[--st->n_meta];
}
static void broken_net(struct safetensors *st)
{
    meta(st, "net")->value = "[data]\ngenerator = gaussians\n[linera]\n";
}
static void huge_net(struct safetensors *st)
{
    meta(st, "net")->value = "[data]\ngenerator = gaussians\nshape = 2\nclasses = 2\n"
                             "[linear a]\nunits = 1000000\n[linear b]\nunits = 1000000\n"
                             "[linear c]\nunits = 2\n[softmax]\n";
}
static void negative_epoch(struct safetensors *st)
{
    meta(st, "epoch")->value = "-1";
}
static void huge_step(struct safetensors *st)
{
    meta(st, "step")->value = "99999999999999999999999";
}
static void word_value(struct safetensors *st)
{
    meta(st, "best_value")->value = "good";
}

static void crafted(void **state)
{
    static const struct {
        void (*change)(struct safetensors *);
        const char *says;
    } cases[] = {{drop_tensor, "tensor 'b.weight' is missing"},
                 {rename_tensor, "tensor 'b.weight' is missing"},
                 {turn_tensor, "tensor 'a.weight' is not"},
                 {flatten_tensor, "tensor 'a.weight' is not"},
                 {retype_tensor, "tensor 'a.bias' is not"},
                 {other_format, "its format is 'pt'"},
                 {other_version, "version '99'"},
                 {no_net, "no 'net'"},
                 {broken_net, "did you mean 'linear'"},
                 {huge_net, "tensor 'a.weight' is not"},
                 {negative_epoch, "'epoch' is no number"},
                 {huge_step, "'step' is no number"},
                 {word_value, "'best_value' is no number"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = load_refusal(*state, cases[i].change);
        if (!strstr(why, cases[i].says))
            fail_msg("case %zu: '%s' does not say '%s'", i, why, cases[i].says);
    }
}

/* Each allocation of making, reading and loading fails once: an error, no leak. */
static void failing_allocations(void **state)
{
    struct fixture *f = *state;
    for (long n = 1;; n++) {
        size_t before = mem_live();
        struct err e = {0};
        struct checkpoint c = {0};
        struct job job = {0};
        struct blob made = {0};
        mem_fail_at(n);
        int r = checkpoint_make(&made, &f->job, &at, true, &e);
        if (r == 0 && (r = checkpoint_parse(&c, "x", &made, &e)) == 0)
            r = checkpoint_job(&c, &job, true, &e);
        bool happened = mem_failed();
        mem_fail_at(0);
        job_free(&job);
        checkpoint_free(&c);
        assert_int_equal(mem_live(), before);
        assert_int_equal(r, happened ? -1 : 0);
        if (!happened)
            break;
    }
}

/* The resolved file, read and written again, is itself. */
static void resolved_file(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct text a = {0}, b = {0};
    struct job job;
    assert_int_equal(job_write(&f->job, &a, &e), 0);
    open_job(&job, a.s);
    assert_int_equal(job_write(&job, &b, &e), 0);
    assert_string_equal(a.s, b.s);
    job_free(&job);
    mem_free(a.s);
    mem_free(b.s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(comes_back),      TEST(names_and_shapes),
                                       TEST(altered_bytes),   TEST(cut_short),
                                       TEST(swapped_tensors), TEST(crafted),
                                       TEST(resolved_file),   TEST(failing_allocations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
