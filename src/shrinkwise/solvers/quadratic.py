"""½ w'Gw − c'w plus a penalty: coordinate descent to find the support, Newton steps to finish on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shrinkwise.penalties.base import Array, Rows, open_pull
from shrinkwise.solvers import group_quadratic
from shrinkwise.solvers.psd import solve_psd

SWEEPS = 10  # of coordinate descent between two Newton steps
FEW = 2  # the same where a Newton step has its Cholesky factor from the one before
ROUNDS = 30  # of both, at one strength of a path
FAST = 0.1  # sweeps that leave no more than this share of the violation need no Newton step on a large support
ENTRIES = 2_000_000  # of Grams that a kernel may sweep over before it comes back
KERNEL = 600  # with more coefficients than this the kernel comes back after each round
CUTS = 50  # of a Newton step before coordinate descent takes over again


def violation(q: Array, w: Array, rows: Rows) -> float:
    """How far the negative gradient q is from the subdifferential of the penalty at w, at the worst coordinate."""
    return float(np.max(violations(q, w, rows), initial=0.0))


def violations(q: Array, w: Array, rows: Rows) -> Array:
    """`violation` of each coordinate, or group on all its columns; zero where the optimality (KKT) conditions hold."""
    at_zero = np.maximum(open_pull(q, rows.lower, rows.upper) - rows.l1, 0.0)
    slope = q - rows.l2 * w - rows.l1 * np.sign(w)
    slope = np.where(w >= rows.upper, np.minimum(slope, 0.0), np.where(w <= rows.lower, np.maximum(slope, 0.0), slope))
    alone = np.where(w == 0, at_zero, np.abs(slope))
    if rows.grouped:
        return np.where(rows.groups.inside, group_quadratic.group_violations(q, w, rows), alone)
    return np.asarray(alone)


def solve_quadratic(gram: Array, q: Array, w: Array, rows: Rows, tol: float, max_rounds: int = 200) -> int:
    """Minimize ½ w'Gw − c'w + Σ l1|w| + l2/2 w² + Σ norm ‖w_g‖ within the bounds, in place.

    Parameters
    ----------
    gram : array of shape (M, M), C-contiguous, M >= m
        Its leading (m, m) block is G, positive semi-definite.
    q, w : arrays of shape (m,)
        q = c − Gw; both are updated.
    rows : Rows of length m
    tol : float
        Largest violation of the optimality conditions.

    Returns
    -------
    int
        Rounds of coordinate descent and Newton step; negative if the tolerance was not reached.

    Notes
    -----
    Newton's step on the support goes as far as no coefficient changes its sign, so it never increases the objective;
    coordinate descent then lets others in. This is the semismooth Newton method with an active set (Hintermüller, Ito
    & Kunisch, SIAM J. Optim. 2003) with coordinate descent as its globalization. Norms of groups bend the objective
    on the support: there several steps are taken, each of them halved until it is worth it.
    """
    from shrinkwise.solvers._kernels import settle  # numba is imported when a fit starts

    grouped = group_quadratic.kernel_data(rows) if rows.grouped else None
    best, stalled, turn = np.inf, 0, 0
    at_once = 20 if len(w) <= KERNEL else 1  # a kernel that runs long would keep Ctrl-C waiting
    while turn < max_rounds:
        warm = turn == 0 and bool(np.any(w))
        if grouped is None:
            turns = int(settle(gram, q, w, *rows.vectors, tol, SWEEPS, at_once, warm))
        else:
            turns = group_quadratic.settle_groups(gram, q, w, grouped, tol, SWEEPS, at_once)
        turn += abs(turns)
        if turns > 0:
            return turn
        worst = violation(q, w, rows)
        if abs(turns) < at_once or at_once == 1:
            if grouped is not None:
                group_quadratic.newton_on_large_support(gram, q, w, grouped, tol)
                worst = violation(q, w, rows)
            elif worst > FAST * best:
                _newton_on_large_support(gram, q, w, rows)
                worst = violation(q, w, rows)
        if worst <= tol:
            return turn
        stalled = 0 if worst < 0.5 * best else stalled + 1
        best = min(best, worst)
        if stalled > 3 if at_once > 1 else stalled > 20:
            break
    return -turn


class Factor:
    """The Cholesky factor of a Gram on a support, which serves solutions while the Gram only grows."""

    def __init__(self) -> None:
        self.counts = np.zeros(2, dtype=np.int64)  # columns of the support, and rows of the factor that are known
        self.support, self.inside = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
        self.factor = np.zeros((0, 0))

    def forget(self) -> None:
        """There is another Gram."""
        self.counts[:] = 0
        self.inside[:] = False

    def arrays(self, m: int) -> tuple[Array, Array, Array, Array]:
        """What the kernel keeps in it, for m columns."""
        if len(self.support) < m:
            room = m + m // 2
            support, inside = np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.bool_)
            factor = np.empty((min(room, KERNEL), min(room, KERNEL)))
            known = self.counts[1]
            support[: len(self.support)], inside[: len(self.inside)] = self.support, self.inside
            factor[:known, :known] = self.factor[:known, :known]
            self.support, self.inside, self.factor = support, inside, factor
        return self.factor, self.support, self.inside, self.counts


def solve_path(
    gram: Array,
    q: Array,
    w: Array,
    rows: Rows,
    alphas: Array,
    tols: Array,
    factor: Factor | None = None,
    checkpoint: Callable[[], object] = bool,
) -> tuple[Array, Array, Array]:
    """`solve_quadratic` at each strength from the one before.

    Parameters
    ----------
    rows : Rows of length m
        The penalty at strength 1.
    alphas, tols : arrays of shape (A,)
        Strengths, and the largest violations at each.
    factor : Factor
        Of this Gram, or of its leading block.
    checkpoint : function
        Called now and then; it may raise.

    Returns
    -------
    (Array, Array, Array)
        w and its slope q at each strength, (A, m), and the rounds of coordinate descent and Newton step, (A,).
    """
    from shrinkwise.solvers._path_kernels import follow  # numba is imported when a fit starts

    W, Q = np.empty((len(alphas), len(w))), np.empty((len(alphas), len(w)))
    turns, known = np.zeros(len(alphas), dtype=np.int64), (factor or Factor()).arrays(len(w))
    done, at_once = 0, 1 + ENTRIES // max(1, len(gram)) ** 2  # a kernel that runs long would keep Ctrl-C waiting
    while done < len(alphas):
        checkpoint()
        end = min(done + at_once, len(alphas))
        if not rows.grouped:
            done = follow(gram, q, w, *rows.vectors, alphas[:end], tols, W, Q, turns, *known, done, FEW, ROUNDS)
        if done < end:
            turns[done] += abs(solve_quadratic(gram, q, w, rows.times(alphas[done]), tols[done]))
            W[done], Q[done] = w, q
            done += 1
    return W, Q, turns


def _newton_on_large_support(gram: Array, q: Array, w: Array, rows: Rows) -> None:
    """The kernel `newton` by LAPACK, for supports where blocked algorithms win."""
    free = ((w != 0) | (rows.l1 == 0)) & (w > rows.lower) & (w < rows.upper) & (np.diagonal(gram)[: len(w)] > 0)
    for _ in range(CUTS):
        support = np.flatnonzero(free)
        if not len(support):
            return
        part, now = rows.take(support), w[support]
        system = gram[np.ix_(support, support)]
        system[np.diag_indices_from(system)] += part.l2
        step = solve_psd(system, q[support] - part.l2 * now - part.l1 * np.sign(now))
        edge = np.where(step > 0, part.upper, part.lower)
        edge = np.where((part.l1 > 0) & (np.sign(now) * np.sign(step) < 0), 0.0, edge)
        reach = np.divide(edge - now, step, out=np.full_like(step, np.inf), where=step != 0)
        length = min(1.0, float(np.min(reach)))
        blocked = (reach <= length) & (length < 1)
        new = np.where(blocked, edge, now + length * step)
        w[support] = new
        q -= (new - now) @ gram[support, : len(w)]
        if length >= 1:
            return
        free[support[blocked]] = False
