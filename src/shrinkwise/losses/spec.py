"""Losses by name."""

from __future__ import annotations

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.losses.base import Loss
from shrinkwise.losses.clipped import HuberLoss, QuantileLoss
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.losses.gamma import GammaLoss
from shrinkwise.losses.logistic import LogisticLoss
from shrinkwise.losses.multinomial import MultinomialLoss
from shrinkwise.losses.negative_binomial import NegativeBinomialLoss
from shrinkwise.losses.poisson import PoissonLoss
from shrinkwise.losses.squared import SquaredLoss
from shrinkwise.losses.tweedie import TweedieLoss

LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        SquaredLoss(),
        LogisticLoss(),
        PoissonLoss(),
        GammaLoss(),
        TweedieLoss(),
        NegativeBinomialLoss(),
        HuberLoss(),
        QuantileLoss(),
    )
}


def named_loss(spec: str) -> Loss:
    """The loss that a result names: as `as_loss`, or Cox's, without times and risk sets.

    Raises
    ------
    UsageError
        As `as_loss`.

    Examples
    --------
    >>> named_loss("cox:efron").ties
    'efron'
    """
    name, _, ties = spec.partition(":")
    return CoxLoss(np.zeros(0), ties=ties) if name == "cox" else as_loss(spec)


def as_loss(loss: object) -> Loss:
    """The loss of a name such as ``"poisson"`` or ``"quantile:0.9"``, or the loss itself.

    Raises
    ------
    UsageError
        If there is no such loss, or its parameter is out of range.

    Examples
    --------
    >>> as_loss("tweedie:1.7")
    TweedieLoss(power=1.7)
    """
    if isinstance(loss, Loss):
        return loss
    name, *values = loss.split(":") if isinstance(loss, str) else [""]
    if name == "cox":
        raise UsageError(f"loss {loss!r} needs times, events and risk sets: use CoxRegressor or CoxRegressorCV")
    kinds = LOSSES | {"multinomial": MultinomialLoss()}
    if name not in kinds:
        raise UsageError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    kind = kinds[name]
    if len(values) > len(kind.parameters):
        takes = ":".join([name, *kind.parameters])
        raise UsageError(f"loss {loss!r} has too many parameters; give {takes}")
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        raise UsageError(f"loss {loss!r}: its parameter must be a number, as in {name}:0.5") from None
    return type(kind)(**dict(zip(kind.parameters, numbers)))
