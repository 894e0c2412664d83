"""The grid of networks, on every backend: the same numbers, and what it owes its caller."""

import json
import os
from pathlib import Path

import keras
import numpy as np
import pytest

from shrinkwise import LinearRegressor
from shrinkwise.exceptions import ConvergenceWarning, DataError, UsageError
from shrinkwise.keras import GroupL1
from shrinkwise.keras.grid import fit_networks
from shrinkwise.keras.networks import mlp
from shrinkwise.losses.multinomial import MultinomialLoss
from tests.keras.grids import L1, L2, halves, residual, table

pytestmark = pytest.mark.backends

GOLDEN = Path(__file__).with_name("grid_golden.json")  # by JAX; SHRINKWISE_GOLDEN=1 writes it anew
ROUNDING = 1e-3  # what float32 may add up to over all steps, relative; 1e-6 is usual


def fitted(build=None, **options):
    X, y = table()
    arguments = {"l1": L1, "l2": L2, "epochs": 4, "batch_size": 16} | options
    return fit_networks(X, y, halves(), build or mlp((6,)), **arguments)


CASES = {
    "adam": lambda: fitted(seeds=2),
    "sgd": lambda: fitted(optimizer=keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True)),
    "stopped": lambda: fitted(patience=1, epochs=6, learning_rate=0.03),
    "warm": lambda: fitted(warm_start="weak-to-strong", refit=2, penalties={"*": "l2=1", "hidden_1": GroupL1(1)}),
    "lassonet": lambda: fitted(residual(ridge="l2"), l1=(20.0, 5.0, 1.0), epochs=8, seeds=2, learning_rate=0.01),
    "lassonet, refit": lambda: fitted(
        residual(), l1=(20.0, 1.0), l2=(0.0,), warm_start="weak-to-strong", refit=2, learning_rate=0.01
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_backends_agree(case):
    result = CASES[case]().result
    found = {
        "test": result.test_score.tolist(),
        "objective": result.network.objective.tolist(),
        "zeros": result.network.zeros.tolist(),
        "epochs": result.n_iter.tolist(),
    }
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("SHRINKWISE_GOLDEN"):
        GOLDEN.write_text(json.dumps(golden | {case: found}, indent=None) + "\n")
        return
    np.testing.assert_allclose(found["test"], golden[case]["test"], rtol=ROUNDING)
    np.testing.assert_allclose(found["objective"], golden[case]["objective"], rtol=ROUNDING)
    assert found["zeros"] == golden[case]["zeros"]
    assert found["epochs"] == golden[case]["epochs"]
    assert result.network.backend == keras.backend.backend()
    assert result.network.route == ("vmap" if keras.backend.backend() == "jax" else "loop")


def test_a_lassonet_with_a_bound_of_nothing_is_the_exact_lasso():
    X, y = table()
    X, y = (X - X.mean(0)) / X.std(0), (y - y.mean()) / y.std()
    exact = LinearRegressor(alpha=0.15, l1_ratio=1.0, standardize=False).fit(X, y).coef_
    rows = np.arange(len(X))
    build = residual(bound=1e-6)
    grid = fit_networks(X, y, [(rows, rows)], build, l1=[0.3], epochs=600, batch_size=len(X), learning_rate=0.05)
    theta = keras.ops.convert_to_numpy(grid.network(0, 0).get_layer("skip").kernel)[:, 0]
    assert 0 < np.count_nonzero(exact) < len(exact)
    np.testing.assert_array_equal(theta != 0, exact != 0)
    np.testing.assert_allclose(theta, exact, atol=1e-4)
    np.testing.assert_array_equal(grid.result.coef(0, 0) != 0, exact != 0)


def test_a_lassonet_of_a_grid_keeps_its_bound_and_its_inputs_leave_whole():
    grid = fitted(residual(), l1=[20.0, 1.0], l2=[0.0], epochs=30, learning_rate=0.01)
    network = grid.result.network
    assert sorted(network.layers) == ["first/kernel", "skip/kernel"]
    skip = network.layers.index("skip/kernel")
    for cell in range(2):
        model = grid.network(0, cell)
        theta, first = (keras.ops.convert_to_numpy(model.get_layer(name).kernel) for name in ("skip", "first"))
        assert (np.abs(first) <= 3 * np.abs(theta) * (1 + 1e-5)).all()
        np.testing.assert_array_equal(grid.result.coef(0, cell) != 0, theta[:, 0] != 0)
        assert network.zeros[0, cell, -1, skip] == np.count_nonzero(theta == 0)
    assert network.zeros[0, 0, -1, skip] > network.zeros[0, 1, -1, skip]


def test_the_model_takes_raw_rows_and_gives_the_score_of_the_grid():
    X, y = table()
    grid = fitted(l1=[0.01, 0.001], l2=(0.0,), epochs=25, learning_rate=0.01)
    model = grid.model(0, 1)
    eta = keras.ops.convert_to_numpy(model(X.astype("float32"), training=False))[:, 0]
    penalty = grid.result.network
    assert isinstance(model, keras.Sequential)
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Dense"]  # the scaling is in the weights
    error = np.mean((y - eta) ** 2)
    assert error < 0.3 * y.var()  # y itself is far from 0, as are the columns of X
    zeros = [np.count_nonzero(layer.get_weights()[0] == 0) for layer in model.layers]
    assert zeros == penalty.zeros[0, 1, -1].tolist()


def test_three_classes_and_two():
    X, y = table()
    codes = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    many = fit_networks(X, np.eye(3)[codes], halves(), mlp((4,)), loss=MultinomialLoss(3), l1=[0.01], epochs=3)
    two = fit_networks(X, 1.0 * (codes > 0), halves(), mlp((4,)), loss="logistic", l1=[0.01], epochs=3)
    assert many.model(0, 0).output_shape == (None, 3)
    assert two.model(0, 0).output_shape == (None, 1)
    shares = np.bincount(codes[halves()[0][0]]) / 60
    assert many.result.null_score[0] == pytest.approx(-np.mean(np.log(shares[codes[halves()[0][1]]])), rel=1e-5)


def test_diverged_networks_are_marked_never_ranked_and_refused():
    wild = keras.optimizers.SGD(1e30)
    with pytest.warns(ConvergenceWarning, match="of 9 networks diverged"):
        grid = fitted(l1=[0.01, 0.001], l2=[0.0], optimizer=wild)
    assert not grid.result.converged.any()
    assert np.all(np.isinf(grid.result.test_score))
    assert np.all(np.isinf(grid.result.network.objective))
    assert not grid.result.unpenalized.converged
    with pytest.raises(UsageError, match="diverged on all data"):
        grid.model(0, 0)


def test_norms_and_dropout_have_a_state_of_their_own():
    def build(n_features, n_outputs):
        layers = [keras.Input((n_features,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dropout(0.4)]
        return keras.Sequential([*layers, keras.layers.BatchNormalization(), keras.layers.Dense(n_outputs, name="out")])

    X, y = table()
    penalties = {"*out": "l1=1"}  # before a normalization a penalty does something else, and a warning says so
    options = {"l1": [0.02, 0.001], "epochs": 3, "batch_size": 16, "penalties": penalties}
    result = fit_networks(X, y, halves(), build, **options).result
    assert np.all(np.isfinite(result.test_score))
    again = fit_networks(X, y, halves(), build, **options).result
    other = fit_networks(X, y, halves(), build, random_state=1, **options).result
    if keras.backend.backend() == "jax":  # the others draw masks from states that no seed of ours reaches alone
        np.testing.assert_array_equal(result.test_score, again.test_score)
    assert not np.allclose(result.test_score, other.test_score)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"l1": [-0.1]}, "l1 must be >= 0, got -0.1"),
        ({"l1": [np.nan]}, "l1 must be >= 0, got nan"),
        ({"l1": [[0.1, 0.2]]}, r"shape \(1, 2\)"),
        ({"l1": 0.1}, r"use \[0.1\]"),
        ({"l1": ["many"]}, "sequence of strengths"),
        ({"l2": []}, r"shape \(0,\)"),
        ({"epochs": 0}, "epochs must be a whole number >= 1, got 0"),
        ({"batch_size": 0}, "batch_size"),
        ({"refit": -1}, "refit"),
        ({"patience": 0}, "patience"),
        ({"seeds": 1.5}, "seeds"),
        ({"warm_start": "hot"}, "'weak-to-strong'"),
        ({"memory": "much"}, '"4 GB"'),
        ({"learning_rate": 0}, "learning_rate must be > 0"),
        ({"optimizer": "newton"}, "none of Keras'"),
        ({"optimizer": object()}, "the step that a penalty needs is not known"),
        ({"optimizer": "ftrl"}, "does not know the steps of Ftrl"),
        ({"penalties": "units"}, '"inputs" or a dict'),
        ({"penalties": {"*": "l2=1"}}, "l1 has nothing to act on"),
        ({"penalties": {"*": "l1=1"}, "l2": [0.1]}, "l2=.* has nothing to act on"),
    ],
)
def test_bad_arguments_are_refused_by_name(options, words):
    with pytest.raises(UsageError, match=words):
        fitted(**options)


def builders():
    dense = keras.layers.Dense
    return {
        "must return a Keras model, got list": lambda p, k: [dense(k)],
        "is not built": lambda p, k: keras.Sequential([dense(k)]),
        r"must give 1 outputs a row, shape \(None, 1\), got \(None, 7\)": lambda p, k: keras.Sequential(
            [keras.Input((p,)), dense(7)]
        ),
        r"must take rows of 5 features, shape \(None, 5\), got \(None, 3\)": lambda p, k: keras.Sequential(
            [keras.Input((3,)), dense(k)]
        ),
        "ends in sigmoid; the loss takes logits": lambda p, k: keras.Sequential(
            [keras.Input((p,)), dense(k, activation="sigmoid")]
        ),
        "without trainable weights": lambda p, k: keras.Sequential([keras.Input((p,)), dense(k, trainable=False)]),
        "not finite": lambda p, k: keras.Sequential(
            [keras.Input((p,)), dense(k, bias_initializer=keras.initializers.Constant(np.nan))]
        ),
    }


@pytest.mark.parametrize("words", builders())
def test_build_that_returns_something_else_is_refused(words):
    X, y = table()
    with pytest.raises(UsageError, match=words):
        fit_networks(X, y, halves(), builders()[words], l1=[0.1], epochs=1)


def test_the_default_network_starts_as_that_of_keras_does():
    keras.utils.set_random_seed(1)
    kernel, other = (mlp((50,))(400, 1).layers[0].get_weights()[0] for _ in range(2))
    keras.utils.set_random_seed(1)
    again = mlp((50,))(400, 1)
    np.testing.assert_array_equal(again.layers[0].get_weights()[0], kernel)
    assert not np.allclose(kernel, other)
    assert np.abs(kernel).max() <= np.sqrt(6 / 450)  # Glorot's uniform
    assert kernel.std() == pytest.approx(np.sqrt(2 / 450), rel=0.05)
    assert type(again.layers[0].kernel_initializer) is keras.initializers.GlorotUniform


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="there they are known, see test_optax")
def test_an_optimizer_of_optax_needs_jax():
    optax = pytest.importorskip("optax")
    with pytest.raises(UsageError, match=r"KERAS_BACKEND=jax before Keras is imported, or use .*Adam\(1e-3\)"):
        fitted(optimizer=optax.adam(1e-3))


def test_a_fold_without_weight_is_refused():
    X, y = table()
    weights = np.ones(len(X))
    weights[halves()[0][1]] = 0
    with pytest.raises(DataError, match="fold 1 has no rows of positive weight"):
        fit_networks(X, y, halves(), mlp((3,)), l1=[0.1], sample_weight=weights)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX trains them together")
def test_a_loop_says_that_it_loops_and_why(caplog):
    fitted(l1=[0.1], l2=[0.0], epochs=1)
    assert "6 networks are trained one after the other" in caplog.text
    assert "cannot map a training step over networks" in caplog.text
