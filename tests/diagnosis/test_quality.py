"""What held-out predictions are worth, against formulas over all rows and against simulation."""

import dataclasses
import math

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, r2_score, roc_auc_score, roc_curve

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis import Quality, quality
from shrinkwise.diagnosis._binned import bin_means, ranked_bins, ratio_with_error, weighted_quantiles
from shrinkwise.diagnosis._ranking import auc, gini
from shrinkwise.diagnosis._slope import calibration_slope
from shrinkwise.diagnosis.concordance import concordance, concordance_with_error
from shrinkwise.exceptions import DataError
from shrinkwise.losses import SquaredLoss, as_loss
from shrinkwise.losses.cox import CoxLoss

N = 400
LOSSES = ("squared", "huber:1.3", "quantile:0.8:0.1", "logistic", "multinomial:3", "poisson", "gamma", "tweedie:1.5")


def drawn(loss, n=N, seed=0):
    """Targets and their true predictors."""
    rng = np.random.default_rng(seed)
    name = as_loss(loss).name
    eta = rng.normal(0.2, 0.8, n)
    if name == "logistic":
        return (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float), eta
    if name == "multinomial":
        eta = rng.normal(size=(n, 3))
        return np.eye(3)[np.argmax(eta + rng.gumbel(size=(n, 3)), axis=1)], eta
    if name in ("poisson", "tweedie", "negative_binomial"):
        return rng.poisson(np.exp(eta)).astype(float), eta
    if name == "gamma":
        return rng.gamma(2.0, np.exp(eta) / 2), eta
    return eta + rng.normal(size=n), eta + (0.8416 if name == "quantile" else 0.0)


def of(found, measure):
    rank = next(rank for rank, name in enumerate(found.measures) if name.startswith(measure))
    return found.values[rank], found.errors[rank]


@pytest.mark.parametrize("loss", LOSSES)
def test_integer_weights_are_rows_that_stand_several_times_and_zero_weights_none(loss):
    n = 1200  # so that residuals have all their bins either way
    y, eta = drawn(loss, n)
    times = np.random.default_rng(1).integers(0, 4, n)
    once, again = quality(y, eta, loss, times), quality(np.repeat(y, times, 0), np.repeat(eta, times, 0), loss)
    np.testing.assert_allclose(once.values, again.values, rtol=1e-9)
    for field in ("calibration", "residuals", "lift", "roc", "confusion"):
        a, b = getattr(once, field), getattr(again, field)
        if a is not None:
            a, b = (np.delete(part, (2, 4), axis=1) if field == "calibration" else part for part in (a, b))
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_record_goes_into_a_file_and_back_and_does_not_grow_with_the_rows(loss):
    y, eta = drawn(loss, 20_000)
    found = quality(y, eta, loss)
    header, arrays = to_parts(found, "quality")
    again = from_parts(Quality, header, arrays, "quality")
    for field in dataclasses.fields(Quality):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))
    assert sum(array.size for array in arrays.values()) <= 1200
    assert all(np.all(np.isfinite(array)) for name, array in arrays.items() if not name.endswith("errors"))


@pytest.mark.parametrize("loss", LOSSES)
def test_rows_without_a_prediction_are_left_out(loss):
    y, eta = drawn(loss)
    missing = np.random.default_rng(2).random(N) < 0.3
    hole = np.where(missing if eta.ndim == 1 else missing[:, None], np.nan, eta)
    found, kept = quality(y, hole, loss), quality(y[~missing], eta[~missing], loss)
    assert found.rows == kept.rows == np.count_nonzero(~missing)
    np.testing.assert_array_equal(found.values, kept.values)
    with pytest.raises(DataError, match="1 of 400 rows have a held-out prediction"):
        quality(y, np.where(np.arange(N) == 3 if eta.ndim == 1 else (np.arange(N) == 3)[:, None], eta, np.nan), loss)


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson", "gamma", "tweedie:1.5"])
def test_true_predictions_have_a_slope_of_one_and_stretched_ones_its_inverse(loss):
    y, eta = drawn(loss, 4000)
    slope, se = of(quality(y, eta, loss), "calibration slope")
    assert abs(slope - 1) < 4 * se < 0.3
    stretched, wide = of(quality(y, 2 * eta - 1, loss), "calibration slope")
    assert stretched == pytest.approx(slope / 2, rel=1e-6)
    assert wide == pytest.approx(se / 2, rel=1e-4)
    assert "spread too much (calibration slope" in quality(y, 2 * eta - 1, loss).sentence
    assert "spread too little" in quality(y, 0.4 * eta, loss).sentence


def test_the_slope_of_squares_is_that_of_least_squares_with_its_robust_error():
    y, eta = drawn("squared")
    s = np.random.default_rng(3).random(N)
    slope, se = calibration_slope(y, eta, s, SquaredLoss())
    A = np.column_stack([np.ones(N), eta])
    bread = np.linalg.inv(A.T @ (A * s[:, None]))
    b = bread @ A.T @ (s * y)
    meat = A * (s * (y - A @ b))[:, None]
    assert (slope, se) == pytest.approx((b[1], np.sqrt((bread @ meat.T @ meat @ bread)[1, 1])), rel=1e-9)
    assert np.isnan(calibration_slope(y, np.full(N, 3.0), s, SquaredLoss())[0])
    labels = (eta > 0).astype(float)
    assert np.isnan(calibration_slope(labels, eta, s, as_loss("logistic"))[0])  # nothing ends it


class TestRegression:
    def test_r2_is_scikit_learns(self):
        y, eta = drawn("squared")
        s = np.random.default_rng(3).random(N)
        found = quality(y, eta, "squared", s)
        assert of(found, "R²")[0] == pytest.approx(r2_score(y, eta, sample_weight=s), rel=1e-9)
        assert of(found, "root mean")[0] == pytest.approx(np.sqrt(np.average((y - eta) ** 2, weights=s)), rel=1e-12)

    def test_normal_residuals_lie_on_the_line_and_heavy_tails_leave_it(self):
        rng, eta = np.random.default_rng(0), np.linspace(-1, 1, 20_000)
        normal = quality(eta + rng.normal(size=20_000), eta, "squared").normal
        heavy = quality(eta + rng.standard_t(3, size=20_000), eta, "squared").normal
        # at the outermost of 99 points a quantile's error is √(p(1−p)/n)/φ ≈ 0.03
        assert np.max(np.abs(normal[:, 1] - normal[:, 0])) < 0.12
        assert heavy[:, 0][0] == normal[:, 0][0] == pytest.approx(-2.573, abs=1e-3)
        assert np.max(np.abs(heavy[:, 1] - heavy[:, 0])) > 0.2

    def test_the_share_of_variance_has_an_error_that_repeated_draws_confirm(self):
        found = [of(quality(*drawn("squared", seed=seed), "squared"), "R²") for seed in range(300)]
        values, errors = np.array(found).T
        # the sd of 300 draws is known to 1/√600 = 4 %; four of these, and the error's own bias of order 1/n
        assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.18)

    def test_several_targets_have_each_its_own(self):
        rng = np.random.default_rng(0)
        eta = rng.normal(size=(N, 2))
        y = eta + rng.normal(size=(N, 2)) * [0.5, 2.0]
        found = quality(y, eta, "squared")
        assert found.kind == "targets"
        for k in range(2):
            assert found.targets[k, 0] == pytest.approx(r2_score(y[:, k], eta[:, k]), rel=1e-9)


class TestClasses:
    def test_the_area_and_the_curve_are_scikit_learns(self):
        y, eta = drawn("logistic")
        eta = np.round(eta, 1)  # ties
        s = np.random.default_rng(3).random(N)
        found = quality(y, eta, "logistic", s)
        assert of(found, "AUC")[0] == pytest.approx(roc_auc_score(y, eta, sample_weight=s), rel=1e-9)
        false, true, _ = roc_curve(y, eta, sample_weight=s, drop_intermediate=False)
        np.testing.assert_allclose(found.roc, np.column_stack([false, true]), atol=1e-12)

    def test_a_long_curve_keeps_its_ends_and_its_shape(self):
        y, eta = drawn("logistic", 5000)
        roc = quality(y, eta, "logistic").roc
        assert len(roc) <= 200
        assert roc[0].tolist() == [0, 0]
        assert roc[-1].tolist() == [1, 1]
        area = np.sum(np.diff(roc[:, 0]) * (roc[1:, 1] + roc[:-1, 1])) / 2
        assert area == pytest.approx(roc_auc_score(y, eta), abs=1 / 200)

    def test_delongs_error_is_the_sum_over_pairs(self):
        y, eta = drawn("logistic", 60)
        up, down = eta[y == 1], eta[y == 0]
        wins = (up[:, None] > down) + 0.5 * (up[:, None] == down)
        variance = wins.mean(axis=1).var(ddof=1) / len(up) + wins.mean(axis=0).var(ddof=1) / len(down)
        assert auc(eta, y, 1 - y) == pytest.approx((wins.mean(), np.sqrt(variance)), rel=1e-10)
        assert all(np.isnan(auc(eta, y * 0, 1 - y * 0)))

    def test_the_confusion_at_a_half_is_counted(self):
        y, eta = drawn("logistic")
        found = quality(y, eta, "logistic")
        (tn, fp), (fn, tp) = confusion_matrix(y, eta >= 0)
        assert found.confusion[0].tolist() == [0.5, tn, fn, fp, tp]
        assert found.confusion[1, 0] == pytest.approx(y.mean())
        assert found.lift[-1, 0] == pytest.approx(1)
        assert found.lift[-1, 3] == pytest.approx(1)
        assert np.all(found.lift[:, 2] * y.mean() == pytest.approx(found.lift[:, 1]))

    def test_many_classes_are_counted_and_the_rare_ones_put_together(self):
        rng, K = np.random.default_rng(0), 15
        eta = rng.normal(size=(N, K)) - 0.2 * np.arange(K)
        label = np.argmax(eta + rng.gumbel(size=(N, K)), axis=1)
        found = quality(np.eye(K)[label], eta, f"multinomial:{K}")
        guess, whole = np.argmax(eta, axis=1), confusion_matrix(label, np.argmax(eta, axis=1), labels=range(K))
        assert of(found, "right")[0] == pytest.approx(np.mean(guess == label))
        named = found.labels[:-1]
        assert found.labels[-1] == -1
        np.testing.assert_allclose(found.confusion[:-1, :-1], whole[np.ix_(named, named)])
        assert found.confusion.sum() == pytest.approx(N)
        assert np.bincount(label, minlength=K)[named].min() >= np.delete(np.bincount(label, minlength=K), named).max()


class TestMeans:
    def test_means_are_of_a_unit_of_exposure(self):
        rng = np.random.default_rng(0)
        eta, exposure = rng.normal(-1, 0.5, 5000), rng.uniform(0.1, 3, 5000)
        y = rng.poisson(exposure * np.exp(eta)).astype(float)
        offset = np.log(exposure)
        found = quality(y, eta + offset, "poisson", offset=offset)
        as_rate = quality(y / exposure, eta, "poisson", exposure)
        np.testing.assert_allclose(found.calibration, as_rate.calibration, rtol=1e-9)
        np.testing.assert_allclose(found.lift, as_rate.lift, rtol=1e-9)
        predicted, observed, se = found.calibration.T[:3]
        assert np.all(np.abs(observed - predicted) < 4.5 * se)
        assert of(found, "predicted over")[0] == pytest.approx(1, abs=0.06)

    def test_d2_is_the_share_of_the_deviance(self):
        y, eta = drawn("poisson")
        loss = as_loss("poisson")
        deviance = [loss.deviance(y, part).sum() for part in (eta, np.full(N, np.log(y.mean())))]
        assert of(quality(y, eta, "poisson"), "D²")[0] == pytest.approx(1 - deviance[0] / deviance[1], rel=1e-9)

    def test_gini_of_predictions_that_are_all_alike_is_zero_and_of_one_who_has_all_nearly_one(self):
        ones = np.ones(1000)
        assert gini(ones, np.arange(1000.0), ones) == pytest.approx(0, abs=1e-12)
        alone = np.where(np.arange(1000) == 7, 5.0, 0.0)
        assert gini(alone, alone, ones) == pytest.approx(0.999, abs=1e-9)
        assert np.isnan(gini(ones, 0 * ones, ones))


def test_the_coverage_of_a_quantile_is_counted():
    y, eta = drawn("quantile:0.8:0.1", 4000)
    found = quality(y, eta, "quantile:0.8:0.1")
    share, se = of(found, "coverage")
    assert share == np.mean(y <= eta)
    assert abs(share - 0.8) < 4 * se
    exact = quality(y, eta + np.quantile(y - eta, 0.8), "quantile:0.8:0.1")
    assert "80 % were aimed at" in exact.sentence
    assert "where 80 % should" in quality(y, eta - 0.5, "quantile:0.8:0.1").sentence
    assert np.average(found.calibration[:, 1], weights=found.calibration[:, 3]) == pytest.approx(share)


class TestSurvival:
    def drawn(self, seed=0, n=120):
        rng = np.random.default_rng(seed)
        eta = np.round(rng.normal(size=n), 1)
        time = np.ceil(20 * rng.exponential(np.exp(-eta))) / 20
        return (rng.random(n) < 0.7).astype(float), eta, time, rng.integers(0, 3, n), rng.random(n)

    def test_the_error_of_the_concordance_is_that_of_its_slopes_in_the_weights(self):
        event, eta, time, stratum, s = self.drawn()
        share, se = concordance_with_error(eta, time, event, stratum, s)
        assert share == concordance(eta, time, event, stratum, s)
        slopes, step = np.empty(len(s)), 1e-6
        for row in range(len(s)):
            up, down = (s + sign * step * (np.arange(len(s)) == row) for sign in (1, -1))
            slopes[row] = (
                concordance(eta, time, event, stratum, up) - concordance(eta, time, event, stratum, down)
            ) / (2 * step)
        # central differences: rounding eps/step and step² of the third derivative
        assert se == pytest.approx(np.sqrt(np.sum((s * slopes) ** 2)), rel=1e-6)

    def test_repeated_draws_confirm_it(self):
        found = np.array(
            [
                concordance_with_error(eta, time, event, 0 * stratum, 0 * s + 1)
                for event, eta, time, stratum, s in (self.drawn(seed) for seed in range(300))
            ]
        )
        assert found[:, 1].mean() == pytest.approx(found[:, 0].std(ddof=1), rel=0.18)

    def test_rows_are_compared_within_folds_and_strata(self):
        event, eta, time, stratum, s = self.drawn()
        folds = np.arange(len(eta)) % 4
        loss = CoxLoss(time, stratum)
        found = quality(event, eta, loss, s, folds=folds)
        assert found.values[0] == concordance(eta, time, event, 10 * stratum + folds, s)
        moved = quality(event, eta + 100 * folds, loss, s, folds=folds)
        assert moved.values[0] == pytest.approx(found.values[0], rel=1e-12)

    def test_risk_groups_hold_all_events_and_all_time(self):
        event, eta, time, stratum, _ = self.drawn(n=600)
        found = quality(event, eta, CoxLoss(time, stratum))
        assert found.risk[:, 1].sum() == 600
        assert found.risk[:, 2].sum() == event.sum()
        assert found.risk[:, 3].sum() == pytest.approx(time.sum())
        assert np.all(found.risk[:, 5] == pytest.approx(np.sqrt(found.risk[:, 2]) / found.risk[:, 3]))
        assert "times the event rate of the lowest" in found.sentence


class TestBins:
    def test_bins_are_even_and_equal_values_stay_together(self):
        values = np.random.default_rng(0).permutation(1000)
        assert np.bincount(ranked_bins(values, np.ones(1000), 10)).tolist() == [100] * 10
        ties = np.repeat([1.0, 2.0, 3.0], [900, 50, 50])
        bins = ranked_bins(ties, np.ones(1000), 10)
        assert [len(set(bins[ties == value])) for value in (1, 2, 3)] == [1, 1, 1]
        assert sorted(set(bins)) == list(range(bins.max() + 1))

    def test_quantiles_are_numpys_inverse_of_the_distribution(self):
        values = np.random.default_rng(0).normal(size=101)
        shares = np.array([0.05, 0.25, 0.5, 0.95])
        found = weighted_quantiles(values, np.full(101, 0.3), shares)
        np.testing.assert_array_equal(found, np.quantile(values, shares, method="inverted_cdf"))

    def test_a_mean_has_the_error_of_the_textbook(self):
        values = np.random.default_rng(0).normal(size=50)
        mean, se = bin_means(values, np.full(50, 2.0), np.zeros(50, dtype=int))
        assert (mean[0], se[0]) == pytest.approx((values.mean(), values.std(ddof=1) / math.sqrt(50)), rel=1e-12)
        assert np.isnan(bin_means(values[:1], np.ones(1), np.zeros(1, dtype=int))[1][0])
        assert np.isnan(ratio_with_error(values, 0 * values, np.ones(50))[0])


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson", "quantile:0.5:0.1", "gamma"])
def test_predictions_that_are_all_alike_and_two_rows_alone_are_no_error(loss):
    y = np.array([1.0, 0.0, 1.0, 1.0]) + (loss == "gamma")
    for part in (slice(0, 2), slice(0, 4)):
        found = quality(y[part], np.zeros(len(y[part])), loss)
        assert found.sentence
        assert len(found.calibration) == 1
