from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from shrinkwise.exceptions import DataError, ModelFileError
from shrinkwise.forward import ACTIVATIONS, MOST_LAYERS, predict


def network():
    rng = np.random.default_rng(0)
    layers = [
        {"kind": "Normalization", "name": "norm", "axis": [-1], "invert": False},
        {"kind": "Dense", "name": "a", "units": 4, "use_bias": True, "activation": "relu"},
        {"kind": "BatchNormalization", "name": "bn", "axis": -1, "epsilon": 0.001, "center": True, "scale": True},
        {"kind": "Dropout", "name": "drop", "rate": 0.5},
        {"kind": "Dense", "name": "out", "units": 2, "use_bias": False, "activation": "linear"},
    ]
    arrays = {
        "norm/mean": rng.normal(size=3),
        "norm/variance": rng.uniform(1, 2, 3),
        "a/kernel": rng.normal(size=(3, 4)),
        "a/bias": rng.normal(size=4),
        "bn/gamma": rng.normal(size=4),
        "bn/beta": rng.normal(size=4),
        "bn/mean": rng.normal(size=4),
        "bn/variance": rng.uniform(1, 2, 4),
        "out/kernel": rng.normal(size=(4, 2)),
    }
    return layers, arrays, rng.normal(size=(9, 3))


def test_the_outputs_are_the_formula_of_each_layer():
    layers, w, X = network()
    h = np.maximum((X - w["norm/mean"]) / np.sqrt(w["norm/variance"]) @ w["a/kernel"] + w["a/bias"], 0)
    h = w["bn/gamma"] * (h - w["bn/mean"]) / np.sqrt(w["bn/variance"] + 0.001) + w["bn/beta"]
    np.testing.assert_allclose(predict(layers, w, X), h @ w["out/kernel"], rtol=1e-12)


def test_dtypes_agree_and_are_kept():
    layers, arrays, X = network()
    double, single = predict(layers, arrays, X), predict(layers, arrays, X, dtype=np.float32)
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(single, double, atol=1e-5)


def test_rows_are_independent_and_none_is_fine():
    layers, arrays, X = network()
    whole = predict(layers, arrays, X)
    np.testing.assert_allclose(predict(layers, arrays, X[3:5]), whole[3:5], rtol=1e-12)
    assert predict(layers, arrays, X[:0]).shape == (0, 2)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_activation_overflows_on_large_numbers_where_its_value_is_finite(name, dtype):
    X = np.array([[-80.0, 80.0], [-1e4, 1e4], [0.0, -0.0]])[: 1 if name == "exponential" else 3]
    layer = {"kind": "Activation", "name": "a", "activation": name}
    assert np.isfinite(predict([layer], {}, X, dtype=dtype)).all()


def edit(at, **fields):
    def change(layers, arrays):
        layers[at].update(fields)

    return change


def put(key, values):
    def change(layers, arrays):
        arrays[key] = values

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edit(1, kind="Lambda"), "layer 1 'a' is of kind 'Lambda'"),
        (edit(1, kind=["Dense"]), "is of kind"),
        (edit(1, units=5), r"'a/kernel' has shape \(3, 4\)"),
        (edit(1, units=10**30), "units must be a whole number"),
        (edit(1, units=10**5000), "units must be a whole number"),
        (edit(1, units=True), "units must be"),
        (edit(1, units=0), "units must be"),
        (edit(1, use_bias=1), "use_bias must be"),
        (edit(1, activation="os.system"), "activation must be one of"),
        (edit(1, activation={"class_name": "function"}), "activation must be one of"),
        (edit(1, function="x"), "unknown fields: 'function'"),
        (edit(2, epsilon=float("nan")), "epsilon must be"),
        (edit(2, epsilon=-1.0), "epsilon must be"),
        (edit(2, axis=0), "axis must be -1 or 1"),
        (edit(3, rate=2), "rate must be"),
        (edit(3, name="a"), "a name of its own"),
        (edit(3, name="a/b"), "a name of its own"),
        (edit(3, name=3), "with a name"),
        (lambda layers, arrays: layers[1].pop("units"), "lacks: units"),
        (lambda layers, arrays: layers.clear(), "list of 1 to"),
        (lambda layers, arrays: layers.extend([{}] * MOST_LAYERS), "list of 1 to"),
        (lambda layers, arrays: layers.append("Dense"), "layer 5 must be a mapping"),
        (lambda layers, arrays: arrays.pop("a/bias"), "'a/bias' is missing"),
        (put("other/kernel", np.ones(2)), "'other/kernel' belongs to no layer"),
        (put("a/bias", np.array([1.0, np.inf, 0, 0])), "'a/bias' is not finite in 1 places"),
        (put("a/bias", np.ones((4, 1))), r"has shape \(4, 1\)"),
        (put("a/bias", np.array(["x"] * 4)), "must hold floats"),
        (put("a/bias", np.array([None] * 4, dtype=object)), "must hold floats"),
        (put("a/bias", [1.0] * 4), "must hold floats, got list"),
        (put("bn/variance", -np.ones(4)), "bn/variance has negative"),
    ],
)
def test_a_hostile_network_is_an_error_that_names_what_is_wrong(change, words):
    layers, arrays, X = network()
    change(layers, arrays)
    with pytest.raises(ModelFileError, match=words) as error:
        predict(layers, arrays, X)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("layers", [None, {}, "Dense", 3])
def test_layers_that_are_no_list_are_refused(layers):
    with pytest.raises(ModelFileError, match="layers must be a list"):
        predict(layers, {}, np.ones((1, 1)))


def test_columns_that_are_not_there_cannot_be_taken():
    for indices in ([], [3], [-1], [1.5], list(range(100))):
        with pytest.raises(ModelFileError, match=r"'t'"):
            predict([{"kind": "Take", "name": "t", "indices": indices}], {}, np.ones((2, 3)))
    taken = predict([{"kind": "Take", "name": "t", "indices": [2, 0]}], {}, np.array([[1.0, 2.0, 3.0]]))
    assert taken.tolist() == [[3.0, 1.0]]


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.ones(3), "rows of numbers"),
        (np.array([["a", "b", "c"]]), "rows of numbers"),
        (np.array([[1.0, np.nan, 0.0]]), "nan in row 0, column 1"),
        (np.full((2, 3), 1e300) * [[1], [1e8]], "overflows in row"),
    ],
)
def test_rows_that_are_no_numbers_are_refused(X, words):
    layers, arrays, _ = network()
    arrays["a/kernel"] = arrays["a/kernel"] * 1e10
    with pytest.raises(DataError, match=words):
        predict(layers, arrays, X)


def test_a_table_of_another_width_is_refused():
    layers, arrays, X = network()
    with pytest.raises(ModelFileError, match=r"'norm/mean' has shape \(3,\)"):
        predict(layers, arrays, X[:, :2])


def test_nothing_of_keras_is_imported():
    code = "import sys, shrinkwise.forward; assert not {'keras', 'jax', 'torch', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
