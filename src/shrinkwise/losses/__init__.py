"""Losses: pointwise in the target y and the linear predictor η. They know nothing of X, coefficients or penalties."""

from shrinkwise.losses.base import Loss
from shrinkwise.losses.clipped import HuberLoss, QuantileLoss
from shrinkwise.losses.gamma import GammaLoss
from shrinkwise.losses.logistic import LogisticLoss
from shrinkwise.losses.negative_binomial import NegativeBinomialLoss
from shrinkwise.losses.poisson import PoissonLoss
from shrinkwise.losses.spec import LOSSES, as_loss, named_loss
from shrinkwise.losses.squared import SquaredLoss
from shrinkwise.losses.tweedie import TweedieLoss

__all__ = [
    "LOSSES",
    "GammaLoss",
    "HuberLoss",
    "LogisticLoss",
    "Loss",
    "NegativeBinomialLoss",
    "PoissonLoss",
    "QuantileLoss",
    "SquaredLoss",
    "TweedieLoss",
    "as_loss",
    "named_loss",
]
