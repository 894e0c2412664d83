"""The route of JAX: chunks of members, as many at once as a budget of memory allows and as is quick."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from shrinkwise.keras.clock import Clock
from shrinkwise.keras.members import Kept, Outcome, Patience, Task
from shrinkwise.keras.plan import Array
from shrinkwise.keras.program import Program, Scaling

log = logging.getLogger(__name__)

ROWS = 512  # scored at once
SHARE = 0.25  # of the memory of the machine, where no budget is given
DEVICE_SHARE = 0.6  # of the memory of an accelerator
CACHE = 1 << 22  # bytes of members that a processor trains quicker together than apart (benchmarks/networks.py)


def train_together(task: Task, kept: Kept) -> None:
    """Train all members of a task and keep what is kept of each."""
    plan = task.plan
    on_cpu = jax.default_backend() == "cpu"
    groups = [[fit] for fit in range(len(plan.fits))] if on_cpu else [list(range(len(plan.fits)))]
    stages = [[(int(cell), seed) for cell in stage for seed in range(task.n_seeds)] for stage in task.stages]
    size = _chunk_size(task, max(map(len, stages)), len(groups[0]), on_cpu)
    program = Program(task, len(groups[0]), size)
    trained: dict[tuple[int, int, int], list[Array]] = {}
    warm = bool(np.any(task.origin >= 0))
    runs = len(groups) * sum(-(-len(stage) // size) for stage in stages)
    clock = Clock(task.progress, task.epochs * runs)
    for stage in stages:
        for members in _chunks(stage, size):
            for fits in groups:
                for (fit, cell, seed), outcome in _trained(task, program, fits, members, trained, clock):
                    kept.put(fit, cell, seed, outcome)
                    if warm:
                        trained[fit, cell, seed] = outcome.values


def probe(task: Task, members: int, steps: int = 8) -> tuple[float, float]:
    """Seconds of one step of so many members of one training set, the best of five, and bytes of a member."""
    program = Program(task, 1, members)
    chunk = [(number % len(task.l1), number % task.n_seeds) for number in range(members)]
    state = program.begin(
        [np.array(values) for values in _transposed([[task.first(0, *cell, None) for cell in chunk]])]
    )
    l1 = np.full((1, members), task.l1[0], dtype=np.float32)
    rows, weights, _ = _dealt(task, [0], 0)
    options = (l1, l1, np.ones((1, members), dtype=bool), _scaling(task, [0]), rows, weights)
    best = np.inf
    for _ in range(6):
        began = time.perf_counter()
        state = program.train(state, *options, np.array([steps], dtype=np.int32))
        jax.block_until_ready(state)  # type: ignore[no-untyped-call]
        seconds, compiled = time.perf_counter() - began, best < np.inf
        best = min(best, seconds) if compiled else 1e9
    return best / steps, _member_bytes(task)


def _trained(
    task: Task,
    program: Program,
    fits: list[int],
    members: list[tuple[int, int]],
    earlier: dict[tuple[int, int, int], list[Array]],
    clock: Clock,
) -> Iterator[tuple[tuple[int, int, int], Outcome]]:
    """The members (cell, seed) of these fits; a chunk that is not full repeats its first member, which then rests."""
    size = program.shape[1]
    full = members + members[:1] * (size - len(members))
    first = [
        [task.first(fit, cell, seed, earlier.get((fit, int(task.origin[cell]), seed))) for cell, seed in full]
        for fit in fits
    ]
    state = program.begin([np.array(values) for values in _transposed(first)])
    cells = [cell for cell, _ in full]
    l1, l2 = (np.tile(part[cells].astype(np.float32), (len(fits), 1)) for part in (task.l1, task.l2))
    scaling = _scaling(task, fits)
    active = np.tile(np.arange(size) < len(members), (len(fits), 1))
    patience = None if task.patience is None else Patience(task.patience, program.shape)
    best = state if patience is None else jax.tree.map(lambda part: part.copy(), state)
    total = _blocks(task)
    stop = [task.plan.fits[fit].stop for fit in fits]
    ran = 0
    for epoch in range(task.epochs):
        rows, weights, steps = _dealt(task, fits, epoch)
        state = program.train(state, l1, l2, active, scaling, rows, weights, steps)
        ran += 1
        if patience is not None:
            losses = np.asarray(program.score(state, scaling, *_blocked(task, stop, total)))
            best = program.keep(best, state, patience.see(losses))
            active &= patience.active
        elif task.progress is not None:
            jax.block_until_ready(state)  # type: ignore[no-untyped-call]
        clock.tick()
        if not np.any(active):
            break
    clock.tick(task.epochs - ran)
    sound = np.asarray(program.sound(state))
    epochs: Array = np.full(program.shape, ran)
    if patience is not None:
        state, sound, epochs = best, sound & patience.sound, patience.epochs
    train, test = (
        np.asarray(program.score(state, scaling, *_blocked(task, rows, total)))
        for rows in ([task.plan.fits[fit].train for fit in fits], [task.plan.fits[fit].test for fit in fits])
    )
    values = [np.asarray(value) for value in (*state["trainable"], *state["others"])]
    for place, fit in enumerate(fits):
        unit = task.plan.loss_unit(fit)
        for number, (cell, seed) in enumerate(members):
            here = (place, number)
            own = [value[here].copy() for value in values]
            losses_here = (unit * float(train[here]), unit * float(test[here]))
            yield (fit, cell, seed), Outcome(*losses_here, bool(sound[here]), int(epochs[here]), own)


def _transposed(first: list[list[list[Array]]]) -> list[list[list[Array]]]:
    """From fits × members × variables to variables × fits × members."""
    count = len(first[0][0])
    return [[[values[number] for values in line] for line in first] for number in range(count)]


def _scaling(task: Task, fits: list[int]) -> Scaling:
    names = ("center", "factor", "target_center", "target_scale")
    center, factor, target_center, target_scale = (
        np.array([getattr(task.plan.fits[fit], name) for fit in fits], dtype=np.float32) for name in names
    )
    return center, factor, target_center, target_scale


def _dealt(task: Task, fits: list[int], epoch: int) -> tuple[Array, Array, Array]:
    """Minibatches of an epoch: rows and weights (F, S, B), and how many of S there are."""
    plan = task.plan
    most = max(plan.steps(fit) for fit in range(len(plan.fits)))
    deals = [plan.deal(fit, epoch) for fit in fits]
    rows, weights = (
        np.stack([np.pad(deal[part], ((0, most - len(deal[part])), (0, 0))) for deal in deals]) for part in (0, 1)
    )
    return rows, weights, np.array([plan.steps(fit) for fit in fits], dtype=np.int32)


def _blocks(task: Task) -> int:
    """Blocks of rows that the largest set of any fit fills."""
    return max(-(-max(len(fit.train), len(fit.test), len(fit.stop)) // ROWS) for fit in task.plan.fits)


def _blocked(task: Task, rows: list[Array], total: int) -> tuple[Array, Array, int]:
    """Rows and shares of F fits in ``total`` blocks, (F, total, ROWS), and how many of these hold rows."""
    numbers = np.zeros((len(rows), total * ROWS), dtype=np.int32)
    weights = np.zeros((len(rows), total * ROWS), dtype=np.float32)
    for place, part in enumerate(rows):
        numbers[place, : len(part)], weights[place, : len(part)] = part, task.plan.shares(part)
    shape = (len(rows), total, ROWS)
    return numbers.reshape(shape), weights.reshape(shape), -(-max(map(len, rows)) // ROWS)


def _chunks(members: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    return (members[start : start + size] for start in range(0, len(members), size))


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
