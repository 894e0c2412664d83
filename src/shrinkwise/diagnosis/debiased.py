"""How sure is a coefficient? Intervals from the debiased (desparsified) lasso."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtri, stdtrit

from shrinkwise.design import Design, as_design
from shrinkwise.design.sparse import checked_sparse
from shrinkwise.diagnosis.intervals import DebiasedIntervals
from shrinkwise.engines.local import one_blas_thread
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import Loss, as_loss
from shrinkwise.losses.domain import checked_target
from shrinkwise.path.nodewise import (
    WHOLE,
    Directions,
    LeastSquares,
    nodewise_directions,
    tolerated_bias,
)
from shrinkwise.problem import power_of_two
from shrinkwise.result import GridResult
from shrinkwise.validation import check_number, check_offset, check_weights

Array = NDArray[Any]

MOST = 200  # features at most, where none are named
TALL = 5  # rows for each column: least squares then costs no more than an eighth of a standard error
CROWDED = 1 / 3  # features for each row beyond which a lasso has fitted noise, and says too little of it
LASSO = 0.5  # the l1_ratio from which on a line of a grid counts as a lasso


@dataclass(frozen=True, eq=False)
class _Quadratic:
    """The loss about a fit, in standardized coordinates: curvature weights, coefficients and what is left to them."""

    design: Design  # standardized with the weights
    weights: Array  # (n,), summing to 1
    n: int  # rows of positive weight
    w: Array  # (p,)
    slope: Array  # (p,), X' of the residuals
    variance: float  # of the residuals, over n
    freedom: float  # degrees of the variance; infinite where it is known
    scale: Array  # (p,), of columns in the units of the data
    unit: float  # of y
    free: LeastSquares | None  # where least squares serves

    def directions(self, columns: Array) -> Directions:
        if self.free is not None or not len(columns):
            return (self.free or LeastSquares(np.eye(len(self.w)))).directions(columns)
        return nodewise_directions(self.design, self.weights, columns, self.n)


def debiased_intervals(
    X: Any,
    y: Array,
    result: GridResult,
    rule: str = "1se",
    *,
    loss: str | Loss,
    features: Sequence[int] | Array | None = None,
    limit: int = MOST,
    level: float = 0.95,
    sample_weight: Array | None = None,
    offset: Array | None = None,
    fit_intercept: bool = True,
) -> DebiasedIntervals:
    """Confidence intervals of coefficients by the debiased lasso, for the squared and the logistic loss.

    For column j and a direction z_j that sees it and hardly any other,

        b_j = ŵ_j + z_j'r / z_j'x_j,    se_j = σ̂ ‖z_j‖ / |z_j'x_j|,

    r the residuals of a lasso ŵ of the grid: the strongest within one standard error of the lowest cross-validated
    error, and for the logistic loss, all of which has the weights μ(1 − μ) of a Newton step, the one with the lowest.
    With five rows for each column z_j are residuals of least squares: for the squared loss b and its intervals are then
    those of least squares.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, p)
        The features as the result counts them.
    y : array of shape (n,)
        For the logistic loss 0 or 1.
    result : GridResult
        Of the same rows; gives the lasso to start from, and the features.
    rule : str
        Whose model's features have intervals, where ``features`` names none: those with the largest standardized
        coefficients.
    loss : str or Loss
        ``"squared"`` or ``"logistic"``.
    limit : int, default 200
        How many of the selected features at most.
    features : sequence of column numbers, optional
        Columns that do not vary are left out.
    level : float in (0, 1)
    sample_weight : array of shape (n,), optional
        Precisions: the variance of a row is divided by its weight; only ratios matter.
    offset : array of shape (n,), optional
    fit_intercept : bool

    Returns
    -------
    DebiasedIntervals

    Raises
    ------
    UsageError
        For another loss or several outputs, or where the grid has no lasso to start from.
    DataError
        Where the lasso keeps as many features as there are rows.

    Notes
    -----
    There are no p-values. Those of a refit on selected features are wrong, because the same data chose them; and right
    ones would answer whether a coefficient is exactly zero, for hundreds of features at once, where an interval says
    how large it may be.

    σ̂² is the sum of squared residuals of the lasso with the lowest error over n − (its features) − 1 (Reid et al.), or
    of ŵ where that one keeps more than n/3 features.
    Strengths of the lassos behind z_j follow Zhang & Zhang, table 2. For the logistic loss and many rows the Hessian
    is inverted as it is, after Xia, Nan & Li: maximum likelihood itself is biased away from zero with p/n as small as
    1/10. Where to start was chosen by the simulation in benchmarks/intervals.py, which shows how often the intervals
    cover.

    Intervals are for each coefficient alone, with all other features in the model. Those of features that were
    selected by the data follow Benjamini & Yekutieli.

    References
    ----------
    Zhang & Zhang, "Confidence intervals for low dimensional parameters in high dimensional linear models", JRSS-B
    76:217, 2014. van de Geer, Bühlmann, Ritov & Dezeure, "On asymptotically optimal confidence regions and tests for
    high-dimensional models", Annals of Statistics 42:1166, 2014. Javanmard & Montanari, "Confidence intervals and
    hypothesis testing for high-dimensional regression", JMLR 15:2869, 2014. Reid, Tibshirani & Friedman, "A study of
    error variance estimation in lasso regression", Statistica Sinica 26:35, 2016. Xia, Nan & Li, "Debiased lasso for
    generalized linear models with a diverging number of covariates", Biometrics 79:344, 2023. Benjamini & Yekutieli,
    "False discovery rate-adjusted multiple confidence intervals for selected parameters", JASA 100:71, 2005.
    """
    kind = as_loss(loss)
    X = checked_sparse(X) if sparse.issparse(X) else np.asarray(X)
    _check(X, kind, result)
    check_number("level", level, low=0, high=1, above=True, below=True)
    y, weights = checked_target(X, y, kind), check_weights(sample_weight, X.shape[0])
    weights = weights * (np.count_nonzero(weights) / weights.sum())
    known = check_offset(0.0 if offset is None else offset, len(y))
    columns = _selected(result, rule, limit) if features is None else _named(features, X.shape[1])
    with one_blas_thread():
        if kind.quadratic:
            model = _squared(X, y - known, weights, result, fit_intercept)
        else:
            model = _logistic(X, y, weights, known, result, fit_intercept)
        columns = columns[model.scale[columns] > 0]
        directions = model.directions(columns)
    return _record(model, directions, columns, features is None, level)


def _check(X: Any, loss: Loss, result: GridResult) -> None:
    several = result.outputs is not None or result.network is not None
    if several or loss.name not in ("squared", "logistic"):
        what = "several outputs or networks" if several else f"loss {loss.name!r}"
        raise UsageError(
            f"debiased intervals are for linear models of one output with the squared or the logistic loss, got {what}"
        )
    if X.ndim != 2 or X.shape[1] != len(result.feature_names):
        raise UsageError(f"X has shape {X.shape}, but the result has {len(result.feature_names)} features")


def _selected(result: GridResult, rule: str, limit: int) -> Array:
    """The features that a rule's model selects, of very many the largest."""
    cell = result.select(rule)
    size = np.abs(result.standardized_coef(cell.ratio, cell.index))
    return np.sort(np.argsort(-size, kind="stable")[: min(limit, np.count_nonzero(size))])


def _named(features: Sequence[int] | Array, p: int) -> Array:
    columns = np.asarray(features)
    if columns.size == 0:
        return np.zeros(0, dtype=np.int64)
    if columns.ndim != 1 or columns.dtype.kind not in "iu" or columns.min() < 0 or columns.max() >= p:
        raise UsageError(f"features must be numbers of columns from 0 to {p - 1}, got {features!r}")
    return columns.astype(np.int64)


def _start(result: GridResult, se: float) -> tuple[Array, float]:
    """Coefficients and intercept of the strongest lasso within ``se`` standard errors of the lowest error."""
    shares = np.ones(len(result.l1_ratios)) if result.relax is None else result.relax
    means = np.where(np.isfinite(result.mean), result.mean, np.inf)
    line = int(np.lexsort((np.min(means, axis=1), -shares, -result.l1_ratios))[0])
    if result.l1_ratios[line] < LASSO:
        raise UsageError(
            f"debiased intervals start from a lasso, but the largest l1_ratio of this grid is "
            f"{result.l1_ratios[line]:g}; fit it with l1_ratio=1 among its mixes"
        )
    lowest = int(np.argmin(means[line]))
    index = int(np.argmax(means[line] <= means[line, lowest] + se * result.se[line, lowest]))
    return result.coef(line, index), float(result.intercept(line, index))


def _squared(X: Any, y: Array, weights: Array, result: GridResult, fit_intercept: bool) -> _Quadratic:
    """The squared loss about the lasso, or about least squares where rows are many."""
    design, column_unit = as_design(X)
    n, shares = int(np.count_nonzero(weights)), weights / weights.sum()
    design = design.standardized(shares[:, None], fit_intercept)
    unit, scale = power_of_two(y), design.scale[:, 0] * column_unit
    target = y / unit
    target = target - shares @ target if fit_intercept else target
    free = _least_squares(design, shares, n)
    if free is None:
        w, best = (_start(result, se)[0] * scale / unit for se in (1.0, 0.0))
        best = w if np.count_nonzero(best) > CROWDED * n else best
        used = np.count_nonzero(best)
    else:
        w = best = free.inverse @ design.rmatvec((shares * target)[:, None])[:, 0]
        used = np.count_nonzero(scale)
    residuals, noise = (target[:, None] - design.matvec(np.column_stack([w, best]))).T
    freedom = n - int(used) - fit_intercept
    if freedom < 1:
        raise DataError(f"the lasso keeps {used} features of {n} rows: nothing is left to estimate the noise from")
    slope = design.rmatvec((shares * residuals)[:, None])[:, 0]
    variance = float(shares @ noise**2) / freedom
    return _Quadratic(design, shares, n, w, slope, variance, freedom, scale, unit, free)


def _logistic(X: Any, y: Array, weights: Array, known: Array, result: GridResult, fit_intercept: bool) -> _Quadratic:
    """The logistic loss about the lasso, as one Newton step sees it."""
    loss, (coef, intercept) = as_loss("logistic"), _start(result, se=0.0)
    eta = np.asarray(X @ coef) + intercept + known
    information = weights * loss.hessian(y, eta)
    total = float(information.sum())
    design, column_unit = as_design(X)
    shares = information / total
    design = design.standardized(shares[:, None], fit_intercept)
    scale, n = design.scale[:, 0] * column_unit, int(np.count_nonzero(weights))
    slope = design.rmatvec((-weights * loss.gradient(y, eta) / total)[:, None])[:, 0]
    free = _least_squares(design, shares, n)
    return _Quadratic(design, shares, n, coef * scale, slope, 1 / total, np.inf, scale, 1.0, free)


def _least_squares(design: Design, shares: Array, n: int) -> LeastSquares | None:
    """Where rows are many and columns independent."""
    p = design.shape[1]
    tall = p <= WHOLE and n > TALL * np.count_nonzero(design.scale)
    return LeastSquares.of(design.gram(shares)) if tall else None


def _record(
    model: _Quadratic, directions: Directions, columns: Array, selected: bool, level: float
) -> DebiasedIntervals:
    to_data = model.unit / model.scale[columns]
    estimate = (model.w[columns] + directions.theta @ model.slope / directions.pull) * to_data
    se = np.sqrt(model.variance) * directions.noise * to_data
    p = int(np.count_nonzero(model.scale))
    copies = directions.bias > tolerated_bias(len(model.scale))
    se = np.where(copies, np.inf, se)
    wide = 1 - (1 - level) * len(columns) / p if selected and len(columns) else level
    half, selected_half = (se * _quantile((1 + share) / 2, model.freedom) for share in (level, wide))
    away = int(np.count_nonzero(np.abs(estimate) > selected_half))
    return DebiasedIntervals(
        sentence=_sentence(len(columns), away, int(np.count_nonzero(copies)), selected, level, wide),
        features=columns,
        estimate=estimate,
        se=se,
        lower=estimate - half,
        upper=estimate + half,
        level=level,
        assumptions=_assumptions(model, p, selected),
        selected_level=wide,
        selected_lower=estimate - selected_half,
        selected_upper=estimate + selected_half,
        bias=directions.bias,
    )


def _quantile(probability: float, freedom: float) -> float:
    return float(ndtri(probability) if np.isinf(freedom) else stdtrit(freedom, probability))


def _sentence(m: int, away: int, copies: int, selected: bool, level: float, wide: float) -> str:
    if not m:
        return "No feature was selected: there is no coefficient to put an interval around."
    noun, have = ("features", "have") if m > 1 else ("feature", "has")
    if selected:
        sentence = f"{away} of {m} selected {noun} {have} an interval without zero ({100 * wide:.4g} % each, so that "
        sentence += f"on average no more than {100 * (1 - level):.2g} % of those picked by the same data miss)"
    else:
        sentence = f"{away} of {m} {noun} {have} a {100 * level:g} % interval without zero"
    if copies:
        sentence += f"; of {copies} the data cannot tell the part from that of features like them"
    return sentence + "."


def _assumptions(model: _Quadratic, p: int, selected: bool) -> str:
    """What has to hold for the intervals to cover."""
    if np.isinf(model.freedom):
        words = ["rows are independent", "the log-odds are linear in the features"]
    else:
        words = ["rows are independent", "the mean is linear in the features", "the noise has one variance"]
    if model.free is None or np.isinf(model.freedom):
        few = np.sqrt(model.n) / np.log(max(p, 3))
        words.append(f"few features have an effect (in theory fewer than about {few:.2g}: √n / log p)")
    if model.free is None:
        words.append("no feature with an effect is nearly a combination of others")
    exact = not np.isinf(model.freedom) and model.free is not None
    kind = "Least squares, exact where the noise is normal" if exact else "Debiased lasso, approximate"
    picked = " For features picked because they stood out, read the wider intervals." if selected else ""
    held = "Each interval is for one coefficient, with all other features in the model."
    return f"{kind}. Assumed: {'; '.join(words)}. {held}{picked}"
