"""The lasso path of the diabetes data as Efron, Hastie, Johnstone & Tibshirani published it (Ann. Statist. 2004).

Figure 1 and sec. 3.1: variables enter in the order 3, 9, 4, 7, 2, 10, 5, 8, 6, 1; on the path of the lasso 7 (hdl)
then leaves and comes back.
"""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import lars_path

from shrinkwise import LinearRegressor
from shrinkwise.grid import fit_grid

MOVES = [3, 9, 4, 7, 2, 10, 5, 8, 6, 1, -7, 7]
# The strengths of these moves in the units of the paper (columns of norm 1, no 1/n), as the R package of its authors
# prints them. Its table has more digits of s4 and s5 than the public one: strengths of that differ by up to 2e-4.
KNOTS = [949.435260, 889.315991, 452.900969, 316.074053, 130.130851, 88.782430]
KNOTS += [68.965221, 19.981255, 5.477473, 5.089179, 2.182250, 1.310435]
ROUNDED = 2e-4


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, scaled=False)


@pytest.fixture(scope="module")
def homotopy(diabetes):
    """Knots and coefficients of standardized columns from LARS, an algorithm without a tolerance."""
    X, y = diabetes
    alphas, _, coefs = lars_path((X - X.mean(axis=0)) / X.std(axis=0), y - y.mean(), method="lasso")
    return alphas, coefs.T


def supports():
    """The published supports: none above the first knot, then the one below each knot."""
    found = [set()]
    for move in MOVES:
        found.append(found[-1] - {-move} if move < 0 else found[-1] | {move})
    return found


def support(coef):
    return set((np.flatnonzero(coef) + 1).tolist())


def test_the_homotopy_has_the_published_moves_and_strengths(diabetes, homotopy):
    alphas, coefs = homotopy
    np.testing.assert_allclose(alphas[:-1] * np.sqrt(len(diabetes[1])), KNOTS, rtol=ROUNDED)
    assert [support(line) for line in (coefs[:-1] + coefs[1:]) / 2] == supports()[1:]


def test_variables_enter_and_leave_at_the_knots_and_nowhere_else(diabetes, homotopy):
    for knot, above, below in zip(homotopy[0], supports(), supports()[1:], strict=False):
        for alpha, expected in ((knot * (1 + 1e-6), above), (knot * (1 - 1e-6), below)):
            assert support(LinearRegressor(alpha, tol=1e-15).fit(*diabetes).coef_) == expected, (alpha, expected)


def test_coefficients_at_every_knot_are_those_of_the_homotopy(diabetes, homotopy):
    X, y = diabetes
    for alpha, coef in zip(*homotopy, strict=True):
        ours = LinearRegressor(alpha, tol=1e-15).fit(X, y)
        np.testing.assert_allclose(ours.coef_ * X.std(axis=0), coef, rtol=0, atol=1e-10 * np.max(np.abs(homotopy[1])))


@pytest.mark.parametrize("tall", [True, False], ids=["moments", "rows"])
def test_a_grid_down_the_path_has_the_published_supports(diabetes, tall, monkeypatch):
    monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda _: tall)
    X, y = diabetes
    knots = np.array([*KNOTS, 0.5]) / np.sqrt(len(y))
    rows = np.arange(len(y))
    result = fit_grid(X, y, [(rows[::2], rows[1::2])], alphas=np.sqrt(knots[:-1] * knots[1:]), tol=1e-12)
    assert [support(result.coef(0, index)) for index in range(len(MOVES))] == supports()[1:]
