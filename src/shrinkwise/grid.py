"""The whole grid — every strength, every mix, every fold — from one read of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.costs import POWERS, check_costs, check_sources, cost_factors
from shrinkwise.design.base import Array
from shrinkwise.design.sparse import checked_sparse
from shrinkwise.engines import LocalEngine
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import Loss, as_loss
from shrinkwise.losses.domain import check_events, check_null_model, checked_target
from shrinkwise.outputs import check_single
from shrinkwise.path import FreeFit, Task, repeats_of
from shrinkwise.path.rescored import Scorer, rescored
from shrinkwise.path.splits import Split, members
from shrinkwise.penalties import group_names, penalty_of, varied
from shrinkwise.penalties.concave import Concave, as_concave
from shrinkwise.problem import power_of_two
from shrinkwise.result import GridResult, Unpenalized
from shrinkwise.rules import UNCOUNTED_REFITS
from shrinkwise.strengths import fit_strengths, fold_weights
from shrinkwise.validation import (
    check_l1_ratio,
    check_number,
    check_offset,
    check_sequence,
    check_weights,
)

SQUARED = (1e-150, 1e150)  # units of y whose squares are floating-point numbers


def fit_grid(
    X: Any,
    y: Array,
    splits: Sequence[Split],
    *,
    loss: str | Loss = "squared",
    l1_ratios: Sequence[float] = (1.0,),
    alphas: int | Sequence[float] = 100,
    alpha_min_ratio: float | None = None,
    sample_weight: Array | None = None,
    offset: Array | None = None,
    grouped_outputs: bool = False,
    l1_factors: Array | None = None,
    concave: str | Concave | None = None,
    relax: Sequence[float] | None = None,
    penalty_weights: Array | None = None,
    groups: Sequence[Any] | Array | None = None,
    sparse_ratio: float = 0.0,
    lower: float | Array = -np.inf,
    upper: float | Array = np.inf,
    ridge_unit: float = 1.0,
    variants: Sequence[Mapping[str, Any]] | None = None,
    costs: Array | None = None,
    cost_sources: Array | None = None,
    start: Any | None = None,
    fit_intercept: bool = True,
    standardize: bool = True,
    maps: Sequence[sparse.csc_array] | None = None,
    feature_names: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    tol: float = 1e-6,
    extend: bool = True,
    unpenalized: bool = True,
    degrees_of_freedom: bool = False,
    scorer: Scorer | None = None,
    metric: str | None = None,
    engine: LocalEngine | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> GridResult:
    """Fit every strength and mix on every training set and on all data; certify each fit, score it on held-out rows.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, q)
    y : array of shape (n,), or (n, K) for K outputs
        For the squared loss K targets, for the multinomial one indicators of K classes. For the logistic loss 0 or 1;
        see the loss for its domain.
    splits : sequence of K pairs (train, test) of row numbers
        Where they repeat a cross-validation — runs of folds that each hold out all the same rows once — standard
        errors are those of one repeat.
    loss : str or Loss
        A name, as in ``shrinkwise.losses.LOSSES``, perhaps with its parameter (``"quantile:0.9"``,
        ``"multinomial:5"``), or the loss.
    l1_ratios : R mixes in [0, 1]
    alphas : int or sequence
        How many strengths, spaced evenly in their logarithm from alpha_max of each mix down to ``alpha_min_ratio``
        of it; or the strengths themselves, in the units of the objective.
    alpha_min_ratio : float in (0, 1), default 1e-3, 1e-2 where n < p
    sample_weight : array of shape (n,), optional
    offset : array of shape (n,), optional
        A known part of the linear predictor: η = Xw + b + offset.
    grouped_outputs : bool
        For K outputs: penalize the norm of a feature's K coefficients in place of their absolute values, so that it is
        in for all of them or for none.
    l1_factors : array of shape (K + 1, p), optional
        For each training set and, last, all data: by which the L1 part of each coefficient is multiplied; infinity
        leaves a coefficient at zero. `fit_adaptive_grid` makes them.
    concave : str or Concave, optional
        ``"mcp"``, ``"scad"`` or with its gamma ``"mcp:3"``: bends the L1 part, and the norms of groups, so that large
        coefficients are not shrunk. The fits are local optima, reached from stronger penalties, and their gaps those of
        the convex majorizers that they minimize.
    relax : sequence of numbers in [0, 1], optional
        The relaxed lasso: each fit is also mixed with the fit without a penalty on its support, with these shares of
        the penalized one; 1 is the fit itself. The result has a line for each mix and share. With ``maps`` only for
        the squared loss on a tall table.
    penalty_weights, lower, upper, ridge_unit
        See :class:`~shrinkwise.penalties.ElasticNet`.
    variants : sequence of V mappings, optional
        Other penalties than the one given: ``penalty_weights``, ``lower`` or ``upper`` in place of its own, ``factors``
        of its weights, columns that are ``banned``, see `shrinkwise.penalties.varied`. The grid has a line for each
        variant and mix, all mixes of the first variant first, from the same read of the data.
    costs : array of shape (p,), optional
        What each feature costs, >= 0. The grid then also has lines in which penalties are multiplied by relative costs
        to the powers 1/2 and 1, see `shrinkwise.costs.cost_factors`: models of cheap features. All powers are on all
        mixes, those of power 0, the penalty as it is, first. The rule "cheapest within 1se" chooses by what models
        cost.
    cost_sources : array of int, shape (p,), optional
        What the columns come from, such as the column of a table that was encoded: a source is paid once.
    start : array or sparse matrix of shape (K + 1, p), optional
        Coefficients of each training set and, last, all data, in the units of the data, that are near the fits at the
        strongest of ``alphas``: every line starts from there.
    groups, sparse_ratio
        Columns that come in together, see :class:`~shrinkwise.penalties.GroupLasso`; for ``maps``, of their outputs.
    standardize : bool
        Whether the penalty acts on standardized columns; means and sd are those of each training set.
    maps : K + 1 sparse matrices of shape (q, p), optional
        What each training set and, last, all data make of the columns of X: an encoding learned in the fold.
    tol : float
        Relative duality gap of every fit.
    extend : bool
        Go on to weaker strengths while the best one is the weakest of the grid.
    unpenalized : bool
        Also fit without a penalty.
    degrees_of_freedom : bool
        Also count the degrees of freedom of the fits on all data, which the rules aic, aicc, bic and ebic need. Next to
        nothing for the lasso; where a mix has an L2 part one decomposition of the Gram of each support.
    scorer : function (fold, coefs (A, p), intercepts (A,)) -> (train (A,), test (A,)), optional
        Scores in place of the loss's own; lower is better. ``metric`` names it.
    progress : function (fits done, fits in all), optional

    Returns
    -------
    GridResult

    Raises
    ------
    DataError, UsageError
        If data or parameters cannot be used; the message says what to do.

    Notes
    -----
    Tall tables and the squared loss take the moments route: rows are read once, all the rest is of size p. Others
    march all folds and mixes down the path in lock-step, so that one product with X serves all of them.

    A strength is carried as it is from a training set to all data: the objective is an average over rows, so its scale
    does not depend on n, and a table in which every row stands twice gives the same grid. What K folds find best is
    best for (K − 1)/K of the rows; all rows would ask for a little less (the lasso's best strength shrinks as 1/√n, by
    5 % from 9 of 10 folds to all): the fit on all data errs, by that little, on the side of fewer features.
    """
    X = checked_sparse(X) if sparse.issparse(X) else X
    alphas = int(alphas) if isinstance(alphas, np.integer) else alphas
    mixes = tuple(check_l1_ratio(ratio) for ratio in l1_ratios)
    if not mixes:
        raise UsageError("l1_ratio must hold at least one mix, got none")
    kind = as_loss(loss)
    bent = None if concave is None else as_concave(concave)
    shares = _shares(relax)
    if relax is not None and degrees_of_freedom:
        raise UsageError(
            f"relax goes with rules that folds decide, not with an information criterion: {UNCOUNTED_REFITS}, "
            "or leave relax out"
        )
    if relax is not None and (np.ndim(y) == 2 or groups is not None):
        raise UsageError("relax is for grids of one predictor a row, without groups; leave relax out")
    if relax is not None and variants is not None:
        raise UsageError("variants are for penalized fits, and relax refits without a penalty; leave out one of them")
    engine = engine or LocalEngine()
    y = checked_target(X, y, kind)
    known = None if offset is None else check_offset(offset, len(y))
    check_single(y, offset=known, l1_factors=l1_factors)
    if known is not None and kind.degree:  # ℓ is a function of y − η
        y, known = y - known, None
    weights = check_weights(sample_weight, len(y))
    kind = kind.for_target(y, weights)
    weights = weights / np.ldexp(1.0, int(np.frexp(weights.max())[1]))
    counts, tests = members(splits, weights)
    unit = power_of_two(y) if kind.degree else 1.0
    if not SQUARED[0] <= unit <= SQUARED[1]:
        raise DataError(
            f"the values of y lie about {unit:.0e} apart: their squares leave the range of floating point; "
            f"divide y by {unit:.0e} first"
        )
    n_features = int(X.shape[1] if maps is None else maps[0].shape[1])
    names = tuple(feature_names) if feature_names is not None else tuple(f"x{j}" for j in range(n_features))
    named_groups = None if groups is None else group_names(groups, n_features)
    costs = None if costs is None else check_costs(costs, names)
    lines = _lines(variants, costs, named_groups)
    done = 0
    n_fits = len(lines) * len(mixes) * (len(splits) + 1)
    total = n_fits * (alphas if isinstance(alphas, int) else len(alphas))

    def tell(fits: int) -> None:
        nonlocal done
        done += fits
        if progress is not None:
            progress(done, max(total, done))

    penalty: dict[str, Any] = {
        "groups": groups,
        "sparse_ratio": sparse_ratio,
        "penalty_weights": penalty_weights,
        "lower": lower,
        "upper": upper,
        "ridge_unit": ridge_unit,
    }
    task = Task(
        X=X,
        y=y / unit,
        offset=0.0 if known is None else known,
        weights=weights,
        counts=counts,
        tests=tests,
        loss=kind.in_unit(unit),
        penalties=tuple(penalty_of(ratio, **varied(penalty, own, n_features)) for own in lines for ratio in mixes),
        unit=unit,
        fit_intercept=fit_intercept,
        standardize=standardize,
        maps=None if maps is None else tuple(maps),
        tol=check_number("tol", tol, low=0),
        engine=engine,
        progress=tell,
        grouped_outputs=grouped_outputs,
        l1_factors=l1_factors,
        concave=None if bent is None else bent.in_unit(unit ** (2 - kind.degree) if kind.degree else 1.0),
        start=None if start is None else sparse.csr_array(start),
    )
    _check_null_models(task)
    fits = fit_strengths(
        task,
        alphas,
        alpha_min_ratio,
        extend=extend and scorer is None,
        relax=None if relax is None else shares,
        unpenalized=unpenalized,
        degrees_of_freedom=degrees_of_freedom,
    )
    block, null_score, free = fits.block, fits.null_score, fits.free
    if scorer is not None:
        block, null_score, free = rescored(scorer, block, free, task)
    return GridResult(
        loss=kind.spec,
        metric=metric or task.loss.metric,
        l1_ratios=np.tile(np.repeat(mixes, len(shares)), len(lines)),
        relax=None if relax is None else np.tile(shares, len(lines) * len(mixes)),
        alphas=fits.strengths,
        train_score=block.train_score,
        test_score=block.test_score,
        fold_weights=fold_weights(task),
        coefs=block.coefs,
        intercepts=block.intercepts,
        gaps=block.gaps,
        converged=block.gaps <= task.tol,
        n_iter=block.n_iter,
        null_score=null_score,
        unpenalized=_public(free),
        feature_names=names,
        center=fits.center,
        scale=fits.scale,
        target_scale=_target_scale(task),
        n_samples=len(y),
        tol=task.tol,
        standardize=standardize,
        ridge_unit=float(ridge_unit),
        extended=fits.extended,
        groups=named_groups,
        sparse_ratio=None if groups is None else float(sparse_ratio),
        classes=None if classes is None else tuple(classes),
        outputs=_output_names(task, classes, outputs),
        concave=None if bent is None else bent.spec,
        l1_factors=None if l1_factors is None else l1_factors[-1],
        full_deviance=block.deviance * np.count_nonzero(weights),
        degrees_of_freedom=None if fits.freedom is None else fits.freedom + fit_intercept * _n_intercepts(task),
        n_weighted=int(np.count_nonzero(weights * task.y if kind.coupled else weights)),
        repeats=repeats_of(tests, len(y)),
        costs=costs,
        sources=None if costs is None or cost_sources is None else check_sources(cost_sources, n_features),
        cost_powers=None if costs is None else np.repeat(POWERS, len(mixes) * len(shares)),
    )


def _lines(
    variants: Sequence[Mapping[str, Any]] | None, costs: Array | None, groups: Sequence[str] | None
) -> Sequence[Mapping[str, Any]]:
    """The variants of the penalty: those that were given, or made from costs, or the penalty alone."""
    if costs is None:
        if variants is not None and not len(variants):
            raise UsageError("variants must hold at least one mapping, got none")
        return variants or ({},)
    if variants is not None:
        raise UsageError("costs make variants of the penalty; leave out costs or variants")
    return [{"factors": cost_factors(costs, power, groups)} for power in POWERS]


def _public(free: FreeFit | None) -> Unpenalized | None:
    if free is None:
        return None
    return Unpenalized(
        free.train_score,
        free.test_score,
        free.coefs[-1],
        free.intercepts[-1] if free.intercepts.ndim == 2 else float(free.intercepts[-1]),
        free.gap,
        free.converged,
        free.note,
    )


def _check_null_models(task: Task) -> None:
    """Without a finite intercept there is no model to start from: all y of a training set at an end of the domain."""
    if task.loss.coupled:
        check_events(task.y, task.weights, task.counts, task.tests)
        return
    for fold in range(task.counts.shape[1]):
        check_null_model(task.loss, task.y[(task.counts[:, fold] > 0) & (task.weights > 0)], f"of fold {fold + 1} ")


def _target_scale(task: Task) -> float:
    if not task.loss.degree:
        return 1.0
    mean = np.average(task.y, axis=0, weights=task.weights)
    return float(task.unit * np.sqrt(np.sum(np.average((task.y - mean) ** 2, axis=0, weights=task.weights))))


def _shares(relax: Sequence[float] | None) -> tuple[float, ...]:
    if relax is None:
        return (1.0,)
    shares = tuple(check_number("relax", share, low=0, high=1) for share in check_sequence("relax", relax))
    if not shares:
        raise UsageError("relax must hold at least one share in [0, 1], got none")
    return shares


def _n_intercepts(task: Task) -> int:
    """How many intercepts are determined: of classes, only their differences."""
    if task.loss.coupled:
        return 0
    return 1 if task.y.ndim == 1 else task.y.shape[1] - (not task.loss.quadratic)


def _output_names(task: Task, classes: Sequence[str] | None, outputs: Sequence[str] | None) -> tuple[str, ...] | None:
    if task.y.ndim == 1:
        return None
    return tuple(outputs or classes or (f"y{k}" for k in range(task.y.shape[1])))
