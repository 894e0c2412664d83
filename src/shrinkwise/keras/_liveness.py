"""Which channels of a network matter: constants are followed forward, needs are followed back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from shrinkwise.keras._elementwise import (
    ELEMENTWISE,
    GLOBAL_POOLS,
    KERNELS,
    MERGES,
    NOTHING,
    POOLS,
    apply,
    array,
    is_elementwise,
    merge,
)
from shrinkwise.keras._graph import Call, Graph
from shrinkwise.keras._lanes import ALIVE, Lanes, Ties, Use, alive_lanes

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Liveness:
    """What `study` found.

    Parameters
    ----------
    lanes : dict of int to Lanes or None
        The channels of each tensor; None where their number is open.
    uses : dict of int to Use
        By ``id`` of the layer: the kernels that can be cut.
    alive : ndarray of bool
        By lane: it matters.
    kept : ndarray of bool
        By lane: it stays. A layer without a living unit keeps one, set to zero.
    followed : frozenset of int
        By ``id``: the layers that channels pass, or that are cut; all others stay as they are.
    left : dict of str to str
        Layers that stay as they are, and why.
    """

    lanes: dict[int, Lanes | None]
    uses: dict[int, Use]
    alive: Array
    kept: Array
    followed: frozenset[int]
    left: dict[str, str]

    def keep(self, tensor: int) -> Array:
        """Which channels of a tensor stay; of a tensor whose channels are unknown, all (an empty array)."""
        lanes = self.lanes[tensor]
        return np.zeros(0, dtype=bool) if lanes is None else self.kept[lanes.ids]


def study(graph: Graph) -> Liveness:
    """Follow constants through the graph, tie what must stay together, and find what is needed."""
    follower = _Follower(graph)
    for call in graph.calls:
        follower.follow(call)
    for tensor in follower.outputs:
        follower.pin(tensor)
    roots = follower.ties.roots()
    alive = alive_lanes(list(follower.uses.values()), roots)
    kept = alive.copy()
    for ids in follower.made:
        if not kept[ids].any():
            kept[roots[ids[0]]] = True
            kept = kept[roots]
    opaque = {id(call.layer) for call in graph.calls if id(call.layer) not in follower.followed}
    followed = frozenset(follower.followed - opaque)
    return Liveness(follower.lanes, follower.uses, alive, kept, followed, follower.left)


class _Follower:
    """Walks the calls in order; a rule gives the channels of what a call makes, or says why it cannot."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.ties = Ties()
        self.lanes: dict[int, Lanes | None] = {}
        self.uses: dict[int, Use] = {}
        self.made: list[Array] = []
        self.followed: set[int] = set()
        self.left: dict[str, str] = {}
        self.outputs = {tensor.index for tensor in keras.tree.flatten(graph.outputs)}
        self.first = any(getattr(call.layer, "data_format", None) == "channels_first" for call in graph.calls)
        for tensor, source in graph.sources.items():
            plain = not getattr(source, "sparse", False) and not getattr(source, "ragged", False)
            self.lanes[tensor] = self._fresh(tensor) if plain else self._fixed(tensor)

    # ---- channels of one tensor

    def _axis(self, tensor: int) -> int | None:
        """The axis of the channels, None where there is none or its length is open."""
        shape = self.graph.shapes[tensor]
        axis = 1 if self.first else len(shape) - 1
        return axis if len(shape) > 1 and shape[axis] is not None else None

    def _fresh(self, tensor: int, axis: int | None = None, values: Array | None = None) -> Lanes | None:
        axis = self._axis(tensor) if axis is None else axis
        if axis is None:
            return None
        ids = self.ties.fresh(_length(self.graph.shapes[tensor][axis]))
        self.made.append(ids)
        return Lanes(axis, ids, np.full(len(ids), np.nan) if values is None else values)

    def _fixed(self, tensor: int, axis: int | None = None) -> Lanes | None:
        """Channels that all stay."""
        axis = self._axis(tensor) if axis is None else axis
        if axis is None:
            return None
        length = _length(self.graph.shapes[tensor][axis])
        return Lanes(axis, np.full(length, ALIVE), np.full(length, np.nan))

    def pin(self, tensor: int) -> None:
        """All channels of a tensor stay."""
        lanes = self.lanes[tensor]
        if lanes is not None:
            self.ties.pin(lanes.ids)

    def _along(self, tensor: int, axis: int) -> Lanes:
        """The channels along an axis; where the tensor's are along another, all of them stay."""
        lanes = self.lanes[tensor]
        assert lanes is not None
        if lanes.axis == axis:
            return lanes
        self.pin(tensor)
        fixed = self._fixed(tensor, axis)
        assert fixed is not None
        return fixed

    # ---- calls

    def follow(self, call: Call) -> None:
        """Find the channels of what a call makes."""
        made = self._reason(call) or self._rule(call)(call)
        if isinstance(made, str):
            self.left[call.layer.name] = made
            for tensor in call.inputs:
                self.pin(tensor)
            for tensor in call.outputs.values():
                self.lanes[tensor] = self._fixed(tensor)
            return
        self.followed.add(id(call.layer))
        self.lanes[call.outputs[0]] = made

    def _reason(self, call: Call) -> str | None:
        """Why a call cannot be followed, whatever its layer does."""
        layer, kind = call.layer, type(call.layer).__name__
        if self._rule(call) is _unknown:
            return f"no rule to cut {kind}"
        if call.kwargs.get("training"):
            return "called with training=True"
        if any(self.lanes[tensor] is None for tensor in call.inputs) or 0 not in call.outputs:
            return "the number of its channels is open"
        times = self.graph.times_called(layer)
        if times > 1 and getattr(layer, "weights", None):
            return f"shared by {times} calls"
        return None

    def _rule(self, call: Call) -> Callable[[Call], Lanes | str | None]:
        kind = type(call.layer)
        name = kind.__name__
        if kind in _RULES:
            rule: Callable[[Call], Lanes | str | None] = getattr(self, _RULES[kind])
            return rule
        if name in MERGES and kind.__module__.startswith("keras.") and len(call.inputs) > 1:
            return self._merge
        return _unknown

    def _kernel(self, call: Call) -> Lanes | str:
        layer, (tensor,) = call.layer, call.inputs
        if getattr(layer, "quantization_mode", None) is not None:
            return "its weights are quantized"
        if getattr(layer, "groups", 1) != 1:
            return "convolution in groups"
        rank = len(self.graph.shapes[tensor])
        axis = 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1
        lanes = self._along(tensor, axis)
        kernel = array(layer.kernel).astype(float)
        space = tuple(range(kernel.ndim - 2))
        known = ~np.isnan(lanes.values)
        padded = getattr(layer, "padding", "valid") != "valid" and any(size > 1 for size in layer.kernel_size)
        folds = (lanes.values == 0) if padded else known  # zeros at a padded border are not the constant
        reads = (kernel != 0).any(axis=space)
        if (known & ~folds & reads.any(axis=1)).any():
            self.left[layer.name] = "constant inputs stay: zero padding is not their value at the border"
        output = call.outputs[0]
        steady = ~reads[~folds].any(axis=0)
        values = np.where(steady, bias_of(layer) + shift_of(kernel, folds, lanes.values), np.nan)
        if is_elementwise(layer.activation):
            made = self._fresh(output, axis, apply(layer.activation, values))
        else:
            if output not in self.outputs:  # whose units stay anyway
                self.left[layer.name] = f"{_name(layer.activation)} couples its units: only its inputs are cut"
            made = self._fixed(output, axis)
        assert made is not None
        self.uses[id(layer)] = Use(lanes.ids, lanes.values, folds, reads, made.ids)
        return made

    def _pass(self, call: Call) -> Lanes | None:
        return self.lanes[call.inputs[0]]

    def _activation(self, call: Call) -> Lanes | str:
        layer = call.layer
        if type(layer) is layers.Activation and not is_elementwise(layer.activation):
            return f"{_name(layer.activation)} couples its channels"
        lanes = self.lanes[call.inputs[0]]
        assert lanes is not None
        return Lanes(lanes.axis, lanes.ids, apply(layer, lanes.values))

    def _pool(self, call: Call) -> Lanes | str:
        layer, lanes = call.layer, self.lanes[call.inputs[0]]
        assert lanes is not None
        if lanes.axis != (1 if layer.data_format == "channels_first" else len(self.graph.shapes[call.inputs[0]]) - 1):
            return "it pools along the channels"
        return lanes

    def _global_pool(self, call: Call) -> Lanes | str:
        made = self._pool(call)
        return made if isinstance(made, str) or call.layer.keepdims else Lanes(1, made.ids, made.values)

    def _batch_norm(self, call: Call) -> Lanes | str:
        layer, lanes, rank = call.layer, self.lanes[call.inputs[0]], len(self.graph.shapes[call.inputs[0]])
        assert lanes is not None
        if layer.axis % rank != lanes.axis or layer.renorm:
            return "renormalized" if layer.renorm else "it normalizes along another axis"
        gamma = array(layer.gamma).astype(float) if layer.scale else np.ones(len(lanes))
        beta = array(layer.beta).astype(float) if layer.center else np.zeros(len(lanes))
        mean, variance = array(layer.moving_mean).astype(float), array(layer.moving_variance).astype(float)
        values = gamma * (lanes.values - mean) / np.sqrt(variance + layer.epsilon) + beta
        return Lanes(lanes.axis, lanes.ids, np.where(gamma == 0, beta, values))

    def _normalization(self, call: Call) -> Lanes | str:
        layer, lanes, rank = call.layer, self.lanes[call.inputs[0]], len(self.graph.shapes[call.inputs[0]])
        assert lanes is not None
        axes = tuple(axis % rank for axis in layer.axis)
        if axes not in {(), (lanes.axis,)}:
            return "it normalizes along another axis"
        return Lanes(lanes.axis, lanes.ids, np.full(len(lanes), np.nan))

    def _rescaling(self, call: Call) -> Lanes | str:
        layer, lanes, rank = call.layer, self.lanes[call.inputs[0]], len(self.graph.shapes[call.inputs[0]])
        assert lanes is not None
        for part in (layer.scale, layer.offset):
            if np.ndim(part) > 1 or (np.ndim(part) == 1 and (lanes.axis != rank - 1 or self.first)):
                return "it scales along another axis"
        values = lanes.values * np.asarray(layer.scale, dtype=float) + np.asarray(layer.offset, dtype=float)
        return Lanes(lanes.axis, lanes.ids, values)

    def _reshape(self, call: Call) -> Lanes | str:
        tensor, output = call.inputs[0], call.outputs[0]
        shape, lanes = self.graph.shapes[tensor][1:], self.lanes[tensor]
        target, axis = self.graph.shapes[output][1:], self._axis(output)
        assert lanes is not None
        if None in shape or None in target or axis is None:
            return "the number of its channels is open"
        full = [1] * len(shape)
        full[lanes.axis - 1] = -1
        places = np.broadcast_to(np.arange(len(lanes)).reshape(full), [_length(n) for n in shape])
        if type(call.layer) is layers.Flatten and call.layer.data_format == "channels_first":
            places = np.moveaxis(places, 0, -1)
        rows = np.moveaxis(places.reshape([_length(n) for n in target]), axis - 1, -1).reshape(
            -1, _length(target[axis - 1])
        )
        if (rows != rows[0]).any():
            return "channels are spread over places"
        return Lanes(axis, lanes.ids[rows[0]], lanes.values[rows[0]])

    def _merge(self, call: Call) -> Lanes | str:
        parts = [self.lanes[tensor] for tensor in call.inputs]
        ranks = {len(self.graph.shapes[tensor]) for tensor in call.inputs}
        first = parts[0]
        assert first is not None
        if len(ranks) > 1 or any(part is None or (part.axis, len(part)) != (first.axis, len(first)) for part in parts):
            return "it merges channels of different shapes"
        given = [part for part in parts if part is not None]
        for part in given[1:]:
            self.ties.tie(first.ids, part.ids)
        return Lanes(first.axis, first.ids, merge(type(call.layer).__name__, [part.values for part in given]))

    def _concatenate(self, call: Call) -> Lanes | str:
        rank = len(self.graph.shapes[call.inputs[0]])
        parts = [part for part in (self.lanes[tensor] for tensor in call.inputs) if part is not None]
        axis = call.layer.axis % rank
        if any(part.axis != axis for part in parts):
            return "it joins along another axis than the channels"
        return Lanes(
            axis, np.concatenate([part.ids for part in parts]), np.concatenate([part.values for part in parts])
        )


def bias_of(layer: Any) -> Array:
    """The bias of a Dense or Conv layer, zeros where it has none."""
    return array(layer.bias).astype(float) if layer.use_bias else np.zeros(layer.kernel.shape[-1])


def shift_of(kernel: Array, folded: Array, values: Array) -> Array:
    """Σ over places and folded inputs of kernel × value: what they add to each output."""
    summed = kernel.sum(axis=tuple(range(kernel.ndim - 2)))
    total: Array = np.where(folded, values, 0.0) @ summed
    return total


def _unknown(call: Call) -> str:
    return type(call.layer).__name__


def _name(activation: Any) -> str:
    return str(getattr(activation, "__name__", None) or getattr(activation, "name", None) or activation)


def _length(size: int | None) -> int:
    assert size is not None
    return size


_RULES: dict[type, str] = {
    **dict.fromkeys(KERNELS, "_kernel"),
    **dict.fromkeys(NOTHING, "_pass"),
    **dict.fromkeys((*ELEMENTWISE, layers.Activation), "_activation"),
    **dict.fromkeys(POOLS, "_pool"),
    **dict.fromkeys(GLOBAL_POOLS, "_global_pool"),
    **dict.fromkeys((layers.Flatten, layers.Reshape), "_reshape"),
    layers.BatchNormalization: "_batch_norm",
    layers.Normalization: "_normalization",
    layers.Rescaling: "_rescaling",
    layers.Concatenate: "_concatenate",
}
