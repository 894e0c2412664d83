"""The members of a grid of networks: a network for each λ, fold and seed, and what is kept of it once it is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.keras.plan import Array, Plan
from shrinkwise.keras.terms import Terms

Progress = Callable[[int, int, float], object]

WARM = ("weak-to-strong", "strong-to-weak")


@dataclass(frozen=True, eq=False)
class Task:
    """What a route needs to train all members: C cells × S seeds for each fit of the plan.

    Parameters
    ----------
    plan : Plan
    model : keras.Model
        Built; its regularizers with a proximal step are taken off, since ``terms`` act.
    optimizer : Proximal or OptaxProximal
        Built on the model's trainable variables.
    optimizer_name : str
    terms : tuple of Terms or None
        The penalty of each trainable variable for l1 = l2 = 1.
    l1, l2 : ndarray of shape (C,)
    stages : tuple of ndarray of int
        Cells that are trained together; a stage may start from the weights of the one before.
    origin : ndarray of int, shape (C,)
        The cell whose weights a cell starts from, -1 for none.
    starts : tuple of ndarray, (S, *shape)
        First values of the trainable and then of the other variables.
    random : tuple of bool
        Which of these are states of random generators.
    epochs : int
    refit : int
        Epochs after that without l1, in which penalized weights that are zero stay zero.
    patience : int or None
    memory : int or None
        Bytes that the members trained together may take.
    progress : callable or None
    """

    plan: Plan
    model: Any
    optimizer: Any
    optimizer_name: str
    terms: tuple[Terms | None, ...]
    l1: Array
    l2: Array
    stages: tuple[Array, ...]
    origin: Array
    starts: tuple[Array, ...]
    random: tuple[bool, ...]
    epochs: int
    refit: int
    patience: int | None
    memory: int | None
    progress: Progress | None

    @property
    def n_seeds(self) -> int:
        return len(self.starts[0])

    @property
    def n_trainable(self) -> int:
        return len(self.terms)

    def first(self, fit: int, cell: int, seed: int, earlier: list[Array] | None) -> list[Array]:
        """First values of the variables of one member; ``earlier`` are those of the cell it starts from."""
        values = [start[seed] for start in self.starts] if earlier is None else list(earlier)
        for number, is_state in enumerate(self.random):
            if is_state:
                state = np.zeros_like(values[number])
                state[0] = np.random.default_rng((self.plan.seed, fit, cell, seed, number)).integers(1, 2**31 - 1)
                values[number] = state
        return values


@dataclass(frozen=True, eq=False)
class Outcome:
    """One trained member: losses in the units of the data, and the values of its variables."""

    train: float
    test: float
    sound: bool  # all numbers were finite, at the end and before
    epochs: int
    values: list[Array]


@dataclass(eq=False)
class Kept:
    """What is kept of F fits × C cells × S seeds; of the fit on all data also the weights of the best seed.

    Parameters
    ----------
    task : Task
    first : list of int or None
        The trainable variables whose rows are the inputs.
    """

    task: Task
    first: list[int] | None
    best: Array = field(init=False)  # (C,), the seed
    values: list[list[Array] | None] = field(init=False)  # of each cell

    def __post_init__(self) -> None:
        task = self.task
        shape = (len(task.plan.fits), len(task.l1), task.n_seeds)
        self.kinds = [number for number, terms in enumerate(task.terms) if terms is not None]
        self.train, self.test = np.full(shape, np.inf), np.full(shape, np.inf)
        self.objective = np.full(shape, np.inf)
        self.sound, self.epochs = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
        self.zeros = np.zeros((*shape, len(self.kinds)), dtype=np.int64)
        self.norms = np.zeros((*shape, len(self.kinds)))
        self.inputs = np.zeros((*shape, task.plan.n_features))
        self.best = np.zeros(shape[1], dtype=np.int64)
        self.values = [None] * shape[1]

    def put(self, fit: int, cell: int, seed: int, outcome: Outcome) -> None:
        """Take what is kept of one member; a diverged one has a score of infinity."""
        task, place = self.task, (fit, cell, seed)
        sound = outcome.sound and bool(np.isfinite(outcome.train) and np.isfinite(outcome.test))
        self.sound[place], self.epochs[place] = sound, outcome.epochs
        if not sound:
            return
        weights = [np.asarray(outcome.values[kind], dtype=np.float64) for kind in self.kinds]
        parts = (task.terms[kind].times(task.l1[cell], task.l2[cell]) for kind in self.kinds)  # type: ignore[union-attr]
        penalty = sum(float(terms.value(w)) for terms, w in zip(parts, weights))
        self.train[place], self.test[place] = outcome.train, outcome.test
        self.objective[place] = outcome.train + task.plan.loss_unit(fit) * penalty
        self.zeros[place] = [np.count_nonzero(w == 0) for w in weights]
        self.norms[place] = [np.linalg.norm(w) for w in weights]
        self.inputs[place] = 1.0
        if self.first is not None:
            squares = [np.sum(np.asarray(outcome.values[kind], dtype=np.float64) ** 2, axis=1) for kind in self.first]
            self.inputs[place] = np.sqrt(np.sum(squares, axis=0))
        on_all = fit == len(task.plan.fits) - 1
        if on_all and (self.values[cell] is None or self.objective[place] < self.objective[fit, cell, self.best[cell]]):
            self.best[cell], self.values[cell] = seed, outcome.values


class Patience:
    """Early stopping of many members at once: the best loss so far, and how long it has stood."""

    def __init__(self, patience: int, shape: tuple[int, ...]) -> None:
        self.patience = patience
        self.lowest = np.full(shape, np.inf)
        self.waited = np.zeros(shape, dtype=np.int64)
        self.epochs = np.zeros(shape, dtype=np.int64)
        self.active = np.ones(shape, dtype=bool)
        self.sound = np.ones(shape, dtype=bool)

    def see(self, losses: Array) -> Array:
        """Take the losses after an epoch; where they are the lowest so far the weights are to be kept."""
        self.sound &= np.isfinite(losses) | ~self.active
        improved = self.active & (losses < self.lowest)
        self.lowest = np.where(improved, losses, self.lowest)
        self.epochs += self.active
        self.waited = np.where(improved, 0, self.waited + 1)
        self.active &= (self.waited < self.patience) & self.sound
        return improved


def staged(n_l1: int, n_l2: int, warm_start: str | bool | None) -> tuple[tuple[Array, ...], Array]:
    """Stages and origins of the cells: rows of l2, columns of decreasing l1, and last the cell without a penalty."""
    cells = np.arange(n_l1 * n_l2).reshape(n_l2, n_l1)
    free = np.array([n_l1 * n_l2])
    origin = np.full(n_l1 * n_l2 + 1, -1)
    if warm_start is None or warm_start is False:
        return (np.concatenate([cells.ravel(), free]),), origin
    if warm_start not in WARM:
        raise UsageError(f"warm_start must be None or one of {', '.join(map(repr, WARM))}, got {warm_start!r}")
    columns = range(n_l1 - 1, -1, -1) if warm_start == WARM[0] else range(n_l1)
    order = [cells[:, column] for column in columns]
    for before, after in pairwise(order):
        origin[after] = before
    return (np.concatenate([order[0], free]), *order[1:]), origin
