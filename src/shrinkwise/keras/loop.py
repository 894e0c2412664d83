"""The route of TensorFlow and Torch: the same members with the same starts and minibatches, one after the other."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from shrinkwise.keras.clock import Clock
from shrinkwise.keras.members import Kept, Outcome, Patience, Task
from shrinkwise.keras.networks import variables_of
from shrinkwise.keras.plan import Array, row_losses
from shrinkwise.keras.regularizers import Penalty
from shrinkwise.keras.terms import Terms
from shrinkwise.losses import Loss

ROWS = 512  # scored at once


class _Dial(Penalty):
    """A template whose strengths are variables: set for each member, read by a program that is compiled once."""

    def __init__(self, template: Terms, l1: Any, l2: Any) -> None:
        self.template, self.dials = template, (l1, l2)

    def terms(self, shape: tuple[int, ...]) -> Terms:
        """The template times what is dialled."""
        return self.template.times(*map(ops.convert_to_tensor, self.dials))

    def __call__(self, x: Any) -> Any:
        """No part of the loss that is differentiated."""
        return ops.zeros((), dtype=x.dtype)


class _Hold:
    """Keeps the zeros of a weight: what is multiplied by its mask after each step; ones hold nothing."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.mask = keras.Variable(np.ones(variable.shape, dtype=np.float32), trainable=False, name="mask")

    def __call__(self, w: Any) -> Any:
        return ops.convert_to_tensor(w) * ops.cast(self.mask, w.dtype)

    def set(self, hold: bool) -> None:
        """Hold the zeros that there are, or none."""
        value = ops.convert_to_numpy(self.variable)
        self.mask.assign((value != 0) | (not hold))


class _RowLoss(keras.losses.Loss):  # type: ignore[misc]
    """The loss of each row; weights of a minibatch make its mean of the sum."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(name=loss.name, reduction="sum")
        self.of_rows = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return row_losses(self.of_rows, ops.cast(y_true, y_pred.dtype), y_pred, ops)


def train_in_turn(task: Task, kept: Kept) -> None:
    """Train all members of a task and keep what is kept of each."""
    holds = []
    dials = [keras.Variable(np.float32(0.0), trainable=False, name=name) for name in ("l1", "l2")]
    for variable, terms in zip(task.model.trainable_variables, task.terms):
        if terms is not None:
            variable.regularizer = _Dial(terms, *dials)
            holds.append(_Hold(variable))
            variable.constraint = holds[-1]
    task.model.compile(optimizer=task.optimizer, loss=_RowLoss(task.plan.loss), jit_compile=False)
    blank = [ops.convert_to_numpy(variable).copy() for variable in task.optimizer.variables]
    members = [(int(cell), seed) for stage in task.stages for cell in stage for seed in range(task.n_seeds)]
    clock = Clock(task.progress, (task.epochs + task.refit) * len(task.plan.fits) * len(members))
    for fit in range(len(task.plan.fits)):
        x, y = _scaled(task, fit)
        trained: dict[tuple[int, int], list[Array]] = {}
        for cell, seed in members:
            earlier = trained.get((int(task.origin[cell]), seed))
            _set(variables_of(task.model), task.first(fit, cell, seed, earlier))
            _set(task.optimizer.variables, blank)
            _set(dials, [np.float32(task.l1[cell]), np.float32(task.l2[cell])])
            outcome = _trained(task, fit, x, y, dials, holds, clock)
            kept.put(fit, cell, seed, outcome)
            if np.any(task.origin == cell):
                trained[cell, seed] = outcome.values


def _trained(task: Task, fit: int, x: Array, y: Array, dials: list[Any], holds: list[_Hold], clock: Clock) -> Outcome:
    """One member, trained from what its variables hold."""
    plan, model = task.plan, task.model
    own = plan.fits[fit]
    patience = None if task.patience is None else Patience(task.patience, (1,))
    best = _values(model)
    ran = 0
    for hold in holds:
        hold.set(False)
    for epoch in range(task.epochs):
        _epoch(task, fit, epoch, x, y)
        ran += 1
        clock.tick()
        if patience is not None:
            if patience.see(np.array([_score(task, x, y, own.stop)]))[0]:
                best = _values(model)
            if not patience.active[0]:
                break
    clock.tick(task.epochs - ran)
    sound = _sound(task)
    if patience is not None:
        sound, ran = sound and bool(patience.sound[0]), int(patience.epochs[0])
        _set(variables_of(model), best)
    if task.refit:
        dials[0].assign(0.0)
        for hold in holds:
            hold.set(True)
        for epoch in range(task.epochs, task.epochs + task.refit):
            _epoch(task, fit, epoch, x, y)
            clock.tick()
        sound = sound and _sound(task)
    unit = plan.loss_unit(fit)
    train, test = (unit * _score(task, x, y, rows) for rows in (own.train, own.test))
    return Outcome(train, test, sound, ran, _values(model))


def _epoch(task: Task, fit: int, epoch: int, x: Array, y: Array) -> None:
    for rows, weights in zip(*task.plan.deal(fit, epoch)):
        task.model.train_on_batch(x[rows], y[rows], sample_weight=weights)


def _sound(task: Task) -> bool:
    """Whether all numbers of the network and its optimizer are finite."""
    return all(np.all(np.isfinite(value)) for value in (*_values(task.model), *_arrays(task.optimizer.variables)))


def _score(task: Task, x: Array, y: Array, rows: Array) -> float:
    """The weighted mean loss of rows, as at inference."""
    shares, total = task.plan.shares(rows), 0.0
    for start in range(0, len(rows), ROWS):
        now = rows[start : start + ROWS]
        eta = ops.convert_to_numpy(task.model(ops.convert_to_tensor(x[now]), training=False))
        with np.errstate(over="ignore", invalid="ignore"):  # of a network that has diverged
            losses = row_losses(task.plan.loss, y[now].astype(np.float64), eta.astype(np.float64))
            total += float(shares[start : start + ROWS] @ losses)
    return total


def _scaled(task: Task, fit: int) -> tuple[Array, Array]:
    own = task.plan.fits[fit]
    center, factor = own.center.astype(np.float32), own.factor.astype(np.float32)
    target = (task.plan.y - np.float32(own.target_center)) / np.float32(own.target_scale)
    return (task.plan.X - center) * factor, target


def _values(model: Any) -> list[Array]:
    return _arrays(variables_of(model))


def _arrays(variables: list[Any]) -> list[Array]:
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def _set(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values):
        variable.assign(value)
