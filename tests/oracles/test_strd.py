"""Without a penalty the fit is least squares, to as many digits as doubles allow."""

from fractions import Fraction

import numpy as np
import pytest

from shrinkwise import LinearRegressor
from shrinkwise.exceptions import ConvergenceWarning
from tests.oracles.strd import Reference, references

REFERENCES = references()
# Correct digits to ask for: about those of an orthogonal factorization of the scaled columns. Wampler5 has errors 1e4
# times its signal: its condition (1632 when standardized) squared times the size of the residual leaves 6.
DIGITS = {"Norris": 12, "Pontius": 11, "NoInt1": 14, "NoInt2": 14, "Longley": 10}
DIGITS |= {"Wampler1": 8, "Wampler2": 11, "Wampler3": 8, "Wampler4": 7, "Wampler5": 5}


def digits(found, expected):
    """Of the worst coefficient."""
    expected = np.array([float(value) for value in expected])
    error = np.abs((np.asarray(found) - expected) / expected)
    return float(np.min(-np.log10(np.maximum(error, 1e-17))))


def fitted(reference):
    model = LinearRegressor(0.0, fit_intercept=reference.intercept).fit(reference.X, reference.target)
    return model, np.r_[[model.intercept_] if reference.intercept else [], model.coef_]


@pytest.mark.parametrize("name", REFERENCES)
def test_rational_arithmetic_confirms_the_certified_values(name):
    reference = REFERENCES[name]
    assert digits([float(value) for value in reference.exact()], reference.certified) > 14


@pytest.mark.parametrize("name", DIGITS)
def test_least_squares_has_the_certified_coefficients(name):
    reference = REFERENCES[name]
    model, found = fitted(reference)
    assert model.converged_
    assert model.gap_ < 1e-20
    assert digits(found, reference.certified) >= DIGITS[name]


@pytest.mark.parametrize("name", DIGITS)
def test_no_digit_is_lost_beside_a_singular_value_decomposition(name):
    reference = REFERENCES[name]
    X, y = reference.X, reference.target
    A = np.column_stack([np.ones(len(y)), X]) if reference.intercept else X
    scale = np.linalg.norm(A, axis=0)
    theirs = np.linalg.lstsq(A / scale, y, rcond=None)[0] / scale
    _, ours = fitted(reference)
    assert digits(ours, reference.certified) >= min(13, digits(theirs, reference.certified)) - 1


def test_a_polynomial_whose_gram_has_no_digits_left_is_fitted_by_its_rows():
    """The exact fit of Filip's powers, once they are doubles, agrees with the certified one to 7.7 digits."""
    reference = REFERENCES["Filip"]
    model, found = fitted(reference)
    assert digits(found, reference.certified) >= 7
    left = left_to_gain(reference.X, reference.target, found, reference.exact(reference.X, reference.target))
    assert left <= model.gap_ < 1e-10
    assert model.converged_


def test_a_polynomial_whose_powers_have_no_digits_left_is_said_to_be_unfinished():
    reference = REFERENCES["Filip"]
    y, X = reference.target, reference.X[:, :1] ** np.arange(1, 17)
    with pytest.warns(ConvergenceWarning, match="center, rescale or drop nearly equal columns"):
        model, found = fitted(Reference([list(map(Fraction, column)) for column in X.T], reference.y, True, []))
    left = left_to_gain(X, y, found, reference.exact(X, y))
    assert model.gap_ >= left > 1e-8
    assert not model.converged_


def left_to_gain(X, y, found, exact):
    """What is missing to the least sum of squares, in units of that about the mean; in rational arithmetic."""
    y = list(map(Fraction, y.tolist()))
    here, least = (sum((v - b) ** 2 for v, b in zip(y, _curve(coef, X))) for coef in (map(Fraction, found), exact))
    mean = sum(y) / len(y)
    return float((here - least) / sum((v - mean) ** 2 for v in y))


def _curve(coef, X):
    """Exact predictions."""
    b, *coef = coef
    return [b + sum(c * Fraction(x) for c, x in zip(coef, row)) for row in X.tolist()]


def test_the_same_polynomial_in_other_columns_is_fitted_to_rounding():
    """Chebyshev's polynomials of t = (x − c)/h: the curve is the certified one."""
    reference = REFERENCES["Filip"]
    x, y = reference.X[:, 0], reference.target
    T = np.polynomial.chebyshev.chebvander((x - x.mean()) / np.ptp(x) * 2, 10)[:, 1:]
    model = LinearRegressor(0.0).fit(T, y)
    assert model.converged_
    coef = reference.exact()
    curve = [float(sum(c * value**k for k, c in enumerate(coef))) for value in reference.columns[0]]
    np.testing.assert_allclose(model.predict(T), curve, rtol=1e-12)
