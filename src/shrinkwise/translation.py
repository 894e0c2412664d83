"""One penalty in the words of other packages: what their alpha, C, lambda and weight_decay are here, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.exceptions import UsageError
from shrinkwise.losses import Loss, as_loss
from shrinkwise.losses.spec import named_loss
from shrinkwise.penalties import ElasticNet
from shrinkwise.validation import check_alpha, check_l1_ratio, check_number

FAMILIES = {"squared": "gaussian", "logistic": "binomial"}  # where R's word is not the name of the loss
CLASSES = ("logistic", "multinomial")
GLM = {"poisson": "PoissonRegressor", "gamma": "GammaRegressor", "tweedie": "TweedieRegressor"}
KERAS = {"squared": "mse", "logistic": "binary_crossentropy", "multinomial": "categorical_crossentropy"}
MSE = 2.0  # Keras' mse averages (y − η)², twice our loss
ADAMW = (
    "the weight_decay of AdamW is no penalty: its steps are divided by √v, the root of the mean squared gradient of a "
    "weight, and its decay is not, so it comes to rest where the penalty weight_decay/2 Σ (√v + epsilon) w² would, "
    "another one for other data or batches. It is an L2 penalty under plain SGD alone: use 'sgd', or an L2 penalty "
    "under Adam with shrinkwise.keras.Proximal"
)
STANDARDIZED = "On columns that are standardized: divided by their standard deviation (1/n)."


@dataclass(frozen=True)
class Translation:
    """A penalty in the words of another system.

    Attributes
    ----------
    system : str
        What ``source`` calls it.
    estimator : str
        What takes the parameters.
    parameters : dict
        Strength and mix, by their names there.
    options : dict
        What else must be set so that it is the same problem.
    note : str
        What else must hold.
    """

    system: str
    estimator: str
    parameters: dict[str, float]
    options: dict[str, Any]
    note: str = ""


class _Problem(NamedTuple):
    """What lies around the penalty."""

    loss: Loss
    n: float | None
    standardize: bool
    y_sd: float | None

    @property
    def family(self) -> str:
        return FAMILIES.get(self.loss.name, self.loss.name)

    def rows(self, who: str) -> float:
        if self.n is None:
            raise UsageError(f"{who}: give n, the number of rows (the sum of their weights, where they have any)")
        return self.n

    def spread(self, who: str, l2: float) -> float:
        """The unit of the L2 part where y is divided by its sd."""
        if not l2 or self.loss.name != "squared":
            return 1.0
        if self.y_sd is None:
            raise UsageError(f"{who} penalizes after dividing y by its standard deviation: give y_sd=np.std(y)")
        return self.y_sd

    def sample_sd(self, who: str) -> float:
        """Sd with n − 1 over that with n, where columns are standardized by the former."""
        if not self.standardize:
            return 1.0
        n = self.rows(f"{who} standardizes by standard deviations with n − 1")
        return float(np.sqrt(n / (n - 1)))

    def needs(self, who: str, *losses: str) -> None:
        if self.loss.name not in losses:
            raise UsageError(f"{who} has no loss {self.loss.spec!r}; it has {', '.join(losses)}")


def translate(
    alpha: float | Mapping[str, float],
    l1_ratio: float = 1.0,
    n: float | None = None,
    to: str = "shrinkwise",
    *,
    source: str = "shrinkwise",
    loss: str | Loss = "squared",
    standardize: bool = True,
    y_sd: float | None = None,
) -> Translation:
    """The same penalty in the parameters of another package.

    Parameters
    ----------
    alpha : float >= 0, or mapping
        Strength in our units; or the parameters of ``source`` by their names there, such as ``{"lambda": 0.1, "alpha":
        0.5}`` of glmnet.
    l1_ratio : float in [0, 1], default 1
        Mix in our units.
    n : float, optional
        Rows, or the sum of their weights: where a package sums over rows, or standardizes by sds with n − 1.
    to, source : str
        ``"shrinkwise"``; ``"sklearn"`` and, for the squared loss and L2 alone, ``"ridge"``; ``"glmnet"`` (R);
        ``"keras"``; ``"sgd"`` (weight decay under plain SGD, of Keras or PyTorch); ``"spark"``; ``"h2o"``.
        ``"adamw"`` is refused, and the message says why.
    loss : str or Loss
        As of our estimators; ``"cox"`` for glmnet.
    standardize : bool
        Whether the penalty acts on columns divided by their sd. Packages that cannot do that say so in ``note``.
    y_sd : float, optional
        Standard deviation (1/n) of y: needed for the L2 part of glmnet and Spark with the squared loss.

    Returns
    -------
    Translation

    Raises
    ------
    UsageError
        If the package cannot do it, or a number is missing that its units depend on.

    Notes
    -----
    Beside a mean loss each of them has the penalty l1 Σ|w| + l2/2 Σ w²; our own is l1 = α r, l2 = α (1 − r).

    ==================  ==========================================================================================
    sklearn             ElasticNet as ours; Ridge alpha = n l2; LogisticRegression C = 1/(n (l1 + l2)); the GLMs have
                        L2 alone, alpha = l2
    glmnet              lambda alpha = l1; lambda (1 − alpha) = l2, with the squared loss l2 sd(y)
    keras               l1 and l2/2, with the loss mse twice that: it has no ½
    sgd                 weight_decay = l2, with the loss mse 2 l2
    spark               as glmnet; its logistic regression standardizes by sds with n − 1
    h2o                 lambda_ alpha = l1, lambda_ (1 − alpha) = l2; standardizes by sds with n − 1
    ==================  ==========================================================================================

    All but Spark and H2O are tested by fitting both sides; those two against their documented objective.

    References
    ----------
    Friedman, Hastie & Tibshirani, "Regularization paths for GLMs via coordinate descent", JSS 2010. Loshchilov &
    Hutter, "Decoupled weight decay regularization", ICLR 2019, proposition 1.

    Examples
    --------
    >>> translate(0.1, 0.5, to="glmnet", y_sd=2.0).parameters
    {'lambda': 0.15..., 'alpha': 0.33...}
    >>> translate({"C": 0.5, "l1_ratio": 0.0}, n=100, source="sklearn", loss="logistic").parameters
    {'alpha': 0.02, 'l1_ratio': 0.0}
    """
    kind = _kind(loss)
    n = None if n is None else check_number("n", n, low=1, above=True)
    y_sd = None if y_sd is None else check_number("y_sd", y_sd, low=0, above=True)
    problem = _Problem(kind, n, standardize, y_sd)
    for name in (source, to):
        if name not in SYSTEMS:
            raise UsageError(ADAMW if name == "adamw" else f"systems are {', '.join(SYSTEMS)}, got {name!r}")
    if not isinstance(alpha, Mapping):
        if source != "shrinkwise":
            raise UsageError(f"give the parameters of {source} by their names there, as a mapping; got {alpha!r}")
        alpha = {"alpha": alpha, "l1_ratio": l1_ratio}
    read, _ = SYSTEMS[source]
    _, write = SYSTEMS[to]
    return write(*read(alpha, problem), problem)


def from_glmnet(
    lambda_: float,
    alpha: float = 1.0,
    *,
    loss: str | Loss = "squared",
    y_sd: float | None = None,
    penalty_factor: ArrayLike | None = None,
) -> tuple[ElasticNet, float]:
    """The penalty and strength of ``glmnet(x, y, lambda = lambda_, alpha = alpha)``.

    Parameters
    ----------
    lambda_ : float >= 0
    alpha : float in [0, 1]
        What is called l1_ratio here.
    loss : str or Loss
    y_sd : float, optional
        Standard deviation (1/n) of y; needed for the squared loss unless ``alpha`` is 1.
    penalty_factor : array of shape (p,), optional
        glmnet rescales them to sum to p.

    Returns
    -------
    (ElasticNet, float)
        For columns that are standardized, unless glmnet was told not to.

    Examples
    --------
    >>> penalty, alpha = from_glmnet(0.1, 0.5, y_sd=2.0)
    >>> alpha, penalty.l1_ratio, penalty.ridge_unit
    (0.1, 0.5, 2.0)
    """
    kind, mix = _kind(loss), check_l1_ratio(alpha)
    unit = _Problem(kind, None, True, y_sd).spread("glmnet", 1 - mix)
    factor = None if penalty_factor is None else np.asarray(penalty_factor, dtype=np.float64)
    weights = None if factor is None else factor * (len(factor) / factor.sum())
    return ElasticNet(mix, penalty_weights=weights, ridge_unit=unit), check_alpha(lambda_)


def from_keras(regularizer: Any, *, loss: str | Loss = "squared") -> tuple[ElasticNet, float]:
    """The penalty and strength of a regularizer of Keras, ``L1``, ``L2`` or ``L1L2``.

    Parameters
    ----------
    regularizer : keras.regularizers.Regularizer or None
    loss : str or Loss
        With the squared loss Keras' is taken to be ``mse``, which has no ½: its factors weigh half as much.

    Returns
    -------
    (ElasticNet, float)
        For columns as they are.
    """
    known = {name: getattr(regularizer, name) for name in ("l1", "l2") if hasattr(regularizer, name)}
    if regularizer is not None and not known:
        raise UsageError(f"regularizer must be L1, L2 or L1L2 of Keras, got {regularizer!r}")
    factors = {name: float(known.get(name, 0.0)) for name in ("l1", "l2")}
    kind = as_loss(loss)
    l1, l2 = _read_keras(factors, _Problem(kind, None, False, None))
    return ElasticNet.from_l1_l2(l1, l2 / 2)


def _kind(loss: str | Loss) -> Loss:
    """The loss; of Cox's, which needs its times for all but this, the name will do."""
    return named_loss("cox:breslow") if loss == "cox" else as_loss(loss)


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


def _read_ours(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
    return _pair(given, "alpha", "l1_ratio")


def _write_ours(l1: float, l2: float, problem: _Problem) -> Translation:
    strength, mix = _mixed(l1, l2)
    options: dict[str, Any] = {"standardize": problem.standardize}
    name = "LinearClassifier" if problem.loss.name in CLASSES else "LinearRegressor"
    if name == "LinearRegressor":
        options["loss"] = problem.loss.spec
    if problem.loss.name == "cox":
        name, options = "CoxRegressor", {"standardize": problem.standardize}
    return Translation("shrinkwise", f"shrinkwise.{name}", {"alpha": strength, "l1_ratio": mix}, options)


def _read_sklearn(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
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


def _write_sklearn(l1: float, l2: float, problem: _Problem) -> Translation:
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


def _read_ridge(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
    problem.needs("Ridge", "squared")
    return 0.0, _numbers(given, "alpha")[0] / problem.rows("Ridge sums over rows")


def _write_ridge(l1: float, l2: float, problem: _Problem) -> Translation:
    problem.needs("Ridge", "squared")
    if l1:
        raise UsageError("Ridge has an L2 penalty alone: use l1_ratio=0, or to='sklearn' for ElasticNet")
    note = STANDARDIZED if problem.standardize else ""
    strength = l2 * problem.rows("Ridge sums over rows")
    return Translation("ridge", "sklearn.linear_model.Ridge", {"alpha": strength}, {}, note)


def _read_glmnet(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
    problem.needs("glmnet", "squared", *CLASSES, "poisson", "cox")
    l1, l2 = _pair(given, "lambda", "alpha")
    return l1, l2 / problem.spread("glmnet", l2)


def _write_glmnet(l1: float, l2: float, problem: _Problem) -> Translation:
    problem.needs("glmnet", "squared", *CLASSES, "poisson", "cox")
    strength, mix = _mixed(l1, l2 * problem.spread("glmnet", l2))
    options = {"family": problem.family, "standardize": problem.standardize}
    note = "Penalty factors are rescaled to sum to the number of features."
    return Translation("glmnet", "glmnet::glmnet", {"lambda": strength, "alpha": mix}, options, note)


def _times(problem: _Problem, who: str) -> float:
    """Keras' loss over ours."""
    problem.needs(who, *KERAS)
    return MSE if problem.loss.name == "squared" else 1.0


def _read_keras(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
    l1, l2 = _numbers(given, "l1", "l2")
    return l1 / _times(problem, "Keras"), 2 * l2 / _times(problem, "Keras")


def _write_keras(l1: float, l2: float, problem: _Problem) -> Translation:
    times = _times(problem, "Keras")
    note = "For kernels; zeros are exact under shrinkwise.keras.Proximal alone."
    parameters, options = {"l1": times * l1, "l2": times * l2 / 2}, {"loss": KERAS[problem.loss.name]}
    note = f"{note} {STANDARDIZED}" if problem.standardize else note
    return Translation("keras", "keras.regularizers.L1L2", parameters, options, note)


def _read_sgd(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
    return 0.0, _numbers(given, "weight_decay")[0] / _times(problem, "SGD")


def _write_sgd(l1: float, l2: float, problem: _Problem) -> Translation:
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


def _spark_unit(problem: _Problem) -> float:
    problem.needs("Spark", "squared", *CLASSES)
    return 1.0 if problem.loss.name == "squared" else problem.sample_sd("Spark's LogisticRegression")


def _read_spark(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
    unit, (l1, l2) = _spark_unit(problem), _pair(given, "regParam", "elasticNetParam")
    return l1 * unit, l2 * unit**2 / problem.spread("Spark", l2)


def _write_spark(l1: float, l2: float, problem: _Problem) -> Translation:
    unit = _spark_unit(problem)
    strength, mix = _mixed(l1 / unit, l2 / unit**2 * problem.spread("Spark", l2))
    name = "classification.LogisticRegression" if problem.loss.name in CLASSES else "regression.LinearRegression"
    note = "By Spark's documented objective, not run. With solver='l-bfgs' LinearRegression has sds with n − 1."
    options = {"standardization": problem.standardize}
    return Translation("spark", f"pyspark.ml.{name}", {"regParam": strength, "elasticNetParam": mix}, options, note)


def _read_h2o(given: Mapping[str, float], problem: _Problem) -> tuple[float, float]:
    problem.needs("H2O", "squared", *CLASSES, "poisson")
    unit, (l1, l2) = problem.sample_sd("H2O"), _pair(given, "lambda_", "alpha")
    return l1 * unit, l2 * unit**2


def _write_h2o(l1: float, l2: float, problem: _Problem) -> Translation:
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
    "keras": (_read_keras, _write_keras),
    "sgd": (_read_sgd, _write_sgd),
    "spark": (_read_spark, _write_spark),
    "h2o": (_read_h2o, _write_h2o),
}
