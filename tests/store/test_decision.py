"""A decision lies in the model file, bit for bit, and what was forged is refused by name."""

import numpy as np
import pytest

from shrinkwise import LinearRegressorCV
from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import load_model, save_model
from shrinkwise.store.container import read_container, write_container
from tests.store.conftest import make_model
from tests.store.test_model_file import same


@pytest.fixture(scope="module")
def decided():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((90, 5))
    model = LinearRegressorCV(cv=3, alphas=8, costs=np.arange(5.0))
    model.decide(X, X[:, 0] - X[:, 3] + rng.standard_normal(90))
    result = model.result_
    return make_model(
        result=result,
        feature_names=result.feature_names,
        coef=model.coef_,
        loss=result.loss,
        folds=np.arange(90) % 3,
        decision=model.decision_,
    )


def test_a_decision_comes_back_bit_for_bit(path, decided):
    save_model(path, decided)
    assert same(load_model(path), decided)


def test_a_model_without_a_decision_has_nothing_of_it(path, model):
    save_model(path, model)
    _, content, arrays = read_container(path, 3)
    assert "decision" not in content
    assert not [name for name in arrays if name.startswith("decision")]
    assert load_model(path).decision is None


def without(name):
    return lambda content, arrays: arrays.pop(f"decision_{name}")


def replaced(name, array):
    return lambda content, arrays: arrays.__setitem__(f"decision_{name}", array(arrays[f"decision_{name}"]))


def put(part, **fields):
    return lambda content, arrays: content["decision"][part].update(fields)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda c, a: c.update(decision=3), "its decision has no notes"),
        (lambda c, a: c["decision"].update(notes="none"), "its decision has no notes"),
        (lambda c, a: c["decision"].update(prophecy={}), "an unknown part 'prophecy'"),
        (lambda c, a: c["decision"].update(budget=[]), "the budget of its decision has no header"),
        (lambda c, a: c["decision"]["quality"].pop("sentence"), "sentence of its quality is missing"),
        (put("quality", sentence=3), "sentence of its quality cannot be '3'"),
        (put("quality", measures=[1, 2]), "measures of its quality cannot be"),
        (put("quality", secret=1), "unknown field 'secret'"),
        (put("reproducibility", repeats=2**70), "repeats of its reproducibility cannot be"),
        (put("reproducibility", repeats=True), "repeats of its reproducibility cannot be"),
        (without("stability_selection_frequency"), "frequency of its stability_selection is missing"),
        (replaced("stability_selection_frequency", lambda a: a[:-1]), r"must have shape \(5,\), got \(4,\)"),
        (replaced("removal_cost_cost", lambda a: a[:-1]), "cost of its removal_cost must have shape"),
        (replaced("removal_cost_features", lambda a: a + 5), "must be numbers of features, from 0 to 4"),
        (replaced("removal_cost_features", lambda a: a.astype(float)), "must be numbers of features"),
        (put("quality_path", line=9), "line of its quality_path must be from 0 to"),
        (replaced("quality_path_index", lambda a: a[::-1]), "must be rising numbers of strengths"),
        (replaced("quality_path_index", lambda a: a + 1000), "must be rising numbers of strengths"),
        (replaced("quality_path_calibration", lambda a: a[:-1]), "calibration of its quality_path must have shape"),
        (replaced("intervals_lower", lambda a: a[:, None]), "lower of its intervals must have shape"),
    ],
)
def test_damaged_parts_are_refused_by_name(path, decided, damage, words):
    save_model(path, decided)
    schema, content, arrays = read_container(path, 3)
    damage(content, arrays)
    write_container(path, schema, content, arrays, True)
    with pytest.raises(ModelFileError, match=words):
        load_model(path)
