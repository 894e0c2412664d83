"""The partial likelihood: identities, then the textbook's double loop."""

import numpy as np
import pytest

from shrinkwise.exceptions import UsageError
from shrinkwise.losses import as_loss
from shrinkwise.losses.cox import CoxLoss
from tests.oracles import cox

CASES = [
    pytest.param({"tied": tied, "strata": strata}, ties, id=f"{ties}-{'tied' if tied else 'untied'}-{strata}")
    for ties in ("breslow", "efron")
    for tied in (True, False)
    for strata in (1, 7)
]


def bound(time, event, weights, stratum, ties="breslow"):
    return CoxLoss(time, stratum, ties).of_rows(event, weights)


def predictor(n, seed=1, size=1.0):
    return size * np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize(("options", "ties"), CASES)
def test_value_gradient_and_hessian_are_those_of_the_textbook(options, ties):
    X, time, event, weights, stratum = data = cox.sample(**options)
    weights[::11] = 0
    eta, known = predictor(len(time)), bound(*data[1:], ties)
    args = (time, event, weights, stratum, eta, ties)
    np.testing.assert_allclose(known.value(event, eta).sum(), cox.loss(*args), rtol=1e-13)
    np.testing.assert_allclose(known.gradient(event, eta), cox.gradient(*args), atol=1e-15)
    shares = sum(a for a, _, _ in cox.terms(*args))
    spread = X.T @ np.diag(known.hessian(event, eta)) @ X
    means = known.at(eta).means(X)
    products = spread - means.T @ (known.sets.share[:, None] * means)
    np.testing.assert_allclose(products, X.T @ cox.hessian(*args) @ X, atol=1e-14)
    np.testing.assert_allclose(known.hessian(event, eta).sum(), shares, rtol=1e-13)


@pytest.mark.parametrize(("options", "ties"), CASES)
def test_the_gradient_is_the_derivative_of_the_value(options, ties):
    _, time, event, weights, stratum = cox.sample(**options)
    eta, known, along = predictor(len(time)), bound(time, event, weights, stratum, ties), predictor(len(time), 2)
    h = 1e-5
    rise = (known.value(event, eta + h * along) - known.value(event, eta - h * along)).sum() / (2 * h)
    assert rise == pytest.approx(known.gradient(event, eta) @ along, rel=1e-8)


def test_without_ties_efron_is_breslow():
    data = cox.sample(tied=False, strata=3)
    eta = predictor(60)
    breslow, efron = (bound(*data[1:], ties) for ties in ("breslow", "efron"))
    np.testing.assert_allclose(efron.value(None, eta), breslow.value(None, eta), rtol=1e-12)
    np.testing.assert_allclose(efron.gradient(None, eta), breslow.gradient(None, eta), atol=1e-16)


def test_strata_add_up():
    _, time, event, weights, stratum = cox.sample(strata=3)
    eta, whole = predictor(60), bound(time, event, weights, stratum)
    parts = np.zeros(60)
    for g in range(3):
        of = stratum == g
        alone = bound(time[of], event[of], weights[of], None)
        parts[of] = weights[of].sum() / weights.sum() * alone.gradient(None, eta[of])
    np.testing.assert_allclose(whole.gradient(None, eta), parts, atol=1e-16)


def test_whole_weights_are_repetitions_under_breslow_and_efron_knows_the_difference():
    _, time, event, _, stratum = cox.sample(tied=False)
    weights = np.random.default_rng(3).integers(0, 4, 60).astype(float)
    rows = np.repeat(np.arange(60), weights.astype(int))
    eta = predictor(60)
    values = {}
    for ties in ("breslow", "efron"):
        one = bound(time, event, weights, stratum, ties)
        many = bound(time[rows], event[rows], np.ones(len(rows)), stratum[rows], ties)
        values[ties] = [known.deviance(None, at).sum() for known, at in ((one, eta), (many, eta[rows]))]
    assert values["breslow"][0] == pytest.approx(values["breslow"][1], rel=1e-12)
    assert values["efron"][0] != pytest.approx(values["efron"][1], rel=1e-3)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_a_number_added_to_all_predictors_of_a_stratum_changes_nothing(ties):
    _, time, event, weights, stratum = cox.sample(strata=2)
    eta, known = predictor(60), bound(time, event, weights, stratum, ties)
    moved = eta + np.array([-20.0, 300.0])[stratum]
    assert known.value(None, moved).sum() == pytest.approx(known.value(None, eta).sum(), rel=1e-12)
    np.testing.assert_allclose(known.gradient(None, moved), known.gradient(None, eta), atol=1e-14)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_predictors_beyond_the_exponential_leave_no_overflow(ties):
    _, time, event, weights, stratum = cox.sample(strata=2)
    eta, known = predictor(60, size=2000.0), bound(time, event, weights, stratum, ties)
    values, gradient = known.value(None, eta), known.gradient(None, eta)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(gradient))
    assert abs(gradient.sum()) < 1e-12
    h = 1e-3
    rise = (known.value(None, eta + h * (stratum == 0) * eta) - values).sum()
    assert rise == pytest.approx(h * float(gradient @ ((stratum == 0) * eta)), rel=1e-2)


@pytest.mark.parametrize(("options", "ties"), CASES)
def test_the_deviance_is_zero_where_each_event_has_all_the_risk(options, ties):
    _, time, event, weights, stratum = cox.sample(**options)
    known = bound(time, event, weights, stratum, ties)
    last = -40.0 * time / time[event > 0].min() * 3 if options["tied"] else -40.0 * np.argsort(np.argsort(time))
    eta = np.where(event > 0, last, -1e5)
    assert abs(known.deviance(None, eta).sum()) < 1e-9
    assert known.deviance(None, predictor(60)).sum() > 0.1


@pytest.mark.parametrize(("options", "ties"), CASES)
def test_the_slack_is_zero_at_the_gradient_and_bounds_what_there_is_to_gain(options, ties):
    """For u with X'u = 0 the loss is nowhere in the span of X below −loss*(u): slack >= loss(η) − loss(η + Xw)."""
    X, time, event, weights, stratum = cox.sample(**options)
    known = bound(time, event, weights, stratum, ties)
    best = X @ cox.newton(X, time, event, weights, stratum, ties)
    assert 0 <= known.slack_towards(best, best, 1.0) < 1e-15
    for size in (1e-4, 1e-2, 1.0):
        eta = best + X @ (size * np.random.default_rng(4).standard_normal(X.shape[1]))
        to_gain = (known.value(None, eta) - known.value(None, best)).sum()
        slack = known.slack_towards(eta, best, 1.0)
        assert slack == pytest.approx(to_gain, rel=1e-6, abs=1e-15)  # the gradient at the best is the best u
    at_zero = known.slack_towards(eta, eta, 0.0)
    assert at_zero == pytest.approx(0.5 * known.deviance(None, eta).sum(), rel=1e-12)


@pytest.mark.parametrize(("options", "ties"), CASES)
def test_the_slack_between_is_the_textbook_divergence(options, ties):
    _, time, event, weights, stratum = cox.sample(**options)
    known = bound(time, event, weights, stratum, ties)
    eta, other, s = predictor(60), predictor(60, 5), weights / weights.sum()
    here, there = (cox.terms(time, event, weights, stratum, at, ties) for at in (eta, other))
    order = sorted({(g, -t) for t, g, d in zip(time, stratum, event) if d})
    assert len(order) == len(known.sets.deaths)
    for tau in (0.0, 0.3, 0.999, 1.0):
        total, k = 0.0, 0
        for t, g in sorted((-t, g) for g, t in order):
            dead = (time == t) & (stratum == g) & (event > 0)
            for _ in range(dead.sum() if ties == "efron" else 1):
                (a, q, _), (_, p, _) = here[k], there[k]
                v = tau * p + (1 - tau) * s * dead / s[dead].sum()
                total += a * np.sum(v[v > 0] * np.log(v[v > 0] / q[v > 0]))
                k += 1
        assert known.slack_towards(eta, other, tau) == pytest.approx(total, rel=1e-10)


def test_many_ties_are_paired_in_pieces(monkeypatch):
    from shrinkwise.losses import _risk_sets

    data = cox.sample(n=200, strata=2)
    known, eta = bound(*data[1:], "efron"), predictor(200)
    whole = known.slack_towards(eta, predictor(200, 6), 0.7)
    monkeypatch.setattr(_risk_sets, "PAIRS", 10)
    assert known.slack_towards(eta, predictor(200, 6), 0.7) == pytest.approx(whole, rel=1e-13)


def test_wrong_uses_are_named():
    with pytest.raises(UsageError, match='"breslow" or "efron", got \'exact\''):
        CoxLoss(np.ones(2), ties="exact")
    with pytest.raises(UsageError, match="CoxRegressor"):
        as_loss("cox")
