"""Strength and mix of the penalty by cross-validation, from one read of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping, process_routing

from shrinkwise.adaptive import fit_adaptive_grid
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.linear._certify import certified, check_flag, penalty_options, warn_of_grid
from shrinkwise.linear._inputs import Training, read_offset, read_training, vector
from shrinkwise.linear._model import Classification, LinearModel, Regression
from shrinkwise.linear._scoring import grid_scorer, metric_name, scorer_of
from shrinkwise.linear._splits import folds
from shrinkwise.linear._values import Array
from shrinkwise.losses import Loss
from shrinkwise.path import Solution
from shrinkwise.penalties import ElasticNet, penalty_of
from shrinkwise.penalties.concave import Concave, as_concave
from shrinkwise.rules import parse_rule
from shrinkwise.validation import check_alpha, check_count, check_l1_ratio, check_number, check_sequence

RELAX = (1.0, 0.75, 0.5, 0.25, 0.0)
REFINED = 1e-2  # the chosen model is solved on the rows to this share of tol


class GridSearch(LinearModel):
    """Parameters and fit of `LinearRegressorCV` and `LinearClassifierCV`."""

    __metadata_request__fit = {"groups": UNUSED}  # groups go to the splitter alone  # noqa: RUF012

    def __init__(
        self,
        *,
        alphas: int | Sequence[float] = 100,
        alpha_min_ratio: float | None = None,
        l1_ratio: float | Sequence[float] = 1.0,
        cv: Any = 10,
        rule: str = "1se",
        scoring: Any = None,
        penalty_weights: ArrayLike | None = None,
        groups: Sequence[Any] | Array | None = None,
        sparse_ratio: float = 0.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        fit_intercept: bool = True,
        standardize: bool = True,
        grouped_outputs: bool = False,
        adaptive: float | None = None,
        concave: str | Concave | None = None,
        relax: Sequence[float] | bool = False,
        tol: float = 1e-6,
        max_iter: int = 1000,
    ) -> None:
        self.alphas = alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.l1_ratio = l1_ratio
        self.cv = cv
        self.rule = rule
        self.scoring = scoring
        self.penalty_weights = penalty_weights
        self.groups = groups
        self.sparse_ratio = sparse_ratio
        self.lower = lower
        self.upper = upper
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.grouped_outputs = grouped_outputs
        self.adaptive = adaptive
        self.concave = concave
        self.relax = relax
        self.tol = tol
        self.max_iter = max_iter

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Self:
        """Fit the whole grid, pick one model by the rule, and certify it on the data.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Numbers without missing or infinite values; nothing is copied but what has to be, and nothing modified.
        y : array of shape (n,), or (n, K) for a regression of the squared loss
            Target.
        sample_weight : array of shape (n,), optional
            Weights >= 0, not all zero; they count in the fits and in the scores.
        groups : array of shape (n,), optional
            For the splitter. With ``cv`` a number, rows of one group stay in one fold.
        offset : array of shape (n,), optional
            A known part of the linear predictor: η = Xw + b + offset, where a row has one.
        exposure : array of shape (n,), optional
            Time or amount at risk, > 0; for losses with a log link, where it is the offset log(exposure).

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If a parameter is out of its range.
        DataError
            If the data cannot be used; the message says what and where. A fit that fails or is interrupted leaves an
            earlier one as it was.

        Warns
        -----
        ConvergenceWarning
            If a fit of the grid, or the chosen one, is above its tolerance.
        DataWarning
            If a class has fewer members than folds were asked for.
        """
        options = self._options()
        data = read_training(self, X, y, sample_weight, self._several)
        target, classes = self._target(data)
        loss, posed = self._posed(target, classes)
        known = read_offset(loss, offset, exposure, len(target))
        labels = target if classes is None else classes[target.astype(np.intp)]
        if groups is not None:
            groups = vector(groups, "groups")
        split_options, score_options = self._routed(data.weights, groups)
        splits = folds(self.cv, X, labels, classes, groups, split_options)
        scored: dict[str, Any] = {}
        if self.scoring is not None:
            scored = {
                "scorer": grid_scorer(
                    self.scoring, data.X, labels, data.weights, loss, known, classes, splits, score_options
                ),
                "metric": metric_name(self.scoring),
            }
        unit = self._ridge_unit(target, data.weights)
        return self._publish(self._searched(options, data, posed, classes, loss, known, unit, splits, scored))

    def _searched(
        self,
        options: dict[str, Any],
        data: Training,
        posed: Array,
        classes: Array | None,
        loss: Loss,
        known: Array | None,
        unit: float,
        splits: list[tuple[Array, Array]],
        scored: dict[str, Any],
    ) -> dict[str, Any]:
        """The fitted attributes of the grid and of the certified fit that the rule picks."""
        penalty = penalty_options(self, data.X.shape[1], unit, data.names)
        fit = fit_grid if self.adaptive is None else partial(fit_adaptive_grid, exponent=self.adaptive)
        result = fit(
            data.X,
            posed,
            splits,
            loss=loss,
            offset=known,
            alpha_min_ratio=self.alpha_min_ratio,
            sample_weight=data.weights,
            feature_names=data.names,
            classes=None if classes is None else [str(label) for label in classes.tolist()],
            concave=self.concave,
            relax=None if self.relax is False else RELAX if self.relax is True else self.relax,
            **options["grid"],
            **options["model"],
            **penalty,
            **scored,
        )
        warn_of_grid(result)
        if not np.any(np.isfinite(result.mean)):
            raise UsageError(
                f"no fit of the grid has a finite score ({result.metric}); use another scoring or larger folds"
            )
        chosen = result.select(self.rule)
        solution = certified(
            data.X,
            posed,
            loss=loss,
            offset=known,
            penalty=penalty_of(chosen.l1_ratio, **penalty),
            alpha=chosen.alpha,
            sample_weight=data.weights,
            tol=result.tol,
            aim=REFINED,
            max_iter=options["max_iter"],
            start=result.coef(chosen.ratio, chosen.index).T.ravel(),
            l1_factors=result.l1_factors,
            concave=None if self.concave is None else as_concave(self.concave),
            **options["model"],
        )
        if chosen.relax < 1:
            solution = self._mixed(solution, chosen.relax, data, posed, loss, known, penalty, options)
        found = {
            "alpha_": chosen.alpha,
            "l1_ratio_": chosen.l1_ratio,
            "alphas_": result.alphas[chosen.ratio].copy(),
            "result_": result,
            "gap_": solution.gap,
            "converged_": solution.converged,
            "n_iter_": max(1, solution.n_iter),
        }
        fitted: dict[str, Any] = self._fitted(solution.coef, solution.intercept, classes)
        return data.seen | fitted | found

    def _mixed(
        self,
        solution: Solution,
        share: float,
        data: Training,
        y: Array,
        loss: Loss,
        offset: Array | None,
        penalty: dict[str, Any],
        options: dict[str, Any],
    ) -> Solution:
        """The chosen model mixed with the fit without a penalty on its support; the gap is the larger one."""
        inside = solution.coef != 0
        lower, upper = (np.where(inside, penalty[name], 0.0) for name in ("lower", "upper"))
        free = certified(
            data.X,
            y,
            loss=loss,
            offset=offset,
            penalty=ElasticNet(lower=lower, upper=upper),
            alpha=0.0,
            sample_weight=data.weights,
            tol=options["grid"]["tol"],
            aim=REFINED,
            max_iter=options["max_iter"],
            start=solution.coef,
            **options["model"],
        )
        return replace(
            solution,
            coef=share * solution.coef + (1 - share) * free.coef,
            intercept=share * solution.intercept + (1 - share) * free.intercept,
            gap=max(solution.gap, free.gap),
            converged=solution.converged and free.converged,
        )

    def _options(self) -> dict[str, Any]:
        """The parameters, checked before any work."""
        rule = parse_rule(self.rule)
        alphas: Any = self.alphas
        mixes: Any = self.l1_ratio
        if isinstance(alphas, Real | np.bool_):
            alphas = check_count("alphas", alphas)
        else:
            alphas = tuple(check_alpha(alpha) for alpha in check_sequence("alphas", alphas))
        mixes = [mixes] if isinstance(mixes, Real) or mixes is None else check_sequence("l1_ratio", mixes)
        if self.scoring is not None:
            scorer_of(self.scoring)
        return {
            "grid": {
                "alphas": alphas,
                "l1_ratios": tuple(check_l1_ratio(ratio) for ratio in mixes),
                "tol": check_number("tol", self.tol, low=0),
                "degrees_of_freedom": rule.is_criterion,
            },
            "model": {
                "fit_intercept": check_flag("fit_intercept", self.fit_intercept),
                "standardize": check_flag("standardize", self.standardize),
                "grouped_outputs": check_flag("grouped_outputs", self.grouped_outputs),
            },
            "max_iter": check_count("max_iter", self.max_iter),
        }

    def _routed(self, weights: Array | None, groups: Array | None) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What the splitter and the scorer receive; None where metadata routing is off."""
        if not get_config()["enable_metadata_routing"]:
            return ({} if groups is None else {"groups": groups}), None
        routed = process_routing(self, "fit", sample_weight=weights, groups=groups)
        return dict(routed.splitter.split), (dict(routed.scorer.score) if self.scoring is not None else {})

    def get_metadata_routing(self) -> MetadataRouter:
        """Where metadata go: sample_weight to this fit and the scorer, groups to the splitter.

        Returns
        -------
        MetadataRouter
        """
        splitter = self.cv if hasattr(self.cv, "split") else None
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        if self.scoring is not None:
            router.add(scorer=scorer_of(self.scoring), method_mapping=MethodMapping().add(caller="fit", callee="score"))
        return router


class LinearRegressorCV(Regression, GridSearch):
    """Linear regression with an elastic-net penalty whose strength and mix are found by cross-validation.

    Every strength, mix and fold is fitted from one read of the data, standardized with the means and sds of its own
    training rows, and certified by its duality gap. The objective is that of `LinearRegressor`.

    Parameters
    ----------
    loss : str or Loss, default "squared"
        As of `LinearRegressor`; held-out errors are mean squared errors for ``"squared"``, deviances for the losses
        with a log link, and the mean loss itself for ``"huber"`` and ``"quantile"``.
    alphas : int or sequence of float, default 100
        How many strengths, from the smallest that leaves no feature in, evenly spaced in their logarithm; the grid goes
        on to weaker ones while the best is the weakest. Or the strengths themselves, in the units of the objective.
        The objective is an average over rows, so the chosen strength is that of the folds, unchanged, on all rows.
    alpha_min_ratio : float in (0, 1), optional
        The weakest strength as a share of the strongest; 1e-3, and 1e-2 where n < p.
    l1_ratio : float in [0, 1] or sequence, default 1
        The mix, or the mixes to try: 1 is the lasso, 0 is ridge. The lasso does not depend on the units of y; for
        mixes below 1 see ``ridge_unit``.
    cv : int, splitter, iterable of pairs or array of shape (n,), default 10
        Number of unshuffled folds, a scikit-learn splitter, pairs of training and held-out rows, or an array with the
        fold of each row (-1: never held out). With a repeated splitter standard errors are those of one repeat.
    rule : str, default "1se"
        ``"1se"``: the simplest model within one standard error of the best; ``"min"``: the best; ``"k=7"``: the best
        with at most 7 features; ``"within=1%"``: the simplest at most 1 % worse than the best. ``"aic"``, ``"aicc"``,
        ``"bic"``, ``"ebic"`` or ``"ebic:0.5"`` (γ, default 1): the lowest information criterion of the fits on all
        data; folds are scored, but have no say.
    scoring : str, callable or None, default None
        A scikit-learn scorer. None is the error of the loss.
    penalty_weights : array of shape (p,) or dict, optional
        π >= 0, one for each feature, or by names of columns; 0 leaves a feature unpenalized.
    groups : sequence, optional
        Columns that come in together, by one norm (the groups that ``fit`` takes are of rows): a label for each feature
        (None or -1: alone), or lists of column numbers. A group's part of the penalty is then π √m ‖w‖₂ for its m
        coefficients in place of Σ π |w|, see `GroupLasso`; bounds are for columns alone.
    sparse_ratio : float in [0, 1], default 0
        The share of Σ π |w| within groups: 0 is the group lasso, between 0 and 1 the sparse group lasso.
    lower, upper : float, array of shape (p,) or dict, default no bounds
        Bounds of the coefficients in the units of the data, ``lower <= 0 <= upper``; ``lower={"age": 0}`` holds the
        sign of a named column.
    ridge_unit : float > 0 or "sd", default 1
        Unit in which the L2 part measures coefficients, see `LinearRegressor`. With ``"sd"``, the standard deviation of
        y, the choice among mixes does not depend on the units of y.
    fit_intercept : bool, default True
    standardize : bool, default True
        Whether the penalty acts on the coefficients of standardized columns.
    grouped_outputs : bool, default False
        With several columns of y: penalize the norm of a feature's coefficients, so that it
        is in for all of them or for none.
    adaptive : float > 0, optional
        The adaptive lasso (Zou 2006) with this exponent: the L1 penalty of a feature is divided by a power of its
        coefficient in a first fit, ridge or, beyond 1000 features, lasso, in each fold by its own.
    concave : str or Concave, optional
        ``"mcp"`` or ``"scad"``, with another gamma as in ``"mcp:2.5"``: penalties that do not shrink what is
        large. Fits are then local optima, reached from stronger penalties; gaps are those of their convex majorizers.
    relax : bool or sequence of numbers in [0, 1], default False
        The relaxed lasso: cross-validation also chooses how much of the penalized fit to keep, against the fit without
        a penalty on the same features. True tries 1, 0.75, 0.5, 0.25 and 0.
    tol : float >= 0, default 1e-6
        Duality gap of every fit of the grid, relative to the loss of the intercept-only model; the chosen model is
        solved to a hundredth of it.
    max_iter : int >= 1, default 1000
        Newton steps and rounds of working sets for the chosen model at the most.

    Attributes
    ----------
    coef_ : array of shape (p,), or (K, p) for K columns of y
        Coefficients in the units of the data; zeros are exact.
    intercept_ : float, or array of shape (K,)
    alpha_, l1_ratio_ : float
        The chosen strength and mix.
    alphas_ : array
        Strengths that were tried with the chosen mix, decreasing.
    result_ : GridResult
        All scores, coefficients and certificates; ``result_.table()`` is the short answer.
    gap_ : float
        Relative duality gap of the chosen model, computed on the data themselves.
    converged_ : bool
        ``gap_ <= tol``; ``result_.all_converged`` says the same of every fit of the grid.
    n_iter_ : int
        Iterations of the chosen model's last solve.
    n_features_in_ : int
    feature_names_in_ : array of shape (p,)
        Only where the columns of X have names.

    See Also
    --------
    LinearRegressor : One fit at a given strength.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((80, 6))
    >>> model = LinearRegressorCV(cv=5).fit(X, 3 * X[:, 0] - X[:, 1] + 1)
    >>> np.flatnonzero(model.coef_)
    array([0, 1])
    """

    def __init__(
        self,
        *,
        loss: str | Loss = "squared",
        alphas: int | Sequence[float] = 100,
        alpha_min_ratio: float | None = None,
        l1_ratio: float | Sequence[float] = 1.0,
        cv: Any = 10,
        rule: str = "1se",
        scoring: Any = None,
        penalty_weights: ArrayLike | None = None,
        groups: Sequence[Any] | Array | None = None,
        sparse_ratio: float = 0.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        ridge_unit: float | str = 1.0,
        fit_intercept: bool = True,
        standardize: bool = True,
        grouped_outputs: bool = False,
        adaptive: float | None = None,
        concave: str | Concave | None = None,
        relax: Sequence[float] | bool = False,
        tol: float = 1e-6,
        max_iter: int = 1000,
    ) -> None:
        super().__init__(
            alphas=alphas,
            alpha_min_ratio=alpha_min_ratio,
            l1_ratio=l1_ratio,
            cv=cv,
            rule=rule,
            scoring=scoring,
            penalty_weights=penalty_weights,
            groups=groups,
            sparse_ratio=sparse_ratio,
            lower=lower,
            upper=upper,
            fit_intercept=fit_intercept,
            standardize=standardize,
            grouped_outputs=grouped_outputs,
            adaptive=adaptive,
            concave=concave,
            relax=relax,
            tol=tol,
            max_iter=max_iter,
        )
        self.loss = loss
        self.ridge_unit = ridge_unit


class LinearClassifierCV(Classification, GridSearch):
    """Logistic or, for more than two classes, multinomial regression, its strength and mix found by cross-validation.

    Every strength, mix and fold marches down the path together, standardized with the means and sds of its own training
    rows, and certified by its duality gap. The objective is that of `LinearClassifier`.

    Parameters
    ----------
    alphas : int or sequence of float, default 100
        How many strengths, from the smallest that leaves no feature in, evenly spaced in their logarithm; the grid goes
        on to weaker ones while the best is the weakest. Or the strengths themselves, in the units of the objective.
        The objective is an average over rows, so the chosen strength is that of the folds, unchanged, on all rows.
    alpha_min_ratio : float in (0, 1), optional
        The weakest strength as a share of the strongest; 1e-3, and 1e-2 where n < p.
    l1_ratio : float in [0, 1] or sequence, default 1
        The mix, or the mixes to try: 1 is the lasso, 0 is ridge.
    cv : int, splitter, iterable of pairs or array of shape (n,), default 10
        Number of unshuffled folds with the same shares of the classes (fewer, with a warning, where a class has fewer
        members), a scikit-learn splitter, pairs of training and held-out rows, or an array with the fold of each row
        (-1: never held out). With a repeated splitter standard errors are those of one repeat.
    rule : str, default "1se"
        ``"1se"``: the simplest model within one standard error of the best; ``"min"``: the best; ``"k=7"``: the best
        with at most 7 features; ``"within=1%"``: the simplest at most 1 % worse than the best. ``"aic"``, ``"aicc"``,
        ``"bic"``, ``"ebic"`` or ``"ebic:0.5"`` (γ, default 1): the lowest information criterion of the fits on all
        data; folds are scored, but have no say.
    scoring : str, callable or None, default None
        A scikit-learn scorer. None is the log loss.
    penalty_weights : array of shape (p,) or dict, optional
        π >= 0, one for each feature, or by names of columns; 0 leaves a feature unpenalized.
    groups : sequence, optional
        Columns that come in together, by one norm (the groups that ``fit`` takes are of rows): a label for each feature
        (None or -1: alone), or lists of column numbers. A group's part of the penalty is then π √m ‖w‖₂ for its m
        coefficients in place of Σ π |w|, see `GroupLasso`; bounds are for columns alone.
    sparse_ratio : float in [0, 1], default 0
        The share of Σ π |w| within groups: 0 is the group lasso, between 0 and 1 the sparse group lasso.
    lower, upper : float, array of shape (p,) or dict, default no bounds
        Bounds of the coefficients in the units of the data, ``lower <= 0 <= upper``; ``lower={"age": 0}`` holds the
        sign of a named column.
    fit_intercept : bool, default True
    standardize : bool, default True
        Whether the penalty acts on the coefficients of standardized columns.
    grouped_outputs : bool, default False
        With more than two classes: penalize the norm of a feature's coefficients, so that it is in for all classes or
        for none.
    adaptive : float > 0, optional
        The adaptive lasso (Zou 2006) with this exponent: the L1 penalty of a feature is divided by a power of its
        coefficient in a first fit, ridge or, beyond 1000 features, lasso, in each fold by its own.
    concave : str or Concave, optional
        ``"mcp"`` or ``"scad"``, with another gamma as in ``"mcp:2.5"``: penalties that do not shrink what is
        large. Fits are then local optima, reached from stronger penalties; gaps are those of their convex majorizers.
    relax : bool or sequence of numbers in [0, 1], default False
        The relaxed lasso: cross-validation also chooses how much of the penalized fit to keep, against the fit without
        a penalty on the same features. True tries 1, 0.75, 0.5, 0.25 and 0.
    tol : float >= 0, default 1e-6
        Duality gap of every fit of the grid, relative to the loss of the intercept-only model; the chosen model is
        solved to a hundredth of it.
    max_iter : int >= 1, default 1000
        Newton steps and rounds of working sets for the chosen model at the most.

    Attributes
    ----------
    classes_ : array of shape (K,)
        Labels in ascending order.
    coef_ : array of shape (1, p), or (K, p) for K > 2 classes
        Change of the log-odds of ``classes_[1]``, or of the predictor of each class, for a unit of each feature; zeros
        are exact. Without a penalty only differences of classes are determined: there the sum over the classes is 0.
    intercept_ : array of shape (1,) or (K,)
        The sum of K is 0.
    alpha_, l1_ratio_ : float
        The chosen strength and mix.
    alphas_ : array
        Strengths that were tried with the chosen mix, decreasing.
    result_ : GridResult
        All scores, coefficients and certificates; ``result_.table()`` is the short answer.
    gap_ : float
        Relative duality gap of the chosen model, computed on the data themselves.
    converged_ : bool
        ``gap_ <= tol``; ``result_.all_converged`` says the same of every fit of the grid.
    n_iter_ : int
        Iterations of the chosen model's last solve.
    n_features_in_ : int
    feature_names_in_ : array of shape (p,)
        Only where the columns of X have names.

    See Also
    --------
    LinearClassifier : One fit at a given strength.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((120, 5))
    >>> y = np.where(X[:, 0] + 0.5 * rng.standard_normal(120) > 0, "good", "bad")
    >>> model = LinearClassifierCV(cv=5).fit(X, y)
    >>> model.predict([[2.0, 0, 0, 0, 0]])
    array(['good'], dtype=...)
    """
