"""What is penalized in a grid of networks, and how, for l1 = l2 = 1: the strengths of the grid multiply it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shrinkwise.exceptions import UsageError
from shrinkwise.keras.networks import first_kernels
from shrinkwise.keras.regularizers import GroupL1, terms_of
from shrinkwise.keras.terms import Terms

Template = tuple[Terms | None, ...]


def template_of(model: Any, penalties: Any) -> Template:
    """The penalty of each trainable variable, for l1 = l2 = 1.

    Parameters
    ----------
    model : keras.Model
        Built. Regularizers that have a proximal step are taken off it, since from here on the template acts.
    penalties : None, "weights", "inputs" or dict
        ``"weights"``: l1 Σ|w| + l2 Σ w² of every kernel. ``"inputs"``: l1 Σ √m ‖w‖ over the inputs, w the m weights
        that leave one, and l2 Σ w² of every kernel. A dict from patterns to penalties, as `penalize` takes it: their
        strengths multiply those of the grid. None: the regularizers that ``build`` gave the model, or if it gave none
        ``"weights"``.

    Raises
    ------
    UsageError
        If ``penalties`` is something else, or nothing is left for l1 to act on.
    """
    if isinstance(penalties, Mapping):
        from shrinkwise.keras.penalize import penalize

        penalize(model, dict(penalties))
        terms = _of_regularizers(model)
    elif penalties is None:
        terms = _of_regularizers(model)
        if not any(terms):
            terms = _of_kernels(model, Terms(l1=1.0, l2=1.0))
    elif penalties == "weights":
        terms = _of_kernels(model, Terms(l1=1.0, l2=1.0))
    elif penalties == "inputs":
        terms = _of_inputs(model)
    else:
        raise UsageError(
            f'penalties must be None, "weights", "inputs" or a dict from patterns to penalties, got {penalties!r}'
        )
    if not any(part is not None and (_positive(part.l1) or _positive(part.group)) for part in terms):
        raise UsageError(
            "l1 has nothing to act on: no penalty of this network has an L1 or a group part; give one a strength of 1, "
            'as in penalties={"*": "l1=1"}'
        )
    for variable, part in zip(model.trainable_variables, terms):
        if part is not None or terms_of(variable.regularizer, tuple(variable.shape)) is not None:
            variable.regularizer = None
    return terms


def has_ridge(template: Template) -> bool:
    """Whether l2 has something to act on."""
    return any(part is not None and _positive(part.l2) for part in template)


def _of_regularizers(model: Any) -> Template:
    return tuple(terms_of(variable.regularizer, tuple(variable.shape)) for variable in model.trainable_variables)


def _of_kernels(model: Any, terms: Terms) -> Template:
    return tuple(terms if is_kernel(variable) else None for variable in model.trainable_variables)


def _of_inputs(model: Any) -> Template:
    first = first_kernels(model)
    if first is None:
        raise UsageError(
            'penalties="inputs" needs Dense layers that read the inputs themselves; of this network name the layer: '
            'penalties={"its_name": GroupL1(1, axis="inputs")}'
        )
    terms = list(_of_kernels(model, Terms(l2=1.0)))
    for number in first:
        terms[number] = GroupL1(1.0, axis="inputs", l2=1.0).terms(tuple(model.trainable_variables[number].shape))
    return tuple(terms)


def is_kernel(variable: Any) -> bool:
    """Whether a trainable variable is a matrix of weights: neither a bias nor the scale of a normalization."""
    return len(variable.shape) > 1 and variable.name != "bias"


def _positive(strength: Any) -> bool:
    return float(strength) > 0
