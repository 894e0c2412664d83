"""From prepared data to a model: the grid, the choice, the choice once more on the rows."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from shrinkwise.adaptive import fit_adaptive_grid
from shrinkwise.choice import RELAX, solve_choice
from shrinkwise.cli._prepare import Prepared
from shrinkwise.cli._progress import Tell, progress_bar, steps
from shrinkwise.cli._say import Voice
from shrinkwise.cli.fit import Request
from shrinkwise.diagnosis.decide import decide
from shrinkwise.diagnosis.decision import Decision
from shrinkwise.exceptions import DataError
from shrinkwise.grid import fit_grid
from shrinkwise.losses import as_loss
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.path import Solution, solve
from shrinkwise.refitting import refits_of
from shrinkwise.result import GridResult
from shrinkwise.rules import parse_rule
from shrinkwise.store import Model

# what fits a grid: the function, its data (X, y, folds), its options
Bound = tuple[Callable[..., GridResult], tuple[Any, Any, Any], dict[str, Any]]

TIGHT = 1e-8  # the gap of the chosen model on the rows; Newton gets there in a step or two from the grid's answer
LIBRARIES = ("shrinkwise", "numpy", "scipy", "numba", "pyarrow")


def train(prepared: Prepared, request: Request, say: Voice) -> Model:
    """Fit the grid, choose, refine and certify the choice."""
    target, grid = prepared.target, _grid_options(prepared, request)
    with progress_bar(say.on_terminal, "fitting {:,} models", "the first fit on a machine compiles") as progress:
        result = _fitted(grid, prepared, request, progress)
        chosen = result.select(request.rule)
        solution = solve_choice(_on_rows(prepared, result, request), result, chosen, _penalty(prepared, request))
    decision = None if request.quick else _decision(grid, prepared, request, result, say)
    return Model(
        task=target.task,
        target=target.name,
        classes=target.classes,
        loss=result.loss,
        l1_ratio=chosen.l1_ratio,
        alpha=chosen.alpha,
        rule=request.rule,
        coef=solution.coef if result.outputs is None else solution.coef.reshape(-1, len(result.outputs)).T,
        intercept=solution.intercept,
        feature_names=result.feature_names,
        encoder=prepared.encoding.encoder.to_dict(),
        result=result,
        folds=prepared.folds,
        certificate=_certificate(result, solution),
        notes=prepared.notes,
        seed=request.seed,
        versions=versions_of(LIBRARIES),
        created=now(),
        command=f"shrinkwise {shlex.join(request.arguments)}",
        source=request.table,
        offset=request.offset,
        exposure=request.exposure,
        weights=request.weights,
        strata=request.strata,
        decision=decision,
    )


def linear_grid(prepared: Prepared, request: Request, progress: Tell | None = None) -> GridResult:
    """The whole grid of linear models."""
    return _fitted(_grid_options(prepared, request), prepared, request, progress)


def _fitted(grid: Bound, prepared: Prepared, request: Request, progress: Tell | None) -> GridResult:
    fit, (X, y, splits), options = grid
    result = fit(
        X, y, splits, maps=prepared.encoding.maps, relax=RELAX if request.relax else None, **options, progress=progress
    )
    if not np.any(np.isfinite(result.mean)):
        raise DataError(f"no fit has a finite {result.metric}; choose fewer folds, or another --score")
    return result


def _grid_options(prepared: Prepared, request: Request) -> Bound:
    """What fits the grid: the function, its data, its options."""
    target, encoding = prepared.target, prepared.encoding
    fit = fit_grid if request.adaptive is None else partial(fit_adaptive_grid, exponent=request.adaptive)
    options = {
        "loss": prepared.loss,
        "offset": prepared.offset,
        "grouped_outputs": request.grouped_outputs,
        "l1_ratios": request.l1_ratio,
        "alphas": request.alphas,
        "sample_weight": prepared.weights,
        "feature_names": encoding.names,
        "classes": target.classes,
        "outputs": target.outputs,
        "concave": request.concave,
        **_penalty(prepared, request),
        **prepared.costs,
        "tol": request.tol,
        "degrees_of_freedom": parse_rule(request.rule).is_criterion,
        **_scored(prepared, request),
    }
    return fit, (encoding.Z, target.posed, prepared.splits), options


def _decision(grid: Bound, prepared: Prepared, request: Request, result: GridResult, say: Voice) -> Decision:
    """How sure the choice is, from the same read of the table."""
    fit, data, options = grid
    refits = refits_of(
        *data,
        fit=fit,
        maps=prepared.encoding.maps,
        strata=prepared.target.labels,
        row_groups=prepared.groups,
        dealt=prepared.dealt,
        seed=request.seed,
        **options,
    )
    with steps(say.on_terminal) as progress:
        return decide(result, refits, request.rule, progress=progress)


def _penalty(prepared: Prepared, request: Request) -> dict[str, Any]:
    """What the penalty is besides its strengths and mixes."""
    return prepared.penalty | {
        "groups": prepared.encoding.groups,
        "sparse_ratio": request.sparse_ratio,
        "ridge_unit": _spread(prepared),
    }


def _scored(prepared: Prepared, request: Request) -> dict[str, Any]:
    """The scorer of ``--score``; labels are 0, 1, …, so that scorers that need a positive class know it."""
    if request.score is None:
        return {}
    from shrinkwise.linear._scoring import grid_scorer, metric_name

    target, encoding = prepared.target, prepared.encoding
    classes = None if target.classes is None else np.arange(len(target.classes))
    labels = target.values if classes is None else target.values.astype(np.int64)
    scorer = grid_scorer(
        request.score,
        encoding.Z,
        labels,
        prepared.weights,
        prepared.loss,
        prepared.offset,
        classes,
        prepared.splits,
        None,
        encoding.maps,
        prepared.loss.stratum if isinstance(prepared.loss, CoxLoss) else None,
    )
    return {"scorer": scorer, "metric": metric_name(request.score)}


def _spread(prepared: Prepared) -> float:
    """The sd of the target, where coefficients have its unit: with it for the L2 part, the best mix has none."""
    if not prepared.loss.degree:
        return 1.0
    values, weights = prepared.target.values, prepared.weights
    mean = np.average(values, axis=0, weights=weights)
    return float(np.sqrt(np.mean(np.average((values - mean) ** 2, axis=0, weights=weights)))) or 1.0


def _on_rows(prepared: Prepared, result: GridResult, request: Request) -> Callable[..., Solution]:
    """What solves a penalty at a strength on the rows themselves."""
    encoding = prepared.encoding
    design = encoding.Z if encoding.maps is None else encoding.Z @ encoding.maps[-1]
    return partial(
        solve,
        design,
        prepared.target.posed,
        loss=prepared.loss if prepared.loss.coupled else as_loss(result.loss),
        offset=prepared.offset,
        grouped_outputs=request.grouped_outputs,
        sample_weight=prepared.weights,
        tol=min(request.tol, TIGHT),
    )


def _certificate(result: GridResult, solution: Solution) -> dict[str, Any]:
    """The largest gap of all fits, and that of the model that is kept."""
    final_certified = solution.gap <= result.tol
    return {
        "max_gap": max(result.max_gap, solution.gap),
        "tol": result.tol,
        "n_fits": int(result.gaps.size) + 1,
        "n_certified": int(result.converged.sum()) + final_certified,
        "final_gap": solution.gap,
        "certified": bool(result.all_converged and final_certified),
    }


def versions_of(libraries: Sequence[str]) -> dict[str, str]:
    """Versions of Python and of these."""
    versions = {name: str(import_module(name).__version__) for name in libraries}
    return {"python": platform.python_version(), **versions}


def now() -> str:
    """The time in UTC; SOURCE_DATE_EPOCH fixes it, for files that are equal byte by byte."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdigit() else datetime.now(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
