import dataclasses
from functools import partial

import numpy as np
import pytest

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.adaptive import fit_adaptive_grid
from shrinkwise.diagnosis import PenaltyChoice, penalty_choice
from shrinkwise.diagnosis.families import name_of
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.resampling import blocks_of
from shrinkwise.result import Unpenalized
from tests.grid.splits import folds
from tests.result.networks import linear_of, network_grid
from tests.result.test_select import made

UP_DOWN = np.array([1.0, -1.0, 1.0, -1.0])
N = 120


def table(p=8, signal=3, n=N, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, :signal].sum(axis=1), rng.standard_normal(n)


def grid_and_refits(X, y, fit=fit_grid, grid=(), **options):
    """A grid of 20 strengths on five folds, and its refits."""
    options = {"alphas": 20} | options
    splits = folds(len(y), 5)
    bound = options | {"extend": False, "unpenalized": False}
    refits = Refits(partial(fit_grid, X, y, **bound), splits, blocks_of(len(y), 5))
    return fit(X, y, splits, **options | dict(grid)), refits


def free(test, size=3):
    return Unpenalized(np.full(4, 1.0), np.asarray(test), np.ones(size), 0.0, 1e-12, True)


def of(found, name):
    """Place of a family."""
    return found.families.index(name)


def lines(elastic, lasso, **changes):
    """A grid of two lines, l1_ratio 1/2 and 1, with one cell each: scores (4,) and features."""
    scores = np.array([[elastic[0]], [lasso[0]]])
    return made(scores.mean(axis=2), [[elastic[1]], [lasso[1]]], test_score=scores, train_score=scores, **changes)


def test_differences_are_paired_and_relative_to_the_best():
    """Folds that are hard for all say nothing about differences."""
    hard, apart = 3 * UP_DOWN, np.array([0.5, 0.7, 0.5, 0.7])
    grid = lines((5 + hard, 3), (5 + hard + apart, 2))
    found = penalty_choice(grid, None)
    assert found.families == ("lasso", "elastic net")
    np.testing.assert_allclose(found.mean, [5.6, 5.0])
    np.testing.assert_allclose(found.difference, [0.6 / 5, 0])
    np.testing.assert_allclose(found.difference_se, [0.1 / np.sqrt(3) / 5, 0], atol=1e-15)
    np.testing.assert_array_equal(found.better, [-1, 1])
    np.testing.assert_array_equal(found.n_features, [2, 3])
    assert found.recommended == "elastic net"
    assert found.sentence == "Elastic net predicts best and keeps 3 of 3 features; lasso is 12.0 ± 1.2 % worse."
    assert np.all(found.se > 1)


def test_the_simplest_that_is_not_distinguishable_is_recommended():
    grid = lines((5 + 0 * UP_DOWN, 3), (5.1 + 0.4 * UP_DOWN, 2), unpenalized=free(6 + 0.1 * UP_DOWN))
    found = penalty_choice(grid, None)
    assert found.families == ("no penalty", "lasso", "elastic net")
    np.testing.assert_array_equal(found.better, [-1, 0, 1])
    assert found.recommended == "lasso"
    assert found.sentence == (
        "Elastic net predicts best; lasso, the simplest that is not distinguishable from it, is 2.0 ± 4.6 % worse and "
        "keeps 2 of 3 features; no penalty is 20.0 ± 1.2 % worse: you would overfit."
    )


def test_of_families_with_as_many_features_the_one_with_fewer_strengths_is_simpler():
    one = penalty_choice(lines((5 + UP_DOWN, 3), (5.1 - UP_DOWN, 3)), None)
    assert one.recommended == "lasso"
    two = penalty_choice(lines((5 + UP_DOWN, 3), (5.1 - UP_DOWN, 3), unpenalized=free(5.2 + 0 * UP_DOWN)), None)
    assert two.recommended == "no penalty"
    assert "you would overfit" not in two.sentence
    assert two.sentence.startswith("Elastic net predicts best; no penalty, the simplest that")


def test_equal_scores_are_told_as_equal():
    found = penalty_choice(lines((5 + UP_DOWN, 2), (5 + UP_DOWN, 2)), None)
    assert found.sentence == "Lasso predicts best and keeps 2 of 2 features, as does elastic net."
    np.testing.assert_array_equal(found.better, [1, 0])


def test_errors_that_are_rounding_are_equal():
    grid = lines((np.full(4, 1e-25), 3), (np.full(4, 1e-13), 2), unpenalized=free(np.full(4, 1e-30)))
    found = penalty_choice(grid, None)
    assert found.recommended == "lasso"
    np.testing.assert_array_equal(found.difference, 0)


def test_an_infinite_error_is_worse():
    endless = np.array([1.0, np.inf, 1.0, 1.0])
    found = penalty_choice(lines((5 + UP_DOWN, 3), (5.1 - UP_DOWN, 3), unpenalized=free(endless)), None)
    assert found.better[0] == -1
    assert found.difference[0] == np.inf
    assert "no penalty is without a finite held-out error: you would overfit" in found.sentence


def test_one_fold_tells_nothing_apart():
    score = np.array([[[5.0]], [[9.0]]])
    grid = made([[5.0], [9.0]], [[3], [2]], test_score=score, train_score=score, fold_weights=np.ones(1))
    found = penalty_choice(dataclasses.replace(grid, null_score=np.ones(1)), None)
    np.testing.assert_array_equal(found.better, [0, 1])
    assert np.all(np.isnan(found.difference_se))
    assert np.isnan(found.corrected)
    assert found.recommended == "lasso"
    assert "80 % worse" in found.sentence


def test_with_a_single_family_the_corrected_error_is_that_of_its_grid():
    X, eta, noise = table()
    result, _ = grid_and_refits(X, eta + noise, unpenalized=False)
    part = dataclasses.replace(result, null_score=result.null_score + 100)  # not a choice of any fold
    found = penalty_choice(part, None)
    assert found.families == ("lasso",)
    assert found.corrected == pytest.approx(result.corrected_error("min"), rel=1e-14)
    assert "nothing to compare it with" in found.sentence


def test_the_corrected_error_scores_each_fold_by_what_the_others_recommend():
    """By hand: without fold 4 the lasso is distinguishably worse, without any other fold it is not."""
    elastic, lasso = np.array([5.0, 5.0, 5.0, 6.0]), np.array([6.0, 6.2, 6.1, 4.0])
    found = penalty_choice(lines((elastic, 3), (lasso, 2)), None)
    assert found.corrected == pytest.approx((6.0 + 6.2 + 6.1 + 6.0) / 4)
    assert penalty_choice(lines((elastic, 3), (lasso, 2)), None).recommended == "lasso"


def test_what_the_grid_lacks_is_fitted_on_the_same_folds():
    X, eta, noise = table()
    result, refits = grid_and_refits(X, eta + noise)
    found = penalty_choice(result, refits)
    assert found.families == ("no penalty", "lasso", "ridge", "elastic net", "relaxed lasso")
    assert found.note == ""
    ridge = fit_grid(X, eta + noise, folds(N, 5), l1_ratios=[0.0], alphas=20, extend=False)
    elastic = fit_grid(X, eta + noise, folds(N, 5), l1_ratios=[0.5], alphas=20, extend=False)
    for name, grid in (("ridge", ridge), ("elastic net", elastic), ("lasso", result)):
        best = grid.select("min")
        at = of(found, name)
        assert found.mean[at] == pytest.approx(best.mean, rel=1e-12)
        assert (found.alpha[at], found.l1_ratio[at], found.relax[at]) == (best.alpha, best.l1_ratio, 1.0)
    relaxed = fit_grid(
        X,
        eta + noise,
        folds(N, 5),
        alphas=[found.alpha[of(found, "relaxed lasso")]],
        relax=[found.relax[of(found, "relaxed lasso")]],
    )
    assert found.mean[of(found, "relaxed lasso")] == pytest.approx(relaxed.mean[0, 0], rel=1e-9)
    assert found.alpha[of(found, "no penalty")] == 0


def test_what_the_grid_holds_is_not_fitted_again():
    X, eta, noise = table()
    result, refits = grid_and_refits(X, eta + noise, l1_ratios=(0.0, 0.3, 0.7, 1.0))
    asked = []

    def noted(*arguments, **changes):
        asked.append(changes)
        return refits(*arguments, **changes)

    found = penalty_choice(result, Refits(noted, refits.splits, refits.blocks))
    assert [set(changes) for changes in asked] == [{"l1_ratios", "alphas", "relax"}]
    elastic = min(result.mean[1:3].ravel())
    assert found.mean[of(found, "elastic net")] == pytest.approx(elastic)
    shares = (1.0, 0.5, 0.0)
    full, refits = grid_and_refits(X, eta + noise, l1_ratios=(0.0, 0.5, 1.0), grid={"relax": shares})
    found = penalty_choice(full, None)
    assert found.note == ""
    assert found.families == (
        *("no penalty", "lasso", "ridge", "elastic net"),
        *("relaxed lasso", "relaxed ridge", "relaxed elastic net"),
    )


def test_without_a_signal_every_penalty_ends_in_no_features():
    X, _, noise = table(p=20)
    found = penalty_choice(*grid_and_refits(X, noise))
    lasso = of(found, "lasso")
    assert found.n_features[lasso] == 0
    assert found.alpha[lasso] == np.inf
    assert found.recommended == "lasso"
    assert found.better[of(found, "no penalty")] == -1
    assert "keeps none of 20 features" in found.sentence
    assert "the best lasso keeps no feature" in found.note


def test_features_that_are_forced_in_leave_no_model_without_features():
    X, _, noise = table(p=4)
    result, refits = grid_and_refits(X, noise, penalty_weights=np.array([0.0, 1.0, 1.0, 1.0]))
    found = penalty_choice(result, refits)
    assert np.all(np.isfinite(found.alpha))
    assert np.all(found.n_features >= 1)


@pytest.mark.parametrize(
    ("options", "families"),
    [
        ({"concave": "mcp"}, {"MCP", "lasso", "ridge", "elastic net", "relaxed lasso"}),
        ({"concave": "scad:4", "l1_ratios": (0.5,)}, {"SCAD with ridge", "lasso", "ridge", "elastic net"}),
        ({"groups": [0, 0, 1, 1, 2, 2, 3, 3]}, {"group lasso", "ridge", "group elastic net"}),
        ({"groups": [0, 0, 1, 1, 2, 2, 3, 3], "sparse_ratio": 0.5}, {"sparse group lasso", "sparse group elastic net"}),
    ],
)
def test_families_are_called_what_their_penalty_is(options, families):
    X, eta, noise = table()
    found = penalty_choice(*grid_and_refits(X, eta + noise, **options))
    assert families <= set(found.families)
    assert ("lasso" in found.families) == ("groups" not in options)
    assert ("relaxed group lasso" in found.note.lower()) == (families == {"group lasso", "ridge", "group elastic net"})


def test_the_adaptive_lasso_is_compared_with_the_lasso():
    X, eta, noise = table()
    result, refits = grid_and_refits(X, eta + noise, fit=fit_adaptive_grid)
    found = penalty_choice(result, refits)
    assert {"adaptive lasso", "lasso", "ridge", "elastic net", "relaxed lasso"} <= set(found.families)
    held = dataclasses.replace(result, l1_ratios=np.array([0.0]), l1_factors=np.array([1.0, np.inf, *np.ones(6)]))
    assert name_of(held, 0) == "adaptive ridge"


def test_a_limit_on_the_features_holds_for_every_family():
    X, eta, noise = table()
    result, refits = grid_and_refits(X, eta + noise)
    found = penalty_choice(result, refits, "k=2")
    assert np.all(found.n_features <= 2)
    assert found.mean[of(found, "lasso")] == result.select("k=2").mean
    assert "The fit without a penalty was left out: it keeps more than 2 features" in found.note
    with pytest.raises(UsageError, match="rule must be"):
        penalty_choice(result, refits, "two")


def cox_target(eta, rng):
    time, censored = rng.exponential(np.exp(-eta)), rng.exponential(1.0, len(eta))
    return np.minimum(time, censored), (time <= censored).astype(float)


@pytest.mark.parametrize("loss", ["logistic", "poisson", "huber", "cox"])
def test_other_losses_have_the_same_families(loss):
    X, eta, noise = table(p=5)
    rng = np.random.default_rng(1)
    y = {
        "logistic": lambda: (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta / 2)).astype(float),
        "huber": lambda: eta + noise,
    }
    if loss == "cox":
        time, target = cox_target(eta, rng)
        result, refits = grid_and_refits(X, target, loss=CoxLoss(time), alphas=10)
    else:
        result, refits = grid_and_refits(X, y[loss](), loss=loss, alphas=10)
    found = penalty_choice(result, refits)
    assert set(found.families) == {"no penalty", "lasso", "ridge", "elastic net", "relaxed lasso"}
    assert np.all(np.isfinite(found.difference))
    assert found.note == ""


def test_several_predictors_a_row_have_no_relaxed_lasso():
    X, eta, noise = table(p=4)
    labels = np.argmax(np.column_stack([eta, -eta, noise]), axis=1)
    found = penalty_choice(*grid_and_refits(X, np.eye(3)[labels], loss="multinomial:3", alphas=10))
    assert set(found.families) == {"no penalty", "lasso", "ridge", "elastic net"}
    assert found.note == "Relaxed lasso was left out: there is none for several predictors a row."


def test_what_cannot_be_had_is_said():
    X, eta, noise = table()
    result, refits = grid_and_refits(X, eta + noise)
    assert penalty_choice(result, None).note == "Ridge, elastic net and relaxed lasso were not fitted."
    scored = dataclasses.replace(result, metric="median error")
    assert penalty_choice(scored, refits).note == (
        "Ridge, elastic net and relaxed lasso would be scored by mean squared error, not by median error."
    )
    bare = dataclasses.replace(result, unpenalized=None)
    assert "Without a penalty there is no fit (8 features, 120 rows)" in penalty_choice(bare, None).note
    separated = dataclasses.replace(result.unpenalized, converged=False, note="the classes can be separated")
    told = penalty_choice(dataclasses.replace(result, unpenalized=separated), None).note
    assert "without a penalty there is no fit: the classes can be separated" in told.lower()

    def refuses(*arguments, relax=None, **changes):
        if relax is not None:
            raise UsageError("relax needs columns that are encoded alike")
        return refits(*arguments, **changes)

    found = penalty_choice(result, Refits(refuses, refits.splits, refits.blocks))
    assert found.note == "Relaxed lasso was left out: relax needs columns that are encoded alike."
    assert "relaxed lasso" not in found.families


def test_ridge_is_left_out_where_columns_are_very_many():
    X, eta, noise = table(p=1001, n=40)
    found = penalty_choice(*grid_and_refits(X, eta + noise, alphas=5))
    assert "ridge" not in found.families
    assert "ridge was left out: it keeps all 1,001 coefficients" in found.note.lower()
    assert "of least norm" in found.note


def test_a_network_is_one_more_family():
    grid = network_grid()
    found = penalty_choice(grid, None, linear=linear_of(grid, 5.0))
    assert found.families == ("lasso", "elastic net", "network without a penalty", "network")
    assert found.recommended == "network"
    assert found.mean[of(found, "network")] == pytest.approx(grid.select("min").mean)
    assert found.better[of(found, "lasso")] == -1
    assert "network without a penalty is" in found.sentence
    assert "it would overfit" in found.sentence
    assert np.isfinite(found.corrected)
    same = penalty_choice(grid, None, linear=linear_of(grid, np.array([9.0, -9.0, 8.0, -8.0, 0.5])))
    assert same.recommended == "lasso"


def test_a_network_without_a_linear_model_of_the_same_folds_stands_alone():
    grid = network_grid(diverged=[(1, 3, 2)])
    assert penalty_choice(grid, None).note == "No linear model was fitted."
    other = penalty_choice(grid, None, linear=linear_of(network_grid(folds=4), 1.0, folds=4))
    assert other.families == ("network without a penalty", "network")
    assert "other folds" in other.note


def test_the_choice_does_not_depend_on_the_unit_of_the_target():
    X, eta, noise = table(p=6)
    grids = [grid_and_refits(X, 2.0**k * (eta + noise), ridge_unit=2.0**k) for k in (0, -40, 40)]
    choices = [penalty_choice(*grid) for grid in grids]
    assert len({choice.sentence for choice in choices}) == 1
    np.testing.assert_array_equal(choices[0].difference, choices[1].difference)


def test_repeats_of_folds_make_no_difference_more_certain():
    X, eta, noise = table()
    y = eta + noise
    once = fit_grid(X, y, folds(N, 5), alphas=20)
    thrice = fit_grid(X, y, folds(N, 5) * 3, alphas=20)
    first, third = (penalty_choice(grid, None) for grid in (once, thrice))
    np.testing.assert_allclose(first.difference_se, third.difference_se, rtol=1e-9, atol=1e-15)
    assert first.corrected == pytest.approx(third.corrected)


def test_a_choice_is_stored():
    X, eta, noise = table()
    found = penalty_choice(*grid_and_refits(X, eta + noise))
    again = from_parts(PenaltyChoice, *to_parts(found, "choice"), "choice")
    for field in dataclasses.fields(PenaltyChoice):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))
        assert type(getattr(again, field.name)) is type(getattr(found, field.name))
