"""Small problems that several tests of the networks train on."""

import keras
import numpy as np
from keras import ops


def two_signals(n=1024, p=10, seed=0):
    """X of p columns, of which two matter, and y (n, 1)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)).astype("float32")
    y = 2 * x[:, :1] - 1.5 * x[:, 1:2] + 0.1 * rng.normal(size=(n, 1)).astype("float32")
    return x, y.astype("float32")


def textbook(kernel_regularizer="l1_l2", seed=0):
    """The snippet of the explainers, and an output."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(64, activation="relu", kernel_regularizer=kernel_regularizer, name="hidden"),
            keras.layers.Dense(1, name="out"),
        ]
    )


def numpy_of(variable):
    return ops.convert_to_numpy(variable)


def zeros_of(variable):
    return int((numpy_of(variable) == 0).sum())
