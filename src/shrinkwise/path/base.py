"""What a route down the grid returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array


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


LEAST_NORM = "as many features as rows: the fit without a penalty is not unique, this is the one of least norm"


class Route(ABC):
    """A way to compute all paths of a grid. It remembers where each path stands."""

    null_score: Array  # (K,) held-out score of the intercept-only model

    @abstractmethod
    def tops(self) -> Array:
        """alpha_max of the fit on all data, for each mix, (R,)."""

    @abstractmethod
    def advance(self, alphas: Array) -> Block:
        """Go on down the paths: alphas (R, B), decreasing from where the last call ended."""

    @abstractmethod
    def degrees_of_freedom(self, block: Block, alphas: Array) -> Array:
        """Of the fits on all data, (R, A), without the intercept."""

    @abstractmethod
    def unpenalized(self) -> FreeFit | None:
        """The fits at strength zero; None where there is nothing to compare."""
