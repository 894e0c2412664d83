"""Variants of a penalty: a line of the grid for each of them, as the grid of each alone has it."""

import numpy as np
import pytest

from shrinkwise import UsageError, fit_grid
from shrinkwise.testing import problems
from tests.grid.splits import folds

BAN = {"upper": [np.inf, np.inf, 0, np.inf, np.inf, np.inf], "lower": [-np.inf, -np.inf, 0, -np.inf, -np.inf, -np.inf]}
VARIANTS = [{}, BAN, {"penalty_weights": [0.5, 1, 1, 2, 1, 1]}]


def table_of(loss):
    return next(one for one in problems(loss) if one.name == "well-conditioned")


def test_variants_give_the_grids_of_each_alone(loss):
    table, mixes = table_of(loss), (0.5, 1.0)
    given = {"loss": loss, "l1_ratios": mixes, "alphas": [0.1, 0.03, 0.01], "tol": 1e-12}
    together = fit_grid(table.X, table.y, folds(40), variants=VARIANTS, **given)
    assert together.l1_ratios.tolist() == [0.5, 1.0] * 3
    for number, variant in enumerate(VARIANTS):
        alone = fit_grid(table.X, table.y, folds(40), **given, **variant)
        lines = slice(2 * number, 2 * number + 2)
        np.testing.assert_allclose(together.test_score[lines], alone.test_score, rtol=1e-7)
        for own, other in zip(together.coefs[lines], alone.coefs, strict=True):
            for mine, theirs in zip(own, other, strict=True):
                np.testing.assert_allclose(mine.toarray(), theirs.toarray(), atol=1e-6)
    assert together.all_converged


def test_a_banned_feature_stays_at_zero_in_its_own_lines_alone(loss):
    table = table_of(loss)
    grid = fit_grid(table.X, table.y, folds(40), loss=loss, variants=VARIANTS[:2], alphas=[0.001])
    assert all(grid.coef(0, 0, fold)[2] != 0 for fold in range(-1, 3))
    assert all(grid.coef(1, 0, fold)[2] == 0 for fold in range(-1, 3))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"variants": []}, "at least one mapping"),
        ({"variants": [{"groups": [0, 0]}]}, "variants change banned, factors, lower, penalty_weights, upper, got groups"),
        ({"variants": [{}], "relax": (1.0, 0.0)}, "leave out one of them"),
    ],
)
def test_what_variants_cannot_be_is_refused(options, words):
    table = table_of("squared")
    with pytest.raises(UsageError, match=words):
        fit_grid(table.X, table.y, folds(40), **options)
