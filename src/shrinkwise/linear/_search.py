"""What the estimators that search share: parameters, the grid, the choice, and the chosen model on the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping, process_routing

from shrinkwise.adaptive import fit_adaptive_grid
from shrinkwise.choice import RELAX, solve_choice
from shrinkwise.diagnosis.decide import decide
from shrinkwise.diagnosis.decision import Decision
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.linear._certify import certified, check_flag, cost_array, penalty_options, warn_of_grid
from shrinkwise.linear._inputs import Training, read_offset, read_training, vector
from shrinkwise.linear._model import LinearModel
from shrinkwise.linear._scoring import grid_scorer, metric_name, scorer_of
from shrinkwise.linear._splits import folds
from shrinkwise.linear._told import Told
from shrinkwise.linear._values import Array
from shrinkwise.losses import Loss
from shrinkwise.penalties.concave import Concave
from shrinkwise.refitting import refits_of
from shrinkwise.rules import UNPRICED, parse_rule
from shrinkwise.validation import check_alpha, check_count, check_l1_ratio, check_number, check_sequence

REFINED = 1e-2  # the chosen model is solved on the rows to this share of tol


class GridSearch(Told, LinearModel):
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
        costs: ArrayLike | Mapping[str, float] | None = None,
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
        self.costs = costs
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
        return self._publish(self._found(X, y, sample_weight, groups, offset, exposure))

    def decide(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Decision:
        """`fit`, and find out how sure the choice is.

        Other penalties on the same folds, the features of half-samples, what the rule chooses from new folds, what each
        feature is worth, intervals, and held-out predictions. Kept as ``decision_`` too, and in the report.

        Parameters
        ----------
        X, y, sample_weight, groups, offset, exposure
            As of `fit`. Where ``cv`` is a number or a splitter whose folds hold out each row, rows may be dealt anew.

        Returns
        -------
        Decision

        Raises
        ------
        UsageError, DataError
            As of `fit`. A part that cannot be had is left out, and the decision's notes say why.
        """
        self._publish(self._found(X, y, sample_weight, groups, offset, exposure, deciding=True))
        decision: Decision = self.decision_
        return decision

    def _found(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        offset: ArrayLike | None,
        exposure: ArrayLike | None,
        deciding: bool = False,
    ) -> dict[str, Any]:
        """The fitted attributes."""
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
        again = None
        if deciding:
            again = self._again(splits, None if classes is None else target.astype(np.int64), groups, len(target))
        return self._searched(options, data, posed, classes, loss, known, unit, splits, scored, again)

    def _again(self, splits: list[tuple[Array, Array]], strata: Array | None, groups: Any, n: int) -> dict[str, Any]:
        """How rows may be dealt again, see `refits_of`: by a count or a splitter that holds out each row."""
        held_out = np.unique(np.concatenate([test for _, test in splits]))
        dealt = len(held_out) == n and (hasattr(self.cv, "split") or not np.ndim(self.cv))
        return {"strata": strata, "row_groups": groups, "dealt": bool(dealt)}

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
        again: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The fitted attributes of the grid and of the certified fit that the rule picks."""
        penalty = penalty_options(self, data.X.shape[1], unit, data.names)
        fit = fit_grid if self.adaptive is None else partial(fit_adaptive_grid, exponent=self.adaptive)
        given = {
            "loss": loss,
            "offset": known,
            "alpha_min_ratio": self.alpha_min_ratio,
            "sample_weight": data.weights,
            "feature_names": data.names,
            "classes": None if classes is None else [str(label) for label in classes.tolist()],
            "concave": self.concave,
            "costs": cost_array(self.costs, data.X.shape[1], data.names),
            **options["grid"],
            **options["model"],
            **penalty,
            **scored,
        }
        shares = None if self.relax is False else RELAX if self.relax is True else self.relax
        result = fit(data.X, posed, splits, relax=shares, **given)
        warn_of_grid(result)
        if not np.any(np.isfinite(result.mean)):
            raise UsageError(
                f"no fit of the grid has a finite score ({result.metric}); use another scoring or larger folds"
            )
        chosen = result.select(self.rule)
        on_rows = partial(
            certified,
            data.X,
            posed,
            loss=loss,
            offset=known,
            sample_weight=data.weights,
            tol=result.tol,
            aim=REFINED,
            max_iter=options["max_iter"],
            **options["model"],
        )
        solution = solve_choice(on_rows, result, chosen, penalty)
        found = {
            "alpha_": chosen.alpha,
            "l1_ratio_": chosen.l1_ratio,
            "alphas_": result.alphas[chosen.ratio].copy(),
            "result_": result,
            "gap_": solution.gap,
            "converged_": solution.converged,
            "n_iter_": max(1, solution.n_iter),
        }
        if again is not None:
            refits = refits_of(data.X, posed, splits, fit=fit, **again, **given)
            found["decision_"] = decide(result, refits, self.rule)
        fitted: dict[str, Any] = self._fitted(solution.coef, solution.intercept, classes)
        return data.seen | fitted | found

    def _options(self) -> dict[str, Any]:
        """The parameters, checked before any work."""
        rule = parse_rule(self.rule)
        if rule.needs_costs and self.costs is None:
            raise UsageError(f"rule {self.rule!r}: {UNPRICED}")
        alphas: Any = self.alphas
        mixes: Any = self.l1_ratio
        if isinstance(alphas, Real | np.bool_):
            alphas = check_count("alphas", alphas)
        else:
            alphas = tuple(check_alpha(alpha) for alpha in check_sequence("alphas", alphas))
        mixes = [mixes] if isinstance(mixes, Real) or mixes is None else check_sequence("l1_ratio", mixes)
        if self.scoring is not None:
            self._scorer()
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

    def _scorer(self) -> Any:
        return scorer_of(self.scoring)

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
            router.add(scorer=self._scorer(), method_mapping=MethodMapping().add(caller="fit", callee="score"))
        return router
