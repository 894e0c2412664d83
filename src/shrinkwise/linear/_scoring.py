"""scikit-learn scorers on the fits of a grid."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from shrinkwise.exceptions import UsageError
from shrinkwise.linear._values import Array
from shrinkwise.linear.classifier import LinearClassifier
from shrinkwise.linear.regressor import LinearRegressor
from shrinkwise.losses import Loss

Split = tuple[Array, Array]


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


def scorer_of(scoring: Any) -> Any:
    """A function (estimator, X, y, ...) -> score."""
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
    return f"minus {getattr(scoring, '__name__', None) or scoring!r}"


def takes_weights(scorer: Any, estimator: Any, X: Any, y: Array, weights: Array) -> bool:
    """Whether a scorer accepts sample weights: its signature may not say, so it is tried."""
    try:
        parameters = inspect.signature(scorer).parameters.values()
    except (TypeError, ValueError):
        return False
    if not any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters):
        return False
    try:
        scorer(estimator, X, y, sample_weight=weights)
    except TypeError as error:
        if "sample_weight" in str(error):
            return False
        raise
    return True


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
) -> Callable[[int, Array, Array], tuple[Array, Array]]:
    """What `fit_grid` calls for each path: scores on training and held-out rows with their sign turned.

    Parameters
    ----------
    y : array of shape (n,)
        Labels for a classifier.
    offset : array of shape (n,) or None
        A known part of η.
    routed : dict or None
        What metadata routing gives to the scorer; None with routing off: weights go to a scorer that takes them.
    maps : sequence of sparse matrices, optional
        What each fold makes of the columns of X, as in `fit_grid`.
    """
    scorer, label = scorer_of(scoring), scoring if isinstance(scoring, str) else repr(scoring)
    X = X.tocsr() if hasattr(X, "tocsr") else X
    empty = _fits(loss, classes, X.shape[1])
    if routed is None:
        passed = {}
        if weights is not None:
            rows = splits[0][1]
            if takes_weights(scorer, empty(np.zeros(X.shape[1]), 0.0), X[rows], y[rows], weights[rows]):
                passed["sample_weight"] = weights
    else:
        passed = {name: value for name, value in routed.items() if value is not None}

    def scores(fold: int, rows: Array, coefs: Array, intercepts: Array) -> Array:
        part, target = X[rows], y[rows]
        options = {name: np.asarray(value)[rows] for name, value in passed.items()}
        several = intercepts.shape[1:]  # how many predictors a row has, where it is not one
        columns = coefs.T.reshape(coefs.shape[1] // max(1, *several, 1), -1)
        eta = np.asarray(part @ (columns if maps is None else maps[fold] @ columns))
        eta = eta.reshape(len(target), *several, len(coefs)) + intercepts.T
        if offset is not None:
            eta += offset[rows, None]
        out = np.empty(len(coefs))
        for a, (coef, intercept) in enumerate(zip(coefs, intercepts)):
            model = empty(coef, intercept)
            model._rows, model._known = part, eta[..., a]
            score = scorer(model, part, target, **options)
            try:
                out[a] = -float(score)
            except (TypeError, ValueError) as error:
                raise UsageError(f"scoring must return a number, {label} returned {score!r}") from error
        return out

    def both(fold: int, coefs: Array, intercepts: Array) -> tuple[Array, Array]:
        train, test = splits[fold]
        return scores(fold, train, coefs, intercepts), scores(fold, test, coefs, intercepts)

    return both


def _fits(loss: Loss, classes: Array | None, n_features: int) -> Callable[[Array, float], Any]:
    def fit(coef: Array, intercept: float) -> Any:
        model: Any = _KnownRegressor(loss=loss) if classes is None else _KnownClassifier()
        return model._publish(model._fitted(coef, intercept, classes) | {"n_features_in_": n_features})

    return fit
