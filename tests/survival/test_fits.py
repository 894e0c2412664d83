"""Fits of the partial likelihood and their certificates."""

import numpy as np
import pytest

from shrinkwise.design import as_design
from shrinkwise.engines import LocalEngine
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.outputs import problems_of
from shrinkwise.path import alpha_max, solve
from shrinkwise.path.lockstep import Lockstep
from shrinkwise.penalties import ElasticNet, penalty_of
from tests.oracles import cox

TIES = ["breslow", "efron"]


def problem_of(data, ties="breslow", penalty=None, standardize=True):
    X, time, event, weights, stratum = data
    weights = weights[:, None] / weights.sum()
    design, unit = as_design(X)
    design = design.standardized(weights, True)
    options = {"fit_intercept": True, "standardize": standardize, "column_unit": unit, "unit": 1.0}
    loss = CoxLoss(time, stratum, ties)
    _, (problem,) = problems_of(
        design, event, weights, loss, penalty or ElasticNet(), grouped=False, offset=0.0, **options
    )
    return problem


def fit(data, ties="breslow", alpha=0.0, penalty=None, tol=1e-10, **options):
    X, time, event, weights, stratum = data
    loss = CoxLoss(time, stratum, ties)
    penalty = penalty or ElasticNet()
    return solve(X, event, loss=loss, penalty=penalty, alpha=alpha, sample_weight=weights, tol=tol, **options)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("strata", [1, 5])
@pytest.mark.parametrize("tied", [True, False])
def test_without_a_penalty_it_is_newtons_fit(ties, strata, tied):
    data = cox.sample(strata=strata, tied=tied)
    offset = np.random.default_rng(5).standard_normal(60)
    found = fit(data, ties, offset=offset)
    assert found.converged
    np.testing.assert_allclose(found.coef, cox.newton(*data, ties, offset), rtol=1e-6)
    assert found.intercept == 0.0


@pytest.mark.parametrize("ties", TIES)
def test_ridge_is_newtons_fit(ties):
    data = cox.sample(strata=2)
    found = fit(data, ties, 0.2, ElasticNet(0.0), standardize=False)
    np.testing.assert_allclose(found.coef, cox.newton(*data, ties, ridge=0.2), rtol=1e-6)


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    X, time, event, weights, stratum = cox.sample()
    weights[::3] = 0
    kept = weights > 0
    left = tuple(part[kept] for part in (X, time, event, weights, stratum))
    np.testing.assert_array_equal(fit((X, time, event, weights, stratum), alpha=0.05).coef, fit(left, alpha=0.05).coef)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(
    "penalty",
    [
        penalty_of(1.0),
        penalty_of(0.5, penalty_weights=np.array([1.0, 0.0, 2.0, 1.0, 1.0, 1.0])),
        penalty_of(0.0),
        penalty_of(1.0, lower=-0.1, upper=np.array([0.2, 0.1, np.inf, np.inf, 0.0, 0.3])),
        penalty_of(1.0, groups=["a", "a", None, "b", "b", "b"], sparse_ratio=0.3),
        penalty_of(1.0, penalty_weights=np.array([0.0, 0.0, 2.0, 1.0, 1.0, 1.0]), lower=0.0),
    ],
    ids=["lasso", "mix with a free column", "ridge", "bounds", "groups", "bounded free columns"],
)
def test_the_gap_is_honest_for_any_candidate_and_closes_at_the_optimum(ties, penalty):
    data = cox.sample(p=6, strata=2)
    problem = problem_of(data, ties, penalty)
    alpha = 0.05
    w = problem.standardized(fit(data, ties, alpha, penalty, tol=1e-13).coef)
    best = problem.objective(alpha, w, problem.predictor(w, 0.0))
    assert problem.gap(alpha, w, 0.0) <= 1e-13 * problem.null_loss
    rng = np.random.default_rng(6)
    for size in (1e-5, 1e-3, 0.1, 1.0):
        near = np.clip(w + size * rng.standard_normal(6), problem.rows.lower, problem.rows.upper)
        to_gain = problem.objective(alpha, near, problem.predictor(near, 0.0)) - best
        gap = problem.gap(alpha, near, 0.0)
        assert gap >= to_gain - 1e-15
        if size < 0.01 and np.all(near * w > 0):  # a smooth neighbourhood: the gap is of the order of what is to gain
            assert gap <= 100 * max(to_gain, size * alpha)


@pytest.mark.parametrize("ties", TIES)
def test_alpha_max_gives_zeros_and_a_hair_below_does_not(ties):
    data = cox.sample(strata=3)
    problem = problem_of(data, ties)
    top = alpha_max(problem.rows, problem.slope(problem.null_eta))
    assert not np.any(fit(data, ties, top, tol=1e-14).coef)
    assert np.count_nonzero(fit(data, ties, top * (1 - 1e-6), tol=1e-14).coef) == 1


def test_alpha_max_knows_what_is_not_penalized():
    data = cox.sample(p=5)
    penalty = ElasticNet(penalty_weights=[0.0, 1.0, 1.0, 0.0, 1.0])
    problem = problem_of(data, penalty=penalty)
    lockstep = Lockstep(problem.design, [problem], 1e-10, LocalEngine())
    top = float(lockstep.tops[0])
    at, below = (fit(data, alpha=alpha, penalty=penalty, tol=1e-14).coef for alpha in (top * (1 + 1e-9), top * 0.999))
    assert list(np.flatnonzero(at)) == [0, 3]
    assert np.count_nonzero(below) == 3


def test_where_no_fit_is_the_best_the_gap_says_how_far_off_this_one_is():
    _, time, event, weights, stratum = cox.sample(tied=False)
    data = (-np.argsort(np.argsort(time))[:, None].astype(float), time, event, weights, stratum)
    problem = problem_of(data)
    found = fit(data, tol=1e-8)
    left = 0.5 * problem.loss.deviance(event, data[0] @ found.coef).sum()  # above the infimum, of deviance 0
    assert found.coef[0] > 1
    assert left <= found.gap * problem.null_loss + 1e-15


@pytest.mark.parametrize("ties", TIES)
def test_wide_tables_are_certified(ties):
    data = cox.sample(n=80, p=600, strata=2)
    found = fit(data, ties, 0.1)
    assert found.converged
    assert 0 < np.count_nonzero(found.coef) < 60


def test_sparse_tables_give_the_same_fit():
    from scipy import sparse

    X, time, event, weights, stratum = cox.sample(p=12)
    X[np.abs(X) < 1] = 0.0
    dense = fit((X, time, event, weights, stratum), alpha=0.03, tol=1e-13)
    for kind in (sparse.csr_array, sparse.csc_array):
        found = fit((kind(X), time, event, weights, stratum), alpha=0.03, tol=1e-13)
        np.testing.assert_allclose(found.coef, dense.coef, atol=1e-9)


def test_a_column_that_is_constant_within_strata_says_nothing():
    X, time, event, weights, stratum = cox.sample(strata=3)
    X[:, 2] = stratum
    found = fit((X, time, event, weights, stratum), alpha=0.01)
    assert found.converged
    assert found.coef[2] == 0


def test_risk_sets_are_seen_where_sparse_columns_would_be_left_as_factors(monkeypatch):
    from scipy import sparse

    from shrinkwise.solvers.factored import Factored

    monkeypatch.setattr(Factored, "suits", staticmethod(lambda *_: True))
    X, time, event, weights, stratum = cox.sample(p=300)
    X[np.abs(X) < 1.2] = 0.0
    dense = fit((X, time, event, weights, stratum), alpha=0.1, tol=1e-12)
    found = fit((sparse.csc_array(X), time, event, weights, stratum), alpha=0.1, tol=1e-12)
    assert found.converged
    np.testing.assert_allclose(found.coef, dense.coef, atol=1e-6)
