import numpy as np
import pytest
from scipy import optimize

from shrinkwise.exceptions import UsageError
from shrinkwise.losses import LogisticLoss, as_loss
from shrinkwise.losses.multinomial import MultinomialLoss

EPS = np.finfo(float).eps
SIZES = [2, 3, 5]


def rows_of(classes, n=7, seed=0):
    """Indicators and mixtures of classes, and predictors, (n, K)."""
    rng = np.random.default_rng(seed)
    y = np.eye(classes)[rng.integers(classes, size=n)]
    y[0] = rng.dirichlet(np.ones(classes))
    return y, 2 * rng.standard_normal((n, classes))


def by_row(values, classes):
    return values.reshape(-1, classes).sum(axis=1)


def log_sum(eta):
    top = eta.max(axis=1)
    return top + np.log(np.exp(eta - top[:, None]).sum(axis=1))


@pytest.mark.parametrize("classes", SIZES)
def test_values_of_a_row_sum_to_the_formula(classes):
    y, eta = rows_of(classes)
    loss = MultinomialLoss(classes)
    found = by_row(loss.value(y.ravel(), eta.ravel()), classes)
    np.testing.assert_allclose(found, log_sum(eta) - (y * eta).sum(axis=1), atol=32 * EPS)
    mu = loss.inverse_link(eta.ravel()).reshape(eta.shape)
    np.testing.assert_allclose(mu, np.exp(eta - log_sum(eta)[:, None]), rtol=32 * EPS)
    np.testing.assert_allclose(loss.inverse_link(loss.link(mu.ravel())), mu.ravel(), rtol=32 * EPS)


@pytest.mark.parametrize("classes", SIZES)
def test_gradient_and_curvature_are_central_differences(classes):
    y, eta = rows_of(classes)
    loss, h = MultinomialLoss(classes), 1e-5
    blocks = loss.curvature(y.ravel(), eta.ravel()).reshape(-1, classes, classes)
    gradient = loss.gradient(y.ravel(), eta.ravel()).reshape(-1, classes)
    for c in range(classes):
        up, down = (
            (loss.value(y.ravel(), moved), loss.gradient(y.ravel(), moved))
            for moved in ((eta + sign * h * np.eye(classes)[c]).ravel() for sign in (1, -1))
        )
        np.testing.assert_allclose(by_row(up[0] - down[0], classes) / (2 * h), gradient[:, c], atol=1e-9)
        np.testing.assert_allclose((up[1] - down[1]).reshape(-1, classes) / (2 * h), blocks[:, c], atol=1e-9)
    np.testing.assert_array_equal(blocks, blocks.transpose(0, 2, 1))
    diagonal = np.einsum("ncc->nc", blocks).ravel()
    np.testing.assert_allclose(loss.diagonal(y.ravel(), eta.ravel()), diagonal, rtol=8 * EPS)
    np.testing.assert_allclose(blocks.sum(axis=2), 0, atol=4 * EPS)


def test_two_classes_are_the_logistic_loss_of_the_difference():
    two, logistic = MultinomialLoss(2), LogisticLoss()
    y, eta = rows_of(2, n=40)
    second, odds, u = y[:, 1], eta[:, 1] - eta[:, 0], 0.3 * (0.5 - y[:, 1])
    both = np.column_stack([-u, u]).ravel()
    flat = y.ravel(), eta.ravel()
    np.testing.assert_allclose(by_row(two.value(*flat), 2), logistic.value(second, odds), atol=16 * EPS)
    np.testing.assert_allclose(two.gradient(*flat)[1::2], logistic.gradient(second, odds), atol=16 * EPS)
    np.testing.assert_allclose(two.hessian(*flat)[1::2], logistic.hessian(second, odds), atol=16 * EPS)
    np.testing.assert_allclose(by_row(two.deviance(*flat), 2), logistic.deviance(second, odds), atol=32 * EPS)
    np.testing.assert_allclose(by_row(two.conjugate(y.ravel(), both), 2), logistic.conjugate(second, u), atol=16 * EPS)
    np.testing.assert_allclose(by_row(two.slack(*flat, both), 2), logistic.slack(second, odds, u), atol=32 * EPS)


@pytest.mark.parametrize("classes", SIZES)
def test_the_slack_of_a_row_is_value_plus_conjugate_minus_product(classes):
    y, eta = rows_of(classes, n=50)
    loss, v = MultinomialLoss(classes), np.random.default_rng(1).dirichlet(np.ones(classes), size=50)
    u = (v - y).ravel()
    slack = by_row(loss.slack(y.ravel(), eta.ravel(), u), classes)
    apart = loss.value(y.ravel(), eta.ravel()) + loss.conjugate(y.ravel(), u) - u * eta.ravel()
    np.testing.assert_allclose(slack, by_row(apart, classes), atol=64 * EPS)
    assert np.all(slack >= 0)
    at_gradient = loss.slack(y.ravel(), eta.ravel(), loss.gradient(y.ravel(), eta.ravel()))
    assert np.min(at_gradient) >= 0
    assert np.max(at_gradient * loss.inverse_link(eta.ravel())) <= EPS**2  # (v − μ)²/2μ, v rounded to EPS


def test_the_conjugate_is_the_supremum():
    y, v = np.array([0.0, 1.0, 0.0]), np.array([0.2, 0.5, 0.3])
    loss, u = MultinomialLoss(3), v - y
    found = optimize.minimize(lambda eta: loss.value(y, eta).sum() - u @ eta, np.zeros(3), tol=1e-12)
    assert loss.conjugate(y, u).sum() == pytest.approx(-found.fun, abs=1e-9)
    low, high = loss.slopes(y)
    np.testing.assert_array_equal(np.isfinite(loss.conjugate(y, low)), True)
    np.testing.assert_array_equal(np.isfinite(loss.conjugate(y, high)), True)
    assert np.all(np.isinf(loss.conjugate(y, low - 1e-9)))
    assert np.all(np.isinf(loss.slack(y, np.zeros(3), high + 1e-9)))


def test_deviance_of_a_class_is_twice_its_log_loss():
    _, eta = rows_of(4)
    y = np.eye(4)[[0, 1, 2, 3, 3, 1, 0]]
    loss = MultinomialLoss(4)
    deviance = by_row(loss.deviance(y.ravel(), eta.ravel()), 4)
    np.testing.assert_allclose(deviance, 2 * by_row(loss.score(y.ravel(), eta.ravel()), 4), rtol=1e-13)
    mixed = np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(loss.deviance(mixed, np.log(mixed) + 5.0), 0, atol=1e-28)


@pytest.mark.parametrize("size", [750.0, 1e4, 1e300])
@pytest.mark.parametrize("target", [0, 1, 2])
def test_nothing_overflows_far_from_zero(size, target):
    loss, y, eta = MultinomialLoss(3), np.eye(3)[target], np.array([size, -size, 0.0])
    with np.errstate(all="raise", under="ignore"):
        assert loss.value(y, eta).sum() == pytest.approx(size - eta[target], abs=EPS)
        np.testing.assert_array_equal(loss.gradient(y, eta), np.eye(3)[0] - y)
        assert not np.any(loss.curvature(y, eta))
        assert loss.slack(y, eta, loss.gradient(y, eta)).sum() == 0
        assert loss.deviance(y, eta).sum() == pytest.approx(2 * (size - eta[target]), abs=EPS)


@pytest.mark.parametrize("far", [5.0, 15.0, 30.0, 600.0])
def test_small_residuals_keep_their_digits(far):
    """The class that is all but sure: its share is 1 to rounding, what is missing to it is not."""
    loss, y, eta = MultinomialLoss(3), np.array([0.0, 1.0, 0.0]), np.array([-far, 1.0, -far - 1])
    odds = np.exp(eta - 1)
    others = odds[0] + odds[2]
    missing = others / (1 + others)
    np.testing.assert_allclose(
        loss.gradient(y, eta), [odds[0] / (1 + others), -missing, odds[2] / (1 + others)], rtol=1e-12
    )
    np.testing.assert_allclose(loss.value(y, eta).sum(), np.log1p(others), rtol=1e-12)
    np.testing.assert_allclose(loss.hessian(y, eta)[1], missing / (1 + others), rtol=1e-12)
    np.testing.assert_allclose(loss.curvature(y, eta).sum(axis=1), 0, atol=4 * EPS * missing)


def test_several_problems_stand_side_by_side():
    loss, (y, eta) = MultinomialLoss(3), rows_of(3)
    flat, both = y.ravel(), np.column_stack([eta.ravel(), 2 * eta.ravel()])
    target = np.column_stack([flat, flat])
    for name in ("value", "gradient", "hessian", "deviance"):
        found = getattr(loss, name)(target, both)
        np.testing.assert_array_equal(found[:, 1], getattr(loss, name)(flat, 2 * eta.ravel()))


def test_the_loss_has_a_name():
    assert as_loss("multinomial:4") == MultinomialLoss(4)
    assert as_loss(MultinomialLoss(4).spec) == MultinomialLoss(4)
    for bad in ("multinomial:1", "multinomial:2.5", "multinomial:x", "multinomial:3:3"):
        with pytest.raises(UsageError):
            as_loss(bad)


def test_predictors_that_tell_all_rows_apart_are_known():
    loss = MultinomialLoss(3)
    y, eta = np.eye(3)[[0, 2, 1]], np.array([[1.0, 0.5, 0.9], [-2.0, -3.0, -1.0], [0.0, 1e-9, -1.0]])
    assert loss.separates(y.ravel(), eta.ravel())
    assert not loss.separates(y[::-1].ravel(), eta.ravel())
    tied = eta.copy()
    tied[2, 1] = 0.0
    assert not loss.separates(y.ravel(), tied.ravel())
    mixed = y.copy()
    mixed[0] = [0.9, 0.1, 0.0]
    assert not loss.separates(mixed.ravel(), eta.ravel())
