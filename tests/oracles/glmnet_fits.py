"""glmnet's fits (glmnet/make.R) and what its numbers mean in our units.

glmnet                                        ours
alpha                                         l1_ratio
lambda                                        alpha
weights                                       sample_weight; only their ratios matter to both
penalty.factor, rescaled to sum to p          penalty_weights, taken as they are
y of "gaussian" divided by its sd             ridge_unit="sd": (1 − r)/(2 sd(y)) w²; the lasso is the same
… without an intercept by its root mean       ridge_unit=root mean square of y
y of "mgaussian" as it is                     ridge_unit=1
columns divided by their sd (1/n, weighted)   standardize=True
… also without an intercept                   there we divide by the root mean square
"cox": log partial likelihood (Breslow's      the same average
  ties) divided by the sum of the weights
"""

import csv
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "glmnet"


@dataclass(frozen=True, eq=False)
class GlmnetFit:
    name: str
    family: str
    alpha: float  # all names and values are in our units
    l1_ratio: float
    standardize: bool
    fit_intercept: bool
    grouped: bool
    X: np.ndarray
    y: np.ndarray  # (n,); (n, responses) for mgaussian; (n, 3) for cox: time, status, stratum
    sample_weight: np.ndarray | None
    offset: np.ndarray | None
    penalty_weights: np.ndarray
    lower: float
    upper: float
    coef: np.ndarray  # (p,), or (responses, p) for multinomial and mgaussian
    intercept: np.ndarray  # () or (responses,)

    def __str__(self):
        return f"{self.name}, {self.alpha:g}"

    @property
    def weights(self):
        """Summing to 1."""
        s = np.ones(len(self.X)) if self.sample_weight is None else self.sample_weight
        return s / s.sum()

    @property
    def scale(self):
        """What the penalty measures columns in."""
        center = self.weights @ self.X
        return np.sqrt(self.weights @ (self.X - center) ** 2) if self.standardize else np.ones(self.X.shape[1])

    @property
    def ridge_unit(self):
        if self.family != "gaussian":
            return 1.0
        away = self.y - self.weights @ self.y * self.fit_intercept
        return float(np.sqrt(self.weights @ away**2))

    @property
    def options(self):
        """Arguments of our estimators, for data whose columns are divided by `scale` where there is no intercept."""
        return {
            "alpha": self.alpha,
            "l1_ratio": self.l1_ratio,
            "penalty_weights": self.penalty_weights,
            "lower": self.lower,
            "upper": self.upper,
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize and self.fit_intercept,
        }

    @property
    def prepared(self):
        """(X, unit): columns in the units in which `options` are right, and these units."""
        unit = self.scale if self.standardize and not self.fit_intercept else np.ones(self.X.shape[1])
        return self.X / unit, unit


def _numbers(text):
    return np.array([float(word) for word in text.split()])


@cache
def _table(name):
    with (HERE / "tables" / f"{name}.csv").open() as file:
        names, *lines = csv.reader(file)
    columns = np.array(lines, dtype=float).T
    table = dict(zip(names, columns))
    X = np.column_stack([column for name, column in table.items() if name[0] == "x"])
    return X, table


def _target(family, table, stratified):
    if family == "mgaussian":
        return np.column_stack([table["y1"], table["y2"], table["y3"]])
    if family == "cox":
        return np.column_stack([table["time"], table["status"], table["stratum"] * stratified])
    return table["y"]


@cache
def glmnet_fits(*families):
    """All fits of these families."""
    with (HERE / "fits.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if line["family"] in families]
    starts = [i for i, line in enumerate(lines) if line["response"] == "0"] + [len(lines)]
    return [_fit(lines[i:j]) for i, j in pairwise(starts)]


def _fit(lines):
    one = lines[0]
    X, table = _table(one["table"])
    found = np.array([_numbers(line["coef"]) for line in lines])
    found = found if one["family"] in ("multinomial", "mgaussian") else found[0]
    factor = _numbers(one["penalty_factor"])
    return GlmnetFit(
        name=one["fit"],
        family=one["family"],
        alpha=float(one["lambda"]),
        l1_ratio=float(one["l1_ratio"]),
        standardize=one["standardize"] == "TRUE",
        fit_intercept=one["intercept"] == "TRUE" and one["family"] != "cox",
        grouped=one["grouped"] == "TRUE",
        X=X,
        y=_target(one["family"], table, "strata" in one["fit"]),
        sample_weight=table["weight"] if one["weighted"] == "TRUE" else None,
        offset=table["offset"] if one["offset"] == "TRUE" else None,
        penalty_weights=factor * len(factor) / factor.sum(),
        lower=float(one["lower"]),
        upper=float(one["upper"]),
        coef=found[..., 1:],
        intercept=found[..., 0],
    )
