"""All tools in turns on one job, A B C A B C, then the certificates of what they returned."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from certify import Cell, Fit, gaps
from peers import Answer, CrossProduct, Peer, Place
from workloads import ALL_DATA, WORKLOADS, Workload

SMALL = 0.01  # scale of the data that each tool sees before the clock starts
COMPILING = 600.0  # seconds that our kernels may take to be compiled, the first time on a machine


@dataclass(frozen=True)
class Plan:
    """How often and how long."""

    repeats: int
    budget: float  # seconds after which a tool is stopped
    once_over: float  # what takes longer is not repeated


@dataclass
class Row:
    """One tool on one job."""

    peer: Peer
    label: str
    seconds: list[float] = field(default_factory=list)
    answer: Answer | None = None
    remark: str = ""
    done: bool = False  # no further repetition
    budget: float = 0.0  # seconds after which it was stopped
    gap_chosen: float = np.nan  # of the model that was refitted
    gap_all: float = np.nan  # largest on all data
    gap_folds: float = np.nan  # largest in the folds that were looked at
    cv_error: float = np.nan  # largest relative difference of the CV curve from that of the tool with the smallest gap

    @property
    def is_ours(self) -> bool:
        return self.peer.key == "shrinkwise" and not isinstance(self.peer, CrossProduct)

    @property
    def median(self) -> float:
        return float(np.median(self.seconds)) if self.seconds else np.nan

    @property
    def worst_gap(self) -> float:
        known = [gap for gap in (self.gap_chosen, self.gap_all, self.gap_folds) if not np.isnan(gap)]
        return max(known, default=np.inf)


def measure(workload: Workload, peers: Sequence[Peer], plan: Plan) -> list[Row]:
    """Warm up, run in turns, certify."""
    rows = [Row(peer, peer.label(workload)) for peer in peers]
    small = WORKLOADS[workload.name](SMALL)
    try:
        for row in rows:
            row.peer.prepare(workload)
            if not row.peer.other_process:
                _attempt(row, small, replace(plan, budget=COMPILING) if row.is_ours else plan)
                row.done = not row.seconds
                row.seconds.clear()
                row.answer = None
        for repetition in range(plan.repeats):
            for row in rows:
                if not row.done:
                    outcome = _attempt(row, workload, plan)
                    turn = f"{workload.name} {repetition + 1}/{plan.repeats}"
                    print(f"{turn}  {row.label}: {outcome}", file=sys.stderr, flush=True)
        certify(workload, rows)
    finally:
        for row in rows:
            row.peer.finish()
    return rows


def _attempt(row: Row, workload: Workload, plan: Plan) -> str:
    """One fit and its outcome in words; a tool that fails or is stopped does not end the measurement of the others."""
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with _time_limit(0 if row.peer.other_process else plan.budget):
                row.answer = row.peer.fit(workload, plan.budget)
        except TimeoutError:
            row.done, row.budget, row.remark = True, plan.budget, f"stopped after {plan.budget:g} s"
            return row.remark
        except Exception as error:
            row.done, row.remark = True, f"failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            return row.remark
    row.seconds.append(row.answer.seconds)
    row.done = row.answer.seconds > plan.once_over
    row.remark = ", ".join(sorted({warning.category.__name__ for warning in caught}))
    return f"{row.answer.seconds:.3f} s"


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """TimeoutError after so many seconds, as soon as compiled code returns; 0 is no limit, and Windows has none."""
    if not seconds or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(signum: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    threads = threading.active_count()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except TimeoutError:
        patience = time.monotonic() + 60
        while threading.active_count() > threads and time.monotonic() < patience:
            time.sleep(0.1)  # a pool left at work would disturb who comes next
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# ---- certificates


def certify(workload: Workload, rows: Sequence[Row]) -> None:
    """Gaps on all data and in the first and the last fold: at the chosen, the middle and the smallest strength."""
    answers = {row.label: row.answer for row in rows if row.answer is not None and row.answer.fits is not None}
    places = _places(workload, answers.values())
    fits = {label: _fits(answer, places) for label, answer in answers.items()}
    found: dict[str, dict[Place, float]] = {label: {} for label in answers}
    for fold in dict.fromkeys(place[2] for place in places):
        X, y = workload.training(fold)
        for place in (place for place in places if place[2] == fold):
            ratio, index, _ = place
            cell = Cell(X, y, workload.loss, float(workload.alphas[ratio, index]), float(workload.l1_ratios[ratio]))
            here = {label: known[place] for label, known in fits.items() if place in known}
            for label, gap in gaps(cell, here).items():
                found[label][place] = gap
    for row in rows:
        mine = found.get(row.label)
        if not mine or row.answer is None:
            continue
        row.gap_all = max((gap for place, gap in mine.items() if place[2] == ALL_DATA), default=np.nan)
        row.gap_folds = max((gap for place, gap in mine.items() if place[2] != ALL_DATA), default=np.nan)
        if row.answer.chosen is not None:
            row.gap_chosen = mine.get((*row.answer.chosen, ALL_DATA), np.nan)
    _compare_cv_errors(rows)


def _places(workload: Workload, answers: Sequence[Answer]) -> list[Place]:
    last = workload.alphas.shape[1] - 1
    cells = {(ratio, index) for ratio in range(len(workload.l1_ratios)) for index in (last // 2, last)}
    cells |= {answer.chosen for answer in answers if answer.chosen is not None}
    folds = (ALL_DATA, 0, len(workload.splits) - 1) if workload.splits else (ALL_DATA,)
    return [(ratio, index, fold) for fold in folds for ratio, index in sorted(cells)]


def _fits(answer: Answer, places: Sequence[Place]) -> dict[Place, Fit]:
    assert answer.fits is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told once, by the timed fit
        return answer.fits(places)


def _compare_cv_errors(rows: Sequence[Row]) -> None:
    curves = [(row, row.answer.cv_error) for row in rows if row.answer is not None and row.answer.cv_error is not None]
    if not curves:
        return
    _, best = min(curves, key=lambda pair: pair[0].worst_gap)
    for row, curve in curves:
        row.cv_error = float(np.max(np.abs(curve / best - 1)))
