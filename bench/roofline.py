#!/usr/bin/env python3
"""The roofline (Williams et al. 2009) of each net that `bench` trains, as a table in Markdown.

    bench --train --memory --csv [OPTION..] [CASE..] | roofline.py [--diynn PROGRAM]

From standard input come the machine's peak, the bandwidth of its caches and memory, and the rates that
were reached (so all of them are of one run). A step moves at least these bytes, which is what layers
that run one after the other move between them:

- a layer with parameters: its input twice (forward, weight gradient), its output once forward and twice
  as a gradient, its input's gradient once unless nothing needs it; the parameters once forward, once for
  the input's gradient, once read and once written by the update, as are its slots;
- pooling and the like: input and output each way; activations are fused and cost nothing.

The bandwidth is that of the smallest level that holds parameters, slots and activations (the caches of
all cores together). The roof is the lower one of what peak and bandwidth allow."""
import argparse
import csv
import glob
import json
import math
import subprocess
import sys

FUSED = {"relu", "tanh", "sigmoid", "leaky_relu", "elu", "softmax", "dropout", "flatten", "reshape"}
FILES = {"Dbn": "d_bn", "Ddrop": "d_drop"}


def cache_bytes(level, threads):
    """Of all the cores that `threads` threads run on."""
    for path in glob.glob("/sys/devices/system/cpu/cpu0/cache/index*/"):
        with open(path + "level") as f, open(path + "type") as t, open(path + "size") as s:
            if int(f.read()) == level and t.read().strip() != "Instruction":
                size = int(s.read().strip().rstrip("K")) << 10
                return size if level == 3 else size * threads
    return {1: 32 << 10, 2: 1 << 20, 3: 32 << 20}[level]


def step_bytes(net, batch):
    """Bytes that a step moves."""
    slots = net["training_bytes"]["optimizer"] / net["training_bytes"]["parameters"]
    moved, first = 0, True
    for before, layer in zip(net["layers"], net["layers"][1:]):
        inputs, outputs = (4 * batch * math.prod(part["output"]) for part in (before, layer))
        if layer["parameters"]:
            moved += 2 * inputs + 3 * outputs + 4 * layer["parameters"] * (3 + 2 * slots)
            moved += 0 if first else inputs + 4 * layer["parameters"]
            first = False
        elif layer["type"] not in FUSED:
            moved += 2 * (inputs + outputs)
    return moved


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--diynn", default="./diynn")
    o = parser.parse_args()
    rows = list(csv.DictReader(sys.stdin))
    peak = {r["threads"]: float(r["rate"]) * 1e9 for r in rows if r["kind"] == "peak"}
    speed = {(r["case"], r["threads"]): float(r["rate"]) * 1e9 for r in rows if r["kind"] == "memory"}
    print("| net / batch | threads | flop/byte | held in | roof, samples/s | set by | reached | % of roof |")
    print("|---|---|---|---|---|---|---|---|")
    for r in (r for r in rows if r["kind"] == "train"):
        name, batch = r["case"].split("/")
        file = f"bench/nets/{FILES.get(name, name.lower())}.ini"
        batch = 7291 if batch == "all" else int(batch)
        summary = [o.diynn, "summary", "--json", "--set", f"train.batch={batch}", file]
        net = json.loads(subprocess.run(summary, check=True, stdout=subprocess.PIPE).stdout)
        moved = step_bytes(net, batch)
        held = sum(net["training_bytes"][part] for part in ("parameters", "optimizer", "activations"))
        threads, rate = r["threads"], float(r["rate"])
        level = next((f"L{i}" for i in (1, 2, 3) if held <= cache_bytes(i, int(threads))), "DRAM")
        flops = float(r["gflops"]) * 1e9 / rate
        compute, memory = peak[threads] / flops, speed[level, threads] / (moved / batch)
        roof = min(compute, memory)
        print(f"| {r['case']} | {threads} | {flops * batch / moved:.1f} | {level} | {roof:,.0f} "
              f"| {'peak' if compute <= memory else 'bandwidth'} | {rate:,.0f} | {100 * rate / roof:.0f} |")


if __name__ == "__main__":
    main()
