"""Whatever the candidate, its gap is at least its distance from the best objective that is known.

Candidates near and far, with wrong intercepts, on bounds, with unpenalized columns, for every loss of the registry. The
best known is the lowest objective of all of them and of the solver: no certificate is used to find it.
"""

import numpy as np
import pytest

from shrinkwise.losses import LOSSES
from shrinkwise.path import solve
from shrinkwise.penalties import ElasticNet
from shrinkwise.testing import problems
from shrinkwise.testing.problems import Case
from tests.problem.building import build
from tests.problem.penalized import MODES, SHARES

ROUNDING = 1e-13  # of objectives and gaps, in units of their size

PENALTIES = {
    "lasso": {},
    "half": {"l1_ratio": 0.5},
    "ridge": {"l1_ratio": 0.0},
    "some free": {"penalty_weights": [0.0, 1.0, 2.0, 0.0, 1.0, 1.0]},
    "all free": {"penalty_weights": np.zeros(6)},
    "box": {"l1_ratio": 0.5, "lower": -0.1, "upper": 0.2},
    "free in a box": {"l1_ratio": 0.0, "penalty_weights": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0], "lower": -0.2, "upper": 0.1},
    "nonnegative, some free": {"penalty_weights": [0.0, 1.0, 0.0, 1.0, 1.0, 1.0], "lower": 0.0},
}


def targets(loss, n, rng):
    """From all over the domain: what is drawn for a loss, and its examples, which lie at ends and corners."""
    examples = np.array([y for y, _ in LOSSES[loss].examples])
    yield rng.choice(examples, n)
    near = np.clip(rng.choice(examples, n) + rng.uniform(-0.3, 0.3, n), *LOSSES[loss].domain)
    yield np.where(near > LOSSES[loss].domain[0], near, examples[-1])


def tables(loss, rng):
    yield from (case for case in problems(loss, seed=5) if case.name in ("well-conditioned", "weights", "copies"))
    X = rng.standard_normal((40, 6)) @ np.triu(np.ones((6, 6))) + np.arange(6)
    for y in targets(loss, 40, rng):
        if np.ptp(y) > 0:
            yield Case("examples", X, y, rng.integers(0, 3, 40) + 1.0)


def candidates(problem, alpha, w, b, rng):
    """(w, b) within the bounds: about the solution, zero, random, single columns, and each with other intercepts."""
    low, high = problem.rows.lower, problem.rows.upper
    size = max(float(np.max(np.abs(w), initial=0.0)), 0.1)
    points = [w, np.zeros_like(w), size * rng.standard_normal(len(w)), -w]
    for noise in (1.0, 1e-2, 1e-4, 1e-7):
        points.append(w + noise * size * rng.standard_normal(len(w)))
        points.append(np.where(w != 0, w + noise * size * rng.standard_normal(len(w)), 0.0))
        points.append(problem.rows.prox(points[-2], noise * alpha))
    points.append(np.where(np.isfinite(high), high, 0.0))
    points.append(np.where(np.isfinite(low), low, 0.0))
    for point in points:
        yield np.clip(point, low, high), b
        if problem.free_intercept:
            for shift in rng.choice([1e-6, -0.01, 0.5, -3.0, 30.0, 1e3], 2):
                yield np.clip(point, low, high), b + shift


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # e^1000 is infinite, and so is its gap
@pytest.mark.parametrize("kind", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("every", SHARES)
def test_no_candidate_is_further_from_the_best_than_its_gap(loss, kind, every):
    rng = np.random.default_rng(0)
    first = (list(PENALTIES).index(kind) + list(LOSSES).index(loss)) % every
    for case, mode in [(case, mode) for case in tables(loss, rng) for mode in MODES.values()][first :: 2 * every - 1]:
        problem, unit = build(case, loss, **PENALTIES[kind], **mode)
        alpha = rng.choice([0.3, 0.02, 1e-3])
        tried = list(candidates(problem, alpha, *solution(case, loss, kind, mode, alpha, problem, unit), rng))
        values = np.array([problem.objective(alpha, w, problem.predictor(w, b)) for w, b in tried])
        gaps = np.array([problem.gap(alpha, w, b) for w, b in tried])
        assert np.all(gaps >= 0)
        best = np.min(values)
        with np.errstate(invalid="ignore"):
            short = values - best - gaps > ROUNDING * (np.abs(values) + abs(best) + problem.null_loss)
        at = int(np.argmax(short))
        assert not short[at], (case, mode, alpha, tried[at], gaps[at], values[at] - best)


def solution(case, loss, kind, mode, alpha, problem, unit):
    """(w, b) of the solver in the coordinates of the problem."""
    found = solve(
        case.X,
        case.y,
        loss=LOSSES[loss],
        penalty=ElasticNet(**PENALTIES[kind]),
        alpha=alpha,
        sample_weight=case.weights,
        tol=1e-12,
        max_iter=300,
        **mode,
    )
    w = problem.standardized(found.coef, unit)
    shift = float(problem.design.means[:, 0] @ (w / problem.design.scale[:, 0]))
    return w, found.intercept / problem.unit - problem.y_center + shift
