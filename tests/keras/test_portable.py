from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import layers

from shrinkwise.exceptions import ModelFileError, UsageError
from shrinkwise.forward import ACTIVATIONS, predict
from shrinkwise.keras._compact import compact
from shrinkwise.keras.portable import from_portable, to_portable
from tests.keras.sparse_networks import fill, kill, mlp, outputs, rows

# Keras' own reading of JAX arrays, in get_weights and save
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
TOLERANCE = 1e-6


def through_json(model: keras.Model):
    description, arrays = to_portable(model)
    text = json.dumps(description, allow_nan=False)
    assert "class_name" not in text
    return json.loads(text), arrays


def assert_round_trip(model: keras.Model, x: np.ndarray) -> None:
    again = from_portable(*through_json(model))
    assert not again.compiled
    for a, b in zip(outputs(model, x), outputs(again, x), strict=True):
        np.testing.assert_allclose(a, b, atol=TOLERANCE * np.abs(a).max())


def assert_forward(model: keras.Model, x: np.ndarray) -> None:
    description, arrays = through_json(model)
    expected = outputs(model, x)[0]
    for dtype in (np.float32, np.float64):
        found = predict(description["layers"], arrays, x, dtype=dtype)
        np.testing.assert_allclose(found, expected, atol=TOLERANCE * max(np.abs(expected).max(), 1))


@pytest.mark.backends
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_is_that_of_keras(activation):
    model = keras.Sequential([keras.Input((201,)), layers.Activation(activation)])
    x = np.linspace(-10, 10, 201, dtype="float32")[None] + np.zeros((2, 1), "float32")
    if activation == "exponential":
        x = x / 10
    assert_forward(model, x)


@pytest.mark.backends
def test_numpy_gives_what_keras_gives_on_every_layer_of_a_table_network():
    normalization = layers.Normalization(name="norm")
    normalization.adapt(rows((6,)) * 4 - 2)
    model = keras.Sequential(
        [
            keras.Input((6,), name="x"),
            normalization,
            layers.Dense(7, activation="gelu"),
            layers.BatchNormalization(center=False),
            layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.25),
            layers.Dropout(0.3),
            layers.Dense(6, use_bias=False, activation=layers.LeakyReLU(0.3)),
            layers.GaussianNoise(1.0),
            layers.BatchNormalization(scale=False, epsilon=0.1),
            layers.ELU(0.7),
            layers.Rescaling([0.5] * 6, offset=1.0),
            layers.Flatten(),
            layers.Dense(4),
            layers.Softmax(),
        ]
    )
    learned = normalization.get_weights()
    fill(model)
    normalization.set_weights(learned)
    normalization.finalize_state()
    assert_forward(model, rows((6,)) * 3)
    assert_round_trip(model, rows((6,)) * 3)


@pytest.mark.backends
def test_a_convolutional_network_comes_back():
    model = keras.Sequential(
        [
            keras.Input((12, 12, 2)),
            layers.Conv2D(4, 3, padding="same", strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.SpatialDropout2D(0.2),
            layers.Conv2D(4, 2, groups=2, use_bias=False),
            layers.AveragePooling2D(2, strides=1),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    assert_round_trip(fill(model), rows((12, 12, 2)))
    line = [layers.Conv1D(4, 3, padding="causal", dilation_rate=2), layers.MaxPooling1D(2), layers.GlobalMaxPooling1D()]
    assert_round_trip(fill(keras.Sequential([keras.Input((None, 2)), *line, layers.Dense(2)])), rows((11, 2)))


def test_a_compact_network_with_its_selection_of_columns_comes_back_and_predicts_in_numpy():
    model = fill(mlp(inputs=6))
    kill(model.layers[0], inputs=[1, 2], units=[0])
    small = compact(model)
    assert through_json(small)[0]["layers"][0] == {"kind": "Take", "name": "take", "indices": [0, 3, 4, 5]} | {
        "name": through_json(small)[0]["layers"][0]["name"]
    }
    assert_forward(small, rows((6,)))
    assert_round_trip(small, rows((6,)))


@pytest.mark.parametrize("axis", [-1, None])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization_given_or_learned_comes_back(axis, invert):
    given = {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 0.0]} if axis else {"mean": 2.0, "variance": 3.0}
    model = keras.Sequential([keras.Input((3,)), layers.Normalization(axis=axis, invert=invert, **given)])
    assert_round_trip(model, rows((3,)))
    assert_forward(model, rows((3,)))


# ---- what has no place in it


class Scaled(layers.Layer):
    def call(self, x):
        return 2 * x


class Thin(layers.Dense):
    pass


def branching() -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, layers.Add()([layers.Dense(2)(x), layers.Dense(2)(x)]))


def twice() -> keras.Model:
    x, dense = keras.Input((3,)), layers.Dense(3, name="again")
    return keras.Model(x, dense(dense(x)))


def two_outputs() -> keras.Model:
    x = keras.Input((3,))
    h = layers.Dense(3)(x)
    return keras.Model(x, [h, layers.Dense(1)(h)])


def chain(*parts, **kwargs) -> keras.Model:
    return keras.Sequential([keras.Input((3,), **kwargs), *parts])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: chain(layers.LayerNormalization(name="ln")), "'ln'.*no place"),
        (lambda: chain(layers.Lambda(lambda x: x, name="lam")), "'lam'.*no place"),
        (lambda: chain(Scaled(name="own")), "'own'.*no place"),
        (lambda: chain(Thin(2, name="thin")), "'thin'.*no place"),
        (lambda: chain(layers.Dense(2, activation=lambda x: x * 2, name="odd")), "'odd' has the activation"),
        (lambda: chain(layers.Dense(2, activation="glu", name="odd")), "'odd' has the activation"),
        (lambda: chain(layers.Dense(2, activation=layers.PReLU(), name="odd")), "'odd' has an activation"),
        (lambda: chain(layers.Dense(2, dtype="mixed_bfloat16", name="half")), "'half' does not compute in float32"),
        (lambda: chain(layers.Dense(2), dtype="int32"), "takes float32"),
        (branching, "branch"),
        (twice, "'again' is called more than once"),
        (two_outputs, "outputs before its end"),
        (lambda: keras.Sequential([layers.Dense(1)]), "not built"),
    ],
)
def test_what_has_no_place_in_a_portable_network_is_named(make, words):
    with pytest.raises(UsageError, match=words):
        to_portable(make())


def test_a_network_that_is_not_finite_is_not_written():
    model = fill(mlp())
    model.layers[0].bias.assign([np.inf] * 8)
    with pytest.raises(UsageError, match="'hidden0/bias' is not finite"):
        to_portable(model)


def hostile(change) -> None:
    description, arrays = through_json(fill(mlp((4,), inputs=3)))
    description["layers"].insert(
        0,
        {
            "kind": "Conv1D",
            "name": "conv",
            "filters": 3,
            "kernel_size": [2],
            "strides": [1],
            "padding": "valid",
            "data_format": "channels_last",
            "dilation_rate": [1],
            "groups": 1,
            "activation": "relu",
            "use_bias": False,
        },
    )
    description["input"] = [5, 3]
    arrays["conv/kernel"] = np.ones((2, 3, 3), "float32")
    change(description, arrays)
    from_portable(description, arrays)


def test_the_sound_one_among_the_hostile_is_read():
    hostile(lambda description, arrays: None)


def layer(at, **fields):
    return lambda description, arrays: description["layers"][at].update(fields)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (layer(0, kind="Lambda"), "is of kind 'Lambda'"),
        (layer(0, filters=10**9), "filters must be"),
        (layer(0, filters=10**6), "'conv/kernel' has shape"),
        (layer(0, kernel_size=[10**6]), "conv"),
        (layer(0, kernel_size=[2, 2]), "kernel_size must be a list of length 1"),
        (layer(0, kernel_size=[9]), "conv"),
        (layer(0, strides=[0]), "strides must be"),
        (layer(0, strides=[2], dilation_rate=[2]), "conv"),
        (layer(0, groups=2), "groups do not divide"),
        (layer(0, padding="full"), "padding must be"),
        (layer(0, activation="lambda x: x"), "activation must be"),
        (layer(0, dtype="float16"), "unknown fields: 'dtype'"),
        (layer(1, units=7), "'hidden0/kernel' has shape"),
        (lambda d, a: d.update(input=[10**9]), "input must be"),
        (lambda d, a: d.update(input=[-1, 3]), "input must be"),
        (lambda d, a: d.update(input=[5, None]), "no known length"),
        (lambda d, a: d.update(input=[]), "input must be"),
        (lambda d, a: d.update(input=[1] * 9), "input must be"),
        (lambda d, a: d.update(format=2), "format must be 1"),
        (lambda d, a: d.update(more=1), "must have format"),
        (lambda d, a: d.update(name=1), "name must be text"),
        (lambda d, a: d.update(layers=[]), "list of 1 to"),
        (lambda d, a: a.pop("out/bias"), "'out/bias' is missing"),
        (lambda d, a: a.update({"more/kernel": np.ones(1)}), "belongs to no layer"),
        (lambda d, a: a.update({"out/bias": np.array([1, np.nan], "float32")}), "not finite"),
    ],
)
def test_a_hostile_description_is_an_error_that_names_what_is_wrong(change, words):
    with pytest.raises(ModelFileError, match=words):
        hostile(change)


@pytest.mark.parametrize("description", [None, [], "x", {"layers": []}])
def test_what_is_no_description_is_refused(description):
    with pytest.raises(ModelFileError, match="must have format"):
        from_portable(description, {})
