"""A built Sequential or Functional model as its calls in order of execution, read from its public configuration."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras

from shrinkwise.exceptions import UsageError

Key = tuple[str, int, int]  # layer, call of it, place among what the call gives


@dataclass(frozen=True)
class Tensor:
    """One symbolic tensor of a `Graph`, by its number."""

    index: int


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer (or of an operation of ``keras.ops``): its arguments hold a `Tensor` for each tensor."""

    layer: Any
    args: Any
    kwargs: dict[str, Any]
    inputs: tuple[int, ...]
    outputs: dict[int, int]  # those that are used: place among what the call gives → number of the tensor


@dataclass(frozen=True, eq=False)
class Graph:
    """Calls in order of execution; ``inputs`` and ``outputs`` keep the model's structure. Nested models are inlined.

    ``shapes[t]`` is the shape of tensor t, with None where it is open; ``sources`` are the tensors of the inputs and
    the layers that declare them.
    """

    calls: tuple[Call, ...]
    inputs: Any
    outputs: Any
    shapes: tuple[tuple[int | None, ...], ...]
    sources: dict[int, Any]

    def times_called(self, layer: Any) -> int:
        """How many calls share the layer and its weights."""
        return sum(call.layer is layer for call in self.calls)


def read_graph(model: keras.Model) -> Graph:
    """The calls of a model. Raises `UsageError` where it is not built, or no graph of layers at all."""
    if not isinstance(model, keras.Model):
        raise UsageError(f"model must be a Keras model, got {type(model).__name__}")
    functional = as_functional(model)
    if functional is None:
        if isinstance(model, keras.Sequential) or not model.built:
            raise UsageError(
                f"model {model.name!r} is not built: call model.build(input_shape), or give it keras.Input"
            )
        raise UsageError(
            f"model {model.name!r} ({type(model).__name__}) runs its own call(): only Sequential and Functional models "
            "tell how their layers are connected"
        )
    reader = _Reader()
    inputs, outputs = reader.read(functional, None)
    return Graph(tuple(reader.calls), inputs, outputs, tuple(reader.shapes), reader.sources)


def config_of(layer: Any) -> dict[str, Any]:
    """The configuration of a layer, without Keras' warning of lambdas: nothing is written to a file here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config: dict[str, Any] = layer.get_config()
    return config


def as_functional(model: Any) -> keras.Model | None:
    """The same layers as a plain Functional model; None where a model is not built, or computes in its own call()."""
    if isinstance(model, keras.Sequential):
        return keras.Model(model.inputs[0], model.outputs[0]) if model.built and model.inputs else None
    if type(model) is FUNCTIONAL:
        return model
    if isinstance(model, FUNCTIONAL) and type(model).call is FUNCTIONAL.call:
        return keras.Model(model.inputs, model.outputs)
    return None


def _functional_type() -> Any:
    x = keras.Input((1,))
    return type(keras.Model(x, x))


FUNCTIONAL = _functional_type()


class _Reader:
    """Numbers the tensors of a model and of the models nested in it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.shapes: list[tuple[int | None, ...]] = []
        self.sources: dict[int, Any] = {}

    def read(self, model: keras.Model, given: list[Tensor] | None) -> tuple[Any, Any]:
        """Structures of the inputs and outputs of a Functional model, its inputs replaced by those that are given."""
        try:
            config = config_of(model)
        except (NotImplementedError, TypeError, ValueError) as error:
            raise UsageError(f"model {model.name!r} has a layer that cannot be described: {error}") from error
        layers = dict(zip((entry["name"] for entry in config["layers"]), model.operations))
        known = self._inputs(list(_leaves(config["input_layers"])), layers, given)

        def output(name: str, node: int, index: int) -> Key:
            nested = isinstance(layers[name], FUNCTIONAL)  # it counts a call of its own first
            return (name, node - nested, index)

        results = [output(*key) for key in _leaves(config["output_layers"])]
        shapes = dict(zip(results, (tuple(tensor.shape) for tensor in model.outputs)))
        nodes = {(e["name"], at): node for e in config["layers"] for at, node in enumerate(e["inbound_nodes"])}
        for node in nodes.values():
            shapes.update({key: tuple(c["shape"]) for key, c in _tensors(node)})
        while nodes:
            ready = [at for at, node in nodes.items() if all(key in known for key, _ in _tensors(node))]
            if not ready:
                raise UsageError(f"nothing makes the inputs of {sorted({name for name, _ in nodes})}")
            for name, number in ready:
                made = {key[2]: shape for key, shape in shapes.items() if key[:2] == (name, number)}
                outputs = self._call(layers[name], nodes.pop((name, number)), known, made)
                known.update({(name, number, at): tensor for at, tensor in outputs.items()})
        inputs = _structure(config["input_layers"], lambda *key: known[key])
        return inputs, _structure(config["output_layers"], lambda *key: known[output(*key)])

    def _inputs(self, keys: list[Key], layers: dict[str, Any], given: list[Tensor] | None) -> dict[Key, Tensor]:
        if given is not None:
            return dict(zip(keys, given))
        known = {key: self._new(layers[key[0]].batch_shape) for key in keys}
        self.sources = {tensor.index: layers[key[0]] for key, tensor in known.items()}
        return known

    def _call(
        self, layer: Any, node: dict[str, Any], known: dict[Key, Tensor], made: dict[int, tuple[int | None, ...]]
    ) -> dict[int, Tensor]:
        args, kwargs = _value(node["args"], known), _value(node["kwargs"], known)
        tensors = [t for t in keras.tree.flatten((args, kwargs)) if isinstance(t, Tensor)]
        inner = as_functional(layer)
        if inner is not None:
            return dict(enumerate(keras.tree.flatten(self.read(inner, tensors)[1])))
        outputs = {at: self._new(made[at]) for at in sorted(made)}
        inputs = tuple(t.index for t in tensors)
        self.calls.append(Call(layer, args, kwargs, inputs, {at: t.index for at, t in outputs.items()}))
        return outputs

    def _new(self, shape: tuple[int | None, ...]) -> Tensor:
        self.shapes.append(tuple(shape))
        return Tensor(len(self.shapes) - 1)


def _tensors(node: Any) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The tensors among the arguments of a call, as its configuration names them."""
    if isinstance(node, dict) and node.get("class_name") == "__keras_tensor__":
        name, number, index = node["config"]["keras_history"]
        yield (name, number, index), node["config"]
    elif isinstance(node, dict):
        for part in node.values():
            yield from _tensors(part)
    elif isinstance(node, (list, tuple)):
        for part in node:
            yield from _tensors(part)


def _value(node: Any, known: dict[Key, Tensor]) -> Any:
    """An argument from its configuration."""
    if isinstance(node, dict) and node.get("class_name") == "__keras_tensor__":
        name, number, index = node["config"]["keras_history"]
        return known[name, number, index]
    if isinstance(node, dict) and node.get("class_name") == "__tuple__":
        return tuple(_value(part, known) for part in node["config"]["value"])
    if isinstance(node, dict) and "class_name" in node:
        return keras.saving.deserialize_keras_object(node)
    if isinstance(node, dict):
        return {key: _value(part, known) for key, part in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_value(part, known) for part in node)
    return node


def _leaves(structure: Any) -> Iterator[Key]:
    """The [layer, call, output] of a structure of inputs or outputs, in Keras' order."""
    if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
        yield (structure[0], structure[1], structure[2])
    elif isinstance(structure, dict):
        for key in sorted(structure):
            yield from _leaves(structure[key])
    else:
        for part in structure:
            yield from _leaves(part)


def _structure(structure: Any, leaf: Callable[..., Tensor]) -> Any:
    if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
        return leaf(*structure)
    if isinstance(structure, dict):
        return {key: _structure(part, leaf) for key, part in structure.items()}
    return type(structure)(_structure(part, leaf) for part in structure)
