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
    level: float = 0.95,
    sample_weight: Array | None = None,
    offset: Array | None = None,
    fit_intercept: bool = True,
) -> DebiasedIntervals:
    """Confidence intervals of coefficients by the debiased lasso, for the squared and the logistic loss.

    For column j and a direction z_j that sees it and hardly any other,

        b_j = ŵ_j + z_j'r / z_j'x_j,    se_j = σ̂ ‖z_j‖ / |z_j'x_j|,

    r the residuals of the lasso ŵ with the lowest cross-validated error; of the logistic loss all of it with the
    weights μ(1 − μ) of one Newton step. With five rows for each column z_j are residuals of least squares: for the
    squared loss b and its intervals are then those of least squares to the last digit.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, p)
        The features as the result counts them.
    y : array of shape (n,)
        For the logistic loss 0 or 1.
    result : GridResult
        Of the same rows; gives the lasso to start from, and the features.
    rule : str
        Whose model's features have intervals, where ``features`` names none: the 200 with the largest standardized
        coefficients.
    loss : str or Loss
        ``"squared"`` or ``"logistic"``.
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

    σ̂² is the sum of squared residuals over n − (features of the lasso) − 1 (Reid et al. 2016). Strengths of the
    lassos behind z_j follow Zhang & Zhang, table 2. For the logistic loss and many rows the Hessian is inverted as it
    is, after Xia, Nan & Li: maximum likelihood itself is biased away from zero with p/n as small as 1/10.

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
    columns = _selected(result, rule) if features is None else _named(features, X.shape[1])
    linearize = _squared if kind.quadratic else _logistic
    with one_blas_thread():
        model = linearize(X, y - known if kind.quadratic else y, weights, known, result, fit_intercept)
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


def _selected(result: GridResult, rule: str) -> Array:
    """The features that a rule's model selects, of very many the largest."""
    cell = result.select(rule)
    size = np.abs(result.standardized_coef(cell.ratio, cell.index))
    return np.sort(np.argsort(-size, kind="stable")[: min(MOST, np.count_nonzero(size))])


def _named(features: Sequence[int] | Array, p: int) -> Array:
    columns = np.asarray(features)
    if columns.size == 0:
        return np.zeros(0, dtype=np.int64)
    if columns.ndim != 1 or columns.dtype.kind not in "iu" or columns.min() < 0 or columns.max() >= p:
        raise UsageError(f"features must be numbers of columns from 0 to {p - 1}, got {features!r}")
    return columns.astype(np.int64)


def _start(result: GridResult) -> tuple[Array, float]:
    """Coefficients and intercept of the lasso with the lowest cross-validated error."""
    shares = np.ones(len(result.l1_ratios)) if result.relax is None else result.relax
    order = np.lexsort(
        (np.min(np.where(np.isnan(result.mean), np.inf, result.mean), axis=1), -shares, -result.l1_ratios)
    )
    line = int(order[0])
    if result.l1_ratios[line] < LASSO:
        raise UsageError(
            f"debiased intervals start from a lasso, but the largest l1_ratio of this grid is "
            f"{result.l1_ratios[line]:g}; fit it with l1_ratio=1 among its mixes"
        )
    index = int(np.argmin(np.where(np.isnan(result.mean[line]), np.inf, result.mean[line])))
    return result.coef(line, index), float(result.intercept(line, index))


def _squared(X: Any, y: Array, weights: Array, known: Array, result: GridResult, fit_intercept: bool) -> _Quadratic:
    """The squared loss about the lasso, or about least squares where rows are many."""
    design, column_unit = as_design(X)
    n, shares = int(np.count_nonzero(weights)), weights / weights.sum()
    design = design.standardized(shares[:, None], fit_intercept)
    unit, scale = power_of_two(y), design.scale[:, 0] * column_unit
    target = y / unit
    target = target - shares @ target if fit_intercept else target
    free = _least_squares(design, shares, n)
    if free is None:
        w = _start(result)[0] * scale / unit
        used = np.count_nonzero(w)
    else:
        w = free.inverse @ design.rmatvec((shares * target)[:, None])[:, 0]
        used = np.count_nonzero(scale)
    residual = target - design.matvec(w[:, None])[:, 0]
    freedom = n - int(used) - fit_intercept
    if freedom < 1:
        raise DataError(f"the lasso keeps {used} features of {n} rows: nothing is left to estimate the noise from")
    variance = float(shares @ residual**2) / freedom
    slope = design.rmatvec((shares * residual)[:, None])[:, 0]
    return _Quadratic(design, shares, n, w, slope, variance, freedom, scale, unit, free)


def _logistic(X: Any, y: Array, weights: Array, known: Array, result: GridResult, fit_intercept: bool) -> _Quadratic:
    """The logistic loss about the lasso, as one Newton step sees it."""
    loss, (coef, intercept) = as_loss("logistic"), _start(result)
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
    away = int(np.count_nonzero(np.abs(estimate) > half)), int(np.count_nonzero(np.abs(estimate) > selected_half))
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


def _sentence(m: int, away: tuple[int, int], copies: int, selected: bool, level: float, wide: float) -> str:
    if not m:
        return "No feature was selected: there is no coefficient to put an interval around."
    noun = f"{'selected ' if selected else ''}feature{'s' if m > 1 else ''}"
    sentence = f"{away[0]} of {m} {noun} {'have' if m > 1 else 'has'} a {100 * level:g} % interval without zero"
    if selected:
        sentence += (
            f", {away[1]} once it is as wide ({100 * wide:.4g} %) as their being picked from the same data asks for"
        )
    if copies:
        sentence += (
            f"; {copies} cannot be told from other features, and {'have' if copies > 1 else 'has'} no finite one"
        )
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
    picked = " For features picked because they stood out, read the selected intervals." if selected else ""
    return (
        f"{kind}. Assumed: {'; '.join(words)}. Each interval is for one coefficient, all other features held.{picked}"
    )
