"""How the quality of held-out predictions changes along the strengths of the chosen line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.diagnosis._calibration import BINS, calibrated, calibration
from shrinkwise.diagnosis._ranking import confusion_at
from shrinkwise.diagnosis.held_out_predictor import held_out_predictors
from shrinkwise.diagnosis.percent import percent
from shrinkwise.diagnosis.quality import CLASSES
from shrinkwise.losses import Loss, as_loss
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.losses.domain import check_classes
from shrinkwise.resampling import Split
from shrinkwise.result import GridResult

Array = NDArray[Any]

STRENGTHS = 50  # of a line at most
SHAPE = (BINS, 3)  # of the calibration at one strength
MEMORY = 1 << 25  # held-out predictors, or coefficients of all folds, that are held at once


@dataclass(frozen=True, eq=False)
class QualityPath:
    """Calibration and confusion at S strengths of one line of the grid; no array grows with the number of rows.

    Parameters
    ----------
    sentence : str
    line : int
        The line of the chosen cell.
    index : array of int, shape (S,)
        Places of the strengths in the line, rising; the chosen one is among them.
    calibration : array of shape (S, bins, 3)
        At each strength, by bins of equal weight of the predictions: mean prediction, mean outcome and its standard
        error, as in `Quality`. Rows of not a number follow where predictions have fewer values than there are bins,
        and stand for strengths whose fits have no finite predictions.
    confusion : array of shape (S, 4) or None
        Two classes, called at a probability of ½: weight of true and false negatives, of false and true positives.
    right : array of shape (S,) or None
        More classes: share of the weight whose likeliest class is right.
    """

    sentence: str
    line: int
    index: Array
    calibration: Array
    confusion: Array | None = None
    right: Array | None = None


def quality_path(
    result: GridResult,
    rule: str,
    X: Any,
    y: Array,
    splits: Sequence[Split],
    loss: str | Loss,
    weights: Array | None = None,
    *,
    offset: Array | None = None,
    maps: Sequence[sparse.csc_array] | None = None,
) -> QualityPath | None:
    """Calibration and confusion of held-out predictions along the strengths of the line that a rule chooses.

    Parameters
    ----------
    result : GridResult
    rule : str
    X, splits, offset, maps
        As of `held_out_predictor`.
    y : array of shape (n,) or (n, K)
        As of `quality`.
    loss : str or Loss
    weights : array of shape (n,), optional

    Returns
    -------
    QualityPath or None
        None where there is nothing to follow: networks, Cox regression, several targets, more than 12 classes, or a
        single strength.

    Raises
    ------
    UsageError
        If the loss is of another number of classes than the target.

    Notes
    -----
    At most 50 strengths. Where rows are so many that their predictions at all of these would not fit into 256 MB, the
    strengths are dealt with in turns, each of which reads the rows once.
    """
    kind = as_loss(loss)
    check_classes(y, kind)
    several = y.ndim == 2 and (kind.name != "multinomial" or y.shape[1] > CLASSES)
    if result.network is not None or isinstance(kind, CoxLoss) or several or result.alphas.shape[1] < 2:
        return None
    chosen = result.select(rule)
    index = _stops(result, rule)
    s = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    folds = result.n_folds
    size = (y.shape[1] if y.ndim == 2 else 1) * max(len(y), X.shape[1] * folds)
    at_once = max(1, MEMORY // size)
    found: list[tuple[Array, list[float]]] = []
    for start in range(0, len(index), at_once):
        eta = held_out_predictors(result, chosen.ratio, index[start : start + at_once], X, splits, offset, maps)
        found += [_of_strength(y, eta[:, rank], kind, s, offset) for rank in range(eta.shape[1])]
    tables, others = (np.array(part) for part in zip(*found, strict=True))
    confusion = others if kind.name == "logistic" else None
    right = others[:, 0] if kind.name == "multinomial" else None
    wrong = None if right is None else 1 - right
    if confusion is not None:
        wrong = confusion[:, 1:3].sum(axis=1) / confusion.sum(axis=1)
    sentence = _sentence(result.alphas[chosen.ratio, index], index.index(chosen.index), wrong)
    return QualityPath(sentence, chosen.ratio, np.array(index), tables, confusion, right)


def _stops(result: GridResult, rule: str) -> list[int]:
    """Places of the strengths: evenly spread, the chosen one and that of the lowest error among them."""
    chosen, every = result.select(rule), result.alphas.shape[1]
    marked = {cell.index for cell in (chosen, result.select("min")) if cell.ratio == chosen.ratio}
    even = np.linspace(0, every - 1, every if every <= STRENGTHS else STRENGTHS - len(marked))
    return sorted({round(place) for place in even.tolist()} | marked)


def _of_strength(y: Array, eta: Array, loss: Loss, s: Array, offset: Array | None) -> tuple[Array, list[float]]:
    """Calibration (bins, 3), and confusion or share right; not numbers where fewer than two rows have a prediction."""
    eta = eta if y.ndim == 2 else eta[:, 0]
    known = np.all(np.isfinite(eta.reshape(len(y), -1)), axis=1) & (s > 0)
    table, several = np.full(SHAPE, np.nan), 4 if loss.name == "logistic" else 1
    if np.count_nonzero(known) < 2:
        return table, [np.nan] * several
    y, eta, s = (np.asarray(part, dtype=np.float64)[known] for part in (y, eta, s))
    predicted, outcome, weights, right = calibrated(y, eta, loss, s, None if offset is None else offset[known])
    bins = calibration(predicted, outcome, weights, right)
    table[: len(bins)] = bins[:, :3]
    if loss.name == "logistic":
        return table, confusion_at(0.5, predicted, s * y, s * (1 - y))
    return table, [float(np.average(outcome, weights=weights))]


def _sentence(alphas: Array, place: int, wrong: Array | None) -> str:
    """What another strength would change: wrong calls where there are classes, otherwise what there is to see."""
    if wrong is None:
        return f"The calibration of held-out predictions is known at {len(alphas)} strengths of the chosen line."
    best = int(np.argmin(np.where(np.isfinite(wrong), wrong, np.inf)))
    own, fewest = percent(wrong[place]), percent(wrong[best])
    here = f"At the chosen λ = {alphas[place]:.3g} {own} of the held-out rows are put into a wrong class"
    if own == fewest:
        return f"{here}, and at no other strength of its line clearly fewer."
    return f"{here}; along its line they are fewest, {fewest}, at λ = {alphas[best]:.3g}."
