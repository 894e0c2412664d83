"""Rules on hand-made grids, where the answer can be seen."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.exceptions import UsageError
from shrinkwise.result import GridResult, Unpenalized


def made(means, sizes, spread=0.0, weights=None, unpenalized=None, **changes):
    """A grid of R mixes × A strengths and 4 folds whose scores have the given means and spread about them."""
    means, sizes = np.atleast_2d(np.asarray(means, dtype=float)), np.atleast_2d(sizes)
    ratios, count = means.shape
    weights = np.full(4, 0.25) if weights is None else np.asarray(weights)
    off = spread * np.array([1.0, -1.0, 1.0, -1.0])
    test = means[:, :, None] + off
    p = max(1, int(np.max(sizes)))
    rows = [[np.where(np.arange(p) < sizes[r, a], 2.0, 0.0) for a in range(count)] for r in range(ratios)]
    coefs = tuple(tuple(sparse.csr_array(np.array(rows[r])) for _ in range(5)) for r in range(ratios))
    fits = (ratios, count, 5)
    values = {
        "loss": "squared",
        "metric": "mean squared error",
        "l1_ratios": np.linspace(0.5, 1.0, ratios) if ratios > 1 else np.array([1.0]),
        "alphas": np.tile(2.0 ** -np.arange(count), (ratios, 1)),
        "train_score": test - 0.5,
        "test_score": test,
        "fold_weights": weights,
        "coefs": coefs,
        "intercepts": np.zeros(fits),
        "gaps": np.full(fits, 1e-9),
        "converged": np.ones(fits, dtype=bool),
        "n_iter": np.ones(fits, dtype=np.int64),
        "null_score": np.full(4, 10.0),
        "unpenalized": unpenalized,
        "feature_names": tuple(f"x{j}" for j in range(p)),
        "center": np.zeros(p),
        "scale": np.ones(p),
        "target_scale": 1.0,
        "n_samples": 100,
        "tol": 1e-6,
        "standardize": True,
    }
    return GridResult(**values | changes)


MEANS = [9.0, 6.0, 4.0, 3.2, 3.0, 3.1]
SIZES = [0, 1, 2, 4, 5, 7]


def test_min_takes_the_lowest_error():
    cell = made(MEANS, SIZES).select("min")
    assert (cell.ratio, cell.index, cell.alpha, cell.n_features) == (0, 4, 2.0**-4, 5)
    assert cell.mean == 3.0
    assert cell.train == 2.5
    assert cell.rule == "min"
    assert cell.l1_ratio == 1.0


def test_the_first_of_equal_errors_is_taken():
    """Of equal errors the strongest penalty: fewer features, and the smaller l1_ratio where both are equal."""
    assert made([9.0, 3.0, 3.0, 3.0], [0, 1, 2, 3]).select("min").index == 1
    both = made([[5.0, 3.0], [5.0, 3.0]], [[0, 2], [0, 2]])
    assert both.select("min").ratio == 0


def test_one_standard_error_takes_the_simplest_model_within_it():
    # se = spread / sqrt(3): the deviations are ± spread, and 4 folds leave 3 degrees of freedom
    grid = made(MEANS, SIZES, spread=np.sqrt(3) * 0.25)
    cell = grid.select("1se")
    assert cell.se == pytest.approx(0.25)
    assert cell.index == 3  # 3.2 ≤ 3.0 + 0.25 < 4.0
    assert made(MEANS, SIZES, spread=np.sqrt(3) * 1.01).select("1se").index == 2
    assert made(MEANS, SIZES).select("1se").index == 4  # no spread: the minimum


def test_one_standard_error_is_the_default():
    grid = made(MEANS, SIZES, spread=0.5)
    assert grid.select() == grid.select("1se")


def test_a_bound_that_is_met_exactly_is_met():
    grid = made([5.0, 4.0, 3.0], [0, 1, 2], spread=np.sqrt(3))
    assert grid.select("1se").index == 1
    assert made([5.0, 4.001, 3.0], [0, 1, 2], spread=np.sqrt(3)).select("1se").index == 2
    assert made([5.0, 4.0], [0, 1]).select("within=25%").index == 0
    assert made([5.001, 4.0], [0, 1]).select("within=25%").index == 1


def test_the_mix_with_the_fewest_features_is_chosen_then_the_lowest_error():
    means = [[9.0, 3.2, 3.0], [9.0, 3.1, 3.05]]
    assert made(means, [[0, 6, 8], [0, 2, 4]], spread=1.0).select("1se").ratio == 1
    assert made(means, [[0, 2, 8], [0, 6, 6]], spread=1.0).select("1se").ratio == 0
    tie = made(means, [[0, 2, 8], [0, 2, 6]], spread=1.0).select("1se")
    assert (tie.ratio, tie.index) == (1, 1)  # both have 2 features: 3.1 is lower than 3.2


def test_a_mix_out_of_reach_is_not_chosen():
    """However few features it has."""
    grid = made([[9.0, 8.0], [9.0, 3.0]], [[0, 1], [0, 9]], spread=0.5)
    assert grid.select("1se").ratio == 1


@pytest.mark.parametrize(("k", "index"), [(0, 0), (1, 1), (3, 2), (4, 3), (5, 4), (6, 4), (7, 4), (100, 4)])
def test_at_most_k_features(k, index):
    assert made(MEANS, SIZES).select(f"k={k}").index == index


def test_at_most_k_features_over_all_mixes():
    grid = made([[9.0, 5.0, 4.0], [9.0, 6.0, 3.0]], [[0, 2, 3], [0, 3, 4]])
    cell = grid.select("k=3")
    assert (cell.ratio, cell.index) == (0, 2)


def test_fewer_features_than_any_model_has_are_refused():
    with pytest.raises(UsageError, match="no fit of this grid has at most 1 features"):
        made([3.0, 2.0], [2, 3]).select("k=1")


@pytest.mark.parametrize(("percent", "index"), [("0", 4), ("1", 4), ("6.7", 3), ("34", 2), ("100", 1), ("200", 0)])
def test_within_a_percentage_of_the_lowest_error(percent, index):
    assert made(MEANS, SIZES).select(f"within={percent}%").index == index


def test_within_a_percentage_of_a_negative_score():
    """Scores of a caller may be negative: the bound lies above the lowest one all the same."""
    grid = made([-1.0, -3.0, -4.0, -4.2], [0, 1, 2, 3])
    assert grid.select("within=10%").index == 2
    assert grid.select("min").index == 3


def test_a_score_that_is_not_a_number_is_never_chosen():
    means = np.array([9.0, np.nan, 3.0, np.nan, np.inf])
    for rule in ("min", "1se", "k=5", "within=5%"):
        assert made(means, [0, 1, 2, 3, 4]).select(rule).index == 2


@pytest.mark.parametrize(
    "rule", ["", "best", "2se", "k=", "k=-1", "k=1.5", "within=1", "within=%", "MIN", "min ", "k=3x"]
)
def test_an_unknown_rule_is_refused_with_the_list(rule):
    with pytest.raises(UsageError, match=r'rule must be "min", "1se", "k=.*got'):
        made(MEANS, SIZES).select(rule)


def test_mean_and_standard_error_weigh_the_folds():
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    scores = np.array([1.0, 2.0, 4.0, 3.0])
    grid = made([[0.0]], [[1]], weights=weights, test_score=scores[None, None], train_score=scores[None, None] / 2)
    mean = scores @ weights
    assert grid.mean[0, 0] == pytest.approx(mean)
    assert grid.train_mean[0, 0] == pytest.approx(mean / 2)
    assert grid.se[0, 0] == pytest.approx(np.sqrt((scores - mean) ** 2 @ weights / 3))


def test_one_fold_has_no_standard_error():
    one = np.full((1, 3, 1), 2.0) + np.array([1.0, 0.1, 0.0])[:, None]
    grid = made(
        [3.0, 2.1, 2.0], [0, 1, 2], test_score=one, train_score=one, fold_weights=np.ones(1), null_score=np.ones(1)
    )
    assert grid.se.tolist() == [[0.0, 0.0, 0.0]]
    assert grid.select("1se").index == 2


def test_edges_of_the_grid_are_told():
    grid = made(MEANS, SIZES)
    assert grid.at_edge(grid.select("min")) == ""
    assert grid.at_edge(grid.select("k=0")) == "strong"
    down = made([3.0, 2.0, 1.0], [0, 1, 2])
    assert down.at_edge(down.select("min")) == "weak"


def test_coefficients_of_a_cell_are_dense_and_in_both_units():
    grid = made(MEANS, SIZES, scale=np.array([1.0, 3.0, 0.5, 1.0, 1.0, 1.0, 0.0]))
    assert grid.coef(0, 2).tolist() == [2.0, 2.0, 0, 0, 0, 0, 0]
    assert grid.standardized_coef(0, 3).tolist() == [2.0, 6.0, 1.0, 2.0, 0, 0, 0]
    assert grid.support_size.tolist() == [SIZES]
    assert grid.constant_features == ("x6",)
    assert grid.n_folds == 4


def test_the_largest_gap_counts_every_fit_and_a_fit_without_a_penalty_that_exists():
    gaps = np.full((1, 6, 5), 1e-9)
    gaps[0, 2, 3] = 1e-7
    assert made(MEANS, SIZES, gaps=gaps).max_gap == 1e-7
    free = Unpenalized(np.ones(4), np.ones(4), np.ones(7), 0.0, 1e-5, True)
    assert made(MEANS, SIZES, gaps=gaps, unpenalized=free).max_gap == 1e-5
    none = Unpenalized(np.ones(4), np.ones(4), np.ones(7), 0.0, np.inf, False, "separated")
    assert made(MEANS, SIZES, gaps=gaps, unpenalized=none).max_gap == 1e-7
    converged = np.ones((1, 6, 5), dtype=bool)
    assert made(MEANS, SIZES).all_converged
    converged[0, 5, 0] = False
    assert not made(MEANS, SIZES, converged=converged).all_converged


def test_the_table_has_the_minimum_the_rule_and_no_penalty():
    free = Unpenalized(
        np.full(4, 1.0), np.array([3.0, 4.0, 5.0, 4.0]), np.array([1.0, 0, 2, 3, 4, 5, 6]), 0.5, 1e-12, True, "a note"
    )
    grid = made(MEANS, SIZES, spread=np.sqrt(3) * 0.25, unpenalized=free)
    rows = grid.table("1se")
    assert [row["name"] for row in rows] == ["min", "1se", "no penalty"]
    assert [row["chosen"] for row in rows] == [False, True, False]
    assert [row["n_features"] for row in rows] == [5, 4, 6]
    assert [row["alpha"] for row in rows] == [2.0**-4, 2.0**-3, 0.0]
    assert rows[2]["mean"] == 4.0
    assert rows[2]["se"] == pytest.approx(np.sqrt(0.5 / 3))
    assert rows[2]["train"] == 1.0
    assert rows[2]["note"] == "a note"
    assert rows[2]["l1_ratio"] is None
    assert set(rows[0]) == {
        "name",
        "alpha",
        "l1_ratio",
        "n_features",
        "mean",
        "se",
        "corrected",
        "train",
        "chosen",
        "gap",
        "note",
    }
    only = made(MEANS, SIZES).table("min")
    assert [(row["name"], row["chosen"]) for row in only] == [("min", True)]
    assert [row["name"] for row in made(MEANS, SIZES).table("k=2")] == ["min", "k=2"]


def test_a_result_is_frozen():
    with pytest.raises(AttributeError):
        made(MEANS, SIZES).loss = "logistic"
