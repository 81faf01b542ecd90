/* matmul.c - the rate of kernels->matmul. */
#include "bench.h"

#include "base/mem.h"

#include <math.h>

struct matmul_case {
    const struct product *p;
    struct matmul mm;
    const struct kernels *k;
    real *a, *b, *c, *scratch;
    size_t scratch_size; /* of a thread */
    double seconds;
};

static real *random_matrix(size_t n, uint64_t seed, struct err *e)
{
    real *x = mem_alloc(n, sizeof *x, e);
    if (x)
        fill_random(x, n, seed);
    return x;
}

struct matmul_case *matmul_new(const struct product *p, const struct bench_conf *conf,
                               struct err *e)
{
    struct matmul_case *c = mem_alloc(1, sizeof *c, e);
    if (!c)
        return NULL;
    size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k, line = MEM_ALIGN / sizeof(real);
    c->p = p;
    c->k = conf->k;
    c->seconds = conf->seconds;
    c->a = random_matrix(m * k, 1, e);
    c->b = random_matrix(k * n, 2, e);
    c->c = mem_alloc(m * n, sizeof *c->c, e);
    c->scratch_size = (conf->k->matmul_scratch + line - 1) / line * line;
    c->scratch = mem_alloc(c->scratch_size * BENCH_THREADS, sizeof *c->scratch, e);
    if (!c->a || !c->b || !c->c || !c->scratch) {
        matmul_free(c);
        return NULL;
    }
    c->mm = (struct matmul){.m = p->m,
                            .n = p->n,
                            .k = p->k,
                            .a = c->a,
                            .a_rs = p->ta ? 1 : p->k,
                            .a_cs = p->ta ? p->m : 1,
                            .b = c->b,
                            .b_rs = p->tb ? 1 : p->n,
                            .b_cs = p->tb ? p->k : 1,
                            .c = c->c,
                            .ldc = p->n};
    return c;
}

void matmul_free(struct matmul_case *c)
{
    if (!c)
        return;
    mem_free(c->a);
    mem_free(c->b);
    mem_free(c->c);
    mem_free(c->scratch);
    mem_free(c);
}

static void multiply(void *arg, struct team *team, int tid, int nt)
{
    const struct matmul_case *c = arg;
    struct matmul mm = c->mm;
    mm.queues = team_queues(team);
    mm.scratch = c->scratch + c->scratch_size * (size_t)tid;
    c->k->matmul(&mm, tid, nt);
}

double matmul_rate(struct matmul_case *c, struct team *team)
{
    struct kernel_call call = {multiply, c, 2.0 * c->p->m * c->p->n * c->p->k};
    return kernel_rate(&call, team, c->seconds);
}

int matmul_check(const struct matmul_case *c, struct err *e)
{
    const struct matmul *mm = &c->mm;
    const int places[][2] = {{0, 0}, {mm->m / 2, mm->n / 2}, {mm->m - 1, mm->n - 1}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        ptrdiff_t r = places[i][0], s = places[i][1];
        double want = 0, got = (double)mm->c[r * mm->ldc + s];
        for (ptrdiff_t p = 0; p < mm->k; p++)
            want += (double)mm->a[r * mm->a_rs + p * mm->a_cs] *
                    (double)mm->b[p * mm->b_rs + s * mm->b_cs];
        if (!(fabs(got - want) < 1e-3 * sqrt(mm->k)))
            return err_set(e, ERR_INTERNAL, "matmul %s is wrong: %g in place of %g", c->p->name,
                           got, want);
    }
    return 0;
}
