"""How good are the predictions? Held-out targets beside held-out predictions, in the words of the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis._binned import bin_means, mean_with_error, ranked_bins, ratio_with_error, weighted_quantiles
from shrinkwise.diagnosis._calibration import BINS, calibrated, calibration
from shrinkwise.diagnosis._ranking import auc, confusion_at, gini, lift_table, roc_points
from shrinkwise.diagnosis._slope import calibration_slope
from shrinkwise.diagnosis.concordance import concordance_with_error
from shrinkwise.diagnosis.percent import percent
from shrinkwise.exceptions import DataError
from shrinkwise.losses import Loss, QuantileLoss, SquaredLoss, as_loss
from shrinkwise.losses.base import LogLink
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.losses.multinomial import MultinomialLoss

Array = NDArray[Any]

RESIDUAL_BINS, RESIDUAL_ROWS = 20, 40  # bins at most, and rows in each at least
RESIDUAL_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
NORMAL_POINTS = 99
CLASSES = 12  # of a confusion matrix at most
RISK_GROUPS = 5


@dataclass(frozen=True, eq=False)
class Quality:
    """What held-out predictions are worth; no array grows with the number of rows, and what a loss lacks is None.

    Parameters
    ----------
    kind : str
        ``"regression"``, ``"quantile"``, ``"classification"`` (two classes), ``"classes"`` (more), ``"mean"`` (log
        link), ``"survival"`` or ``"targets"`` (several columns).
    sentence : str
    rows : int
        Held-out rows of positive weight.
    measures : tuple of m str
        Names of single numbers, the most telling first.
    values, errors : array of shape (m,)
        The numbers and their standard errors over independent rows; not a number where none is known.
    calibration : array of shape (bins, 5) or None
        By bins of equal weight of the predictions: mean prediction, mean outcome and its standard error, share of the
        weight, rows. Of classes: share of the most likely class, and how often it was right. Of a quantile the
        outcome is 1 for rows at or below their prediction. Standard errors of shares are those that right predictions
        would have. Of a log link means are those of a unit of exposure.
    residuals : array of shape (bins, 6) or None
        By bins of the predictions: mean prediction; 5, 25, 50, 75 and 95 % quantile of target minus prediction.
    normal : array of shape (points, 2) or None
        Quantiles of the normal law, and of the residuals divided by their standard deviation.
    roc : array of shape (points, 2) or None
        False and true positive rates.
    confusion : array or None
        Two classes: (2, 5), a row for each threshold: the threshold, weight of true and false negatives, of false and
        true positives. More: (K, K), rows the classes, columns the predictions.
    labels : array of int, shape (K,), or None
        The class of each row of the confusion matrix; -1 for all others together.
    lift : array of shape (tenths, 4) or None
        From the highest predictions to the lowest: share of the weight so far, mean outcome of the tenth, that above
        the mean of all, share of the outcomes so far.
    risk : array of shape (groups, 6) or None
        Of Cox regression, from low to high predicted risk: mean predictor, rows, events, time, events per time and the
        standard error of that.
    targets : array of shape (K, 3) or None
        R² of each column of the target, its standard error, root mean squared error.
    """

    kind: str
    sentence: str
    rows: int
    measures: tuple[str, ...]
    values: Array
    errors: Array
    calibration: Array | None = None
    residuals: Array | None = None
    normal: Array | None = None
    roc: Array | None = None
    confusion: Array | None = None
    labels: Array | None = None
    lift: Array | None = None
    risk: Array | None = None
    targets: Array | None = None


def quality(
    y: Array,
    eta: Array,
    loss: str | Loss,
    weights: Array | None = None,
    *,
    offset: Array | None = None,
    folds: Array | None = None,
) -> Quality:
    """What held-out predictions are worth: calibration, ranking, residuals, as far as the loss knows of them.

    Parameters
    ----------
    y : array of shape (n,) or (n, K)
        As `shrinkwise.grid.fit_grid` takes it: 0 or 1 for two classes, indicators of more; for Cox regression 1 for an
        event.
    eta : array of shape (n,) or (n, K)
        Held-out linear predictors, offset included, as `held_out_predictor` gives them; rows that are not a number are
        left out.
    loss : str or Loss
        For Cox regression the loss itself, which holds times and strata.
    weights : array of shape (n,), optional
    offset : array of shape (n,), optional
        For losses with a log link: its exponential is the exposure, and means are given for a unit of it.
    folds : array of int, shape (n,), optional
        Used by Cox regression alone: rows are compared only with rows of the same fold.

    Returns
    -------
    Quality

    Raises
    ------
    DataError
        If fewer than two rows of positive weight have a prediction, or none can be compared.

    Notes
    -----
    Standard errors take rows as independent and the fits as given. Each row's prediction is of a fit to the other
    folds; predictions of all folds are put together. A sort of the rows, and sums.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson, Biometrics 1988 (the error of the AUC); Cox, "Two further applications of a model
    for binary regression", Biometrika 1958 (the calibration slope); Harrell et al., JAMA 1982 (concordance).
    """
    kind = as_loss(loss)
    s = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    known = np.all(np.isfinite(eta.reshape(len(y), -1)), axis=1) & (s > 0)
    if np.count_nonzero(known) < 2:
        raise DataError(
            f"{np.count_nonzero(known)} of {len(y)} rows have a held-out prediction: quality needs 2 or more"
        )
    y, eta, s = (np.asarray(part, dtype=np.float64)[known] for part in (y, eta, s))
    if isinstance(kind, CoxLoss):
        return _survival(y, eta, kind.take(known), s, None if folds is None else np.asarray(folds)[known])
    if kind.name == "multinomial":
        return _classes(y, eta, s)
    if y.ndim == 2:
        return _targets(y, eta, s)
    if kind.name == "logistic":
        return _classification(y, eta, kind, s)
    if isinstance(kind, LogLink):
        return _mean(y, eta, kind, s, np.zeros(len(y)) if offset is None else np.asarray(offset)[known])
    return _quantile(y, eta, kind, s) if isinstance(kind, QuantileLoss) else _regression(y, eta, kind, s)


def _explained(y: Array, eta: Array, null: Array, loss: Loss, s: Array) -> tuple[float, float]:
    """The share of the score of a constant that the predictions save, 1 − Σ s score / Σ s score₀, and its SE."""
    score = [loss.score(y.ravel(), part.ravel()).reshape(len(s), -1).sum(axis=1) for part in (eta, null)]
    left, se = ratio_with_error(score[0], score[1], s)
    return 1 - left, se


def _made(kind: str, s: Array, sentence: str, measures: dict[str, tuple[float, float]], **tables: Array) -> Quality:
    values, errors = (np.array([pair[part] for pair in measures.values()]) for part in (0, 1))
    return Quality(kind, sentence, len(s), tuple(measures), values, errors, **tables)


def _regression(y: Array, eta: Array, loss: Loss, s: Array) -> Quality:
    away, mean = y - eta, np.average(y, weights=s)
    squared = SquaredLoss()
    r2 = _explained(y, eta, np.full(len(y), mean), squared, s)
    rms, off = float(np.sqrt(np.average(away**2, weights=s))), mean_with_error(np.abs(away), s)
    slope = calibration_slope(y, eta, s, squared)
    measures = {"R²": r2, "calibration slope": slope}
    if loss.name != "squared":
        null = np.full(len(y), weighted_quantiles(y, s, np.array([0.5]))[0])
        measures[f"D² ({loss.metric})"] = _explained(y, eta, null, loss, s)
    measures |= {"root mean squared error": (rms, _error_of_root(away**2, s)), "mean absolute error": off}
    sentence = (
        f"On rows that its fits had not seen, the model explains {percent(*r2)} of the variance (R²); it is off by "
        f"{off[0]:.3g} on average{_slope_words(slope)}."
    )
    return _made(
        "regression",
        s,
        sentence,
        measures,
        calibration=calibration(*calibrated(y, eta, loss, s)),
        **_residuals(eta, away, s),
    )


def _residuals(eta: Array, away: Array, s: Array) -> dict[str, Array]:
    """Quantiles of the residuals by bins of the predictions, and beside those of a normal law."""
    from scipy.special import ndtri  # 0.05 s, which reading a model need not pay

    count = min(max(len(eta) // RESIDUAL_ROWS, 2), RESIDUAL_BINS)
    bins, shares = ranked_bins(eta, s, count), np.array(RESIDUAL_SHARES)
    rows = [np.flatnonzero(bins == number) for number in range(bins.max() + 1)]
    spread = np.array([weighted_quantiles(away[part], s[part], shares) for part in rows])
    mean = np.average(away, weights=s)
    sd = float(np.sqrt(np.average((away - mean) ** 2, weights=s)))
    points = min(len(away), NORMAL_POINTS)
    shares = (np.arange(points) + 0.5) / points
    standardized = (weighted_quantiles(away, s, shares) - mean) / (sd or 1.0)
    return {
        "residuals": np.column_stack([bin_means(eta, s, bins)[0], spread]),
        "normal": np.column_stack([ndtri(shares), standardized]),
    }


def _quantile(y: Array, eta: Array, loss: QuantileLoss, s: Array) -> Quality:
    of_rows = calibrated(y, eta, loss, s)
    coverage = mean_with_error(of_rows[1], s)
    null = np.full(len(y), weighted_quantiles(y, s, np.array([loss.quantile]))[0])
    saved = _explained(y, eta, null, loss, s)
    off = abs(coverage[0] - loss.quantile) > 2 * coverage[1]
    verdict = f", where {100 * loss.quantile:.3g} % should" if off else f": {100 * loss.quantile:.3g} % were aimed at"
    sentence = (
        f"{percent(*coverage)} of the held-out rows lie at or below their prediction{verdict}; of the pinball loss of "
        f"one number for all rows it saves {percent(*saved)}."
    )
    measures = {"coverage": coverage, "D² (pinball loss)": saved}
    return _made(
        "quantile",
        s,
        sentence,
        measures,
        calibration=calibration(*of_rows),
        **_residuals(eta, y - eta, s),
    )


def _classification(y: Array, eta: Array, loss: Loss, s: Array) -> Quality:
    positive, negative, of_rows = s * y, s * (1 - y), calibrated(y, eta, loss, s)
    p = of_rows[0]
    base = float(positive.sum() / s.sum())
    area, thresholds = auc(eta, positive, negative), (0.5, base)
    null = np.full(len(y), float(loss.link(np.array(min(max(base, 1e-12), 1 - 1e-12)))))
    slope, saved = calibration_slope(y, eta, s, loss), _explained(y, eta, null, loss, s)
    confusion = [[at, *confusion_at(at, p, positive, negative)] for at in thresholds]
    wrong = mean_with_error(np.where(p >= 0.5, 1 - y, y), s)
    measures = {
        "AUC (error: DeLong)": area,
        "D² (log loss)": saved,
        "calibration slope": slope,
        "Brier score": mean_with_error(y * (1 - p) ** 2 + (1 - y) * p**2, s),
        "wrong at ½": wrong,
    }
    sentence = (
        f"Of two held-out rows, one of each class, the model puts the right one higher in {percent(*area)} of pairs "
        f"(AUC); at a threshold of ½ it is wrong on {percent(*wrong)}{_slope_words(slope)}."
    )
    tables = {"confusion": np.array(confusion), "lift": lift_table(eta, y, s, BINS)}
    if np.isfinite(area[0]):
        tables["roc"] = roc_points(eta, positive, negative)
    return _made("classification", s, sentence, measures, calibration=calibration(*of_rows), **tables)


def _classes(y: Array, eta: Array, s: Array) -> Quality:
    K, loss = y.shape[1], MultinomialLoss(y.shape[1])
    shares = np.maximum(s @ y / s.sum(), 1e-12)
    top, of_rows = np.argmax(eta, axis=1), calibrated(y, eta, loss, s)
    right = mean_with_error(of_rows[1], s)
    saved = _explained(y, eta, np.tile(np.log(shares), (len(y), 1)), loss, s)
    labels = np.arange(K) if K <= CLASSES else np.append(np.sort(np.argsort(-shares, kind="stable")[: CLASSES - 1]), -1)
    place = np.full(K, len(labels) - 1)
    place[labels[labels >= 0]] = np.flatnonzero(labels >= 0)
    into = np.zeros((K, len(labels)))
    np.add.at(into.T, place[top], s[:, None] * y)
    confusion = np.zeros((len(labels), len(labels)))
    np.add.at(confusion, place, into)
    always = float(shares.max())
    sentence = (
        f"On rows that its fits had not seen, the most likely class is right in {percent(*right)}; always naming the "
        f"most frequent one would be right in {100 * always:.0f} %."
    )
    measures = {"right": right, "D² (log loss)": saved}
    table = calibration(*of_rows)
    return _made("classes", s, sentence, measures, calibration=table, confusion=confusion, labels=labels)


def _mean(y: Array, eta: Array, loss: LogLink, s: Array, offset: Array) -> Quality:
    predicted, rate, weights, _ = calibrated(y, eta, loss, s, offset)
    null = offset + np.log(max(float(s @ y) / float(weights.sum()), 1e-300))
    saved, slope = _explained(y, eta, null, loss, s), calibration_slope(y, eta, s, loss, offset)
    lift, index = lift_table(predicted, rate, weights, BINS), gini(predicted, rate, weights)
    of_all = float(weights @ predicted / (weights @ rate)) if weights @ rate > 0 else float("nan")
    sentence = (
        f"On rows that its fits had not seen, the model explains {percent(*saved)} of the deviance (D²); the tenth "
        f"with the highest predictions has {lift[0, 2]:.2f} times the mean of all{_slope_words(slope)}."
    )
    measures = {
        f"D² ({loss.metric})": saved,
        "Gini index": (index, math.nan),
        "calibration slope": slope,
        "predicted over observed total": (of_all, math.nan),
    }
    return _made("mean", s, sentence, measures, calibration=calibration(predicted, rate, weights), lift=lift)


def _survival(event: Array, eta: Array, loss: CoxLoss, s: Array, folds: Array | None) -> Quality:
    strata = [np.zeros(len(eta), dtype=np.intp) if part is None else part for part in (loss.stratum, folds)]
    _, compared = np.unique(np.column_stack(strata), axis=0, return_inverse=True)
    share = concordance_with_error(eta, loss.time, event, compared.ravel(), s)
    groups = ranked_bins(eta, s, RISK_GROUPS)
    rows, events = np.bincount(groups), np.bincount(groups, s * event)
    time, squares = np.bincount(groups, s * loss.time), np.bincount(groups, s**2 * event)
    rate = events / time
    risk = np.column_stack([bin_means(eta, s, groups)[0], rows, events, time, rate, np.sqrt(squares) / time])
    contrast = ""
    if len(rate) > 1 and rate[0] > 0:
        contrast = f"; the fifth at the highest risk has {rate[-1] / rate[0]:.2g} times the event rate of the lowest"
    sentence = (
        f"Of two held-out rows of one fold, that with the event sooner was given the higher risk in {percent(*share)} "
        f"of pairs (Harrell's C){contrast}."
    )
    return _made("survival", s, sentence, {"concordance (Harrell's C)": share}, risk=risk)


def _targets(y: Array, eta: Array, s: Array) -> Quality:
    null = np.broadcast_to(np.average(y, axis=0, weights=s), y.shape)
    squared = SquaredLoss()
    each = [_explained(y[:, k], eta[:, k], null[:, k], squared, s) for k in range(y.shape[1])]
    rms = np.sqrt(np.average((y - eta) ** 2, axis=0, weights=s))
    saved = ratio_with_error(np.sum((y - eta) ** 2, axis=1), np.sum((y - null) ** 2, axis=1), s)
    whole = (1 - saved[0], saved[1])
    low, high = (float(part([pair[0] for pair in each])) for part in (min, max))
    sentence = (
        f"On rows that its fits had not seen, the model explains {percent(*whole)} of the variance of all targets "
        f"together, {100 * low:.0f} % of that of the worst and {100 * high:.0f} % of the best."
    )
    return _made("targets", s, sentence, {"R²": whole}, targets=np.column_stack([np.array(each), rms]))


def _error_of_root(squares: Array, s: Array) -> float:
    """Standard error of the root of a mean, by the delta method."""
    mean, se = mean_with_error(squares, s)
    return se / (2 * math.sqrt(mean)) if mean > 0 else 0.0


def _slope_words(slope: tuple[float, float]) -> str:
    """Whether predictions spread too little or too much; nothing where neither can be shown."""
    value, se = slope
    if not math.isfinite(value) or not math.isfinite(se) or abs(value - 1) <= 2 * se:
        return ""
    how = "too little" if value > 1 else "too much"
    return f", and its predictions spread {how} (calibration slope {value:.2f} ± {se:.2f})"
