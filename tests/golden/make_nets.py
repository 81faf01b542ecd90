#!/usr/bin/python3
"""Golden values of whole nets: nets/*.txt from nets/*.ini, for tests/net/test_golden_nets.c.

Reads the network files itself, by an interpreter that shares nothing with diynn: layers in the
order of the file, shapes c,h,w. [data] gives shape and classes (or, with target = value, nothing:
targets are as many numbers as the net has outputs); [train] batch, steps. Batches are taken from
SAMPLES samples in order, the last one of an epoch is short.

Arrays: x (n,c,h,w), label or target, w.PARAM initial weights; first.output and
first.g.PARAM of step 1; lr and loss of every step; end.PARAM weights after the last.
"""

import glob
import os

import torch
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import (CosineAnnealingLR, ExponentialLR, LinearLR,
                                      OneCycleLR, StepLR)

from golden import HERE, Numbers, write

SAMPLES = 11
SETTINGS = ("data", "loss", "optimizer", "schedule", "train")


def read(path):
    """[(type, name, keys)]; layers get their names."""
    sections, count = [], {}
    for line in open(path):
        line = line.split("#")[0].strip()
        if line.startswith("["):
            kind, _, name = line[1:-1].partition(" ")
            count[kind] = count.get(kind, 0) + 1
            sections.append((kind, name or "%s_%d" % (kind, count[kind]), {}))
        elif line:
            key, value = line.split("=")
            sections[-1][2][key.strip()] = value.strip()
    return sections


class Net:
    def __init__(self, sections, shape, numbers):
        self.layers = [s for s in sections if s[0] not in SETTINGS]
        self.params = {}  # name: (tensor, keys of its layer); buffers too
        self.numbers = numbers
        self.training = False
        self.run(torch.zeros(1, *shape, dtype=torch.float64))
        self.training = True

    def tensor(self, layer, name, values, trained):
        key = layer[1] + "." + name
        if key not in self.params:
            w = torch.tensor(values())
            w.requires_grad = trained and layer[2].get("freeze", "no") == "no"
            self.params[key] = (w, layer[2])
        return self.params[key][0]

    def param(self, layer, name, shape, fan):
        return self.tensor(layer, name, lambda: self.numbers.uniform(-1, 1, *shape)
                           / 2 ** round(fan ** 0.5 / 2), True)

    def buffer(self, layer, name, low, high, *shape):
        return self.tensor(layer, name, lambda: self.numbers.uniform(low, high, *shape), False)

    def affine(self, layer, shape):
        """Weight and bias of a normalization, or None."""
        if layer[2].get("affine", "yes") == "no":
            return None, None
        bias = layer[2].get("bias", "yes") == "yes"
        return (self.param(layer, "weight", shape, 1),
                self.param(layer, "bias", shape, 1) if bias else None)

    def apply(self, layer, inputs):
        kind, _, keys = layer
        x = inputs[0]
        if kind == "linear":
            x = x.flatten(1)
            units, fan = int(keys["units"]), x.shape[1]
            w = self.param(layer, "weight", (units, fan), fan)
            b = None
            if keys.get("bias", "yes") == "yes":
                b = self.param(layer, "bias", (units,), fan)
            return F.linear(x, w, b).reshape(-1, units, 1, 1)
        if kind in ("conv1d", "conv2d"):
            return convolution(self, layer, x)
        if kind in ("maxpool", "avgpool"):
            return pool(kind, keys, x)
        if kind == "global_avgpool":
            return x.mean((2, 3), keepdim=True)
        if kind == "upsample":
            return upsample(keys, x)
        if kind == "reshape":
            return x.reshape(-1, *shape_of(keys["shape"]))
        if kind == "embedding":
            words, units = int(keys["words"]), int(keys["units"])
            w = self.param(layer, "weight", (words, units), 4)
            return F.embedding(x.flatten(1).long(), w).transpose(1, 2).unsqueeze(2)
        if kind == "relu":
            return F.threshold(x, float(keys.get("threshold", 0)), 0)
        if kind == "tanh":
            return x.tanh()
        if kind == "sigmoid":
            return x.sigmoid()
        if kind == "leaky_relu":
            return F.leaky_relu(x, float(keys.get("slope", 0.01)))
        if kind == "elu":
            return F.elu(x, float(keys.get("alpha", 1)))
        if kind == "gelu":
            return F.gelu(x, approximate=keys.get("approximate", "none"))
        if kind == "silu":
            return F.silu(x)
        if kind == "layernorm":
            shape = x.shape[1:]
            return F.layer_norm(x, shape, *self.affine(layer, shape), float(keys.get("eps", 1e-5)))
        if kind == "batchnorm":
            c = x.shape[1]
            mean = self.buffer(layer, "running_mean", -1, 1, c)
            var = self.buffer(layer, "running_var", 0.5, 2, c)
            train = self.training and keys.get("freeze", "no") == "no"
            return F.batch_norm(x, mean, var, *self.affine(layer, (c,)), train,
                                float(keys.get("momentum", 0.1)), float(keys.get("eps", 1e-5)))
        if kind == "random_fourier":
            x = x.flatten(1)
            units = int(keys["units"])
            w = self.buffer(layer, "weight", -2, 2, units, x.shape[1])
            b = self.buffer(layer, "bias", 0, 6, units)
            return (F.linear(x, w, b).cos() * (2 / units) ** 0.5).reshape(-1, units, 1, 1)
        if kind == "softmax":
            return x.softmax(1)
        if kind == "flatten":
            return x.flatten(1).reshape(x.shape[0], -1, 1, 1)
        if kind == "add":
            return sum(inputs[1:], inputs[0])
        if kind == "concat":
            return torch.cat(inputs, 1)
        raise ValueError("layer " + kind)

    def run(self, x):
        """The output, and the input of the last layer (the logits of a loss that needs them)."""
        outputs = {"input": x}
        above = "input"
        for layer in self.layers:
            names = [n.strip() for n in layer[2].get("from", above).split(",")]
            inputs = [outputs[n] for n in names]
            outputs[layer[1]] = self.apply(layer, inputs)
            above = layer[1]
        return outputs[above].flatten(1), inputs[0].flatten(1)


def pair(text):
    """(height, width) of "3" or "3x5"."""
    values = [int(v) for v in text.split("x")]
    return values if len(values) == 2 else values * 2


def same_padding(x, size, stride, dilation):
    """x with what `padding = same` adds: outputs are inputs / stride, rounded up."""
    around = []
    for n, k, s, d in zip(x.shape[2:], size, stride, dilation):
        missing = max(((n - 1) // s) * s + d * (k - 1) + 1 - n, 0)
        around = [missing // 2, missing - missing // 2] + around
    return F.pad(x, around)


def convolution(net, layer, x):
    keys = layer[2]
    flat = layer[0] == "conv1d"
    size, stride, padding, dilation = [
        pair(keys.get(k, d)) if keys.get(k) != "same" else None
        for k, d in (("size", ""), ("stride", "1"), ("padding", "0"), ("dilation", "1"))]
    if flat:
        size[0] = stride[0] = dilation[0] = 1
        padding = padding and [0, padding[1]]
    filters, groups = int(keys["filters"]), int(keys.get("groups", 1))
    shape = [filters, x.shape[1] // groups] + size[flat:]
    w = net.param(layer, "weight", shape, shape[1] * size[0] * size[1])
    b = None
    if keys.get("bias", "yes") == "yes":
        b = net.param(layer, "bias", (filters,), 4)
    if padding is None:
        x, padding = same_padding(x, size, stride, dilation), [0, 0]
    if flat:
        y = F.conv1d(x.squeeze(2), w, b, stride[1], padding[1], dilation[1], groups)
        return y.unsqueeze(2)
    return F.conv2d(x, w, b, stride, padding, dilation, groups)


def pool(kind, keys, x):
    size = pair(keys.get("size", "2"))
    stride = pair(keys["stride"]) if keys.get("stride", "size") != "size" else size
    padding = pair(keys.get("padding", "0"))
    if x.shape[2] == 1:
        size, stride, padding = [1, size[1]], [1, stride[1]], [0, padding[1]]
    if kind == "maxpool":
        return F.max_pool2d(x, size, stride, padding)
    return F.avg_pool2d(x, size, stride, padding, count_include_pad=False)


def upsample(keys, x):
    factor = pair(keys.get("factor", "2"))
    size = [x.shape[2] * factor[0] if x.shape[2] > 1 else 1, x.shape[3] * factor[1]]
    if keys.get("mode", "nearest") == "nearest":
        return F.interpolate(x, size, mode="nearest")
    return F.interpolate(x, size, mode="bilinear", align_corners=False)


def shape_of(text):
    """[c, h, w] of "256", "16x100" or "3x32x32"."""
    v = [int(n) for n in text.split("x")]
    return {1: v + [1, 1], 2: [v[0], 1, v[-1]], 3: v}[len(v)]


def make_loss(keys, classes, last):
    kind, reduction = keys.get("type", "cross_entropy"), keys.get("reduction", "mean")
    weights = None
    if "class_weights" in keys:
        weights = torch.tensor([float(v) for v in keys["class_weights"].split(",")]).double()

    def hinge(output, target):
        p = 2 if keys.get("squared", "no") == "yes" else 1
        if output.shape[1] == 1:
            each = (1 - (2 * target - 1) * output.reshape(-1)).clamp(min=0) ** p
        else:
            each = F.multi_margin_loss(output, target, p=p, reduction="none")
        count = torch.ones(len(target)).double() if weights is None else weights[target]
        return (each * count).sum() / (count.sum() if reduction == "mean" else 1)

    def loss(output, logits, target):
        k = output.shape[1]
        if kind == "cross_entropy":
            assert last == "softmax"
            return F.cross_entropy(logits, target, weight=weights, reduction=reduction,
                                   label_smoothing=float(keys.get("label_smoothing", 0)))
        if kind == "hinge":
            return hinge(output, target)
        if classes:
            target = (target.reshape(-1, 1) if k == 1 else F.one_hot(target, k)).double()
        if kind == "binary_cross_entropy":
            assert last == "sigmoid"
            return F.binary_cross_entropy_with_logits(logits, target, reduction=reduction)
        if kind == "mae":
            return F.l1_loss(output, target, reduction=reduction)
        if kind == "huber":
            return F.huber_loss(output, target, reduction=reduction,
                                delta=float(keys.get("delta", 1)))
        return F.mse_loss(output, target, reduction=reduction)

    return loss


def make_optimizer(keys, net):
    groups = []
    lr = float(keys.get("lr", 0.01 if keys.get("type", "sgd") == "sgd" else 0.001))
    wd = float(keys.get("weight_decay", 0.01 if keys.get("type") == "adamw" else 0))
    for w, layer in net.params.values():
        if w.requires_grad:
            groups.append({"params": [w], "lr": lr * float(layer.get("lr_mult", 1)),
                           "weight_decay": wd if layer.get("decay", "yes") == "yes" else 0})
    if keys.get("type", "sgd") == "sgd":
        return SGD(groups, lr=lr, momentum=float(keys.get("momentum", 0)),
                   nesterov=keys.get("nesterov", "no") == "yes"), lr
    if keys["type"] == "rmsprop":
        return RMSprop(groups, lr=lr, alpha=float(keys.get("alpha", 0.99)),
                       momentum=float(keys.get("momentum", 0))), lr
    make = {"adam": Adam, "adamw": AdamW}[keys["type"]]
    return make(groups, betas=(float(keys.get("beta1", 0.9)), float(keys.get("beta2", 0.999))),
                eps=float(keys.get("eps", 1e-8))), lr


def prepare(keys, net):
    """l1 and clipping of the gradients, before an update."""
    trained = [(w, layer) for w, layer in net.params.values() if w.requires_grad]
    for w, layer in trained:
        if layer.get("decay", "yes") == "yes":
            w.grad += float(keys.get("l1", 0)) * w.detach().sign()
    if "clip_value" in keys:
        clip_grad_value_([w for w, _ in trained], float(keys["clip_value"]))
    if "clip_norm" in keys:
        clip_grad_norm_([w for w, _ in trained], float(keys["clip_norm"]))


def sharp(keys, step, steps, per_epoch):
    last = float(keys.get("sam_epochs", 0)) * per_epoch
    return float(keys.get("sam", 0)) > 0 and (last == 0 or step >= steps - last)


def look_again(keys, net, loss):
    """Sharpness-aware minimization: the gradients a step up the gradient; buffers stay."""
    kept = {key: w.detach().clone() for key, (w, _) in net.params.items()}
    trained = [w for w, _ in net.params.values() if w.requires_grad]
    norm = torch.stack([w.grad.norm() for w in trained]).norm()
    with torch.no_grad():
        for w in trained:
            w += w.grad * float(keys["sam"]) / (norm + 1e-12)
    for w in trained:
        w.grad = None
    loss().backward()
    with torch.no_grad():
        for key, (w, _) in net.params.items():
            w.copy_(kept[key])


def make_rates(keys, lr, steps, per_epoch):
    """The rate of every step, from a scheduler on a made-up parameter."""
    warm = round(float(keys.get("warmup", 0)) * per_epoch)
    if warm:
        optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        schedule, rates = LinearLR(optimizer, 1 / (warm + 1), total_iters=warm), []
        for step in range(warm):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return rates + make_rates(dict(keys, warmup=0), lr, steps - warm, per_epoch)
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    kind, schedule = keys.get("type", "constant"), None
    if kind == "step":
        schedule = StepLR(optimizer, int(keys["step_size"]), float(keys.get("gamma", 0.1)))
    elif kind == "exponential":
        schedule = ExponentialLR(optimizer, float(keys["gamma"]))
    elif kind == "onecycle":
        schedule = OneCycleLR(optimizer, lr, total_steps=steps, cycle_momentum=False)
    elif kind == "cosine":
        schedule = CosineAnnealingLR(optimizer, steps, eta_min=float(keys.get("min_lr", 0)))
    rates = []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        by_step = kind in ("onecycle", "cosine")
        if schedule and step + 1 < steps and (by_step or (step + 1) % per_epoch == 0):
            schedule.step()
    return rates


def make_data(data, net, shape, numbers):
    x = torch.tensor(numbers.uniform(-2, 2, SAMPLES, *shape))
    if net.layers[0][0] == "embedding":
        words = int(net.layers[0][2]["words"])
        x = torch.tensor(numbers.r.randint(0, words, x.shape)).double()
    net.training = False
    k = net.run(x[:1])[0].shape[1]
    net.training = True
    if data.get("target", "class") == "class":
        return x, torch.tensor(numbers.labels(int(data["classes"]), SAMPLES))
    return x, torch.tensor(numbers.uniform(0, 1, SAMPLES, k))


def train(path):
    name = os.path.splitext(os.path.basename(path))[0]
    sections = read(path)
    settings = {kind: keys for kind, _, keys in sections if kind in SETTINGS}
    data, conf = settings["data"], settings["train"]
    shape = shape_of(data["shape"])
    numbers = Numbers(sum(map(ord, name)))
    net = Net(sections, shape, numbers)
    x, target = make_data(data, net, shape, numbers)
    loss = make_loss(settings.get("loss", {}), "classes" in data, net.layers[-1][0])
    optimizer, lr = make_optimizer(settings.get("optimizer", {}), net)
    batch, steps = int(conf["batch"]), int(conf["steps"])
    per_epoch = -(-SAMPLES // batch)
    rates = make_rates(settings.get("schedule", {}), lr, steps, per_epoch)

    out = {"x": x, "label" if "classes" in data else "target": target, "lr": rates}
    for key, (w, _) in net.params.items():
        out["w." + key] = w.detach().clone()
    base = [group["lr"] for group in optimizer.param_groups]
    losses = []
    for step in range(steps):
        at = step % per_epoch * batch
        for group, rate in zip(optimizer.param_groups, base):
            group["lr"] = rate * rates[step] / lr
        optimizer.zero_grad()
        output, logits = net.run(x[at:at + batch])  # batchnorm's buffers follow
        value = loss(output, logits, target[at:at + batch])
        value.backward()
        losses.append(value.item())
        if step == 0:
            out["first.output"] = output.detach()
            for key, (w, _) in net.params.items():
                if w.requires_grad:
                    out["first.g." + key] = w.grad.clone()
        keys = settings.get("optimizer", {})
        if sharp(keys, step, steps, per_epoch):
            look_again(keys, net, lambda: loss(*net.run(x[at:at + batch]), target[at:at + batch]))
        prepare(keys, net)
        optimizer.step()
    out["loss"] = losses
    for key, (w, _) in net.params.items():
        out["end." + key] = w.detach()
    write("nets/%s.txt" % name, out)


if __name__ == "__main__":
    for ini in sorted(glob.glob(os.path.join(HERE, "nets", "*.ini"))):
        train(ini)
