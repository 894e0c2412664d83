"""The route of JAX: chunks of members, as many at once as a budget of memory allows and as is quick."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from shrinkwise.keras.clock import Clock
from shrinkwise.keras.members import Kept, Outcome, Patience, Task
from shrinkwise.keras.plan import Array
from shrinkwise.keras.program import Program, Scaling

Place = tuple[int, int, int]  # fit, cell, seed

log = logging.getLogger(__name__)

ROWS = 512  # scored at once
SHARE = 0.25  # of the memory of the machine, where no budget is given
DEVICE_SHARE = 0.6  # of the memory of an accelerator
CACHE = 1 << 22  # bytes of members that are quicker together than apart: measured, benchmarks/networks.py sweep


def train_together(task: Task, kept: Kept) -> None:
    """Train all members of a task and keep what is kept of each."""
    plan = task.plan
    on_cpu = jax.default_backend() == "cpu"
    groups = [[fit] for fit in range(len(plan.fits))] if on_cpu else [list(range(len(plan.fits)))]
    workers = min(len(groups), os.cpu_count() or 1)
    stages = [[(int(cell), seed) for cell in stage for seed in range(task.n_seeds)] for stage in task.stages]
    size = _chunk_size(task, max(map(len, stages)), workers * len(groups[0]), on_cpu)
    run = _Run(task, len(groups[0]), size)
    clock = Clock(
        task.progress, (task.epochs + task.refit) * len(groups) * sum(-(-len(stage) // size) for stage in stages)
    )
    trained: dict[Place, list[Array]] = {}
    for stage in stages:
        with ThreadPoolExecutor(workers) as pool:  # of a stage: the next may start from its weights
            jobs = [
                pool.submit(run, fits, stage[start : start + size], dict(trained), clock)
                for start in range(0, len(stage), size)
                for fits in groups
            ]
            try:
                for job in jobs:
                    for (fit, cell, seed), outcome in job.result():
                        kept.put(fit, cell, seed, outcome)
                        if np.any(task.origin == cell):
                            trained[fit, cell, seed] = outcome.values
            except BaseException:
                clock.stop()
                pool.shutdown(cancel_futures=True)
                raise


class _Run:
    """Trains chunks of members of a group of training sets; it may be called in several threads.

    A processor is busiest with one training set a thread: within a step, products use all cores, the rest does not.
    """

    def __init__(self, task: Task, fits: int, size: int) -> None:
        self.task, self.program = task, Program(task, fits, size)
        self.blocks = max(-(-max(len(fit.train), len(fit.test), len(fit.stop)) // ROWS) for fit in task.plan.fits)
        self.steps = max(task.plan.steps(fit) for fit in range(len(task.plan.fits)))
        chunk = [(int(task.stages[0][0]), 0)]
        start = self._start(list(range(fits)), chunk, {})
        self.program.compile(
            (*start, *self._dealt(list(range(fits)), 0)),
            (start[0], start[-1], *self._blocked([task.plan.fits[fit].test for fit in range(fits)])),
        )

    def __call__(
        self, fits: list[int], members: list[tuple[int, int]], earlier: dict[Place, list[Array]], clock: Clock
    ) -> list[tuple[Place, Outcome]]:
        """The outcomes of the members (cell, seed) of these training sets."""
        task, program = self.task, self.program
        state, l1, l2, held, active, scaling = self._start(fits, members, earlier)
        patience = None if task.patience is None else Patience(task.patience, program.shape)
        best = state if patience is None else jax.tree.map(lambda part: part.copy(), state)
        stop = self._blocked([task.plan.fits[fit].stop for fit in fits])
        moving = active
        ran = 0
        for epoch in range(task.epochs):
            state = program.train(state, l1, l2, held, active, scaling, *self._dealt(fits, epoch))
            ran += 1
            if patience is not None:
                losses, _ = program.score(state, scaling, *stop)
                best = program.keep(best, state, patience.see(np.asarray(losses)))
                active = active & patience.active
            jax.block_until_ready(state)  # type: ignore[no-untyped-call]
            clock.tick()
            if not np.any(active):
                break
        clock.tick(task.epochs - ran)
        epochs: Array = np.full(program.shape, ran) if patience is None else patience.epochs
        sound = np.asarray(program.score(state, scaling, *stop[:2], 0)[1])
        if patience is not None:
            state, sound = best, sound & patience.sound
        for epoch in range(task.epochs, task.epochs + task.refit):
            state = program.train(state, 0 * l1, l2, ~held, moving, scaling, *self._dealt(fits, epoch))
            jax.block_until_ready(state)  # type: ignore[no-untyped-call]
            clock.tick()
        scores = []
        for part in ("train", "test"):
            rows = self._blocked([getattr(task.plan.fits[fit], part) for fit in fits])
            score, finite = (np.asarray(found) for found in program.score(state, scaling, *rows))
            scores.append(score)
            sound = sound & finite
        values = [np.asarray(value) for value in (*state["trainable"], *state["others"])]
        found = []
        for place, fit in enumerate(fits):
            unit = task.plan.loss_unit(fit)
            for number, (cell, seed) in enumerate(members):
                here = (place, number)
                train, test = (unit * float(score[here]) for score in scores)
                own = [value[here].copy() for value in values]
                found.append(((fit, cell, seed), Outcome(train, test, bool(sound[here]), int(epochs[here]), own)))
        return found

    def _start(
        self, fits: list[int], members: list[tuple[int, int]], earlier: dict[Place, list[Array]]
    ) -> tuple[Any, ...]:
        """State, l1, l2, what is held, what moves, scaling; a chunk that is not full repeats its first, which rests."""
        task, (_, size) = self.task, self.program.shape
        full = members + members[:1] * (size - len(members))
        first = [
            [task.first(fit, cell, seed, earlier.get((fit, int(task.origin[cell]), seed))) for cell, seed in full]
            for fit in fits
        ]
        by_variable = [np.array([[own[k] for own in line] for line in first]) for k in range(len(task.starts))]
        cells = [cell for cell, _ in full]
        l1, l2 = (np.tile(part[cells].astype(np.float32), (len(fits), 1)) for part in (task.l1, task.l2))
        active = np.tile(np.arange(size) < len(members), (len(fits), 1))
        held = np.zeros(active.shape, dtype=bool)
        return self.program.begin(by_variable), l1, l2, held, active, _scaling(task, fits)

    def _dealt(self, fits: list[int], epoch: int) -> tuple[Array, Array, Array]:
        """Minibatches of an epoch: rows and weights (F, S, B), and how many of S there are."""
        deals = [self.task.plan.deal(fit, epoch) for fit in fits]
        rows, weights = (
            np.stack([np.pad(deal[part], ((0, self.steps - len(deal[part])), (0, 0))) for deal in deals])
            for part in (0, 1)
        )
        return rows, weights, np.array([self.task.plan.steps(fit) for fit in fits], dtype=np.int32)

    def _blocked(self, rows: list[Array]) -> tuple[Array, Array, int]:
        """Rows and shares of F fits in blocks, (F, T, ROWS), and how many of these hold rows."""
        numbers = np.zeros((len(rows), self.blocks * ROWS), dtype=np.int32)
        weights = np.zeros((len(rows), self.blocks * ROWS), dtype=np.float32)
        for place, part in enumerate(rows):
            numbers[place, : len(part)] = part
            if len(part):
                weights[place, : len(part)] = self.task.plan.shares(part)
        shape = (len(rows), self.blocks, ROWS)
        return numbers.reshape(shape), weights.reshape(shape), -(-max(map(len, rows)) // ROWS)


def probe(task: Task, members: int, steps: int = 8) -> tuple[float, float]:
    """Seconds of one step of so many members of one training set, the best of five, and bytes of a member."""
    run = _Run(task, 1, members)
    state, *options = run._start([0], [(number % len(task.l1), 0) for number in range(members)], {})
    rows, weights, _ = run._dealt([0], 0)
    best = np.inf
    for _ in range(5):
        began = time.perf_counter()
        state = run.program.train(state, *options, rows, weights, np.array([steps], dtype=np.int32))
        jax.block_until_ready(state)  # type: ignore[no-untyped-call]
        best = min(best, time.perf_counter() - began)
    return best / steps, _member_bytes(task)


def _scaling(task: Task, fits: list[int]) -> Scaling:
    names = ("center", "factor", "target_center", "target_scale")
    center, factor, target_center, target_scale = (
        np.array([getattr(task.plan.fits[fit], name) for fit in fits], dtype=np.float32) for name in names
    )
    return center, factor, target_center, target_scale


def _chunk_size(task: Task, members: int, fits: int, on_cpu: bool) -> int:
    """Members of a chunk, in chunks as even as can be."""
    each = _member_bytes(task)
    budget = task.memory or _memory(on_cpu)
    most = int(budget // (each * fits))
    if most < members:
        count = -(-members // max(1, most))
        log.warning(
            "%d networks of a training set need about %.3g MB together, more than %.3g MB: they come in %d chunks",
            members,
            each * fits * members / 1e6,
            budget / 1e6,
            count,
        )
    if on_cpu:
        most = min(most, CACHE // each)
    count = -(-members // max(1, most))
    return -(-members // count)


def _member_bytes(task: Task) -> int:
    """Weights, gradient, slots and their successors, and the activations of a minibatch forward and back."""
    weights = sum(value[0].size for value in task.starts)
    slots = sum(int(np.prod(variable.shape)) for variable in task.optimizer.variables)
    copies = 2 * (weights + slots) + weights + (0 if task.patience is None else weights + slots)
    units = sum(_units(layer) for layer in task.model.layers)
    return 4 * int(copies + 2 * units * max(task.plan.width, ROWS // 2))


def _units(layer: Any) -> int:
    try:
        return int(np.prod([size or 1 for size in layer.output.shape[1:]]))
    except (AttributeError, ValueError, TypeError):
        return 0


def _memory(on_cpu: bool) -> float:
    """Bytes that may be used, where no budget is given."""
    if not on_cpu:
        stats = jax.local_devices()[0].memory_stats() or {}
        if "bytes_limit" in stats:
            return DEVICE_SHARE * float(stats["bytes_limit"])
    try:
        return SHARE * float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return 2e9
