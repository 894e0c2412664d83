"""What is penalized in a grid of networks, and how, for l1 = l2 = 1: the strengths of the grid multiply it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from shrinkwise.exceptions import PenaltyWarning, UsageError
from shrinkwise.keras._penalize import penalize
from shrinkwise.keras.advice import advice_on
from shrinkwise.keras.lassonet import LassoNet, Tie, terms_with_ties, ties_of
from shrinkwise.keras.networks import first_kernels
from shrinkwise.keras.regularizers import GroupL1, terms_on
from shrinkwise.keras.terms import Terms

Template = tuple[Terms | None, ...]


def template_of(model: Any, penalties: Any) -> tuple[Template, dict[int, Tie]]:
    """The penalty of each trainable variable for l1 = l2 = 1, and the variables that a LassoNet ties, by number.

    Parameters
    ----------
    model : keras.Model
        Built. Regularizers that have a proximal step are taken off it, since from here on the template acts.
    penalties : None, "weights", "inputs" or dict
        ``"weights"``: l1 Σ|w| + l2 Σ w² of every kernel. ``"inputs"``: l1 Σ √m ‖w‖ over the inputs, w the m weights
        that leave one, and l2 Σ w² of every kernel. A dict from patterns to penalties, as `penalize` takes it: their
        strengths multiply those of the grid; a `LassoNet` keeps its bound at every l1, at 0 too. None: the
        regularizers that ``build`` gave the model, or if it gave none ``"weights"``.

    Raises
    ------
    UsageError
        If ``penalties`` is something else, or nothing is left for l1 to act on.
    """
    if isinstance(penalties, Mapping):
        penalize(model, dict(penalties))
    elif penalties == "weights":
        _penalize_kernels(model, keras.regularizers.L1L2(1.0, 1.0))
    elif penalties == "inputs":
        _penalize_inputs(model)
    elif penalties is not None:
        raise UsageError(
            f'penalties must be None, "weights", "inputs" or a dict from patterns to penalties, got {penalties!r}'
        )
    elif not any(terms_on(variable) for variable in model.trainable_variables):
        _penalize_kernels(model, keras.regularizers.L1L2(1.0, 1.0))
    variables = model.trainable_variables
    ties = ties_of(variables)
    template = tuple(terms_with_ties(variables, ties))
    if not any(part is not None and (float(part.l1) > 0 or float(part.group) > 0) for part in template):
        raise UsageError(
            "l1 has nothing to act on: no penalty of this network has an L1 or a group part; give one a strength of 1, "
            'as in penalties={"*": "l1=1"}'
        )
    if not isinstance(penalties, Mapping):  # penalize has said it
        for sentence in advice_on(model):
            warnings.warn(sentence, PenaltyWarning, stacklevel=3)
    for variable, part in zip(variables, template):
        if part is not None:
            variable.regularizer = None
    return template, ties


def has_lassonet(model: Any, penalties: Any) -> bool:
    """Whether a LassoNet acts on a network: by ``penalties``, or where they are None by its own regularizers."""
    if isinstance(penalties, Mapping):
        given = list(penalties.values())
    else:
        given = [variable.regularizer for variable in model.trainable_variables] if penalties is None else []
    return any(isinstance(penalty, LassoNet) for penalty in given)


def has_ridge(template: Template) -> bool:
    """Whether l2 has something to act on."""
    return any(part is not None and float(part.l2) > 0 for part in template)


def _penalize_kernels(model: Any, regularizer: Any) -> None:
    for variable in model.trainable_variables:
        if len(variable.shape) > 1 and variable.name != "bias":  # nor the scale of a normalization
            variable.regularizer = regularizer


def _penalize_inputs(model: Any) -> None:
    first = first_kernels(model)
    if first is None:
        raise UsageError(
            'penalties="inputs" needs Dense layers that read the inputs themselves; of this network name the layer: '
            'penalties={"its_name": GroupL1(1, axis="inputs")}'
        )
    _penalize_kernels(model, keras.regularizers.L2(1.0))
    for number in first:
        model.trainable_variables[number].regularizer = GroupL1(1.0, axis="inputs", l2=1.0)
