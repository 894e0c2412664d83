"""Model files of networks."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import Model, load_model, save_model
from shrinkwise.store.container import read_container, write_container
from shrinkwise.store.stored_network import StoredNetwork
from tests.result.networks import linear_of, network_grid

P = 12


def stored(outputs=1, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"hidden/kernel": (P, 4), "hidden/bias": (4,), "output/kernel": (4, outputs)}
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    layers = [
        {"kind": "Dense", "name": "hidden", "units": 4, "use_bias": True, "activation": "relu"},
        {"kind": "Dense", "name": "output", "units": outputs, "use_bias": False, "activation": "linear"},
    ]
    return StoredNetwork(layers, arrays)


def network_model(classes=None, **changes):
    result = network_grid(classes=classes)
    cell = result.select("1se")
    values = {
        "task": "classification" if classes else "regression",
        "target": "price",
        "classes": classes,
        "loss": result.loss,
        "l1_ratio": cell.l1_ratio,
        "alpha": cell.alpha,
        "rule": "1se",
        "coef": result.coef(cell.ratio, cell.index),
        "intercept": 0.0,
        "feature_names": result.feature_names,
        "encoder": {},
        "result": result,
        "folds": np.arange(result.n_samples) % 5,
        "certificate": {"difference": 1e-7},
        "network": stored(len(classes) if classes and len(classes) > 2 else 1),
        "linear": linear_of(result, 1.0),
    }
    return Model(**(values | changes))


@pytest.mark.parametrize("classes", [None, ("no", "yes"), ("red", "green", "blue")])
def test_a_network_survives_and_predicts_what_it_did(path, classes):
    model = network_model(classes)
    save_model(path, model)
    loaded = load_model(path)
    assert loaded.schema == read_container(path, 3)[0] == 3
    X = np.random.default_rng(1).normal(size=(9, P))
    hidden, bias, out = model.network.arrays.values()
    eta = np.maximum(X @ hidden + bias, 0) @ out
    np.testing.assert_allclose(loaded.network(X), eta, rtol=1e-12)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    if classes is None:
        np.testing.assert_allclose(loaded.predict(X), eta[:, 0], rtol=1e-12)
    else:
        chances = loaded.predict_proba(X)
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        assert list(loaded.predict(X)) == [classes[code] for code in np.argmax(chances, axis=1)]
    assert repr(loaded.result.table()) == repr(model.result.table())
    assert repr(loaded.linear.table()) == repr(model.linear.table())


def test_versions_that_know_no_networks_say_how_to_upgrade(path):
    save_model(path, network_model())
    with pytest.raises(ModelFileError, match=r"newer shrinkwise \(schema 3\); this one reads up to 2: pip install -U"):
        read_container(path, 2)


def test_a_file_without_a_network_has_nothing_of_it(path, model):
    save_model(path, model)
    schema, content, arrays = read_container(path, 3)
    assert schema == 1
    assert not {"network", "linear"} & (content.keys() | content["result"].keys())
    assert not [name for name in arrays if name.startswith(("forward", "linear", "result_network"))]


def broken_layers(content, arrays, **changes):
    content["network"]["layers"][0] |= changes


def without(name):
    return lambda content, arrays: arrays.pop(name)


def replaced(name, array):
    return lambda content, arrays: arrays.__setitem__(name, array(arrays[name]))


def two_outputs(content, arrays):
    content["network"]["layers"][1]["units"] = 2
    arrays["forward_2"] = arrays["forward_2"][:, [0, 0]]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda c, a: broken_layers(c, a, kind="Lambda"), "network cannot be computed.*of kind 'Lambda'; allowed are"),
        (lambda c, a: broken_layers(c, a, activation="__import__"), "network cannot be computed"),
        (lambda c, a: broken_layers(c, a, units=3), "network cannot be computed.*has shape"),
        (lambda c, a: c.pop("network"), "a network and a grid of networks must come together"),
        (lambda c, a: c["result"].pop("network"), "a network and a grid of networks must come together"),
        (lambda c, a: c["network"].pop("layers"), "no layers and names of arrays"),
        (without("forward_1"), "its network names 3 arrays, and the file holds others"),
        (replaced("forward_0", lambda a: a * np.float32("nan")), "is not finite in"),
        (replaced("forward_0", lambda a: a[:-1]), "network cannot be computed"),
        (two_outputs, "gives 2 outputs for one target"),
        (without("result_network_zeros"), "'network_zeros' is missing"),
        (replaced("result_network_l1", lambda a: 2 * a), r"must be l1 \+ 2 l2"),
        (replaced("result_network_zeros", lambda a: a.astype(float)), "must hold whole numbers"),
        (replaced("result_network_zeros", lambda a: a + 10**6), "no more zeros than these"),
        (replaced("result_network_norms", lambda a: a[..., :-1]), "network_norms must have shape"),
        (lambda c, a: c["result"]["network"].update(seeds=3), "the same folds for every seed"),
        (lambda c, a: c["result"]["network"].update(epochs="many"), "epochs of its network must be int"),
        (without("linear_alphas"), "'alphas' is missing"),
    ],
)
def test_damaged_parts_are_refused_by_name(path, damage, words):
    save_model(path, network_model())
    schema, content, arrays = read_container(path, 3)
    damage(content, arrays)
    write_container(path, schema, content, arrays, True)
    with pytest.raises(ModelFileError, match=words):
        load_model(path)


def test_a_network_that_is_not_finite_is_not_saved(path):
    network = stored()
    network.arrays["hidden/bias"][0] = np.inf
    with pytest.raises(ModelFileError, match=r"was not written.*is not finite in 1 place"):
        save_model(path, network_model(network=network))
    assert not path.exists()


def test_a_network_is_no_linear_model_with_an_exposure(path):
    with pytest.raises(ModelFileError, match="no offset"):
        save_model(path, dataclasses.replace(network_model(), exposure="years"))


def test_reading_and_predicting_need_no_keras(path):
    save_model(path, network_model())
    code = (
        "import sys, numpy as np; from shrinkwise import load_model; "
        f"load_model(sys.argv[1]).predict(np.ones((2, {P}))); "
        "print(sorted({'keras', 'jax', 'numba', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
