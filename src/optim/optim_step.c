/* optim_step.c - one update of all parameters: what is the same for every optimizer.
 *
 * In order, as a PyTorch loop has it: l1 belongs to the loss, so it is added to the gradient first;
 * clip_value bounds every number of the gradient; clip_norm scales all of them together
 * (torch.nn.utils.clip_grad_norm_: min(1, clip_norm / (norm + 1e-6))); the optimizer updates, its
 * weight decay included; the average of the weights follows (torch.optim.swa_utils.AveragedModel
 * with buffers: the first weights as they are, then ema * average + (1 - ema) * weights). Buffers
 * are averaged too: running statistics belong to the weights they were gathered with. */
#include "base/mem.h"
#include "optim/optim.h"

#include <math.h>
#include <string.h>

/* Work is dealt in pieces of 64 numbers (whole cache lines) over all parameters in a row, so that
 * every thread gets the same amount however the sizes of the parameters differ. Squares are summed
 * by pieces too: the sum is the same for any number of threads. */
#define PIECE 64
#define LANES 8

#define NORM_EPS 1e-6
#define SAM_EPS  1e-12

static bool is_updated(const struct param *p)
{
    return p->kind == PARAM_TRAINED && !p->frozen && p->g;
}

/* Pieces of parameter j of a layer; with `rest` none where the layer has updated it. */
static size_t param_pieces(const struct layer *l, int j, bool rest)
{
    const struct param *p = &l->params[j];
    bool done = rest && l->ops->flags & LAYER_UPDATES;
    return is_updated(p) && !done ? (p->size + PIECE - 1) / PIECE : 0;
}

static size_t net_pieces(const struct net *net, bool rest)
{
    size_t n = 0;
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            n += param_pieces(&net->layers[i], j, rest);
    return n;
}

/* One step as a thread sees it. */
struct share {
    const struct optim *o;
    struct net *net;
    struct step_update step;
    bool rest;
    real scale;    /* of all gradients */
    size_t lo, hi; /* its pieces, of the whole net */
};

/* Calls fn for the elements first .. last-1 of every parameter that lie in the share; `piece` is
 * the number of the first one's piece. */
static void each_part(struct share *s, void (*fn)(struct share *s, struct param *p, size_t piece,
                                                  size_t first, size_t last))
{
    size_t at = 0;
    for (int i = 0; i < s->net->n_layers && at < s->hi; i++)
        for (int j = 0; j < s->net->layers[i].n_params; j++) {
            struct param *p = &s->net->layers[i].params[j];
            size_t end = at + param_pieces(&s->net->layers[i], j, s->rest);
            size_t lo = s->lo > at ? s->lo : at, hi = s->hi < end ? s->hi : end;
            size_t last = (hi - at) * PIECE;
            if (lo < hi)
                fn(s, p, lo, (lo - at) * PIECE, last < p->size ? last : p->size);
            at = end;
        }
}

static void add_sign(real *restrict g, const real *restrict w, real l1, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g[i] += w[i] > 0 ? l1 : w[i] < 0 ? -l1 : 0;
}

static void clip(real *g, real most, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        real v = g[i] < -most ? -most : g[i];
        g[i] = v > most ? most : v;
    }
}

static void prepare(struct share *s, struct param *p, size_t piece, size_t first, size_t last)
{
    const struct optim_conf *c = &s->o->common;
    (void)piece;
    if (c->l1 > 0 && p->decay)
        add_sign(p->g + first, p->w + first, (real)c->l1, last - first);
    if (c->clip_value > 0)
        clip(p->g + first, (real)c->clip_value, last - first);
}

double optim_squares(const real *x, size_t n)
{
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (size_t j = 0; i < n; i++, j++)
        lane[j] += (double)x[i] * (double)x[i];
    for (size_t m = LANES / 2; m > 0; m /= 2)
        for (size_t j = 0; j < m; j++)
            lane[j] += lane[j + m];
    return lane[0];
}

static void measure(struct share *s, struct param *p, size_t piece, size_t first, size_t last)
{
    for (; first < last; first += PIECE, piece++)
        s->o->squares[piece] =
            optim_squares(p->g + first, last - first < PIECE ? last - first : PIECE);
}

/* The norm of all gradients. One barrier; every thread adds all pieces for itself, in their order.
 */
static double gradient_norm(struct share *s, size_t pieces, struct team *team, int tid)
{
    double sum = 0;
    each_part(s, measure);
    team_barrier(team, tid);
    for (size_t i = 0; i < pieces; i++)
        sum += s->o->squares[i];
    return sqrt(sum);
}

static void average(real *restrict avg, const real *restrict w, double ema, bool first, size_t n)
{
    const real rest = first ? 1 : (real)(1 - ema);
    for (size_t i = 0; i < n; i++)
        avg[i] += rest * (w[i] - avg[i]);
}

/* They are few and small: one thread does it. */
static void average_buffers(const struct share *s)
{
    for (int i = 0; i < s->net->n_layers; i++)
        for (int j = 0; j < s->net->layers[i].n_params; j++) {
            const struct param *p = &s->net->layers[i].params[j];
            if (p->kind == PARAM_BUFFER)
                average(optim_weights(s->o, p), p->w, s->o->common.ema, s->step.u.first, p->size);
        }
}

static void rescale(struct share *s, struct param *p, size_t piece, size_t first, size_t last)
{
    (void)piece;
    for (size_t i = first; i < last; i++)
        p->g[i] *= s->scale;
}

/* What optimizers do with parameters as a whole, barriers around it. */
static void direct(const struct share *s, struct team *team, int tid, int nt)
{
    struct net *net = s->net;
    const struct optim_thread th = {.k = net->k,
                                    .team = team,
                                    .tid = tid,
                                    .nt = nt,
                                    .scratch = net_scratch(net, tid),
                                    .work = s->o->work};
    optim_wait(&th);
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++) {
            struct param *p = &net->layers[i].params[j];
            const struct update u = param_update(p, &s->step);
            if (param_pieces(&net->layers[i], j, s->rest) > 0)
                s->o->ops->direction(s->o, p, &u, &th);
        }
    optim_wait(&th);
}

static void update(struct share *s, struct param *p, size_t piece, size_t first, size_t last)
{
    const struct optim *o = s->o;
    const struct update u = param_update(p, &s->step);
    (void)piece;
    if (u.rule == UPDATE_NONE)
        o->ops->update(o, p, &u, s->net->k, first, last);
    else
        param_step(p, &u, s->net->k, first, last);
    if (o->common.ema > 0)
        average(optim_weights(o, p) + first, p->w + first, o->common.ema, u.first, last - first);
}

bool optim_begin(const struct optim *o, uint64_t t, double lr, struct step_update *s)
{
    const struct optim_conf *c = &o->common;
    *s = (struct step_update){
        .u = {.rule = o->ops->rule, .first = t == 1}, .lr = lr, .weight_decay = c->weight_decay};
    o->ops->begin(o, t, lr, &s->u);
    return s->u.rule != UPDATE_NONE && c->l1 <= 0 && c->clip_value <= 0 && c->clip_norm <= 0 &&
           c->ema <= 0 && c->sam <= 0;
}

bool optim_is_sharp(const struct optim *o, uint64_t step, uint64_t per_epoch, uint64_t total)
{
    const struct optim_conf *c = &o->common;
    double last = c->sam_epochs * (double)per_epoch;
    return c->sam > 0 && (c->sam_epochs <= 0 || (double)step + last >= (double)total);
}

static void ascend(struct share *s, struct param *p, size_t piece, size_t first, size_t last)
{
    memcpy(s->o->origin + piece * PIECE, p->w + first, (last - first) * sizeof *p->w);
    for (size_t i = first; i < last; i++)
        p->w[i] += s->scale * p->g[i];
}

static void descend(struct share *s, struct param *p, size_t piece, size_t first, size_t last)
{
    memcpy(p->w + first, s->o->origin + piece * PIECE, (last - first) * sizeof *p->w);
}

void optim_ascend(const struct optim *o, struct net *net, struct team *team, int tid, int nt)
{
    struct share s = {.o = o, .net = net};
    size_t pieces = net_pieces(net, false);
    par_range(pieces, 1, tid, nt, &s.lo, &s.hi);
    s.scale = (real)(o->common.sam / (gradient_norm(&s, pieces, team, tid) + SAM_EPS));
    each_part(&s, ascend);
    team_barrier(team, tid);
}

void optim_descend(const struct optim *o, struct net *net, int tid, int nt)
{
    struct share s = {.o = o, .net = net};
    par_range(net_pieces(net, false), 1, tid, nt, &s.lo, &s.hi);
    each_part(&s, descend);
}

void optim_step(const struct optim *o, struct net *net, bool rest, uint64_t t, double lr,
                struct team *team, int tid, int nt)
{
    struct share s = {.o = o, .net = net, .rest = rest, .scale = 1};
    size_t pieces = net_pieces(net, rest);
    optim_begin(o, t, lr, &s.step);
    par_range(pieces, 1, tid, nt, &s.lo, &s.hi);
    if (o->common.l1 > 0 || o->common.clip_value > 0)
        each_part(&s, prepare);
    if (o->common.clip_norm > 0) {
        double scale = o->common.clip_norm / (gradient_norm(&s, pieces, team, tid) + NORM_EPS);
        s.scale = scale > 1 ? 1 : (real)scale;
        if (s.scale != 1)
            each_part(&s, rescale);
    }
    if (o->ops->direction)
        direct(&s, team, tid, nt);
    each_part(&s, update);
    if (o->common.ema > 0 && tid == 0)
        average_buffers(&s);
}

static size_t buffer_size(const struct param *p)
{
    return p->kind == PARAM_BUFFER ? p->size : 0;
}

/* decay = weights: vectors are marked as layers with decay = weights mark them. */
static void spare_vectors(const struct net *net)
{
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            net->layers[i].params[j].decay &= net->layers[i].params[j].nd > 1;
}

static bool is_matrix(const struct param *p)
{
    return p->kind == PARAM_TRAINED && p->nd > 1;
}

/* Matrices between those of the first and of the last layer that has any. */
static void mark_hidden(const struct net *net)
{
    int first = net->n_layers, last = 0;
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            if (is_matrix(&net->layers[i].params[j])) {
                first = i < first ? i : first;
                last = i;
            }
    for (int i = first + 1; i < last; i++)
        for (int j = 0; j < net->layers[i].n_params; j++)
            net->layers[i].params[j].hidden = is_matrix(&net->layers[i].params[j]);
}

/* Reals: what the parameter that needs most of them does. */
static size_t work_size(const struct optim *o, const struct net *net)
{
    size_t most = 0;
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++) {
            const struct param *p = &net->layers[i].params[j];
            size_t work = is_updated(p) ? o->ops->work(p) : 0;
            most = work > most ? work : most;
        }
    return most;
}

/* Sizes of a struct optim's arrays. */
struct room {
    size_t squares, origin, averages, work;
};

/* Of parameters that are marked. */
static struct room room_of(const struct optim *o, const struct net *net)
{
    const struct optim_conf *c = &o->common;
    struct room r = {0};
    size_t pieces = net_pieces(net, false);
    if (c->clip_norm > 0 || c->sam > 0)
        r.squares = pieces;
    if (c->sam > 0)
        r.origin = pieces * PIECE;
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; c->ema > 0 && j < net->layers[i].n_params; j++)
            r.averages += buffer_size(&net->layers[i].params[j]);
    if (o->ops->work)
        r.work = work_size(o, net);
    return r;
}

size_t optim_bytes(const struct optim *o, struct net *net)
{
    mark_hidden(net);
    const struct room r = room_of(o, net);
    return r.squares * sizeof *o->squares + (r.origin + r.averages + r.work) * sizeof(real);
}

static void place_averages(const struct optim *o, const struct net *net)
{
    real *at = o->averages;
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++) {
            struct param *p = &net->layers[i].params[j];
            if (p->kind == PARAM_BUFFER)
                p->slot[optim_slots(o) - 1] = at;
            at += buffer_size(p);
        }
}

int optim_allocate(struct optim *o, struct net *net, struct err *e)
{
    if (o->common.decay == OPTIM_DECAY_WEIGHTS)
        spare_vectors(net);
    mark_hidden(net);
    const struct room r = room_of(o, net);
    if ((r.squares && !(o->squares = mem_alloc(r.squares, sizeof *o->squares, e))) ||
        (r.origin && !(o->origin = mem_alloc(r.origin, sizeof *o->origin, e))) ||
        (r.work && !(o->work = mem_alloc(r.work, sizeof *o->work, e))))
        return -1;
    if (o->common.ema <= 0)
        return 0;
    if (!(o->averages = mem_alloc(r.averages, sizeof *o->averages, e)))
        return -1;
    place_averages(o, net);
    return 0;
}

void optim_swap(const struct optim *o, struct net *net)
{
    if (o->common.ema <= 0)
        return;
    for (int i = 0; i < net->n_layers; i++)
        for (int j = 0; j < net->layers[i].n_params; j++) {
            struct param *p = &net->layers[i].params[j];
            real **avg = &p->slot[optim_slots(o) - 1], *w = p->w;
            if (!*avg)
                continue;
            p->w = *avg;
            *avg = w;
        }
}
