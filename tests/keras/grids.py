"""A small grid of networks, and the same networks by plain means."""

import keras
import numpy as np
from sklearn.model_selection import KFold

from shrinkwise.keras import LassoNet

L1, L2 = (0.1, 0.001), (0.0, 0.01)


def table(n=120, p=5, seed=0):
    """Rows whose columns have means and sds of their own, and a target of the first two."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * (1 + np.arange(p)) + 3
    y = 5 + 2 * (X[:, 0] - 3 + np.sin((X[:, 1] - 3) / 2)) + 0.3 * rng.standard_normal(n)
    return X, y


def halves(n=120):
    return list(KFold(2).split(np.zeros((n, 1))))


def residual(bound=3.0, units=6, ridge=None):
    """A builder of networks with a linear skip connection, beside whose inputs those of the hidden layer leave."""

    def build(n_features, n_outputs):
        rows = keras.Input((n_features,))
        penalty = LassoNet(1.0, first="first", bound=bound)
        skip = keras.layers.Dense(n_outputs, use_bias=False, kernel_regularizer=penalty, name="skip")(rows)
        hidden = keras.layers.Dense(units, activation="relu", name="first")(rows)
        out = keras.layers.Dense(n_outputs, kernel_regularizer=ridge, name="out")(hidden)
        return keras.Model(rows, keras.layers.Add()([skip, out]))

    return build
