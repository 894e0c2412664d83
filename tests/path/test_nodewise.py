import numpy as np
import pytest

from shrinkwise.design import as_design
from shrinkwise.path import nodewise
from shrinkwise.path.nodewise import LeastSquares, nodewise_directions, tolerated_bias
from tests.linear.data import weights_of


def standardized(n, p, seed=0, weights=None):
    """A design of neighbours correlated by 1/2, its weights, and its standardized columns."""
    X = np.random.default_rng(seed).standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    weights = np.full(n, 1 / n) if weights is None else weights / weights.sum()
    design = as_design(X)[0].standardized(weights[:, None], True)
    return design, weights, design.explicit()


def test_directions_are_what_they_say():
    design, weights, Z = standardized(60, 90, weights=weights_of(60))
    columns, n = np.array([3, 50, 89]), 59
    found = nodewise_directions(design, weights, columns, n)
    for row, j in enumerate(columns):
        theta = found.theta[[row]].toarray()[0]
        z = Z @ theta
        seen, length = np.abs(Z.T @ (weights * z)), np.sqrt(weights @ z**2)
        assert theta[j] == 1
        assert found.pull[row] == pytest.approx(seen[j])
        assert found.noise[row] == pytest.approx(length / seen[j])
        assert found.bias[row] == pytest.approx(np.sqrt(n) * np.max(np.delete(seen, j)) / length)


def test_directions_trade_a_quarter_of_noise_for_bias_and_no_more(monkeypatch):
    design, weights, _ = standardized(80, 120)
    columns = np.arange(0, 120, 10)
    found = nodewise_directions(design, weights, columns, 80)
    monkeypatch.setattr(nodewise, "ALLOWANCE", 0.0)
    first = nodewise_directions(design, weights, columns, 80)  # good enough, and no noisier than that asks for
    assert np.all(first.bias <= tolerated_bias(120))
    assert np.all(found.bias < first.bias)
    assert np.all(found.noise <= 1.25 * first.noise)
    assert np.all(first.noise >= 1 - 1e-12)  # a column alone has noise 1: nothing has less


def test_least_squares_sees_no_other_column():
    design, weights, Z = standardized(80, 10)
    columns = np.arange(10)
    found = LeastSquares.of(design.gram(weights)).directions(columns)
    z = Z @ found.theta.toarray().T
    np.testing.assert_allclose(Z.T @ (weights[:, None] * z), np.diag(found.pull), atol=1e-12)
    np.testing.assert_array_equal(found.bias, 0)


def test_least_squares_needs_independent_columns():
    gram = np.ones((2, 2))
    assert LeastSquares.of(gram) is None
    gram[0, 1] = gram[1, 0] = 1 - 1e-9
    assert LeastSquares.of(gram) is None
    gram[0, 1] = gram[1, 0] = 1 - 1e-7
    assert LeastSquares.of(gram) is not None


def test_a_constant_column_is_nothing_to_the_others():
    design, weights, _ = standardized(40, 5)
    gram = np.zeros((6, 6))
    gram[:5, :5] = design.gram(weights)
    alone = LeastSquares.of(design.gram(weights)).directions(np.arange(5))
    found = LeastSquares.of(gram).directions(np.arange(5))
    np.testing.assert_allclose(found.pull, alone.pull)
    np.testing.assert_allclose(found.theta.toarray()[:, :5], alone.theta.toarray())


def test_working_sets_find_the_directions_of_all_columns(monkeypatch):
    design, weights, _ = standardized(60, 300)
    columns = np.array([0, 7, 299])
    monkeypatch.setattr(nodewise, "TOL", 1e-7)
    whole = nodewise_directions(design, weights, columns, 60)
    for name, value in (("WHOLE", 100), ("WORKING", 30), ("ADDED", 40), ("ROUNDS", 20), ("LEFT_OUT", 1 + 1e-6)):
        monkeypatch.setattr(nodewise, name, value)
    found = nodewise_directions(design, weights, columns, 60)
    np.testing.assert_allclose(found.noise, whole.noise, rtol=1e-4)
    np.testing.assert_allclose(found.bias, whole.bias, rtol=1e-4)


def test_the_only_column_is_its_own_direction():
    design, weights, _ = standardized(20, 1)
    found = nodewise_directions(design, weights, np.array([0]), 20)
    assert (found.noise[0], found.bias[0]) == (pytest.approx(1), 0)
