"""Are predictions right on average? What each loss predicts beside what happened, by bins of the predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis._binned import bin_means, ranked_bins
from shrinkwise.losses import Loss, QuantileLoss
from shrinkwise.losses.base import LogLink

Array = NDArray[Any]

BINS = 10  # of calibration and lift


def calibrated(
    y: Array, eta: Array, loss: Loss, s: Array, offset: Array | None = None
) -> tuple[Array, Array, Array, Array | float | None]:
    """Prediction, outcome and weight of each row, and where outcomes are 0 or 1 their probability if all is right.

    Of two classes the probability of the second; of more that of the likeliest, and whether it was right; of a
    quantile whether the row lies at or below it; of a log link the mean of a unit of exposure.
    """
    if loss.name == "multinomial":
        top, rows = np.argmax(eta, axis=1), np.arange(len(y))
        p = loss.inverse_link(eta.ravel()).reshape(eta.shape)[rows, top]
        return p, y[rows, top], s, p
    if loss.name == "logistic":
        p = loss.inverse_link(eta)
        return p, y, s, p
    if isinstance(loss, LogLink):
        known = np.zeros(len(y)) if offset is None else offset
        with np.errstate(over="ignore"):
            exposure = np.exp(known)
            return loss.inverse_link(eta - known), y / exposure, s * exposure, None
    if isinstance(loss, QuantileLoss):
        return eta, (y <= eta).astype(np.float64), s, loss.quantile
    return eta, y, s, None


def calibration(predicted: Array, outcome: Array, weights: Array, right: Array | float | None = None) -> Array:
    """Mean prediction, mean outcome, its SE, share of the weight and rows, by bins of the predictions.

    ``right`` is the probability of an outcome of 1 if predictions are right: then SE are those under it, since bins in
    which all outcomes are alike have no spread of their own.
    """
    bins = ranked_bins(predicted, weights, BINS)
    total = np.bincount(bins, weights)
    mean, se = bin_means(outcome, weights, bins)
    if right is not None:
        se = np.sqrt(np.bincount(bins, weights**2 * right * (1 - right))) / total
    predictions = bin_means(predicted, weights, bins)[0]
    return np.column_stack([predictions, mean, se, total / weights.sum(), np.bincount(bins)])
