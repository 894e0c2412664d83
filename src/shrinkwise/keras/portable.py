"""A Keras model as plain data and back: an allow-list of layers and their arrays; nothing in it can be executed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from shrinkwise.exceptions import ModelFileError, UsageError
from shrinkwise.forward import (
    ACTIVATION,
    ACTIVATIONS,
    FIELDS,
    FLAG,
    RATE,
    Check,
    check_array,
    check_layers,
    check_no_more,
    either,
    list_of,
    one_of,
    shown,
    whole,
)
from shrinkwise.keras._elementwise import array
from shrinkwise.keras._graph import Call, Graph, Tensor, config_of, read_graph

Array = NDArray[Any]

FORMAT = 1
FORMATS = one_of("channels_last", "channels_first")
PADDING = one_of("valid", "same")
SIZE = whole(1, 1 << 20)


def _convolution(rank: int, padding: Check) -> dict[str, Check]:
    sizes = list_of(SIZE, (rank,))
    return {
        "filters": SIZE,
        "kernel_size": sizes,
        "strides": sizes,
        "padding": padding,
        "data_format": FORMATS,
        "dilation_rate": sizes,
        "groups": SIZE,
        "activation": ACTIVATION,
        "use_bias": FLAG,
    }


def _pool(rank: int) -> dict[str, Check]:
    sizes = list_of(SIZE, (rank,))
    return {"pool_size": sizes, "strides": sizes, "padding": PADDING, "data_format": FORMATS}


_GLOBAL = {"data_format": FORMATS, "keepdims": FLAG}
ALLOWED: dict[str, dict[str, Check]] = FIELDS | {
    "Softmax": {"axis": whole(-8, 8)},
    "SpatialDropout1D": {"rate": RATE},
    "SpatialDropout2D": {"rate": RATE, "data_format": FORMATS},
    "Conv1D": _convolution(1, one_of("valid", "same", "causal")),
    "Conv2D": _convolution(2, PADDING),
    "MaxPooling1D": _pool(1),
    "MaxPooling2D": _pool(2),
    "AveragePooling1D": _pool(1),
    "AveragePooling2D": _pool(2),
    "GlobalMaxPooling1D": _GLOBAL,
    "GlobalMaxPooling2D": _GLOBAL,
    "GlobalAveragePooling1D": _GLOBAL,
    "GlobalAveragePooling2D": _GLOBAL,
}
INPUT = list_of(either(one_of(None), SIZE))
LAYERS = ("Dense", "Conv1D", "Conv2D")
WEIGHTS = {"moving_mean": "mean", "moving_variance": "variance"}  # of BatchNormalization, as in Normalization


def to_portable(model: keras.Model) -> tuple[dict[str, Any], dict[str, Array]]:
    """A network as plain JSON types and arrays.

    Parameters
    ----------
    model : keras.Model
        Built; a chain of the layers of `ALLOWED` from one input to one output, in float32.

    Returns
    -------
    description : dict
        ``format``, ``name``, ``input`` (the shape of one row) and ``layers``, as `shrinkwise.forward` reads them.
    arrays : dict of str to ndarray of float32
        ``layer/kernel``, ``layer/bias`` and so on.

    Raises
    ------
    UsageError
        Names the layer that has no place in such a file.
    """
    graph = read_graph(model)
    _check_chain(graph, model)
    described: list[dict[str, Any]] = []
    arrays: dict[str, Array] = {}
    for call in graph.calls:
        described.extend(_describe(call, arrays))
    if not described:
        described.append({"kind": "Identity", "name": "identity"})
    (source,) = graph.sources.values()
    description = {"format": FORMAT, "name": model.name, "input": list(source.batch_shape[1:]), "layers": described}
    try:
        _check(description, arrays)
    except ModelFileError as error:
        raise UsageError(f"model {model.name!r} cannot be written as plain data: {error}") from error
    return description, arrays


def from_portable(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> keras.Model:
    """A plain Keras model, not compiled, from what `to_portable` made.

    Raises
    ------
    ModelFileError
        Something is not allowed, missing, of another shape or not finite; nothing of that size is built before.
    """
    _check(description, arrays)
    x = made = keras.Input(tuple(description["input"]))
    built = []
    for layer in description["layers"]:
        if layer["kind"] == "Take":
            made = keras.ops.take(made, np.asarray(layer["indices"], dtype="int32"), axis=-1)
            continue
        built.append(_make(layer, layer["name"]))
        made = built[-1](made)
        _load(built[-1], layer["name"], arrays)
    return keras.Model(x, made, name=_model_name(description))


# ---- from Keras


def _check_chain(graph: Graph, model: keras.Model) -> None:
    """Refuse what is not one layer after the other, in float32."""
    at = graph.inputs.index if isinstance(graph.inputs, Tensor) else next(iter(graph.sources))
    if len(graph.sources) > 1:
        raise UsageError(f"model {model.name!r} has {len(graph.sources)} inputs: a portable network has one")
    (source,) = graph.sources.values()
    if source.dtype != "float32":
        raise UsageError(f"input {source.name!r} is {source.dtype}: a portable network takes float32")
    for call in graph.calls:
        layer = call.layer
        if call.inputs != (at,):
            raise UsageError(f"layer {layer.name!r} is on a branch: a portable network is a chain of layers")
        if graph.times_called(layer) > 1:
            raise UsageError(f"layer {layer.name!r} is called more than once: a portable network is a chain of layers")
        if getattr(layer, "compute_dtype", "float32") != "float32" or getattr(layer, "quantization_mode", None):
            raise UsageError(f"layer {layer.name!r} does not compute in float32: a portable network does")
        at = call.outputs.get(0, -1)
    if [tensor.index for tensor in keras.tree.flatten(graph.outputs)] != [at]:
        raise UsageError(f"model {model.name!r} has outputs before its end: a portable network has one")


def _describe(call: Call, arrays: dict[str, Array]) -> list[dict[str, Any]]:
    """The layer as plain data, an activation that is itself a layer apart; its arrays are added."""
    layer, kind, name = call.layer, type(call.layer).__name__, call.layer.name
    if kind == "Take" and not isinstance(layer, layers.Layer):
        return [_take(call)]
    if type(layer) is not getattr(layers, kind, None) or kind not in ALLOWED:
        raise UsageError(
            f"layer {name!r} ({kind}) has no place in a portable network; allowed are {', '.join(ALLOWED)}"
        )
    if call.kwargs.get("training"):
        raise UsageError(f"layer {name!r} is called with training=True: its outputs are random")
    config = config_of(layer)
    fields = {field: _plain(config.get(field, getattr(layer, field, None))) for field in ALLOWED[kind]}
    described = [{"kind": kind, "name": name, **fields}]
    activation = getattr(layer, "activation", None)
    if isinstance(activation, layers.Layer):
        described[0]["activation"] = "linear"
        inner = {"ReLU", "LeakyReLU", "ELU", "Softmax", "Activation"}
        inner_kind = type(activation).__name__
        if inner_kind not in inner or type(activation) is not getattr(layers, inner_kind):
            raise UsageError(f"layer {name!r} has an activation that has no place in a portable network: {inner_kind}")
        inner_config = activation.get_config()
        inner_fields = {field: _plain(inner_config[field]) for field in ALLOWED[inner_kind]}
        described.append({"kind": inner_kind, "name": f"{name}_activation", **inner_fields})
    elif activation is not None and activation not in {
        getattr(keras.activations, known, None) for known in ACTIVATIONS
    }:
        raise UsageError(
            f"layer {name!r} has the activation {getattr(activation, '__name__', activation)!r}; "
            f"allowed are {', '.join(ACTIVATIONS)}"
        )
    if kind == "Normalization":
        described[0]["axis"] = list(layer.axis)
        shape = [-1] if layer.axis else []
        arrays[f"{name}/mean"] = array(layer.mean).astype("float32").reshape(shape)
        arrays[f"{name}/variance"] = array(layer.variance).astype("float32").reshape(shape)
        return described
    for key in ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"):
        value = getattr(layer, key, None)
        if value is not None:
            arrays[f"{name}/{WEIGHTS.get(key, key)}"] = array(value).astype("float32")
    return described


def _take(call: Call) -> dict[str, Any]:
    """The selection of columns that `compact` makes."""
    x, indices = (*call.args, call.kwargs.get("indices"))[:2]
    if not isinstance(x, Tensor) or np.ndim(indices) != 1 or call.layer.axis not in (-1, 1):
        raise UsageError(
            f"operation {call.layer.name!r} takes more than columns: it has no place in a portable network"
        )
    return {"kind": "Take", "name": call.layer.name, "indices": np.asarray(indices).tolist()}


def _plain(value: Any) -> Any:
    """Plain JSON types of a configuration's value."""
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


# ---- back to Keras


def _check(description: Any, arrays: Any) -> None:
    """Refuse everything that `to_portable` does not make, before anything is built."""
    if not isinstance(description, Mapping) or set(description) != {"format", "name", "input", "layers"}:
        raise ModelFileError(f"a network must have format, name, input and layers, got {shown(description)}")
    if type(description["format"]) is not int or description["format"] != FORMAT:
        raise ModelFileError(f"format must be {FORMAT}, got {shown(description['format'])}")
    if not isinstance(description["name"], str):
        raise ModelFileError(f"name must be text, got {shown(description['name'])}")
    said = INPUT(description["input"])
    if said or not 1 <= len(description["input"]) <= 4:
        raise ModelFileError(f"input must be {said or 'of 1 to 4 axes'}, got {shown(description['input'])}")
    check_layers(description["layers"], ALLOWED)
    if not isinstance(arrays, Mapping):
        raise ModelFileError(f"the arrays must be a mapping of names, got {type(arrays).__name__}")
    shape: tuple[int | None, ...] = (None, *description["input"])
    used: set[str] = set()
    for layer in description["layers"]:
        expected, shape = _shapes(layer, shape)
        for key, size in expected.items():
            check_array(f"{layer['name']}/{key}", arrays, size)
            used.add(f"{layer['name']}/{key}")
        if "variance" in expected and (np.asarray(arrays[f"{layer['name']}/variance"]) < 0).any():
            raise ModelFileError(f"array {shown(layer['name'])}/variance has negative entries")
    check_no_more(arrays, used)


def _shapes(
    layer: Mapping[str, Any], shape: tuple[int | None, ...]
) -> tuple[dict[str, tuple[int, ...]], tuple[int | None, ...]]:
    """Shapes of the arrays that a layer wants on a tensor of that shape, and the shape of what it gives."""
    kind, name = layer["kind"], layer["name"]
    expected: dict[str, tuple[int, ...]] = {}
    if kind == "Take":
        width = shape[-1] or 0
        if not layer["indices"] or max(layer["indices"]) >= width:
            raise ModelFileError(f"layer {shown(name)} takes columns {shown(layer['indices'])} of {width}")
        return expected, (*shape[:-1], len(layer["indices"]))
    if kind in LAYERS:
        spatial = tuple(layer.get("kernel_size", ()))
        width = _size(layer, shape, 1 if layer.get("data_format") == "channels_first" else -1)
        units, groups = layer["units" if kind == "Dense" else "filters"], layer.get("groups", 1)
        if width % groups or units % groups:
            raise ModelFileError(
                f"layer {shown(name)}: {groups} groups do not divide {width} channels and {units} filters"
            )
        expected["kernel"] = (*spatial, width // groups, units)
        if layer["use_bias"]:
            expected["bias"] = (units,)
    elif kind == "BatchNormalization":
        keys = ["gamma"] * layer["scale"] + ["beta"] * layer["center"] + ["mean", "variance"]
        expected = dict.fromkeys(keys, (_size(layer, shape, layer["axis"]),))
    elif kind == "Normalization":
        size = tuple(_size(layer, shape, axis) for axis in layer["axis"])
        expected = dict.fromkeys(("mean", "variance"), size)
    elif kind == "Rescaling":
        for field in ("scale", "offset"):
            if isinstance(layer[field], list) and len(layer[field]) not in (1, shape[-1]):
                raise ModelFileError(
                    f"layer {shown(name)}: {field} has {len(layer[field])} numbers for {shape[-1]} channels"
                )
    try:
        after = tuple(_make(layer).compute_output_shape(shape))
    except (ValueError, TypeError, IndexError) as error:
        raise ModelFileError(f"layer {shown(name)} ({kind}) cannot take a tensor of shape {shape}: {error}") from error
    if len(after) < 2 or any(size is not None and size < 1 for size in after):
        raise ModelFileError(f"layer {shown(name)} ({kind}) leaves nothing of a tensor of shape {shape}")
    return expected, after


def _size(layer: Mapping[str, Any], shape: tuple[int | None, ...], axis: int) -> int:
    """The length of an axis, which must be one of a row and known."""
    inside = -len(shape) < axis < len(shape) and axis % len(shape) > 0
    size = shape[axis] if inside else None
    if size is None:
        raise ModelFileError(
            f"layer {shown(layer['name'])}: axis {axis} of a tensor of shape {shape} has no known length"
        )
    return size


def _make(layer: Mapping[str, Any], name: str | None = None) -> Any:
    """The Keras layer, not built."""
    fields = {field: layer[field] for field in ALLOWED[layer["kind"]]}
    if layer["kind"] == "Normalization":
        fields["axis"] = fields["axis"] or None
    return getattr(layers, layer["kind"])(**fields, name=name)


def _load(layer: Any, name: str, arrays: Mapping[str, Array]) -> None:
    """Put the arrays into a built layer."""
    if isinstance(layer, layers.Normalization):
        layer.set_weights([arrays[f"{name}/mean"], arrays[f"{name}/variance"], np.zeros((), "int32")])
        layer.finalize_state()
        return
    for key in ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"):
        stored = f"{name}/{WEIGHTS.get(key, key)}"
        if stored in arrays:
            getattr(layer, key).assign(arrays[stored])


def _model_name(description: Mapping[str, Any]) -> str | None:
    """A name that Keras takes."""
    name = str(description["name"])
    return name if name and "/" not in name else None
