"""Least squares by the rows: the gap is never below what rational arithmetic finds is left to gain."""

import sys
from fractions import Fraction

import numpy as np
import pytest

from shrinkwise.losses import LOSSES
from shrinkwise.path.orthogonal import least_squares
from shrinkwise.path.solve import one_problem, solve
from shrinkwise.penalties import ElasticNet, GroupLasso


def alike(n=12, p=4, apart=1e-6, far=0.0, seed=0):
    """Columns that are as alike as ``apart``, ``far`` from zero, and a target."""
    rng = np.random.default_rng(seed)
    X = far + rng.standard_normal((n, 1)) + apart * rng.standard_normal((n, p))
    return X, X @ np.arange(1.0, p + 1) + rng.standard_normal(n)


def problem_of(X, y, **options):
    problem, _, unit, _ = one_problem(X, y, loss=LOSSES["squared"], **{"penalty": ElasticNet()} | options)
    return problem, unit


def left_to_gain(X, y, weights, coef, intercept, centered):
    """What is missing to the least weighted sum of squares, in units of that of the null model; exact."""
    y, s = list(map(Fraction, y.tolist())), list(map(Fraction, weights.tolist()))
    columns = [list(map(Fraction, column)) for column in X.T.tolist()]
    columns = [[Fraction(1)] * len(y), *columns] if centered else columns
    by_weight = [[a * b for a, b in zip(s, column)] for column in columns]
    exact = normal_equations(by_weight, columns, y)
    found = list(map(Fraction, [intercept, *coef] if centered else coef))

    def squares(w):
        fit = [sum(b * v for b, v in zip(w, row)) for row in zip(*columns)]
        return sum(a * (t - f) ** 2 for a, t, f in zip(s, y, fit))

    mean = sum(a * t for a, t in zip(s, y)) / sum(s) if centered else 0
    return float((squares(found) - squares(exact)) / sum(a * (t - mean) ** 2 for a, t in zip(s, y)))


def normal_equations(lefts, columns, y):
    """w of L'Xw = L'y by elimination."""
    rows = [[sum(a * b for a, b in zip(left, column)) for column in (*columns, y)] for left in lefts]
    for k, row in enumerate(rows):
        rows[k] = [value / row[k] for value in row]
        for i in range(len(rows)):
            if i != k:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k])]
    return [row[-1] for row in rows]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("far", [0.0, 1e4])
@pytest.mark.parametrize("apart", [1e-1, 1e-4, 1e-7, 1e-9])
def test_the_gap_is_no_less_than_what_is_left_to_gain(apart, far, centered, seed):
    X, y = alike(apart=apart, far=far, seed=seed)
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, len(y))
    problem, unit = problem_of(X, y, sample_weight=weights, fit_intercept=centered)
    found = least_squares(problem, 0.0, centered)
    if found is None:  # columns that lie 1e4 away and 1e-9 apart are the same but for rounding
        assert far / apart > 1e8
        return
    coef, intercept = problem.in_data_units(found[0], 0.0, unit)
    left = left_to_gain(X, y, weights, coef, intercept, centered)
    assert 0 <= left <= found[1] < 1e-6


def test_a_fit_that_its_gram_cannot_certify_is_certified_by_its_rows(monkeypatch):
    X, y = alike(n=40, p=5, apart=1e-8)
    known = {"loss": LOSSES["squared"], "penalty": ElasticNet(), "alpha": 0.0, "tol": 1e-8}
    fit = solve(X, y, **known)
    by_rows = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=1e-16)[0]
    assert fit.converged
    np.testing.assert_allclose(fit.coef, by_rows, rtol=1e-6)
    monkeypatch.setattr(sys.modules["shrinkwise.path.solve"], "least_squares", lambda *_: None)
    assert not solve(X, y, **known).converged


@pytest.mark.parametrize(
    "options",
    [
        {"penalty": ElasticNet(lower=0.0)},
        {"penalty": GroupLasso(groups=[0, 0, 1, 1]), "alpha": 0.1},
        {"alpha": 0.1},
        {"loss": LOSSES["logistic"]},
        {"columns": [0, 0, 1]},
        {"columns": [0, 1] * 8},
    ],
    ids=["bounds", "groups", "penalty", "logistic", "dependent columns", "more columns than rows"],
)
def test_what_is_no_plain_least_squares_is_left_alone(options):
    X, y = alike()
    X = X[:, options.pop("columns", [0, 1, 2, 3])]
    alpha, loss = options.pop("alpha", 0.0), options.pop("loss", LOSSES["squared"])
    target = y if loss.quadratic else (y > y.mean()).astype(float)
    problem, *_ = one_problem(X, target, loss=loss, **{"penalty": ElasticNet()} | options)
    assert least_squares(problem, alpha, True) is None


def test_constant_columns_and_columns_held_at_zero_stay_at_zero():
    X, y = alike()
    X = np.column_stack([X, np.ones(len(y)), np.arange(len(y))])
    bounds = np.r_[np.full(5, np.inf), 0.0]
    problem, _ = problem_of(X, y, penalty=ElasticNet(lower=-bounds, upper=bounds))
    w, gap = least_squares(problem, 0.0, True)
    assert gap < 1e-8
    assert not np.any(w[4:])
    plain, _ = problem_of(X[:, :4], y)
    np.testing.assert_array_equal(w[:4], least_squares(plain, 0.0, True)[0])
