"""Information criteria: formulas by hand, and what they pick."""

import math

import numpy as np
import pytest

from shrinkwise import CoxRegressorCV, LinearClassifierCV, LinearRegressorCV
from shrinkwise.criteria import information_criterion, log_choices
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.rules import parse_rule
from tests.grid.splits import folds
from tests.linear.data import table, weights_of
from tests.oracles import cox

CRITERIA = ("aic", "aicc", "bic", "ebic", "ebic:0.5", "ebic:0")


def of(words, deviance, freedom, support, **options):
    parts = (np.array([float(deviance)]), np.array([float(freedom)]), np.array([support]))
    return float(information_criterion(parse_rule(words), *parts, **options)[0])


def test_the_formulas_are_those_of_the_papers():
    n, p, dev, df, size = 50, 20, 30.0, 4.5, 3
    options = {"n": n, "p": p, "null_deviance": None}
    choices = math.log(math.comb(p, size))
    assert of("aic", dev, df, size, **options) == pytest.approx(dev + 2 * df)
    assert of("aicc", dev, df, size, **options) == pytest.approx(dev + 2 * df + 2 * df * (df + 1) / (n - df - 1))
    assert of("bic", dev, df, size, **options) == pytest.approx(dev + df * math.log(n))
    assert of("ebic", dev, df, size, **options) == pytest.approx(dev + df * math.log(n) + 2 * choices)
    assert of("ebic:0.5", dev, df, size, **options) == pytest.approx(dev + df * math.log(n) + choices)
    assert of("ebic:0", dev, df, size, **options) == pytest.approx(of("bic", dev, df, size, **options))


def test_the_variance_of_the_squared_loss_is_estimated_and_counts():
    """Hurvich & Tsai 1989, eq. 4: n log σ² + n (1 + m/n) / (1 − (m + 2)/n) for m coefficients."""
    n, dev, m = 50, 30.0, 5
    options = {"n": n, "p": 20, "null_deviance": 100.0}
    hurvich_tsai = n * math.log(dev / n) + n * (1 + m / n) / (1 - (m + 2) / n)
    assert of("aicc", dev, m, 4, **options) == pytest.approx(hurvich_tsai - n)
    assert of("aic", dev, m, 4, **options) == pytest.approx(n * math.log(dev / n) + 2 * (m + 1))


def test_nothing_is_chosen_where_nothing_is_left_to_judge_by():
    options = {"n": 20, "p": 50, "null_deviance": 100.0}
    for rule in CRITERIA:
        assert of(rule, 1.0, 19.0, 18, **options) == np.inf
        assert of(rule, 1e-11, 5.0, 4, **options) == np.inf
    assert of("aicc", 1.0, 18.0, 17, **options) == np.inf
    assert np.isfinite(of("aic", 1.0, 18.0, 17, **options))


def test_choices_are_binomial_coefficients():
    np.testing.assert_allclose(np.exp(log_choices(12)), [math.comb(12, j) for j in range(13)])
    assert log_choices(20_000)[20_000] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("rule", CRITERIA)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_the_cell_with_the_lowest_criterion_is_chosen(rule, loss):
    X, y, labels = table(n=120, p=8)
    target = y if loss == "squared" else labels
    weights = weights_of(120)
    grid = fit_grid(
        X, target, folds(120), loss=loss, l1_ratios=(0.5, 1.0), sample_weight=weights, degrees_of_freedom=True
    )
    n = np.count_nonzero(weights)
    assert grid.n_weighted == n
    shares = weights / weights.sum()
    kind, _, gamma = rule.partition(":")
    best, cell = np.inf, None
    for r in range(2):
        for a in range(grid.alphas.shape[1]):
            eta = X @ grid.coef(r, a) + grid.intercept(r, a)
            losses = (target - eta) ** 2 if loss == "squared" else 2 * (np.logaddexp(0, eta) - target * eta)
            deviance = n * (shares @ losses)
            assert grid.full_deviance[r, a] == pytest.approx(deviance, rel=1e-9)
            fit = n * math.log(deviance / n) if loss == "squared" else deviance
            k = grid.degrees_of_freedom[r, a] + (loss == "squared")
            price = 2 * k if kind.startswith("aic") else k * math.log(n)
            if kind == "aicc":
                price += 2 * k * (k + 1) / (n - k - 1)
            if kind == "ebic":
                price += 2 * float(gamma or 1) * math.log(math.comb(8, np.count_nonzero(grid.coef(r, a))))
            if fit + price < best:
                best, cell = fit + price, (r, a)
    chosen = grid.select(rule)
    assert (chosen.ratio, chosen.index) == cell
    assert grid.criterion(rule)[cell] == pytest.approx(best)


def test_units_and_the_scale_of_weights_change_no_choice():
    X, y, _ = table(n=100, p=6)
    weights = weights_of(100)
    splits = folds(100)
    grid = fit_grid(X, y, splits, sample_weight=weights, degrees_of_freedom=True)
    other = fit_grid(X * 8.0, y * 1024 + 7, splits, sample_weight=weights * 0.3, degrees_of_freedom=True)
    for rule in CRITERIA:
        assert grid.select(rule).index == other.select(rule).index
        shift = other.criterion(rule) - grid.criterion(rule)
        np.testing.assert_allclose(shift, 2 * grid.n_weighted * np.log(1024), rtol=1e-9)


@pytest.mark.parametrize("rule", CRITERIA)
def test_the_estimators_take_a_criterion(rule):
    X, y, labels = table(n=150, p=8)
    for model, target in ((LinearRegressorCV(rule=rule, cv=3), y), (LinearClassifierCV(rule=rule, cv=3), labels)):
        model.fit(X, target)
        chosen = model.result_.select(rule)
        assert model.alpha_ == chosen.alpha
        assert [row["name"] for row in model.result_.table(rule)] == ["min", rule, "no penalty"]


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("weighted", [False, True])
def test_of_a_partial_likelihood_the_events_are_the_rows(ties, weighted):
    """Volinsky & Raftery 2000, eq. 2: −2 log PL + k log d; what the log PL of all models lacks, they lack alike."""
    X, time, event, weights, stratum = cox.sample(n=70, strata=2)
    weights = np.where(np.arange(70) % 9 == 0, 0.0, weights) if weighted else np.ones(70)
    loss = CoxLoss(time, stratum, ties)
    grid = fit_grid(
        X, event, folds(70), loss=loss, alphas=[0.1, 0.0], sample_weight=weights, tol=1e-12, degrees_of_freedom=True
    )
    n, d = np.count_nonzero(weights), np.count_nonzero(weights * event)
    assert grid.n_weighted == d < n
    w = cox.newton(X, time, event, weights, stratum, ties)
    prices = {"aic": lambda k: 2 * k, "bic": lambda k: k * math.log(d)}
    prices["aicc"] = lambda k: 2 * k + 2 * k * (k + 1) / (d - k - 1)
    prices["ebic"] = lambda k: k * math.log(d) + 2 * math.log(math.comb(4, k))
    values = {
        (rule, a): 2 * n * cox.loss(time, event, weights, stratum, X @ coef, ties) + price(np.count_nonzero(coef))
        for a, coef in enumerate([grid.coef(0, 0), w])
        for rule, price in prices.items()
    }
    assert 0 < np.count_nonzero(grid.coef(0, 0)) < 4
    for rule in prices:
        found = grid.criterion(rule)[0]
        assert found[1] - found[0] == pytest.approx(values[rule, 1] - values[rule, 0], rel=1e-7)


def test_a_partial_likelihood_without_penalty_and_ties_is_weighed_as_in_the_textbook():
    """Without ties and censoring the best conceivable log PL is 0, and nothing is lacking."""
    rng = np.random.default_rng(3)
    X, time = rng.standard_normal((50, 3)), rng.permutation(50) + 1.0
    event = np.ones(50)
    model = CoxRegressorCV(alphas=[0.0], cv=2, rule="bic", tol=1e-12).fit(X, np.column_stack([time, event]))
    eta = X @ model.coef_
    log_pl = sum(eta[i] - math.log(np.exp(eta[time >= time[i]]).sum()) for i in range(50))
    assert model.result_.criterion("bic")[0, 0] == pytest.approx(-2 * log_pl + 3 * math.log(50), rel=1e-9)


def test_bic_and_ebic_find_a_strong_signal_among_many_features():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 60))
    y = X[:, :4] @ [3.0, -2.0, 2.0, 1.5] + rng.standard_normal(400)
    for rule in ("bic", "ebic"):
        model = LinearRegressorCV(rule=rule, cv=3).fit(X, y)
        assert set(np.flatnonzero(model.coef_)) >= {0, 1, 2, 3}
        assert np.count_nonzero(model.coef_) <= 10


def test_aicc_and_ebic_hold_against_more_features_than_rows_where_aic_does_not():
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((40, 200)), rng.standard_normal(40)
    grid = fit_grid(X, y, folds(40), alpha_min_ratio=1e-3, degrees_of_freedom=True)
    assert grid.select("aic").n_features > 20
    assert grid.select("aicc").n_features < 10
    assert grid.select("ebic").n_features < 5


def test_a_grid_without_degrees_of_freedom_says_what_to_do():
    X, y, _ = table()
    grid = fit_grid(X, y, folds(80), alphas=5)
    assert grid.degrees_of_freedom is None
    with pytest.raises(UsageError, match=r"rule 'bic': this grid was fitted without.*degrees_of_freedom=True"):
        grid.select("bic")
    with pytest.raises(UsageError, match="'min' is no information criterion"):
        grid.criterion("min")


def test_a_grid_of_fits_that_reproduce_their_rows_has_no_choice():
    X, _, _ = table(n=30)
    grid = fit_grid(X, X[:, 0], folds(30), alphas=[1e-14], tol=1e-3, degrees_of_freedom=True, unpenalized=False)
    with pytest.raises(UsageError, match="rule 'aic': no fit of this grid has fewer degrees of freedom than rows"):
        grid.select("aic")
