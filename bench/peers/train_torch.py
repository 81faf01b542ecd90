#!/usr/bin/env python3
"""Training steps of PyTorch on the nets of bench/train.c: random samples in memory, taken in order
without a loader; forward, loss, backward, update. See peer.h for how it is talked to.

    train_torch.py CASE THREADS [SECONDS] [VARIANT]

CASE: A/100, B/all, C/128, D/128, Dbn/128, Ddrop/128, E/32, F/32, G/100.
VARIANT: "plain", or words joined by '+': "cl" (channels_last), "compile" (torch.compile)."""
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F


def conv_net(norm=False, drop=False):
    layers, channels = [], 3
    for filters in (32, 64, 64):
        layers.append(nn.Conv2d(channels, filters, 5, padding=2))
        if norm:
            layers.append(nn.BatchNorm2d(filters))
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    layers += [nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU()]
    if drop:
        layers.append(nn.Dropout(0.5))
    return nn.Sequential(*layers, nn.Linear(1000, 10))


def mlp(*sizes, act=nn.Tanh, last=None):
    layers = []
    for i, o in zip(sizes, sizes[1:]):
        layers += [nn.Linear(i, o), act()]
    layers.pop()
    return nn.Sequential(*layers, *([last()] if last else []))


def small_conv_net():
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(512, 10))


def conv1d_net():
    return nn.Sequential(nn.Conv1d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2),
                         nn.Flatten(), nn.Linear(256, 10))


# net, samples, shape of one, momentum
NETS = {
    "A": (lambda: mlp(256, 100, 10), 7291, (256,), 0),
    "B": (lambda: mlp(256, 500, 10), 7291, (256,), 0),
    "C": (lambda: mlp(784, 512, 512, 10, act=nn.ReLU), 60000, (784,), 0.9),
    "D": (conv_net, 5120, (3, 32, 32), 0.9),
    "Dbn": (lambda: conv_net(norm=True), 5120, (3, 32, 32), 0.9),
    "Ddrop": (lambda: conv_net(drop=True), 5120, (3, 32, 32), 0.9),
    "E": (small_conv_net, 7291, (1, 16, 16), 0),
    "F": (conv1d_net, 7291, (16, 16), 0),
    "G": (lambda: mlp(256, 100, 10, 100, 256, last=nn.Sigmoid), 7291, (256,), 0),
}


class Training:
    def __init__(self, case, variant):
        name, batch = case.split("/")
        make, self.n, shape, momentum = NETS[name]
        self.batch = self.n if batch == "all" else int(batch)
        self.auto = name == "G"
        self.net = make()
        self.x = torch.rand(self.n, *shape)
        self.y = torch.randint(0, 10, (self.n,))
        if "cl" in variant:
            self.net = self.net.to(memory_format=torch.channels_last)
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        try:  # one kernel for the update; the versions that have it are faster with it
            self.opt = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=momentum,
                                       fused=True)
        except (TypeError, RuntimeError):
            self.opt = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=momentum)
        if "compile" in variant:
            self.loss = torch.compile(self.loss)
        self.at = 0

    def loss(self, x, y):
        out = self.net(x)
        return F.mse_loss(out, x) if self.auto else F.cross_entropy(out, y)

    def step(self):
        if self.at + self.batch > self.n:
            self.at = 0
        part = slice(self.at, self.at + self.batch)
        self.at += self.batch
        self.opt.zero_grad(set_to_none=True)
        self.loss(self.x[part], self.y[part]).backward()
        self.opt.step()

    def rate(self, seconds):
        for _ in range(3):
            self.step()
        n, start = 0, time.perf_counter()
        while True:
            self.step()
            n += 1
            t = time.perf_counter() - start
            if t >= seconds:
                return n * self.batch / t


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0.3
    variant = sys.argv[4].split("+") if len(sys.argv) > 4 else ["plain"]
    torch.set_num_threads(int(sys.argv[2]))
    torch.set_num_interop_threads(1)
    torch.manual_seed(1)
    training = Training(sys.argv[1], variant)
    training.step()
    print("ready", torch.__version__, flush=True)
    for _ in sys.stdin:
        print("%.8g" % training.rate(seconds), flush=True)


main()
