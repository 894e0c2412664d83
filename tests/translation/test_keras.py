"""Networks of one layer, trained to the end, have the coefficients that the translation promises."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

from shrinkwise import LinearClassifier, LinearRegressor, from_keras, translate  # noqa: E402
from shrinkwise.keras import Proximal  # noqa: E402
from tests.linear.data import table  # noqa: E402

X, Y, CLASS = table(n=64, p=4)
X = (X - X.mean(axis=0)) / X.std(axis=0)
Y = Y - Y.mean()
TARGETS = {"mse": Y, "binary_crossentropy": CLASS}


def trained(loss, optimizer, epochs, **options):
    """Kernel of one layer after full-batch steps."""
    activation = "sigmoid" if loss == "binary_crossentropy" else None
    layer = keras.layers.Dense(1, activation=activation, kernel_initializer="zeros", **options)
    model = keras.Sequential([keras.Input((X.shape[1],)), layer])
    model.compile(optimizer=optimizer, loss=loss)
    rows = np.tile(np.arange(64), 20)  # an epoch is 20 steps of all rows
    target = TARGETS[loss][rows, None].astype("float32")
    model.fit(X[rows].astype("float32"), target, batch_size=64, shuffle=False, epochs=epochs, verbose=0)
    return np.asarray(layer.kernel)[:, 0]


def coefficients(loss, alpha, l1_ratio):
    if loss == "logistic":
        return LinearClassifier(alpha, l1_ratio=l1_ratio, standardize=False).fit(X, CLASS).coef_[0]
    return LinearRegressor(alpha, l1_ratio=l1_ratio, standardize=False).fit(X, Y).coef_


@pytest.mark.parametrize(
    ("loss", "l1_ratio", "rate"), [("squared", 0.5, 0.1), ("squared", 1.0, 0.1), ("logistic", 0.5, 1.0)]
)
def test_a_trained_layer_has_our_coefficients(loss, l1_ratio, rate):
    found = translate(0.1, l1_ratio, to="keras", loss=loss, standardize=False)
    regularizer = keras.regularizers.L1L2(**found.parameters)
    kernel = trained(found.options["loss"], Proximal(keras.optimizers.SGD(rate)), 40, kernel_regularizer=regularizer)
    expected = coefficients(loss, 0.1, l1_ratio)
    np.testing.assert_allclose(kernel, expected, atol=1e-4)  # single precision
    np.testing.assert_array_equal(kernel == 0, expected == 0)
    penalty, alpha = from_keras(regularizer, loss=loss)
    assert (alpha, penalty.l1_ratio) == (pytest.approx(0.1), pytest.approx(l1_ratio))


@pytest.mark.parametrize(("loss", "rate"), [("squared", 0.1), ("logistic", 1.0)])
def test_decay_under_plain_descent_is_our_l2_penalty(loss, rate):
    found = translate(0.2, 0.0, to="sgd", loss=loss, standardize=False)
    optimizer = keras.optimizers.SGD(rate, **found.parameters)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    kernel = trained(found.options["loss"], optimizer, 40)
    np.testing.assert_allclose(kernel, coefficients(loss, 0.2, 0.0), atol=1e-4)


def test_decay_of_adamw_is_not_the_l2_penalty():
    decay = translate(0.2, 0.0, to="sgd", standardize=False).parameters["weight_decay"]
    schedule = keras.optimizers.schedules.CosineDecay(0.05, 2000)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=decay)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    expected = coefficients("squared", 0.2, 0.0)
    assert np.max(np.abs(trained("mse", optimizer, 100) - expected)) > 0.05 * np.max(np.abs(expected))
