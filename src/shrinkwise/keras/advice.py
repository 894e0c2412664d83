"""What a person should know of a model's penalties before it is trained."""

from __future__ import annotations

from typing import Any

import keras

from shrinkwise.keras.regularizers import terms_of

# They divide by the size of what they get, so that a factor on the kernel before them changes nothing.
NORMALIZATIONS = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization")


def advice_on(model: Any) -> list[str]:
    """One sentence for each kind of penalty in a model that does not do what it seems to."""
    said = []
    idle = scaled_away(model)
    if idle:
        said.append(
            f"a normalization follows the penalized kernel of {', '.join(idle)}: a smaller kernel is scaled up again, "
            "so the penalty changes the learning rate rather than the function; penalize the layers without "
            "one, or take it out"
        )
    late = set_late(model)
    if late:
        said.append(
            f"{', '.join(late)}: set after the layer was built, where Keras ignores it, so no such penalty acts; "
            "use penalize(model, {layer: penalty})"
        )
    active = [layer.name for layer in layers_of(model) if getattr(layer, "activity_regularizer", None) is not None]
    if active:
        said.append(
            f"the activity regularizer of {', '.join(active)} has no proximal step: it stays a plain term of the loss"
        )
    return said


def layers_of(model: Any) -> list[Any]:
    """All layers, those inside layers too; each once."""
    found: dict[int, Any] = {}

    def walk(layer: Any) -> None:
        if id(layer) in found:
            return
        found[id(layer)] = layer
        for value in [*getattr(layer, "layers", ()), *vars(layer).values()]:
            if isinstance(value, keras.Layer):
                walk(value)

    walk(model)
    return [layer for layer in found.values() if layer is not model]


def penalized(layer: Any) -> bool:
    """Whether a weight of the layer itself has a penalty."""
    return any(
        terms_of(v.regularizer, tuple(v.shape)) is not None
        for v in getattr(layer, "trainable_weights", ())
        if v.regularizer is not None
    )


def set_late(model: Any) -> list[str]:
    """The regularizers of layers that are not those of their weights, as layer.kernel_regularizer."""
    return [
        f"{layer.name}.{name}"
        for layer in layers_of(model)
        for weight in _own_weights(layer)
        for name in [f"{weight.name}_regularizer"]
        if isinstance(getattr(layer, name, None), keras.regularizers.Regularizer)
        and getattr(layer, name) is not weight.regularizer
    ]


def _own_weights(layer: Any) -> list[Any]:
    """The trainable weights that a layer made itself, without those of layers in it."""
    inside = {id(weight) for part in layers_of(layer) for weight in part.trainable_weights}
    return [weight for weight in layer.trainable_weights if id(weight) not in inside]


def scaled_away(model: Any) -> list[str]:
    """Names of the penalized layers that a normalization follows, at once or after layers without weights."""
    layers = [layer for layer in layers_of(model) if not isinstance(layer, keras.Model)]
    made_by = {id(output): layer for layer in layers for output in _tensors(layer, "output")}
    normalizations = tuple(getattr(keras.layers, name) for name in NORMALIZATIONS if hasattr(keras.layers, name))
    names = []
    for layer in layers:
        if not isinstance(layer, normalizations):
            continue
        inputs = _tensors(layer, "input")
        before = made_by.get(id(inputs[0])) if len(inputs) == 1 else None
        while before is not None and not before.weights:
            inputs = _tensors(before, "input")
            before = made_by.get(id(inputs[0])) if len(inputs) == 1 else None
        if before is not None and penalized(before) and before.name not in names:
            names.append(before.name)
    return names


def _tensors(layer: Any, side: str) -> list[Any]:
    """The symbolic inputs or outputs of a layer that is called once; none of any other."""
    try:
        tensors = getattr(layer, side)
    except (AttributeError, ValueError):
        return []
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]
