"""Whether a penalty keeps its contract."""

from __future__ import annotations

import numpy as np

from shrinkwise.penalties import Penalty
from shrinkwise.penalties.base import Array
from shrinkwise.testing._foreign import in_foreign
from shrinkwise.testing._require import EPS, require, require_close

VECTORS = ("l1", "l2", "lower", "upper", "norm")  # of the data rows; norm where there are groups
STEPS = (0.1, 1.0, 2.5)
POINTS = 100  # for the dual norm: a quotient that is rounded the wrong way is seen in one of ten
HAIR = 1e-9  # how far below the dual norm a prox must not be zero any more
BEYOND = 1e6  # as large as a coefficient gets where a conjugate may be infinite


def check_penalty(penalty: Penalty, n_features: int = 4) -> None:
    """Check the methods of a penalty against each other.

    Parameters
    ----------
    penalty : Penalty
    n_features : int
        Number of coefficients that its arrays are for; ``examples`` are for 4.

    Raises
    ------
    AssertionError
        With a sentence, at the first identity that does not hold.

    Notes
    -----
    The prox against brute force, with one step and one for each coordinate (for each group, unless separable);
    ``prox(u, dual_norm(u)) = 0`` and not before; firm nonexpansiveness; Moreau's identity with the conjugate; the
    Fenchel–Young inequality; the data rows; that no strength is stored; a namespace other than numpy. Identities that
    need convexity or separability are checked where the flags promise them.

    Examples
    --------
    >>> from shrinkwise.penalties import ElasticNet
    >>> check_penalty(ElasticNet(l1_ratio=0.5))
    """
    before = _state(penalty)
    rng = np.random.default_rng(0)
    points = [scale * rng.standard_normal(n_features) for scale in (0.1, 1.0, 5.0)]
    points += [np.abs(points[1]), -np.abs(points[1]), np.where(np.arange(n_features) % 2, points[2], 0.0)]
    _check_strength_is_not_stored(penalty)
    _check_zero(penalty, n_features)
    _check_rows(penalty, points)
    for v in points:
        for step in STEPS:
            _check_prox(penalty, v, step, rng)
            _check_conjugate(penalty, v, step, rng)
        _check_steps(penalty, v, rng)
        _check_namespace(penalty, v)
    for v in [*points, *rng.standard_normal((POINTS, n_features))]:
        _check_dual_norm(penalty, v)
    if penalty.convex:
        _check_convexity(penalty, points)
    require(_state(penalty) == before, f"{penalty!r} changed while its methods were called: a penalty holds no state")


def _state(penalty: Penalty) -> str:
    return repr(vars(penalty))


def _check_strength_is_not_stored(penalty: Penalty) -> None:
    stored = {"alpha", "alphas", "strength", "lam", "lambd", "lambda_", "step"} & set(vars(penalty))
    require(not stored, f"{penalty!r} stores its strength ({', '.join(sorted(stored))}): it is an argument of prox")


def _check_zero(penalty: Penalty, n_features: int) -> None:
    zero = np.zeros(n_features)
    require(penalty.value(zero) == 0, f"value(0) of {penalty!r} is {penalty.value(zero)}, not 0")
    require(not np.any(penalty.prox(zero, 1.0)), f"prox(0, 1) of {penalty!r} is {penalty.prox(zero, 1.0)}, not 0")
    require(penalty.dual_norm(zero) == 0, f"dual_norm(0) of {penalty!r} is {penalty.dual_norm(zero)}, not 0")


def _check_rows(penalty: Penalty, points: list[Array]) -> None:
    for v in points:
        rows = penalty.rows(len(v))
        for field in VECTORS if rows.grouped else VECTORS[:4]:
            require_close(np.shape(getattr(rows, field)), (len(v),), 0, f"shape of rows.{field} of {penalty!r}")
        require(not (penalty.separable and rows.grouped), f"{penalty!r} is separable, but its rows have groups")
        w = np.clip(v, rows.lower, rows.upper)
        value = np.sum(rows.value(w))
        require_close(penalty.value(w), value, 8 * EPS * value, f"value of {penalty!r}, against its rows,")
        for step in STEPS:
            prox = rows.prox(v, step)
            require_close(penalty.prox(v, step), prox, 8 * EPS * np.abs(v), f"prox of {penalty!r}, against its rows,")
            require_close(
                rows.times(step).prox(v, 1.0), prox, 8 * EPS * np.abs(v), f"prox of rows.times({step}) of {penalty!r}"
            )
            conjugate = np.sum(rows.times(step).conjugate(v))
            require_close(
                penalty.conjugate(v, step), conjugate, 8 * EPS * np.abs(conjugate), f"conjugate of {penalty!r}, rows"
            )
        require_close(penalty.dual_norm(v), rows.dual_norm(v), 0, f"dual_norm of {penalty!r}, against its rows,")
        cols = np.arange(len(v))[::-2]
        alone = np.zeros_like(v)
        alone[cols] = v[cols]
        require_close(
            rows.take(cols).prox(v[cols], 1.0), rows.prox(alone, 1.0)[cols], 0, f"prox of rows.take of {penalty!r}"
        )


def _check_prox(penalty: Penalty, v: Array, step: float, rng: np.random.Generator) -> None:
    """F(w) ≥ F(prox) + ½‖w − prox‖² with F = ½‖w − v‖² + step Ω, strongly convex, for w all around."""
    prox = np.asarray(penalty.prox(v, step))
    require(prox.shape == v.shape, f"prox of {penalty!r} has shape {prox.shape} for v of shape {v.shape}")
    best = 0.5 * np.sum((prox - v) ** 2) + step * penalty.value(prox)
    for w in _around(penalty, prox, v, rng):
        objective = 0.5 * np.sum((w - v) ** 2) + step * penalty.value(w)
        grows = 0.5 * np.sum((w - prox) ** 2) if penalty.convex else 0.0
        if not objective >= best + grows - 32 * EPS * (1 + objective):
            raise AssertionError(f"prox({v}, {step}) of {penalty!r} is {prox}, but {w} is better")


def _around(penalty: Penalty, prox: Array, v: Array, rng: np.random.Generator) -> list[Array]:
    """Points near the prox and far from it, one coordinate moved or all, within the bounds."""
    rows = penalty.rows(len(v))
    moves = [size * sign * unit for size in (1e-3, 0.05, 1.0) for sign in (1, -1) for unit in np.eye(len(v))]
    moves += [size * rng.standard_normal(len(v)) for size in (1e-3, 0.05, 1.0) for _ in range(5)]
    around = [prox + move for move in moves] + [np.zeros_like(v), v]
    return [np.clip(w, rows.lower, rows.upper) for w in around]


def _check_steps(penalty: Penalty, v: Array, rng: np.random.Generator) -> None:
    """One step for each coordinate or group; the grid of each coordinate is searched by brute force."""
    rows = penalty.rows(len(v))
    steps = rng.uniform(0.05, 3.0, len(v))
    if rows.grouped:
        steps = np.where(rows.groups.inside, rows.groups.spread(steps[: len(rows.groups.starts)]), steps)
    prox = np.asarray(penalty.prox(v, steps))
    one_by_one = np.array([np.asarray(penalty.prox(v, step))[j] for j, step in enumerate(steps)])
    require_close(prox, one_by_one, 4 * EPS * np.abs(v), f"prox of {penalty!r} with one step for each coordinate")
    if not penalty.separable:
        return
    reach = 1 + np.max(np.abs(v))
    wide = np.linspace(-reach, reach, 4001)[:, None] * np.ones_like(v)
    grid = np.vstack([wide, prox - 1e-4, prox + 1e-4])
    grid = np.clip(grid, rows.lower, rows.upper)
    objective = 0.5 * (grid - v) ** 2 + steps * rows.value(grid)
    best = 0.5 * (prox - v) ** 2 + steps * rows.value(prox)
    grows = 0.5 * (grid - prox) ** 2 if penalty.convex else 0.0
    worse = objective < best + grows - 32 * EPS * (1 + objective)
    require(not np.any(worse), f"prox({v}, {steps}) of {penalty!r} is {prox}: a grid search finds better coefficients")


def _check_dual_norm(penalty: Penalty, u: Array) -> None:
    """The one identity: prox(u, dual_norm(u)) = 0, and not before."""
    norm = penalty.dual_norm(u)
    require(norm >= 0, f"dual_norm({u}) of {penalty!r} is {norm}, negative")
    require_close(penalty.dual_norm(2.0 * u), 2.0 * norm, 4 * EPS * norm, f"dual_norm(2u) of {penalty!r}")
    if np.isinf(norm):  # something is not penalized by a norm: no step is enough
        require(
            np.any(penalty.prox(u, BEYOND)), f"dual_norm({u}) of {penalty!r} is infinite, but a step of 1e6 gives 0"
        )
        return
    at = np.asarray(penalty.prox(u, norm))
    require(not np.any(at), f"prox(u, dual_norm(u)) of {penalty!r} is {at}, not 0, for u={u}")
    if norm > 0:
        below = np.asarray(penalty.prox(u, norm * (1 - HAIR)))
        require(np.any(below), f"prox(u, step) of {penalty!r} is 0 a hair below step=dual_norm(u)={norm}, for u={u}")


def _check_conjugate(penalty: Penalty, v: Array, alpha: float, rng: np.random.Generator) -> None:
    rows = penalty.rows(len(v))
    conjugate = float(penalty.conjugate(v, alpha))
    for size in (0.01, 1.0, 100.0, BEYOND):
        for direction in (v, *np.eye(len(v)), rng.standard_normal(len(v))):
            for w in (size * direction, -size * direction):
                w = np.clip(w, rows.lower, rows.upper)
                inside, value = float(v @ w), alpha * float(penalty.value(w))
                if not value + conjugate - inside >= -32 * EPS * (value + abs(inside) + abs(conjugate)):
                    raise AssertionError(
                        f"conjugate({v}, {alpha}) of {penalty!r} is {conjugate}, "
                        f"below <u, w> - value = {inside - value} at w={w}"
                    )
    if not penalty.convex:
        return
    scaled = alpha * float(penalty.conjugate(v / alpha, 1.0))
    require_close(
        conjugate, scaled, 32 * EPS * abs(scaled), f"conjugate(u, {alpha}) of {penalty!r}, against alpha = 1,"
    )
    prox = np.asarray(penalty.prox(v, alpha))
    u = v - prox  # Moreau: the prox of the conjugate
    value, inside = alpha * float(penalty.value(prox)), float(u @ prox)
    at = _conjugate_inside(penalty, u, alpha, float(np.max(np.abs(v))))
    require_close(
        value + at,
        inside,
        64 * EPS * (1 + value + v @ v),
        f"value + conjugate at the prox of {penalty!r}, against <u, w>,",
    )
    best = 0.5 * np.sum((u - v) ** 2) + at
    for move in (size * rng.standard_normal(len(v)) for size in (1e-3, 0.1, 1.0) for _ in range(6)):
        other = 0.5 * np.sum((u + move - v) ** 2) + float(penalty.conjugate(u + move, alpha))
        if not other >= best + 0.5 * np.sum(move**2) - 64 * EPS * (1 + v @ v + abs(other)):
            raise AssertionError(
                f"v - prox(v, {alpha}) of {penalty!r} is not the prox of the conjugate at v={v} (Moreau)"
            )


def _conjugate_inside(penalty: Penalty, u: Array, alpha: float, size: float) -> float:
    """The conjugate at the edge of its domain (of size alpha), where the rounding of v - prox may leave it."""
    rounding = 4 * EPS * (1 + size / alpha)
    return min(float(penalty.conjugate(u * (1 - shrink), alpha)) for shrink in (0.0, 4 * EPS, rounding))


def _check_convexity(penalty: Penalty, points: list[Array]) -> None:
    rows = penalty.rows(len(points[0]))
    for x in points:
        for y in points:
            a, b = (np.clip(point, rows.lower, rows.upper) for point in (x, y))
            chord = 0.5 * (penalty.value(a) + penalty.value(b))
            require(
                penalty.value(0.5 * (a + b)) <= chord * (1 + 8 * EPS), f"{penalty!r} is not convex, as its flag says"
            )
            for step in STEPS:
                move = np.asarray(penalty.prox(x, step)) - np.asarray(penalty.prox(y, step))
                if not move @ (x - y) >= move @ move - 32 * EPS * (x @ x + y @ y):
                    raise AssertionError(f"prox of {penalty!r} is not firmly nonexpansive between {x} and {y}")


def _check_namespace(penalty: Penalty, v: Array) -> None:
    calls = {"value": (v,), "prox": (v, 0.7), "conjugate": (v, 0.7)}
    for method, arguments in calls.items():
        expected = np.asarray(getattr(penalty, method)(*arguments))
        foreign = in_foreign(f"{method} of {penalty!r}", getattr(penalty, method), *arguments)
        require_close(foreign, expected, 8 * EPS * np.abs(expected), f"{method} of {penalty!r} in another namespace")
