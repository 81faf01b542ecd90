#!/usr/bin/python3
"""Golden values of optimizers and schedules: optim.txt and schedule.txt, for tests/optim/."""

import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import (SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, RMSprop, Rprop)
from torch.optim.lr_scheduler import (CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR,
                                      MultiStepLR, OneCycleLR, PolynomialLR, ReduceLROnPlateau,
                                      SequentialLR, StepLR)

from golden import Numbers, write

STEPS = 50
OPTIMIZERS = {
    "sgd": lambda p: SGD(p, lr=0.01),
    "sgd_decay": lambda p: SGD(p, lr=0.02, weight_decay=0.1),
    "sgd_momentum": lambda p: SGD(p, lr=0.01, momentum=0.9),
    "sgd_momentum_decay": lambda p: SGD(p, lr=0.01, momentum=0.5, weight_decay=0.2),
    "sgd_nesterov": lambda p: SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "sgd_nesterov_decay": lambda p: SGD(p, lr=0.01, momentum=0.8, nesterov=True, weight_decay=0.1),
    "adam": lambda p: Adam(p),
    "adam_decay": lambda p: Adam(p, lr=0.02, weight_decay=0.1),
    "adam_betas": lambda p: Adam(p, lr=0.05, betas=(0.5, 0.9), eps=1e-3),
    "adamw": lambda p: AdamW(p),
    "adamw_decay": lambda p: AdamW(p, lr=0.02, weight_decay=0.3),
    "adagrad": lambda p: Adagrad(p),
    "adagrad_own": lambda p: Adagrad(p, lr=0.1, lr_decay=0.05, weight_decay=0.1,
                                     initial_accumulator_value=0.5, eps=1e-3),
    "adadelta": lambda p: Adadelta(p),
    "adadelta_own": lambda p: Adadelta(p, lr=0.7, rho=0.8, eps=1e-4, weight_decay=0.1),
    "rmsprop": lambda p: RMSprop(p),
    "rmsprop_own": lambda p: RMSprop(p, lr=0.02, alpha=0.8, eps=1e-3, weight_decay=0.1),
    "rmsprop_momentum": lambda p: RMSprop(p, momentum=0.5),
    "rmsprop_centered": lambda p: RMSprop(p, alpha=0.9, centered=True),
    "rmsprop_both": lambda p: RMSprop(p, lr=0.005, centered=True, momentum=0.9),
    "adamax": lambda p: Adamax(p),
    "adamax_own": lambda p: Adamax(p, lr=0.03, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.2),
    "nadam": lambda p: NAdam(p),
    "nadam_own": lambda p: NAdam(p, lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.1,
                                 momentum_decay=0.3),
    "nadam_constant": lambda p: NAdam(p, lr=0.01, betas=(0.99, 0.999), momentum_decay=0),
    "rprop": lambda p: Rprop(p),
    "rprop_own": lambda p: Rprop(p, lr=0.1, etas=(0.3, 1.5), step_sizes=(0.01, 0.3)),
}

# What is done to the gradients before an update: an optimizer, l1, clip_value, clip_norm.
PREPARED = {
    "l1": (lambda p: SGD(p, lr=0.05), 0.3, None, None),
    "clip_value": (lambda p: SGD(p, lr=0.05), 0, 0.5, None),
    "clip_norm": (lambda p: Adam(p, lr=0.02), 0, None, 0.75),
    "clip_all": (lambda p: RMSprop(p, lr=0.01, momentum=0.5, weight_decay=0.1), 0.2, 2.5, 1.5),
}

PER_EPOCH = 4  # steps
SCHEDULES = {
    "constant": (40, None),
    "step": (40, lambda o, n: StepLR(o, 3)),
    "step_half": (40, lambda o, n: StepLR(o, 1, gamma=0.5)),
    "exponential": (40, lambda o, n: ExponentialLR(o, 0.9)),
    "multistep": (50, lambda o, n: MultiStepLR(o, [2, 3, 7, 10], gamma=0.6)),
    "time": (50, lambda o, n: LambdaLR(o, lambda epoch: 1 / (1 + 0.3 * epoch))),
    "poly": (50, lambda o, n: PolynomialLR(o, n, power=2.5)),
    "poly_line": (50, lambda o, n: PolynomialLR(o, n)),
    "poly_min": (50, lambda o, n: LambdaLR(o, lambda step: 0.2 + 0.8 * (1 - step / n) ** 0.5)),
    "cosine": (50, lambda o, n: CosineAnnealingLR(o, n)),
    "cosine_min": (50, lambda o, n: CosineAnnealingLR(o, n, eta_min=0.03)),
    "onecycle": (100, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False)),
    "onecycle_7": (7, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False)),
    "onecycle_2": (2, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False)),
    "onecycle_own": (33, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False,
                                                 pct_start=0.6, div_factor=10,
                                                 final_div_factor=100)),
}


# Schedules behind a warm-up of so many steps, in a run of so many.
WARM = {
    "warm_constant": (3, 50, lambda o, n: LambdaLR(o, lambda epoch: 1)),
    "warm_step": (8, 50, lambda o, n: StepLR(o, 3)),
    "warm_step_within": (6, 50, lambda o, n: StepLR(o, 2)),  # one epoch and a half
    "warm_multistep": (4, 50, lambda o, n: MultiStepLR(o, [2, 5])),
    "warm_time": (5, 50, lambda o, n: LambdaLR(o, lambda epoch: 1 / (1 + epoch))),
    "warm_cosine": (12, 50, lambda o, n: CosineAnnealingLR(o, n, eta_min=0.01)),
    "warm_poly": (1, 50, lambda o, n: PolynomialLR(o, n, power=2)),
    "warm_onecycle": (10, 50, lambda o, n: OneCycleLR(o, 0.1, total_steps=n,
                                                      cycle_momentum=False)),
}
BY_STEP = (CosineAnnealingLR, OneCycleLR, PolynomialLR)
LAMBDA_BY_STEP = ("poly_min",)

PLATEAUS = {
    "plateau": {"patience": 2, "factor": 0.5},
    "plateau_default": {},
    "plateau_min": {"patience": 0, "factor": 0.3, "min_lr": 0.004},
}


def run_optimizer(make, start, slope, centre, l1=0, value=None, norm=None):
    """The parameters after every step, with the gradient slope (w - centre) (1 + step mod 3)."""
    w = torch.tensor(start, requires_grad=True)
    optimizer = make([w])
    after = []
    for step in range(STEPS):
        w.grad = torch.tensor(slope) * (w.detach() - torch.tensor(centre)) * (1 + step % 3)
        w.grad += l1 * w.detach().sign()
        if value:
            clip_grad_value_([w], value)
        if norm:
            clip_grad_norm_([w], norm)
        optimizer.step()
        after.append(w.detach().clone())
    return torch.stack(after)


def averages(after, decay):
    """The exponential moving average behind every step, as a plain loop."""
    average, out = after[0].clone(), []
    for w in after:
        average = decay * average + (1 - decay) * w
        out.append(average)
    return torch.stack(out)


class Muon(torch.optim.Optimizer):
    """torch.optim.Muon of PyTorch 2.9 with its products in full precision, on matrices of any number
    of dimensions, and with the scaling of airbench94_muon (Jordan 2024)."""

    def __init__(self, params, lr=0.02, momentum=0.95, nesterov=True, ns_steps=5, weight_decay=0,
                 normalize=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, nesterov=nesterov, steps=ns_steps,
                                      weight_decay=weight_decay, normalize=normalize))

    @staticmethod
    def orthogonal(update, steps):
        x = update.reshape(len(update), -1)
        x = x / (x.norm() + 1e-7)
        if x.shape[0] > x.shape[1]:
            x = x.T
        for _ in range(steps):
            gram = x @ x.T
            x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
        if update.shape[0] > x.shape[0]:
            x = x.T
        return x.reshape(update.shape)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                m = self.state[w].setdefault("momentum_buffer", torch.zeros_like(w))
                m.mul_(group["momentum"]).add_(w.grad)
                update = w.grad + group["momentum"] * m if group["nesterov"] else m
                if group["normalize"]:
                    w.mul_(len(w) ** 0.5 / (w.norm() + 1e-7))
                rate = group["lr"] * max(1, len(w) ** 2 / w.numel()) ** 0.5
                w.mul_(1 - group["lr"] * group["weight_decay"])
                w.sub_(self.orthogonal(update, group["steps"]), alpha=rate)


MUONS = {
    "default": {},
    "own": {"lr": 0.1, "momentum": 0.6, "nesterov": False, "ns_steps": 4, "weight_decay": 0.3},
    "normalize": {"lr": 0.2, "momentum": 0.5, "ns_steps": 3, "normalize": True},
}
MATRICES = {"wide": (3, 7), "square": (4, 4), "tall": (6, 2, 2)}  # outputs first
MUON_STEPS = 10


def run_muon(keys, shape, start, slope, centre):
    """As run_optimizer, on matrices."""
    w = torch.tensor(start).reshape(shape).requires_grad_()
    optimizer, after = Muon([w], **keys), []
    for step in range(MUON_STEPS):
        to_centre = w.detach() - torch.tensor(centre).reshape(shape)
        w.grad = torch.tensor(slope).reshape(shape) * to_centre * (1 + step % 3)
        optimizer.step()
        after.append(w.detach().clone())
    return torch.stack(after)


def muon():
    numbers, out = Numbers(3), {}
    for matrix, shape in MATRICES.items():
        size = torch.Size(shape).numel()
        problem = {"start": numbers.uniform(-1, 1, size), "slope": numbers.uniform(0.25, 4, size),
                   "centre": numbers.uniform(-1, 1, size)}
        out.update({f"{matrix}_{k}": v for k, v in problem.items()})
        for name, keys in MUONS.items():
            out[f"{matrix}_{name}"] = run_muon(keys, shape, **problem)
    return out


def run_schedule(name, steps, make):
    """The rate of every step. Some are stepped by step, the others by epoch."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = make(optimizer, steps) if make else None
    rates = []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        by_step = isinstance(schedule, BY_STEP) or name in LAMBDA_BY_STEP
        if schedule and step + 1 < steps and (by_step or (step + 1) % PER_EPOCH == 0):
            schedule.step()
    return rates


def run_warm(warm, steps, make):
    """LinearLR by step, then the schedule as if the run began there."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    linear = LinearLR(optimizer, start_factor=1 / (warm + 1), total_iters=warm)
    rates = []
    for step in range(warm):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        linear.step()
    return rates + run_schedule("", steps - warm, make)


def run_sequential():
    """What PyTorch's own class makes of a warm-up and a schedule that are both stepped by step."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    warm = LinearLR(optimizer, start_factor=1 / 9, total_iters=8)
    schedule = SequentialLR(optimizer, [warm, ExponentialLR(optimizer, 0.9)], [8])
    rates = []
    for step in range(50):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def run_plateau(losses, keys):
    """The rate behind every evaluation."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = ReduceLROnPlateau(optimizer, **keys)
    rates = []
    for loss in losses:
        schedule.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def plateau_losses(numbers):
    """Falls and stands still by turns; some losses are better by too little to count."""
    noise = numbers.uniform(0, 1, STEPS)
    losses = [2 - min(i, 12) / 8 + (noise[i] - 0.5 if i % 3 else 0) / 16 for i in range(STEPS)]
    losses[28] = min(losses[:28]) * 0.99995
    return losses


def main():
    torch.set_default_dtype(torch.float64)  # NAdam keeps a product in it
    numbers = Numbers(2)
    out = {"start": numbers.uniform(-1, 1, 4), "slope": numbers.uniform(0.25, 4, 4),
           "centre": numbers.uniform(-1, 1, 4)}
    for name, make in OPTIMIZERS.items():
        out[name] = run_optimizer(make, out["start"], out["slope"], out["centre"])
    for name, (make, *keys) in PREPARED.items():
        out[name] = run_optimizer(make, out["start"], out["slope"], out["centre"], *keys)
    out["ema"] = averages(out["sgd_momentum"], 0.875)
    write("optim.txt", out)
    write("muon.txt", muon())
    out = {n: run_schedule(n, *s) for n, s in SCHEDULES.items()}
    out.update({n: run_warm(*s) for n, s in WARM.items()})
    out["sequential"] = run_sequential()
    out["loss"] = plateau_losses(numbers)
    out.update({n: run_plateau(out["loss"], k) for n, k in PLATEAUS.items()})
    write("schedule.txt", out)


main()
