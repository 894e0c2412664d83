import math

import numpy as np
import pytest

from shrinkwise.losses import LogisticLoss

LOSS = LogisticLoss()
EPS = np.finfo(float).eps


def test_values_are_those_of_the_formula():
    y, eta = np.array([0.0, 1.0, 0.25]), np.array([math.log(3), 0.0, -math.log(4)])
    np.testing.assert_allclose(
        LOSS.value(y, eta), [math.log(4), math.log(2), math.log(1.25) + 0.25 * math.log(4)], rtol=4 * EPS
    )
    np.testing.assert_allclose(LOSS.inverse_link(eta), [0.75, 0.5, 0.2], rtol=4 * EPS)
    np.testing.assert_allclose(LOSS.gradient(y, eta), [0.75, -0.5, -0.05], rtol=16 * EPS)
    np.testing.assert_allclose(LOSS.hessian(y, eta), [0.1875, 0.25, 0.16], rtol=4 * EPS)
    np.testing.assert_allclose(LOSS.link(np.array([0.75, 0.5, 0.2])), eta, atol=4 * EPS)


def test_deviance_of_a_class_is_twice_the_log_loss():
    y, eta = np.array([0.0, 1.0]), np.array([0.3, 0.3])
    np.testing.assert_array_equal(LOSS.deviance(y, eta), 2 * LOSS.score(y, eta))


@pytest.mark.parametrize("eta", [-1e308, -1e4, -750.0, 750.0, 1e4, 1e308])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_nothing_overflows_far_from_zero(eta, target):
    wrong = (eta > 0) != (target > 0)
    y, eta = np.array([target]), np.array([eta])
    with np.errstate(all="raise", under="ignore"):
        assert LOSS.value(y, eta)[0] == (abs(eta[0]) if wrong else 0.0)
        assert abs(LOSS.gradient(y, eta)[0]) == float(wrong)
        assert LOSS.hessian(y, eta)[0] == 0.0
        assert LOSS.slack(y, eta, LOSS.gradient(y, eta))[0] == 0.0


def test_small_probabilities_keep_their_digits():
    eta = np.array([-30.0, -600.0])
    np.testing.assert_allclose(LOSS.inverse_link(eta), np.exp(eta), rtol=1e-12)
    np.testing.assert_allclose(LOSS.value(np.zeros(2), eta), np.exp(eta), rtol=1e-12)
    np.testing.assert_allclose(LOSS.hessian(np.zeros(2), eta), np.exp(eta), rtol=1e-12)


def test_small_residuals_keep_their_digits():
    eta = np.array([5.0, 15.0, 30.0, 600.0])
    np.testing.assert_allclose(LOSS.gradient(np.ones(4), eta), -1 / (1 + np.exp(eta)), rtol=1e-12)
    np.testing.assert_allclose(LOSS.gradient(np.zeros(4), -eta), 1 / (1 + np.exp(eta)), rtol=1e-12)
    np.testing.assert_array_equal(LOSS.gradient(np.ones(4), eta), -LOSS.gradient(np.zeros(4), -eta))


def test_conjugate_is_negative_entropy_and_infinite_outside_of_it():
    y = np.zeros(5)
    u = np.array([-0.1, 0.0, 0.5, 1.0, 1.1])
    np.testing.assert_allclose(LOSS.conjugate(y, u), [np.inf, 0.0, -math.log(2), 0.0, np.inf], atol=EPS)
    assert np.isinf(LOSS.slack(y, np.ones(5), u)[[0, 4]]).all()


def test_predictors_that_tell_all_rows_apart_are_known():
    y, eta = np.array([0.0, 1.0, 1.0]), np.array([-0.1, 3.0, 1e-9])
    assert LOSS.separates(y, eta)
    assert not LOSS.separates(y, eta - 1e-9)
    assert not LOSS.separates(np.array([0.0, 1.0, 0.9]), eta)
