"""Losses at the face: against scikit-learn, identities of offsets and exposure, and what is refused."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import GammaRegressor, PoissonRegressor, QuantileRegressor, TweedieRegressor
from sklearn.metrics import d2_tweedie_score, mean_gamma_deviance, mean_pinball_loss, mean_poisson_deviance

from shrinkwise import DataError, LinearClassifier, LinearRegressor, LinearRegressorCV, UsageError
from shrinkwise.losses import HuberLoss, QuantileLoss, TweedieLoss, as_loss
from tests.grid.splits import folds

N = 300


def data(loss="poisson", seed=0):
    """X, y, exposure, weights."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, 5))
    eta = X @ np.array([0.5, -0.3, 0.0, 0.2, 0.0]) + 0.4
    exposure = rng.uniform(0.5, 2.0, N)
    draws = {
        "poisson": lambda: rng.poisson(exposure * np.exp(eta)),
        "negative_binomial": lambda: rng.poisson(np.exp(eta) * rng.gamma(2, 0.5, N)),
        "gamma": lambda: np.exp(eta) * rng.gamma(2, 0.5, N),
        "tweedie": lambda: np.where(rng.uniform(size=N) < 0.4, 0, np.exp(eta) * rng.gamma(2, 0.5, N)),
    }
    y = draws.get(loss, lambda: eta + rng.standard_t(2, N))().astype(float)
    return X, y, exposure, rng.uniform(0.3, 3.0, N)


@pytest.mark.parametrize(
    ("loss", "peer"),
    [
        ("poisson", PoissonRegressor),
        ("gamma", GammaRegressor),
        ("tweedie:1.3", lambda **o: TweedieRegressor(power=1.3, link="log", **o)),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_agrees_with_scikit_learn(loss, peer, weighted):
    X, y, _, weights = data(loss.partition(":")[0])
    weights = weights if weighted else None
    model = LinearRegressor(0.1, loss=loss, l1_ratio=0.0, standardize=False, tol=1e-14)
    model.fit(X, y, sample_weight=weights)
    other = peer(alpha=0.1, solver="newton-cholesky", tol=1e-12).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=1e-7)
    np.testing.assert_allclose(model.intercept_, other.intercept_, rtol=1e-7)
    np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-7)
    assert model.score(X, y, sample_weight=weights) == pytest.approx(other.score(X, y, sample_weight=weights), rel=1e-9)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_a_sharp_corner_is_quantile_regression(quantile):
    """The smoothed loss is below ρ by at most (q² or (1 − q)²) h/2, so its minimizer loses no more than that on ρ."""
    X, y, _, _ = data("t")
    h = 1e-4
    model = LinearRegressor(0.02, loss=QuantileLoss(quantile, h), standardize=False, tol=1e-12).fit(X, y)
    exact = QuantileRegressor(quantile=quantile, alpha=0.02, solver="highs").fit(X, y)

    def objective(fit):
        return mean_pinball_loss(y, fit.predict(X), alpha=quantile) + 0.02 * np.abs(fit.coef_).sum()

    worst = max(quantile, 1 - quantile) ** 2 * h / 2
    assert 0 <= objective(model) - objective(exact) + 1e-9 <= worst + 2e-9
    assert np.mean(y <= model.predict(X)) == pytest.approx(quantile, abs=0.05)


def test_huber_with_a_wide_square_is_least_squares_and_ignores_an_outlier_with_a_narrow_one():
    X, y, _, _ = data("t")
    plain = LinearRegressor(0.01, tol=1e-12).fit(X, y)
    wide = LinearRegressor(0.01, loss=HuberLoss(1e6), tol=1e-12).fit(X, y)
    np.testing.assert_allclose(wide.coef_, plain.coef_, rtol=1e-8)
    spoiled = y.copy()
    spoiled[0] += 1e6
    robust, moved = (LinearRegressor(0.01, loss="huber").fit(X, target).coef_ for target in (y, spoiled))
    assert np.abs(moved - robust).max() < 0.1
    assert np.abs(LinearRegressor(0.01).fit(X, spoiled).coef_ - plain.coef_).max() > 10


def test_an_exposure_is_a_weight_of_the_rate():
    """Poisson: Σ eᵢ e^η − yᵢ (η + log eᵢ) = Σ eᵢ ( e^η − (yᵢ/eᵢ) η ) + constant."""
    X, y, exposure, _ = data()
    counts = LinearRegressor(0.05, loss="poisson", standardize=False, tol=1e-14).fit(X, y, exposure=exposure)
    rates = LinearRegressor(0.05 / exposure.mean(), loss="poisson", standardize=False, tol=1e-14)
    rates.fit(X, y / exposure, sample_weight=exposure)
    np.testing.assert_allclose(counts.coef_, rates.coef_, rtol=1e-8)
    np.testing.assert_allclose(counts.predict(X), rates.predict(X), rtol=1e-8)
    np.testing.assert_allclose(counts.predict(X, exposure=exposure), exposure * counts.predict(X), rtol=1e-13)
    again = LinearRegressor(0.05, loss="poisson", standardize=False, tol=1e-14).fit(X, y, offset=np.log(exposure))
    np.testing.assert_array_equal(again.coef_, counts.coef_)


@pytest.mark.parametrize("loss", ["squared", "huber:1.0", "quantile:0.3:0.1"])
def test_an_offset_is_taken_from_the_target_where_only_differences_count(loss):
    X, y, _, weights = data("t")
    known = 3 * weights
    with_offset = LinearRegressor(0.02, loss=loss).fit(X, y, offset=known)
    without = LinearRegressor(0.02, loss=loss).fit(X, y - known)
    np.testing.assert_array_equal(with_offset.coef_, without.coef_)
    np.testing.assert_allclose(with_offset.predict(X, offset=known), without.predict(X) + known)
    assert with_offset.score(X, y, offset=known) == pytest.approx(without.score(X, y - known), rel=1e-12)


def test_a_classifier_takes_an_offset():
    X, y, _, weights = data("t")
    labels = y > y.mean()
    model = LinearClassifier(0.01, tol=1e-13).fit(X, labels, offset=weights)
    column = LinearClassifier(0.01, penalty_weights=[1] * 5 + [0], lower=[-np.inf] * 5 + [0], tol=1e-13)
    free = column.fit(np.column_stack([X, weights]), labels)  # its coefficient is estimated: no worse, and not 1
    assert free.coef_[0, -1] != 1
    eta = model.decision_function(X, offset=weights)
    np.testing.assert_allclose(eta, X @ model.coef_[0] + model.intercept_ + weights, rtol=1e-12)
    score = ((model.predict_proba(X, offset=weights)[:, 1] - labels) @ np.column_stack([X, np.ones(N)])) / N
    active = np.append(model.coef_[0] != 0, True)
    sd = np.append(X.std(axis=0), 1.0)
    expected = np.append(-0.01 * np.sign(model.coef_[0]), 0.0) * sd
    np.testing.assert_allclose(score[active], expected[active], atol=1e-7)  # the optimality conditions


@pytest.mark.parametrize(
    ("loss", "error"),
    [("poisson", mean_poisson_deviance), ("gamma", mean_gamma_deviance), ("quantile:0.9", None), ("huber", None)],
)
def test_held_out_errors_are_those_of_a_loop_over_folds(loss, error):
    X, y, exposure, weights = data(loss.partition(":")[0])
    exposure = exposure if loss == "poisson" else None
    splits = folds(N, 4)
    search = LinearRegressorCV(loss=loss, cv=splits, alphas=[0.2, 0.05, 0.01], tol=1e-10)
    result = search.fit(X, y, sample_weight=weights, exposure=exposure).result_
    kind = search.result_.loss  # what a loss takes from the spread of y is that of all rows
    for k, (train, test) in enumerate(splits):
        for a, alpha in enumerate(result.alphas[0]):
            model = LinearRegressor(alpha, loss=kind, tol=1e-12)
            part = None if exposure is None else exposure[train]
            model.fit(X[train], y[train], sample_weight=weights[train], exposure=part)
            mean = model.predict(X[test], exposure=None if exposure is None else exposure[test])
            if error is None:
                expected = np.average(as_loss(kind).score(y[test], mean), weights=weights[test])
            else:
                expected = error(y[test], mean, sample_weight=weights[test])
            assert result.test_score[0, a, k] == pytest.approx(expected, rel=1e-6)


def test_the_share_of_deviance_explained_is_that_of_scikit_learn():
    X, y, _, weights = data("tweedie")
    model = LinearRegressor(0.02, loss=TweedieLoss(1.4)).fit(X, y)
    expected = d2_tweedie_score(y, model.predict(X), sample_weight=weights, power=1.4)
    assert model.score(X, y, sample_weight=weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loss", ["poisson", "tweedie:1.7", "huber:2.0", QuantileLoss(0.2), TweedieLoss()])
def test_a_loss_survives_cloning(loss):
    model = clone(LinearRegressor(loss=loss))
    assert model.get_params()["loss"] == loss


@pytest.mark.parametrize(
    ("loss", "y", "options", "error", "words"),
    [
        ("hinge", 1, {}, UsageError, ["loss must be one of", "hinge"]),
        (3, 1, {}, UsageError, ["loss must be one of", "3"]),
        ("logistic", 1, {}, UsageError, ["logistic", "LinearClassifier"]),
        ("poisson:1", 1, {}, UsageError, ["too many parameters"]),
        ("quantile:high", 1, {}, UsageError, ["must be a number", "high"]),
        ("quantile:1", 1, {}, UsageError, ["quantile must be in (0, 1)", "1"]),
        ("tweedie:2", 1, {}, UsageError, ["power must be in (1, 2)", "gamma"]),
        ("negative_binomial:0", 1, {}, UsageError, ["theta must be > 0", "0"]),
        ("negative_binomial:-2", 1, {}, UsageError, ["theta must be > 0", "-2"]),
        ("huber:nan", 1, {}, UsageError, ["delta must be > 0", "nan"]),
        ("poisson", -1, {}, DataError, ["poisson", "y >= 0", "got -1 at row 17"]),
        ("gamma", 0, {}, DataError, ["gamma", "y > 0", "got 0 at row 17"]),
        ("tweedie", -0.5, {}, DataError, ["tweedie", "-0.5 at row 17"]),
        ("negative_binomial", -3, {}, DataError, ["negative_binomial", "-3 at row 17"]),
        ("poisson", np.inf, {}, DataError, ["infinity", "row 17"]),
        ("poisson", 1, {"exposure": np.zeros(N)}, DataError, ["exposure must be > 0", "0 at row 0"]),
        ("poisson", 1, {"exposure": np.ones(N - 1)}, DataError, ["exposure has length 299", "300"]),
        ("poisson", 1, {"offset": np.ones(N + 1)}, DataError, ["offset has length 301", "300"]),
        ("poisson", 1, {"offset": np.full(N, np.nan)}, DataError, ["offset", "NaN", "row 0"]),
        ("poisson", 1, {"offset": ["a"] * N}, DataError, ["offset"]),
        ("squared", 1, {"exposure": np.ones(N)}, UsageError, ["exposure needs a loss with a log link", "squared"]),
    ],
)
@pytest.mark.parametrize("kind", [LinearRegressor, LinearRegressorCV])
def test_bad_input_is_refused_by_name(kind, loss, y, options, error, words):
    X = data()[0]
    target = np.ones(N)
    target[::3], target[17] = 2.0, y
    with pytest.raises(error) as caught:
        kind(loss=loss).fit(X, target, **options)
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_target_of_zeros_has_no_log_mean():
    X, y, _, _ = data()
    with pytest.raises(DataError, match="hold only y = 0"):
        LinearRegressor(loss="poisson").fit(X, 0 * y)
    y[:200] = 0
    splits = [*folds(N, 4), (np.arange(200), np.arange(200, N))]
    with pytest.raises(DataError, match=r"fold 5.*hold only y = 0"):
        LinearRegressorCV(loss="poisson", cv=splits).fit(X, y)
