"""Quadratic models over many sparse columns: descent on the columns and conjugate gradients in place of a Gram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from shrinkwise.design import Design, SparseDesign
from shrinkwise.penalties.base import Array, Rows
from shrinkwise.solvers.quadratic import violation

WORTH = 8  # entries of a Gram that an entry of the columns may stand for
FEWEST = 256  # columns; with fewer, a Gram costs little
SWEEPS = 10  # of coordinate descent between two Newton steps
AT_ONCE = 50_000_000  # entries that a kernel reads before it comes back, so that Ctrl-C is heard
PRODUCTS = 100  # of conjugate gradients in a Newton step
SHARE = 0.01  # of the violation that conjugate gradients leave
STALLS = 20  # rounds that do not halve the best violation: rounding has been reached


@dataclass(frozen=True, eq=False)
class Factored:
    """G = Z'Z − mm': Z holds stored columns in the metric h, m what centering takes from them."""

    columns: sparse.csc_array  # Z, (n, M)
    mean: Array  # m, (M,)
    diagonal: Array  # of G

    @staticmethod
    def suits(design: Design, cols: Array) -> bool:
        """Whether a Gram of these columns is much larger than they are."""
        if len(cols) < FEWEST or not isinstance(design, SparseDesign) or design.maps is not None:
            return False
        indptr = design.store.indptr
        return WORTH * int(np.sum(indptr[cols + 1] - indptr[cols])) <= len(cols) ** 2

    @classmethod
    def of(cls, design: Design, h: Array, cols: Array, centered: bool) -> Self:
        """Of standardized columns, centered about their means in the metric h if at all."""
        columns = sparse.csc_array(design.store[:, cols])
        root = np.sqrt(h)
        columns.data *= root[columns.indices]
        columns.data /= np.repeat(design.divisor[cols, 0], np.diff(columns.indptr))
        columns.indices = columns.indices.astype(np.int32, copy=False)
        mean = (
            np.asarray(columns.T @ root) / max(float(np.linalg.norm(root)), 1e-300) if centered else np.zeros(len(cols))
        )
        squared = sparse.csc_array((columns.data**2, columns.indices, columns.indptr), shape=columns.shape)
        squares = np.asarray(squared.sum(axis=0))
        return cls(columns, mean, np.maximum(squares - mean**2, 0.0))

    def solve(self, q: Array, w: Array, rows: Rows, tol: float) -> int:
        """`solve_factored`."""
        return solve_factored(self, q, w, rows, tol)

    def times(self, v: Array, cols: Array | None = None) -> Array:
        """G v, for a v of some columns."""
        image = (self.columns if cols is None else self.columns[:, cols]) @ v
        along = (self.mean if cols is None else self.mean[cols]) @ v
        return np.asarray(self.columns.T @ image - self.mean * along)

    def take(self, cols: Array) -> Self:
        """G of some columns."""
        return type(self)(self.columns[:, cols], self.mean[cols], self.diagonal[cols])


def solve_factored(model: Factored, q: Array, w: Array, rows: Rows, tol: float, max_rounds: int = 200) -> int:
    """`solve_quadratic` for a factored Gram, by coordinate descent and inexact Newton steps on the support."""
    from shrinkwise.solvers._sparse_kernels import descend  # numba is imported when a fit starts

    columns = model.columns
    indptr = columns.indptr.astype(np.int64)  # for the kernel alone: SciPy would make all indices as wide
    best, stalled = np.inf, 0
    sweeps = max(1, min(SWEEPS, AT_ONCE // max(1, columns.nnz)))
    for turn in range(1, max_rounds + 1):
        image, along = np.zeros(columns.shape[0]), np.zeros(1)
        descend(
            *(columns.data, columns.indices, indptr, model.mean, model.diagonal),
            *(q, w, *rows.vectors, image, along, 0.3 * tol, sweeps),
        )
        q += columns.T @ image + model.mean * along
        worst = violation(q, w, rows)
        if worst <= tol:
            return turn
        _newton(model, q, w, rows, tol)
        worst = violation(q, w, rows)
        if worst <= tol:
            return turn
        stalled = 0 if worst < 0.5 * best else stalled + 1
        best = min(best, worst)
        if stalled > STALLS:
            return -turn
    return -max_rounds


def _newton(model: Factored, q: Array, w: Array, rows: Rows, tol: float) -> None:
    """A step on the support in which those that would change sign stop at zero, or all where the first one does."""
    free = ((w != 0) | (rows.l1 == 0)) & (w > rows.lower) & (w < rows.upper) & (model.diagonal > 0)
    support = np.flatnonzero(free)
    if not len(support):
        return
    part, old, own = rows.take(support), w[support], model.take(support)
    right = q[support] - part.l2 * old - part.l1 * np.sign(old)
    step = _conjugate_gradients(own, part.l2, right, max(0.3 * tol, SHARE * float(np.max(np.abs(right)))))
    edge = np.where(step > 0, part.upper, part.lower)
    edge = np.where((part.l1 > 0) & (old * step < 0), 0.0, edge)
    reach = np.divide(edge - old, step, out=np.full_like(step, np.inf), where=step != 0)
    first = min(1.0, float(np.min(reach)))
    for new in (np.where(reach < 1, edge, old + step), np.where(reach <= first, edge, old + first * step)):
        change = new - old
        image = own.columns @ change
        along = own.mean @ change
        curved = 0.5 * float(image @ image - along**2)
        if curved - q[support] @ change + np.sum(part.value(new) - part.value(old)) <= 0.0:
            w[support] = new
            q -= model.columns.T @ image - model.mean * along
            return


def _conjugate_gradients(model: Factored, l2: Array, right: Array, tol: float) -> Array:
    """(G + l2) x = right, each step scaled by the diagonal, until no residual is above ``tol``."""
    scale = 1 / (model.diagonal + l2)
    x, residual = np.zeros_like(right), right.copy()
    scaled = scale * residual
    direction, size = scaled.copy(), float(residual @ scaled)
    for _ in range(PRODUCTS):
        image = model.times(direction) + l2 * direction
        curvature = float(direction @ image)
        if not curvature > 1e-14 * float(direction @ (direction / scale)):
            break  # what the system does not see
        length = size / curvature
        x += length * direction
        residual -= length * image
        if np.max(np.abs(residual)) <= tol:
            break
        scaled = scale * residual
        size, before = float(residual @ scaled), size
        direction = scaled + size / before * direction
    return x
