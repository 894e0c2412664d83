import dataclasses
import re

import numpy as np
import pytest

from shrinkwise.diagnosis import compare_with_linear, overfit_verdict
from tests.result.networks import network_grid


def linear_of(grid, shift, folds=5):
    """A linear grid whose error is that of the network's choice, and ``shift`` (a number, or one a fold) above."""
    cell = grid.select("1se")
    score = np.mean(grid.test_score[cell.ratio, cell.index].reshape(-1, folds), axis=0) + shift
    scores = np.broadcast_to(score, (*grid.mean.shape, folds))
    parts = {"fold_weights": np.full(folds, 1 / folds), "l1_ratios": np.array([0.5, 1.0]), "repeats": None}
    fits = {name: getattr(grid, name)[..., : folds + 1] for name in ("intercepts", "gaps", "converged", "n_iter")}
    coefs = tuple(line[: folds + 1] for line in grid.coefs)
    return dataclasses.replace(grid, test_score=scores, train_score=scores, network=None, coefs=coefs, **parts, **fits)


@pytest.mark.parametrize(
    ("shift", "better", "words"),
    [
        (5.0, True, "5 ± .* lower .*: the network is worth it"),
        (-5.0, False, "5 ± .* higher .*: take the linear model"),
        (np.array([9.0, -9.0, 8.0, -8.0, 0.5]), None, "cannot be told apart"),
    ],
)
def test_a_network_is_compared_with_the_linear_model_fold_by_fold(shift, better, words):
    grid = network_grid()
    found = compare_with_linear(grid, linear_of(grid, shift))
    assert found.better is better
    assert found.gain == pytest.approx(np.mean(shift))
    assert re.search(words, found.sentence)


def test_other_folds_or_another_error_are_not_compared():
    grid = network_grid()
    linear = linear_of(grid, 1.0)
    assert compare_with_linear(grid, dataclasses.replace(linear, metric="log loss")) is None
    assert compare_with_linear(network_grid(folds=4), linear) is None


def test_the_standard_error_of_a_paired_difference_does_not_know_what_folds_share():
    grid = network_grid(seeds=1)
    found = compare_with_linear(grid, linear_of(grid, 2.0))
    assert found.gain_se == pytest.approx(0, abs=1e-9)
    assert grid.select("1se").se > 0.1


def test_the_verdict_speaks_of_the_network():
    assert overfit_verdict(network_grid()).sentence.startswith("Without a penalty the network would overfit: its error")
    free = network_grid().unpenalized
    low = dataclasses.replace(free, test_score=free.test_score - 70)
    assert overfit_verdict(network_grid(unpenalized=low)).sentence.startswith("The network does not overfit: without")
