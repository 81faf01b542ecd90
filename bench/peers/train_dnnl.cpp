/* train_dnnl.cpp - a training step put together by hand from oneDNN 2.x primitives: layouts that
 * oneDNN chooses kept from layer to layer, activations fused into the forward pass, one loop of
 * updates. No product, but what the best kernels known allow. Batches are copied in order:
 * nothing is shuffled or counted. See peer.h for how it is talked to.
 *
 *   OMP_NUM_THREADS=n train_dnnl CASE THREADS [SECONDS]    CASE: A/100, B/all, C/128, D/128, E/32,
 *                                                          F/32, G/100 (the nets of bench/train.c)
 *   TRAIN_DNNL_N=n: only n samples, loss before and after on stderr, to see that it learns */
#include "peer.h"

#include <dnnl.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using desc = memory::desc;
using tag = memory::format_tag;

static const auto f32 = memory::data_type::f32;
static const auto NONE = algorithm::undef;
static const auto TANH = algorithm::eltwise_tanh_use_dst_for_bwd;
static const auto RELU = algorithm::eltwise_relu_use_dst_for_bwd;
static const auto SIGMOID = algorithm::eltwise_logistic_use_dst_for_bwd;

static engine eng(engine::kind::cpu, 0);
static stream strm(eng);

struct op {
    primitive p;
    std::unordered_map<int, memory> args;
};
using program = std::vector<op>;

struct param {
    memory w, g;
    std::vector<float> v; /* momentum */
};

/* The net: programs, parameters, and while it is built what the next layer reads (y). Each layer's
 * `back` appends its backward pass for the gradient `dy` and leaves that of its input there. */
static program forward_ops, backward_ops, gradient_ops;
static std::vector<param> params;
static memory y, dy;
static std::vector<std::function<void(memory)>> back;

static memory filled(const desc &d, float scale)
{
    memory m(d, eng);
    float *p = (float *)m.get_data_handle();
    for (size_t i = 0; i < d.get_size() / sizeof *p; i++)
        p[i] = scale * (peer_random() - 0.5f);
    return m;
}

/* m in the layout d, by a reorder if it has another. */
static memory in_layout(memory m, const desc &d, program &ops)
{
    if (m.get_desc() == d)
        return m;
    memory n(d, eng);
    ops.push_back({reorder(m, n), {{DNNL_ARG_FROM, m}, {DNNL_ARG_TO, n}}});
    return n;
}

static void add_params(memory w, memory b, memory gw, memory gb)
{
    params.push_back({w, in_layout(gw, w.get_desc(), gradient_ops), {}});
    params.push_back({b, gb, {}});
    for (size_t i = params.size() - 2; i < params.size(); i++)
        params[i].v.assign(params[i].w.get_desc().get_size() / sizeof(float), 0.f);
}

static memory act_backward(algorithm act, memory out, memory grad)
{
    if (act == NONE)
        return grad;
    const desc d = out.get_desc();
    eltwise_forward::primitive_desc hint({prop_kind::forward_training, act, d, 0.f, 0.f}, eng);
    eltwise_backward::primitive_desc pd({act, d, d, 0.f, 0.f}, eng, hint);
    grad = in_layout(grad, d, backward_ops);
    backward_ops.push_back(
        {eltwise_backward(pd),
         {{DNNL_ARG_DST, out}, {DNNL_ARG_DIFF_DST, grad}, {DNNL_ARG_DIFF_SRC, grad}}});
    return grad;
}

static primitive_attr fused(algorithm act)
{
    primitive_attr attr;
    if (act != NONE) {
        post_ops post;
        post.append_eltwise(1.f, act, 0.f, 0.f);
        attr.set_post_ops(post);
    }
    return attr;
}

/* ---- layers ---- */

/* A convolution of kh x kw with relu; size kept. */
static void conv(int filters, int kh, int kw, bool first)
{
    const auto in = y.get_desc().dims();
    const memory::dims st = {1, 1}, pad = {kh / 2, kw / 2};
    const auto alg = algorithm::convolution_direct;
    const desc s = first ? y.get_desc() : desc(in, f32, tag::any), b({filters}, f32, tag::x),
               w({filters, in[1], kh, kw}, f32, tag::any),
               d({in[0], filters, in[2], in[3]}, f32, tag::any);
    const convolution_forward::desc fd(prop_kind::forward_training, alg, s, w, b, d, st, pad, pad);
    const convolution_forward::primitive_desc fp(fd, fused(RELU), eng), hint(fd, eng);
    memory x = in_layout(y, fp.src_desc(), forward_ops), W = filled(fp.weights_desc(), 0.1f),
           B = filled(b, 0.f), Y = filled(fp.dst_desc(), 0.f);
    forward_ops.push_back(
        {convolution_forward(fp),
         {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, W}, {DNNL_ARG_BIAS, B}, {DNNL_ARG_DST, Y}}});
    const convolution_backward_weights::primitive_desc wp(
        {alg, first ? x.get_desc() : s, w, b, d, st, pad, pad}, eng, hint);
    memory gW = filled(wp.diff_weights_desc(), 0.f), gB = filled(b, 0.f);
    back.push_back([=](memory grad) {
        grad = act_backward(RELU, Y, grad);
        memory dw = in_layout(grad, wp.diff_dst_desc(), backward_ops),
               xw = in_layout(x, wp.src_desc(), backward_ops);
        backward_ops.push_back({convolution_backward_weights(wp),
                                {{DNNL_ARG_SRC, xw},
                                 {DNNL_ARG_DIFF_DST, dw},
                                 {DNNL_ARG_DIFF_WEIGHTS, gW},
                                 {DNNL_ARG_DIFF_BIAS, gB}}});
        if (first)
            return;
        const convolution_backward_data::primitive_desc dp({alg, s, w, d, st, pad, pad}, eng, hint);
        memory dd = in_layout(grad, dp.diff_dst_desc(), backward_ops),
               Wd = in_layout(W, dp.weights_desc(), backward_ops),
               dx = filled(dp.diff_src_desc(), 0.f);
        backward_ops.push_back(
            {convolution_backward_data(dp),
             {{DNNL_ARG_DIFF_DST, dd}, {DNNL_ARG_WEIGHTS, Wd}, {DNNL_ARG_DIFF_SRC, dx}}});
        dy = dx;
    });
    add_params(W, B, gW, gB);
    y = Y;
}

/* Maxima of kh x kw, side by side. */
static void pool(int kh, int kw)
{
    const auto in = y.get_desc().dims();
    const auto alg = algorithm::pooling_max;
    const memory::dims k = {kh, kw}, no = {0, 0};
    const desc s = y.get_desc(), d({in[0], in[1], in[2] / kh, in[3] / kw}, f32, tag::any);
    const pooling_forward::primitive_desc fp({prop_kind::forward_training, alg, s, d, k, k, no, no},
                                             eng);
    memory x = y, Y = filled(fp.dst_desc(), 0.f), where(fp.workspace_desc(), eng);
    forward_ops.push_back(
        {pooling_forward(fp), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, Y}, {DNNL_ARG_WORKSPACE, where}}});
    const pooling_backward::primitive_desc bp({alg, s, fp.dst_desc(), k, k, no, no}, eng, fp);
    back.push_back([=](memory grad) {
        memory dx = filled(bp.diff_src_desc(), 0.f);
        grad = in_layout(grad, bp.diff_dst_desc(), backward_ops);
        backward_ops.push_back(
            {pooling_backward(bp),
             {{DNNL_ARG_DIFF_DST, grad}, {DNNL_ARG_DIFF_SRC, dx}, {DNNL_ARG_WORKSPACE, where}}});
        dy = dx;
    });
    y = Y;
}

static void linear(int units, algorithm act, bool first, bool last)
{
    const auto in = y.get_desc().dims();
    memory::dims wd = in;
    wd[0] = units;
    const desc s = y.get_desc(), w(wd, f32, tag::any), b({units}, f32, tag::x),
               d({in[0], units}, f32, last ? tag::nc : tag::any);
    const inner_product_forward::desc fd(prop_kind::forward_training, s, w, b, d);
    const inner_product_forward::primitive_desc fp(fd, fused(act), eng), hint(fd, eng);
    memory x = in_layout(y, fp.src_desc(), forward_ops), W = filled(fp.weights_desc(), 0.1f),
           B = filled(b, 0.f), Y = filled(fp.dst_desc(), 0.f);
    forward_ops.push_back(
        {inner_product_forward(fp),
         {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, W}, {DNNL_ARG_BIAS, B}, {DNNL_ARG_DST, Y}}});
    const inner_product_backward_weights::primitive_desc wp({s, w, b, d}, eng, hint);
    memory gW = filled(wp.diff_weights_desc(), 0.f), gB = filled(b, 0.f);
    back.push_back([=](memory grad) {
        grad = act_backward(act, Y, grad);
        memory dw = in_layout(grad, wp.diff_dst_desc(), backward_ops),
               xw = in_layout(x, wp.src_desc(), backward_ops);
        backward_ops.push_back({inner_product_backward_weights(wp),
                                {{DNNL_ARG_SRC, xw},
                                 {DNNL_ARG_DIFF_DST, dw},
                                 {DNNL_ARG_DIFF_WEIGHTS, gW},
                                 {DNNL_ARG_DIFF_BIAS, gB}}});
        if (first)
            return;
        const inner_product_backward_data::primitive_desc dp({s, w, d}, eng, hint);
        memory dd = in_layout(grad, dp.diff_dst_desc(), backward_ops),
               Wd = in_layout(W, dp.weights_desc(), backward_ops),
               dx = filled(dp.diff_src_desc(), 0.f);
        backward_ops.push_back(
            {inner_product_backward_data(dp),
             {{DNNL_ARG_DIFF_DST, dd}, {DNNL_ARG_WEIGHTS, Wd}, {DNNL_ARG_DIFF_SRC, dx}}});
        dy = dx;
    });
    add_params(W, B, gW, gB);
    y = Y;
}

/* ---- nets ---- */

static int n = 7291, d = 256, k = 10, batch; /* samples, numbers in one, outputs */
static bool autoencoder;
static float momentum, lr = 1e-3f;
static float *input, *out, *dout; /* what the programs read and write */

static void build(const std::string &net)
{
    memory::dims in = {batch, 256};
    if (net == "C")
        n = 60000, in[1] = 784;
    else if (net == "D")
        n = 5120, in = {batch, 3, 32, 32};
    else if (net == "E")
        in = {batch, 1, 16, 16};
    else if (net == "F")
        in = {batch, 16, 1, 16};
    y = filled(desc(in, f32, in.size() == 4 ? tag::nchw : tag::nc), 1);
    input = (float *)y.get_data_handle();
    d = (int)(y.get_desc().get_size() / sizeof(float)) / batch;
    momentum = net == "C" || net == "D" ? 0.9f : 0.f;
    if (net == "A" || net == "B") {
        linear(net == "A" ? 100 : 500, TANH, true, false);
    } else if (net == "C") {
        linear(512, RELU, true, false);
        linear(512, RELU, false, false);
    } else if (net == "D") {
        for (int filters : {32, 64, 64}) {
            conv(filters, 5, 5, filters == 32);
            pool(2, 2);
        }
        linear(1000, RELU, false, false);
    } else if (net == "E") {
        for (int filters : {16, 32}) {
            conv(filters, 3, 3, filters == 16);
            pool(2, 2);
        }
    } else if (net == "F") {
        conv(32, 1, 3, true);
        pool(1, 2);
    } else if (net == "G") {
        autoencoder = true;
        k = 256;
        linear(100, TANH, true, false);
        linear(10, TANH, false, false);
        linear(100, TANH, false, false);
        linear(256, SIGMOID, false, true);
        return;
    } else {
        exit(2);
    }
    linear(10, NONE, false, true);
}

/* Last layer first, when the net is whole. */
static void build_backward()
{
    out = (float *)y.get_data_handle();
    dy = filled(y.get_desc(), 0);
    dout = (float *)dy.get_data_handle();
    for (size_t i = back.size(); i-- > 0;)
        back[i](dy);
}

/* ---- steps ---- */

static std::vector<float> samples;
static std::vector<int> labels;
static int at;
static double loss;

static void softmax_cross_entropy(const float *o, float *g, int label, double *sum)
{
    float max = o[0], total = 0;
    for (int j = 1; j < k; j++)
        max = fmaxf(max, o[j]);
    for (int j = 0; j < k; j++)
        total += expf(o[j] - max);
    for (int j = 0; j < k; j++) {
        float p = expf(o[j] - max) / total;
        g[j] = (p - (float)(j == label)) / (float)batch;
        if (j == label)
            *sum -= logf(p);
    }
}

static void squared_error(const float *o, float *g, const float *want, double *sum)
{
    for (int j = 0; j < k; j++) {
        float e = o[j] - want[j];
        g[j] = 2 * e / (float)(batch * k);
        *sum += e * e / (float)k;
    }
}

static void run(program &ops)
{
    for (auto &o : ops)
        o.p.execute(strm, o.args);
}

static void update()
{
    const float m = momentum, h = lr;
    for (auto &p : params) {
        float *w = (float *)p.w.get_data_handle(), *g = (float *)p.g.get_data_handle();
        float *v = p.v.data();
        const long size = (long)p.v.size();
        if (m == 0) {
#pragma omp parallel for simd if (size > 30000)
            for (long i = 0; i < size; i++)
                w[i] -= h * g[i];
        } else {
#pragma omp parallel for simd if (size > 30000)
            for (long i = 0; i < size; i++) {
                v[i] = m * v[i] - h * g[i];
                w[i] += v[i];
            }
        }
    }
}

static void step(void *)
{
    if (at + batch > n)
        at = 0;
    const float *x = samples.data() + (size_t)at * d;
    const int *label = labels.data() + at;
    memcpy(input, x, sizeof(float) * d * batch);
    run(forward_ops);
    strm.wait();
    double sum = 0;
#pragma omp parallel for reduction(+ : sum) if ((long)batch * k > 20000)
    for (int i = 0; i < batch; i++) {
        float *o = out + (size_t)i * k, *g = dout + (size_t)i * k;
        if (autoencoder)
            squared_error(o, g, x + (size_t)i * k, &sum);
        else
            softmax_cross_entropy(o, g, label[i], &sum);
    }
    loss = sum / batch;
    run(backward_ops);
    run(gradient_ops);
    strm.wait();
    update();
    at += batch;
}

static double seconds = 0.3;

static double rate(const char *)
{
    double r = batch * peer_rate(step, nullptr, seconds);
    if (getenv("TRAIN_DNNL_N"))
        fprintf(stderr, "loss %g\n", loss);
    return r;
}

int main(int argc, char **argv)
{
    const std::string name = argc > 2 ? argv[1] : "/", net = name.substr(0, name.find('/')),
                      size = name.substr(name.find('/') + 1);
    if (argc < 3 || name.find('/') == std::string::npos)
        return 2;
    batch = size == "all" ? n : atoi(size.c_str());
    if (batch < 1)
        return 2;
    if (argc > 3)
        seconds = atof(argv[3]);
    build(net);
    build_backward();
    if (getenv("TRAIN_DNNL_N")) {
        n = atoi(getenv("TRAIN_DNNL_N"));
        lr = 0.1f;
    }
    for (size_t i = 0; i < (size_t)n * d; i++)
        samples.push_back(peer_random());
    for (int i = 0; i < n; i++)
        labels.push_back(rand() % 10);
    return peer_serve(rate);
}
