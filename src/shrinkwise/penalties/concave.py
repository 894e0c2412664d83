"""Concave penalties: like the lasso at zero, flat far from it, so that what is large is not shrunk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.penalties.base import Array, Rows
from shrinkwise.validation import check_number


@dataclass(frozen=True)
class Concave(ABC):
    """p(|w|; λ) with slope λ at zero, which falls to nothing as |w| grows.

    It is no `Penalty`: it does not scale with its strength. Solvers meet its majorizers, lassos with the slopes at a
    point as their weights (local linear approximation, Zou & Li, Annals of Statistics 2008, eq. 2.4). Their fixed
    points are local optima.
    """

    gamma: float

    name: ClassVar[str]
    least: ClassVar[float]  # gamma is above it

    def __post_init__(self) -> None:
        check_number(f"gamma of {self.name}", self.gamma, low=self.least, above=True)

    @property
    def spec(self) -> str:
        """The penalty as text; `as_concave` reads it."""
        return f"{self.name}:{self.gamma!r}"

    def in_unit(self, unit: float) -> Self:
        """The penalty where coefficients are ``unit`` times smaller than the strengths say."""
        return replace(self, gamma=self.gamma / unit)

    @abstractmethod
    def value(self, size: Array, strength: Array) -> Array:
        """p(|w|; λ)."""

    @abstractmethod
    def slope(self, size: Array, strength: Array) -> Array:
        """Its derivative with respect to |w|."""

    def majorizer(self, rows: Rows, w: Array) -> Rows:
        """The penalty at its strength whose L1 part and norms of groups have the slopes that they have at w."""
        bent = rows._replace(l1=self.slope(np.abs(w), rows.l1))
        return bent._replace(norm=self.slope(rows.groups.lengths(w), rows.norm)) if rows.grouped else bent


@dataclass(frozen=True)
class MCP(Concave):
    """Minimax concave penalty: p' = max(λ − |w|/γ, 0), γ > 1 (Zhang, Annals of Statistics 2010, eq. 2.1)."""

    gamma: float = 3.0

    name = "mcp"
    least = 1.0

    def value(self, size: Array, strength: Array) -> Array:
        inner = np.minimum(size, self.gamma * strength)
        return np.asarray(strength * inner - inner**2 / (2 * self.gamma))

    def slope(self, size: Array, strength: Array) -> Array:
        return np.asarray(np.maximum(strength - size / self.gamma, 0.0))


@dataclass(frozen=True)
class SCAD(Concave):
    """Smoothly clipped absolute deviation: p' = λ up to λ, then max(γλ − |w|, 0)/(γ − 1), γ > 2.

    Fan & Li, "Variable selection via nonconcave penalized likelihood", JASA 2001, eq. 2.7.
    """

    gamma: float = 3.7

    name = "scad"
    least = 2.0

    def value(self, size: Array, strength: Array) -> Array:
        inner = np.clip(size, strength, self.gamma * strength) - strength
        return np.asarray(strength * np.minimum(size, strength) + strength * inner - inner**2 / (2 * (self.gamma - 1)))

    def slope(self, size: Array, strength: Array) -> Array:
        return np.asarray(np.minimum(strength, np.maximum(self.gamma * strength - size, 0.0) / (self.gamma - 1)))


CONCAVE: dict[str, type[Concave]] = {kind.name: kind for kind in (MCP, SCAD)}


def as_concave(concave: object) -> Concave:
    """The penalty of ``"mcp"``, ``"scad"``, ``"mcp:2.5"``, or the penalty itself.

    Raises
    ------
    UsageError
        If there is none of this name, or its gamma is out of range.

    Examples
    --------
    >>> as_concave("scad:4")
    SCAD(gamma=4.0)
    """
    if isinstance(concave, Concave):
        return concave
    name, colon, value = concave.partition(":") if isinstance(concave, str) else ("", "", "")
    if name not in CONCAVE:
        raise UsageError(f"concave must be one of {', '.join(CONCAVE)}, with a gamma as in mcp:3, got {concave!r}")
    try:
        return CONCAVE[name](float(value)) if colon else CONCAVE[name]()  # type: ignore[call-arg]
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"concave {concave!r}: gamma must be a number, as in mcp:3") from None
