"""How time grows with rows, columns, folds and mixes, and what memory a fit takes: shrinkwise alone.

    python benchmarks/scaling.py [rows columns folds mixes ratios memory] [--scale 1.0] [--repeats 3]

Growth is the slope of log time against log size, fitted through all sizes: 1 is linear. Memory is the growth of the
resident peak (ru_maxrss) from before a fit to after it, in a fresh process that has fitted a small table first.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from peers import FitGrid, Peer, ShrinkwisePath
from scipy import sparse
from workloads import WORKLOADS, Workload, path_of

SIZES = (0.125, 0.25, 0.5, 1.0)
MEMORY = {"T1": 1.5, "L1": 1.5, "W1cv": 1.5, "S1cv": 2.0}  # goals: the design and what comes on top, by the design


def seconds(peer: Peer, workload: Workload, repeats: int) -> float:
    return min(peer.fit(workload, 0).seconds for _ in range(repeats))


def peer_of(workload: Workload) -> Peer:
    return FitGrid() if workload.splits else ShrinkwisePath()


def resized(name: str, scale: float) -> Callable[[float], Workload]:
    return lambda size: WORKLOADS[name](size * scale)


def with_folds(job: Workload) -> Callable[[float], Workload]:
    return lambda size: replace(job, splits=job.splits[: round(size * len(job.splits))])


def with_mixes(job: Workload) -> Callable[[float], Workload]:
    def some(size: float) -> Workload:
        count = max(1, round(size * len(job.l1_ratios)))
        return replace(job, l1_ratios=job.l1_ratios[-count:], alphas=job.alphas[-count:])

    return some


def growth(title: str, job: Callable[[float], Workload], sizes: Sequence[float], repeats: int) -> None:
    times = []
    for size in sizes:
        workload = job(size)
        times.append(seconds(peer_of(workload), workload, repeats))
    slope = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    listed = ", ".join(f"{size:g}: {time:.3f} s" for size, time in zip(sizes, times, strict=True))
    print(f"| {title} | {listed} | {slope:.2f} |", flush=True)


def ratio(title: str, much: Workload, little: Workload, goal: float, repeats: int) -> None:
    more, less = (seconds(peer_of(job), job, repeats) for job in (much, little))
    print(f"{title}: {more:.3f} s / {less:.3f} s = {more / less:.2f} (goal: at most {goal:g})", flush=True)


def peak(name: str, scale: float) -> float:
    """Design and what a fit adds to it, by the size of the design; called in a process of its own."""
    small, workload = WORKLOADS[name](0.01), WORKLOADS[name](scale)
    FitGrid().fit(small, 0)
    X = workload.X
    size = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes if sparse.issparse(X) else X.nbytes
    ballast = np.ones(peak_now() // 8 - resident() // 8) if peak_now() > resident() else None  # up to the old peak
    before = peak_now()
    FitGrid().fit(workload, 0)
    del ballast
    return 1 + (peak_now() - before) / size


def peak_now() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/scaling.py", description=(__doc__ or "").splitlines()[0])
    parts = ("rows", "columns", "folds", "mixes", "ratios", "memory")
    parser.add_argument("parts", nargs="*", choices=[*parts, []], metavar="PART", help=f"of {' '.join(parts)}")
    parser.add_argument("--scale", type=float, default=1.0, help="of the largest job (default 1.0)")
    parser.add_argument("--repeats", type=int, default=3, help="the shortest of so many counts (default 3)")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    options = parser.parse_args()
    scale, repeats = options.scale, options.repeats
    if options.peak:
        print(peak(options.peak, scale))
        return 0
    chosen = options.parts or parts
    t1g = WORKLOADS["T1g"](scale)
    tall = replace(t1g, l1_ratios=t1g.l1_ratios[-1:], alphas=t1g.alphas[-1:])
    wide = WORKLOADS["W1cv"](scale)
    for job in (WORKLOADS["T1g"](0.02), WORKLOADS["L1"](0.02), WORKLOADS["W1cv"](0.02), WORKLOADS["W1"](0.02)):
        peer_of(job).fit(job, 0)  # kernels are there before the clock starts
    print("| what grows | times | slope |\n|---|---|---|")
    if "rows" in chosen:
        growth("rows of T1", resized("T1", scale), SIZES, repeats)
        growth("rows of L1", resized("L1", scale), SIZES, repeats)
    if "columns" in chosen:
        growth("columns of W1cv", resized("W1cv", scale), SIZES, repeats)
    if "folds" in chosen:
        growth("folds of W1cv", with_folds(wide), (0.2, 0.5, 1.0), repeats)
    if "mixes" in chosen:
        growth("mixes of T1", with_mixes(t1g), (0.2, 0.6, 1.0), repeats)
    print()
    if "ratios" in chosen:
        ratio("W1cv, 10 folds and all rows, next to one path", wide, path_of(wide, "W1", 1.0), 2.5, repeats)
        ratio("T1, 5 mixes next to one", t1g, tall, 3.0, repeats)
    for name, goal in MEMORY.items() if "memory" in chosen else ():
        command = [sys.executable, __file__, "--peak", name, "--scale", str(scale)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"memory of {name}: {float(done.stdout):.2f} × the design (goal: at most {goal:g})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
