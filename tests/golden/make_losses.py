#!/usr/bin/python3
"""Golden values of the losses: losses.txt, for tests/losses/test_losses.c."""

import torch
import torch.nn.functional as F

from golden import Numbers, write

N, K = 6, 4
SINGLE = {  # one number a sample, not reduced; and reduced by PyTorch itself
    "cross_entropy": lambda x, t, r: F.cross_entropy(x, t, reduction=r),
    "binary_cross_entropy": lambda x, t, r: F.binary_cross_entropy_with_logits(x, t, reduction=r),
    "mse": lambda x, t, r: F.mse_loss(x, t, reduction=r),
}


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
    onehot = F.one_hot(label, K).double()
    for name, loss in SINGLE.items():
        case(out, name + ".class", loss, x, label if name == "cross_entropy" else onehot)
        case(out, name + ".soft", loss, x, soft)
        if name != "cross_entropy":
            case(out, name + ".single", loss, x1, label1.double().reshape(N, 1))
    write("losses.txt", out)


main()
