#!/usr/bin/python3
"""Golden values of the losses: losses.txt, for tests/losses/test_losses.c."""

import torch
import torch.nn.functional as F

from golden import Numbers, write

N, K = 6, 4

WEIGHTS = torch.tensor([0.5, 2, 3.25, 1], dtype=torch.float64)
PAIR = torch.tensor([0.5, 3], dtype=torch.float64)


def entropy(smoothing=0, weights=None):
    return lambda x, t, r: F.cross_entropy(x, t, weight=weights, label_smoothing=smoothing,
                                           reduction=r)


def margin(p, weights=None):
    """PyTorch's mean divides by the samples; ours by the sum of their classes' weights."""
    def loss(x, t, r):
        each = F.multi_margin_loss(x, t, p=p, weight=weights, reduction="none")
        total = len(t) if weights is None else weights[t].sum()
        return {"none": each, "sum": each.sum(), "mean": each.sum() / total}[r]
    return loss


# a function of (x, target, reduction) each
CLASS = {
    "cross_entropy": entropy(),
    "ce_smooth": entropy(0.125),
    "ce_weights": entropy(0, WEIGHTS),
    "ce_both": entropy(0.25, WEIGHTS),
    "hinge": margin(1),
    "hinge_squared": margin(2),
    "hinge_weights": margin(1, WEIGHTS),
}
VALUE = {
    "binary_cross_entropy": lambda x, t, r: F.binary_cross_entropy_with_logits(x, t, reduction=r),
    "mse": lambda x, t, r: F.mse_loss(x, t, reduction=r),
    "mae": lambda x, t, r: F.l1_loss(x, t, reduction=r),
    "huber": lambda x, t, r: F.huber_loss(x, t, reduction=r),
    "huber_wide": lambda x, t, r: F.huber_loss(x, t, reduction=r, delta=2.5),
}


def hinge(p):
    """One output, targets 0 and 1 for -1 and 1."""
    def loss(x, t, r):
        each = (1 - (2 * t - 1) * x).clamp(min=0) ** p
        return {"none": each, "sum": each.sum(), "mean": each.mean()}[r]
    return loss


def weighted_pair(x, t, r):
    """Logits 0 and x of two classes: what one output with a sigmoid says."""
    both = torch.cat([torch.zeros_like(x), x], 1)
    return F.cross_entropy(both, t.long().reshape(-1), weight=PAIR, reduction=r)


SINGLE = {"hinge": hinge(1), "hinge_squared": hinge(2), "bce_weights": weighted_pair}


def case(out, name, loss, x, target):
    """value: per sample, summed over outputs. mean, sum: the reduced value, and its gradient."""
    each = loss(x, target, "none").reshape(x.shape[0], -1).sum(1)
    out[name + ".value"] = each.detach()
    for reduction in ("mean", "sum"):
        x.grad = None
        value = loss(x, target, reduction)
        value.backward()
        out["%s.%s" % (name, reduction)] = [value.item()]
        out["%s.%s.dx" % (name, reduction)] = x.grad.clone()


def main():
    numbers = Numbers(1)
    x = torch.tensor(numbers.uniform(-4, 4, N, K), requires_grad=True)
    x1 = torch.tensor(numbers.uniform(-4, 4, N, 1), requires_grad=True)
    label = torch.tensor(numbers.labels(K, N))
    label1 = torch.tensor(numbers.labels(2, N))
    soft = torch.tensor(numbers.uniform(0, 1, N, K))
    out = {"x": x.detach(), "x1": x1.detach(), "label": label, "label1": label1, "soft": soft}
    onehot, single = F.one_hot(label, K).double(), label1.double().reshape(N, 1)
    for name, loss in CLASS.items():
        case(out, name + ".class", loss, x, label)
        if not name.startswith("hinge"):
            case(out, name + ".soft", loss, x, soft)
    for name, loss in VALUE.items():
        case(out, name + ".class", loss, x, onehot)
        case(out, name + ".soft", loss, x, soft)
        case(out, name + ".single", loss, x1, single)
    for name, loss in SINGLE.items():
        case(out, name + ".single", loss, x1, single)
    write("losses.txt", out)


main()
