"""shrinkwise behind the battery of hostile cases (../shared/battery.py), which `.ci/run` runs."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from shrinkwise import LinearClassifier, LinearRegressor


@dataclass
class Fit:
    """What the battery judges."""

    coef: Any
    intercept: Any
    model: Any
    fit_intercept: bool
    reported_gap: float | None = None
    converged: bool | None = None


class Shrinkwise:
    """Its objective is ours without standardization."""

    name = "shrinkwise"
    families = frozenset({"gaussian", "binomial", "poisson"})
    weights = True
    sparse = True
    intercept = frozenset({"gaussian", "binomial", "poisson"})
    python = sys.executable
    scale = 1.0
    labels = True
    l2_only: frozenset[str] = frozenset()
    l1_only: frozenset[str] = frozenset()

    def warmup(self) -> None:
        X = np.random.default_rng(0).standard_normal((20, 3))
        self.fit(X, X[:, 0], alpha=0.01)
        self.fit(X, X[:, 0] > X[:, 1], family="binomial", alpha=0.01)

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        family: str = "gaussian",
        alpha: Any = 0.1,
        l1_ratio: Any = 1.0,
        fit_intercept: bool = True,
        sample_weight: Any = None,
        tol: Any = None,
        max_iter: Any = None,
    ) -> Fit:
        kind = LinearClassifier if family == "binomial" else LinearRegressor
        options = {name: value for name, value in (("tol", tol), ("max_iter", max_iter)) if value is not None}
        if family == "poisson":
            options["loss"] = "poisson"
        model = kind(alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, standardize=False, **options)
        model.fit(X, y, sample_weight=sample_weight)
        intercept = np.ravel(model.intercept_)
        one = intercept[0] if len(intercept) == 1 else intercept
        return Fit(np.ravel(model.coef_), one, model, fit_intercept, model.gap_, model.converged_)

    def predict(self, fit: Fit, X: Any) -> Any:
        return fit.model.predict(X)
