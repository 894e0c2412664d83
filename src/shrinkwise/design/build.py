"""From a checked array or sparse matrix to a design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array, Design
from shrinkwise.design.dense import CHUNK, DenseDesign
from shrinkwise.design.sparse import SparseDesign, sorted_csc
from shrinkwise.exceptions import DataError
from shrinkwise.penalties.groups import Groups
from shrinkwise.penalties.standardized import common_scale
from shrinkwise.validation import non_finite_message

SAFE = 1e100  # magnitudes whose squares and sums of squares stay far from overflow and underflow


def as_design(X: Any) -> tuple[Design, Array]:
    """A design over X and the unit (a power of two) in which each column is stored.

    Columns of ordinary magnitude are stored as they are, in unit 1. Only where some |x| is beyond 1e±100 is a scaled
    copy made; a column below 1e-300 is stored as zero.

    Raises
    ------
    DataError
        If X has a NaN or an infinity (the message says where), or is a corrupt sparse matrix.
    """
    if sparse.issparse(X):
        matrix = sorted_csc(X)
        largest = np.zeros(matrix.shape[1])
        occupied = np.flatnonzero(np.diff(matrix.indptr))
        if len(occupied):
            starts = matrix.indptr[occupied]
            high, low = np.maximum.reduceat(matrix.data, starts), np.minimum.reduceat(matrix.data, starts)
            largest[occupied] = np.maximum(high, -low)
        if not np.all(np.isfinite(largest)):
            raise DataError(non_finite_message(matrix.data, "X (the stored values of the sparse matrix)"))
        exponent = _exponents(largest)
        if np.any(exponent):
            repeats = np.diff(matrix.indptr)
            data = _ldexp(matrix.data, -np.repeat(exponent, repeats), np.repeat(largest, repeats))
            matrix = sparse.csc_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
        return SparseDesign.of(matrix), np.ldexp(1.0, exponent)
    array = X if X.dtype in (np.float64, np.float32) else X.astype(np.float64)
    largest = np.zeros(array.shape[1])
    for rows, cols in _pieces(array):
        piece = array[rows, cols]
        np.maximum(largest[cols], np.maximum(piece.max(axis=0), -piece.min(axis=0)), out=largest[cols])
    if not np.all(np.isfinite(largest)):
        raise DataError(non_finite_message(array))
    exponent = _exponents(largest)
    if np.any(exponent):
        array = _ldexp(array.astype(np.float64), -exponent, largest)
    return DenseDesign.of(array), np.ldexp(1.0, exponent)


def one_scale_a_group(design: Design, groups: Groups, column_unit: Array) -> Design:
    """The design with `common_scale` for the columns as they came, which are ``column_unit`` of the stored ones."""
    if not len(groups.members):
        return design
    unit = column_unit[:, None]
    return replace(design, scale=common_scale(design.scale * unit, groups) / unit)


def _pieces(array: Array) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of parts that lie together and fit a cache."""
    n, p = array.shape
    along = 0 if abs(array.strides[0]) >= abs(array.strides[1]) else 1
    step = max(1, CHUNK // max(1, (p, n)[along]))
    for start in range(0, (n, p)[along], step):
        part = slice(start, start + step)
        yield (part, slice(None)) if along == 0 else (slice(None), part)


def _exponents(largest: Array) -> Array:
    extreme = (largest > SAFE) | ((largest < 1 / SAFE) & (largest > 1e-300))
    return np.where(extreme, np.frexp(largest)[1], 0)


def _ldexp(values: Array, exponent: Array, largest: Array) -> Array:
    return np.where(largest > 1e-300, np.ldexp(values, exponent), 0.0)
