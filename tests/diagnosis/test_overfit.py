import numpy as np
import pytest

from shrinkwise.diagnosis import overfit_verdict
from shrinkwise.diagnosis.overfit import plus_minus
from shrinkwise.grid import fit_grid
from shrinkwise.result import Unpenalized
from tests.grid.splits import folds
from tests.result.test_select import made

STEADY = np.array([0.01, -0.01, 0.01, -0.01])  # how far folds scatter about a paired difference


def free(test, train=1.0, **changes):
    values = {"train_score": np.full(4, train), "test_score": np.asarray(test), "coef": np.ones(3), "intercept": 0.0}
    return Unpenalized(**values | {"gap": 1e-12, "converged": True} | changes)


def test_a_clear_gain_is_overfitting():
    grid = made([9.0, 4.0, 5.0], [0, 1, 2], unpenalized=free(8.0 + STEADY))
    verdict = overfit_verdict(grid)
    assert verdict.overfits is True
    assert verdict.useful
    assert verdict.gain == pytest.approx(0.5)
    assert verdict.gain_se == pytest.approx(0.01 / np.sqrt(3) / 8)
    assert "you would overfit" in verdict.sentence
    assert "50.0" in verdict.sentence
    assert " 1 " in verdict.sentence  # trained to 1
    assert " 8 " in verdict.sentence  # held out


def test_a_gain_within_its_noise_shows_nothing():
    noisy = 4.1 + np.array([1.0, -1.0, 1.0, -1.0])
    verdict = overfit_verdict(made([9.0, 4.0], [0, 1], unpenalized=free(noisy)))
    assert verdict.overfits is False
    assert "No overfitting can be shown" in verdict.sentence
    assert "not distinguishable" in verdict.sentence


def test_a_gain_has_two_digits_of_its_error_and_no_sign_on_a_zero():
    assert plus_minus(-31.97, 31.58) == "-32 ± 32"
    assert plus_minus(-0.0004, 0.17) == "0.00 ± 0.17"
    assert plus_minus(18.9996, 9.086) == "19.0 ± 9.1"
    assert plus_minus(5.04, float("nan")) == "5"


def test_errors_side_by_side_have_the_same_decimals():
    verdict = overfit_verdict(made([9.0, 0.81], [0, 1], unpenalized=free(0.81 + STEADY, train=0.80481)))
    assert "the error is 0.8048 on the rows it was fitted to and 0.8100 on held-out rows" in verdict.sentence


def test_a_penalty_that_changes_nothing_is_said():
    verdict = overfit_verdict(made([9.0, 4.0], [0, 1], spread=0.0, unpenalized=free(np.full(4, 4.0))))
    assert verdict.sentence.endswith("the best penalty does not change the held-out error.")


def test_a_penalty_that_only_hurts_is_said():
    verdict = overfit_verdict(made([9.0, 6.0], [0, 1], unpenalized=free(4.0 + STEADY)))
    assert verdict.overfits is False
    assert "You do not overfit" in verdict.sentence
    assert verdict.gain == pytest.approx(-0.5)
    assert "50.0" in verdict.sentence


@pytest.mark.parametrize("fit", [None, free(np.full(4, np.inf), converged=False, note="the classes can be separated")])
def test_where_no_unpenalized_fit_exists_there_is_no_verdict(fit):
    verdict = overfit_verdict(made([9.0, 4.0], [0, 1], unpenalized=fit))
    assert verdict.overfits is None
    assert np.isnan(verdict.gain)
    assert verdict.useful
    if fit is not None:
        assert "separated" in verdict.sentence


@pytest.mark.parametrize(
    "grid",
    [
        made([10.0, 9.9], [0, 1], spread=0.0, null_score=np.array([10.0, 9.0, 11.0, 10.0])),
        made([10.0, 10.5], [0, 2], spread=0.1),
    ],
    ids=["no better than the mean", "the null model itself"],
)
def test_a_model_that_predicts_nothing_is_called_out(grid):
    verdict = overfit_verdict(grid)
    assert not verdict.useful
    assert "Beware" in verdict.sentence


def test_the_paired_error_is_that_of_the_differences():
    """Folds that are all hard or all easy for both fits say nothing about their difference."""
    hard = np.array([5.0, -5.0, 5.0, -5.0])
    grid = made([9.0, 4.0], [0, 1], spread=5.0, unpenalized=free(6.0 + hard + STEADY))
    verdict = overfit_verdict(grid)
    assert verdict.gain_se == pytest.approx(0.01 / np.sqrt(3) / 6)
    assert verdict.overfits is True


def test_one_fold_gives_a_verdict_without_an_error():
    one = np.array([[[9.0], [4.0]]])
    grid = made(
        [9.0, 4.0],
        [0, 1],
        test_score=one,
        train_score=one,
        fold_weights=np.ones(1),
        null_score=np.array([9.0]),
        unpenalized=free(np.array([8.0]), train_score=np.array([1.0])),
    )
    verdict = overfit_verdict(grid)
    assert verdict.gain == pytest.approx(0.5)
    assert verdict.gain_se == 0


def test_the_verdict_does_not_depend_on_the_unit_of_the_target():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 20))
    y = X[:, 0] + rng.standard_normal(60)
    verdicts = [overfit_verdict(fit_grid(X, 2.0**k * y, folds(60, 5), alphas=20)) for k in (0, -60, 60)]
    assert [verdict.overfits for verdict in verdicts] == [True] * 3
    assert len({verdict.gain for verdict in verdicts}) == 1


def test_many_columns_of_noise_are_overfitted_and_few_are_not():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((80, 30))
    y = X[:, 0] + rng.standard_normal(80)
    many = overfit_verdict(fit_grid(X, y, folds(80, 5), alphas=20))
    few = overfit_verdict(fit_grid(X[:, :1], y, folds(80, 5), alphas=20))
    noise = overfit_verdict(fit_grid(X[:, 1:], y, folds(80, 5), alphas=20))
    assert (many.overfits, many.useful) == (True, True)
    assert (few.overfits, few.useful) == (False, True)
    assert not noise.useful
