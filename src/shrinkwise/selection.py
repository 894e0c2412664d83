"""The cell of a grid that a rule picks, and what that way of picking is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.criteria import information_criterion
from shrinkwise.exceptions import UsageError
from shrinkwise.held_out import repeats_as_groups
from shrinkwise.losses import Loss, named_loss
from shrinkwise.rules import UNCOUNTED, UNPRICED, parse_rule

if TYPE_CHECKING:
    from shrinkwise.result import GridResult

Array = NDArray[Any]

MANY_FOLDS = 100  # each of them chooses anew for a corrected error


@dataclass(frozen=True)
class Selection:
    """One cell of the grid and why it was taken."""

    rule: str
    ratio: int
    index: int
    alpha: float
    l1_ratio: float
    mean: float
    se: float
    train: float
    n_features: int
    relax: float = 1.0  # share of the penalized fit


def select(result: GridResult, rule: str) -> Selection:
    """The cell of a grid that a rule picks, see `GridResult.select`."""
    parsed = parse_rule(rule)
    if parsed.is_criterion:
        return _lowest(result, rule, criterion(result, rule), "has fewer degrees of freedom than rows")
    mean = np.where(np.isfinite(result.mean), result.mean, np.inf)
    if result.network is not None:
        mean = result.network.ranked(mean, result.converged)
    if parsed.kind == "min":
        return _cell(result, rule, *_first_lowest(mean))
    if parsed.kind == "k":
        allowed = np.where(result.support_size <= parsed.number, mean, np.inf)
        return _lowest(result, rule, allowed, f"has at most {parsed.number:g} features")
    best = _first_lowest(mean)
    if parsed.kind == "cheapest":
        return _cheapest(result, rule, mean, mean[best] + result.se[best])
    slack = result.se[best] if parsed.kind == "1se" else parsed.number / 100 * abs(mean[best])
    return _simplest(result, rule, mean, mean[best] + slack)


def criterion(result: GridResult, rule: str) -> Array:
    """The information criterion (R, A) that a rule minimizes, see `GridResult.criterion`."""
    parsed = parse_rule(rule)
    if not parsed.is_criterion:
        raise UsageError(f"{rule!r} is no information criterion; use aic, aicc, bic or ebic")
    if result.network is not None:
        raise UsageError(f"rule {rule!r}: {UNCOUNTED}")
    if result.full_deviance is None or result.degrees_of_freedom is None or result.n_weighted is None:
        raise UsageError(
            f"rule {rule!r}: this grid was fitted without its degrees of freedom; fit it again with this rule, or "
            "with fit_grid(..., degrees_of_freedom=True)"
        )
    loss = named_loss(result.loss)
    of_one_variance = len(result.outputs) if result.outputs and loss.dispersion else 1
    return information_criterion(
        parsed,
        result.full_deviance,
        result.degrees_of_freedom,
        result.support_size,
        n=result.n_weighted * of_one_variance,
        p=int(np.count_nonzero(result.scale)),
        null_deviance=_null_deviance(result, loss) if loss.dispersion else None,
        dispersion=loss.dispersion,
    )


def corrected_error(result: GridResult, rule: str) -> float:
    """The score of a choice that the fold had no say in, see `GridResult.corrected_error`."""
    if not 1 < result.n_folds <= MANY_FOLDS:
        return float("nan")
    total = 0.0
    for group in repeats_as_groups(result.repeats, result.n_folds):
        for fold in group:
            cell = select(result.on_folds(group[group != fold]), rule)
            total += float(result.fold_weights[fold] * result.test_score[cell.ratio, cell.index, fold])
    return total


def _null_deviance(result: GridResult, loss: Loss) -> float:
    """The size of deviances: of the spread of the target, or of the worst fit where η has another unit."""
    if loss.degree:
        return float((result.n_weighted or 0) * result.target_scale**loss.degree)
    return float(np.max(result.full_deviance))  # type: ignore[arg-type]


def _lowest(result: GridResult, rule: str, values: Array, demand: str) -> Selection:
    cell = _first_lowest(values)
    if not np.isfinite(values[cell]):
        raise UsageError(f"rule {rule!r}: no fit of this grid {demand}")
    return _cell(result, rule, *cell)


def _simplest(result: GridResult, rule: str, mean: Array, bound: float) -> Selection:
    cells = [(ratio, int(np.argmax(row <= bound))) for ratio, row in enumerate(mean) if np.any(row <= bound)]
    size = result.support_size
    ratio, index = min(cells, key=lambda cell: (size[cell], mean[cell]))
    return _cell(result, rule, ratio, index)


def _cheapest(result: GridResult, rule: str, mean: Array, bound: float) -> Selection:
    cost = result.model_costs
    if cost is None:
        raise UsageError(f"rule {rule!r}: {UNPRICED}")
    least = np.min(cost[mean <= bound])
    return _cell(result, rule, *_first_lowest(np.where((mean <= bound) & (cost == least), mean, np.inf)))


def _cell(result: GridResult, rule: str, ratio: int, index: int) -> Selection:
    return Selection(
        rule=rule,
        ratio=ratio,
        index=index,
        alpha=float(result.alphas[ratio, index]),
        l1_ratio=result.l1_ratio(ratio, index),
        mean=float(result.mean[ratio, index]),
        se=float(result.se[ratio, index]),
        train=float(result.train_mean[ratio, index]),
        n_features=int(result.support_size[ratio, index]),
        relax=1.0 if result.relax is None else float(result.relax[ratio]),
    )


def _first_lowest(values: Array) -> tuple[int, int]:
    """The lowest cell, of equal ones the strongest penalty of the first mix."""
    ratio, index = np.unravel_index(int(np.argmin(values)), values.shape)
    return int(ratio), int(index)
