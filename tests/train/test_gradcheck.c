/* The gradient check must pass what is right and find what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "train/gradcheck.h"

#include <math.h>
#include <string.h>

#define N 7

/* y[i] = x[i]^2 + x[0], or |x[i] - kink|. */
struct fn {
    real x[N], y[N], w[N], g[N];
    real kink;
};

static void squares(void *arg)
{
    struct fn *f = arg;
    for (int i = 0; i < N; i++)
        f->y[i] = f->x[i] * f->x[i] + f->x[0];
}

static void corners(void *arg)
{
    struct fn *f = arg;
    for (int i = 0; i < N; i++)
        f->y[i] = f->x[i] > f->kink ? f->x[i] - f->kink : f->kink - f->x[i];
}

static void fill(struct fn *f)
{
    real sum = 0;
    for (int i = 0; i < N; i++) {
        f->x[i] = (real)(i - 3) / 2;
        f->w[i] = (real)(i + 1) / N;
        f->g[i] = 2 * f->x[i] * f->w[i];
        sum += f->w[i];
    }
    f->g[0] += sum;
}

static struct gradcheck_row check(struct fn *f, void (*eval)(void *), struct gradcheck *g)
{
    struct err e = {0};
    struct rng rng = rng_stream(1, "test", "", 0);
    const struct gradcheck_fn fn = {eval, f, f->y, f->w, N};
    real before[N];
    memcpy(before, f->x, sizeof before);
    assert_int_equal(gradcheck_tensor(g, "part", "x", &fn, f->x, f->g, N, 50, &rng, &e), 0);
    assert_memory_equal(before, f->x, sizeof before);
    return g->rows[g->n - 1];
}

static void right_gradient_passes(void **state)
{
    (void)state;
    struct gradcheck g = {0};
    struct fn f = {0};
    fill(&f);
    struct gradcheck_row r = check(&f, squares, &g);
    assert_true(r.ok);
    assert_int_equal(r.checked, N);
    assert_int_equal(r.size, N);
    assert_string_equal(r.part, "part");
    assert_string_equal(r.tensor, "x");
    assert_int_equal(g.wrong, 0);
    gradcheck_free(&g);
}

static void wrong_gradient_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        struct gradcheck g = {0};
        struct fn f = {0};
        fill(&f);
        f.g[i] += (real)(10 * GRADCHECK_LIMIT * 3);
        assert_false(check(&f, squares, &g).ok);
        assert_int_equal(g.wrong, 1);
        gradcheck_free(&g);
    }
}

static void nan_is_wrong(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        struct gradcheck g = {0};
        struct fn f = {0};
        fill(&f);
        f.g[i] = (real)NAN;
        struct gradcheck_row r = check(&f, squares, &g);
        assert_false(r.ok);
        assert_true(isnan(r.error));
        gradcheck_free(&g);
    }
}

static void kinks_are_stepped_around(void **state)
{
    (void)state;
    struct gradcheck g = {0};
    struct fn f = {0};
    fill(&f);
    /* nearer to one point than the first step */
    f.kink = f.x[4] - (real)(sizeof(real) == 8 ? 3e-6 : 2e-3);
    for (int i = 0; i < N; i++)
        f.g[i] = f.x[i] > f.kink ? f.w[i] : -f.w[i];
    assert_true(check(&f, corners, &g).ok);
    f.g[4] = -f.g[4];
    assert_false(check(&f, corners, &g).ok);
    gradcheck_free(&g);
}

static void open_job(struct job *job, const char *text)
{
    struct err e = {0};
    struct diag d = {0};
    const struct job_source source = {.path = "test.ini", .text = text};
    if (job_open(job, &source, &d, &e))
        fail_msg("%s", d.total ? d.msg[0].text : e.msg);
}

/* Every registered layer and loss is checked by `diynn check` on nets like these. */
static const char *const nets[] = {
    "[data]\ngenerator=gaussians\nshape=5\nclasses=3\n[linear]\nunits=4\n[relu]\n[dropout]\n"
    "rate=0.4\n[linear]\nunits=3\n[softmax]\n[loss]\ntype=cross_entropy\n",
    "[data]\ngenerator=gaussians\nshape=2x3x4\nclasses=2\n[tanh t]\n[flatten]\n[linear a]\n"
    "units=5\n[sigmoid s]\n[add]\nfrom=a,s,s\n[concat]\nfrom=add_1,flatten_1\n[linear]\nunits=1\n"
    "[sigmoid]\n[loss]\ntype=binary_cross_entropy\n",
    "[data]\ngenerator=gaussians\nshape=3x1x2\ntarget=input\n[linear]\nunits=4\nfreeze=yes\n"
    "[tanh]\n[linear]\nunits=6\n[loss]\ntype=mse\nreduction=sum\n",
};

static void nets_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct err e = {0};
        struct job job;
        struct gradcheck g = {0};
        open_job(&job, nets[i]);
        assert_int_equal(gradcheck_run(&g, &job, 1 + i, &e), 0);
        for (size_t r = 0; r < g.n; r++)
            if (!g.rows[r].ok)
                print_message("net %zu: %s %s: %g\n", i, g.rows[r].part, g.rows[r].tensor,
                              g.rows[r].error);
        assert_int_equal(g.wrong, 0);
        assert_true(g.n > 6);
        gradcheck_free(&g);
        job_free(&job);
    }
}

static bool has(const struct gradcheck *g, const char *part, const char *tensor)
{
    for (size_t r = 0; r < g->n; r++)
        if (!strcmp(g->rows[r].part, part) && !strcmp(g->rows[r].tensor, tensor))
            return true;
    return false;
}

static void everything_is_covered(void **state)
{
    (void)state;
    struct err e = {0};
    struct job job;
    struct gradcheck g = {0};
    open_job(&job, nets[1]);
    assert_int_equal(gradcheck_run(&g, &job, 1, &e), 0);
    assert_true(has(&g, "t", "input"));
    assert_true(has(&g, "a", "weight"));
    assert_true(has(&g, "a", "bias"));
    assert_true(has(&g, "add_1", "input a"));
    assert_true(has(&g, "add_1", "input s"));
    assert_true(has(&g, "s", "input"));
    assert_true(has(&g, "loss", "outputs"));
    assert_true(has(&g, "net", "a.weight"));
    assert_true(has(&g, "net (fused)", "linear_2.bias"));
    gradcheck_free(&g);
    job_free(&job);
}

static void lack_of_memory_is_an_error(void **state)
{
    (void)state;
    struct job job;
    open_job(&job, nets[0]);
    size_t live = mem_live();
    for (long n = 1;; n++) {
        struct err e = {0};
        struct gradcheck g = {0};
        mem_fail_at(n);
        int rc = gradcheck_run(&g, &job, 1, &e);
        bool failed = mem_failed();
        mem_fail_at(0);
        gradcheck_free(&g);
        assert_int_equal(mem_live(), live);
        if (!failed) {
            assert_int_equal(rc, 0);
            break;
        }
        assert_int_equal(rc, -1);
        assert_int_equal(e.kind, ERR_INTERNAL);
    }
    job_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_gradient_passes),
        cmocka_unit_test(wrong_gradient_is_found),
        cmocka_unit_test(nan_is_wrong),
        cmocka_unit_test(kinks_are_stepped_around),
        cmocka_unit_test(nets_pass),
        cmocka_unit_test(everything_is_covered),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
