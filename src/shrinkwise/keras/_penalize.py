"""`penalize`: give the weights of a model that is built, trained or compiled already penalties that act."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import keras

from shrinkwise.exceptions import PenaltyWarning, UsageError
from shrinkwise.keras.advice import advice_on, layers_of
from shrinkwise.keras.live import remake
from shrinkwise.keras.regularizers import GroupL1, check_strength, terms_of

KERNELS = ("kernel", "embeddings")  # how the names of weights end that a pattern for a layer means
WORDS = ("l1", "l2", "group", "axis")


def penalize(model: Any, penalties: Mapping[str, Any]) -> Any:
    """Set the penalties of a model's weights by name.

    Parameters
    ----------
    model : keras.Model
        Built; compiled or not, trained or not. It is changed in place.
    penalties : mapping of str to penalty
        Patterns, ``*`` and ``?`` as in file names, for the name of a layer (its kernels are meant) or the path of a
        weight (with a slash: ``"dense*/bias"``); where several match, the last acts. A penalty is a regularizer; a text
        such as ``"l1=1e-4"``, ``"l1=1e-4,l2=1e-3"`` or ``"group=0.01,axis=inputs"``; or None to take it away.

    Returns
    -------
    keras.Model
        The model. Texts of l1 and l2 alone become Keras' own L1L2; all are saved with the model.

    Raises
    ------
    UsageError
        The model is not built; penalties are no mapping of patterns to penalties; a pattern matches nothing; a text is
        not understood; a strength is not a number >= 0; a penalty does not fit the shape of the weights.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="hidden"), keras.layers.Dense(1)])
    >>> penalize(model, {"hidden": "group=0.01,axis=inputs"}).get_layer("hidden").kernel_regularizer
    GroupL1(group=0.01, axis='inputs', l1=0.0, l2=0.0)
    """
    if not isinstance(model, keras.Model) or not model.built:
        raise UsageError(
            f"penalize needs a built model, got {_described(model)}; give it an Input, or call it on data once"
        )
    given: object = penalties
    if not isinstance(given, Mapping) or not all(isinstance(pattern, str) for pattern in given):
        raise UsageError(
            f"penalties are a dict of patterns for names to penalties, as {{'dense*': 'l1=1e-4'}}, got {penalties!r}"
        )
    owners = _owners(model)
    before = advice_on(model)
    chosen: dict[int, Any] = {}
    for pattern, penalty in penalties.items():
        regularizer = read_penalty(penalty)
        found = [key for key, (layer, weight) in owners.items() if _matches(pattern, layer, weight)]
        if not found:
            names = sorted({layer.name for layer, weight in owners.values()})
            raise UsageError(
                f"the pattern {pattern!r} matches no weight; layers are {', '.join(names)}; "
                f"weights are {', '.join(weight.path for layer, weight in owners.values())}"
            )
        for key in found:
            terms_of(regularizer, tuple(owners[key][1].shape))  # refuses shapes that do not fit
            chosen[key] = regularizer
    unsaved = [owners[key][1].path for key, regularizer in chosen.items() if not _set(*owners[key], regularizer)]
    remake(model)
    said = [sentence for sentence in advice_on(model) if sentence not in before]
    if unsaved:
        said.append(
            f"{', '.join(unsaved)}: the penalty acts, but its layer does not save one; set it again after loading"
        )
    for sentence in said:
        warnings.warn(sentence, PenaltyWarning, stacklevel=2)
    return model


def read_penalty(penalty: Any) -> Any:
    """A regularizer from what a person writes: a regularizer, a text such as ``"l1=1e-4,l2=1e-3"``, or None."""
    if penalty is None or (callable(penalty) and not isinstance(penalty, type)):
        return penalty
    if not isinstance(penalty, str):
        raise UsageError(f"a penalty is a regularizer, a text such as 'l1=1e-4' or None, got {penalty!r}")
    values: dict[str, Any] = {}
    for part in penalty.split(","):
        word, equals, value = (text.strip() for text in part.partition("="))
        if not equals or word not in WORDS or word in values:
            raise UsageError(f"{penalty!r} is not understood at {part.strip()!r}; write for instance 'l1=1e-4,l2=1e-3'")
        values[word] = value if word == "axis" else _number(word, value)
    if "axis" in values and values["axis"].lstrip("-").isdigit():
        values["axis"] = int(values["axis"])
    if "group" in values:
        return GroupL1(**values)
    if "axis" in values:
        raise UsageError(f"{penalty!r} has an axis but no group; write for instance 'group=0.01,axis=inputs'")
    return keras.regularizers.L1L2(**values)


def _number(word: str, value: str) -> float:
    try:
        return check_strength(word, float(value))
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{word} must be a number >= 0, got {value!r}") from None


def _described(model: Any) -> str:
    if isinstance(model, keras.Model):
        return f"the {type(model).__name__} {model.name!r}, which is not"
    return type(model).__name__


def _owners(model: Any) -> dict[int, tuple[Any, Any]]:
    """The layer that made each trainable weight, and the weight."""
    owners: dict[int, tuple[Any, Any]] = {}
    outer_first = sorted(
        [model, *layers_of(model)], key=lambda layer: (not isinstance(layer, keras.Model), -_size(layer))
    )
    for layer in outer_first:  # the innermost layer that has a weight made it
        for weight in layer.trainable_weights:
            owners[id(weight)] = (layer, weight)
    return owners


def _size(layer: Any) -> int:
    return len(layer.trainable_weights)


def _matches(pattern: str, layer: Any, weight: Any) -> bool:
    if "/" in pattern:
        return fnmatchcase(weight.path, pattern)
    return weight.name.endswith(KERNELS) and fnmatchcase(layer.name, pattern)


def _set(layer: Any, weight: Any, regularizer: Any) -> bool:
    """Make a regularizer act on a weight and be saved with its layer; whether the latter is possible."""
    weight.regularizer = regularizer
    name = f"{weight.name}_regularizer"
    if not hasattr(layer, name):
        return regularizer is None
    setattr(layer, name, regularizer)
    return True
