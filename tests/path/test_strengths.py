"""alpha_max: all coefficients are zero at it, and not a hair below."""

import numpy as np
import pytest

from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.path import geometric, solve
from shrinkwise.penalties import ElasticNet, penalty_of
from shrinkwise.testing import problems
from tests.problem.penalized import SHARES

HAIR = 1e-6
ROUNDING = 1e-12  # one fit and a grid sum the same rows in another order
MODES = {"plain": {}, "no intercept": {"fit_intercept": False}, "own scales": {"standardize": False}}
OPTIONS = {
    "plain": lambda p: {},
    "weights": lambda p: {"penalty_weights": np.linspace(0.3, 3.0, p)},
    "some free": lambda p: {"penalty_weights": np.minimum(np.arange(p), 1.0)},
    "nonnegative": lambda p: {"lower": 0.0},
    "nonpositive": lambda p: {"upper": 0.0},
    "groups": lambda p: {"groups": np.arange(p) // 2},
    "sparse groups": lambda p: {"groups": np.arange(p) // 3, "sparse_ratio": 0.5},
    "box": lambda p: {"lower": -0.1, "upper": np.where(np.arange(p) % 2, 0.0, 0.2)},
}


def top(case, loss, l1_ratio, options, mode):
    n = len(case.y)
    splits = [(np.arange(n), np.arange(n))]
    return fit_grid(
        case.X,
        case.y,
        splits,
        loss=loss,
        l1_ratios=(l1_ratio,),
        alphas=2,
        sample_weight=case.weights,
        extend=False,
        unpenalized=False,
        **options,
        **mode,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("every", SHARES)
def test_alpha_max_gives_zero_coefficients_and_a_hair_below_does_not(loss, kind, mode, every):
    first = (list(OPTIONS).index(kind) + list(MODES).index(mode)) % every
    for case in problems(loss)[first::every]:
        if mode == "no intercept" and case.name == "huge means":
            continue  # parallel columns to rounding
        options = OPTIONS[kind](case.X.shape[1])
        free = np.zeros(case.X.shape[1], bool) if kind != "some free" else options["penalty_weights"] == 0
        for l1_ratio in (1.0, 0.3):
            grid = top(case, loss, l1_ratio, options, MODES[mode])
            alpha = grid.alphas[0, 0]
            if not grid.coef(0, 1)[~free].any():
                continue  # all columns are pulled beyond their bounds: nothing ever enters
            assert not grid.coef(0, 0)[~free].any(), case
            for factor, zero in ((1 + ROUNDING, True), (1 - HAIR, False)):
                # at a hair below, a coefficient of size HAIR lowers the objective by about HAIR²
                found = solve(
                    case.X,
                    case.y,
                    loss=LOSSES[loss],
                    penalty=penalty_of(l1_ratio, **options),
                    alpha=alpha * factor,
                    sample_weight=case.weights,
                    tol=1e-15,
                    **MODES[mode],
                )
                assert np.any(found.coef[~free]) != zero, f"{case}, l1_ratio={l1_ratio}, factor={factor}"


@pytest.mark.parametrize("loss", LOSSES)
def test_the_alpha_max_of_a_training_set_is_that_of_its_rows(loss):
    """A grid begins at alpha_max of all data; the path of a fold enters where its own rows say."""
    case = problems(loss)[0]
    train, test = np.arange(0, 30), np.arange(30, 40)
    alone = type(case)("train", case.X[train], case.y[train])
    loss = top(case, loss, 0.7, {}, {}).loss  # what a loss takes from the spread of y is that of all rows
    own = top(alone, loss, 0.7, {}, {}).alphas[0, 0]
    strengths = own * np.array([1 + HAIR, 1.0, 1 - HAIR])
    grid = fit_grid(case.X, case.y, [(train, test)], loss=loss, l1_ratios=(0.7,), alphas=strengths, tol=1e-14)
    assert [bool(grid.coef(0, a, fold=0).any()) for a in range(3)] == [False, False, True]


def test_ridge_begins_where_its_coefficients_are_a_thousandth():
    """Ridge has no alpha_max, and its strength has no unit: the start does not depend on the unit of the target."""
    for case in problems():
        starts = []
        for factor in (1.0, 2.0**-30, 2.0**50):
            scaled = type(case)(case.name, case.X, factor * case.y, case.weights)
            grid = top(scaled, "squared", 0.0, {}, {})
            starts.append(grid.alphas[0, 0])
            free = solve(scaled.X, scaled.y, loss=LOSSES["squared"], penalty=ElasticNet(0.0), alpha=1e-6 * starts[0])
            assert np.abs(grid.coef(0, 0)).max() < 0.01 * np.abs(free.coef).max()
        assert starts[0] == starts[1] == starts[2]


def test_a_column_that_cannot_move_does_not_count():
    case = problems()[0]
    free = top(case, "squared", 1.0, {}, {}).alphas[0, 0]
    strongest = np.argmax(np.abs(np.corrcoef(case.X, case.y, rowvar=False)[-1, :-1]))
    bound = np.where(np.arange(6) == strongest, 0.0, np.inf)
    held = top(case, "squared", 1.0, {"lower": -bound, "upper": bound}, {}).alphas[0, 0]
    assert held < 0.99 * free


def test_strengths_are_evenly_spaced_in_their_logarithm():
    grid = geometric(3.0, 1e-3, 10)
    assert grid[0] == 3.0
    assert grid[-1] == pytest.approx(3e-3)
    np.testing.assert_allclose(np.diff(np.log(grid)), np.log(1e-3) / 9, rtol=1e-12)
    assert geometric(2.0, 1e-3, 1).tolist() == [2.0]
