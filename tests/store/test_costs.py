"""Costs of features in a model file: kept, checked, and not asked of files of grids without them."""

import dataclasses

import numpy as np
import pytest

from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import load_model, save_model
from tests.store.conftest import make_model

COSTS, SOURCES, POWERS = np.array([0.0, 1.5, 2.0, 0.25, 9.0]), np.array([0, 1, 1, 2, 0]), np.array([0.0, 1.0])


def with_costs(**changes):
    model = make_model()
    known = {"costs": COSTS, "sources": SOURCES, "cost_powers": POWERS} | changes
    return dataclasses.replace(model, result=dataclasses.replace(model.result, **known))


@pytest.mark.parametrize("sources", [SOURCES, None])
def test_costs_come_back_and_choose_the_same_model(path, sources):
    model = with_costs(sources=sources)
    save_model(path, model)
    loaded = load_model(path).result
    np.testing.assert_array_equal(loaded.costs, COSTS)
    np.testing.assert_array_equal(loaded.cost_powers, POWERS)
    assert (loaded.sources is None) == (sources is None)
    np.testing.assert_array_equal(loaded.model_costs, model.result.model_costs)
    assert loaded.select("cheapest within 1se") == model.result.select("cheapest within 1se")


def test_a_grid_without_costs_has_none(path):
    save_model(path, make_model())
    assert load_model(path).result.costs is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cost_powers": None}, "costs, cost_powers and sources must come together"),
        ({"costs": None, "cost_powers": None}, "costs, cost_powers and sources must come together"),
        ({"costs": -COSTS - 1}, "costs must be finite and not negative"),
        ({"costs": COSTS * np.nan}, "costs must be finite and not negative"),
        ({"costs": COSTS[:3]}, r"costs must have shape \(5,\)"),
        ({"sources": SOURCES + 0.5}, "sources must hold whole numbers"),
        ({"sources": SOURCES + 4}, "sources must be whole numbers below the number of features"),
        ({"sources": SOURCES - 1}, "sources must be whole numbers below the number of features"),
        ({"cost_powers": POWERS - 1}, "cost_powers must be finite and not negative"),
    ],
)
def test_costs_that_cannot_be_are_refused(path, changes, words):
    with pytest.raises(ModelFileError, match=words):
        save_model(path, with_costs(**changes))
    assert not path.exists()
