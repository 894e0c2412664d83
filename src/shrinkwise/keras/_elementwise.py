"""Which layers and activations of Keras treat each channel by itself, so that channels can go."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

Array = NDArray[Any]

FUNCTIONS = {
    keras.activations.celu,
    keras.activations.elu,
    keras.activations.exponential,
    keras.activations.gelu,
    keras.activations.hard_shrink,
    keras.activations.hard_sigmoid,
    keras.activations.hard_silu,
    keras.activations.hard_tanh,
    keras.activations.leaky_relu,
    keras.activations.linear,
    keras.activations.log_sigmoid,
    keras.activations.mish,
    keras.activations.relu,
    keras.activations.relu6,
    keras.activations.selu,
    keras.activations.sigmoid,
    keras.activations.silu,
    keras.activations.soft_shrink,
    keras.activations.softplus,
    keras.activations.softsign,
    keras.activations.sparse_plus,
    keras.activations.sparse_sigmoid,
    keras.activations.squareplus,
    keras.activations.tanh,
    keras.activations.tanh_shrink,
}
KERNELS = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D)
ELEMENTWISE = (layers.ReLU, layers.LeakyReLU, layers.ELU)
NOTHING = (  # at inference
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
)
POOLS = (
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
)
GLOBAL_POOLS = (
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
)
MERGES = {  # of layers, and of the operations that + - * make
    "Add": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Average": np.add,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
}


def is_elementwise(activation: Any) -> bool:
    """Whether an activation, a function or a layer of Keras, acts on each number by itself."""
    if isinstance(activation, layers.Layer):
        return type(activation) in ELEMENTWISE or (
            type(activation) is layers.Activation and is_elementwise(activation.activation)
        )
    return activation in FUNCTIONS


def apply(function: Any, values: Array) -> Array:
    """A function of Keras on numbers, NaN where they are; NaN as well where the result is not finite."""
    known = ~np.isnan(values)
    out = np.full(len(values), np.nan)
    if known.any():
        given = keras.ops.convert_to_tensor(np.where(known, values, 0.0).astype("float32"))
        out[known] = np.asarray(keras.ops.convert_to_numpy(function(given)), dtype=float).reshape(-1)[known]
    return np.where(np.isfinite(out), out, np.nan)


def array(tensor: Any) -> Array:
    """A variable or tensor of Keras as NumPy numbers."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(tensor)))


def merge(name: str, values: list[Array]) -> Array:
    """The values of merged channels; a product with zero is zero whatever the rest is."""
    out = values[0]
    for other in values[1:]:
        out = MERGES[name](out, other)
    if name == "Average":
        out = out / len(values)
    if name == "Multiply":
        out = np.where(np.any([part == 0 for part in values], axis=0), 0.0, out)
    return out
