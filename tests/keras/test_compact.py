from __future__ import annotations

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from shrinkwise.exceptions import DataError, ShrinkwiseError, UsageError
from shrinkwise.keras._compact import compact
from tests.keras.sparse_networks import assert_equal, fill, kill, mlp, numpy, outputs, rows

# Keras' own reading of JAX arrays, in get_weights and save
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


# ---- planted: the exact numbers that stay


@pytest.mark.backends
def test_planted_dead_inputs_and_units_of_an_mlp_go_and_nothing_else():
    model = fill(mlp((8, 6), inputs=5))
    kill(model.layers[0], inputs=[1, 4], units=[0, 3])  # two inputs; two units that give act(bias) ≠ 0
    kill(model.layers[1], inputs=[7], units=[5])  # one unit that nothing reads; one that is constant
    small = compact(model)
    report = small.shrinkage
    assert report.units == {"hidden0": (8, 5), "hidden1": (6, 5), "out": (2, 2)}
    assert report.inputs["x"].tolist() == [0, 2, 3]
    assert report.parameters == (8 * 6 + 6 * 9 + 2 * 7, 5 * 4 + 5 * 6 + 2 * 6)
    assert report.bytes == (4 * report.parameters[0], 4 * report.parameters[1])
    assert small.count_params() == report.parameters[1]
    assert_equal(model, small, rows((5,)))


@pytest.mark.backends
def test_a_model_without_its_dead_inputs_takes_the_kept_columns():
    model = fill(mlp(inputs=6))
    kill(model.layers[0], inputs=[0, 5])
    small = compact(model, drop_inputs=True)
    x = rows((6,))
    assert small.input_shape == (None, 4)
    assert isinstance(small, keras.Sequential)
    assert_equal(model, small, x, x[:, small.shrinkage.inputs["x"]])


@pytest.mark.backends
def test_convolutions_batch_norm_and_a_residual_branch_shrink():
    x = keras.Input((8, 8, 3), name="x")
    h = layers.Conv2D(6, 3, padding="same", use_bias=False, name="a")(x)
    h = layers.ReLU()(layers.BatchNormalization(name="bn")(h))
    g = layers.Conv2D(6, 3, padding="same", activation="relu", name="b")(h)
    h = layers.MaxPooling2D()(layers.Add()([h, g]))
    h = layers.Dropout(0.3)(layers.Concatenate()([h, layers.Conv2D(4, 1, activation="tanh", name="c")(h)]))
    h = layers.Flatten()(layers.Conv2D(5, 3, name="d")(h))
    model = fill(keras.Model(x, layers.Dense(2, name="out")(h)), seed=1)
    kill(model.get_layer("a"), units=[2, 4])
    beta = numpy(model.get_layer("bn").beta)
    mean = numpy(model.get_layer("bn").moving_mean)
    beta[[2, 4]], mean[[2, 4]] = -1.0, 0.0  # relu gives 0 at once: free at a padded border
    model.get_layer("bn").beta.assign(beta)
    model.get_layer("bn").moving_mean.assign(mean)
    kill(model.get_layer("b"), units=[2])  # dead on both branches; filter 4 lives on one of them
    kill(model.get_layer("c"), units=[1, 3])
    kill(model.get_layer("d"), units=[0])
    small = compact(model)
    kept = {name: after for name, (_, after) in small.shrinkage.units.items()}
    assert kept == {"a": 5, "b": 5, "c": 2, "d": 4, "out": 2}
    assert small.get_layer("bn").gamma.shape == (5,)
    assert small.get_layer("out").kernel.shape == (4 * 4, 2)
    assert_equal(model, small, rows((8, 8, 3)))


def test_a_constant_at_a_padded_border_stays_and_without_padding_goes():
    def network(padding: str) -> keras.Model:
        first = layers.Conv1D(4, 3, activation="sigmoid", name="a")
        second = layers.Conv1D(3, 3, padding=padding, name="b")
        model = fill(keras.Sequential([keras.Input((9, 2)), first, second, layers.Flatten(), layers.Dense(1)]))
        kill(first, units=[0, 1])
        kill(second, inputs=[1])
        return model

    for padding, kept in [("same", 3), ("causal", 3), ("valid", 2)]:
        model = network(padding)
        small = compact(model)
        assert small.shrinkage.units["a"] == (4, kept)
        assert ("border" in small.shrinkage.left.get("b", "")) == (padding != "valid")
        assert_equal(model, small, rows((9, 2)))


def test_death_spreads_forward_and_back_until_nothing_changes():
    model = fill(mlp((5, 5, 5), inputs=4))
    kill(model.layers[2], inputs=[0, 1, 2])  # units 0, 1, 2 of hidden1 are not read …
    kernel = np.zeros((5, 5))
    kernel[0, :3] = 1.0  # … and unit 0 of hidden0 serves only them
    kernel[1:4, 3:] = 1.0  # unit 4 serves none
    model.layers[1].kernel.assign(kernel)
    first = np.zeros((4, 5))
    first[0, 0] = first[1, 1] = first[2, 2] = first[3, 4] = 1.0  # unit 3 is constant; inputs 0 and 3 serve the dead
    model.layers[0].kernel.assign(first)
    small = compact(model)
    assert {name: after for name, (_, after) in small.shrinkage.units.items()} == {
        "hidden0": 2,
        "hidden1": 2,
        "hidden2": 5,
        "out": 2,
    }
    assert small.shrinkage.inputs["x"].tolist() == [1, 2]
    assert_equal(model, small, rows((4,)))


def test_a_constant_goes_into_a_bias_that_was_not_there():
    hidden = layers.Dense(3, activation="sigmoid")
    model = fill(keras.Sequential([keras.Input((2,)), hidden, layers.Dense(2, use_bias=False)]))
    kill(hidden, units=[0])
    small = compact(model)
    assert small.layers[-1].use_bias
    assert_equal(model, small, rows((2,)))


@pytest.mark.backends
def test_a_network_that_is_a_constant_stays_that_constant():
    model = fill(mlp((4, 3)))
    kill(model.layers[0], units=range(4))
    small = compact(model)
    assert {name: after for name, (_, after) in small.shrinkage.units.items()} == {"hidden0": 1, "hidden1": 1, "out": 2}
    assert_equal(model, small, rows((5,)))
    for layer, dead in ((1, "inputs"), (2, "inputs")):
        model = fill(mlp((4, 3), activation="softplus"))
        kill(model.layers[layer], **{dead: range(4 if layer == 1 else 3)})
        assert_equal(model, compact(model), rows((5,)))
        assert_equal(model, compact(model, drop_inputs=True), rows((5,)), rows((5,))[:, :1])


def test_a_unit_kept_for_its_place_cannot_bring_numbers_that_overflow():
    model = fill(mlp((2,), activation="exponential"))
    model.layers[0].bias.assign([5.0, 1000.0])
    kill(model.layers[0], inputs=range(5))
    kill(model.layers[1], inputs=range(2))
    with pytest.raises(ShrinkwiseError, match="not finite"):  # exp(1000)·0 is not a number to begin with
        compact(model)
    model.layers[0].bias.assign([5.0, 60.0])
    assert np.isfinite(outputs(compact(model), rows((5,)))[0]).all()


# ---- random masks: the outputs stay


@pytest.mark.parametrize("seed", range(12))
def test_random_sparse_mlps_keep_their_outputs(seed):
    rng = np.random.default_rng(seed)
    activation = ["relu", "tanh", "sigmoid", "gelu", "softplus", "linear", "elu", "exponential"][seed % 8]
    body = []
    for units in rng.integers(6, 15, rng.integers(1, 4)):
        body.append(layers.Dense(int(units), activation=activation, use_bias=bool(rng.random() < 0.7)))
        extra = [None, layers.BatchNormalization(), layers.Dropout(0.2), layers.LeakyReLU(), layers.Rescaling(0.5, 1.0)]
        chosen = extra[int(rng.integers(len(extra)))]
        body += [chosen] if chosen is not None else []
    normalization = layers.Normalization(name="norm")
    normalization.adapt(rows((7,), seed=seed) * 3 + 1)
    model = keras.Sequential([keras.Input((7,), name="x"), normalization, *body, layers.Dense(2)])
    learned = [np.asarray(weight) for weight in normalization.get_weights()]
    fill(model, seed=seed, dead=[0.0, 0.2, 0.35, 0.5][seed % 4], zeros=0.2)
    normalization.set_weights(learned)
    normalization.finalize_state()
    small = compact(model)
    assert small.shrinkage.parameters[1] <= small.shrinkage.parameters[0]
    assert small.shrinkage.deviation <= 1e-5
    x = rows((7,)) / (10 if activation == "exponential" else 1)
    assert np.ptp(outputs(model, x)[0]) > 0.01  # no constant, whose equality would say little
    assert_equal(model, small, x)
    kept = small.shrinkage.inputs["x"]
    assert_equal(model, compact(model, drop_inputs=True), x, x[:, kept])


@pytest.mark.parametrize("seed", range(8))
def test_random_sparse_branching_networks_keep_their_outputs(seed):
    rng = np.random.default_rng(100 + seed)
    padding = ["same", "valid"][seed % 2]
    a, b = keras.Input((8, 8, 2), name="a"), keras.Input((5,), name="b")
    h = layers.Conv2D(5, 3, padding=padding, activation="relu")(a)
    g = layers.BatchNormalization()(layers.Conv2D(5, 3, padding="same")(h))
    merge = [layers.Add, layers.Multiply, layers.Maximum, layers.Average, layers.Subtract][seed % 5]()
    h = merge([h, layers.Activation("tanh")(g)])
    h = layers.AveragePooling2D(2, padding=padding)(h)
    gate = layers.Dense(5, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(h))
    h = layers.Multiply()([h, gate])
    flat = layers.Flatten()(h) if seed % 3 else layers.GlobalMaxPooling2D()(h)
    side = layers.Dense(6, activation=layers.LeakyReLU(0.1))(b)
    h = layers.Concatenate()([flat, side, b])
    h = layers.Dense(9, activation="gelu")(h)
    out = layers.Dense(3, activation="softmax")(h)
    model = fill(
        keras.Model({"a": a, "b": b}, [out, layers.Dense(1)(h) + layers.Dense(1)(side)]),
        seed=seed,
        dead=rng.choice([0.2, 0.5]),
        zeros=0.1,
    )
    small = compact(model)
    assert small.shrinkage.parameters[1] < small.shrinkage.parameters[0]
    assert_equal(model, small, {"a": rows((8, 8, 2)), "b": rows((5,))})
    assert max(np.ptp(part, axis=0).max() for part in outputs(model, {"a": rows((8, 8, 2)), "b": rows((5,))})) > 0


def test_what_no_rule_knows_stays_with_all_that_it_reads_and_is_named():
    x = keras.Input((6, 4), name="x")
    h = layers.Dense(5, name="before")(x)
    h = layers.LayerNormalization(name="norm")(h)
    h = layers.LSTM(7, name="lstm")(h)
    h = layers.Dense(4, activation="softmax", name="soft")(h)
    model = fill(keras.Model(x, layers.Dense(1, name="out")(h)))
    kill(model.get_layer("before"), units=[1])
    kill(model.get_layer("soft"), inputs=[2], units=[0])
    small = compact(model)
    assert set(small.shrinkage.left) == {"norm", "lstm", "soft"}
    assert {name: after for name, (_, after) in small.shrinkage.units.items()} == {"before": 5, "soft": 4, "out": 1}
    assert "LSTM" in str(small.shrinkage)
    assert_equal(model, small, rows((6, 4)))


def test_a_shared_layer_is_left_alone_and_what_follows_shrinks():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = layers.Dense(4, activation="relu", name="shared")
    h = layers.Dense(5, name="after")(layers.Concatenate()([shared(a), shared(b)]))
    model = fill(keras.Model([a, b], layers.Dense(1)(h)))
    kill(shared, units=[0])
    kill(model.get_layer("after"), units=[0, 1])
    small = compact(model)
    assert small.shrinkage.left == {"shared": "shared by 2 calls"}
    assert small.shrinkage.units["after"] == (5, 3)
    assert len(small.get_layer("shared").weights) == 2
    assert_equal(model, small, [rows((3,)), rows((3,), seed=8)])


@pytest.mark.backends
def test_nested_models_are_taken_apart():
    encoder = keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="relu", name="dense")], name="encoder")
    i = keras.Input((5,))
    head = keras.Model(i, layers.Dense(4, activation="tanh", name="dense")(i), name="head")
    x = keras.Input((6,), name="x")
    model = fill(keras.Model(x, layers.Dense(1, name="out")(head(encoder(x, training=False)))))
    kill(encoder.layers[0], units=[0, 1], inputs=[3])
    small = compact(model)
    assert [layer.name for layer in small.layers if layer.weights] == ["dense", "dense_1", "out"]
    assert small.get_layer("dense").units == 3
    assert_equal(model, small, rows((6,)))


def test_reshape_and_channels_that_a_dense_layer_reads_apart():
    x = keras.Input((4, 4, 2), name="x")
    h = layers.Conv2D(6, 3, name="conv")(x)
    h = layers.Reshape((4, 6), name="reshape")(h)
    h = layers.Flatten()(layers.Conv1D(3, 2, name="line")(h))
    model = fill(keras.Model(x, layers.Dense(1)(h)))
    kill(model.get_layer("conv"), units=[0, 5])
    small = compact(model)
    assert small.shrinkage.units["conv"] == (6, 4)
    assert small.get_layer("reshape").output.shape == (None, 4, 4)
    assert_equal(model, small, rows((4, 4, 2)))


def test_a_channel_of_a_flattened_map_stays_while_one_of_its_places_is_read():
    conv, dense = layers.Conv1D(3, 2, name="conv"), layers.Dense(1, name="out")
    model = fill(keras.Sequential([keras.Input((4, 2)), conv, layers.Flatten(), dense]))
    kill(dense, inputs=[0, 3])  # channel 0 at two of three places
    assert compact(model).shrinkage.units["conv"] == (3, 3)
    kill(dense, inputs=[6])
    assert compact(model).shrinkage.units["conv"] == (3, 2)


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="TensorFlow has no channels first on a CPU")
def test_channels_first_shrink_along_their_axis():
    x = keras.Input((2, 8, 8), name="x")
    h = layers.Conv2D(5, 3, data_format="channels_first", activation="relu", name="a")(x)
    h = layers.BatchNormalization(axis=1)(h)
    h = layers.MaxPooling2D(data_format="channels_first")(h)
    h = layers.Flatten(data_format="channels_first")(layers.Conv2D(4, 2, data_format="channels_first", name="b")(h))
    model = fill(keras.Model(x, layers.Dense(2)(h)))
    kill(model.get_layer("a"), units=[1], inputs=[0])
    kill(model.get_layer("b"), units=[0, 2])
    small = compact(model)
    assert (small.shrinkage.units["a"], small.shrinkage.units["b"]) == ((5, 4), (4, 2))
    assert small.shrinkage.inputs["x"].tolist() == [1]
    assert_equal(model, small, rows((2, 8, 8)))


# ---- around it


def test_a_model_without_dead_parts_comes_back_equal_and_says_so():
    model = fill(mlp())
    small = compact(model)
    assert small is not model
    assert not small.shrinkage.changed
    assert "equal copy" in str(small.shrinkage)
    assert_equal(model, small, rows((5,)))


def test_the_small_model_is_not_compiled_and_shares_nothing():
    model = fill(mlp())
    model.compile("adam", "mse")
    small = compact(model)
    assert not small.compiled
    before = outputs(small, rows((5,)))[0]
    fill(model, seed=9)
    np.testing.assert_array_equal(outputs(small, rows((5,)))[0], before)


def test_regularizers_are_taken_off():
    dense = layers.Dense(3, kernel_regularizer="l1", name="d")
    small = compact(fill(keras.Sequential([keras.Input((2,)), dense, layers.Dense(1, bias_regularizer="l2")])))
    assert not small.losses
    assert small.get_layer("d").kernel_regularizer is None


@pytest.mark.backends
def test_the_file_of_a_small_model_opens_without_shrinkwise(tmp_path):
    model = fill(mlp(inputs=6))
    kill(model.layers[0], inputs=[2, 3], units=[1])
    small = compact(model)
    small.save(tmp_path / "small.keras")
    x = rows((6,))
    np.save(tmp_path / "x.npy", x)
    code = (
        "import sys, json, numpy as np, keras\n"
        "model = keras.saving.load_model('small.keras')\n"
        "assert not [name for name in sys.modules if name.startswith('shrinkwise')]\n"
        "print('OUT', json.dumps(model.predict(np.load('x.npy'), verbose=0).tolist()))"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.split("OUT", 1)[1])
    np.testing.assert_allclose(found, outputs(model, x)[0], atol=1e-5)


def test_times_and_sizes_of_files_are_measured_on_request():
    model = fill(mlp((64, 64)), dead=0.8)
    report = compact(model, measure=True).shrinkage
    assert min(report.seconds) > 0
    assert report.saved[1] < report.saved[0]
    assert "rows" in str(report)
    assert "as fast" in str(report)


def test_half_precision_is_compared_at_its_own_rounding():
    dense = layers.Dense(4, activation="relu", dtype="mixed_bfloat16")
    model = fill(keras.Sequential([keras.Input((5,)), dense, layers.Dense(1, dtype="float32")]))
    kill(dense, units=[0])
    small = compact(model)
    assert small.shrinkage.tolerance > 1e-3
    assert small.shrinkage.units[dense.name] == (4, 3)


def test_whole_numbers_reach_an_embedding_in_its_range():
    x = keras.Input((5,), dtype="int32", name="words")
    h = layers.GlobalAveragePooling1D()(layers.Embedding(9, 6, name="words_in")(x))
    model = fill(keras.Model(x, layers.Dense(1)(layers.Dense(4, activation="relu", name="d")(h))))
    kill(model.get_layer("d"), units=[0])
    small = compact(model)
    assert small.shrinkage.units["d"] == (4, 3)
    assert list(small.shrinkage.left) == ["words_in"]


def test_rows_of_the_user_are_checked_too():
    model = fill(mlp())
    assert compact(model, X=rows((5,), n=11)).shrinkage.rows == 11 + compact(model).shrinkage.rows


class Forgetful(layers.Layer):
    """Its configuration does not say what it does."""

    factor = 1.0

    def call(self, x):
        return self.factor * x


def test_outputs_that_differ_are_an_error_and_nothing_is_returned():
    model = fill(keras.Sequential([keras.Input((3,)), layers.Dense(4), Forgetful(), layers.Dense(1)]))
    model.layers[1].factor = 1.001
    with pytest.raises(ShrinkwiseError, match="no model is returned"):
        compact(model)
    model.layers[1].factor = 1.0
    assert "Forgetful" in str(compact(model).shrinkage)


def test_a_lambda_without_weights_is_taken_over():
    model = fill(keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Lambda(lambda x: x * x, name="square")]))
    small = compact(model)
    assert small.shrinkage.left == {"square": "no rule to cut Lambda"}
    assert_equal(model, small, rows((3,)))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: keras.Sequential([layers.Dense(1)]), UsageError, "not built"),
        (lambda: "model", UsageError, "got str"),
        (lambda: _Own(), UsageError, "not built"),
        (lambda: _built(_Own()), UsageError, r"runs its own call\(\)"),
    ],
)
def test_models_that_cannot_be_read_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        compact(make())


def test_weights_that_are_not_finite_are_refused():
    model = fill(mlp())
    model.layers[0].bias.assign([np.nan] * 8)
    with pytest.raises(DataError, match="hidden0/bias"):
        compact(model)


@pytest.mark.parametrize("tolerance", [0, -1, 1, float("nan"), "a", None])
def test_a_tolerance_out_of_range_is_refused(tolerance):
    with pytest.raises(UsageError, match="tolerance"):
        compact(fill(mlp()), tolerance=tolerance)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.ones((4, 2)), r"of shape \(None, \d+\) \(None: any\), got \(4, 2\)"),
        (np.ones(4), r"got \(4,\)"),
    ],
)
def test_rows_that_the_model_does_not_take_are_refused(X, words):
    with pytest.raises(DataError, match=words):
        compact(fill(mlp()), X=X)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_that_are_not_finite_are_refused(value):
    model = fill(mlp())
    X = np.ones((4, model.inputs[0].shape[1]))
    X[1] = value
    with pytest.raises(DataError, match=f"X is not finite in {X.shape[1]} of {X.size} cells"):
        compact(model, X=X)


class _Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)


def _built(model: keras.Model) -> keras.Model:
    model(rows((3,)))
    return model
