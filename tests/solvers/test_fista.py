import numpy as np
import pytest

from shrinkwise.losses import LOSSES
from shrinkwise.solvers import fista
from shrinkwise.testing import problems
from tests.problem.building import build


@pytest.mark.parametrize("loss", LOSSES)
def test_it_stops_at_its_tolerance_and_says_when_it_does_not(loss):
    problem, _ = build(problems(loss)[0], loss)
    w, b, gap, n_iter = fista(problem, 0.05, tol=1e-7)
    assert gap <= 1e-7
    assert gap == problem.relative_gap(0.05, w, b)
    _, _, rough, few = fista(problem, 0.05, tol=1e-15, max_iter=20)
    assert few == 20
    assert rough > 1e-15
    assert n_iter > 10


def test_an_orthogonal_design_gives_the_prox_in_closed_form():
    rng = np.random.default_rng(0)
    case = problems()[0]
    Q, _ = np.linalg.qr(np.column_stack([np.ones(40), rng.standard_normal((40, 6))]))
    orthogonal = type(case)("orthogonal", Q[:, 1:] * np.sqrt(40), case.y)
    problem, _ = build(orthogonal, "squared", l1_ratio=0.5)
    c = problem.slope(problem.predictor(np.zeros(6), 0.0))
    alpha = 0.3
    w, _, gap, _ = fista(problem, alpha, tol=1e-14)
    expected = problem.rows.prox(c, alpha)
    left = (gap + np.finfo(float).eps) * problem.null_loss  # the gap is known to rounding
    assert np.linalg.norm(w - expected) <= np.sqrt(2 * left)  # the curvature of the loss is 1


@pytest.mark.parametrize("loss", LOSSES)
def test_bounds_and_zeros_are_exact(loss):
    problem, _ = build(problems(loss)[0], loss, l1_ratio=0.8, lower=0.0, upper=0.05)
    w, _, gap, _ = fista(problem, 0.02, tol=1e-9)
    assert gap <= 1e-9
    assert np.all((w >= problem.rows.lower) & (w <= problem.rows.upper))
    assert np.any(w == problem.rows.upper)
    assert np.any(w == 0)
