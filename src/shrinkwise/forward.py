"""A small network as plain data, and its outputs by NumPy: what a model file needs of Keras, without Keras.

A network is a list of layers, each a dict of plain JSON types with its ``kind`` (the name that the layer has in Keras),
its ``name`` and the fields of `FIELDS`, and a mapping of arrays, ``name/kernel`` and so on. `shrinkwise.keras.portable`
makes both from a Keras model. Nothing is executed that is not in this file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit, logsumexp

from shrinkwise.exceptions import DataError, ModelFileError

Array = NDArray[Any]
Check = Callable[[Any], str | None]

MOST_LAYERS = 1000
SHOWN = 60  # characters of a value, in a message
SELU = (1.0507009873554805, 1.6732632423543772)  # scale, alpha: Klambauer et al., "Self-normalizing networks", 2017
ROWS = 1 << 14  # at once
EPSILON = 1e-7  # keras.config.epsilon(): the least sd that Normalization divides by


def _hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _leaky_relu(x: Array, slope: float = 0.2) -> Array:
    return np.where(x >= 0, x, slope * x)


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(x, 0))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "celu": _elu,
    "selu": lambda x: SELU[0] * _elu(x, SELU[1]),
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x * expit(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "sigmoid": expit,
    "log_sigmoid": lambda x: -_softplus(-x),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "softmax": _softmax,
    "log_softmax": lambda x: x - logsumexp(x, axis=-1, keepdims=True),
}
ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}


# ---- fields of layers: each check gives what the value must be, None where it is


def whole(low: int, high: int = 1 << 31) -> Check:
    """A whole number in [low, high]."""
    return lambda v: None if type(v) is int and low <= v <= high else f"a whole number in [{low}, {high}]"


def number(low: float = -1e300, high: float = 1e300) -> Check:
    """A finite number in [low, high]."""

    def check(v: Any) -> str | None:
        good = type(v) in {int, float} and math.isfinite(v) and low <= v <= high
        return None if good else f"a finite number in [{low:g}, {high:g}]"

    return check


def one_of(*choices: Any) -> Check:
    """One of a few values, of the same type."""
    return lambda v: (
        None if any(type(v) is type(c) and v == c for c in choices) else f"one of {', '.join(map(str, choices))}"
    )


def list_of(check: Check, lengths: tuple[int, ...] = ()) -> Check:
    """A list whose items pass the check."""

    def checked(v: Any) -> str | None:
        if not isinstance(v, list) or (lengths and len(v) not in lengths):
            return f"a list of length {' or '.join(map(str, lengths))}" if lengths else "a list"
        wrong = next((said for said in map(check, v) if said), None)
        return None if wrong is None else f"a list, each item {wrong}"

    return checked


def either(first: Check, second: Check) -> Check:
    """What one of two checks lets pass."""
    return lambda v: None if first(v) is None or second(v) is None else f"{first(v)}, or {second(v)}"


FLAG = one_of(True, False)
ACTIVATION = one_of(*ACTIVATIONS, *ALIASES)
RATE = number(0, 1)
SCALE = either(number(), list_of(number()))

FIELDS: dict[str, dict[str, Check]] = {
    "Take": {"indices": list_of(whole(0))},  # columns of the input that go on
    "Dense": {"units": whole(1), "use_bias": FLAG, "activation": ACTIVATION},
    "BatchNormalization": {"axis": whole(-8, 8), "epsilon": number(0), "center": FLAG, "scale": FLAG},
    "Normalization": {"axis": list_of(whole(-8, 8), (0, 1)), "invert": FLAG},
    "Rescaling": {"scale": SCALE, "offset": SCALE},
    "Activation": {"activation": ACTIVATION},
    "ReLU": {"max_value": either(one_of(None), number(0)), "negative_slope": number(0), "threshold": number(0)},
    "LeakyReLU": {"negative_slope": number(0)},
    "ELU": {"alpha": number()},
    "Softmax": {"axis": whole(-1, -1)},
    "Flatten": {"data_format": one_of("channels_last", "channels_first")},
    "Dropout": {"rate": RATE},
    "AlphaDropout": {"rate": RATE},
    "GaussianDropout": {"rate": RATE},
    "GaussianNoise": {"stddev": number(0)},
    "Identity": {},
}
SILENT = {"Flatten", "Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "Identity"}  # on rows of numbers


def predict(
    layers: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array], X: Array, dtype: Any = np.float64
) -> Array:
    """Outputs of a network for rows of numbers.

    Parameters
    ----------
    layers : sequence of dict
        In order; the kinds of `FIELDS`.
    arrays : mapping of str to ndarray of float
        ``name/kernel`` (inputs, units), ``name/bias``, ``name/gamma``, ``name/beta``, ``name/mean``, ``name/variance``.
    X : array of shape (n, p)
        Finite numbers.
    dtype : {float64, float32}
        Of the arithmetic and the outputs. Keras' own is float32; the two agree to 1e-6 of the outputs' scale.

    Returns
    -------
    ndarray of shape (n, units of the last layer)

    Raises
    ------
    ModelFileError
        The network is not one: an unknown layer or field, a wrong shape, an array that is not finite.
    DataError
        X has another shape, is not numbers, or is not finite; or the outputs overflow.

    Examples
    --------
    >>> import numpy as np
    >>> layer = {"kind": "Dense", "name": "out", "units": 1, "use_bias": False, "activation": "relu"}
    >>> predict([layer], {"out/kernel": np.array([[2.0], [-1.0]])}, np.array([[1.0, 1.0], [0.0, 3.0]]))
    array([[1.],
           [0.]])
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise DataError(f"dtype must be float32 or float64, got {dtype}")
    X = np.asarray(X)
    if X.ndim != 2 or X.dtype.kind not in "fiub":
        raise DataError(f"X must be rows of numbers, (n, p), got shape {X.shape} of {X.dtype}")
    width = X.shape[1]
    check_network(layers, arrays, width)
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        raise DataError(f"X has {X[row, column]} in row {row}, column {column}")
    steps = [(layer, {key: a.astype(dtype) for key, a in _weights(layer, arrays)}) for layer in layers]
    parts = []
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, max(len(X), 1), ROWS):
            x = X[start : start + ROWS].astype(dtype)
            for layer, weights in steps:
                x = _step(layer, weights, x)
            parts.append(x)
    out = np.concatenate(parts)
    if not np.isfinite(out).all():
        raise DataError(
            f"the network overflows in row {int(np.argwhere(~np.isfinite(out))[0][0])} of X: is it far off?"
        )
    return out


def check_network(layers: Any, arrays: Any, width: int) -> int:
    """Refuse what is no network of `FIELDS` on rows of ``width`` numbers; gives the number of its outputs.

    Raises
    ------
    ModelFileError
        Names the layer, what was found and what belongs there.
    """
    check_layers(layers, FIELDS)
    if not isinstance(arrays, Mapping):
        raise ModelFileError(f"the arrays must be a mapping of names, got {type(arrays).__name__}")
    used = set()
    for layer in layers:
        shapes, width = _shapes(layer, width)
        for key, shape in shapes.items():
            check_array(f"{layer['name']}/{key}", arrays, shape)
            used.add(f"{layer['name']}/{key}")
        if "variance" in shapes and (np.asarray(arrays[f"{layer['name']}/variance"]) < 0).any():
            raise ModelFileError(f"array {layer['name']}/variance has negative entries")
    check_no_more(arrays, used)
    return width


def check_layers(layers: Any, fields: Mapping[str, Mapping[str, Check]]) -> None:
    """Refuse layers of a kind, with a field or with a value that is not allowed."""
    if not isinstance(layers, (list, tuple)) or not 0 < len(layers) <= MOST_LAYERS:
        raise ModelFileError(f"layers must be a list of 1 to {MOST_LAYERS} layers, got {shown(layers)}")
    names: set[str] = set()
    for at, layer in enumerate(layers):
        if not isinstance(layer, Mapping) or not isinstance(layer.get("name"), str):
            raise ModelFileError(f"layer {at} must be a mapping with a name, got {shown(layer)}")
        name, kind = layer["name"], layer.get("kind")
        if not isinstance(kind, str) or kind not in fields:
            raise ModelFileError(f"layer {at} {shown(name)} is of kind {shown(kind)}; allowed are {', '.join(fields)}")
        if not name or "/" in name or name in names:
            raise ModelFileError(f"layer {at} {shown(name)} needs a name of its own, without '/'")
        names.add(name)
        given, wanted = set(layer) - {"kind", "name"}, set(fields[kind])
        if given != wanted:
            extra = ", ".join(sorted(shown(key) for key in given - wanted)) or "none"
            raise ModelFileError(
                f"layer {at} {shown(name)} ({kind}) has unknown fields: {extra}; "
                f"lacks: {', '.join(sorted(wanted - given)) or 'none'}"
            )
        for field, check in fields[kind].items():
            must = check(layer[field])
            if must:
                raise ModelFileError(f"layer {at} {shown(name)}: {field} must be {must}, got {shown(layer[field])}")


def check_array(key: str, arrays: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """Refuse an array that is missing, of another shape, no floats, or not finite."""
    if key not in arrays:
        raise ModelFileError(f"array {shown(key)} is missing")
    values = arrays[key]
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        what = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise ModelFileError(f"array {shown(key)} must hold floats, got {what}")
    if values.shape != shape:
        raise ModelFileError(f"array {shown(key)} has shape {values.shape} where the layer wants {shape}")
    if not np.isfinite(values).all():
        raise ModelFileError(f"array {shown(key)} is not finite in {int((~np.isfinite(values)).sum())} places")


def check_no_more(arrays: Mapping[str, Any], used: set[str]) -> None:
    """Refuse arrays that no layer asks for."""
    extra = [key for key in arrays if key not in used]
    if extra:
        raise ModelFileError(f"array {shown(extra[0])} belongs to no layer")


def shown(value: Any) -> str:
    """A value of a file for a message: never long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number too long to print, a structure too deep
        text = f"a {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _shapes(layer: Mapping[str, Any], width: int) -> tuple[dict[str, tuple[int, ...]], int]:
    """Shapes of the arrays of a layer on rows of ``width`` numbers, and the width of what it gives."""
    kind, name = layer["kind"], layer["name"]
    if kind == "Dense":
        shapes: dict[str, tuple[int, ...]] = {"kernel": (width, layer["units"])}
        return (shapes | {"bias": (layer["units"],)} if layer["use_bias"] else shapes), layer["units"]
    if kind == "Take":
        indices = layer["indices"]
        if not indices or max(indices) >= width:
            raise ModelFileError(f"layer {shown(name)} takes columns {shown(indices)} of {width}")
        return {}, len(indices)
    if kind == "BatchNormalization":
        _last_axis(layer, [layer["axis"]])
        keys = ["gamma"] * layer["scale"] + ["beta"] * layer["center"] + ["mean", "variance"]
        return dict.fromkeys(keys, (width,)), width
    if kind == "Normalization":
        _last_axis(layer, layer["axis"])
        return dict.fromkeys(("mean", "variance"), (width,) if layer["axis"] else ()), width
    if kind == "Rescaling":
        for field in ("scale", "offset"):
            if isinstance(layer[field], list) and len(layer[field]) not in (1, width):
                raise ModelFileError(
                    f"layer {shown(name)}: {field} has {len(layer[field])} numbers for {width} columns"
                )
    return {}, width


def _last_axis(layer: Mapping[str, Any], axes: Sequence[int]) -> None:
    if any(axis not in (-1, 1) for axis in axes):
        raise ModelFileError(f"layer {shown(layer['name'])}: axis must be -1 or 1 on rows of numbers, got {list(axes)}")


def _weights(layer: Mapping[str, Any], arrays: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    prefix = f"{layer['name']}/"
    return ((key[len(prefix) :], values) for key, values in arrays.items() if key.startswith(prefix))


def _step(layer: Mapping[str, Any], w: Mapping[str, Array], x: Array) -> Array:
    """What one layer makes of rows x."""
    kind = layer["kind"]
    if kind in SILENT:
        return x
    made: Array = _STEPS[kind](layer, w, x)
    return made.astype(x.dtype, copy=False)


def _dense(layer: Mapping[str, Any], w: Mapping[str, Array], x: Array) -> Array:
    return _activated(layer, w, x @ w["kernel"] + w.get("bias", 0))


def _activated(layer: Mapping[str, Any], w: Mapping[str, Array], x: Array) -> Array:
    name = layer["activation"]
    return ACTIVATIONS[ALIASES.get(name, name)](x)


def _batch_norm(layer: Mapping[str, Any], w: Mapping[str, Array], x: Array) -> Array:
    scale = w.get("gamma", 1) / np.sqrt(w["variance"] + layer["epsilon"])
    return np.asarray((x - w["mean"]) * scale + w.get("beta", 0))


def _normalization(layer: Mapping[str, Any], w: Mapping[str, Array], x: Array) -> Array:
    sd = np.maximum(np.sqrt(w["variance"]), EPSILON)
    return np.asarray(x * sd + w["mean"] if layer["invert"] else (x - w["mean"]) / sd)


def _relu(layer: Mapping[str, Any], w: Mapping[str, Array], x: Array) -> Array:
    threshold, top = layer["threshold"], layer["max_value"]
    y = np.where(x > threshold, x, layer["negative_slope"] * (x - threshold))
    return y if top is None else np.minimum(y, top)


_STEPS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Array], Array], Array]] = {
    "Take": lambda layer, w, x: x[:, layer["indices"]],
    "Dense": _dense,
    "Activation": _activated,
    "BatchNormalization": _batch_norm,
    "Normalization": _normalization,
    "Rescaling": lambda layer, w, x: x * np.asarray(layer["scale"], x.dtype) + np.asarray(layer["offset"], x.dtype),
    "ReLU": _relu,
    "LeakyReLU": lambda layer, w, x: _leaky_relu(x, layer["negative_slope"]),
    "ELU": lambda layer, w, x: _elu(x, layer["alpha"]),
    "Softmax": lambda layer, w, x: _softmax(x),
}
