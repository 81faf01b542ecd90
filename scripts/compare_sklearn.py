#!/usr/bin/python3
"""What scikit-learn reaches on the data of a run of diynn.

usage: scripts/compare_sklearn.py linear_r2|linear_svm|rbf_svm[_C] RUN

linear_r2   R2 on the test part of LinearRegression
linear_svm  accuracy on the test part of LinearSVC (hinge loss, C = 1)
rbf_svm     accuracy on the test part of SVC with the RBF kernel (gamma = scale); rbf_svm_100: C = 100
The data are what `diynn data --export csv` gives of the run's net.ini. Prints one number. Needs the
package python3-sklearn. DIYNN is the program [./diynn].
"""
import csv
import os
import subprocess
import sys
import tempfile
import warnings


def read(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return [[float(v) for v in r[:-1]] for r in rows], [r[-1] for r in rows]


def load(run):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [os.environ.get("DIYNN", "./diynn"), "data", "-q", "--export", "csv", "-o", folder,
             os.path.join(run, "net.ini")], check=True, stdout=subprocess.DEVNULL)
        return [read(os.path.join(folder, f"net_{part}.csv")) for part in ("train", "test")]


def model(kind):
    from sklearn import linear_model, svm
    name, _, c = kind.partition("_svm")
    if kind == "linear_r2":
        return linear_model.LinearRegression()
    penalty = float(c[1:]) if c else 1.0
    if name == "linear":
        return svm.LinearSVC(loss="hinge", C=penalty, max_iter=100000, random_state=1)
    if name == "rbf":
        return svm.SVC(kernel="rbf", C=penalty)
    sys.exit(__doc__)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        m = model(sys.argv[1])
    except ImportError:
        sys.exit("compare_sklearn: needs scikit-learn (package python3-sklearn)")
    (x, y), (tx, ty) = load(sys.argv[2])
    if sys.argv[1] == "linear_r2":
        y, ty = [float(v) for v in y], [float(v) for v in ty]
    warnings.simplefilter("ignore")
    print(f"{m.fit(x, y).score(tx, ty):.6g}")


main()
