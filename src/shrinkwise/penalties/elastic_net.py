"""The elastic net, with lasso and ridge as its ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.exceptions import UsageError
from shrinkwise.penalties.base import Penalty, Rows
from shrinkwise.validation import check_l1_ratio, check_number


@dataclass(frozen=True, eq=False)
class ElasticNet(Penalty):
    """Ω(w) = Σⱼ πⱼ ( r |wⱼ| + (1 − r)/(2u) wⱼ² ),  lowerⱼ ≤ wⱼ ≤ upperⱼ.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default 1
        The mix r: 1 is the lasso, 0 is ridge. (glmnet calls this number ``alpha``.)
    penalty_weights : array of shape (p,) or None
        πⱼ ≥ 0, one for each feature; 0 leaves a feature unpenalized. None is 1 for all.
    lower, upper : float or array of shape (p,)
        Bounds of the coefficients, ``lower <= 0 <= upper``; infinite by default.
    ridge_unit : float > 0, default 1
        u, the unit in which the L2 part measures coefficients. In another unit of y coefficients are c times larger:
        |w| then grows by c and w² by c², so with u = 1 a mix means something else for dollars than for thousands of
        dollars. With u = sd(y), as in glmnet, it means the same.

    Raises
    ------
    UsageError
        If a value is out of its range.

    References
    ----------
    Zou & Hastie, "Regularization and variable selection via the elastic net", JRSS-B 2005, eq. 3; in the scaling of
    Friedman, Hastie & Tibshirani, "Regularization paths for GLMs via coordinate descent", JSS 2010, eq. 2.

    Examples
    --------
    >>> ElasticNet(l1_ratio=1.0).prox(np.array([3.0, -0.5]), 1.0)
    array([ 2., -0.])
    """

    l1_ratio: float = 1.0
    penalty_weights: ArrayLike | None = None
    lower: ArrayLike = -np.inf
    upper: ArrayLike = np.inf
    ridge_unit: float = 1.0

    convex = True
    separable = True
    examples = (
        {},
        {"l1_ratio": 0.5},
        {"l1_ratio": 0.9, "penalty_weights": np.array([1.0, 2.0, 0.5, 1.0])},
        {"l1_ratio": 0.7, "lower": 0.0},
        {"l1_ratio": 1.0, "lower": -0.3, "upper": 0.4},
        {"l1_ratio": 0.5, "ridge_unit": 8.0},
    )

    def __post_init__(self) -> None:
        check_l1_ratio(self.l1_ratio)
        check_number("ridge_unit", self.ridge_unit, low=0, above=True)
        if self.penalty_weights is not None:
            weights = np.asarray(self.penalty_weights, dtype=np.float64)
            if weights.ndim != 1 or not np.all(np.isfinite(weights)) or np.any(weights < 0):
                raise UsageError(
                    f"penalty_weights must be finite and >= 0, one for each feature, got {self.penalty_weights!r}; "
                    "use 0 for a feature that is not to be penalized"
                )
        lower, upper = np.asarray(self.lower, dtype=np.float64), np.asarray(self.upper, dtype=np.float64)
        if not np.all(lower <= 0) or not np.all(upper >= 0):
            raise UsageError(
                f"bounds must satisfy lower <= 0 <= upper, got lower={self.lower!r}, upper={self.upper!r}; a bound "
                "that excludes 0 leaves no all-zero model, so the penalty could never select"
            )

    @classmethod
    def from_l1_l2(cls, l1: float, l2: float, **options: Any) -> tuple[ElasticNet, float]:
        """The penalty and alpha of the textbook form ``l1 Σ|w| + l2 Σ w²``: α = l1 + 2·l2, r = l1/α.

        Parameters
        ----------
        l1, l2 : float >= 0
            Factors as in Keras' ``regularizers.l1_l2(l1, l2)``.
        **options
            As of the constructor.

        Returns
        -------
        (ElasticNet, float)
            The penalty and its strength alpha.

        Examples
        --------
        >>> penalty, alpha = ElasticNet.from_l1_l2(0.01, 0.01)
        >>> round(alpha, 3), round(penalty.l1_ratio, 3)
        (0.03, 0.333)
        """
        l1, l2 = check_number("l1", l1, low=0), check_number("l2", l2, low=0)
        alpha = l1 + 2 * l2
        return cls(l1_ratio=l1 / alpha if alpha > 0 else 1.0, **options), alpha

    def rows(self, n_features: int) -> Rows:
        for name in ("penalty_weights", "lower", "upper"):
            value = getattr(self, name)
            if np.ndim(value) == 1 and len(np.asarray(value)) != n_features:
                raise UsageError(f"{name} has length {len(np.asarray(value))}, but there are {n_features} features")
        weights = 1.0 if self.penalty_weights is None else np.asarray(self.penalty_weights, dtype=np.float64)
        full = np.ones(n_features)
        return Rows(
            self.l1_ratio * weights * full,
            (1 - self.l1_ratio) / self.ridge_unit * weights * full,
            np.asarray(self.lower, dtype=np.float64) * full,
            np.asarray(self.upper, dtype=np.float64) * full,
        )
