"""Additive statistics of a table: after one read of the rows, every fold and every λ is work of size p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]

MEMORY = 2 << 30  # bytes that the moments of all folds may take
ROUNDING = 64 * np.finfo(np.float64).eps


class Quadratic(NamedTuple):
    """½ w'Gw − c'w + ½ yy in standardized coordinates: the squared loss of one training set, halved and averaged."""

    gram: Array  # (p, p), unit diagonal but for constant columns
    c: Array  # (p,)
    yy: float
    center: Array  # (p,), means that the intercept takes out; zero without an intercept
    scale: Array  # (p,), 0 for a constant column
    y_center: float

    def rescaled(self, scale: Array) -> Quadratic:
        """The same problem in columns divided by another scale."""
        ratio = np.divide(self.scale, scale, out=np.zeros_like(scale), where=scale > 0)
        return self._replace(gram=self.gram * ratio * ratio[:, None], c=self.c * ratio, scale=scale)


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted sums of [x, y] and of their products about a shift.

    Sums about a point near the data do not cancel, so one pass in float64 keeps the precision of two (Chan, Golub &
    LeVeque, "Algorithms for computing the sample variance", 1983). Moments with one shift add and subtract: the
    training set of a fold is the total minus the fold.

    Attributes
    ----------
    weight : float
        Σ s
    shift, first : array of shape (p + 1,)
        The point c, and Σ s (z − c) with z = [x, y].
    second : array of shape (p + 1, p + 1)
        Σ s (z − c)(z − c)'.
    """

    weight: float
    shift: Array
    first: Array
    second: Array

    @classmethod
    def of(cls, X: Array, y: Array, weights: Array | None, shift: Array) -> Moments:
        """Moments of a chunk of rows: X dense of shape (m, p), y (m,), weights (m,) or None for ones."""
        return cls.of_parts(X, y, weights, shift, None, [len(y)])[0]

    @classmethod
    def of_parts(
        cls, X: Array, y: Array, weights: Array | None, shift: Array, order: Array | None, ends: Sequence[int]
    ) -> list[Moments]:
        """Moments of parts of a chunk: its rows in an order (None as they are), cut at ``ends``, the last of them m."""
        by_column = abs(X.strides[0]) < abs(X.strides[1])  # sums run along memory
        base = np.empty((len(shift) + 1, len(y)) if by_column else (len(y), len(shift) + 1))
        z = base.T if by_column else base
        np.subtract(X, shift[:-1], out=z[:, :-2])
        np.subtract(y, shift[-1], out=z[:, -2])
        z[:, -1] = 1.0  # its products with the others are their sums
        if weights is not None:
            z *= np.sqrt(weights)[:, None]
        if order is not None:
            base = np.take(base, order, axis=int(by_column))
            z = base.T if by_column else base
            weights = weights if weights is None else weights[order]
        moments, start = [], 0
        for end in ends:
            part = z[start:end]
            sums = part.T @ part  # one operand: BLAS computes half of it
            weight = float(end - start if weights is None else weights[start:end].sum())
            moments.append(cls(weight, shift, sums[-1, :-1], sums[:-1, :-1]))
            start = end
        return moments

    def __add__(self, other: Moments) -> Moments:
        other = other.about(self.shift)
        return Moments(self.weight + other.weight, self.shift, self.first + other.first, self.second + other.second)

    def __sub__(self, other: Moments) -> Moments:
        other = other.about(self.shift)
        return Moments(self.weight - other.weight, self.shift, self.first - other.first, self.second - other.second)

    def __mul__(self, times: float) -> Moments:
        return Moments(times * self.weight, self.shift, times * self.first, times * self.second)

    def about(self, shift: Array) -> Moments:
        """The same moments about another point: Σ s (z − c + d)(z − c + d)' with d = c − shift."""
        if shift is self.shift or np.array_equal(shift, self.shift):
            return self
        d = self.shift - shift
        cross = np.outer(self.first, d)
        second = self.second + cross + cross.T + self.weight * np.outer(d, d)
        return Moments(self.weight, shift, self.first + self.weight * d, second)

    def mapped(self, linear: sparse.sparray) -> Moments:
        """Moments of [T'x, y] for a linear map T of shape (q, p): how encodings of a fold act on the one read."""
        full = sparse.block_diag([linear, sparse.eye_array(1)], format="csr")
        return Moments(self.weight, full.T @ self.shift, full.T @ self.first, full.T @ (full.T @ self.second).T)

    def quadratic(self, fit_intercept: bool = True) -> Quadratic:
        """The squared loss of these rows as a quadratic problem in standardized coordinates.

        Parameters
        ----------
        fit_intercept : bool
            With an intercept, columns are centered and divided by their sd (1/n); without one nothing is centered and
            the root mean square takes the place of the sd.
        """
        if not fit_intercept:
            raw = self.about(np.zeros_like(self.shift))
            center, second = np.zeros_like(self.shift), raw.second / raw.weight
            floor = np.zeros_like(center)
        else:
            first = self.first / self.weight
            center, second = self.shift + first, self.second / self.weight - np.outer(first, first)
            floor = ROUNDING * np.diag(self.second) / self.weight + (ROUNDING * self.shift) ** 2
        variance = np.diag(second)
        scale = np.sqrt(np.where(variance > floor, variance, 0.0))
        safe = np.where(scale > 0, scale, 1.0)[:-1]
        gram = second[:-1, :-1] / safe / safe[:, None]
        gram[scale[:-1] == 0] = 0.0
        gram[:, scale[:-1] == 0] = 0.0
        c = np.where((scale[:-1] > 0) & (scale[-1] > 0), second[:-1, -1] / safe, 0.0)
        return Quadratic(gram, c, float(scale[-1] ** 2), center[:-1], scale[:-1], float(center[-1]))

    def mean_squared_error(self, coefs: Array, intercepts: Array) -> Array:
        """Mean of (y − b − x'w)² over these rows, for coefs (A, p) and intercepts (A,): shape (A,)."""
        v = np.column_stack([-coefs, np.ones(len(coefs))])
        t = v @ self.shift - intercepts
        square = np.einsum("aj,aj->a", v @ self.second, v)
        return np.asarray(np.maximum((square + 2 * t * (v @ self.first)) / self.weight + t**2, 0.0))

    def save(self, path: str | PathLike[str]) -> None:
        """Write to a .npz file."""
        np.savez(path, weight=self.weight, shift=self.shift, first=self.first, second=self.second)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Moments:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(float(arrays["weight"]), arrays["shift"], arrays["first"], arrays["second"])
