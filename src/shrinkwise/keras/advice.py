"""What a person should know of a model's penalties before it is trained."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from shrinkwise.keras.regularizers import terms_on
from shrinkwise.keras.terms import Terms

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
    late = late_advice(model)
    if late:
        said.append(late)
    active = [layer.name for layer in layers_of(model) if getattr(layer, "activity_regularizer", None) is not None]
    if active:
        said.append(
            f"the activity regularizer of {', '.join(active)} has no proximal step: it stays a plain term of the loss"
        )
    return said


def advice_on_training(optimizer: Any, variables: list[Any]) -> list[str]:
    """The same of the penalties on some variables beside what an optimizer does to them."""
    said = []
    acting = [(variable, terms_on(variable)) for variable in variables]
    left = [
        f"{variable.path} ({type(variable.regularizer).__name__})"
        for variable, terms in acting
        if terms is None and getattr(variable, "regularizer", None) is not None
    ]
    if left:
        said.append(
            f"no proximal step is known for the regularizer of {', '.join(left)}: it stays a plain term of the loss, "
            "whose zeros are not exact; L1, L2, L1L2, GroupL1 and LassoNet have one"
        )
    decay = optimizer.weight_decay
    ridged = [variable.path for variable, terms in acting if terms is not None and terms.l2 > 0]
    if decay and ridged:
        said.append(
            f"two shrinkages act on {', '.join(ridged)}: weight_decay={decay:g} of {type(optimizer).__name__}, which "
            "takes this share times the learning rate off every weight at every step, and l2, by its proximal step; "
            "l2 is part of the objective, the decay is not: set weight_decay=0, or l2=0"
        )
    return said + _on_clipping(optimizer, acting)


def _on_clipping(optimizer: Any, acting: list[tuple[Any, Terms | None]]) -> list[str]:
    """At the minimum the gradient of the data balances that of the penalty: clipped, it is another minimum."""
    pulls = [0.0 if terms is None else terms.l1 + terms.group for _, terms in acting]
    norms = [pull * float(np.prod(tuple(variable.shape))) ** 0.5 for pull, (variable, _) in zip(pulls, acting)]
    largest = {
        "clipvalue": max(pulls),
        "clipnorm": max(norms),
        "global_clipnorm": sum(norm**2 for norm in norms) ** 0.5,
    }
    return [
        f"{name}={getattr(optimizer, name):g} may hold at the minimum, where the gradient of the data balances a "
        f"penalty whose own is up to {most:.3g}: the network would be penalized more than you say; raise it"
        for name, most in largest.items()
        if getattr(optimizer, name) and getattr(optimizer, name) < most
    ]


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
    return any(terms_on(weight) is not None for weight in getattr(layer, "trainable_weights", ()))


def late_advice(model: Any) -> str:
    """A sentence on regularizers that were set too late to act; empty where there is none."""
    late = set_late(model)
    if not late:
        return ""
    return (
        f"{', '.join(late)}: set after the layer was built, where Keras ignores it, so no such penalty acts; "
        "use penalize(model, {layer: penalty})"
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
