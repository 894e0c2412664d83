import json

import numpy as np
import pytest

from shrinkwise.exceptions import UsageError
from shrinkwise.network import Network
from shrinkwise.result import GridResult
from tests.result.networks import network_grid
from tests.result.test_arrays import same


def survives(grid):
    header, arrays = grid.to_arrays()
    assert {name for name in arrays if name.startswith("network_")} == {
        f"network_{part}" for part in ("l1", "l2", "sizes", "zeros", "norms", "objective")
    }
    back = GridResult.from_arrays(json.loads(json.dumps(header)), arrays)
    for name in (field for field in Network.__dataclass_fields__):
        np.testing.assert_array_equal(getattr(back.network, name), getattr(grid.network, name))
    same(*(network_grid(network=None).__class__(**{**vars(one), "network": None}) for one in (grid, back)))
    return back


def test_a_grid_of_networks_survives_the_way_through_json_and_arrays():
    grid = network_grid(diverged=[(0, 7, 3), (1, 2, 10)])
    back = survives(grid)
    for rule in ("min", "1se", "k=4", "within=5%"):
        assert repr(back.select(rule)) == repr(grid.select(rule))
        assert repr(back.table(rule)) == repr(grid.table(rule))


def test_the_header_of_a_linear_grid_knows_no_network():
    header, arrays = network_grid(network=None).to_arrays()
    assert "network" not in header
    assert not [name for name in arrays if name.startswith("network")]


def test_the_table_of_networks_has_l1_and_l2():
    grid = network_grid()
    for row in grid.table("1se")[:-1]:
        cell = grid.select(row["name"])
        assert (row["l1"], row["l2"]) == (grid.network.l1[cell.index], grid.network.l2[cell.ratio])
        assert row["alpha"] == pytest.approx(row["l1"] + 2 * row["l2"])
        assert row["l1_ratio"] == pytest.approx(row["l1"] / row["alpha"])
    assert (grid.table()[-1]["l1"], grid.table()[-1]["l2"]) == (0.0, 0.0)
    assert "l1" not in network_grid(network=None, l1_ratios=np.array([0.5, 1.0])).table()[0]


@pytest.mark.parametrize("rule", ["min", "1se", "k=4", "within=5%"])
def test_a_network_that_diverged_is_never_chosen(rule):
    best = network_grid().select(rule)
    for fit in (3, 10):  # a fold's network, and that of all data
        grid = network_grid(diverged=[(best.ratio, best.index, fit)])
        cell = grid.select(rule)
        assert (cell.ratio, cell.index) != (best.ratio, best.index)
        assert np.isfinite(grid.corrected_error(rule))


def test_where_every_network_diverged_there_is_nothing_to_choose():
    grid = network_grid(strengths=2, l2=(0.0,), diverged=[(0, 0, 1), (0, 1, 10)])
    with pytest.raises(UsageError, match="every network of this grid diverged"):
        grid.select("1se")


@pytest.mark.parametrize("rule", ["aic", "aicc", "bic", "ebic:0.5"])
def test_information_criteria_cannot_choose_networks(rule):
    with pytest.raises(UsageError, match=f"{rule}.*degrees of freedom.*nobody knows.*use 1se, min"):
        network_grid().select(rule)


def test_folds_of_several_seeds_count_as_repeats():
    grid = network_grid(seeds=2)
    first, second = grid.test_score[..., :5], grid.test_score[..., 5:]
    expected = [np.std(part, axis=-1) / 2 for part in (first, second)]  # sqrt(K - 1) = 2
    np.testing.assert_allclose(grid.se, np.mean(expected, axis=0))
    twins = network_grid(seeds=2, test_score=np.concatenate([first, first], axis=-1))
    alone = network_grid(seeds=1, test_score=first, train_score=grid.train_score[..., :5], repeats=None)
    assert twins.corrected_error("1se") == pytest.approx(alone.corrected_error("1se"))
