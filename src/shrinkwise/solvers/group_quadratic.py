"""What norms of groups add to the quadratic problem: their part of the violations, and their way into the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkwise.penalties.base import Array, Rows
from shrinkwise.solvers.psd import solve_psd

Data = tuple[Array, Array, Array, Array, Array, Array, Array]  # l1, l2, lower, upper, norm, members, starts

CUTS = 50  # Newton steps before block descent takes over again


def group_violations(q: Array, w: Array, rows: Rows) -> Array:
    """How far q is from the subdifferential of the penalty at w, the 2-norm over each group, on all its columns."""
    length = rows.groups.lengths(w)
    slope = q - rows.l2 * w - rows.l1 * np.sign(w) - rows.norm * w / np.where(length > 0, length, 1.0)
    at_zero = np.where(length > 0, np.maximum(np.abs(q) - rows.l1, 0.0), rows.beyond(q))
    return rows.groups.lengths(np.where(w == 0, at_zero, slope))


def kernel_data(rows: Rows) -> Data:
    """The penalty as the group kernels take it: four vectors, the factors of norms, the blocks.

    Columns alone are blocks of one. What is left of a group that was not taken whole may be one column, too: its norm
    is then an L1 penalty.
    """
    if not rows.grouped:
        return *rows.vectors, np.zeros(len(rows.l1)), np.arange(len(rows.l1)), np.arange(len(rows.l1) + 1)
    groups = rows.groups
    sizes = np.diff(groups.starts, append=len(groups.members))
    lone = groups.inside & (groups.spread(sizes) == 1)
    alone = np.flatnonzero(~groups.inside)
    members = np.concatenate([groups.members, alone]).astype(np.int64)
    starts = np.concatenate([groups.starts, np.arange(len(groups.members), len(members) + 1)]).astype(np.int64)
    l1, norm = np.where(lone, rows.l1 + rows.norm, rows.l1), np.where(lone, 0.0, rows.norm)
    return l1, rows.l2, rows.lower, rows.upper, norm, members, starts


def newton_on_large_support(gram: Array, q: Array, w: Array, data: Data, tol: float) -> None:
    """The kernel `newton` by LAPACK, for supports where blocked algorithms win."""
    from shrinkwise.solvers._group_kernels import assemble, image  # numba is imported when a fit starts
    from shrinkwise.solvers._group_parts import advance, smooth_support

    best, stalled, diagonal = np.inf, 0, gram.diagonal()[: len(w)].copy()
    for _ in range(CUTS):
        support = smooth_support(diagonal, w, *data)
        k = len(support)
        if not k:
            return
        system, right = np.zeros((k, k)), np.empty(k)
        worst = assemble(gram, q, w, *data, support, system, right, 0.0)
        stalled = 0 if worst < 0.5 * best else stalled + 1
        best = min(best, worst)
        if worst <= 0.1 * tol or stalled > 3:
            return
        step = _solve(system, right)
        if advance(image(gram, support, step, len(w)), q, w, *data, support, right, step) < 0:
            return


def _solve(system: Array, right: Array) -> Array:
    """Newton's step; the system's lower triangle is given. Norms make it definite, but for rare ones."""
    from shrinkwise.solvers._group_kernels import substitute  # numba is imported when a fit starts

    try:
        step = right.copy()
        substitute(np.linalg.cholesky(system), step)
    except np.linalg.LinAlgError:
        step = solve_psd(system + np.tril(system, -1).T, right)
    return step


def settle_groups(gram: Array, q: Array, w: Array, data: Data, *limits: Any) -> int:
    """The kernel `settle` for penalties with norms of groups."""
    from shrinkwise.solvers._group_kernels import settle  # numba is imported when a fit starts

    return int(settle(gram, q, w, *data, *limits))
