"""Networks with planted and random zeros."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers


def fill(model: keras.Model, seed: int = 0, dead: float = 0.0, zeros: float = 0.0, biases: float = 0.5) -> keras.Model:
    """Random weights; a share `dead` of units and inputs and `zeros` of single weights are 0, biases are not."""
    rng = np.random.default_rng(seed)
    last = [weight.path for weight in model.weights if weight.path.endswith("kernel")][-1:]  # its units stay
    for weight in model.weights:
        shape = tuple(weight.shape)
        name = weight.path.rsplit("/", 1)[-1]
        if "variance" in name:
            weight.assign(rng.uniform(0.5, 2.0, shape))
        elif name in {"kernel", "depthwise_kernel"}:
            values = rng.normal(size=shape) * np.sqrt(2 / max(1, np.prod(shape[:-1])))
            values *= rng.random(shape) >= zeros
            values *= (rng.random(shape[-1]) >= dead) | (weight.path in last)
            values *= (rng.random(shape[-2]) >= dead)[:, None]
            weight.assign(values)
        elif name != "count":
            weight.assign(rng.normal(size=shape) * biases + (name == "gamma"))
    return model


def numpy(variable: Any) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable)))


def mlp(hidden: tuple[int, ...] = (8, 6), inputs: int = 5, activation: Any = "tanh", outputs: int = 2) -> keras.Model:
    inner = [layers.Dense(units, activation=activation, name=f"hidden{at}") for at, units in enumerate(hidden)]
    return keras.Sequential([keras.Input((inputs,), name="x"), *inner, layers.Dense(outputs, name="out")])


def kill(layer: Any, *, units: Any = (), inputs: Any = ()) -> None:
    """Zero the kernel that enters units, or that leaves inputs."""
    kernel = numpy(layer.kernel)
    kernel[..., list(units)] = 0
    kernel[..., list(inputs), :] = 0
    layer.kernel.assign(kernel)


def outputs(model: keras.Model, x: Any) -> list[np.ndarray]:
    return [np.asarray(keras.ops.convert_to_numpy(y)) for y in keras.tree.flatten(model(x, training=False))]


def assert_equal(model: keras.Model, small: keras.Model, x: Any, x_small: Any = None) -> None:
    for a, b in zip(outputs(model, x), outputs(small, x if x_small is None else x_small), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * max(np.abs(a).max(), 1e-30))


def rows(shape: tuple[int, ...], n: int = 50, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, *shape)).astype("float32")
