#!/usr/bin/env python3
"""diynn against its peers: products of matrices, convolutions, and training steps.

    compare.py --bench PROGRAM --drivers FOLDER [OPTION..] [CASE..]

Every program stays up and runs one repetition when it is asked to, so repetitions of diynn and of its
peers alternate within seconds; figures are medians. Before each case the machine must be idle. Two
threads that spin collapse when anything else wants a processor, or when both are put on the same one:
threads are bound to processors (OMP_PROC_BIND), what others used during a repetition is looked at,
and so is the peak that a loop of multiply-adds reaches right behind it. A repetition of which more
than --foreign was lost is repeated, the least disturbed of --tries counts. As root everything measured
runs at nice -20.

A CASE is a part of a case's name, or a whole name with '=' in front; names: bench --list. Peers that
are not installed are left out (bench/peers/setup.sh installs them)."""
import argparse
import ctypes
import math
import os
import select
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.environ.get("DIYNN_PEERS", os.path.expanduser("~/.cache/diynn-peers"))
CONV_NETS = ("D", "Dbn", "Ddrop", "E", "F")
TICKS = os.sysconf("SC_CLK_TCK")
CPUS = os.cpu_count()
PATIENCE = 120  # seconds for an answer
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
LIMIT = {"matmul": 0.93, "conv": 1.0, "train": 0.93}  # diynn / best peer: what is less is listed
PAUSE = 0.03  # seconds until the threads of the program before no longer spin


# ---- the machine ----

def busy_seconds():
    """CPU time of the whole machine so far."""
    with open("/proc/stat", encoding="ascii") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / TICKS


def cpu_seconds(pid):
    """CPU time of a process so far."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            v = f.read().rpartition(")")[2].split()
        return (int(v[11]) + int(v[12])) / TICKS
    except OSError:
        return 0


def wait_idle(most):
    """Until the processors were 93 % idle for 0.4 s, but no longer than `most` seconds."""
    end = time.monotonic() + most
    while time.monotonic() < end:
        start = busy_seconds()
        time.sleep(0.4)
        if (busy_seconds() - start) / (0.4 * CPUS) < 0.07:
            return


def has_avx512():
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
            return " avx512f" in f.read()
    except OSError:
        return False


def prepare():
    """Ends with compare.py, however that ends. Before anything else on the machine, where that is allowed: among the processes of the session,
    and, where the scheduler groups by session, the session itself."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        with open("/proc/self/autogroup", "w", encoding="ascii") as f:
            f.write("-20")
    except OSError:
        pass


# ---- programs that are measured ----

class Program:
    """A driver that is up; `with` ends it."""

    def __init__(self, name, argv, env, threads):
        self.name = name
        env = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "true",
               **env}
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        preexec_fn=prepare, start_new_session=True)
        self.ready = self.answer().startswith("ready")

    def answer(self):
        """The next line; "" at the end, or where it takes too long."""
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            return ""
        return self.process.stdout.readline()

    def ask(self, case):
        """The rate of one repetition; None: the program cannot."""
        try:
            self.process.stdin.write(case + "\n")
            self.process.stdin.flush()
            return float(self.answer())
        except (OSError, ValueError):
            return None

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Peer:
    """How to start a program: argv(case, threads), environment; None where it is not here."""

    def __init__(self, name, argv, env=None):
        self.name, self.argv, self.env = name, argv, env or {}

    def start(self, case, threads):
        argv = self.argv(case, threads)
        return argv and Program(self.name, argv, self.env, threads)


def diynn(o):
    def argv(_case, threads):
        return [o.bench, "--wait", "--threads", str(threads), *(["--isa", o.isa] if o.isa else []),
                *(["--seconds", str(o.seconds)] if o.seconds else []),
                *[x for s in o.set for x in ("--set", s)]]
    return Peer("diynn", argv)


def gemm_peers(o):
    wide = has_avx512()
    best = {"OPENBLAS_CORETYPE": "SkylakeX" if wide else "Haswell"}

    def driver(name):
        path = os.path.join(o.drivers, name)
        return lambda case, threads: is_here(path) and [path, str(o.seconds or 0.05)]
    return [Peer("openblas", driver("gemm_openblas"), best),
            Peer("openblas-default", driver("gemm_openblas")),
            Peer("blis", driver("gemm_blis"), {"BLIS_ARCH_TYPE": "0"} if wide else {}),
            Peer("onednn", driver("gemm_dnnl"))]


def conv_peers(o):
    path = os.path.join(o.drivers, "conv_dnnl")
    return [Peer("onednn", lambda case, threads: is_here(path) and [path, str(o.seconds or 0.05)])]


def train_peers(o):
    wide = has_avx512()
    # Debian's numpy and PyTorch call whatever libblas.so.3 is: the best one, at its best
    blas = {"OPENBLAS_CORETYPE": "SkylakeX" if wide else "Haswell"}
    folder = f"/usr/lib/{os.uname().machine}-linux-gnu/openblas-openmp"
    if os.path.isdir(folder):
        blas["LD_LIBRARY_PATH"] = folder

    # PyPI's PyTorch has MKL inside
    shim = os.path.abspath(os.path.join(o.drivers, "mkl_any_cpu.so"))
    mkl = {"LD_PRELOAD": shim} if wide and os.path.exists(shim) else {}

    def step_by_hand(case, threads):
        path = os.path.join(o.drivers, "train_dnnl")
        known = case.split("/")[0] in "ABCDEFG"
        return known and is_here(path) and [path, case, str(threads), str(o.seconds or 0.3)]

    def script(python, module, name, variant=None):
        def argv(case, threads):
            conv = case.split("/")[0] in CONV_NETS
            if not has_module(python, module) or (variant and "cl" in variant and not conv):
                return None
            if module == "sklearn" and case[0] not in "ABC":
                return None
            return [python, os.path.join(HERE, name), case, str(threads), str(o.seconds or 0.3),
                    *([variant] if variant else [])]
        return argv
    old, new = "/usr/bin/python3", os.path.join(o.torch or VENV, "bin/python3")
    peers = [Peer("onednn-loop", step_by_hand),
             Peer("sklearn", script(old, "sklearn", "train_sklearn.py"), blas),
             Peer("torch-packaged", script(old, "torch", "train_torch.py"), blas),
             Peer("torch-packaged-cl", script(old, "torch", "train_torch.py", "cl"), blas),
             Peer("torch-pypi", script(new, "torch", "train_torch.py")),
             Peer("torch-pypi-tuned", script(new, "torch", "train_torch.py"), mkl),
             Peer("torch-pypi-tuned-cl", script(new, "torch", "train_torch.py", "cl"), mkl)]
    if o.compile:
        peers += [Peer("torch-compile", script(new, "torch", "train_torch.py", "compile"), mkl),
                  Peer("torch-compile-cl", script(new, "torch", "train_torch.py", "cl+compile"),
                       mkl)]
    return peers


MISSING = set()
MODULES = {}


def is_here(program):
    if os.access(program, os.X_OK):
        return True
    MISSING.add(program)
    return False


def has_module(python, module):
    if (python, module) not in MODULES:
        code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
        MODULES[python, module] = os.access(python, os.X_OK) and subprocess.run(
            [python, "-c", code], check=False, stderr=subprocess.DEVNULL).returncode == 0
        if not MODULES[python, module]:
            MISSING.add(f"{module} of {python}")
    return MODULES[python, module]


# ---- measuring ----

class Meter:
    """Repetitions on a number of threads. `worst`: the largest share of the machine that was lost in
    a repetition of the last case."""

    def __init__(self, o, threads):
        self.o = o
        self.watch = diynn(o).start("", threads)
        self.peak = max(self.watch.ask("peak") for _ in range(5))
        self.worst = 0

    def close(self):
        self.watch.close()

    def lost(self):
        """The share of the best peak so far that is not there now."""
        now = self.watch.ask("peak")
        self.peak = max(self.peak, now)
        return 1 - now / self.peak

    def repetition(self, program, programs, case):
        """The least disturbed rate of at most --tries."""
        best = None
        for _ in range(self.o.tries):
            pids = [os.getpid()] + [p.process.pid for p in programs]
            time.sleep(PAUSE)
            busy, own, start = busy_seconds(), sum(map(cpu_seconds, pids)), time.monotonic()
            rate = program.ask(case)
            if rate is None:
                return None
            wall = time.monotonic() - start
            own = sum(map(cpu_seconds, pids)) - own
            foreign = max(0, busy_seconds() - busy - own - 2 / TICKS) / (wall * CPUS)
            time.sleep(PAUSE)
            lost = max(foreign, self.lost() - 0.05)
            if best is None or lost < best[0]:
                best = lost, rate
            if lost <= self.o.foreign:
                break
            wait_idle(self.o.wait)
        self.worst = max(self.worst, best[0])
        return best[1]

    def case(self, programs, case):
        """{name: [median, low, high]} of the programs that can run the case."""
        rates = {p.name: [] for p in programs}
        self.worst = 0
        wait_idle(self.o.wait)
        for _ in range(self.o.reps):
            for p in programs:
                if p.name in rates:
                    rate = self.repetition(p, programs, case)
                    if rate is None:
                        del rates[p.name]
                    else:
                        rates[p.name].append(rate)
        return {n: (statistics.median(r), min(r), max(r)) for n, r in rates.items()}


def start_all(peers, case, threads):
    programs = []
    for peer in peers:
        program = peer.start(case, threads)
        if program and program.ready:
            programs.append(program)
        elif program:
            program.close()
            print(f"bench-peers: {peer.name} does not start {case}", file=sys.stderr)
    return programs


def close_all(programs):
    for p in programs:
        p.close()


# ---- tables ----

def show(rate):
    return "-" if rate is None else f"{rate:.1f}" if rate < 2000 else f"{rate:.0f}"


def print_csv(kind, case, threads, rates, foreign):
    mine = rates.get("diynn", (math.nan,))[0]
    for name, (median, low, high) in rates.items():
        print(f"{kind},{case},{threads},{name},{median:.8g},{low:.8g},{high:.8g},"
              f"{mine / median:.4f},{foreign:.3f}", flush=True)


def print_row(names, case, rates, foreign, tail=""):
    mine = rates.get("diynn", (None,))[0]
    cells = [f"{case:14}"]
    for name in names:
        rate = rates.get(name, (None,))[0]
        ratio = "" if name == "diynn" or not mine or not rate else f"{mine / rate:.2f}x"
        cells.append(f"{show(rate):>10} {ratio:7}" if name != "diynn" else f"{show(rate):>10}")
    mark = f"  lost {foreign:.2f}" if foreign > 0.05 else ""
    print(" ".join(cells) + tail + mark, flush=True)


def print_heading(title, names):
    print(f"\n{title}\n{'':14} " +
          " ".join(f"{n:>10}" if n == "diynn" else f"{n:>18.18}" for n in names), flush=True)


def summary(ratios, low, limit):
    if not ratios:
        return
    mean = math.exp(statistics.fmean(math.log(r) for r in ratios.values()))
    print(f"geometric mean of diynn / best peer over {len(ratios)} cases: {mean:.3f}")
    print(f"below {limit} of the best peer: {', '.join(low) or 'none'}", flush=True)


def compare_kernels(o, kind, cases, threads):
    """Cases of matmul or conv: every program stays up for all of them."""
    peers = [diynn(o), *{"matmul": gemm_peers, "conv": conv_peers}[kind](o)]
    limit = LIMIT[kind]
    programs = start_all(peers, "", threads)
    meter, ratios, low = Meter(o, threads), {}, []
    names = [p.name for p in programs]
    try:
        if not o.csv:
            print_heading(f"{kind}, GFLOP/s and diynn / peer, {threads} thread"
                          f"{'s' if threads > 1 else ''}; peak {meter.peak:.0f}", names)
        for case in cases:
            rates = meter.case(programs, case)
            if o.csv:
                print_csv(kind, case, threads, rates, meter.worst)
                continue
            others = [r[0] for n, r in rates.items() if n != "diynn"]
            share = rates["diynn"][0] / meter.peak
            if others:
                ratios[case] = rates["diynn"][0] / max(others)
                if ratios[case] < limit:
                    low.append(f"{case} {ratios[case]:.2f}"
                               + (f" ({100 * share:.0f} % of peak)" if share >= 0.92 else ""))
            best = f"  best {ratios[case]:.2f}x, {100 * share:.0f} % of peak" if others else ""
            print_row(names, case, rates, meter.worst, best)
    finally:
        close_all(programs)
        meter.close()
    summary(ratios, low, limit)


def compare_train(o, cases, known, threads):
    peers = [p for p in train_peers(o) if not o.peer or p.name in o.peer]
    shown = ["diynn", *[p.name for p in peers
                        if any(p.argv(c, threads) for c in cases)]]
    meter, ratios, low = Meter(o, threads), {}, []
    if not o.csv:
        print_heading(f"training, samples/s and diynn / peer, {threads} thread"
                      f"{'s' if threads > 1 else ''}", shown)
    for case in cases:
        programs = start_all(([diynn(o)] if case in known else []) + peers, case, threads)
        try:
            rates = meter.case(programs, case)
        finally:
            close_all(programs)
        if o.csv:
            print_csv("train", case, threads, rates, meter.worst)
            continue
        others = [r[0] for n, r in rates.items() if n != "diynn"]
        if others and "diynn" in rates:
            ratios[case] = rates["diynn"][0] / max(others)
            if ratios[case] < LIMIT["train"]:
                low.append(f"{case} {ratios[case]:.2f}")
        print_row(shown, case, rates, meter.worst)
    meter.close()
    summary(ratios, low, LIMIT["train"])


def wanted(name, patterns):
    return not patterns or any(name == p[1:] if p.startswith("=") else p in name for p in patterns)


def main():
    a = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--bench", required=True, help="diynn's own benchmark program")
    a.add_argument("--drivers", required=True, help="folder of the built drivers")
    a.add_argument("-m", "--matmul", action="store_true", help="products of matrices only")
    a.add_argument("-C", "--conv", action="store_true", help="passes of convolutions only")
    a.add_argument("-t", "--train", action="store_true", help="training steps only")
    a.add_argument("-n", "--threads", default=f"1,{CPUS}" if CPUS > 1 else "1")
    a.add_argument("-i", "--isa", help="instruction set of diynn")
    a.add_argument("-r", "--reps", type=int, default=5)
    a.add_argument("-s", "--seconds", type=float, help="of a repetition (0.05, training 0.3)")
    a.add_argument("-p", "--peer", action="append", help="only this one; repeatable (training)")
    a.add_argument("--set", action="append", default=[], help="KEY=VALUE of diynn's networks")
    a.add_argument("--torch", help=f"environment with the current PyTorch ({VENV})")
    a.add_argument("--compile", action="store_true", help="also torch.compile")
    a.add_argument("--wait", type=float, default=6, help="most seconds to wait for idleness")
    a.add_argument("--foreign", type=float, default=0.05, help="most that may be lost (0.05)")
    a.add_argument("--tries", type=int, default=3)
    a.add_argument("-c", "--csv", action="store_true")
    a.add_argument("case", nargs="*")
    o = a.parse_args()
    listed = subprocess.run([o.bench, "--list"], check=True, text=True, stdout=subprocess.PIPE)
    names = [line.split(" ", 1) for line in listed.stdout.splitlines()]
    cases = {kind: [n for k, n in names if k == kind and wanted(n, o.case)] for kind in LIMIT}
    known = cases["train"]
    # a case that only peers have can be named whole
    nets = known + [c[1:] for c in o.case if c.startswith("=") and c[1:] not in sum(cases.values(), [])]
    every = not (o.matmul or o.conv or o.train)
    if o.csv:
        print("kind,case,threads,program,rate,low,high,diynn_over_it,lost")
    for threads in map(int, o.threads.split(",")):
        for kind in ("matmul", "conv"):
            if cases[kind] and (every or getattr(o, kind)):
                compare_kernels(o, kind, cases[kind], threads)
        if nets and (every or o.train):
            compare_train(o, nets, known, threads)
    if MISSING:
        print(f"bench-peers: not here: {', '.join(sorted(MISSING))} (see bench/peers/setup.sh)",
              file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
