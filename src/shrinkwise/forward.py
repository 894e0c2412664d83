"""What a stored network predicts: its layers one after the other, by NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from shrinkwise.exceptions import ModelFileError

Array = NDArray[Any]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {  # as in Keras, by its names
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0.0))),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2.0))),
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "mish": lambda x: x * np.tanh(np.logaddexp(0.0, x)),
    "tanh": np.tanh,
    "sigmoid": expit,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0),
    "exponential": np.exp,
}


def predict(layers: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array], X: Array) -> Array:
    """The outputs (n, k) of a network for rows (n, p), in float64.

    Parameters
    ----------
    layers : sequence of dict
        ``{"layer": "dense", "kernel": name, "bias": name or None, "activation": name}``, in order.
    arrays : dict of str to ndarray
        Kernels (inputs, units) and biases (units,) by name.
    X : ndarray of shape (n, p)

    Raises
    ------
    ModelFileError
        If a layer, an activation or an array is not known, or shapes do not follow each other.
    """
    found = np.asarray(X, dtype=np.float64)
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, Mapping) or layer.get("layer") != "dense":
            raise ModelFileError(f"layer {number} of the network is of no kind that is known: {str(layer)[:80]}")
        activation = ACTIVATIONS.get(str(layer.get("activation")))
        kernel, bias = arrays.get(str(layer.get("kernel"))), layer.get("bias")
        if activation is None or kernel is None or (bias is not None and bias not in arrays):
            raise ModelFileError(f"layer {number} of the network names what is not there: {str(layer)[:80]}")
        if kernel.ndim != 2 or kernel.shape[0] != found.shape[1]:
            raise ModelFileError(
                f"layer {number} of the network takes {kernel.shape}, and gets {found.shape[1]} inputs"
            )
        found = found @ kernel.astype(np.float64)
        if bias is not None:
            if arrays[bias].shape != kernel.shape[1:]:
                raise ModelFileError(f"layer {number} of the network has a bias of shape {arrays[bias].shape}")
            found = found + arrays[bias]
        with np.errstate(over="ignore"):  # an exponential beyond all numbers is infinite
            found = activation(found)
    return found
