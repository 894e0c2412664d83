"""The quality along the chosen line is, at each strength, that of its own held-out predictions."""

import dataclasses
import sys

import numpy as np
import pytest

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis import QualityPath, held_out_predictor, quality, quality_path
from shrinkwise.diagnosis.held_out_predictor import held_out_predictors
from shrinkwise.diagnosis.percent import percent
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses import as_loss
from shrinkwise.losses.cox import CoxLoss
from tests.result.networks import network_grid

N, P = 150, 5
LOSSES = ("squared", "quantile:0.8:0.1", "logistic", "multinomial:3", "poisson")


def splits_of(repeats=1, folds=4):
    fold = [np.random.default_rng(repeat).permutation(N) % folds for repeat in range(repeats)]
    return [(np.flatnonzero(deal != k), np.flatnonzero(deal == k)) for deal in fold for k in range(folds)]


def drawn(loss):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(N, P))
    eta = X[:, 0] - 0.5 * X[:, 1]
    name = as_loss(loss).name
    if name == "logistic":
        return X, (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
    if name == "multinomial":
        return X, np.eye(3)[np.argmax(X[:, :3] + rng.gumbel(size=(N, 3)), axis=1)]
    return X, rng.poisson(np.exp(eta)).astype(float) if name == "poisson" else eta + rng.normal(size=N)


def fitted(loss="squared", repeats=1, **options):
    X, y = drawn(loss)
    splits = splits_of(repeats)
    options = {"alphas": 8, "l1_ratios": (0.5, 1.0), "unpenalized": False, "extend": False} | options
    return fit_grid(X, y, splits, loss=loss, **options), X, y, splits


def weights_of():
    return np.random.default_rng(4).integers(0, 3, N).astype(float)


def test_a_loss_of_another_number_of_classes_is_refused():
    result, X, y, splits = fitted("multinomial:3")
    with pytest.raises(UsageError, match="y has 3 columns.*of 5 classes"):
        quality_path(result, "1se", X, y, splits, "multinomial:5")


@pytest.mark.parametrize("repeats", [1, 2])
@pytest.mark.parametrize("loss", LOSSES)
def test_each_strength_has_the_quality_of_its_own_predictions(loss, repeats):
    s = weights_of()
    offset = np.linspace(0, 0.5, N) if loss == "poisson" else None
    result, X, y, splits = fitted(loss, repeats, sample_weight=s, offset=offset)
    path = quality_path(result, "1se", X, y, splits, loss, s, offset=offset)
    chosen = result.select("1se")
    assert path.line == chosen.ratio
    assert path.index.tolist() == list(range(8))
    for place, index in enumerate(path.index.tolist()):
        cell = dataclasses.replace(chosen, index=index)
        own = quality(y, held_out_predictor(result, cell, X, splits, offset), loss, s, offset=offset)
        bins = len(own.calibration)
        np.testing.assert_allclose(path.calibration[place, :bins], own.calibration[:, :3], rtol=1e-9, atol=1e-12)
        assert np.all(np.isnan(path.calibration[place, bins:]))
        if loss == "logistic":
            np.testing.assert_allclose(path.confusion[place], own.confusion[0, 1:], rtol=1e-12)
        if loss == "multinomial:3":
            assert path.right[place] == pytest.approx(own.values[0])
    assert (path.confusion is None) == (loss != "logistic")
    assert (path.right is None) == (loss != "multinomial:3")


def test_predictors_of_several_strengths_are_those_of_one_at_a_time():
    result, X, _, splits = fitted("multinomial:3")
    at_once = held_out_predictors(result, 1, [0, 3, 7], X, splits)
    assert at_once.shape == (N, 3, 3)
    for place, index in enumerate([0, 3, 7]):
        cell = dataclasses.replace(result.select("min"), ratio=1, index=index)
        np.testing.assert_allclose(at_once[:, place], held_out_predictor(result, cell, X, splits), rtol=1e-12)


@pytest.mark.parametrize("loss", ["squared", "multinomial:3"])
def test_strengths_in_turns_give_the_same_path(loss, monkeypatch):
    result, X, y, splits = fitted(loss)
    whole = quality_path(result, "1se", X, y, splits, loss)
    monkeypatch.setattr(
        sys.modules["shrinkwise.diagnosis.quality_path"], "MEMORY", 3 * N * (3 if loss != "squared" else 1)
    )
    parts = quality_path(result, "1se", X, y, splits, loss)
    np.testing.assert_allclose(parts.calibration, whole.calibration, rtol=1e-9, atol=1e-12)


def test_of_many_strengths_fifty_are_taken_and_the_chosen_one_is_among_them():
    result, X, y, splits = fitted(alphas=73)
    for rule in ("1se", "min"):
        path = quality_path(result, rule, X, y, splits, "squared")
        assert len(path.index) <= 50
        assert {0, 72, result.select(rule).index} <= set(path.index.tolist())
        assert np.all(np.diff(path.index) <= 3)


def test_the_record_goes_into_a_file_and_back():
    result, X, y, splits = fitted("logistic")
    path = quality_path(result, "1se", X, y, splits, "logistic")
    again = from_parts(QualityPath, *to_parts(path, "quality_path"), "quality_path")
    for field in dataclasses.fields(QualityPath):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(path, field.name))


def test_fits_without_finite_predictions_have_no_numbers():
    result, X, y, splits = fitted("logistic")
    intercepts = result.intercepts.copy()
    intercepts[:, -1] = np.nan
    path = quality_path(dataclasses.replace(result, intercepts=intercepts), "1se", X, y, splits, "logistic")
    assert np.all(np.isnan(path.calibration[-1]))
    assert np.all(np.isnan(path.confusion[-1]))
    assert np.all(np.isfinite(path.confusion[:-1]))
    assert "nan" not in path.sentence


def test_its_sentence_says_where_fewest_rows_are_wrong():
    result, X, y, splits = fitted("logistic")
    for rule in ("1se", "min"):
        path = quality_path(result, rule, X, y, splits, "logistic")
        wrong = path.confusion[:, 1:3].sum(axis=1) / N
        own = path.index.tolist().index(result.select(rule).index)
        here, fewest = percent(wrong[own]), percent(wrong.min())
        assert f"{here} of the held-out rows are put into a wrong class" in path.sentence
        assert ("at no other strength" in path.sentence) == (here == fewest)
        assert here == fewest or f"fewest, {fewest}" in path.sentence


def test_there_is_none_where_nothing_can_be_followed():
    rng = np.random.default_rng(5)
    result, X, y, splits = fitted()
    assert quality_path(network_grid(), "1se", X, y, splits, "squared") is None
    assert quality_path(result, "1se", X, np.column_stack([y, y]), splits, "squared") is None
    assert quality_path(result, "1se", X, np.eye(13)[rng.integers(0, 13, N)], splits, "multinomial:13") is None
    assert quality_path(result, "1se", X, np.ones(N), splits, CoxLoss(rng.exponential(size=N))) is None
    one = fit_grid(X, y, splits, alphas=[0.1], unpenalized=False, extend=False)
    assert quality_path(one, "1se", X, y, splits, "squared") is None
