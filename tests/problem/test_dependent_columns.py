"""Unpenalized columns whose Gram is singular to rounding: the certificate does not pretend to see through it."""

import warnings
from fractions import Fraction

import numpy as np
import pytest

from shrinkwise import LinearRegressor
from shrinkwise.exceptions import ConvergenceWarning
from shrinkwise.grid import fit_grid
from tests.oracles.strd import least_squares


def powers(degree):
    """Powers of x far from 0: with each degree the condition of the standardized columns grows tenfold."""
    x = np.linspace(3.0, 9.0, 60)
    return np.column_stack([x**k for k in range(1, degree + 1)]), np.sin(5 * x) + np.cos(x) / (x - 2)


def left_to_gain(X, y, models):
    """Above the least squares of these very floats, in units of the null loss, without rounding."""
    columns = [[Fraction(1)] * len(y), *([Fraction(value) for value in column] for column in X.T.tolist())]
    target = [Fraction(value) for value in y.tolist()]

    def loss(coef):
        return sum((t - sum(c * v for c, v in zip(coef, row))) ** 2 for t, row in zip(target, zip(*columns)))

    least = loss(least_squares(columns, target))
    null = np.sum((y - y.mean()) ** 2)
    return [
        float(loss([Fraction(float(b)), *(Fraction(c) for c in coef.tolist())]) - least) / null for coef, b in models
    ]


@pytest.mark.parametrize("degree", [3, 6, 9, 12])
def test_a_gap_of_dependent_columns_is_not_below_what_is_left_to_gain(degree):
    X, y = powers(degree)
    rows = np.arange(len(y))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = LinearRegressor(0.0).fit(X, y)
    grid = fit_grid(X, y, [(rows, rows)], alphas=[1e-3], penalty_weights=np.zeros(degree))
    models = [(model.coef_, model.intercept_), (grid.coef(0, 0), grid.intercept(0, 0))]
    for gap, left, (coef, _) in zip((model.gap_, grid.gaps[0, 0, -1]), left_to_gain(X, y, models), models, strict=True):
        size = np.sum(np.abs(coef) * X.std(axis=0))
        assert gap >= left - np.finfo(float).eps * size**2 / np.var(y)  # sums of terms of this size have these digits
    assert model.converged_ == (degree <= 9)  # the Gram of 9 has no digits left, a factorization of the rows has
    assert [record.category for record in said] == ([] if model.converged_ else [ConvergenceWarning])
    assert grid.converged[0, 0, -1] == (degree <= 6)  # one strength of a path stays with the Gram, and says so
