import dataclasses
import re

import numpy as np
import pytest

from shrinkwise.diagnosis import compare_with_linear, overfit_verdict
from tests.result.networks import linear_of, network_grid


@pytest.mark.parametrize(
    ("shift", "better", "words"),
    [
        (5.0, True, "5.0* ± .* lower .*: the network is worth it"),
        (-5.0, False, "5.0* ± .* higher .*: take the linear model"),
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
