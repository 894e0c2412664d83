"""One fit at the face: the penalty from the parameters, and a warning with numbers where the certificate fails."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shrinkwise.exceptions import ConvergenceWarning, UsageError
from shrinkwise.linear._values import Array
from shrinkwise.losses import Loss
from shrinkwise.path import Solution, solve
from shrinkwise.penalties import Penalty, penalty_of
from shrinkwise.result import GridResult
from shrinkwise.validation import check_number


def check_flag(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_per_feature(
    name: str, value: object, n_features: int, names: Sequence[str] | None = None, default: float = np.nan
) -> Any:
    """A number for all features, one for each, or a mapping from names of features; as float64."""
    if isinstance(value, Mapping):
        return _by_name(name, value, n_features, names, default)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} must be a number or one for each feature, got {value!r}") from error
    if array.ndim > 1 or (array.ndim == 1 and len(array) != n_features):
        raise UsageError(
            f"{name} must be a number or one for each of the {n_features} features, got an array of shape {array.shape}"
        )
    return array


def _by_name(name: str, value: Mapping[Any, Any], n_features: int, names: Sequence[str] | None, default: float) -> Any:
    """One number for each feature: those of the mapping, and ``default``."""
    if names is None:
        raise UsageError(f"{name} names {list(value)[:3]!r}, but the columns of X have no names; give an array")
    out = np.full(n_features, default)
    for key, number in value.items():
        if key not in names:
            raise UsageError(f"{name} names {key!r}, which is no column of X; its columns are {', '.join(names[:8])}")
        out[list(names).index(key)] = check_number(f"{name}[{key!r}]", number, finite=False)
    return out


def cost_array(costs: Any, n_features: int, names: Sequence[str] | None) -> Any:
    """What the features cost: one number for each, or by names of columns, ``"*"`` being all that are not named."""
    if not isinstance(costs, Mapping):
        return costs
    others = dict(costs)
    rest = check_number('costs["*"]', others.pop("*"), low=0) if "*" in others else np.nan
    array = _by_name("costs", others, n_features, names, rest)
    missing = [repr(name) for name, cost in zip(names or (), array) if np.isnan(cost)]
    if missing:
        raise UsageError(
            f"costs say nothing of {', '.join(missing[:8])}{' and more' if len(missing) > 8 else ''}; give each "
            'feature a cost, or all others one by the name "*"'
        )
    return array


def penalty_options(
    estimator: Any, n_features: int, ridge_unit: float, names: Sequence[str] | None = None
) -> dict[str, Any]:
    """What an estimator says of its penalty but for the mix, checked, and the unit of the ridge part."""
    weights = estimator.penalty_weights
    if weights is not None:
        weights = check_per_feature("penalty_weights", weights, n_features, names, 1.0)
        weights = np.full(n_features, weights) if weights.ndim == 0 else weights
    options = {
        "penalty_weights": weights,
        "groups": estimator.groups,
        "sparse_ratio": estimator.sparse_ratio,
        "lower": check_per_feature("lower", estimator.lower, n_features, names, -np.inf),
        "upper": check_per_feature("upper", estimator.upper, n_features, names, np.inf),
        "ridge_unit": ridge_unit,
    }
    penalty_of(**options).rows(n_features)
    return options


def certified(
    X: Any,
    y: Array,
    *,
    loss: Loss,
    penalty: Penalty,
    alpha: float,
    tol: float,
    max_iter: int,
    aim: float = 1.0,
    **options: Any,
) -> Solution:
    """The solution, sought to ``aim`` times the tolerance, with a warning where its gap is above the tolerance."""
    solution = solve(X, y, loss=loss, penalty=penalty, alpha=alpha, tol=aim * tol, max_iter=max_iter, **options)
    solution = replace(solution, converged=solution.gap <= tol)
    if not solution.converged:
        warnings.warn(_not_converged(solution, loss, alpha, tol, max_iter), ConvergenceWarning, stacklevel=4)
    return solution


def _not_converged(solution: Solution, loss: Loss, alpha: float, tol: float, max_iter: int) -> str:
    if solution.n_iter >= max_iter:
        remedy = f"raise max_iter (it is {max_iter})"
    elif not loss.degree and alpha == 0:
        remedy = (
            "without a penalty coefficients grow without end where the data can be separated (two classes, or zeros "
            "and counts): use alpha > 0"
        )
    else:
        remedy = (
            "rounding allows no more with these columns: raise tol, or center, rescale or drop nearly equal columns"
        )
    share = "an unknown share" if not np.isfinite(solution.gap) else f"up to {solution.gap:.1e}"
    return (
        f"gap {solution.gap:.1e} > tol {tol:.1e} at alpha={alpha:.6g} after {solution.n_iter} iterations: the "
        f"objective is above its minimum by {share} of the loss of the intercept-only model; {remedy}"
    )


def warn_of_grid(result: GridResult) -> None:
    """One warning for all fits of a grid that are above its tolerance."""
    failed = np.argwhere(~result.converged)
    if not len(failed):
        return
    gaps = np.where(np.isnan(result.gaps), np.inf, result.gaps)
    ratio, index, fold = (int(i) for i in np.unravel_index(int(np.argmax(gaps)), gaps.shape))
    where = "all data" if fold == result.n_folds else f"fold {fold + 1}"
    warnings.warn(
        f"{len(failed)} of {result.converged.size} fits of the grid did not reach tol {result.tol:.1e}; the largest "
        f"gap is {gaps[ratio, index, fold]:.1e} at alpha={result.alphas[ratio, index]:.6g}, "
        f"l1_ratio={result.l1_ratios[ratio]:g}, {where}: their scores may be off by about as much; leave "
        "out the weakest strengths (see alphas and alpha_min_ratio), or raise tol",
        ConvergenceWarning,
        stacklevel=4,
    )
