"""What the errors of two models are measured by, row by row, so that they can be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.data import Target
from shrinkwise.exceptions import UsageError
from shrinkwise.losses import Loss, QuantileLoss, as_loss, named_loss
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.store import Model

Array = NDArray[Any]
Errors = Callable[[Model, Array], Array]  # of a model and its linear predictors, (n,) or (n, K)


@dataclass(frozen=True)
class Measure:
    """A common error: its name, what it is taken over, and why it is not the loss of both where it is not."""

    name: str
    loss: str | None  # of both models; None: squared errors of their predictions
    rows: str = "rows"
    why: str = ""

    def errors_of(self, target: Target, weights: Array, strata: Array | None) -> tuple[Errors, Array]:
        """What gives the errors (n,) of a model from its linear predictor, and the weights (n,) of these errors."""
        if self.loss is not None and named_loss(self.loss).coupled:
            return _by_event(self.loss, target, weights, strata)
        if self.loss is None:
            return _squares(target.values), weights
        return _scores(as_loss(self.loss), target.posed), weights


def common_measure(a: Model, b: Model) -> Measure:
    """The error that two models of one target and task share.

    That of the loss of both. Regressions with different losses are compared by the squared error of what they predict,
    a mean or a centre; Cox regressions with different ties by Breslow's partial likelihood.

    Raises
    ------
    UsageError
        If one predicts a quantile, and the other anything else.
    """
    first, second = named_loss(a.loss), named_loss(b.loss)
    if first.coupled:
        if a.loss == b.loss:
            return Measure(first.metric, a.loss, "events")
        why = "Ties are handled in different ways; Breslow's partial likelihood judges both."
        return Measure(first.metric, "cox:breslow", "events", why)
    if a.loss == b.loss:
        return Measure(first.metric, a.loss)
    if isinstance(first, QuantileLoss) or isinstance(second, QuantileLoss):
        raise UsageError(
            f"A was fitted with the loss {a.loss!r} and B with {b.loss!r}: a quantile and something else have no "
            "error in common; fit both with one --loss"
        )
    why = f"The losses differ ({first.name} and {second.name}): squared errors of the predictions judge both."
    return Measure("mean squared error", None, why=why)


def _squares(y: Array) -> Errors:
    def errors(model: Model, eta: Array) -> Array:
        return np.asarray((y - as_loss(model.loss).inverse_link(eta)) ** 2)

    return errors


def _scores(loss: Loss, y: Array) -> Errors:
    """Where a row has several linear predictors its error is the sum over them."""

    def errors(model: Model, eta: Array) -> Array:
        rows: Array = np.sum(np.reshape(loss.score(y.ravel(), eta.ravel()), (len(y), -1)), axis=1)
        return rows

    return errors


def _by_event(spec: str, target: Target, weights: Array, strata: Array | None) -> tuple[Errors, Array]:
    """Each event's share of the deviance of the partial likelihood; rows that are censored have none."""
    time, happened = target.values.T
    loss = CoxLoss(time, strata, spec.partition(":")[2]).of_rows(happened, weights / weights.sum())
    share = weights / weights.sum() * happened

    def errors(model: Model, eta: Array) -> Array:
        return np.asarray(np.divide(loss.deviance(happened, eta), share, out=np.zeros(len(eta)), where=share > 0))

    return errors, share
