"""Measure shrinkwise and its peers side by side: time, ratio and the gap of what each returned.

    python benchmarks/run.py [T1 T1g L1 L1p W1 W1cv L2 L2p S1 S1cv]
                             [--repeats 3] [--scale 1.0] [--json FILE] [--peers sklearn glmnet …]

All tools run in turns, A B C A B C, on the same data, grid and folds; see benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from environment import described, environment, load
from glmnet import Glmnet
from measure import Plan, measure
from peers import (
    Celer,
    CrossProduct,
    FitGrid,
    Glum,
    Peer,
    ShrinkwiseCV,
    ShrinkwisePath,
    SklearnCV,
    SklearnLogisticCV,
)
from tables import as_json, conclusions, table
from workloads import WORKLOADS, Workload

PEERS: tuple[Peer, ...] = (
    CrossProduct(),
    FitGrid(),
    ShrinkwiseCV(),
    ShrinkwisePath(),
    SklearnCV(n_jobs=1),
    SklearnCV(n_jobs=2),
    SklearnLogisticCV(),
    Celer(),
    Glum(),
    Glmnet(),
)
OTHERS = tuple(dict.fromkeys(peer.key for peer in PEERS if peer.key != "shrinkwise"))


def main(argv: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else list(argv)
    options = _options(arguments)
    plan = Plan(options.repeats, options.budget, options.once_over)
    about = environment(shlex.join(["python", "benchmarks/run.py", *arguments]))
    print("\n".join(described(about)))
    document: dict[str, Any] = {"environment": about, "scale": options.scale, "plan": vars(plan), "workloads": []}
    for name in options.workloads:
        workload = WORKLOADS[name](options.scale)
        print(f"\n## {name}: {workload.title}\n", flush=True)
        busy = load()
        rows = measure(workload, _present(workload, options.peers), plan)
        print("\n".join(table(rows) + conclusions(workload, rows)), flush=True)
        document["workloads"].append(
            {"name": name, "title": workload.title, "load_at_start": busy, "rows": [as_json(row) for row in rows]}
        )
        if options.json is not None:
            options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {' '.join(WORKLOADS)}; default all")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="repetitions of every tool (default 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="rows of tall data, columns of wide (default 1.0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file, too")
    parser.add_argument("--peers", nargs="*", choices=OTHERS, default=OTHERS, help="beside shrinkwise; default all")
    parser.add_argument(
        "--budget", type=float, default=120, metavar="S", help="seconds after which a tool is stopped (default 120)"
    )
    parser.add_argument(
        "--once-over", type=float, default=30, metavar="S", help="what takes longer is measured once (default 30)"
    )
    options = parser.parse_args(arguments)
    for name in options.workloads:
        if name not in WORKLOADS:
            parser.error(f"there is no workload {name!r}, but {', '.join(WORKLOADS)}")
    if options.repeats < 1 or not 0 < options.scale <= 10:
        parser.error(f"repeats must be at least 1 and scale in (0, 10], got {options.repeats} and {options.scale:g}")
    if options.budget <= 0:
        parser.error(f"budget must be a positive number of seconds, got {options.budget:g}")
    if options.json is not None and not options.json.parent.is_dir():
        parser.error(f"there is no directory {options.json.parent} to write {options.json.name} to")
    options.workloads = options.workloads or list(WORKLOADS)
    return options


def _present(workload: Workload, keys: Sequence[str]) -> list[Peer]:
    """The tools that are asked for, meant for this job and here; a sentence for each that one would miss."""
    present = []
    for peer in PEERS:
        if peer.key not in (*keys, "shrinkwise") or not peer.suits(workload):
            continue
        obstacle = peer.obstacle(workload)
        if obstacle:
            print(f"Left out: {obstacle}.\n", flush=True)
        else:
            present.append(peer)
    return present


if __name__ == "__main__":
    sys.exit(main())
