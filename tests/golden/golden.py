"""What the scripts beside this one share: files of arrays, and numbers that float holds exactly.

A golden file has one array a line: its name, then its values in row-major order. The scripts need
PyTorch (python3-torch); they compute in double and are deterministic, so running one again leaves
its files as they are.
"""

import os

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, arrays):
    """Writes tests/golden/NAME; arrays: {name: tensor, array or list}."""
    with open(os.path.join(HERE, name), "w") as f:
        for key, a in arrays.items():
            values = numpy.asarray(a, dtype=numpy.float64).reshape(-1)
            f.write(" ".join([key] + ["%.15g" % v for v in values]) + "\n")


class Numbers:
    """Random inputs: multiples of 1/256, so that float and double start from the same."""

    def __init__(self, seed):
        self.r = numpy.random.RandomState(seed)

    def uniform(self, low, high, *shape):
        return numpy.round(self.r.uniform(low, high, shape) * 256) / 256

    def labels(self, classes, n):
        return self.r.randint(0, classes, n)
