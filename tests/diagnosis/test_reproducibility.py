import dataclasses

import numpy as np
import pytest

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis import Reproducibility, reproducibility
from shrinkwise.diagnosis.reproducibility import mean_jaccard
from shrinkwise.exceptions import UsageError
from shrinkwise.resampling import dealt_again
from tests.diagnosis.refitted import linear, refitted
from tests.result.networks import network_grid

NOISY = linear(n=120, p=30, k=6, noise=4.0)


@pytest.mark.parametrize(
    ("sets", "mean"),
    [
        ([{0, 1}, {1, 2}], 1 / 3),
        ([set(), set()], 1.0),
        ([{0}, set()], 0.0),
        ([{0, 1}, {0, 1}, {0}], (1 + 0.5 + 0.5) / 3),
    ],
)
def test_the_similarity_of_sets_is_their_share_in_common(sets, mean):
    inside = np.array([[j in one for j in range(3)] for one in sets])
    assert mean_jaccard(inside) == pytest.approx(mean)


@pytest.mark.parametrize("rule", ["min", "1se", "k=4", "within=2%"])
def test_each_repeat_chooses_what_its_own_grid_would(rule):
    """The strengths that are left out are never those that a repeat takes."""
    result, refits, asked = refitted(*NOISY)
    found = reproducibility(result, refits, rule, repeats=6)
    assert len(asked) == 1
    assert len(asked[0][1]["alphas"]) < result.alphas.shape[1]
    splits, sets = dealt_again(refits.blocks, 5, 6, refits.seed), []
    for repeat in range(6):
        grid = refits(splits[5 * repeat :][:5], alphas=result.alphas[0].tolist())
        cell = grid.select(rule)
        assert cell.alpha == found.strengths[repeat]
        sets.append(grid.coef(cell.ratio, cell.index) != 0)
    np.testing.assert_allclose(found.frequency, np.mean(sets, axis=0))
    np.testing.assert_array_equal(found.sizes, np.count_nonzero(sets, axis=1))
    assert found.jaccard == pytest.approx(mean_jaccard(np.array(sets)))
    assert found.repeats == 6


def test_clear_features_are_chosen_every_time_and_the_number_is_said():
    X, y = linear(n=400, p=8, noise=0.5)
    found = reproducibility(*refitted(X, y)[:2], repeats=4)
    assert found.frequency[:3].tolist() == [1, 1, 1]
    assert f"share {100 * found.jaccard:.0f} % of their features" in found.sentence
    assert "4 times anew" in found.sentence


def test_noise_is_chosen_less_reproducibly_than_signal():
    clear = reproducibility(*refitted(*linear(n=120, p=30, k=6, noise=0.5))[:2], repeats=6)
    noisy = reproducibility(*refitted(*NOISY)[:2], repeats=6)
    assert clear.jaccard > noisy.jaccard
    assert noisy.sizes.min() < noisy.sizes.max()


def test_nothing_chosen_every_time_is_reproducible():
    rng = np.random.default_rng(0)
    found = reproducibility(*refitted(rng.standard_normal((100, 5)), rng.standard_normal(100))[:2], repeats=4)
    assert found.sizes.tolist() == [0] * 4
    assert found.jaccard == 1
    assert found.sentence.endswith("no feature is ever selected.")


def test_the_mix_is_held_and_said():
    result, refits, asked = refitted(*NOISY, l1_ratios=[0.5, 1.0], alphas=30)
    found = reproducibility(result, refits, repeats=3)
    assert asked[0][1]["l1_ratios"] == [found.l1_ratio] == [result.select("1se").l1_ratio]
    assert "with l1_ratio held at" in found.sentence


def test_relaxed_fits_are_relaxed_again():
    result, refits, asked = refitted(*NOISY, relax=[0.0, 1.0], alphas=30)
    assert reproducibility(result, refits, repeats=3).repeats == 3
    assert asked[0][1]["relax"] == [result.select("1se").relax]


def test_a_repeated_cross_validation_is_repeated_fold_for_fold():
    X, y = NOISY
    _, refits, asked = refitted(X, y, alphas=30)
    result = refits(dealt_again(refits.blocks, 5, 2, 7))
    assert reproducibility(result, refits, repeats=3).repeats == 3
    assert len(asked[-1][0]) == 15


def test_where_fits_are_dear_there_are_fewer_repeats():
    X, y = linear(n=150, p=6)
    result, refits, asked = refitted(X, (y > 0).astype(float), strata=y > 0, loss="logistic", alphas=40)
    found = reproducibility(result, refits, repeats=30)
    assert 5 <= found.repeats < 30
    assert len(asked[0][0]) * len(asked[0][1]["alphas"]) <= result.gaps.size or found.repeats == 5


def test_several_outputs_count_a_feature_once():
    X, _ = linear(n=150, p=6)
    Y = X[:, :2] + np.random.default_rng(3).standard_normal((150, 2))
    found = reproducibility(*refitted(X, Y, alphas=30)[:2], repeats=5)
    assert found.frequency.shape == (6,)
    assert found.frequency[:2].tolist() == [1, 1]


def test_batches_that_fit_in_memory_say_the_same(monkeypatch):
    result, refits, asked = refitted(*NOISY, alphas=30)
    whole = reproducibility(result, refits, repeats=4)
    monkeypatch.setattr("shrinkwise.diagnosis._batches.MEMORY", 24 * 31**2 * 12)
    parts = reproducibility(result, refits, repeats=4)
    assert [len(splits) for splits, _ in asked] == [20, 10, 10]
    np.testing.assert_array_equal(whole.strengths, parts.strengths)


@pytest.mark.parametrize("rule", ["aic", "bic", "ebic:0.5"])
def test_rules_that_folds_have_no_say_in_are_not_repeated(rule):
    assert reproducibility(*refitted(*NOISY, alphas=10)[:2], rule) is None


def test_networks_and_folds_that_were_not_dealt_are_not_repeated():
    assert reproducibility(network_grid(), None) is None
    assert reproducibility(*refitted(*NOISY, alphas=10, dealt=False)[:2]) is None


def test_one_repeat_is_refused():
    with pytest.raises(UsageError, match="repeats must be a whole number >= 2, got 1"):
        reproducibility(*refitted(*NOISY, alphas=10)[:2], repeats=1)


def test_the_record_goes_through_a_file():
    found = reproducibility(*refitted(*NOISY, alphas=20)[:2], repeats=3)
    again = from_parts(Reproducibility, *to_parts(found, "r"), "r")
    for field in dataclasses.fields(found):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))
