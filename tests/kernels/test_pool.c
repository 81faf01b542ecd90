/* Pooling of every instruction set against its definition: sizes, strides over the edge, padding,
 * equal and strange numbers, activations, any number of threads. */
#include "kernels/arrays.h"
#include "kernels/kernels.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX, AVG };

/* What a run gives. */
struct result {
    size_t nx, ny;
    real *y, *dx;
    int32_t *which;
};

static struct result run(const struct pool *shape, const struct kernels *k, int kind, bool special,
                         int nt)
{
    struct pool po = *shape;
    size_t pixels = (size_t)po.n * (size_t)po.c;
    struct result r = {.nx = pixels * (size_t)(po.h * po.w),
                       .ny = pixels * (size_t)(po.oh * po.ow)};
    real *x = array_new(r.nx), *dy = array_new(r.ny), *act = array_new(r.nx);
    r.y = array_new(r.ny);
    r.dx = array_new(r.nx);
    r.which = malloc((r.ny + 1) * sizeof *r.which);
    assert_non_null(r.which);
    r.which[r.ny] = 77;
    (special ? array_fill_special : array_fill)(x, r.nx, 1);
    for (size_t i = 0; !special && i < r.nx; i++)
        x[i] = (real)rint((double)x[i] * 2); /* many are equal */
    array_fill(dy, r.ny, 2);
    array_fill(act, r.nx, 3);
    if (po.dx_mode == GRAD_ADD)
        array_fill(r.dx, r.nx, 4);
    po.x = x;
    po.y = r.y;
    po.dy = dy;
    po.dx = r.dx;
    po.which = kind == MAX ? r.which : NULL;
    po.dact_y = po.dx_act == ACT_NONE ? NULL : kind == MAX ? r.y : act;
    for (int tid = 0; tid < nt; tid++)
        (kind == MAX ? k->max_pool : k->avg_pool)(&po, tid, nt);
    for (int tid = 0; tid < nt; tid++)
        (kind == MAX ? k->max_pool_backward : k->avg_pool_backward)(&po, tid, nt);
    assert_true(r.which[r.ny] == 77);
    assert_true(array_free(x, r.nx) && array_free(dy, r.ny) && array_free(act, r.nx));
    return r;
}

static void free_result(struct result *r)
{
    free(r->which);
    assert_true(array_free(r->y, r->ny) && array_free(r->dx, r->nx));
}

/* exact: the same bits */
static void compare(const struct pool *po, const char *who, const struct result *a,
                    const struct result *b, bool exact)
{
    for (size_t i = 0; i < a->nx + a->ny; i++) {
        real p = i < a->nx ? a->dx[i] : a->y[i - a->nx], q = i < a->nx ? b->dx[i] : b->y[i - a->nx];
        if (!(exact || p != p ? array_same(p, q)
                              : p == q || fabs((double)p - (double)q) <= 200 * (double)REAL_EPS))
            fail_msg("%s: %d x %dx%dx%d to %dx%d by %dx%d, stride %d %d, pad %d %d: %s %zu is %a, "
                     "not %a",
                     who, po->n, po->h, po->w, po->c, po->oh, po->ow, po->kh, po->kw, po->stride_h,
                     po->stride_w, po->pad_h, po->pad_w, i < a->nx ? "dx" : "y",
                     i < a->nx ? i : i - a->nx, (double)p, (double)q);
    }
}

static void check(const struct pool *po, const struct kernels *k, bool special)
{
    static const int threads[] = {1, 2, 3, 5};
    bool fused = strcmp(k->isa, "base") != 0;
    for (int kind = MAX; kind <= AVG; kind++) {
        bool exact = fused || kind == MAX;
        if (kind == AVG && special) /* infinities less infinities have NaN of any kind */
            continue;
        struct result want = run(po, kernels_get("ref"), kind, special, 1);
        struct result one = run(po, k, kind, special, 1);
        compare(po, k->isa, &one, &want, exact);
        if (kind == MAX)
            assert_memory_equal(one.which, want.which, one.ny * sizeof *one.which);
        for (int t = 1; t < 4; t++) {
            struct result r = run(po, k, kind, special, threads[t]);
            compare(po, "threads", &r, &one, true);
            free_result(&r);
        }
        free_result(&one);
        free_result(&want);
    }
}

static int lot(uint32_t *seed, int most)
{
    return 1 + (int)(array_random(seed) % (uint32_t)most);
}

/* Outputs along one direction, with less room behind now and then, as `same` has it. */
static int outputs(uint32_t *seed, int in, int k, int stride, int pad)
{
    int behind = pad > 0 && array_random(seed) % 2 ? pad - 1 : pad, room = in + pad + behind - k;
    return room < 0 ? 0 : room / stride + 1;
}

/* A pooling drawn by lot; false where it has no output. */
static bool draw(struct pool *po, uint32_t *seed)
{
    *po = (struct pool){.n = lot(seed, 5),
                        .h = lot(seed, 9),
                        .w = lot(seed, 9),
                        .c = lot(seed, 70),
                        .kh = lot(seed, 4),
                        .kw = lot(seed, 4),
                        .stride_h = lot(seed, 4),
                        .stride_w = lot(seed, 4)};
    if (lot(seed, 2) == 1) {
        po->stride_h = po->kh;
        po->stride_w = po->kw;
    }
    po->pad_h = (int)(array_random(seed) % (uint32_t)(po->kh / 2 + 1));
    po->pad_w = (int)(array_random(seed) % (uint32_t)(po->kw / 2 + 1));
    po->oh = outputs(seed, po->h, po->kh, po->stride_h, po->pad_h);
    po->ow = outputs(seed, po->w, po->kw, po->stride_w, po->pad_w);
    po->dx_mode = (enum grad_mode)(array_random(seed) % 2);
    po->dx_act = (enum act)(array_random(seed) % ACT_SOFTMAX);
    po->dx_act_param = (real)0.5;
    return po->oh > 0 && po->ow > 0;
}

static void drawn(void **state)
{
    (void)state;
    uint32_t seed = 5;
    for (int round = 0; round < 400;) {
        struct pool po;
        if (!draw(&po, &seed))
            continue;
        for (int i = 0; kernels_names[i]; i++)
            if (kernels_get(kernels_names[i]))
                check(&po, kernels_get(kernels_names[i]), round % 4 == 0);
        round++;
    }
}

/* By hand: a 2x3 image, windows of 2x2 with stride 1 and padding 1 on the left. */
static void by_hand(void **state)
{
    (void)state;
    const real x[] = {1, 5, 5, 2, 5, (real)NAN}, dy[] = {1, 10, 100};
    for (int i = 0; kernels_names[i]; i++) {
        const struct kernels *k = kernels_get(kernels_names[i]);
        real y[3], dx[6];
        int32_t which[3];
        struct pool po = {.n = 1, .h = 2, .w = 3, .c = 1, .oh = 1, .ow = 3, .kh = 2, .kw = 2};
        po.stride_h = po.stride_w = po.pad_w = 1;
        po.x = x;
        po.y = y;
        po.which = which;
        po.dy = dy;
        po.dx = dx;
        if (!k)
            continue;
        k->max_pool(&po, 0, 1);
        k->max_pool_backward(&po, 0, 1);
        assert_true(y[0] == 2 && y[1] == 5 && y[2] != y[2]);
        assert_true(which[0] == 3 && which[1] == 1 && which[2] == 3);
        const real want[] = {0, 10, 0, 1, 0, 100};
        assert_memory_equal(dx, want, sizeof want);
        k->avg_pool(&po, 0, 1);
        k->avg_pool_backward(&po, 0, 1);
        assert_true(y[0] == (real)1.5 && y[1] == (real)3.25 && y[2] != y[2]);
        const real means[] = {3, (real)27.5, 25, 3, (real)27.5, 25};
        assert_memory_equal(dx, means, sizeof means);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(drawn), cmocka_unit_test(by_hand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
