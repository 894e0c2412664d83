"""Estimators of scikit-learn as ours with the same objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.linear.classifier import LinearClassifier
from shrinkwise.linear.regressor import LinearRegressor
from shrinkwise.translation import translate

Ours = LinearRegressor | LinearClassifier
RATIOS = {"l1": 1.0, "l2": 0.0}  # `penalty` of SGD, and of LogisticRegression as it was before 1.8
LASSOS = ("Lasso", "LassoCV", "MultiTaskLasso", "MultiTaskLassoCV")
POWERS = {"PoissonRegressor": 1, "GammaRegressor": 2}
GLM_LOSSES = {0: "squared", 1: "poisson", 2: "gamma"}


def from_sklearn(estimator: Any, n: float | None = None) -> Ours:
    """Our estimator, not fitted, with the objective of one of scikit-learn.

    Parameters
    ----------
    estimator : estimator of scikit-learn
        LinearRegression, Lasso, ElasticNet, their multi-task kin, Ridge, LogisticRegression, PoissonRegressor,
        GammaRegressor, TweedieRegressor, SGDRegressor or SGDClassifier with a loss that we have; of those that choose
        by cross-validation, once they are fitted, what they chose; or a pipeline of a StandardScaler and one of these.
    n : float, optional
        Rows that it is fitted to, or the sum of their weights: Ridge and LogisticRegression sum over rows, and
        ``alpha`` here belongs to a mean.

    Returns
    -------
    LinearRegressor or LinearClassifier
        ``standardize`` is on for a pipeline with a StandardScaler. Tolerances are ours.

    Raises
    ------
    UsageError
        If no estimator of ours has the same objective, ``n`` is missing, or it was not fitted.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from_sklearn(Ridge(alpha=5.0), n=100)
    LinearRegressor(alpha=0.05, l1_ratio=0.0, standardize=False)
    """
    name = _name(estimator)
    if name == "Pipeline":
        return _of_pipeline(estimator, n)
    if name not in CONVERSIONS:
        raise UsageError(f"{type(estimator).__name__} has no twin here; those that have are {', '.join(CONVERSIONS)}")
    return CONVERSIONS[name](estimator, n)


def _name(estimator: Any) -> str:
    """The class, if it is scikit-learn's own: what inherits from one may have another objective."""
    kind = type(estimator)
    return kind.__name__ if kind.__module__.startswith("sklearn.") else ""


def _of_pipeline(pipeline: Any, n: float | None) -> Ours:
    *before, (_, last) = pipeline.steps
    scalers = [step for _, step in before if step not in (None, "passthrough")]
    plain = all(_name(step) == "StandardScaler" and step.with_mean and step.with_std for step in scalers)
    if len(scalers) > 1 or not plain:
        raise UsageError(
            "a pipeline must be one StandardScaler(), with mean and sd, and an estimator; "
            f"got {[type(step).__name__ for _, step in pipeline.steps]}"
        )
    ours = from_sklearn(last, n)
    if scalers and not ours.fit_intercept:
        raise UsageError("a StandardScaler centers columns, and fit_intercept=False here leaves them where they are")
    ours.standardize = bool(scalers)
    return ours


def _options(estimator: Any) -> dict[str, Any]:
    bound = {"lower": 0.0} if getattr(estimator, "positive", False) else {}
    return {"fit_intercept": estimator.fit_intercept, "standardize": False} | bound


def _chosen(estimator: Any, name: str) -> float:
    """A number that was given or, its name ending in _, chosen by a fit."""
    if not hasattr(estimator, name):
        raise UsageError(f"{_name(estimator)} has chosen nothing before it is fitted: fit it first")
    found = np.unique(np.asarray(getattr(estimator, name), dtype=np.float64))
    if len(found) != 1:
        raise UsageError(f"{_name(estimator)} has {name} = {getattr(estimator, name)}; here is one number for all")
    return float(found[0])


def _least_squares(estimator: Any, n: float | None) -> Ours:
    return LinearRegressor(0.0, **_options(estimator))


def _elastic_net(estimator: Any, n: float | None) -> Ours:
    name = _name(estimator)
    searched = "_" if name.endswith("CV") else ""
    ratio = 1.0 if name in LASSOS else _chosen(estimator, f"l1_ratio{searched}")
    alpha, joint = _chosen(estimator, f"alpha{searched}"), name.startswith("MultiTask")
    return LinearRegressor(alpha, l1_ratio=ratio, grouped_outputs=joint, **_options(estimator))


def _ridge(estimator: Any, n: float | None) -> Ours:
    alpha = _chosen(estimator, "alpha_" if _name(estimator) == "RidgeCV" else "alpha")
    found = translate({"alpha": alpha}, n=n, source="ridge").parameters
    return LinearRegressor(found["alpha"], l1_ratio=0.0, **_options(estimator))


def _logistic(estimator: Any, n: float | None) -> Ours:
    _check_class_weight(estimator)
    if estimator.solver == "liblinear" and estimator.fit_intercept:
        raise UsageError("solver='liblinear' penalizes the intercept, too; ours never does")
    searched = "_" if _name(estimator) == "LogisticRegressionCV" else ""
    inverse, penalty = _chosen(estimator, f"C{searched}"), estimator.penalty
    if penalty is None or np.isinf(inverse):
        return LinearClassifier(0.0, **_options(estimator))
    ratio = RATIOS.get(penalty)
    if ratio is None:
        given: Any = getattr(estimator, f"l1_ratio{searched}", None)
        unset = all(value is None for value in np.ravel(given))
        ratio = 0.0 if unset else _chosen(estimator, f"l1_ratio{searched}")
    found = translate({"C": inverse, "l1_ratio": ratio}, n=n, source="sklearn", loss="logistic").parameters
    return LinearClassifier(found["alpha"], l1_ratio=found["l1_ratio"], **_options(estimator))


def _glm(estimator: Any, n: float | None) -> Ours:
    power = POWERS.get(_name(estimator), getattr(estimator, "power", 0))
    link = getattr(estimator, "link", "auto")
    if not (link != "log" if power == 0 else 1 <= power <= 2 and link != "identity"):
        raise UsageError(f"power {power:g} with link {link!r} has no twin here; powers 1 to 2 with a log link have")
    loss = GLM_LOSSES.get(power, f"tweedie:{power}")
    return LinearRegressor(estimator.alpha, loss=loss, l1_ratio=0.0, **_options(estimator))


def _sgd(estimator: Any, n: float | None) -> Ours:
    classifies = _name(estimator) == "SGDClassifier"
    wanted = "log_loss" if classifies else "squared_error"
    if estimator.loss != wanted:
        raise UsageError(f"of {_name(estimator)} we have loss={wanted!r} alone, got {estimator.loss!r}")
    if classifies:
        _check_class_weight(estimator)
    ratio = RATIOS.get(estimator.penalty, estimator.l1_ratio)
    kind = LinearClassifier if classifies else LinearRegressor
    return kind(0.0 if estimator.penalty is None else estimator.alpha, l1_ratio=ratio, **_options(estimator))


def _check_class_weight(estimator: Any) -> None:
    if estimator.class_weight is not None:
        raise UsageError(f"class_weight={estimator.class_weight!r}: pass such weights to fit, as sample_weight")


CONVERSIONS: dict[str, Callable[[Any, float | None], Ours]] = {
    "LinearRegression": _least_squares,
    "Lasso": _elastic_net,
    "LassoCV": _elastic_net,
    "ElasticNet": _elastic_net,
    "ElasticNetCV": _elastic_net,
    "MultiTaskLasso": _elastic_net,
    "MultiTaskLassoCV": _elastic_net,
    "MultiTaskElasticNet": _elastic_net,
    "MultiTaskElasticNetCV": _elastic_net,
    "Ridge": _ridge,
    "RidgeCV": _ridge,
    "LogisticRegression": _logistic,
    "LogisticRegressionCV": _logistic,
    "PoissonRegressor": _glm,
    "GammaRegressor": _glm,
    "TweedieRegressor": _glm,
    "SGDRegressor": _sgd,
    "SGDClassifier": _sgd,
}
