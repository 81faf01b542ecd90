#!/usr/bin/env python3
"""Training steps of scikit-learn's MLPClassifier on the nets of bench/train.c that it can state, with
random samples: whole epochs of fit(), as many as a repetition has time for. See peer.h for how it is
talked to.

    OMP_NUM_THREADS=n train_sklearn.py CASE THREADS [SECONDS]     CASE: A/1, B/all, C/128"""
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

# samples, numbers in one, hidden layers, activation, momentum
NETS = {
    "A": (7291, 256, (100,), "tanh", 0),
    "B": (7291, 256, (500,), "tanh", 0),
    "C": (60000, 784, (512, 512), "relu", 0.9),
}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0.3
    name, batch = sys.argv[1].split("/")
    n, d, hidden, act, momentum = NETS[name]
    rng = np.random.default_rng(1)
    x, y = rng.random((n, d), dtype=np.float32), rng.integers(0, 10, n)
    warnings.filterwarnings("ignore")

    def fit(epochs):
        net = MLPClassifier(hidden, activation=act, solver="sgd", alpha=0, momentum=momentum,
                            nesterovs_momentum=False, learning_rate_init=0.001, tol=0,
                            batch_size=n if batch == "all" else int(batch), max_iter=epochs,
                            n_iter_no_change=10**6)
        start = time.perf_counter()
        net.fit(x, y)
        return time.perf_counter() - start

    fit(1)
    epochs = 1
    while fit(epochs) < 0.7 * seconds:
        epochs *= 2
    print("ready", sklearn.__version__, flush=True)
    for _ in sys.stdin:
        print("%.8g" % (n * epochs / fit(epochs)), flush=True)


main()
