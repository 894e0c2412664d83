"""Cox's proportional hazards: strength and mix of the penalty by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.diagnosis.decision import Decision
from shrinkwise.linear._cox_model import CoxModel
from shrinkwise.linear._inputs import vector
from shrinkwise.linear._scoring import grid_scorer, metric_name, scorer_of
from shrinkwise.linear._search import GridSearch
from shrinkwise.linear._splits import folds
from shrinkwise.linear._values import Array
from shrinkwise.penalties.concave import Concave


class CoxRegressorCV(CoxModel, GridSearch):
    """Cox regression with an elastic-net penalty whose strength and mix are found by cross-validation.

    The objective is that of `CoxRegressor`. A fold is scored by what its held-out rows add to the deviance of the
    partial likelihood, per event held out: the deviance of training and held-out rows together less that of the
    training rows, both at the coefficients of the training rows (van Houwelingen et al. 2006).

    Parameters
    ----------
    ties : {"breslow", "efron"}, default "breslow"
        As of `CoxRegressor`.
    alphas : int or sequence of float, default 100
        How many strengths, from the smallest that leaves no feature in, evenly spaced in their logarithm; the grid goes
        on to weaker ones while the best is the weakest. Or the strengths themselves.
    alpha_min_ratio : float in (0, 1), optional
        The weakest strength as a share of the strongest; 1e-3, and 1e-2 where n < p.
    l1_ratio : float in [0, 1] or sequence, default 1
        The mix, or the mixes to try: 1 is the lasso, 0 is ridge.
    cv : int, splitter, iterable of pairs or array of shape (n,), default 10
        Number of unshuffled folds with the same shares of events, a scikit-learn splitter (it is given the events as
        y), pairs of training and held-out rows, or an array with the fold of each row (-1: never held out).
    rule : str, default "1se"
        ``"1se"``: the simplest model within one standard error of the best; ``"min"``: the best; ``"k=7"``: the best
        with at most 7 features; ``"within=1%"``: the simplest at most 1 % worse than the best; ``"aic"``, ``"aicc"``,
        ``"bic"``, ``"ebic"``: the lowest information criterion of the fits on all data, with the number of events for n
        (Volinsky & Raftery 2000).
    scoring : "concordance" or callable, optional
        What folds are scored by, higher being better, in place of the partial likelihood: Harrell's concordance index
        of the held-out rows among themselves, with weights and within strata, see :meth:`score`; or
        ``scoring(estimator, X, y)``, as in scikit-learn, which is given the rows of y as they came (those of a table or
        list as an array of times and events), and where it has parameters of these names, ``sample_weight`` and
        ``strata``. The estimator predicts survival from the baseline hazard of its training rows.
    penalty_weights, groups, sparse_ratio, lower, upper, standardize
        As of `CoxRegressor`.
    adaptive : float > 0, optional
        The adaptive lasso with this exponent, see `LinearRegressorCV`.
    concave : str or Concave, optional
        ``"mcp"`` or ``"scad"``, see `LinearRegressorCV`; gaps are those of the convex majorizers.
    costs : array of shape (p,) or dict, optional
        What each feature costs, see `LinearRegressorCV`.
    tol : float >= 0, default 1e-6
        Duality gap of every fit of the grid, relative to the loss of w = 0; the chosen model is solved to a hundredth.
    max_iter : int >= 1, default 1000
        Newton steps and rounds of working sets for the chosen model at the most.

    Attributes
    ----------
    coef_, baseline_
        As of `CoxRegressor`, of the chosen model on all data.
    alpha_, l1_ratio_ : float
        The chosen strength and mix.
    alphas_ : array
        Strengths that were tried with the chosen mix, decreasing.
    result_ : GridResult
        All scores, coefficients and certificates; ``result_.table()`` is the short answer.
    gap_, converged_, n_iter_
        The certificate of the chosen model, computed on the data themselves.
    n_features_in_ : int
    feature_names_in_ : array of shape (p,)
        Only where the columns of X have names.

    See Also
    --------
    CoxRegressor : One fit at a given strength.

    References
    ----------
    van Houwelingen, Bruinsma, Hart, van't Veer & Wessels, "Cross-validated Cox regression on microarray gene expression
    data", Statistics in Medicine 2006.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((120, 5))
    >>> y = np.column_stack([rng.exponential(np.exp(-X[:, 0])), rng.random(120) < 0.8])
    >>> model = CoxRegressorCV(cv=5, alphas=20).fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([0])
    """

    relax = False
    fit_intercept = True  # columns are centered
    grouped_outputs = False

    def __init__(
        self,
        *,
        ties: str = "breslow",
        alphas: int | Sequence[float] = 100,
        alpha_min_ratio: float | None = None,
        l1_ratio: float | Sequence[float] = 1.0,
        cv: Any = 10,
        rule: str = "1se",
        scoring: str | Callable[..., float] | None = None,
        penalty_weights: ArrayLike | None = None,
        groups: Sequence[Any] | Array | None = None,
        sparse_ratio: float = 0.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        standardize: bool = True,
        adaptive: float | None = None,
        concave: str | Concave | None = None,
        costs: ArrayLike | Mapping[str, float] | None = None,
        tol: float = 1e-6,
        max_iter: int = 1000,
    ) -> None:
        self.ties = ties
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
        self.standardize = standardize
        self.adaptive = adaptive
        self.concave = concave
        self.costs = costs
        self.tol = tol
        self.max_iter = max_iter

    def fit(  # type: ignore[override]
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        strata: Any = None,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> Self:
        """Fit the whole grid, pick one model by the rule, and certify it on the data.

        Parameters
        ----------
        X, y, sample_weight, strata, offset
            As for `CoxRegressor.fit`; weights count in the fits and in the scores.
        groups : array of shape (n,), optional
            For the splitter. With ``cv`` a number, rows of one group stay in one fold.

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If a parameter is out of its range.
        DataError
            If the data cannot be used, or the training or held-out rows of a fold have no event.

        Warns
        -----
        ConvergenceWarning
            If a fit of the grid, or the chosen one, is above its tolerance.
        DataWarning
            If there are fewer events, or censored rows, than folds were asked for.
        """
        return self._publish(self._fitted_on(X, y, sample_weight, strata, groups, offset))

    def decide(  # type: ignore[override]
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        strata: Any = None,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> Decision:
        """`fit`, and find out how sure the choice is; see `LinearRegressorCV.decide`.

        Parameters
        ----------
        X, y, sample_weight, strata, groups, offset
            As of `fit`.

        Returns
        -------
        Decision
        """
        self._publish(self._fitted_on(X, y, sample_weight, strata, groups, offset, deciding=True))
        decision: Decision = self.decision_
        return decision

    def _fitted_on(
        self, X: Any, y: Any, sample_weight: Any, strata: Any, groups: Any, offset: Any, deciding: bool = False
    ) -> dict[str, Any]:
        """The fitted attributes."""
        options = self._options()
        cohort = self._cohort(X, y, sample_weight, strata, offset)
        happened = cohort.event.astype(np.intp)
        kinds = np.unique(happened)
        if groups is not None:
            groups = vector(groups, "groups")
        split_options, score_options = self._routed(cohort.data.weights, groups)
        splits = folds(self.cv, X, happened, kinds if len(kinds) > 1 else None, groups, split_options)
        again = self._again(splits, happened, groups, len(happened)) if deciding else None
        data, loss, known = cohort.data, cohort.loss, cohort.offset
        scored: dict[str, Any] = {}
        if self.scoring is not None:
            fields = isinstance(y, np.ndarray) and y.dtype.names is not None
            target = y if fields else np.column_stack([loss.time, cohort.event])
            labels = None if cohort.labels is None else cohort.labels[loss.stratum]
            scored = {
                "scorer": grid_scorer(
                    self.scoring, data.X, target, data.weights, loss, known, None, splits, score_options, strata=labels
                ),
                "metric": metric_name(self.scoring),
            }
        found = self._searched(options, data, cohort.event, None, loss, known, 1.0, splits, scored, again)
        return self._with_baseline(found, cohort)

    def _scorer(self) -> Any:
        return scorer_of(self.scoring, survival=True)
