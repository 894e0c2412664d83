"""Losses: pointwise in the target y and the linear predictor η. They know nothing of X, coefficients or penalties."""

from shrinkwise.losses.base import Loss
from shrinkwise.losses.logistic import LogisticLoss
from shrinkwise.losses.squared import SquaredLoss

LOSSES: dict[str, Loss] = {loss.name: loss for loss in (SquaredLoss(), LogisticLoss())}

__all__ = ["LOSSES", "LogisticLoss", "Loss", "SquaredLoss"]
