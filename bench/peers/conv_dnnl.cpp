/* conv_dnnl.cpp - GFLOP/s of oneDNN 2.x's convolutions, over the cases of bench/conv_shapes.h:
 * bias and relu fused into the forward pass, all arrays in the layouts that oneDNN chooses, without
 * what it takes to get there. Of the algorithms that it has for a case (direct, Winograd, its own
 * choice) the fastest one counts. See peer.h for how it is talked to; a line is the name of a case.
 *
 *   OMP_NUM_THREADS=n conv_dnnl [SECONDS]      of a repetition, default 0.05 */
#include "../conv_shapes.h"
#include "peer.h"

#include <dnnl.hpp>
#include <sys/mman.h>

#include <cmath>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using desc = memory::desc;
using dims = memory::dims;
using tag = memory::format_tag;

static const auto f32 = memory::data_type::f32;
static engine eng(engine::kind::cpu, 0);
static stream strm(eng);
static double seconds = 0.05;

/* m's numbers in rows without gaps: nchw, oihw. */
static desc numbers(const memory &m)
{
    const dims n = m.get_desc().dims();
    return desc(n, f32, n.size() == 1 ? tag::x : tag::nchw);
}

/* Random numbers; what is large in huge pages, as diynn's arrays are. */
struct array {
    desc d;
    float *p = nullptr;
    memory m;

    explicit array(const desc &like) : d(like)
    {
        const size_t bytes = d.get_size();
        const size_t unit = bytes >= (size_t)4 << 20 ? (size_t)2 << 20 : 64;
        const size_t whole = (bytes + unit - 1) / unit * unit;
        p = (float *)aligned_alloc(unit, whole);
        if (!p)
            exit(1);
        if (unit > 64)
            madvise(p, whole, MADV_HUGEPAGE);
        m = memory(d, eng, p);
        std::vector<float> v(numbers(m).get_size() / sizeof(float));
        for (float &number : v)
            number = peer_random() - 0.5f;
        memory from(numbers(m), eng, v.data());
        reorder(from, m).execute(strm, from, m); /* what fills up blocks of channels is 0 then */
        strm.wait();
    }
    array(const array &) = delete;
    ~array()
    {
        free(p);
    }
};

static std::vector<float> plain(memory m)
{
    std::vector<float> v(numbers(m).get_size() / sizeof(float));
    memory to(numbers(m), eng, v.data());
    reorder(m, to).execute(strm, m, to);
    strm.wait();
    return v;
}

/* A pass by one algorithm. */
struct job {
    const conv_shape *s;
    const conv_pass pass;
    const desc dx, dw, db, dy;
    const dims step = {1, 1}, pad;
    primitive prim;
    array *x = nullptr, *w = nullptr, *b = nullptr, *y = nullptr; /* or their gradients */
    std::unordered_map<int, memory> args;

    job(const conv_shape *shape, conv_pass which, algorithm alg)
        : s(shape), pass(which), dx({s->n, s->c, s->h, s->w}, f32, tag::any),
          dw({s->oc, s->c, s->kh, s->kw}, f32, tag::any), db({s->oc}, f32, tag::x),
          dy({s->n, s->oc, conv_shape_oh(s), conv_shape_ow(s)}, f32, tag::any),
          pad({s->pad_h, s->pad_w})
    {
        if (pass == CONV_FWD)
            forward(alg);
        else if (pass == CONV_DX)
            backward_data(alg);
        else
            backward_weights(alg);
    }

    convolution_forward::desc forward_desc(algorithm alg)
    {
        return {prop_kind::forward_training, alg, dx, dw, db, dy, step, pad, pad};
    }

    void forward(algorithm alg)
    {
        primitive_attr relu;
        post_ops post;
        post.append_eltwise(1.f, algorithm::eltwise_relu, 0.f, 0.f);
        relu.set_post_ops(post);
        const convolution_forward::primitive_desc pd(forward_desc(alg), relu, eng);
        prim = convolution_forward(pd);
        use(pd.src_desc(), pd.weights_desc(), pd.dst_desc());
        args = {{DNNL_ARG_SRC, x->m},
                {DNNL_ARG_WEIGHTS, w->m},
                {DNNL_ARG_BIAS, b->m},
                {DNNL_ARG_DST, y->m}};
    }

    /* For the backward passes, whose forward pass may have another algorithm. */
    convolution_forward::primitive_desc hint()
    {
        return {forward_desc(algorithm::convolution_direct), eng};
    }

    void backward_data(algorithm alg)
    {
        const convolution_backward_data::primitive_desc pd({alg, dx, dw, dy, step, pad, pad}, eng,
                                                           hint());
        prim = convolution_backward_data(pd);
        use(pd.diff_src_desc(), pd.weights_desc(), pd.diff_dst_desc());
        args = {{DNNL_ARG_DIFF_SRC, x->m}, {DNNL_ARG_WEIGHTS, w->m}, {DNNL_ARG_DIFF_DST, y->m}};
    }

    void backward_weights(algorithm alg)
    {
        const convolution_backward_weights::primitive_desc pd({alg, dx, dw, db, dy, step, pad, pad},
                                                              eng, hint());
        prim = convolution_backward_weights(pd);
        use(pd.src_desc(), pd.diff_weights_desc(), pd.diff_dst_desc());
        args = {{DNNL_ARG_SRC, x->m},
                {DNNL_ARG_DIFF_WEIGHTS, w->m},
                {DNNL_ARG_DIFF_BIAS, b->m},
                {DNNL_ARG_DIFF_DST, y->m}};
    }

    job(const job &) = delete;
    ~job()
    {
        delete x;
        delete w;
        delete b;
        delete y;
    }

    void use(const desc &of_x, const desc &of_w, const desc &of_y)
    {
        x = new array(of_x);
        w = new array(of_w);
        b = new array(db);
        y = new array(of_y);
    }

    bool is_right();
};

static void run(void *arg)
{
    job *j = (job *)arg;
    j->prim.execute(strm, j->args);
    strm.wait();
}

/* One element in the middle. */
bool job::is_right()
{
    const int oh = conv_shape_oh(s), ow = conv_shape_ow(s);
    const int i = s->n / 2, o = s->oc / 2, c = s->c / 2, kh = s->kh / 2, kw = s->kw / 2;
    const std::vector<float> X = plain(x->m), W = plain(w->m), Y = plain(y->m);
    const auto at_x = [&](int n, int ch, int r, int q) {
        return r < 0 || r >= s->h || q < 0 || q >= s->w
                   ? 0.
                   : (double)X[(((size_t)n * s->c + ch) * s->h + r) * s->w + q];
    };
    const auto at_y = [&](int n, int ch, int r, int q) {
        return r < 0 || r >= oh || q < 0 || q >= ow
                   ? 0.
                   : (double)Y[(((size_t)n * s->oc + ch) * oh + r) * ow + q];
    };
    const auto at_w = [&](int out, int in, int r, int q) {
        return (double)W[(((size_t)out * s->c + in) * s->kh + r) * s->kw + q];
    };
    double want = 0, got;
    if (pass == CONV_DW) {
        for (int n = 0; n < s->n; n++)
            for (int p = 0; p < oh; p++)
                for (int q = 0; q < ow; q++)
                    want += at_y(n, o, p, q) * at_x(n, c, p - s->pad_h + kh, q - s->pad_w + kw);
        return std::fabs(want - at_w(o, c, kh, kw)) < 1e-1;
    }
    const int p = (pass == CONV_FWD ? oh : s->h) / 2, q = (pass == CONV_FWD ? ow : s->w) / 2;
    for (int r = 0; r < s->kh; r++)
        for (int t = 0; t < s->kw; t++)
            for (int k = 0; k < (pass == CONV_FWD ? s->c : s->oc); k++)
                want += pass == CONV_FWD
                            ? at_w(o, k, r, t) * at_x(i, k, p - s->pad_h + r, q - s->pad_w + t)
                            : at_w(k, c, r, t) * at_y(i, k, p + s->pad_h - r, q + s->pad_w - t);
    if (pass == CONV_FWD)
        want = std::fmax(0., want + (double)b->p[o]);
    got = pass == CONV_FWD ? at_y(i, o, p, q) : at_x(i, c, p, q);
    return std::fabs(want - got) < 1e-2;
}

/* By the fastest algorithm; NULL: there is none, or its result is wrong. */
static job *fastest(const conv_shape *s, conv_pass pass)
{
    job *best = nullptr;
    double most = 0;
    for (algorithm alg : {algorithm::convolution_direct, algorithm::convolution_winograd,
                          algorithm::convolution_auto}) {
        job *j;
        try {
            j = new job(s, pass, alg);
        } catch (const error &) {
            continue; /* not of this shape */
        }
        const double r = peer_rate(run, j, seconds);
        if (!j->is_right() || r <= most) {
            delete j;
            continue;
        }
        delete best;
        best = j;
        most = r;
    }
    return best;
}

static double rate(const char *line)
{
    static std::string at;
    static job *now;
    const std::string name = line;
    if (name != at) {
        delete now;
        now = nullptr;
        at = name;
        for (const conv_shape &s : conv_shapes)
            for (int pass = 0; pass < CONV_PASSES; pass++)
                if (name == std::string(s.name) + "." + conv_pass_names[pass])
                    now = fastest(&s, (conv_pass)pass);
    }
    if (!now)
        return -1;
    return 1e-9 * conv_shape_flops(now->s) * peer_rate(run, now, seconds);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seconds = atof(argv[1]);
    return peer_serve(rate);
}
