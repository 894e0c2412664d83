"""What a loss has to know."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Loss(ABC):
    """A loss ℓ(y, η), pointwise: y the target, η the linear predictor, both of shape (n,).

    All formulas take the array namespace ``xp`` (numpy by default) and are convex in η.
    """

    name: ClassVar[str]
    metric: ClassVar[str]  # words for `score`
    quadratic: ClassVar[bool] = False  # the second derivative is constant
    smoothness: ClassVar[float] = np.inf  # an upper bound of the second derivative
    domain: ClassVar[tuple[float, float]]  # interval of y
    positive: ClassVar[bool] = False  # its lower end is left out
    degree: ClassVar[int] = 0  # ℓ(cy, cη) = c^degree ℓ(y, η), with parameters in the unit of y; 0: y has no unit
    kinked: ClassVar[bool] = False  # the second derivative jumps: violations shrink in leaps, not step by step
    mean_fits: ClassVar[bool] = True  # the best constant predictor is the link of the mean
    dispersion: ClassVar[float] = 0.0  # c, where −2 log-likelihood is c n log(deviance/n); 0: the deviance itself
    coupled: ClassVar[bool] = False  # a row's value depends on other rows: the loss is of one training set
    parameters: ClassVar[tuple[str, ...]] = ()  # the fields that `name:value:value` sets
    examples: ClassVar[tuple[tuple[float, float], ...]]  # pairs (y, η) for the conformance checks

    @property
    def spec(self) -> str:
        """The loss as text, ``name`` or ``name:value``; `as_loss` reads it."""
        values = (getattr(self, field) for field in self.parameters)
        return ":".join([self.name, *(repr(value) for value in values if value is not None)])

    def for_target(self, y: Array, weights: Array) -> Self:
        """The loss with what it takes from the spread of the target."""
        return self

    def in_unit(self, unit: float) -> Self:
        """The loss for a target divided by ``unit``."""
        return self

    def of_rows(self, y: Array, weights: Array) -> Self:
        """The loss of one training set, which a coupled one is bound to."""
        return self

    def take(self, rows: Array) -> Self:
        """The loss for some of the rows."""
        return self

    @abstractmethod
    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """ℓ(y, η)."""

    @abstractmethod
    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """dℓ/dη."""

    @abstractmethod
    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """d²ℓ/dη²."""

    def curvature(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """What Newton steps use as the second derivative: positive, where that may vanish."""
        return self.hessian(y, eta, xp)

    def diagonal(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """The diagonal of `curvature`, which is all of it where a row has one predictor."""
        return self.curvature(y, eta, xp)

    @abstractmethod
    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        """ℓ*(y, u) = sup_η { uη − ℓ(y, η) }; infinite outside its domain."""

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        """The interval of u where the conjugate is finite; 0 is in it."""
        return -np.inf, np.inf

    @abstractmethod
    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        """η of a mean μ."""

    @abstractmethod
    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        """Mean μ of η."""

    def deviance(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """Twice the loss above that of a perfect fit: 2 (ℓ(y, η) + ℓ*(y, 0))."""
        return 2 * self.slack(y, eta, 0.0 * eta, xp)

    def score(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """What a cross-validated error averages, in the words of `metric`; lower is better."""
        return self.value(y, eta, xp)

    def separates(self, y: Array, eta: Array) -> bool:
        """Whether η tells every y from the others: along it the loss falls without end, and has no minimum."""
        return False

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        """Fenchel–Young slack ℓ(y, η) + ℓ*(y, u) − uη ≥ 0, zero where u is the gradient at η."""
        return self.value(y, eta, xp) + self.conjugate(y, u, xp) - u * eta


class LogLink(Loss):
    """Losses of a target y ≥ 0 whose mean is e^η; their score is the deviance."""

    domain = (0.0, np.inf)

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        return -y, np.inf

    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        return xp.log(mu)

    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        return xp.exp(eta)

    def score(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return self.deviance(y, eta, xp)
