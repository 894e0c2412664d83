"""Grids of the partial likelihood: what folds are scored by, and that they are fitted by themselves."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.adaptive import fit_adaptive_grid
from shrinkwise.engines import LocalEngine
from shrinkwise.exceptions import DataError
from shrinkwise.grid import fit_grid
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.path import solve
from shrinkwise.penalties import ElasticNet
from tests.oracles import cox

N = 90
ALPHAS = [0.2, 0.1, 0.03]


def splits(k=5, n=N):
    fold = np.random.default_rng(7).permutation(n) % k
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def grid(data, ties="breslow", cv=None, **options):
    X, time, event, weights, stratum = data
    options = {"tol": 1e-10, "alphas": ALPHAS, **options}
    return fit_grid(X, event, cv or splits(), loss=CoxLoss(time, stratum, ties), sample_weight=weights, **options)


def deviance(data, rows, coef, offset, ties):
    """Σ s · 2 (loss − its infimum) of some rows, by the textbook's loops."""
    X, time, event, weights, stratum = (part[rows] for part in data)
    eta = X @ coef + offset[rows]
    best = 0.0
    for t, g in {(t, g) for t, g, d in zip(time, stratum, event) if d}:
        s = weights[(time == t) & (stratum == g) & (event > 0)] / weights.sum()
        left = 1 - np.arange(len(s)) / len(s) if ties == "efron" else np.ones(1)
        best += s.sum() * np.mean(np.log(left * s.sum()))
    return 2 * weights.sum() * (cox.loss(time, event, weights, stratum, eta, ties) - best)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_scores_are_those_of_a_loop_over_folds(ties):
    data = X, time, event, weights, stratum = cox.sample(n=N, strata=2)
    offset = 0.3 * np.random.default_rng(8).standard_normal(N)
    found = grid(data, ties, offset=offset, l1_ratios=(1.0, 0.5))
    everyone = np.arange(N)
    held_out = np.array([(weights * event)[test].sum() for _, test in splits()])
    np.testing.assert_allclose(found.fold_weights, held_out / held_out.sum(), rtol=1e-13)
    for ratio, l1_ratio in enumerate((1.0, 0.5)):
        for a, alpha in enumerate(ALPHAS):
            for k, (train, _) in enumerate(splits()):
                fit = solve(
                    X[train],
                    event[train],
                    loss=CoxLoss(time[train], stratum[train], ties),
                    penalty=ElasticNet(l1_ratio),
                    alpha=alpha,
                    sample_weight=weights[train],
                    offset=offset[train],
                    tol=1e-12,
                )
                coef = found.coef(ratio, a, k)
                np.testing.assert_allclose(coef, fit.coef, atol=1e-5)
                whole, part = (deviance(data, rows, coef, offset, ties) for rows in (everyone, train))
                assert found.test_score[ratio, a, k] == pytest.approx((whole - part) / held_out[k], rel=1e-10)
                events = (weights * event)[train].sum()
                assert found.train_score[ratio, a, k] == pytest.approx(part / events, rel=1e-10)
    zero = [deviance(data, everyone, np.zeros(4), offset, ties) - deviance(data, train, np.zeros(4), offset, ties)
            for train, _ in splits()]  # fmt: skip
    np.testing.assert_allclose(found.null_score, zero / held_out, rtol=1e-10)
    assert found.all_converged
    assert found.loss == f"cox:{ties}"
    assert not np.any(found.intercepts)


def test_held_out_rows_that_are_not_all_others_are_added_to_the_training_rows_alone():
    data = cox.sample(n=N)
    (train, test), whole = (np.arange(40), np.arange(40, 70)), np.arange(70)
    found = grid(data, cv=[(train, test)])
    cut = tuple(part[whole] for part in data)
    np.testing.assert_allclose(found.test_score, grid(cut, cv=[(train, test)]).test_score, rtol=1e-6)


def test_the_grid_begins_where_all_coefficients_are_zero():
    found = grid(cox.sample(n=N, strata=3), "efron", alphas=10)
    sizes = found.support_size[0]
    assert sizes[0] == 0
    assert sizes[1] > 0
    assert found.all_converged
    assert found.unpenalized.converged
    np.testing.assert_allclose(found.unpenalized.coef, cox.newton(*cox.sample(n=N, strata=3), "efron"), rtol=1e-5)


def test_a_table_in_which_each_row_stands_twice_gives_the_same_grid():
    data = cox.sample(n=N)
    twice = tuple(np.concatenate([part, part]) for part in data)
    folds = [tuple(np.concatenate([rows, rows + N]) for rows in pair) for pair in splits()]
    one, two = grid(data), grid(twice, cv=folds)
    np.testing.assert_allclose(two.test_score, one.test_score, rtol=1e-6)
    np.testing.assert_allclose(two.coef(0, 2), one.coef(0, 2), atol=1e-6)


def test_threads_change_no_bit(monkeypatch):
    monkeypatch.setattr("shrinkwise.path.cox.WORTH_A_THREAD", 0)
    data = cox.sample(n=N, p=8, strata=2)
    one, four = (grid(data, engine=LocalEngine(workers)) for workers in (1, 4))
    np.testing.assert_array_equal(one.test_score, four.test_score)
    np.testing.assert_array_equal(one.gaps, four.gaps)


def test_columns_seen_through_maps_are_columns():
    data = cox.sample(n=N)
    linear = sparse.csc_array(np.array([[1.0, 0, 0], [0, 2, 1], [0, 0, 1], [1, 0, 0]]))
    seen = grid(data, maps=[linear] * 6)
    plain = grid((data[0] @ linear.toarray(), *data[1:]))
    np.testing.assert_allclose(seen.test_score, plain.test_score, rtol=1e-6)


def test_a_concave_penalty_shrinks_the_largest_coefficient_less():
    data = cox.sample(n=N, p=6)
    plain, bent = grid(data), grid(data, concave="mcp")
    assert bent.all_converged
    assert abs(bent.coef(0, 1)[0]) > 1.1 * abs(plain.coef(0, 1)[0])


def test_an_adaptive_penalty_keeps_the_largest_coefficient_and_fewer_others():
    X, time, event, weights, stratum = cox.sample(n=N, p=6)
    loss, options = CoxLoss(time, stratum), {"sample_weight": weights, "alphas": ALPHAS, "tol": 1e-10}
    found = fit_adaptive_grid(X, event, splits(), loss=loss, **options)
    assert found.all_converged
    assert found.l1_factors[0] == 1
    assert np.all(found.support_size <= grid((X, time, event, weights, stratum)).support_size)


def test_folds_without_events_are_named():
    X, time, event, weights, stratum = cox.sample(n=N)
    late = np.argsort(time)
    event[late[:80]] = 0
    with pytest.raises(DataError, match="training rows of fold 1 have no event \\(80 rows\\)"):
        grid((X, time, event, weights, stratum), cv=[(late[:80], late[80:])])
    with pytest.raises(DataError, match="held-out rows of fold 1 have no event \\(80 rows\\)"):
        grid((X, time, event, weights, stratum), cv=[(late[80:], late[:80])])
    with pytest.raises(DataError, match="none of the 90 rows has an event"):
        grid((X, time, np.zeros(N), np.ones(N), stratum))
