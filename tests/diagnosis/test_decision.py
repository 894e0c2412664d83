"""A decision has every part that its data allow, and says what it left out."""

import numpy as np
import pytest

from shrinkwise import CoxRegressorCV, LinearClassifierCV, LinearRegressorCV
from shrinkwise.diagnosis.decide import decide
from shrinkwise.diagnosis.decision import RECORDS, Decision
from shrinkwise.exceptions import DataError

ALL = {*RECORDS} - {"budget"}


def table(n=120, p=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] - 0.7 * X[:, 1] + 0.5 * rng.standard_normal(n)


def parts(decision):
    return {name for name in RECORDS if getattr(decision, name) is not None}


@pytest.fixture(scope="module")
def linear():
    X, y = table()
    model = LinearRegressorCV(cv=5, alphas=20, l1_ratio=(0.5, 1.0))
    model.decide(X, y)
    return model


def test_a_regression_has_all_parts(linear):
    assert parts(linear.decision_) == ALL
    assert linear.decision_.notes == ()


def test_the_fit_is_that_of_fit(linear):
    X, y = table()
    np.testing.assert_array_equal(LinearRegressorCV(cv=5, alphas=20, l1_ratio=(0.5, 1.0)).fit(X, y).coef_, linear.coef_)


def test_the_true_features_are_found_worth_it_and_their_intervals_exclude_zero(linear):
    decision = linear.decision_
    assert {0, 1} <= set(decision.stability_selection.selected.tolist())
    cost = dict(zip(decision.removal_cost.features.tolist(), decision.removal_cost.cost, strict=True))
    assert sorted(cost, key=cost.get)[-2:] == [1, 0]
    ends = zip(decision.intervals.lower, decision.intervals.upper, strict=True)
    known = dict(zip(decision.intervals.features.tolist(), ends, strict=True))
    assert known[0][0] > 0
    assert known[1][1] < 0


def test_costs_add_a_budget():
    X, y = table()
    decision = LinearRegressorCV(cv=5, alphas=20, costs=np.arange(1.0, 9.0)).decide(X, y)
    assert decision.budget is not None


def test_a_decision_is_what_its_arrays_say(linear):
    decision = linear.decision_
    again = Decision.from_arrays(*decision.to_arrays())
    for name in parts(decision):
        one, other = (vars(getattr(part, name)) for part in (decision, again))
        assert one.keys() == other.keys()
        for field, value in one.items():
            np.testing.assert_array_equal(other[field], value)


@pytest.mark.parametrize("kind", ["classes", "three classes", "counts", "targets", "times"])
def test_other_targets_have_the_parts_that_they_allow(kind):
    X, y = table(160, 6)
    rng = np.random.default_rng(1)
    models = {
        "classes": (LinearClassifierCV(cv=4, alphas=15), y > 0, ALL),
        "three classes": (LinearClassifierCV(cv=4, alphas=15), np.digitize(y, [-0.6, 0.6]), ALL - {"intervals"}),
        "counts": (LinearRegressorCV(loss="poisson", cv=4, alphas=15), rng.poisson(np.exp(y)), ALL - {"intervals"}),
        "targets": (
            LinearRegressorCV(cv=4, alphas=15),
            np.column_stack([y, -y + X[:, 2]]),
            ALL - {"intervals", "quality_path"},
        ),
        "times": (
            CoxRegressorCV(cv=4, alphas=15),
            np.column_stack([rng.exponential(np.exp(-y)), rng.random(160) < 0.8]),
            ALL - {"intervals", "quality_path"},
        ),
    }
    model, target, expected = models[kind]
    decision = model.decide(X, target)
    assert decision.notes == ()
    assert parts(decision) == expected


def test_folds_of_the_caller_are_not_dealt_again():
    X, y = table()
    decision = LinearRegressorCV(cv=np.arange(120) % 4, alphas=15).decide(X, y)
    assert decision.reproducibility is None
    assert decision.stability_selection is not None


def test_a_part_that_fails_is_left_out_with_its_reason(linear, monkeypatch):
    def fail(*_, **__):
        raise DataError("no row of class b")

    monkeypatch.setattr("shrinkwise.diagnosis.decide.stability_selection", fail)
    monkeypatch.setattr("shrinkwise.diagnosis.decide.removal_cost", lambda *_: None)
    monkeypatch.setattr("shrinkwise.diagnosis.decide.reproducibility", lambda *_: None)
    X, y = table()
    decision = LinearRegressorCV(cv=5, alphas=15).decide(X, y)
    assert decision.notes == ("The part on stability selection was left out: no row of class b",)


def test_without_the_data_it_says_what_the_grid_alone_knows(linear):
    assert parts(decide(linear.result_, None)) == {"penalty_choice", "fit_stability"}


def test_each_part_is_announced(linear):
    told = []
    decide(linear.result_, None, progress=told.append)
    assert told == ["penalty choice", "fit stability"]
