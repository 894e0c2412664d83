"""Whether a storage of X keeps its contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design import Design
from shrinkwise.design.base import ALL, FAR, Array, Cols
from shrinkwise.testing._require import EPS, require, require_close


@dataclass(frozen=True)
class _Twin:
    """The columns of one problem, centered and scaled by hand in long double."""

    Z: Array  # (n, p), long double
    center: Array  # (p,)
    scale: Array  # (p,), 0 for a constant column
    largest: Array  # (p,), the largest number that is stored

    @classmethod
    def of(cls, X: Array, weights: Array, centered: bool) -> _Twin:
        exact, s = np.asarray(X, dtype=np.longdouble), np.asarray(weights, dtype=np.longdouble)
        used = exact[s > 0]
        center = np.where(centered, s @ exact / s.sum(), np.longdouble(0))
        constant = np.all(used == used[:1], axis=0) if centered else np.all(used == 0, axis=0)
        variance = s @ (exact - center) ** 2 / s.sum()
        scale = np.where(constant, 0, np.sqrt(variance))
        safe = np.where(scale > 0, scale, 1)
        Z = np.where(scale > 0, (exact - center) / safe, 0)
        return cls(Z, center, scale, np.max(np.abs(exact), axis=0))

    @property
    def size(self) -> Array:
        """How large the stored numbers are in units of the scale: rounding is in proportion to it."""
        return np.divide(self.largest, self.scale, out=np.zeros_like(self.scale), where=self.scale > 0)

    @property
    def rounding(self) -> Array:
        """Of one product with a column: its numbers are stored about zero, or about a shift where that is FAR."""
        spread = np.max(np.abs(self.Z), axis=0, initial=0)
        return np.asarray(4 * EPS * (np.minimum(self.size, 2 * FAR) + spread + 1) * (self.scale > 0))


def check_design(design: Design, dense_twin: Array) -> None:
    """Check a design against the same numbers as a dense array, centered and scaled by hand.

    Parameters
    ----------
    design : Design
        Fresh from its storage: one problem, neither centered nor scaled.
    dense_twin : array of shape (n, p), n >= 8
        The same numbers. Columns may be constant, and may have means far from zero.

    Raises
    ------
    AssertionError
        With a sentence, at the first verb that is off by more than rounding.

    Notes
    -----
    All verbs, for all columns, slices and index arrays, for several problems at once with weights of their own (also
    zeros, which make other columns constant), with and without centering, through linear maps and for some rows;
    products and transposed products are adjoint; neither the storage nor the arguments are modified.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkwise.design import DenseDesign
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> check_design(DenseDesign.of(X), X)
    """
    X = np.array(dense_twin, dtype=np.float64)
    n, p = X.shape
    name = type(design).__name__
    rng = np.random.default_rng(0)
    require(design.shape == (n, p), f"{name}.shape is {design.shape}, expected {(n, p)}")
    require(design.n_problems == 1, f"a fresh {name} has {design.n_problems} problems, expected 1")
    plain = design.matvec(np.eye(p)[:, :1] if p else np.zeros((0, 1)))
    weights = _weights(n, rng)
    for centered in (True, False):
        standardized = design.standardized(weights, centered)
        twins = [_Twin.of(X, column, centered) for column in weights.T]
        _check_problems(f"{name}{'' if centered else ' (not centered)'}", standardized, twins, rng)
    _check_maps(f"{name} through maps", design, X, weights, rng)
    samples = rng.integers(0, n, n + 3)
    taken = design.take(samples).standardized(np.full((n + 3, 1), 1 / (n + 3)))
    _check_problems(f"{name}.take", taken, [_Twin.of(X[samples], np.ones(n + 3), True)], rng)
    require_close(X, np.asarray(dense_twin, dtype=np.float64), 0, f"what {name} stores, after use,")
    require_close(design.matvec(np.eye(p)[:, :1] if p else np.zeros((0, 1))), plain, 0, f"{name}.matvec, after use,")


def _weights(n: int, rng: np.random.Generator) -> Array:
    """Three problems: equal weights, random ones, and a training set that leaves half of the rows out."""
    half = np.where(np.arange(n) % 2, 1.0, 0.0) * rng.uniform(0.5, 2.0, n)
    weights = np.column_stack([np.ones(n), rng.uniform(0.1, 3.0, n), half])
    return np.asarray(weights / weights.sum(axis=0))


def _check_problems(name: str, design: Design, twins: list[_Twin], rng: np.random.Generator) -> None:
    n, p = twins[0].Z.shape
    require(design.shape == (n, p), f"{name} standardized has shape {design.shape}, expected {(n, p)}")
    require(design.n_problems == len(twins), f"{name} has {design.n_problems} problems, expected {len(twins)}")
    for i, twin in enumerate(twins):
        what = f"of {name}, problem {i},"
        require(not np.any(design.scale[twin.scale == 0, i]), f"scale {what} is not 0 where a column is constant")
        varies = twin.scale > 0
        relative = 16 * EPS * np.minimum(twin.size, FAR) ** 2  # a variance about a point FAR sd away
        require_close(
            design.scale[varies, i],
            twin.scale[varies],
            ((n + 64) * EPS + relative)[varies] * twin.scale[varies],
            f"scale {what}",
        )
        require_close(design.means[:, i], twin.center, 16 * EPS * twin.largest, f"center {what}")
    single = np.array([p // 2], dtype=np.intp)
    for cols in (ALL, slice(0, p, 2), rng.permutation(p)[: max(1, p // 2)].astype(np.intp), single, single[:0]):
        _check_products(name, design, twins, cols, rng)
    _check_gram(name, design, twins, rng)
    _check_blocks(name, design, twins, rng)


def _check_products(name: str, design: Design, twins: list[_Twin], cols: Cols, rng: np.random.Generator) -> None:
    n, k = len(twins[0].Z), len(twins)
    m = len(np.arange(design.shape[1])[cols])
    W, R = rng.standard_normal((m, k)), rng.standard_normal((n, k))
    W.flags.writeable = R.flags.writeable = False
    forward, backward = design.matvec(W, cols), design.rmatvec(R, cols)
    what = f"for cols={cols}"
    require(forward.shape == (n, k), f"matvec of {name} has shape {forward.shape}, expected {(n, k)}, {what}")
    require(backward.shape == (m, k), f"rmatvec of {name} has shape {backward.shape}, expected {(m, k)}, {what}")
    for i, twin in enumerate(twins):
        Z, size = twin.Z[:, cols], twin.rounding[cols]
        tol = (m + 8) * (np.abs(W[:, i]) @ size)
        require_close(forward[:, i], Z @ W[:, i], tol, f"matvec of {name}, problem {i}, {what},")
        tol = (np.sqrt(n) + 8) * size * np.sum(np.abs(R[:, i]))
        require_close(backward[:, i], Z.T @ R[:, i], tol, f"rmatvec of {name}, problem {i}, {what},")
        both = (m + n) * (np.abs(W[:, i]) @ size) * np.sum(np.abs(R[:, i]))
        require_close(
            forward[:, i] @ R[:, i], W[:, i] @ backward[:, i], both, f"<Xw, r> of {name}, against <w, X'r>, {what},"
        )
        alone = design.problem(i)
        require_close(
            alone.matvec(W[:, [i]], cols), forward[:, [i]], tol.max(initial=0.0) + both, f"problem({i}) of {name}"
        )
        require(alone.n_problems == 1, f"problem({i}) of {name} has {alone.n_problems} problems")
    swapped = design.problem(list(range(k))[::-1]).rmatvec(R[:, ::-1], cols)[:, ::-1]
    tol = sum((np.sqrt(n) + 8) * twin.rounding[cols].max(initial=0.0) * np.abs(R).sum() for twin in twins)
    require_close(swapped, backward, tol, f"problem([...]) of {name}, against the problems in their order, {what},")


def _check_gram(name: str, design: Design, twins: list[_Twin], rng: np.random.Generator) -> None:
    n, p = twins[0].Z.shape
    weights: Array = np.where(rng.uniform(size=n) > 0.2, rng.uniform(0.0, 2.0, n), 0.0)
    weights.flags.writeable = False
    some, others = rng.permutation(p)[: max(1, p // 2)], rng.permutation(p)[: max(1, p // 3)]
    for i, twin in enumerate(twins):
        alone = design.problem(i)
        largest = 1 + np.max(np.abs(twin.Z), axis=0, initial=0)
        full = twin.Z.T @ (weights[:, None] * twin.Z)
        tol = weights.sum() * (np.outer(twin.rounding, largest) + np.outer(largest, twin.rounding))
        require_close(alone.gram(weights), full, tol, f"gram of {name}, problem {i},")
        for cols, right in ((some, None), (some, others), (others, some)):
            second = cols if right is None else right
            block = np.ix_(cols, second)
            require_close(
                alone.gram(weights, cols, right), full[block], tol[block], f"gram of {name}, columns {cols}, {right},"
            )


def _check_blocks(name: str, design: Design, twins: list[_Twin], rng: np.random.Generator) -> None:
    n, p = twins[0].Z.shape
    blocks = design.blocks()
    covered = [int(j) for cols in blocks for j in np.arange(p)[cols]]
    require(covered == list(range(p)), f"blocks of {name} are {blocks}: they must cover the {p} columns once, in order")
    R = rng.standard_normal((n, len(twins)))
    parts = np.concatenate([design.rmatvec(R, cols) for cols in blocks])
    tol = (np.sqrt(n) + 8) * np.column_stack([twin.rounding for twin in twins]) * np.abs(R).sum(axis=0)
    require_close(parts, design.rmatvec(R), tol, f"rmatvec of {name} in blocks")


def _check_maps(name: str, design: Design, X: Array, weights: Array, rng: np.random.Generator) -> None:
    """One map for each problem: columns dropped, reordered, scaled, and added where no row has both (an encoding)."""
    maps = tuple(_map(X, rng) for _ in weights.T)
    standardized = design.mapped(maps).standardized(weights)
    twins = [_Twin.of(X @ linear.toarray(), column, True) for linear, column in zip(maps, weights.T)]
    if all(np.max(twin.size, initial=0) <= FAR for twin in twins):  # a map has no shift to keep its digits
        _check_problems(name, standardized, twins, rng)


def _map(X: Array, rng: np.random.Generator) -> Any:
    p = X.shape[1]
    linear = np.zeros((p, p + 1))
    order = rng.permutation(p)
    linear[order[1:], np.arange(1, p)] = rng.choice([-2.0, 0.5, 1.0], p - 1)
    for j in range(p):
        apart = np.flatnonzero(~np.any((X != 0) & (X[:, [j]] != 0), axis=0))
        if len(apart):
            linear[j, p], linear[apart[0], p] = 1.0, 3.0
            break
    return sparse.csc_array(linear)
