/* muon.c - momentum, orthogonalized by a Newton-Schulz iteration (Jordan et al. 2024), in PyTorch's
 * form. Of a matrix, outputs x inputs (of a convolution its inputs' taps side by side):
 *
 *     m = momentum m + g;  u = nesterov ? g + momentum m : m;
 *     X = u / |u|;  ns_steps times:  A = X X^T,  X = 3.4445 X - 4.775 A X + 2.0315 A A X;
 *     w -= lr weight_decay w + lr sqrt(max(1, outputs / inputs)) X.
 *
 * So all singular values of an update are near 1, whatever those of the gradient are. That is for
 * hidden matrices: vectors (biases, norms) and the matrices of the first and the last layer that
 * have any learn by sgd, at a rate of their own by lr_mult. */
#include "optim/optim.h"

#include <math.h>

struct muon_conf {
    double momentum;
    bool nesterov, normalize;
    int ns_steps;
};

#define FIELD(f) offsetof(struct muon_conf, f)

static const struct opt muon_opts[] = {
    {.name = "momentum",
     .type = OPT_FLOAT,
     .offset = FIELD(momentum),
     .def = "0.95",
     .min = 0,
     .max = 1,
     .flags = OPT_OPEN_MAX,
     .help = "share of the last update that is kept in the next"},
    {.name = "nesterov",
     .type = OPT_BOOL,
     .offset = FIELD(nesterov),
     .def = "yes",
     .help = "look ahead along the momentum"},
    {.name = "ns_steps",
     .type = OPT_INT,
     .offset = FIELD(ns_steps),
     .def = "5",
     .min = 1,
     .max = 100,
     .help = "steps of the iteration that makes an update orthogonal"},
    {.name = "normalize",
     .type = OPT_BOOL,
     .offset = FIELD(normalize),
     .def = "no",
     .help =
         "matrices are scaled to the norm sqrt(outputs) before each step: for layers that a norm "
         "stands behind"},
    OPT_END};

#define EPS 1e-7 /* added to a norm */

static void muon_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    const struct muon_conf *c = o->conf;
    (void)t;
    u->lr = (real)lr;
    u->momentum = (real)c->momentum;
    u->nesterov = c->nesterov;
    u->decoupled = true;
}

/* A parameter as it lies in memory, with its outputs first or last: rows x columns, of which the
 * smaller number is `side`. */
struct matrix {
    size_t rows, columns, side;
};

static struct matrix matrix_of(const struct param *p)
{
    size_t outputs = (size_t)p->dim[0], inputs = p->size / outputs;
    size_t side = outputs < inputs ? outputs : inputs;
    return p->order[0] == 0 ? (struct matrix){outputs, inputs, side}
                            : (struct matrix){inputs, outputs, side};
}

/* Numbers of an array, in whole cache lines. */
static size_t lines(size_t n)
{
    return (n + 15) / 16 * 16;
}

static size_t muon_work(const struct param *p)
{
    if (!p->hidden)
        return 0;
    struct matrix m = matrix_of(p);
    return lines(p->size) + 2 * lines(m.side * m.side);
}

/* x = the update's direction, of norm 1. */
static void blend(const struct param *p, const struct update *u, real *x, size_t lo, size_t hi)
{
    const real *g = p->g;
    real *m = p->slot[0];
    for (size_t i = lo; i < hi; i++) {
        m[i] = u->first ? g[i] : u->momentum * m[i] + g[i];
        x[i] = u->nesterov ? g[i] + u->momentum * m[i] : m[i];
    }
}

static void scale(real *x, double by, size_t lo, size_t hi)
{
    const real f = (real)by;
    for (size_t i = lo; i < hi; i++)
        x[i] *= f;
}

/* Numbers rs apart along a column, cs along a row. */
struct view {
    const real *at;
    size_t rs, cs;
};

/* c (m x n) = a b, over k; a barrier stands behind. */
static void multiply(const struct optim_thread *th, real *c, struct view a, struct view b, size_t m,
                     size_t n, size_t k)
{
    const struct matmul mm = {.m = (int)m,
                              .n = (int)n,
                              .k = (int)k,
                              .a = a.at,
                              .a_rs = (ptrdiff_t)a.rs,
                              .a_cs = (ptrdiff_t)a.cs,
                              .b = b.at,
                              .b_rs = (ptrdiff_t)b.rs,
                              .b_cs = (ptrdiff_t)b.cs,
                              .c = c,
                              .ldc = (ptrdiff_t)n,
                              .scratch = th->scratch,
                              .queues = th->team ? team_queues(th->team) : NULL};
    th->k->matmul(&mm, th->tid, th->nt);
    optim_wait(th);
}

/* One step of the iteration: to = P x with P = a + b A + c A A and A = x x^T, or, where x has more
 * rows than columns, to = x P with A = x^T x. gram, poly: side x side. */
static void newton_schulz(const struct matrix *m, const real *x, real *gram, real *poly, real *to,
                          const struct optim_thread *th)
{
    static const real a = (real)3.4445, b = (real)-4.775, c = (real)2.0315;
    const size_t side = m->side;
    const struct view rows = {x, m->columns, 1}, columns = {x, 1, m->columns};
    const struct view g = {gram, side, 1}, p = {poly, side, 1};
    const bool wide = m->rows < m->columns;
    multiply(th, gram, wide ? rows : columns, wide ? columns : rows, side, side,
             m->rows * m->columns / side);
    multiply(th, poly, g, g, side, side, side);
    size_t lo, hi;
    par_range(side, 1, th->tid, th->nt, &lo, &hi);
    for (size_t i = lo * side; i < hi * side; i++)
        poly[i] = b * gram[i] + c * poly[i];
    for (size_t i = lo; i < hi; i++)
        poly[i * side + i] += a;
    optim_wait(th);
    multiply(th, to, wide ? p : rows, wide ? rows : p, m->rows, m->columns, side);
}

static void muon_direction(const struct optim *o, struct param *p, const struct update *u,
                           const struct optim_thread *th)
{
    const struct muon_conf *c = o->conf;
    size_t lo, hi;
    if (!p->hidden)
        return;
    struct matrix m = matrix_of(p);
    real *other = th->work, *gram = other + lines(p->size);
    real *poly = gram + lines(m.side * m.side);
    real *x = c->ns_steps % 2 ? other : p->g, *to = c->ns_steps % 2 ? p->g : other;
    par_range(p->size, 16, th->tid, th->nt, &lo, &hi);
    blend(p, u, x, lo, hi);
    optim_wait(th);
    double norm = sqrt(optim_squares(x, p->size));
    double weights = c->normalize ? sqrt(optim_squares(p->w, p->size)) : 0;
    optim_wait(th);
    scale(x, 1 / (norm + EPS), lo, hi);
    if (c->normalize)
        scale(p->w, sqrt((double)p->dim[0]) / (weights + EPS), lo, hi);
    optim_wait(th);
    for (int i = 0; i < c->ns_steps; i++) {
        newton_schulz(&m, x, gram, poly, to, th);
        real *was = x;
        x = to;
        to = was;
    }
}

static void muon_update(const struct optim *o, struct param *p, const struct update *u,
                        const struct kernels *k, size_t lo, size_t hi)
{
    (void)o;
    if (!p->hidden) {
        k->sgd(p->w + lo, p->g + lo, p->slot[0] + lo, u, hi - lo);
        return;
    }
    double outputs = p->dim[0], inputs = (double)p->size / outputs;
    const real keep = 1 - u->lr * u->weight_decay;
    const real lr = u->lr * (real)sqrt(outputs > inputs ? outputs / inputs : 1);
    real *w = p->w;
    const real *x = p->g;
    for (size_t i = lo; i < hi; i++)
        w[i] = keep * w[i] - lr * x[i];
}

const struct optim_ops optim_muon = {
    .name = "muon",
    .help = "momentum made orthogonal, for hidden matrices; sgd for the rest",
    .lr_default = "0.02",
    .weight_decay_default = "0",
    .opts = muon_opts,
    .conf_size = sizeof(struct muon_conf),
    .n_slots = 1,
    .slot_name = {"momentum_buffer"},
    .begin = muon_begin,
    .work = muon_work,
    .direction = muon_direction,
    .update = muon_update,
};
