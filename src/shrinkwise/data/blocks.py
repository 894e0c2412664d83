"""A float64 matrix made of number columns and 0/1 columns: dense, or sparse where that saves memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Matrix: TypeAlias = "NDArray[np.float64] | csc_array"

LARGE = 4_000_000  # cells (32 MB): a smaller matrix is dense, since BLAS on it is faster than any sparse product
SPARSE_BELOW = 0.25  # share of nonzeros; a stored one costs 12 bytes and an indirect access instead of 8 bytes


@dataclass(frozen=True, eq=False)
class Numbers:
    """Column `at` of the matrix holds what `load` returns; it is called when the values are needed, not kept."""

    at: int
    load: Callable[[], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Ones:
    """Row i of the matrix has a one in column ``at[i]``; in none if that is negative."""

    at: NDArray[np.int32]


def build(shape: tuple[int, int], blocks: Sequence[Numbers | Ones]) -> Matrix:
    """Make the matrix; no two blocks share a column.

    Parameters
    ----------
    shape : (n, width)
    blocks : sequence of Numbers or Ones

    Returns
    -------
    ndarray of float64 in Fortran order, or scipy.sparse.csc_array
        Sparse where the matrix has more than `LARGE` cells, and less than `SPARSE_BELOW` of them are nonzero.
    """
    n, width = shape
    if n * width > LARGE:
        nonzeros = sum(_count(block) for block in blocks)
        if nonzeros < SPARSE_BELOW * n * width:
            return _sparse(shape, blocks, nonzeros)
    matrix = np.zeros(shape, order="F")
    for block in blocks:
        if isinstance(block, Numbers):
            matrix[:, block.at] = block.load()
        else:
            rows = np.flatnonzero(block.at >= 0)
            matrix[rows, block.at[rows]] = 1.0
    return matrix


def _count(block: Numbers | Ones) -> int:
    if isinstance(block, Ones):
        return int(np.count_nonzero(block.at >= 0))
    return int(np.count_nonzero(block.load()))


def _sparse(shape: tuple[int, int], blocks: Sequence[Numbers | Ones], nonzeros: int) -> "csc_array":
    from scipy.sparse import coo_array  # 0.2 s, which a small table need not pay

    row, col = np.empty(nonzeros, dtype=np.int32), np.empty(nonzeros, dtype=np.int32)
    data = np.ones(nonzeros)
    end = 0
    for block in blocks:
        if isinstance(block, Ones):
            rows = np.flatnonzero(block.at >= 0)
            begin, end = end, end + len(rows)
            col[begin:end] = block.at[rows]
        else:
            values = block.load()
            rows = np.flatnonzero(values)
            begin, end = end, end + len(rows)
            col[begin:end], data[begin:end] = block.at, values[rows]
        row[begin:end] = rows
    return coo_array((data, (row, col)), shape=shape).tocsc()
