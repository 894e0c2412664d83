import numpy as np
import pytest

from shrinkwise.losses import SquaredLoss

LOSS = SquaredLoss()


def test_values_are_those_of_the_formula():
    y, eta = np.array([1.0, -2.0, 0.0]), np.array([3.0, -2.0, 0.5])
    assert LOSS.value(y, eta).tolist() == [2.0, 0.0, 0.125]
    assert LOSS.gradient(y, eta).tolist() == [2.0, 0.0, 0.5]
    assert LOSS.hessian(y, eta).tolist() == [1.0, 1.0, 1.0]
    assert LOSS.conjugate(y, eta).tolist() == [7.5, 6.0, 0.125]
    assert LOSS.score(y, eta).tolist() == LOSS.deviance(y, eta).tolist() == [4.0, 0.0, 0.25]


def test_mean_is_the_predictor():
    eta = np.array([-1e300, 0.0, 7.0])
    assert LOSS.link(eta).tolist() == LOSS.inverse_link(eta).tolist() == eta.tolist()


def test_slack_keeps_its_digits_near_the_gradient():
    y, eta, u = np.array([1e8]), np.array([1e8 + 1]), np.array([1 + 1e-7])
    true = pytest.approx(0.5e-14, rel=1e-8, abs=0)
    assert LOSS.slack(y, eta, u)[0] == true
    assert (LOSS.value(y, eta) + LOSS.conjugate(y, u) - u * eta)[0] != true  # where no digit is left


def test_float32_stays_float32():
    y, eta = np.float32([1.0, 0.0]), np.float32([0.5, 0.25])
    for method in ("value", "gradient", "hessian", "deviance", "score", "conjugate"):
        assert getattr(LOSS, method)(y, eta).dtype == np.float32
