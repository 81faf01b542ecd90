/* Tests of train/evaluate.c and train/forward.c: further files for a net, places of classes, and
 * outputs that are the same however the net is planned. */
#include "tmp.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"
#include "train/forward.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static const char table[] = "a,b,kind\n0,1,x\n2,1,y\n0,-1,y\n1,1,z\n2,3,x\n";
static const char net[] = "[data]\ntrain = t.csv\nnormalize = standard\n"
                          "[linear a]\nunits = 4\n[tanh]\n[linear]\nunits = 3\n[softmax]\n";

static struct blob made; /* a checkpoint of that net, with its starting weights */

static int open_job(struct job *job, const char *text)
{
    static struct diag d;
    struct err e = {0};
    memset(&d, 0, sizeof d);
    const struct job_source source = {.path = "net.ini", .text = text, .load_data = true};
    if (job_open(job, &source, &d, &e))
        fail_msg("%s %s", e.msg, d.msg[0].text);
    return 0;
}

static struct blob make_point(const char *text)
{
    struct err e = {0};
    struct job job;
    struct blob out = {0};
    open_job(&job, text);
    struct team *team = team_new(1, &e);
    const struct net_plan plan = {.batch = 1};
    const struct position at = {.epoch = 1};
    assert_int_equal(net_allocate(job.net, &plan, team, kernels_get(NULL), &e), 0);
    assert_int_equal(net_init(job.net, 1, &e), 0);
    assert_int_equal(checkpoint_make(&out, &job, &at, false, &e), 0);
    job_free(&job);
    team_free(team);
    return out;
}

static int set_up(void **state)
{
    if (tmp_setup(state))
        return -1;
    tmp_text("t.csv", table);
    made = make_point(net);
    return 0;
}

static int tear_down(void **state)
{
    blob_free(&made);
    return tmp_teardown(state);
}

/* A net out of a checkpoint. */
struct opened {
    struct checkpoint point;
    struct job job;
    struct team *team;
};

static int open_point(struct opened *o, const struct blob *b, enum evaluate_plan how, int threads,
                      struct err *e)
{
    *o = (struct opened){0};
    struct blob copy = {mem_strndup(b->data, b->size, e), b->size};
    if (!copy.data || checkpoint_parse(&o->point, "point", &copy, e) ||
        checkpoint_job(&o->point, &o->job, false, e) || !(o->team = team_new(threads, e)))
        return -1;
    return evaluate_prepare(&o->job, &o->point, how, o->team, kernels_get(NULL), e);
}

static void close_point(struct opened *o)
{
    job_free(&o->job);
    team_free(o->team);
    checkpoint_free(&o->point);
}

static int read_file(struct opened *o, const char *path, bool need_targets, struct err *e)
{
    const struct evaluate_source from = {path, "", "", need_targets};
    return evaluate_file(&o->job, &o->point, &from, e);
}

/* What forward_part shows, all layers after each other. */
struct seen {
    const struct net *net;
    real value[20][16];
    size_t n;
};

static void see(void *arg, size_t first, int n)
{
    struct seen *s = arg;
    assert_int_equal(first, s->n);
    for (int i = 0; i < n; i++, s->n++) {
        size_t at = 0;
        for (int l = 0; l < s->net->n_layers; l++)
            for (size_t j = 0, k = shape_size(s->net->layers[l].out); j < k; j++)
                s->value[s->n][at++] = s->net->layers[l].y[(size_t)i * k + j];
    }
}

/* Every layer's outputs, computed here one after the other, are what keep_all shows; the input is
 * normalized as the training data were. */
static void test_all_layers(void **state)
{
    (void)state;
    struct err e = {0};
    struct opened o;
    struct seen s = {0};
    assert_int_equal(open_point(&o, &made, EVALUATE_KEEP_ALL, 1, &e), 0);
    assert_int_equal(read_file(&o, "t.csv", true, &e), 0);
    s.net = o.job.net;
    forward_part(&o.job, &o.job.samples.test, o.team, see, &s);
    assert_int_equal(s.n, 5);
    const real *x = s.value[1]; /* input 2, a 4, tanh 4, linear 3, softmax 3 */
    double mean = 1, deviation = sqrt((1 + 1 + 1 + 0 + 1) / 5.0), sum = 0;
    assert_true(fabs((double)x[0] - (2 - mean) / deviation) < 1e-6);
    const struct layer *a = net_layer(o.job.net, "a");
    for (int j = 0; j < 4; j++) {
        const struct param *w = &a->params[0];
        double v = 0;
        for (size_t i = 0; i < 2; i++)
            v += (double)w->w[param_index(w, (size_t)j * 2 + i)] * (double)x[i];
        assert_true(fabs((double)x[2 + j] - v) < 1e-5);
        assert_true(fabs((double)x[6 + j] - tanh(v)) < 1e-5);
    }
    for (int j = 0; j < 3; j++)
        sum += (double)x[13 + j];
    assert_true(fabs(sum - 1) < 1e-6);
    close_point(&o);
}

static void only_output(void *arg, size_t first, int n)
{
    struct seen *s = arg;
    for (int i = 0; i < n; i++)
        memcpy(s->value[first + (size_t)i], s->net->output->y + 3 * i, 3 * sizeof(real));
    s->n += (size_t)n;
}

static void test_same_bits(void **state)
{
    (void)state;
    struct seen want = {0};
    for (int how = EVALUATE_FUSED; how <= EVALUATE_KEEP_ALL; how++)
        for (int threads = 1; threads <= 3; threads++) {
            struct err e = {0};
            struct opened o;
            struct seen s = {0};
            assert_int_equal(open_point(&o, &made, (enum evaluate_plan)how, threads, &e), 0);
            assert_int_equal(read_file(&o, "t.csv", true, &e), 0);
            s.net = o.job.net;
            forward_part(&o.job, &o.job.samples.test, o.team, only_output, &s);
            assert_int_equal(s.n, 5);
            if (!want.n)
                want = s;
            assert_memory_equal(s.value, want.value, sizeof s.value);
            close_point(&o);
        }
}

static void test_further_files(void **state)
{
    (void)state;
    struct err e = {0};
    struct opened o;
    assert_int_equal(open_point(&o, &made, EVALUATE_FUSED, 1, &e), 0);
    tmp_text("some.csv", "kind,b,a\nz,1,0\nx,2,3\n");
    assert_int_equal(read_file(&o, "some.csv", true, &e), 0);
    assert_int_equal(o.job.samples.test.n, 2);
    assert_int_equal(o.job.samples.test_file.label[0], 2); /* the net's numbers */
    assert_int_equal(o.job.samples.test_file.label[1], 0);
    tmp_text("bare.csv", "a,b\n0,1\n5,7\n1,1\n");
    assert_int_equal(read_file(&o, "bare.csv", false, &e), 0); /* takes the other one's place */
    assert_int_equal(o.job.samples.test.n, 3);
    assert_null(o.job.samples.test_file.label);
    assert_int_equal(read_file(&o, "bare.csv", true, &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_int_equal(o.job.samples.test.n, 0);
    static const struct {
        const char *text, *message;
    } wrong[] = {{"a,b,kind\n1,1,q\n", "'q'"}, {"1,2,3,4\n", "w.csv"}, {"", "w.csv"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err bad = {0};
        tmp_text("w.csv", wrong[i].text);
        assert_int_equal(read_file(&o, "w.csv", false, &bad), -1);
        assert_int_equal(bad.kind, ERR_DATA);
        assert_non_null(strstr(bad.msg, wrong[i].message));
    }
    close_point(&o);
}

/* A file may have more or fewer values to learn than the net gives: nothing may be read past them.
 */
static void test_number_of_values(void **state)
{
    (void)state;
    struct opened o;
    struct err e = {0};
    tmp_text("v.csv", "a,y,z\n1,2,3\n2,3,5\n");
    struct blob b = make_point("[data]\ntrain = v.csv\ntarget = value\ntarget_columns = y, z\n"
                               "[linear]\nunits = 2\n[loss]\ntype = mse\n");
    assert_int_equal(open_point(&o, &b, EVALUATE_FUSED, 1, &e), 0);
    struct eval_result r;
    assert_int_equal(read_file(&o, "v.csv", true, &e), 0);
    assert_int_equal(evaluate_part(&o.job, &o.job.samples.test, o.team, NULL, &r, NULL, &e), 0);
    assert_int_equal(r.n, 2);
    assert_true(isfinite(r.rmse) && isnan(r.accuracy));
    tmp_text("l.libsvm", "1 1:3\n2 1:4\n");
    assert_int_equal(read_file(&o, "l.libsvm", true, &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_non_null(strstr(e.msg, "1 value to learn, but the network gives 2"));
    close_point(&o);
    blob_free(&b);
}

/* Places of classes agree with the decision, also between equals. */
static void test_ranks(void **state)
{
    (void)state;
    const struct loss l = {.ops = loss_find("cross_entropy"), .k = 4, .classes = 4};
    static const real rows[][4] = {{1, 3, 2, 0}, {5, 5, 5, 5}, {0, 1, 1, 0}, {-1, -2, -1, 7}};
    static const int want[][4] = {{2, 0, 1, 3}, {0, 1, 2, 3}, {2, 0, 1, 3}, {1, 3, 2, 0}};
    for (int i = 0; i < 4; i++)
        for (int c = 0; c < 4; c++) {
            assert_int_equal(loss_rank(&l, rows[i], c), want[i][c]);
            assert_int_equal(loss_decide(&l, rows[i]) == c, want[i][c] == 0);
        }
    const struct loss one = {.ops = loss_find("mse"), .k = 1, .classes = 2};
    const real x = (real)0.7;
    assert_int_equal(loss_rank(&one, &x, 1), 0);
    assert_int_equal(loss_rank(&one, &x, 0), 1);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct err e = {0};
        struct opened o;
        size_t live = mem_live();
        mem_fail_at(n);
        int r = open_point(&o, &made, EVALUATE_KEEP_ALL, 1, &e);
        if (r == 0)
            r = read_file(&o, "t.csv", true, &e);
        bool failed = mem_failed();
        mem_fail_at(0);
        close_point(&o);
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
        cmocka_unit_test(test_all_layers),    cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_further_files), cmocka_unit_test(test_number_of_values),
        cmocka_unit_test(test_ranks),         cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
