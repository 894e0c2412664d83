import dataclasses

import numpy as np
import pytest
from scipy.optimize import linprog

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis import StabilitySelection, stability_selection
from shrinkwise.diagnosis.stability_selection import UNIMODAL, WORST, allowed_size, false_selections
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.resampling import half_samples
from tests.diagnosis.refitted import linear, refitted
from tests.result.networks import network_grid


def worst_tail(pairs, threshold, mean, unimodal):
    """The largest P(S ≥ B(2τ − 1)) of any (unimodal) law of S on 0 … B with E S ≤ B · mean: a linear program."""
    values, worst = np.arange(pairs + 1), 0.0
    tail = -(values >= pairs * (2 * threshold - 1) - 1e-9).astype(float)
    for mode in range(pairs + 1) if unimodal else [0]:
        steps = np.diff(np.eye(pairs + 1), axis=0)
        steps[:mode] *= -1  # up to the mode, then down
        found = linprog(
            tail,
            A_ub=np.vstack([values / pairs, *([steps] if unimodal else [])]),
            b_ub=np.r_[mean, np.zeros(pairs if unimodal else 0)],
            A_eq=np.ones((1, pairs + 1)),
            b_eq=[1.0],
        )
        worst = max(worst, -found.fun if found.success else 0.0)  # a mode far out has too large a mean
    return worst


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("threshold", [0.65, 0.7, 0.75, 0.8, 0.9, 1.0])
def test_the_bound_covers_every_unimodal_law_and_is_nearly_met_by_one(threshold, share):
    """Of a feature selected with probability θ = q/p both halves select it with probability θ²."""
    pairs, p = 20, 100
    bound, source = false_selections(share * p, p, threshold, pairs)
    worst = p * worst_tail(pairs, threshold, share**2, unimodal=True)
    assert source == UNIMODAL
    assert 0.85 * bound <= worst <= bound * (1 + 1e-6)


def test_where_no_law_is_supposed_the_bound_is_that_of_markov():
    bound, source = false_selections(70.0, 100, 0.9, 20)
    assert source == WORST
    assert bound == pytest.approx(100 * worst_tail(20, 0.9, 0.7**2, unimodal=False), rel=1e-6)
    assert bound == pytest.approx(70**2 / ((2 * 0.9 - 1) * 100))


@pytest.mark.parametrize("p", [1, 2, 3, 10, 64, 300, 5000])
@pytest.mark.parametrize("most", [1, 25, 10**6])
@pytest.mark.parametrize("wanted", [0.5, 1.0, 4.0])
def test_sizes_are_the_largest_that_the_bound_allows(p, most, wanted):
    try:
        q, threshold = allowed_size(p, 50, wanted, most)
    except UsageError:
        assert false_selections(1, p, 0.9, 50)[0] > wanted
        return
    assert 1 <= q <= min(p, most)
    assert 0.6 <= threshold <= 0.9
    assert false_selections(q, p, threshold, 50)[0] <= wanted
    if q < min(p, most):
        assert false_selections(q + 1, p, 0.9, 50)[0] > wanted


def test_frequencies_are_those_of_paths_fitted_one_by_one():
    X, y = linear(n=120, p=20, noise=3.0)
    result, refits, asked = refitted(X, y)
    found = stability_selection(result, refits, pairs=8, expected_false=2.0)
    assert len(asked) == 1
    q, size, times = round(found.average_size), result.scale, np.zeros(20)
    halves = half_samples(refits.blocks, 8, refits.seed)
    for half in halves:
        path = refits([half], alphas=found.strengths.tolist()).coefs[0][0].toarray() * size
        entry = [
            (np.flatnonzero(column)[0], -abs(column[np.flatnonzero(column)[0]])) for column in path.T if any(column)
        ]
        times[
            [np.flatnonzero(np.any(path, axis=0))[i] for i in sorted(range(len(entry)), key=entry.__getitem__)[:q]]
        ] += 1
    np.testing.assert_array_equal(found.frequency * len(halves), times)
    assert found.n_halves == len(halves)
    np.testing.assert_array_equal(np.sort(found.selected), np.flatnonzero(times >= found.threshold * 16 - 1e-9))


def test_both_halves_of_a_pair_select_no_more_than_either_and_no_less_than_must_be():
    found = stability_selection(*refitted(*linear(p=30, noise=3.0))[:2])
    assert found.n_halves == 100
    assert np.all(found.simultaneous <= found.frequency)
    assert np.all(found.simultaneous >= 2 * found.frequency - 1 - 1e-12)
    assert found.frequency.sum() == pytest.approx(found.average_size)


def test_features_that_matter_are_selected_and_said():
    found = stability_selection(*refitted(*linear(n=300, p=30))[:2])
    assert sorted(found.selected) == [0, 1, 2]
    assert found.frequency[:3].min() == 1
    assert found.expected_false <= 1
    assert found.sentence.startswith("3 of 30 features are selected by at least 90 of 100 half-samples, each of which")
    assert "x0, x1, x2" in found.sentence


def test_of_noise_no_more_is_selected_than_promised():
    """The bound is on the expectation: so is the mean of 30 draws, within three of its standard errors."""
    false = []
    for seed in range(30):
        X, y = linear(n=80, p=40, k=2, noise=2.0, seed=seed)
        found = stability_selection(*refitted(X, y, n_folds=3, alphas=40)[:2], pairs=20)
        false.append(np.count_nonzero(found.selected >= 2))
        assert found.expected_false <= 1
    assert np.mean(false) <= 1 + 3 * np.std(false) / np.sqrt(30)


def test_wide_tables_ask_half_samples_for_fewer_features_and_a_lower_threshold():
    X, y = linear(n=60, p=400, k=2)
    found = stability_selection(*refitted(X, y, alphas=30)[:2], pairs=20)
    assert found.average_size <= 30 // 4
    assert found.threshold == 0.6
    assert {0, 1} <= set(found.selected)


@pytest.mark.parametrize("loss", ["logistic", "poisson", "huber", pytest.param("multinomial:3", id="multinomial")])
def test_every_loss_is_served_by_the_same_call(loss):
    rng = np.random.default_rng(1)
    X, eta = linear(n=240, p=10, k=2, noise=0.3, seed=1)
    label = None
    if loss == "multinomial:3":
        label = np.digitize(eta, [-0.7, 0.7])
        y = np.eye(3)[label]
    else:
        label = (eta > 0).astype(int) if loss == "logistic" else None
        y = {"logistic": label, "poisson": rng.poisson(np.exp(0.5 * eta)), "huber": eta}[loss]
    result, refits, _ = refitted(X, np.asarray(y, dtype=float), strata=label, loss=loss, alphas=30)
    found = stability_selection(result, refits, pairs=10)
    assert {0, 1} <= set(found.selected)
    assert found.frequency.shape == (10,)


def test_a_feature_is_in_for_any_of_its_outputs():
    X, _ = linear(n=200, p=10)
    Y = X[:, :2] + 0.5 * np.random.default_rng(2).standard_normal((200, 2))
    result, refits, _ = refitted(X, Y, alphas=30)
    found = stability_selection(result, refits, pairs=10)
    assert {0, 1} <= set(found.selected)
    assert found.frequency.sum() == pytest.approx(found.average_size)


def test_columns_of_a_group_count_as_one():
    X, y = linear(n=200, p=24, k=2)
    groups = [f"g{j // 4}" if j < 16 else "" for j in range(24)]
    result, refits, _ = refitted(X, y, groups=groups, alphas=30)
    found = stability_selection(result, refits, pairs=10)
    assert {0, 1, 2, 3} <= set(found.selected)
    for start in range(0, 16, 4):
        assert len(set(found.frequency[start : start + 4])) == 1
    assert found.frequency[[0, 4, 8, 12, *range(16, 24)]].sum() == pytest.approx(found.average_size)
    assert "of 12 features or groups" in found.sentence


def test_features_without_a_penalty_are_in_and_do_not_count():
    X, y = linear(n=200, p=20, k=2)
    weights = np.ones(20)
    weights[[7, 11]] = 0.0
    result, refits, _ = refitted(X, y, penalty_weights=weights, alphas=30)
    found = stability_selection(result, refits, pairs=10)
    assert found.unpenalized.tolist() == [7, 11]
    assert found.frequency[[7, 11]].tolist() == [1, 1]
    assert sorted(found.selected) == [0, 1]
    assert "of 18 features" in found.sentence


def test_columns_that_never_vary_do_not_count():
    X, y = linear(n=200, p=20, k=2)
    X[:, 5] = 1.0
    found = stability_selection(*refitted(X, y, alphas=30)[:2], pairs=10)
    assert "of 19 features" in found.sentence
    assert found.frequency[5] == 0


def test_grids_of_ridge_alone_are_asked_for_the_lasso():
    X, y = linear(n=200, p=20, k=2)
    found = stability_selection(*refitted(X, y, l1_ratios=[0.0], alphas=30)[:2], pairs=10)
    assert found.l1_ratio == 1
    assert sorted(found.selected) == [0, 1]


def test_the_line_is_that_of_the_rule_or_the_one_asked_for():
    X, y = linear(n=200, p=20, k=2)
    result, refits, _ = refitted(X, y, l1_ratios=[0.0, 0.5, 1.0], alphas=30)
    assert stability_selection(result, refits, pairs=5, ratio=1).l1_ratio == 0.5
    assert stability_selection(result, refits, pairs=5).l1_ratio > 0
    with pytest.raises(UsageError, match="from 0 to 2, got 3"):
        stability_selection(result, refits, ratio=3)


def test_batches_that_fit_in_memory_say_the_same(monkeypatch):
    X, y = linear(n=200, p=20, noise=3.0)
    result, refits, asked = refitted(X, y, alphas=30)
    whole = stability_selection(result, refits, pairs=10)
    monkeypatch.setattr("shrinkwise.diagnosis._batches.MEMORY", 24 * 21**2 * 9)
    parts = stability_selection(result, refits, pairs=10)
    assert [len(splits) for splits, _ in asked] == [20, 8, 8, 4]
    np.testing.assert_array_equal(whole.frequency, parts.frequency)


def test_the_unit_of_the_target_changes_nothing():
    X, y = linear(n=120, p=20, noise=3.0)
    found = [stability_selection(*refitted(X, 2.0**k * y, alphas=30)[:2], pairs=10) for k in (0, -40)]
    np.testing.assert_array_equal(found[0].frequency, found[1].frequency)


def test_the_record_goes_through_a_file():
    found = stability_selection(*refitted(*linear(p=8), alphas=20)[:2], pairs=5)
    again = from_parts(StabilitySelection, *to_parts(found, "s"), "s")
    for field in dataclasses.fields(found):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))


def test_networks_are_not_refitted():
    assert stability_selection(network_grid(), None) is None


def test_fewer_false_selections_than_one_feature_brings_are_refused():
    result, refits, _ = refitted(*linear(p=8), alphas=20)
    with pytest.raises(UsageError, match=r"expected_false=0\.001 lets half-samples select not even one of 8 features"):
        stability_selection(result, refits, expected_false=0.001)


def test_a_half_sample_without_a_rare_class_is_an_error_with_a_name():
    X, _ = linear(n=80, p=5)
    y = np.zeros(80)
    y[:4] = 1.0
    result, refits, _ = refitted(X, y, loss="logistic", n_folds=4, alphas=10)
    blocks = np.where(y == 1, 0, 1 + np.arange(80) % 39)
    with pytest.raises(DataError, match="fold"):
        stability_selection(result, dataclasses.replace(refits, blocks=blocks), pairs=2)
