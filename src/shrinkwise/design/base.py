"""What a design has to know: products with X, for many problems at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]
Cols = NDArray[np.intp] | slice
Job = tuple[int, int, int]

ALL = slice(None)
FAR = 1e3  # |mean| / sd beyond which products about zero lose too many digits: store about a shift
TINY_SCALE = 1e-300  # a column that varies less than this is constant: the reciprocal of its sd would overflow
ROUNDING = 64 * np.finfo(np.float64).eps


def scale_of(variance: Array, second: Array, shift: Array, centered: bool) -> Array:
    """Square roots of variances, 0 where a variance is no more than the rounding of the sums that it came from."""
    floor = ROUNDING * second + (ROUNDING * shift) ** 2 if centered else np.zeros_like(variance)
    scale = np.sqrt(np.where(variance > floor, variance, 0.0))
    return np.asarray(np.where(scale > TINY_SCALE, scale, 0.0))


@dataclass(frozen=True, eq=False)
class Design(ABC):
    """X, lazily centered and scaled, for k problems that share the storage.

    Problem i sees the columns ``(X T_i − center_i) / scale_i``: T_i is its linear map (an encoding learned on its
    training rows; None is the identity), center and scale its training means and sd. A column whose scale is 0 is
    constant there and acts as zero. Nothing is copied: products are corrected instead.

    Attributes
    ----------
    store : storage of shape (n, q)
    shift : array of shape (q,)
        Taken from each stored column on reading; nonzero only where a mean is so far from zero that it would drown
        the column's variation.
    center, scale : arrays of shape (p, k)
    maps : k sparse matrices of shape (q, p), or None
    """

    by_rows: ClassVar[bool] = False  # whether taking a few rows is cheap

    store: Any
    shift: Array
    center: Array
    scale: Array
    maps: tuple[sparse.csc_array, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.store.shape[0]), len(self.center)

    @property
    def n_problems(self) -> int:
        return int(self.center.shape[1])

    @cached_property
    def means(self) -> Array:
        """What is subtracted from each column in all, (p, k)."""
        return np.asarray(self.center + self.offsets) if np.any(self.shift) else self.center

    @cached_property
    def divisor(self) -> Array:
        """The scale, but infinite where a column is constant: the scale itself where none is."""
        return self.scale if np.all(self.scale > 0) else np.where(self.scale > 0, self.scale, np.inf)

    @property
    def offsets(self) -> Array:
        """The part of the means that the shift has taken already, (p, 1) or (p, k)."""
        if self.maps is None:
            return np.asarray(self.shift[:, None])
        return np.column_stack([linear.T @ self.shift for linear in self.maps])

    def problem(self, index: int | Sequence[int]) -> Self:
        """The same design for one problem or some."""
        picked = [index] if isinstance(index, int) else list(index)
        if picked == list(range(self.n_problems)):
            return self
        which = slice(picked[0], picked[0] + 1) if len(picked) == 1 else picked  # a view of one
        maps = None if self.maps is None else tuple(self.maps[i] for i in picked)
        some = replace(self, center=self.center[:, which], scale=self.scale[:, which], maps=maps)
        some.__dict__["divisor"] = some.scale if self.divisor is self.scale else self.divisor[:, which]
        return some

    def mapped(self, maps: tuple[sparse.csc_array, ...]) -> Self:
        """The same storage seen through linear maps, one for each problem."""
        p = maps[0].shape[1]
        return replace(self, maps=maps, center=np.zeros((p, len(maps))), scale=np.ones((p, len(maps))))

    def matvec(self, W: Array, cols: Cols = ALL) -> Array:
        """Standardized X[:, cols] @ W: column i of W (len(cols), k) belongs to problem i. Shape (n, k)."""
        V = W / self.divisor[cols]
        constant = np.einsum("jk,jk->k", self.center[cols], V)
        if self.maps is None:
            return np.asarray(self._times(V, cols) - constant)
        raw = np.column_stack([part @ V[:, i] for i, part in enumerate(self._mapping(cols))])
        rows = np.flatnonzero(np.any(raw != 0, axis=1))
        return np.asarray(self._times(raw[rows], rows) - constant)

    def _mapping(self, cols: Cols) -> list[sparse.csc_array]:
        """The maps to some columns."""
        maps = self.maps or ()
        return list(maps) if isinstance(cols, slice) and cols == ALL else [linear[:, cols] for linear in maps]

    def rmatvec(self, R: Array, cols: Cols = ALL) -> Array:
        """Standardized X[:, cols]' @ R: column i of R (n, k) belongs to problem i. Shape (len(cols), k)."""
        raw = self._mapped_transpose_times(R, cols, range(R.shape[1]))
        raw -= self.center[cols] * R.sum(axis=0)
        raw /= self.divisor[cols]
        return raw

    def rmatvec_for(self, owners: Array, R: Array, cols: Cols = ALL) -> Array:
        """`rmatvec` where column i of R (n, m) belongs to problem ``owners[i]``. Shape (len(cols), m)."""
        raw = self._mapped_transpose_times(R, cols, owners)
        center, divisor, sums = self.center[cols], self.divisor[cols], R.sum(axis=0)
        cuts = np.flatnonzero(np.diff(owners)) + 1
        for part, total, owner in zip(np.split(raw.T, cuts), np.split(sums, cuts), owners[[0, *cuts]], strict=True):
            part -= total[:, None] * center[:, owner]  # each part fits a cache
            part /= divisor[:, owner]
        return raw

    def _mapped_transpose_times(self, R: Array, cols: Cols, owners: Sequence[int] | Array) -> Array:
        if self.maps is None:
            return self._transpose_times(R, cols)
        stored, maps = self._transpose_times(R, ALL), self._mapping(cols)
        return np.column_stack([maps[i].T @ column for i, column in zip(owners, stored.T, strict=True)])

    @abstractmethod
    def standardized(self, weights: Array, centered: bool = True) -> Self:
        """The design with the weighted means and sd (1/n) of each column, one problem for each column of ``weights``.

        ``weights`` (n, k) sum to 1 over the rows. Without centering the root mean square takes the place of the sd.
        """

    @abstractmethod
    def gram(self, weights: Array, cols: Cols = ALL, others: Cols | None = None) -> Array:
        """Standardized X[:, cols]' diag(weights) X[:, others] of the only problem (k = 1); others None means cols."""

    def grams(
        self, lefts: Sequence[Array], rights: Sequence[Array], jobs: Sequence[Job], weights: Array
    ) -> list[Array]:
        """For jobs (a, b, i): standardized X[:, lefts[a]]' diag(weights[:, i]) X[:, rights[b]] of the only problem.

        Column number p is a column of ones, the last of its set.
        """
        p, whole = self.shape[1], []
        for a, b, i in jobs:
            h, left, right = weights[:, i], lefts[a][lefts[a] < p], rights[b][rights[b] < p]
            out = np.full((len(lefts[a]), len(rights[b])), h.sum())
            out[: len(left), : len(right)] = self.gram(h, left, right) if len(left) and len(right) else 0.0
            out[: len(left), len(right) :] = self.rmatvec(h[:, None], left) if len(left) else 0.0
            out[len(left) :, : len(right)] = self.rmatvec(h[:, None], right).T if len(right) else 0.0
            whole.append(out)
        return whole

    def explicit(self, cols: Cols = ALL) -> Array:
        """Standardized X[:, cols] of the only problem as an array, (n, len(cols))."""
        return self.rmatvec(np.eye(self.shape[0]), cols).T

    @abstractmethod
    def blocks(self) -> list[slice]:
        """Cuts of the columns for a product in parallel; they depend on the shape alone."""

    def row_blocks(self) -> list[slice]:
        """Cuts of the rows, of which `take` makes a view; they depend on the shape alone. One where it would copy."""
        return [slice(0, self.store.shape[0])]

    @property
    def columns_as_rows(self) -> Array | None:
        """The stored columns as float64, one after the other, (p, n), where they lie so and nothing is done to them."""
        return None

    def columns(self, cols: Array) -> Self:
        """The design of some columns, as a copy; there are no maps."""
        part = {name: getattr(self, name)[cols] for name in ("shift", "center", "scale")}
        return replace(self, store=self._stored(cols), **part)

    def _stored(self, cols: Array) -> Any:
        """A copy of some stored columns."""
        return self.store[:, cols]

    @abstractmethod
    def take(self, samples: Array | slice) -> Self:
        """The design of some rows."""

    @abstractmethod
    def _times(self, V: Array, cols: Cols) -> Array:
        """(stored − shift)[:, cols] @ V."""

    @abstractmethod
    def _transpose_times(self, R: Array, cols: Cols) -> Array:
        """(stored − shift)[:, cols]' @ R."""
