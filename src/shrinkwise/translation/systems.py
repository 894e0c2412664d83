"""Systems: a pair of functions each, from its parameters to l1 Σ|w| + l2/2 Σ w² beside our mean loss, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.translation.problem import Problem, Translation
from shrinkwise.validation import check_l1_ratio, check_number

CLASSES = ("logistic", "multinomial")
GLM = {"poisson": "PoissonRegressor", "gamma": "GammaRegressor", "tweedie": "TweedieRegressor"}
KERAS = {"squared": "mse", "logistic": "binary_crossentropy", "multinomial": "categorical_crossentropy"}
MSE = 2.0  # Keras' mse averages (y − η)², twice our loss
STANDARDIZED = "On columns that are standardized: divided by their standard deviation (1/n)."


def _numbers(given: Mapping[str, float], *names: str) -> list[float]:
    if set(given) != set(names):
        raise UsageError(f"parameters must be {' and '.join(names)}, got {', '.join(given) or 'none'}")
    return [check_number(name, given[name], low=0, finite=name != "C") for name in names]


def _pair(given: Mapping[str, float], strength: str, mix: str) -> tuple[float, float]:
    """(l1, l2) of a strength and a mix."""
    found, share = _numbers(given, strength, mix)
    check_number(mix, share, low=0, high=1)
    return found * share, found * (1 - share)


def _mixed(l1: float, l2: float) -> tuple[float, float]:
    """Strength and mix."""
    return l1 + l2, l1 / (l1 + l2) if l1 + l2 else 1.0


def _read_ours(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    return _pair(given, "alpha", "l1_ratio")


def _write_ours(l1: float, l2: float, problem: Problem) -> Translation:
    strength, mix = _mixed(l1, l2)
    options: dict[str, Any] = {"standardize": problem.standardize}
    name = "LinearClassifier" if problem.loss.name in CLASSES else "LinearRegressor"
    if name == "LinearRegressor":
        options["loss"] = problem.loss.spec
    if problem.loss.name == "cox":
        name, options = "CoxRegressor", {"standardize": problem.standardize}
    return Translation("shrinkwise", f"shrinkwise.{name}", {"alpha": strength, "l1_ratio": mix}, options)


def _read_sklearn(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    if problem.loss.name in CLASSES:
        inverse, mix = _numbers(given, "C", "l1_ratio")
        check_l1_ratio(mix)
        total = problem.rows("LogisticRegression sums over rows") * check_number("C", inverse, above=True, finite=False)
        return mix / total, (1 - mix) / total
    if problem.loss.name in GLM:
        return 0.0, _numbers(given, "alpha")[0]
    problem.needs("scikit-learn", "squared", *CLASSES, *GLM)
    if set(given) == {"alpha"}:
        raise UsageError(
            "alpha alone is one thing for Lasso and another for Ridge: give l1_ratio (1 for Lasso) or source='ridge'"
        )
    return _pair(given, "alpha", "l1_ratio")


def _write_sklearn(l1: float, l2: float, problem: Problem) -> Translation:
    problem.needs("scikit-learn", "squared", *CLASSES, *GLM)
    note, (strength, mix) = STANDARDIZED if problem.standardize else "", _mixed(l1, l2)
    if problem.loss.name in CLASSES:
        total = problem.rows("LogisticRegression sums over rows") * strength
        parameters, options = {"C": 1 / total if total else np.inf, "l1_ratio": mix}, {"solver": "saga"}
        where = "sklearn.linear_model.LogisticRegression"
        return Translation("sklearn", where, parameters, options if l1 else {"solver": "lbfgs"}, note)
    if problem.loss.name in GLM:
        if l1:
            raise UsageError(f"scikit-learn's {GLM[problem.loss.name]} has an L2 penalty alone: use l1_ratio=0")
        power = getattr(problem.loss, "power", None)
        options = {} if power is None else {"power": power, "link": "log"}
        return Translation("sklearn", f"sklearn.linear_model.{GLM[problem.loss.name]}", {"alpha": l2}, options, note)
    if not l1:
        return _write_ridge(l1, l2, problem)
    parameters = {"alpha": strength, "l1_ratio": mix}
    return Translation("sklearn", "sklearn.linear_model.ElasticNet", parameters, {}, note)


def _read_ridge(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    problem.needs("Ridge", "squared")
    return 0.0, _numbers(given, "alpha")[0] / problem.rows("Ridge sums over rows")


def _write_ridge(l1: float, l2: float, problem: Problem) -> Translation:
    problem.needs("Ridge", "squared")
    if l1:
        raise UsageError("Ridge has an L2 penalty alone: use l1_ratio=0, or to='sklearn' for ElasticNet")
    note = STANDARDIZED if problem.standardize else ""
    strength = l2 * problem.rows("Ridge sums over rows")
    return Translation("ridge", "sklearn.linear_model.Ridge", {"alpha": strength}, {}, note)


def _read_glmnet(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    problem.needs("glmnet", "squared", *CLASSES, "poisson", "cox")
    l1, l2 = _pair(given, "lambda", "alpha")
    return l1, l2 / problem.spread("glmnet", l2)


def _write_glmnet(l1: float, l2: float, problem: Problem) -> Translation:
    problem.needs("glmnet", "squared", *CLASSES, "poisson", "cox")
    strength, mix = _mixed(l1, l2 * problem.spread("glmnet", l2))
    options = {"family": problem.family, "standardize": problem.standardize}
    note = "Penalty factors are rescaled to sum to the number of features."
    return Translation("glmnet", "glmnet::glmnet", {"lambda": strength, "alpha": mix}, options, note)


def _times(problem: Problem, who: str) -> float:
    """Keras' loss over ours."""
    problem.needs(who, *KERAS)
    return MSE if problem.loss.name == "squared" else 1.0


def read_keras(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    """(l1, l2) beside our mean loss of the factors of Keras' ``L1L2``."""
    l1, l2 = _numbers(given, "l1", "l2")
    return l1 / _times(problem, "Keras"), 2 * l2 / _times(problem, "Keras")


def _write_keras(l1: float, l2: float, problem: Problem) -> Translation:
    times = _times(problem, "Keras")
    note = "For kernels; zeros are exact under shrinkwise.keras.Proximal alone."
    parameters, options = {"l1": times * l1, "l2": times * l2 / 2}, {"loss": KERAS[problem.loss.name]}
    note = f"{note} {STANDARDIZED}" if problem.standardize else note
    return Translation("keras", "keras.regularizers.L1L2", parameters, options, note)


def _read_sgd(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    return 0.0, _numbers(given, "weight_decay")[0] / _times(problem, "SGD")


def _write_sgd(l1: float, l2: float, problem: Problem) -> Translation:
    times = _times(problem, "SGD")
    if l1:
        raise UsageError("weight decay is an L2 penalty: use l1_ratio=0")
    note = (
        "For kernels, without momentum, which decay apart from the gradient does not pass through (in PyTorch's SGD "
        "decay is part of the gradient: there any momentum will do)."
    )
    note = f"{note} {STANDARDIZED}" if problem.standardize else note
    options = {"loss": KERAS[problem.loss.name], "momentum": 0.0}
    return Translation("sgd", "keras.optimizers.SGD, torch.optim.SGD", {"weight_decay": times * l2}, options, note)


def _spark_unit(problem: Problem) -> float:
    problem.needs("Spark", "squared", *CLASSES)
    return 1.0 if problem.loss.name == "squared" else problem.sample_sd("Spark's LogisticRegression")


def _read_spark(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    unit, (l1, l2) = _spark_unit(problem), _pair(given, "regParam", "elasticNetParam")
    return l1 * unit, l2 * unit**2 / problem.spread("Spark", l2)


def _write_spark(l1: float, l2: float, problem: Problem) -> Translation:
    unit = _spark_unit(problem)
    strength, mix = _mixed(l1 / unit, l2 / unit**2 * problem.spread("Spark", l2))
    name = "classification.LogisticRegression" if problem.loss.name in CLASSES else "regression.LinearRegression"
    note = "By Spark's documented objective, not run. With solver='l-bfgs' LinearRegression has sds with n − 1."
    options = {"standardization": problem.standardize}
    return Translation("spark", f"pyspark.ml.{name}", {"regParam": strength, "elasticNetParam": mix}, options, note)


def _read_h2o(given: Mapping[str, float], problem: Problem) -> tuple[float, float]:
    problem.needs("H2O", "squared", *CLASSES, "poisson")
    unit, (l1, l2) = problem.sample_sd("H2O"), _pair(given, "lambda_", "alpha")
    return l1 * unit, l2 * unit**2


def _write_h2o(l1: float, l2: float, problem: Problem) -> Translation:
    problem.needs("H2O", "squared", *CLASSES, "poisson")
    unit = problem.sample_sd("H2O")
    strength, mix = _mixed(l1 / unit, l2 / unit**2)
    options = {"family": problem.family, "standardize": problem.standardize}
    note = "By H2O's documented objective, not run."
    where = "h2o.estimators.H2OGeneralizedLinearEstimator"
    return Translation("h2o", where, {"lambda_": strength, "alpha": mix}, options, note)


SYSTEMS = {
    "shrinkwise": (_read_ours, _write_ours),
    "sklearn": (_read_sklearn, _write_sklearn),
    "ridge": (_read_ridge, _write_ridge),
    "glmnet": (_read_glmnet, _write_glmnet),
    "keras": (read_keras, _write_keras),
    "sgd": (_read_sgd, _write_sgd),
    "spark": (_read_spark, _write_spark),
    "h2o": (_read_h2o, _write_h2o),
}
