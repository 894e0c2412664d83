"""Strength and mix of the penalty by cross-validation, from one read of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.linear._model import Classification, Regression
from shrinkwise.linear._search import GridSearch
from shrinkwise.linear._values import Array
from shrinkwise.losses import Loss
from shrinkwise.penalties.concave import Concave


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
        data; folds are scored, but have no say. ``"cheapest within 1se"``: see ``costs``.
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
    costs : array of shape (p,) or dict, optional
        What each feature costs, >= 0, or by names of columns, ``"*"`` for all others. The grid then also tries
        penalties that grow with the cost, and the rule ``"cheapest within 1se"`` takes, of all models within one
        standard error of the best, the one whose features cost least.
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
        costs: ArrayLike | Mapping[str, float] | None = None,
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
            costs=costs,
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
        data; folds are scored, but have no say. ``"cheapest within 1se"``: see ``costs``.
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
    costs : array of shape (p,) or dict, optional
        What each feature costs, >= 0, or by names of columns, ``"*"`` for all others. The grid then also tries
        penalties that grow with the cost, and the rule ``"cheapest within 1se"`` takes, of all models within one
        standard error of the best, the one whose features cost least.
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
