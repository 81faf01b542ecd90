#!/usr/bin/python3
"""Golden values of optimizers and schedules: optim.txt and schedule.txt, for tests/optim/."""

import torch
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import ExponentialLR, OneCycleLR, StepLR

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
}

PER_EPOCH = 4  # steps
SCHEDULES = {
    "constant": (40, None),
    "step": (40, lambda o, n: StepLR(o, 3)),
    "step_half": (40, lambda o, n: StepLR(o, 1, gamma=0.5)),
    "exponential": (40, lambda o, n: ExponentialLR(o, 0.9)),
    "onecycle": (100, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False)),
    "onecycle_7": (7, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False)),
    "onecycle_2": (2, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False)),
    "onecycle_own": (33, lambda o, n: OneCycleLR(o, 0.1, total_steps=n, cycle_momentum=False,
                                                 pct_start=0.6, div_factor=10,
                                                 final_div_factor=100)),
}


def run_optimizer(make, start, slope, centre):
    """The parameters after every step, with the gradient slope (w - centre) (1 + step mod 3)."""
    w = torch.tensor(start, requires_grad=True)
    optimizer = make([w])
    after = []
    for step in range(STEPS):
        w.grad = torch.tensor(slope) * (w.detach() - torch.tensor(centre)) * (1 + step % 3)
        optimizer.step()
        after.append(w.detach().clone())
    return torch.stack(after)


def run_schedule(steps, make):
    """The rate of every step. OneCycleLR is stepped by step, the others by epoch."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = make(optimizer, steps) if make else None
    rates = []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        by_step = isinstance(schedule, OneCycleLR)
        if schedule and step + 1 < steps and (by_step or (step + 1) % PER_EPOCH == 0):
            schedule.step()
    return rates


def main():
    numbers = Numbers(2)
    out = {"start": numbers.uniform(-1, 1, 4), "slope": numbers.uniform(0.25, 4, 4),
           "centre": numbers.uniform(-1, 1, 4)}
    for name, make in OPTIMIZERS.items():
        out[name] = run_optimizer(make, out["start"], out["slope"], out["centre"])
    write("optim.txt", out)
    write("schedule.txt", {n: run_schedule(*s) for n, s in SCHEDULES.items()})


main()
