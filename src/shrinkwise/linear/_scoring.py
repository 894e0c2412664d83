"""Scorers in scikit-learn's manner on the fits of a grid."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.linear._survival import Baseline, read_outcome
from shrinkwise.linear._values import Array
from shrinkwise.linear.classifier import LinearClassifier
from shrinkwise.linear.cox import CoxRegressor
from shrinkwise.linear.regressor import LinearRegressor
from shrinkwise.losses import Loss
from shrinkwise.losses.cox import CoxLoss

Split = tuple[Array, Array]

CONCORDANCE = "concordance"  # the one score of a survival that has a name


class _Known:
    """Predicts rows whose linear predictor is known already."""

    _rows: Any = None
    _known: Array

    def _eta(self, X: Any, offset: Any = None, exposure: Any = None) -> Array:
        return self._known if X is self._rows else np.asarray(super()._eta(X, offset, exposure))  # type: ignore[misc]


class _KnownRegressor(_Known, LinearRegressor):
    pass


class _KnownClassifier(_Known, LinearClassifier):
    pass


class _KnownCox(_Known, CoxRegressor):
    """Its baseline hazard is that of the training rows, found when a scorer asks for it."""

    _of_training: Callable[[], Baseline]

    @cached_property
    def baseline_(self) -> Baseline:  # type: ignore[override]
        return self._of_training()


def concordance_score(estimator: Any, X: Any, y: Any, sample_weight: Any = None, strata: Any = None) -> float:
    """Harrell's concordance index of the risks that an estimator of Cox's model predicts."""
    return float(estimator.score(X, y, sample_weight, strata))


def scorer_of(scoring: Any, survival: bool = False) -> Any:
    """A function (estimator, X, y, ...) -> score."""
    if survival:
        if not callable(scoring) and not (isinstance(scoring, str) and scoring == CONCORDANCE):
            raise UsageError(
                f'scoring must be None, "{CONCORDANCE}" or a callable scorer(estimator, X, y), got {scoring!r}; '
                "scikit-learn's own scorers know no censored times"
            )
        return scoring if callable(scoring) else concordance_score
    try:
        scorer = get_scorer(scoring)
    except (TypeError, ValueError, KeyError) as error:
        raise UsageError(
            f"scoring must be None, the name of a scikit-learn scorer or a callable, got {scoring!r}"
        ) from error
    if not callable(scorer):
        raise UsageError(f"scoring must be None, the name of a scikit-learn scorer or a callable, got {scoring!r}")
    return scorer


def metric_name(scoring: Any) -> str:
    """Words for the score with its sign turned, so that lower is better."""
    if isinstance(scoring, str):
        return scoring[4:].replace("_", " ") if scoring.startswith("neg_") else f"minus {scoring}"
    return f"minus {getattr(scoring, '__name__', None) or repr(scoring)}"


def _parameters(scorer: Any) -> Mapping[str, inspect.Parameter]:
    """By name; none where a signature cannot be had."""
    try:
        return inspect.signature(scorer).parameters
    except (TypeError, ValueError):
        return {}


def takes_weights(scorer: Any, estimator: Any, X: Any, y: Array, weights: Array, **others: Any) -> bool:
    """Whether a scorer accepts sample weights: its signature may not say, so it is tried."""
    parameters = _parameters(scorer)
    if "sample_weight" not in parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return False
    try:
        scorer(estimator, X, y, sample_weight=weights, **others)
    except TypeError as error:
        if "sample_weight" in str(error):
            return False
        raise
    return True


@dataclass(frozen=True, eq=False)
class _Fits:
    """The fits of a grid as estimators."""

    X: Any
    y: Array
    weights: Array | None
    loss: Loss
    offset: Array | None
    classes: Array | None
    splits: Sequence[Split]
    maps: Sequence[Any] | None
    strata: Array | None

    def predictors(self, fold: int, part: Any, rows: Array, coefs: Array, intercepts: Array) -> Array:
        """η of some rows, ``part`` of X, for each fit, the last axis."""
        several = intercepts.shape[1:]  # how many predictors a row has, where it is not one
        columns = coefs.T.reshape(coefs.shape[1] // max(1, *several, 1), -1)
        eta = np.asarray(part @ (columns if self.maps is None else self.maps[fold] @ columns))
        eta = eta.reshape(len(rows), *several, len(coefs)) + intercepts.T
        if self.offset is not None:
            eta += self.offset[rows, None]
        return eta

    def estimator(self, fold: int, coef: Array, intercept: Any) -> Any:
        """The fit of a training set."""
        model: Any
        if isinstance(self.loss, CoxLoss):
            model = _KnownCox(ties=self.loss.ties)
        else:
            model = _KnownRegressor(loss=self.loss) if self.classes is None else _KnownClassifier()
        fitted = model._fitted(coef, intercept, self.classes) | {"n_features_in_": self.X.shape[1]}
        if isinstance(self.loss, CoxLoss):
            fitted["_of_training"] = partial(self.baseline, fold, coef, self.loss)
        return model._publish(fitted)

    def baseline(self, fold: int, coef: Array, loss: CoxLoss) -> Baseline:
        """The baseline hazard of the training rows."""
        rows = self.splits[fold][0]
        eta = self.predictors(fold, self.X[rows], rows, coef[None], np.zeros(1))[:, 0]
        weights = np.ones(len(rows)) if self.weights is None else self.weights[rows]
        labels = None if self.strata is None else np.unique(self.strata)
        return Baseline.of(loss.take(rows), read_outcome(self.y[rows])[1], weights, eta, labels)


def grid_scorer(
    scoring: Any,
    X: Any,
    y: Array,
    weights: Array | None,
    loss: Loss,
    offset: Array | None,
    classes: Array | None,
    splits: Sequence[Split],
    routed: dict[str, Any] | None,
    maps: Sequence[Any] | None = None,
    strata: Array | None = None,
) -> Callable[[int, Array, Array], tuple[Array, Array]]:
    """What `fit_grid` calls for each path: scores on training and held-out rows with their sign turned.

    Parameters
    ----------
    y : array of shape (n,)
        Labels for a classifier; for Cox's loss times and events, (n, 2) or as two fields.
    offset : array of shape (n,) or None
        A known part of η.
    routed : dict or None
        What metadata routing gives to the scorer; None with routing off: weights go to a scorer that takes them.
    maps : sequence of sparse matrices, optional
        What each fold makes of the columns of X, as in `fit_grid`.
    strata : array of shape (n,), optional
        Labels, given to a scorer of survival that has a parameter of this name.
    """
    scorer, label = scorer_of(scoring, loss.coupled), scoring if isinstance(scoring, str) else repr(scoring)
    X = X.tocsr() if hasattr(X, "tocsr") else X
    fits = _Fits(X, y, weights, loss, offset, classes, splits, maps, strata)
    passed: dict[str, Any]
    if scorer is concordance_score:
        passed = {"sample_weight": weights, "strata": strata}
    elif routed is None:
        passed = {"strata": strata} if strata is not None and "strata" in _parameters(scorer) else {}
        if weights is not None:
            rows, nothing = splits[0][1], fits.estimator(0, np.zeros(X.shape[1]), 0.0)
            others = {name: value[rows] for name, value in passed.items()}
            if takes_weights(scorer, nothing, X[rows], y[rows], weights[rows], **others):
                passed["sample_weight"] = weights
    else:
        passed = routed
    passed = {name: value for name, value in passed.items() if value is not None}

    def scores(fold: int, rows: Array, coefs: Array, intercepts: Array) -> Array:
        part, target = X[rows], y[rows]
        options = {name: np.asarray(value)[rows] for name, value in passed.items()}
        eta = fits.predictors(fold, part, rows, coefs, intercepts)
        out = np.empty(len(coefs))
        for a, (coef, intercept) in enumerate(zip(coefs, intercepts)):
            model = fits.estimator(fold, coef, intercept)
            model._rows, model._known = part, eta[..., a]
            try:
                score = scorer(model, part, target, **options)
            except DataError as error:
                raise DataError(f"{label} in fold {fold + 1}: {error}; use fewer folds or another score") from error
            try:
                out[a] = -float(score)
            except (TypeError, ValueError) as error:
                raise UsageError(f"scoring must return a number, {label} returned {score!r}") from error
        return out

    def both(fold: int, coefs: Array, intercepts: Array) -> tuple[Array, Array]:
        train, test = splits[fold]
        return scores(fold, train, coefs, intercepts), scores(fold, test, coefs, intercepts)

    return both
