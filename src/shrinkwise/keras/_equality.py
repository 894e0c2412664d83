"""Whether two models give the same outputs, on random rows or on given ones."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from shrinkwise.exceptions import UsageError
from shrinkwise.keras._elementwise import array
from shrinkwise.keras._graph import Graph

Array = NDArray[Any]

ROWS = 32
OPEN = 32  # the length of an axis that the model leaves open
SPREADS = (0.1, 1.0, 10.0)  # of random rows, in turn: what saturates and what does not
ROUNDING = {"float16": 2.0**-10, "bfloat16": 2.0**-7}  # machine epsilon
SLACK = 8  # roundings


def random_inputs(graph: Graph, seed: int = 0) -> Any:
    """Random rows in the structure of a model's inputs.

    Floats are normal, about the mean and in the units of the `Normalization` that reads them; whole numbers lie in the
    range of the `Embedding` that reads them.
    """
    rng = np.random.default_rng(seed)
    made = {tensor: _random(graph, tensor, source, rng) for tensor, source in graph.sources.items()}
    return keras.tree.map_structure(lambda tensor: made[tensor.index], graph.inputs)


def _random(graph: Graph, tensor: int, source: Any, rng: np.random.Generator) -> Array:
    batch, *rest = source.batch_shape
    shape = (batch or ROWS, *(size or OPEN for size in rest))
    readers = [call.layer for call in graph.calls if tensor in call.inputs]
    if source.dtype.startswith(("int", "uint")):
        top = min((layer.input_dim for layer in readers if type(layer) is layers.Embedding), default=2)
        return rng.integers(0, top, shape).astype(source.dtype)
    if source.dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if "float" not in source.dtype:
        raise UsageError(f"input {source.name!r} is {source.dtype}: give the rows to check on as X")
    spread = np.resize(SPREADS, shape[0]).reshape(-1, *(1,) * len(rest))
    x = rng.normal(size=shape) * spread
    for layer in readers:
        if type(layer) is layers.Normalization and not layer.invert:
            x = x * np.sqrt(array(layer.variance).astype(float)) + array(layer.mean).astype(float)
            break
    return x.astype("float32")


def deviation(model: keras.Model, other: keras.Model, x: Any, x_other: Any) -> float:
    """Largest difference of the outputs, relative to the largest output: max over outputs.

    Rows on which the first model overflows are left out: random rows may be far from what it was made for. NaN where
    none is left, or where the other one overflows on the rest.

    Parameters
    ----------
    model, other : keras.Model
    x, x_other : structures of ndarray
        What each of them is given.
    """
    worst = 0.0
    for a, b in zip(_outputs(model, x), _outputs(other, x_other), strict=True):
        if a.shape != b.shape:
            return float("nan")
        usable = np.isfinite(a).all(axis=tuple(range(1, a.ndim)))
        a, b = a[usable], b[usable]
        if not (len(a) and np.isfinite(b).all()):
            return float("nan")
        scale = float(np.abs(a).max(initial=0.0)) or 1.0
        worst = max(worst, float(np.abs(a - b).max(initial=0.0)) / scale)
    return worst


def _outputs(model: keras.Model, x: Any) -> list[Array]:
    return [array(part).astype(float) for part in keras.tree.flatten(model(x, training=False))]


def allowed(graph: Graph, tolerance: float) -> float:
    """The tolerance, or a few roundings of the least precise layer where that is more."""
    dtypes = {getattr(call.layer, "compute_dtype", None) for call in graph.calls}
    return max([tolerance, *(SLACK * ROUNDING[dtype] for dtype in dtypes if dtype in ROUNDING)])
