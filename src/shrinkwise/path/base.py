"""What a route down the grid returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine


@dataclass(frozen=True, eq=False)
class Block:
    """Some more strengths of every path: R mixes, B strengths, K folds and, last, all data."""

    coefs: tuple[tuple[sparse.csr_array, ...], ...]  # [ratio][fold] (B, p), in the units of the data
    intercepts: Array  # (R, B, K + 1)
    gaps: Array  # (R, B, K + 1), relative to the null loss
    n_iter: Array  # (R, B, K + 1)
    train_score: Array  # (R, B, K)
    test_score: Array  # (R, B, K)
    deviance: Array  # (R, B), weighted mean of the fits on all data

    @staticmethod
    def joined(blocks: list[Block]) -> Block:
        """The blocks one after the other."""
        coefs = tuple(
            tuple(sparse.vstack(parts, format="csr") for parts in zip(*rows, strict=True))
            for rows in zip(*(block.coefs for block in blocks), strict=True)
        )
        rest = {
            field.name: np.concatenate([getattr(block, field.name) for block in blocks], axis=1)
            for field in fields(Block)
            if field.name != "coefs"
        }
        return Block(coefs=coefs, **rest)


@dataclass(frozen=True, eq=False)
class FreeFit:
    """The fit without a penalty for each fold and, last, all data."""

    train_score: Array  # (K,)
    test_score: Array  # (K,)
    coefs: Array  # (K + 1, p), in the units of the data
    intercepts: Array  # (K + 1,)
    gap: float
    converged: bool
    note: str = ""


@dataclass(frozen=True, eq=False)
class Refit:
    """A fit without a penalty on a support."""

    coef: Array  # on the support, in the units of the data
    intercept: float
    gap: float  # relative to the null loss; infinite where there is no finite fit


LEAST_NORM = "as many features as rows: the fit without a penalty is not unique, this is the one of least norm"


class Route(ABC):
    """A way to compute all paths of a grid. It remembers where each path stands."""

    null_score: Array  # (K,) held-out score of the intercept-only model
    engine: LocalEngine

    @abstractmethod
    def tops(self) -> Array:
        """alpha_max of the fit on all data, for each mix, (R,)."""

    @abstractmethod
    def start(self, coefs: sparse.csr_array, alphas: Array) -> None:
        """Put every line near its solution at the strengths (R,): at coefficients (K + 1, p) in the units of the data.

        There is a row for each training set and, last, all data; what the bounds of a line forbid is cut off.
        """

    @abstractmethod
    def advance(self, alphas: Array) -> Block:
        """Go on down the paths: alphas (R, B), decreasing from where the last call ended."""

    @abstractmethod
    def degrees_of_freedom(self, block: Block, alphas: Array) -> Array:
        """Of the fits on all data, (R, A), without the intercept."""

    @abstractmethod
    def refit(self, fit: int, support: Array, coef: Array) -> Refit | None:
        """The fit without a penalty on some columns, begun at ``coef``; None where they leave nothing to estimate."""

    @abstractmethod
    def scores(self, fit: int, coefs: Array, intercepts: Array) -> tuple[Array, Array]:
        """Training and held-out scores (m,) of coefficients (m, p) in the units of the data; of all data deviances."""

    @abstractmethod
    def unpenalized(self) -> FreeFit | None:
        """The fits at strength zero; None where there is nothing to compare."""
