"""The error of a chosen model, corrected for the choice: by hand, and against the truth by simulation."""

import numpy as np
import pytest

from shrinkwise.grid import fit_grid
from shrinkwise.held_out import search_bias
from tests.grid.splits import folds
from tests.result.test_select import made

SCORES = np.array([[[3.0, 3.0, 3.0, 3.0], [1.0, 2.0, 4.0, 2.0], [2.0, 1.0, 3.0, 5.0]]])


def grid(**changes):
    return made([[0.0] * 3], [[0, 1, 2]], test_score=SCORES, train_score=SCORES, **changes)


def test_the_bias_is_what_the_folds_lose_by_the_choice_of_all():
    """Tibshirani & Tibshirani 2009, eq. 4: the second cell has the lowest mean, folds 2 and 3 like others better."""
    assert grid().select("min").index == 1
    assert grid().search_bias == pytest.approx((0 + 1 + 1 + 0) / 4)
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    assert grid(weights=weights).search_bias == pytest.approx(0.2 + 0.3)


def test_a_score_that_is_not_a_number_is_no_fold_s_pick():
    scores = np.array([[1.0, 2.0], [np.nan, 1.0], [np.inf, np.nan]])
    assert search_bias(scores, scores[0], np.array([0.5, 0.5])) == 0.5


def test_each_fold_scores_what_the_others_choose():
    picks = [np.argmin(np.delete(SCORES[0], fold, axis=1).mean(axis=1)) for fold in range(4)]
    expected = np.mean([SCORES[0, pick, fold] for fold, pick in enumerate(picks)])
    assert grid().corrected_error("min") == pytest.approx(expected)
    assert expected > grid().select("min").mean
    assert grid().table("min")[0]["corrected"] == grid().corrected_error("min")


def test_a_choice_that_folds_have_no_say_in_needs_no_correction():
    fixed = grid(
        full_deviance=np.array([[30.0, 20.0, 19.9]]), degrees_of_freedom=np.array([[1.0, 2.0, 3.0]]), n_weighted=9
    )
    assert fixed.corrected_error("bic") == pytest.approx(fixed.select("bic").mean)


def test_one_fold_and_very_many_folds_have_no_correction():
    score = np.ones((1, 2, 1))
    one = made([3.0, 2.0], [0, 1], weights=np.ones(1), test_score=score, train_score=score, null_score=np.ones(1))
    assert np.isnan(one.corrected_error("min"))
    assert np.isnan(one.search_bias)
    many = np.ones((1, 2, 101))
    assert np.isnan(made([3.0, 2.0], [0, 1], weights=np.full(101, 1 / 101), test_score=many).corrected_error())


def misclassified(X, y, splits):
    def shares(rows, coefs, intercepts):
        return np.mean(((X[rows] @ coefs.T + intercepts) > 0) != y[rows][:, None], axis=0)

    return lambda fold, coefs, intercepts: tuple(shares(rows, coefs, intercepts) for rows in splits[fold])


@pytest.mark.long
@pytest.mark.parametrize(("n", "p", "loss"), [(60, 40, "squared"), (100, 40, "logistic")])
def test_on_noise_the_correction_by_other_folds_is_closer_to_the_truth_than_the_minimum(n, p, loss):
    raw, corrected, cautious = [], [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
        target = y if loss == "squared" else (y > 0).astype(float)
        result = fit_grid(X, target, folds(n, 10), loss=loss, alphas=40, unpenalized=False, extend=False, tol=1e-4)
        cell = result.select("min")
        w, b = result.coef(cell.ratio, cell.index), result.intercept(cell.ratio, cell.index)
        if loss == "squared":
            truth = 1 + w @ w + b**2
        else:
            eta = b + np.linalg.norm(w) * np.random.default_rng(seed).standard_normal(100_000)
            truth = np.mean(np.logaddexp(0, eta)) - b / 2
        raw.append(cell.mean - truth)
        corrected.append(result.corrected_error("min") - truth)
        cautious.append(cell.mean + result.search_bias - truth)
    assert np.mean(raw) < 0 < np.mean(cautious)
    assert abs(np.mean(corrected)) < 0.5 * abs(np.mean(raw))


@pytest.mark.long
def test_on_noise_counted_errors_are_corrected_to_chance():
    """The setting of Tibshirani & Tibshirani 2009: many more features than rows, labels that mean nothing."""
    raw, cautious = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((40, 300)), (rng.standard_normal(40) > 0).astype(float)
        splits = folds(40, 5)
        scorer = misclassified(X, y, splits)
        result = fit_grid(
            X, y, splits, loss="logistic", alphas=40, unpenalized=False, extend=False, tol=1e-4, scorer=scorer
        )
        raw.append(result.select("min").mean - 0.5)
        cautious.append(raw[-1] + result.search_bias)
    assert np.mean(raw) < -0.03
    assert abs(np.mean(cautious)) < 0.5 * abs(np.mean(raw))
