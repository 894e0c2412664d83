"""The training sets of a grid of networks: their rows, their scaling, and how they are dealt into minibatches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import Loss
from shrinkwise.losses.domain import check_classes
from shrinkwise.losses.multinomial import MultinomialLoss

Array = NDArray[Any]

SHARE = 0.1  # of the training rows, held out of an early stopped fit
AUTO_STEPS = 8  # steps an epoch that batch_size="auto" aims at; noisier ones keep inputs in that do not matter
AUTO_BATCH = (8, 256)
LARGEST = 1e30  # networks compute in float32, which ends at 3.4e38
CONSTANT = 1e-6  # a column whose sd in a fold is this share of its sd in all data does not vary in float32


@dataclass(frozen=True, eq=False)
class Fit:
    """One training set: its rows, those that stop it early, those that score it, and its own scaling.

    ``center`` and ``factor`` (one over the sd, 0 for a constant column) act on the rows of `Plan.X`.
    """

    train: Array
    stop: Array
    test: Array
    center: Array  # (p,)
    factor: Array  # (p,)
    target_center: float
    target_scale: float


@dataclass(frozen=True, eq=False)
class Plan:
    """The data of all fits, and how their rows are dealt into minibatches: the same on every backend.

    Parameters
    ----------
    X : ndarray of float32, shape (n, p)
        Columns less their mean over their sd, of all rows; ``shift`` and ``unit`` undo it.
    y : ndarray of float32, shape (n, k)
    weights : ndarray, shape (n,)
    fits : tuple of K + 1 Fit
        The last is the fit on all data.
    loss : Loss
        Its score is what a network minimizes, penalty apart, and what it is scored by.
    batch_size : int
        Rows of a minibatch at the most.
    seed : int
        Of the deals.
    copies : int, default 1
        How often the data stand in X, y and weights, one below the other: K + 1 times where each training set and,
        last, all data have an encoding of their own.
    """

    X: Array
    y: Array
    weights: Array
    shift: Array
    unit: Array
    y_shift: float
    y_unit: float
    fits: tuple[Fit, ...]
    loss: Loss
    batch_size: int
    seed: int
    copies: int = 1

    @property
    def n_samples(self) -> int:
        return len(self.X) // self.copies

    @property
    def n_features(self) -> int:
        return int(self.X.shape[1])

    @property
    def n_outputs(self) -> int:
        return int(self.y.shape[1])

    def steps(self, fit: int) -> int:
        """Minibatches of an epoch."""
        return -(-len(self.fits[fit].train) // self.batch_size)

    @property
    def width(self) -> int:
        """Rows of the largest minibatch."""
        return max(-(-len(fit.train) // self.steps(number)) for number, fit in enumerate(self.fits))

    def deal(self, fit: int, epoch: int) -> tuple[Array, Array]:
        """Row numbers and weights, (steps, width): all training rows once, in an order of this fit and epoch.

        Minibatches differ by one row at most; what they lack to ``width`` are rows of their own of weight 0. The sum
        of weight times loss is the mean of a minibatch.
        """
        rows = self.fits[fit].train
        steps, width = self.steps(fit), self.width
        order = rows[np.random.default_rng((self.seed, fit, epoch)).permutation(len(rows))]
        sizes = np.full(steps, len(rows) // steps)
        sizes[: len(rows) % steps] += 1
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        place = np.arange(width)
        inside = place < sizes[:, None]
        numbers = order[starts[:, None] + np.where(inside, place, place % sizes[:, None])]
        relative = self.weights[rows].mean() * sizes[:, None]
        return numbers.astype(np.int32), np.where(inside, self.weights[numbers] / relative, 0.0).astype(np.float32)

    def loss_unit(self, fit: int) -> float:
        """The unit of losses of a fit: its own target's, squared for squares."""
        return float((self.y_unit * self.fits[fit].target_scale) ** self.loss.degree)

    def shares(self, rows: Array) -> Array:
        """Weights of rows that sum to 1."""
        weights = self.weights[rows]
        return np.asarray(weights / weights.sum())

    def scaling(self, fit: int = -1) -> tuple[Array, Array, float, float]:
        """Center and factor of the data's own columns, center and scale of the target."""
        own = self.fits[fit]
        center = self.shift + self.unit * own.center
        factor = np.divide(own.factor, self.unit, out=np.zeros_like(self.unit), where=self.unit > 0)
        return center, factor, self.y_shift + self.y_unit * own.target_center, self.y_unit * own.target_scale


def make_plan(
    X: Array,
    y: Array,
    splits: Sequence[tuple[Array, Array]],
    *,
    loss: Loss,
    weights: Array,
    standardize: bool,
    early: bool,
    batch_size: int | str,
    seed: int,
    designs: Sequence[Array] | None = None,
) -> Plan:
    """Scaling and rows of each fit; rows of weight 0 are in none. ``designs``: X as each training set sees it."""
    stack = [X] if designs is None else [np.asarray(design) for design in designs]
    if designs is not None and [design.shape for design in stack] != [X.shape] * (len(splits) + 1):
        raise UsageError(
            f"designs must be {len(splits) + 1} matrices of shape {X.shape}, one for each training set and one for all "
            f"rows, got {[design.shape for design in stack]}"
        )
    y = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
    check_classes(y, loss)
    if max(np.max(np.abs(X)), np.max(np.abs(y))) > LARGEST:
        raise DataError(f"X or y holds numbers beyond {LARGEST:g}, which networks cannot compute with; rescale them")
    shift, sd = _moments(X, weights)
    if not standardize:
        shift, sd = np.zeros_like(shift), np.ones_like(sd)
    unit = np.where(sd > 0, sd, 1.0)
    y_shift, y_unit = 0.0, 1.0
    if loss.degree and standardize:  # η has the unit of y
        y_shift, y_unit = (float(part[0]) for part in _moments(y, weights))
        y_unit = y_unit or 1.0
    scaled = np.concatenate([((design - shift) / unit).astype(np.float32) for design in stack])
    target = ((y - y_shift) / y_unit).astype(np.float32)
    everything = np.flatnonzero(weights > 0)
    copies, target, stacked = len(stack), np.tile(target, (len(stack), 1)), np.tile(weights, len(stack))
    fits = []
    for number, (train, test) in enumerate([*splits, (everything, everything)]):
        train, test = (rows[weights[rows] > 0] for rows in (train, test))
        if not len(train) or not len(test):
            raise DataError(f"fold {number + 1} has no rows of positive weight to train or score; use fewer folds")
        if copies > 1:
            train, test = train + number * len(X), test + number * len(X)
        stop = train[:0]
        if early:
            train, stop = _apart(train, np.random.default_rng((seed, number)))
        fits.append(_fit(scaled, target, stacked, train, stop, test, standardize, bool(loss.degree)))
    smallest = min(len(fit.train) for fit in fits)
    size = int(np.clip(smallest // AUTO_STEPS, *AUTO_BATCH)) if batch_size == "auto" else int(batch_size)
    return Plan(scaled, target, stacked, shift, unit * (sd > 0), y_shift, y_unit, tuple(fits), loss, size, seed, copies)


def row_losses(loss: Loss, y: Any, eta: Any, xp: Any = np) -> Any:
    """Loss of each row, (n,), of targets and predictors (n, k)."""
    flat = loss.score(xp.reshape(y, (-1,)), xp.reshape(eta, (-1,)), xp)
    return xp.sum(xp.reshape(flat, eta.shape), axis=-1)


def null_scores(plan: Plan) -> Array:
    """Held-out score of the training mean, (K,), in the units of the data."""
    scores = []
    for fit in plan.fits[:-1]:
        mean = plan.shares(fit.train) @ plan.y[fit.train].astype(np.float64)
        if isinstance(plan.loss, MultinomialLoss):
            eta = np.log(np.maximum(mean, 1e-12))  # a class may be missing in a fold
        else:
            eta = plan.loss.link(np.clip(mean, 1e-12, 1 - 1e-12) if not plan.loss.degree else mean)
        y = plan.y[fit.test].astype(np.float64)
        losses = row_losses(plan.loss, y, np.broadcast_to(eta, y.shape).copy())
        scores.append(float(plan.shares(fit.test) @ losses) * plan.y_unit**plan.loss.degree)
    return np.array(scores)


def _moments(values: Array, weights: Array) -> tuple[Array, Array]:
    """Weighted means and sds (1/n) of columns; the sd of a constant column is 0."""
    share = weights / weights.sum()
    used = values[weights > 0]
    mean = share @ values
    sd = np.sqrt(share @ (values - mean) ** 2)
    varies = np.ptp(used, axis=0) > 0
    return mean, np.where(varies, sd, 0.0)


def _apart(train: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Training rows, and a tenth of them that only stops the fit; copies of a row stay on one side."""
    rows = np.unique(train)
    if len(rows) < 2:
        raise DataError("early stopping needs at least 2 training rows in each fold; leave patience out")
    held = np.sort(rng.permutation(rows)[: max(1, round(SHARE * len(rows)))])
    return train[~np.isin(train, held)], held


def _fit(
    X: Array, y: Array, weights: Array, train: Array, stop: Array, test: Array, standardize: bool, rescale: bool
) -> Fit:
    p = X.shape[1]
    center, factor, target_center, target_scale = np.zeros(p), np.ones(p), 0.0, 1.0
    if standardize:
        center, sd = _moments(X[train].astype(np.float64), weights[train])
        factor = np.divide(1.0, sd, out=np.zeros(p), where=sd > CONSTANT)
        if rescale:
            mean, scale = _moments(y[train].astype(np.float64), weights[train])
            target_center, target_scale = float(mean[0]), float(scale[0]) or 1.0
    return Fit(train, stop, test, center, factor, target_center, target_scale)
