"""The smaller model: each layer made anew from its configuration, with the channels that stay."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from shrinkwise.exceptions import UsageError
from shrinkwise.keras._elementwise import KERNELS, array
from shrinkwise.keras._graph import Call, Graph, Tensor, config_of
from shrinkwise.keras._liveness import Liveness, bias_of, shift_of

Array = NDArray[Any]


def rebuild(model: keras.Model, graph: Graph, live: Liveness, drop_inputs: bool) -> keras.Model:
    """A plain model of the channels that stay.

    Its inputs are those of the model, and the columns that stay are taken at the front; with ``drop_inputs`` it has
    only them.
    """
    made: dict[int, Any] = {}
    inputs: dict[int, Any] = {}
    for tensor, source in graph.sources.items():
        inputs[tensor], made[tensor] = _front(source, live, tensor, drop_inputs)
    copies: dict[int, Any] = {}
    weights: dict[int, list[Array]] = {}
    names: set[str] = {source.name for source in graph.sources.values()}
    for call in graph.calls:
        key = id(call.layer)
        if key not in copies:
            config, weights[key] = _cut(call, graph, live)
            config["name"] = _unused(config.get("name", call.layer.name), names)
            copies[key] = _copy(call.layer, config)
        args, kwargs = keras.tree.map_structure(
            lambda part: made[part.index] if isinstance(part, Tensor) else part, (call.args, call.kwargs)
        )
        results = keras.tree.flatten(copies[key](*args, **kwargs))
        made.update({tensor: results[at] for at, tensor in call.outputs.items()})
    small = _assemble(model, graph, copies, made, inputs)
    for key, copy in copies.items():
        if weights[key]:
            copy.set_weights(weights[key])
        if isinstance(copy, layers.Normalization):
            copy.finalize_state()
    return small


def _assemble(
    model: keras.Model, graph: Graph, copies: dict[int, Any], made: dict[int, Any], inputs: dict[int, Any]
) -> keras.Model:
    """Sequential where the model was and still is a chain of layers, Functional otherwise."""
    whole = all(inputs[tensor] is made[tensor] for tensor in inputs)
    chain = [copies[id(call.layer)] for call in graph.calls]
    linear = all(len(call.inputs) == 1 and isinstance(call.layer, layers.Layer) for call in graph.calls)
    follows = [call.inputs[0] for call in graph.calls[1:]] == [call.outputs.get(0) for call in graph.calls[:-1]]
    if isinstance(model, keras.Sequential) and whole and linear and follows and len(copies) == len(chain):
        (source,) = inputs.values()
        small = keras.Sequential([source, *chain], name=model.name)
    else:
        small = keras.Model(
            keras.tree.map_structure(lambda tensor: inputs[tensor.index], graph.inputs),
            keras.tree.map_structure(lambda tensor: made[tensor.index], graph.outputs),
            name=model.name,
        )
    return small


def _front(source: Any, live: Liveness, tensor: int, drop_inputs: bool) -> tuple[Any, Any]:
    """An input, and what of it goes on."""
    config = source.get_config()
    keep = live.keep(tensor)
    lanes = live.lanes[tensor]
    shape = list(config.pop("batch_shape"))
    if lanes is None or keep.all():
        x = keras.Input(batch_shape=shape, **config)
        return x, x
    if drop_inputs:
        shape[lanes.axis] = int(keep.sum())
        x = keras.Input(batch_shape=shape, **config)
        return x, x
    x = keras.Input(batch_shape=shape, **config)
    return x, keras.ops.take(x, np.flatnonzero(keep).astype("int32"), axis=lanes.axis)


def _cut(call: Call, graph: Graph, live: Liveness) -> tuple[dict[str, Any], list[Array]]:
    """Configuration and weights of a layer's channels that stay."""
    layer = call.layer
    config = _without_regularizers(config_of(layer))
    weights = [array(weight) for weight in getattr(layer, "weights", [])]
    if id(layer) not in live.followed:
        return config, weights
    if type(layer) in KERNELS:
        return _cut_kernel(call, live, config)
    output = call.outputs[0]
    keep = live.keep(output)
    if type(layer) is layers.BatchNormalization:
        return config, [weight[keep] for weight in weights]
    if type(layer) is layers.Normalization and layer.axis:
        for name in ("mean", "variance"):
            if np.ndim(config[name]):
                config[name] = np.asarray(config[name])[keep].tolist()
        return config, [weight[keep] if weight.ndim else weight for weight in weights]
    if type(layer) is layers.Rescaling:
        for name in ("scale", "offset"):
            if np.ndim(config[name]):
                config[name] = np.asarray(config[name])[keep].tolist()
    if type(layer) is layers.Reshape:
        lanes = live.lanes[output]
        assert lanes is not None
        shape = list(graph.shapes[output][1:])
        shape[lanes.axis - 1] = int(keep.sum())
        config["target_shape"] = tuple(shape)
    return config, weights


def _cut_kernel(call: Call, live: Liveness, config: dict[str, Any]) -> tuple[dict[str, Any], list[Array]]:
    """A kernel without the inputs and outputs that go; what the inputs that go added is in the bias."""
    layer, use = call.layer, live.uses[id(call.layer)]
    kernel = array(layer.kernel).copy()
    reads, writes = live.alive[use.ids], live.alive[use.out]
    shift = np.where(writes, shift_of(kernel.astype(float), use.folds & ~reads, use.values), 0.0)
    bias = np.where(writes, bias_of(layer), 0.0) + shift
    kernel[..., ~reads, :] = 0
    kernel[..., ~writes] = 0
    kept = live.kept[use.out]
    config["units" if type(layer) is layers.Dense else "filters"] = int(kept.sum())
    config["use_bias"] = bool(layer.use_bias or shift.any())
    config.pop("lora_rank", None)
    config.pop("lora_alpha", None)
    weights = [kernel[..., live.kept[use.ids], :][..., kept]]
    return config, [*weights, bias[kept].astype(kernel.dtype)] if config["use_bias"] else weights


def _copy(layer: Any, config: dict[str, Any]) -> Any:
    try:
        return type(layer).from_config(config)
    except (NotImplementedError, TypeError, ValueError) as error:
        if not layer.weights:
            return layer  # nothing of it can change
        raise UsageError(f"layer {layer.name!r} ({type(layer).__name__}) cannot be made again: {error}") from error


def _without_regularizers(config: Any) -> Any:
    """A configuration, nested ones too, whose weights are not penalized."""
    if isinstance(config, dict):
        return {
            key: None if str(key).endswith("_regularizer") else _without_regularizers(part)
            for key, part in config.items()
        }
    return [_without_regularizers(part) for part in config] if isinstance(config, list) else config


def _unused(name: str, names: set[str]) -> str:
    """The name, or the first of name_1, name_2, … that no other layer has."""
    number, free = 0, name
    while free in names:
        number += 1
        free = f"{name}_{number}"
    names.add(free)
    return free
