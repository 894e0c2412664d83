"""What a loss has to know."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Loss(ABC):
    """A loss ℓ(y, η), pointwise: y the target, η the linear predictor, both of shape (n,).

    All formulas take the array namespace ``xp`` (numpy by default) and are convex in η.
    """

    name: ClassVar[str]
    metric: ClassVar[str]  # words for `score`
    quadratic: ClassVar[bool]  # the second derivative is constant
    smoothness: ClassVar[float]  # an upper bound of the second derivative
    domain: ClassVar[tuple[float, float]]  # closed interval of y
    examples: ClassVar[tuple[tuple[float, float], ...]]  # pairs (y, η) for the conformance checks

    @abstractmethod
    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """ℓ(y, η)."""

    @abstractmethod
    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """dℓ/dη."""

    @abstractmethod
    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """d²ℓ/dη²."""

    @abstractmethod
    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        """ℓ*(y, u) = sup_η { uη − ℓ(y, η) }; infinite outside its domain."""

    @abstractmethod
    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        """η of a mean μ."""

    @abstractmethod
    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        """Mean μ of η."""

    @abstractmethod
    def deviance(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """Twice the loss above that of a perfect fit."""

    @abstractmethod
    def score(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """What a cross-validated error averages, in the words of `metric`; lower is better."""

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        """Fenchel–Young slack ℓ(y, η) + ℓ*(y, u) − uη ≥ 0, zero where u is the gradient at η."""
        return self.value(y, eta, xp) + self.conjugate(y, u, xp) - u * eta
