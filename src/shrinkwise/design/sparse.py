"""Compressed sparse columns: zeros are never stored, centering never fills them in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy import sparse

from shrinkwise.design.base import ALL, FAR, Array, Cols, Design, scale_of
from shrinkwise.exceptions import DataError

ENTRIES = 1 << 18  # in a block of columns


@dataclass(frozen=True, eq=False)
class SparseDesign(Design):
    """X as a float64 CSC matrix."""

    @classmethod
    def of(cls, X: sparse.csc_array) -> SparseDesign:
        p = X.shape[1]
        return cls(X, np.zeros(p), np.zeros((p, 1)), np.ones((p, 1)))

    def _times(self, V: Array, cols: Cols) -> Array:
        return np.asarray(self._columns(cols) @ V)

    def _transpose_times(self, R: Array, cols: Cols) -> Array:
        if isinstance(cols, slice) and cols.step in (None, 1):
            return np.asarray(_rows(self.store, cols) @ R)
        return np.asarray(self._columns(cols).T @ R)

    def _columns(self, cols: Cols) -> sparse.csc_array:
        return self.store if isinstance(cols, slice) and cols == ALL else self.store[:, cols]

    def gram(self, weights: Array, cols: Cols = ALL, others: Cols | None = None) -> Array:
        left, left_mean = self._scaled(cols)
        right, right_mean = (left, left_mean) if others is None else self._scaled(others)
        weighted = right.copy()
        weighted.data *= weights[weighted.indices]
        left_sum, right_sum = left.T @ weights, np.asarray(weighted.sum(axis=0)).ravel()
        gram = (left.T @ weighted).toarray()
        gram -= np.outer(left_sum, right_mean) + np.outer(left_mean, right_sum)
        return np.asarray(gram + weights.sum() * np.outer(left_mean, right_mean))

    def explicit(self, cols: Cols = ALL) -> Array:
        columns, mean = self._scaled(cols)
        return np.asarray(columns.toarray() - mean)

    def _scaled(self, cols: Cols) -> tuple[sparse.csc_array, Array]:
        """Columns divided by their scale, and their means in that unit (below √n, so that little cancels)."""
        columns = self._columns(cols) if self.maps is None else sparse.csc_array(self.store @ self.maps[0][:, cols])
        scale = self.scale[cols, 0]
        factor = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        columns = columns.copy()
        columns.data *= np.repeat(factor, np.diff(columns.indptr))
        return columns, self.center[cols, 0] * factor

    def standardized(self, weights: Array, centered: bool = True) -> Self:
        design = self._shifted() if centered else self
        squares = design._squares(weights)
        if design.maps is None:
            first, second = design.store.T @ weights, squares
        else:  # columns that a map adds up have no row in common, so their squares add up too
            first = np.column_stack(
                [part.T @ (design.store.T @ s) for part, s in zip(design.maps, weights.T, strict=True)]
            )
            second = np.column_stack([part.power(2).T @ s for part, s in zip(design.maps, squares.T, strict=True)])
        scale = scale_of(second - first**2 * centered, second, design.offsets, centered)
        return replace(design, center=np.asfortranarray(first * centered), scale=np.asfortranarray(scale))

    def _squares(self, weights: Array) -> Array:
        """Weighted sums of the squares of stored columns, (q, k), a block of columns at a time."""
        store, sums = self.store, np.empty((self.store.shape[1], weights.shape[1]))
        step = max(1, ENTRIES * len(sums) // max(1, store.nnz))
        for start in range(0, len(sums), step):
            block = _rows(store, slice(start, start + step))
            block.data = block.data**2
            sums[start : start + step] = block @ weights
        return sums

    def _shifted(self) -> Self:
        """Columns without a single zero lose their mean, which could drown their variation (|mean| > FAR sd)."""
        n = self.store.shape[0]
        full = np.flatnonzero(np.diff(self.store.indptr) == n)
        shift, data = self.shift.copy(), None
        for j in full:
            entries = slice(self.store.indptr[j], self.store.indptr[j + 1])
            values = self.store.data[entries]
            mean = values.mean()
            if abs(mean) > FAR * values.std():
                data = self.store.data.copy() if data is None else data
                data[entries] = values - mean
                shift[j] += mean
        if data is None:
            return self
        store = sparse.csc_array((data, self.store.indices, self.store.indptr), shape=self.store.shape)
        return replace(self, store=store, shift=shift)

    def blocks(self) -> list[slice]:
        p = self.shape[1]
        if self.maps is not None:
            return [ALL]  # each block would be a product with all stored columns
        width = max(64, -(-p // 4))
        return [slice(start, start + width) for start in range(0, p, width)]

    def take(self, samples: Array | slice) -> Self:
        return replace(self, store=sparse.csc_array(self.store.tocsr()[samples]))


def _rows(store: sparse.csc_array, cols: slice) -> sparse.csr_array:
    """The transpose of a range of columns. Its entries are no copy, which a constructor would make of a part."""
    start, stop, _ = cols.indices(store.shape[1])
    pointers = store.indptr[start : stop + 1]
    entries = slice(pointers[0], pointers[-1])
    rows = sparse.csr_array((stop - start, store.shape[0]))
    rows.data, rows.indices, rows.indptr = store.data[entries], store.indices[entries], pointers - pointers[0]
    return rows


def checked_sparse(X: Any) -> Any:
    """The same matrix, known to be sound: indices within the shape, pointers increasing, data as long as indices.

    Raises
    ------
    DataError
        If the sparse matrix is corrupt; reading it would reach outside of its memory.
    """
    if X.format in ("csc", "csr", "bsr"):
        blocks = X.blocksize if X.format == "bsr" else (1, 1)
        major, minor = X.shape if X.format != "csc" else X.shape[::-1]
        if X.format == "bsr":
            major, minor = major // blocks[0], minor // blocks[1]
        if len(X.indptr) != major + 1 or X.indptr[0] != 0 or np.any(np.diff(X.indptr) < 0):
            raise DataError(
                f"the indptr of the sparse matrix X ({X.format}) is corrupt: it must increase from 0 "
                f"and have length {major + 1}, got length {len(X.indptr)}"
            )
        if len(X.indices) != len(X.data) or X.indptr[-1] > len(X.indices):
            raise DataError(
                f"the sparse matrix X ({X.format}) is corrupt: indptr ends at {X.indptr[-1]}, "
                f"but there are {len(X.indices)} indices and {len(X.data)} data"
            )
        used = X.indices[: X.indptr[-1]]
        if len(used) and (used.min() < 0 or used.max() >= minor):
            bad = used[(used < 0) | (used >= minor)][0]
            raise DataError(
                f"the sparse matrix X ({X.format}) is corrupt: index {bad} is out of bounds for shape {X.shape}"
            )
    if X.format == "coo":
        for axis, coordinates in zip(("row", "column"), (X.row, X.col), strict=True):
            size = X.shape[0] if axis == "row" else X.shape[1]
            if len(coordinates) != len(X.data) or (
                len(coordinates) and not 0 <= coordinates.min() <= coordinates.max() < size
            ):
                raise DataError(
                    f"the sparse matrix X (coo) is corrupt: its {axis} indices are out of bounds for {X.shape}"
                )
    return X


def sorted_csc(X: Any) -> sparse.csc_array:
    """A canonical float64 CSC copy or view: indices sorted, duplicates summed, O(nnz)."""
    converted = sparse.csc_array(checked_sparse(X), dtype=np.float64)
    if not converted.has_canonical_format:
        if np.shares_memory(converted.indices, X.indices) or np.shares_memory(converted.data, X.data):
            converted = converted.copy()
        converted.sum_duplicates()
    return converted
