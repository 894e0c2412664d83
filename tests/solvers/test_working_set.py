import numpy as np
import pytest

from shrinkwise.losses import LOSSES
from shrinkwise.solvers import WorkingSet
from shrinkwise.testing import problems
from tests.problem.building import build


@pytest.mark.parametrize("loss", LOSSES)
def test_a_gram_that_grows_and_shrinks_is_that_of_its_columns(loss):
    rng = np.random.default_rng(0)
    for case in problems(loss):
        problem, _ = build(case, loss)
        n, p = problem.design.shape
        own = WorkingSet(problem)
        own.choose(np.arange(0, p, 2))
        eta = 0.3 * rng.standard_normal(n)
        if loss != "squared":
            own.refresh(eta)
        for cols in (np.arange(p // 2, p), np.arange(p), np.array([0, p - 1]), np.arange(1, p)):
            own.choose(cols)
            assert sorted(own.cols) == cols.tolist()
            Z = problem.design.matvec
            full = np.column_stack([Z(np.eye(p)[:, [j]])[:, 0] for j in own.cols])
            h = problem.weights * problem.loss.curvature(problem.y, eta)
            expected = full.T @ (h[:, None] * full)
            if problem.free_intercept:
                expected -= np.outer(h @ full, h @ full) / h.sum()
            np.testing.assert_allclose(own.gram, expected, atol=1e-9 if case.name == "huge means" else 1e-12)
            np.testing.assert_allclose(own.gram, own.gram.T, atol=4 * np.finfo(float).eps)
